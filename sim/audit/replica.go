package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// replica computes a run again, slowly and plainly, by the sections of
// sim/RULES.md. It shares no code with the engine.
type replica struct {
	Run
	a       pitwall.Calc
	now     time.Time
	day     time.Time // latest session day of the step before
	stepEnd time.Time // where the step under way ends
	symbols []*symbol // by symbol
	named   map[string]*symbol
	books   []*book  // in the order in which they began
	orders  []*order // in the order in which they are served; the ended ones of earlier steps are in done
	done    []*order
	inputs  []input                        // intents still to come
	states  map[string]*pitwall.OrderState // the journal's last ones
	calls   int                            // margin call orders so far
	testing *order                         // that asks for money now: it does not stand in others' way
	broken  error                          // a book that does not balance

	// What came of it.
	fills       []outFill
	points      []outPoint
	flows       []outFlow
	differences []difference // answers to replace and cancel that the rules do not give
}

type outFill struct {
	pitwall.Fill
	step time.Time
}

type outPoint struct {
	pitwall.EquityPoint
	book string
}

type outFlow struct {
	pitwall.CashFlow
	book string
	step time.Time
}

// symbol is one series on its way through the run.
type symbol struct {
	*pitwall.Series
	next, end int // the bars [next, end) are still to come
	lag       time.Duration
	last      pitwall.Dec
	day       time.Time        // session day of its last bar in the run
	actions   []pitwall.Action // still to come

	// Of the step under way; bar is nil when it has none.
	bar    *pitwall.Bar
	close  time.Time // session close of bar
	begins bool      // bar begins a session day
	volume pitwall.Dec
	left   pitwall.Dec // what orders may still take of the volume
	taken  pitwall.Dec // what they took
}

func newReplica(c Run) (*replica, error) {
	r := &replica{Run: c, named: map[string]*symbol{}}
	r.Terms = c.Terms.WithDefaults()
	for _, e := range c.Journal {
		if e.Kind == pitwall.EntryStart {
			r.books = append(r.books, &book{name: bookName(e.Book), start: e.Amount, cash: e.Amount})
			r.now = e.AsOf
		}
	}
	if len(r.books) == 0 {
		return nil, fmt.Errorf("the journal has no start entry, so the cash put in is not known")
	}
	for _, s := range c.Data.Series() {
		if len(c.Symbols) == 0 || slices.Contains(c.Symbols, s.Instrument.Symbol) {
			r.named[s.Instrument.Symbol] = r.newSymbol(s)
			r.symbols = append(r.symbols, r.named[s.Instrument.Symbol])
		}
	}
	slices.SortFunc(r.symbols, func(a, b *symbol) int { return strings.Compare(a.name(), b.name()) })
	r.states = lastStates(c.Journal)
	r.inputs = inputs(c.Journal, r.states)
	return r, nil
}

func bookName(name string) string {
	if name == "" {
		return pitwall.MainBook
	}
	return name
}

// newSymbol applies section 1 (what makes steps, lag, the price before the run)
// and the parts of 2.1b and 8 that say which actions can apply.
func (r *replica) newSymbol(series *pitwall.Series) *symbol {
	s := &symbol{Series: series}
	for i := range series.Len() {
		b := series.Bar(i)
		s.lag = max(s.lag, b.Known.Sub(b.End))
		if b.Start.Before(series.Instrument.DayStart(r.From)) || !b.Known.After(r.From) {
			s.next = i + 1
			if !b.Known.After(r.now) {
				s.last = b.Close
			}
		}
		if r.To.IsZero() || b.Start.Before(series.Instrument.DayStart(r.To)) {
			s.end = i + 1
		}
	}
	if s.next >= s.end || series.Adjusted == pitwall.TotalAdjusted {
		return s
	}
	var all []pitwall.Action
	for _, a := range r.Data.Actions() {
		if a.Symbol == s.name() {
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b pitwall.Action) int { return a.Ex.Compare(b.Ex) })
	for _, a := range all {
		if s.next > 0 && !a.Ex.After(series.Bar(s.next-1).Start) || s.next == 0 && !a.Ex.After(series.Bar(0).Start) || a.Type == split && series.Adjusted == pitwall.SplitAdjusted {
			continue
		}
		if series.Adjusted == pitwall.SplitAdjusted {
			for _, later := range all {
				if later.Type == split && later.Ex.After(a.Ex) {
					a.Value = r.a.MulDiv(a.Value, per(later), later.Value)
				}
			}
		}
		s.actions = append(s.actions, a)
	}
	return s
}

func (s *symbol) name() string { return s.Instrument.Symbol }

func (s *symbol) daily() bool { return s.Size >= 24*time.Hour }

func (s *symbol) mult() pitwall.Dec {
	if s.Instrument.Multiplier == 0 {
		return pitwall.One
	}
	return s.Instrument.Multiplier
}

func (s *symbol) sessionClose(b pitwall.Bar) time.Time {
	if s.daily() {
		return b.End
	}
	return s.Instrument.SessionClose(b.Start)
}

func (s *symbol) expiryClose() time.Time {
	_, closes, _ := s.Instrument.Session(s.sessionDay(s.Instrument.Expiry))
	return closes
}

// sessionDay returns the trading day of t, as a UTC midnight.
func (s *symbol) sessionDay(t time.Time) time.Time { return s.Instrument.Day(t) }

func (r *replica) symbol(name string) *symbol { return r.named[name] }

// run makes every step up to a time (zero: all of them) and hands over the
// intents when the clock stands where they were made.
func (r *replica) run(until time.Time) error {
	for {
		r.apply()
		known, ok := r.nextKnown()
		if !ok || !until.IsZero() && known.After(until) {
			break
		}
		r.step(known)
		if r.a.Err != nil || r.broken != nil {
			break
		}
	}
	if r.broken != nil {
		return r.broken
	}
	return r.a.Err
}

func (r *replica) nextKnown() (time.Time, bool) {
	var known time.Time
	for _, s := range r.symbols {
		if s.next < s.end {
			if k := s.Bar(s.next).Known; known.IsZero() || k.Before(known) {
				known = k
			}
		}
	}
	return known, !known.IsZero()
}

// step is section 2.
func (r *replica) step(known time.Time) {
	var latest time.Time
	r.stepEnd = known
	r.retire()
	for _, s := range r.symbols {
		s.bar = nil
		if s.next < s.end && s.Bar(s.next).Known.Equal(known) {
			b := s.Bar(s.next)
			s.bar, s.close = &b, s.sessionClose(b)
			s.begins = s.next == 0 || !s.sessionDay(s.Bar(s.next-1).Start).Equal(s.sessionDay(b.Start))
			s.next++
			if b.Start.After(latest) {
				latest = b.Start
			}
		}
	}
	r.scheduleExpiry()
	r.interest()                  // 0
	for _, s := range r.symbols { // 1
		if s.bar != nil {
			r.overnight(s)
			r.corporateActions(s)
		}
	}
	r.pay(latest)                // 2
	r.expire(latest)             // 3
	for _, o := range r.orders { // 4
		if s := r.symbol(o.Symbol); !o.cancelAt.IsZero() && s.bar != nil && !s.bar.Start.Before(o.cancelAt) {
			r.finish(o, pitwall.Canceled, "")
		}
	}
	r.match()                     // 5
	for _, s := range r.symbols { // 6
		if s.bar != nil {
			s.last = s.bar.Close
			r.variation(s)
		}
	}
	r.now = known // 7
	r.expire(known)
	for _, o := range r.orders {
		if s := r.symbol(o.Symbol); !o.cancelAt.IsZero() && (s.bar != nil || !r.now.Before(o.cancelBy)) {
			r.finish(o, pitwall.Canceled, "")
		}
	}
	r.settle()                  // 8
	for _, b := range r.books { // 9
		r.marginCall(b)
	}
	for _, b := range r.books { // 10
		r.balance(b)
		r.points = append(r.points, outPoint{pitwall.EquityPoint{Time: r.now, Equity: r.equity(b), Cash: b.cash}, b.name})
	}
}

// retire puts the ended orders aside.
func (r *replica) retire() {
	var open []*order
	for _, o := range r.orders {
		if o.open() {
			open = append(open, o)
		} else {
			r.done = append(r.done, o)
		}
	}
	r.orders = open
}

// scheduleExpiry is section 6: a day order ends with the session of the first bar it may
// meet, its own symbol's or else that of a symbol that trades alike.
func (r *replica) scheduleExpiry() {
	for _, o := range r.orders {
		if !o.live() || !o.expiresAt.IsZero() || o.TIF != pitwall.Day && o.TIF != pitwall.CLS {
			continue
		}
		own := r.symbol(o.Symbol)
		if grace := o.active.Add(max(7*24*time.Hour, 2*own.Size)); !r.stepEnd.Before(grace) {
			defer func() {
				if o.expiresAt.IsZero() {
					o.expiresAt = grace
				}
			}()
		}
		if own.bar != nil {
			if !own.bar.Start.Before(o.active) {
				o.expiresAt = own.close
			}
			continue
		}
		for _, s := range r.symbols {
			if s.bar != nil && s.Size == own.Size && s.Instrument.Calendar == own.Instrument.Calendar && s.Instrument.Location().String() == own.Instrument.Location().String() && !s.bar.Start.Before(o.active) {
				o.expiresAt = s.close
				break
			}
		}
	}
}

// expire ends the orders whose expiresAt and lag are over.
func (r *replica) expire(t time.Time) {
	for _, o := range r.orders {
		if !o.open() || o.expiresAt.IsZero() || o.expiresAt.Add(r.symbol(o.Symbol).lag).After(t) {
			continue
		}
		if o.TIF == pitwall.CLS {
			r.finish(o, pitwall.Canceled, "")
		} else {
			r.finish(o, pitwall.Expired, "")
		}
	}
}
