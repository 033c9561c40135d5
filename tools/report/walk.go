package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"pitwall"
)

// walk goes once through a run's journal, step by step, with the prices that were
// known at each.
type walk struct {
	run     *Run
	lots    lots
	names   []string // sorted: what may be traded and has bars
	symbols map[string]*walked
	gains   []Attribution // as first seen
	other   pitwall.Dec
	steps   []step
	tracks  []track
	traded  float64 // since the last step
	costs   CostTable
	known   map[string]pitwall.Order // by id: submitted ones, legs and the venue's own
	turns   map[string]int           // of orders that filled, by id
	filled  map[string]pitwall.Dec   // the price of the last fill since a split, by symbol

	before, held []float64 // positions into and after a step, by name
	moves        []moved   // of a step, by name
	settled      bool      // held is of what the lots hold
}

// step is a walk's state at an equity point. A long run has millions.
type step struct {
	ns                         int64 // Unix time
	offset                     int32 // of the zone, seconds east of UTC
	held                       bool
	equity, gross, net, traded float64 // money
}

// at is the time of the step.
func (s *step) at() time.Time { return time.Unix(0, s.ns).In(time.FixedZone("", int(s.offset))) }

// walked is a symbol on the walk.
type walked struct {
	bars       *pitwall.Series
	next       int     // the first bar that was not known at the last step
	close      float64 // of the bar before it
	actions    []pitwall.Action
	multiplier float64
}

func newWalk(r *Run) *walk {
	w := &walk{run: r, symbols: map[string]*walked{}, known: map[string]pitwall.Order{}, turns: map[string]int{}, filled: map[string]pitwall.Dec{}}
	w.lots.many = map[string]pitwall.Dec{}
	for _, t := range r.Manifest.Traded {
		w.lots.many[t.Symbol] = t.Multiplier
	}
	w.names = r.tradable()
	for _, name := range w.names {
		w.symbols[name] = &walked{bars: r.Bars[name], multiplier: w.lots.multiplier(name).Float(), actions: r.Actions(name)}
	}
	w.before, w.held, w.moves = make([]float64, len(w.names)), make([]float64, len(w.names)), make([]moved, len(w.names))
	w.tracks, w.steps = make([]track, len(w.names)), make([]step, 0, len(r.Points))
	for i := range w.tracks {
		n := len(r.Points)
		w.tracks[i] = track{make([]float64, 0, n), make([]float64, 0, n), make([]float64, 0, n), make([]float64, 0, n)}
	}
	return w
}

// tradable returns the symbols with bars that may be or were traded. A benchmark is
// neither.
func (r *Run) tradable() []string {
	may := map[string]bool{}
	for _, name := range r.Manifest.Symbols {
		may[name] = true
	}
	for _, e := range r.Events() {
		if e.Kind == pitwall.EntryFill && e.Fill != nil {
			may[e.Fill.Symbol] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.Bars)), func(name string) bool { return !may[name] })
}

// walk goes through the run, once.
func (r *Run) walk() (*walk, error) {
	if r.Journal == nil {
		r.Journal = slices.Values([]pitwall.Entry{})
	}
	if r.walked == nil {
		w := newWalk(r)
		if err := w.all(); err != nil {
			return nil, fmt.Errorf("going through the journal: %w", err)
		}
		r.walked = w
	}
	return r.walked, nil
}

// all goes through the journal.
func (w *walk) all() error {
	var whole pitwall.BookSum
	for e := range w.run.Journal {
		point, step := whole.Add(e)
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			w.known[e.ID] = *e.Order
		case e.Kind == pitwall.EntryOrder && e.State != nil && (e.State.Parent != "" || e.State.Reason != ""):
			w.known[e.State.ID] = e.State.Order
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			w.turns[e.Fill.OrderID] = e.Turn
			w.fill(*e.Fill)
		case e.Kind == pitwall.EntryCash && e.Flow != nil:
			w.flow(e.Book, *e.Flow)
		case step:
			w.mark(point)
			continue
		}
		w.lots.book(e)
		w.settled = w.settled && e.Kind == pitwall.EntryMark
	}
	return w.lots.a.Err
}

// gain returns a symbol's row, valid until the next call.
func (w *walk) gain(symbol string) *Attribution {
	i := slices.IndexFunc(w.gains, func(g Attribution) bool { return g.Symbol == symbol })
	if i < 0 {
		i = len(w.gains)
		w.gains = append(w.gains, Attribution{Symbol: symbol})
	}
	return &w.gains[i]
}

func (w *walk) fill(f pitwall.Fill) {
	a := &w.lots.a
	value := w.lots.money(f.Symbol, signed(f), f.Price)
	g := w.gain(f.Symbol)
	g.Gain = a.Sub(a.Sub(g.Gain, value), f.Fee)
	if f.Rule == coinFee { // no trade: its flow takes the money
		return
	}
	g.Fees = a.Add(g.Fees, f.Fee)
	g.Fills++
	g.Traded += math.Abs(value.Float())
	w.traded += math.Abs(value.Float())
	w.costs.Commission, w.costs.Slippage = a.Add(w.costs.Commission, f.Fee), a.Add(w.costs.Slippage, f.Slippage)
	w.filled[f.Symbol] = f.Price
}

// flow counts money that moved without an order. A dividend counts when it is earned,
// not again when it is paid; a future's daily settlement is in the price of its fills.
func (w *walk) flow(book string, f pitwall.CashFlow) {
	a := &w.lots.a
	switch f.Type {
	case "paid", "variation", "margin_call":
		return
	case "interest":
		w.costs.Interest = a.Add(w.costs.Interest, f.Amount)
	case "borrow":
		w.costs.Borrow = a.Sub(w.costs.Borrow, f.Amount)
	case coinFee, saleFee, namedFee:
		w.costs.Commission = a.Sub(w.costs.Commission, f.Amount)
	case "split":
		delete(w.filled, f.Symbol)
	case expired, writtenOff: // closed at its settlement price, or at 0
		if qty := w.lots.of(book, f.Symbol).qty; qty != 0 {
			g := w.gain(f.Symbol)
			g.Gain = a.Add(g.Gain, w.lots.money(f.Symbol, qty, f.Each))
		}
		return
	case "reinvested", "cash_in_lieu", transfer:
	default: // dividends and other cash per unit
		w.costs.Dividends = a.Add(w.costs.Dividends, f.Amount)
	}
	if f.Symbol == "" {
		w.other = a.Add(w.other, f.Amount)
		return
	}
	g := w.gain(f.Symbol)
	g.Gain = a.Add(g.Gain, f.Amount)
	switch f.Type {
	case "borrow":
		g.Borrow = a.Sub(g.Borrow, f.Amount)
	case coinFee, saleFee, namedFee:
		g.Fees = a.Sub(g.Fees, f.Amount)
	case "split", "reinvested", "cash_in_lieu":
	default:
		g.Dividends = a.Add(g.Dividends, f.Amount)
	}
}

// mark ends a step: the bars since the last one moved the positions.
func (w *walk) mark(p pitwall.EquityPoint) {
	_, offset := p.Time.Zone()
	now := step{ns: p.Time.UnixNano(), offset: int32(offset), equity: p.Equity.Float(), held: w.lots.any(), traded: w.traded}
	w.traded = 0
	last := w.run.Manifest.Cash.Float()
	if k := len(w.steps); k > 0 {
		last = w.steps[k-1].equity
	}
	if !w.settled {
		w.settle()
	}
	before, held, moves, opened := w.before, w.held, w.moves, last
	for i, name := range w.names {
		s := w.symbols[name]
		moves[i] = s.until(p.Time)
		opened += float64(before[i] * moves[i].prev * s.multiplier * moves[i].overnight)
	}
	for i, name := range w.names {
		m, many := moves[i], w.symbols[name].multiplier
		t := &w.tracks[i]
		t.overnight, t.intraday = append(t.overnight, m.overnight), append(t.intraday, m.intraday)
		t.before = append(t.before, share(float64(before[i]*m.prev*many), last))
		t.after = append(t.after, share(float64(held[i]*m.open*many), opened))
		value := float64(held[i] * m.close * many)
		now.gross, now.net = now.gross+math.Abs(value), now.net+value
	}
	copy(before, held)
	w.steps = append(w.steps, now)
}

// settle takes the positions from the lots.
func (w *walk) settle() {
	units := make([]pitwall.Dec, len(w.names)) // of all books; sums are exact, so their order does not matter
	for key, h := range w.lots.held {
		if i, has := slices.BinarySearch(w.names, key[1]); has {
			units[i] = w.lots.a.Add(units[i], h.qty)
		}
	}
	for i := range units {
		w.held[i] = units[i].Float()
	}
	w.settled = true
}

func share(value, of float64) float64 {
	if of <= 0 {
		return 0
	}
	return value / of
}

// moved holds a symbol's prices in a step, and its relative moves.
type moved struct {
	prev, open, close   float64
	overnight, intraday float64
}

// until takes the bars that were known by a time. Splits and dividends of raw
// prices belong to the overnight move.
func (s *walked) until(at time.Time) moved {
	m := moved{prev: s.close, open: s.close, close: s.close}
	ns := at.UnixNano()
	for first := true; s.next < s.bars.Len() && s.bars.Known[s.next] <= ns; s.next++ {
		open, end := s.bars.Open[s.next].Float(), s.bars.Close[s.next].Float()
		if s.close != 0 && open != 0 {
			units, cash := s.acted(s.bars.Start[s.next])
			night := (open*units+cash)/s.close - 1
			day := end/open - 1
			if first {
				m.overnight, m.intraday = night, day
			} else {
				m.intraday = (1+m.intraday)*(1+night)*(1+day) - 1
			}
		} else if open != 0 && first {
			m.intraday = end/open - 1
		}
		if first {
			m.open = open
		}
		first = false
		s.close, m.close = end, end
	}
	return m
}

// acted returns the units that one unit became at the open of a bar that starts then, and the cash it paid.
func (s *walked) acted(start int64) (units, cash float64) {
	units = 1
	for len(s.actions) > 0 && s.actions[0].Ex.UnixNano() <= start {
		x := s.actions[0]
		s.actions = s.actions[1:]
		if s.next == 0 || x.Ex.UnixNano() <= s.bars.Start[s.next-1] {
			continue // before the first bar
		}
		if x.Type == "split" {
			units *= x.Value.Float() / cmp.Or(x.Per.Float(), 1)
		} else {
			cash += float64(units * x.Value.Float())
		}
	}
	return units, cash
}
