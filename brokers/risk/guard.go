package risk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"pitwall"
)

// Guard is a pitwall.Broker that lets through what its limits allow.
type Guard struct {
	broker      pitwall.Broker
	journal     pitwall.Journal
	clock       pitwall.Clock
	market      pitwall.Market
	instruments pitwall.Instruments
	limits      Limits

	before func(context.Context, pitwall.Order) *pitwall.Error               // nil = nothing more
	hold   func(context.Context, pitwall.Order) (*pitwall.OrderState, error) // nil = holds none
	shared *Shared                                                           // nil = the account is of one book
	within bool                                                              // broker is a guard, which records

	mu         sync.Mutex // one order at a time: check, record and send are one act
	costs      *pitwall.Costs
	sent       []Submission // oldest first; as far back as limits look
	unanswered []Submission // when they were sent, at the newest time

	breach   *Breach
	onBreach func(context.Context, Breach) error // nil = nothing more
	lasts    func(Breach) bool                   // whether what onBreach raised is still there
	passed   map[string]string                   // limits that were raised and not kept since, by key: the day
	cursor   pitwall.Cursor                      // after the fills that were compared
	expected map[string]pitwall.Dec              // prices, by order; nil = no limit needs them
}

// New wraps a broker. With NoLimits m and i may be nil; with other limits what
// they would have said is missing, and missing input refuses.
func New(b pitwall.Broker, j pitwall.Journal, c pitwall.Clock, m pitwall.Market, i pitwall.Instruments, l Limits) *Guard {
	return &Guard{broker: b, journal: j, clock: c, market: m, instruments: i, limits: l}
}

// SetCosts sets what trading costs. Only the limit buying_power needs it, and
// refuses every order until it is set.
func (g *Guard) SetCosts(c pitwall.Costs) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.costs = &c
}

// Before sets what must agree besides the limits before an order is sent: the rules
// that all venues share, a halt, an approval. f runs after the limits, under the
// guard's lock, for every submission and for every change that the limits look at;
// its error denies. Set it before the guard is used.
func (g *Guard) Before(f func(ctx context.Context, o pitwall.Order) *pitwall.Error) { g.before = f }

// Recall counts the orders that a journal says were sent, so that limits on orders per time
// go on where an earlier process left them. Their money is at their own price, else at the
// last one now. Call it before the guard is used.
func (g *Guard) Recall(ctx context.Context, journal []pitwall.Entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	back, _, _ := g.limits.lookBack()
	unsent, now := pitwall.Unsent(journal), g.clock.Now()
	asked := map[string]pitwall.Order{}
	for _, e := range journal {
		if e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status != pitwall.Denied {
			asked[e.ID] = e.State.Order
		}
		if e.Kind != pitwall.EntryIntent || unsent[e.Seq] {
			continue
		}
		o := asked[e.ID]
		switch {
		case e.Order != nil:
			o = *e.Order
		case e.Change != nil && o.ID != "" && needsCheck(o, *e.Change):
			o = o.With(*e.Change)
		default:
			continue
		}
		if asked[e.ID] = o; back > 0 && now.Sub(e.AsOf) <= back {
			g.sent = append(g.sent, g.submission(e.AsOf, o, g.prices(ctx, o)))
		}
	}
}

// Hold sets what may keep back a submission that everything else lets through, until a
// person has approved it. f runs last, under the guard's lock; it records the order that
// it keeps and returns its state. Set it before the guard is used.
func (g *Guard) Hold(f func(ctx context.Context, o pitwall.Order) (*pitwall.OrderState, error)) {
	g.hold = f
}

// Submit implements pitwall.Broker. A repeated order is recognized before it is
// checked or recorded again. An order without an id has no identity to repeat.
func (g *Guard) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o.ID != "" {
		switch known, err := g.broker.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); {
		case pitwall.CodeOf(err) == pitwall.Timeout: // it may be there: no second intent
			return pitwall.OrderState{}, fmt.Errorf("whether order %s was sent before is not known, so nothing was sent: %w", o.ID, err)
		case len(known) > 0 && known[0].Status == pitwall.Unknown:
			return g.again(ctx, repeated(o, known[0]), known[0])
		case len(known) > 0:
			return g.broker.Submit(ctx, repeated(o, known[0])) // the same answer again, or a conflict: nothing new to record
		}
	}
	if err := g.watch(ctx); err != nil {
		return pitwall.OrderState{}, err
	}
	o, s, e := g.fit(ctx, o)
	if e != nil {
		return g.deny(ctx, o, e)
	}
	if g.hold != nil {
		if held, err := g.hold(ctx, o); err != nil || held != nil {
			return *cmp.Or(held, &pitwall.OrderState{}), err
		}
	}
	if g.within {
		return g.pass(ctx, o, s)
	}
	if err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "submit", Book: o.Book, By: &o.By, ID: o.ID, Order: &o}); err != nil {
		return pitwall.OrderState{}, err
	}
	g.remember(o, s)
	g.expect(ctx, o)
	// A caller that hangs up must not leave a half-sent order behind.
	ctx = context.WithoutCancel(ctx)
	state, err := g.outcome(ctx, o.ID, o.Book, func() (pitwall.OrderState, error) { return g.broker.Submit(ctx, o) })
	if state.Status == pitwall.Unknown || pitwall.CodeOf(err) == pitwall.Timeout {
		now := g.clock.Now()
		g.unanswered = append(slices.DeleteFunc(g.unanswered, func(s Submission) bool { return s.Time.Before(now) }), Submission{Time: now, Order: o})
	}
	return state, err
}

// again sends an order that got no answer once more, if it passes what a new one has to
// pass: it may not have arrived, and fills at the prices of now. Else it stays as it is, and
// may still be at the broker.
func (g *Guard) again(ctx context.Context, o pitwall.Order, known pitwall.OrderState) (pitwall.OrderState, error) {
	if err := g.watch(ctx); err != nil {
		return pitwall.OrderState{}, err
	}
	if e, _, _ := g.check(ctx, o, &known); e != nil {
		known.Repeated, known.Error = true, e
		return known, g.record(ctx, pitwall.Entry{Kind: pitwall.EntryOrder, Book: o.Book, By: &o.By, ID: o.ID, Note: "not sent again: " + e.Error()})
	}
	return g.broker.Submit(ctx, o)
}

// deny records and returns the answer no. Nothing was sent, so the id is free.
func (g *Guard) deny(ctx context.Context, o pitwall.Order, e *pitwall.Error) (pitwall.OrderState, error) {
	state := pitwall.OrderState{Order: o, Status: pitwall.Denied, Updated: g.clock.Now(), Error: e}
	return state, g.record(ctx, pitwall.Entry{Kind: pitwall.EntryOrder, Book: o.Book, By: &o.By, ID: o.ID, State: &state})
}

// Replace implements pitwall.Broker. A change that makes the order bigger or moves
// a price is checked as a new order whose old self is gone.
func (g *Guard) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	by := pitwall.CallerFrom(ctx)
	var changed *pitwall.Order
	var s Snapshot
	if !g.limits.none || g.before != nil {
		known, err := g.broker.Orders(ctx, pitwall.OrderQuery{ID: id})
		if err != nil {
			return pitwall.OrderState{}, err
		}
		if len(known) == 1 && known[0].Status.Open() && needsCheck(known[0].Order, c) {
			o := known[0].With(c)
			changed = &o
			if err := g.watch(ctx); err != nil {
				return pitwall.OrderState{}, err
			}
			var e *pitwall.Error
			if e, s, _ = g.check(ctx, o, &known[0]); e != nil {
				if err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryOrder, Book: o.Book, By: &by, ID: id, Change: &c, Note: "change denied: " + e.Error()}); err != nil {
					return pitwall.OrderState{}, err
				}
				return pitwall.OrderState{}, e
			}
		}
	}
	if g.within {
		state, err := g.broker.Replace(ctx, id, c)
		if changed != nil && err == nil {
			g.remember(*changed, s)
			g.expect(ctx, *changed)
		}
		return state, err
	}
	if err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "replace", By: &by, ID: id, Change: &c}); err != nil {
		return pitwall.OrderState{}, err
	}
	if changed != nil {
		g.remember(*changed, s)
	}
	ctx = context.WithoutCancel(ctx)
	state, err := g.outcome(ctx, id, "", func() (pitwall.OrderState, error) { return g.broker.Replace(ctx, id, c) })
	if changed != nil && err == nil {
		g.expect(ctx, *changed)
	}
	return state, err
}

// Cancel implements pitwall.Broker. Canceling passes whatever the limits are.
func (g *Guard) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.within {
		return g.broker.Cancel(ctx, id)
	}
	by := pitwall.CallerFrom(ctx)
	if err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "cancel", By: &by, ID: id}); err != nil {
		return pitwall.OrderState{}, err
	}
	ctx = context.WithoutCancel(ctx)
	return g.outcome(ctx, id, "", func() (pitwall.OrderState, error) { return g.broker.Cancel(ctx, id) })
}

// Orders implements pitwall.Broker.
func (g *Guard) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return g.broker.Orders(ctx, q)
}

// Fills implements pitwall.Broker.
func (g *Guard) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return g.broker.Fills(ctx, since)
}

// Account implements pitwall.Broker.
func (g *Guard) Account(ctx context.Context, book string) (pitwall.Account, error) {
	return g.broker.Account(ctx, book)
}

// outcome sends and records what came of it.
func (g *Guard) outcome(ctx context.Context, id, book string, send func() (pitwall.OrderState, error)) (pitwall.OrderState, error) {
	state, err := send()
	e := pitwall.Entry{Kind: pitwall.EntryOrder, ID: id, Book: book, State: &state}
	if err != nil {
		e.State, e.Note = nil, err.Error()
	}
	if jerr := g.record(ctx, e); jerr != nil && err == nil {
		// Sent, but not recorded: say so; the venue knows the order by its id.
		return state, jerr
	}
	return state, err
}

func (g *Guard) record(ctx context.Context, e pitwall.Entry) error {
	e.AsOf, e.Cause = g.clock.Now(), pitwall.CauseFrom(ctx)
	if _, err := g.journal.Append(ctx, e); err != nil {
		e := &pitwall.Error{Code: pitwall.JournalFailed, Message: "the journal could not be written", Hint: "free disk space or fix the run's folder; order states can still be read", Err: err}
		if fault := pitwall.MachineFault(err); fault != nil {
			e.Message, e.Hint = e.Message+": "+fault.Message, fault.Hint
		}
		return e
	}
	return nil
}

// remember keeps a submission, with what was known then, for as long as a limit looks back.
func (g *Guard) remember(o pitwall.Order, s Snapshot) {
	back, _, _ := g.limits.lookBack()
	if back == 0 {
		return
	}
	now := g.clock.Now()
	g.sent = slices.DeleteFunc(g.sent, func(s Submission) bool { return now.Sub(s.Time) > back })
	g.sent = append(g.sent, g.submission(now, o, s))
}

// submission is an order with its money, by what was known when it was sent.
func (g *Guard) submission(at time.Time, o pitwall.Order, s Snapshot) Submission {
	t := &trial{limits: g.limits, o: o, s: s, ref: s.Last[o.Symbol].Close}
	money, price := t.notional()
	return Submission{Time: at, Order: o, Money: money, Unpriced: t.calc.Err != nil || price == 0 && s.Last[o.Symbol].Known.IsZero()}
}

// prices is what a submission's money is computed with.
func (g *Guard) prices(ctx context.Context, o pitwall.Order) Snapshot {
	s := Snapshot{Last: map[string]pitwall.Bar{}, Instruments: map[string]pitwall.Instrument{}}
	if g.market != nil {
		if bar, err := g.market.Last(ctx, o.Symbol); err == nil {
			s.Last[o.Symbol] = bar
		}
	}
	if g.instruments != nil {
		if i, err := g.instruments.Instrument(o.Symbol); err == nil {
			s.Instruments[o.Symbol] = i
		}
	}
	return s
}

// needsCheck reports whether a change needs the limits: it makes the order bigger, moves
// a price, or is malformed.
func needsCheck(o pitwall.Order, c pitwall.Change) bool {
	moves := func(to, from pitwall.Dec) bool { return to != 0 && to != from }
	return c.Qty < 0 || c.Qty > o.Qty || moves(c.Limit, o.Limit) || moves(c.Stop, o.Stop) || moves(c.Trail, o.Trail) || moves(c.TrailPercent, o.TrailPercent)
}
