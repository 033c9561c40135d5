// Package risk is the guard around every broker: what a trader sends passes
// here first. It serializes order flow, writes the intent before anything is
// sent (no record, no order) and the outcome after it.
//
//	tools ──► Guard ──► Broker (the simulated venue, or a real one)
//	            └──► Journal: intent, then outcome
//
// The guard wraps its Broker by field, not by embedding: a method added to
// pitwall.Broker must fail to compile here until somebody decides it.
//
// # To add a check
//
// Checks of orders against limits come here as pure functions over an order,
// an account and a [Limits]; this version has none, and says so: the only
// Limits is [NoLimits].
package risk

import (
	"context"
	"sync"

	"pitwall"
)

// Limits is what a trader may do.
type Limits struct{ none bool }

// NoLimits says in so many words that nothing is limited but what the venue
// itself refuses (buying power, shorting, lots). It is never implied: the zero
// Limits refuses every order.
func NoLimits() Limits { return Limits{none: true} }

// String says what is limited, for manifests.
func (l Limits) String() string {
	if l.none {
		return "no limits"
	}
	return "nothing allowed"
}

// Guard is a pitwall.Broker that lets through what its limits allow.
type Guard struct {
	broker  pitwall.Broker
	journal pitwall.Journal
	clock   pitwall.Clock
	limits  Limits

	mu sync.Mutex // one order at a time: check, record and send are one act
}

// New wraps a broker.
func New(b pitwall.Broker, j pitwall.Journal, c pitwall.Clock, l Limits) *Guard {
	return &Guard{broker: b, journal: j, clock: c, limits: l}
}

// Submit implements pitwall.Broker. A repeated order is recognized before it is
// recorded again.
func (g *Guard) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.limits.none {
		now := g.clock.Now()
		return pitwall.OrderState{Order: o, Status: pitwall.Denied, Updated: now,
			Error: pitwall.Errorf(pitwall.NotAllowed, "no limits are set, so nothing may be sent")}, nil
	}
	if known, err := g.broker.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); err == nil && len(known) > 0 {
		return g.broker.Submit(ctx, o) // the same answer again, or a conflict: nothing new to record
	}
	if _, err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "submit", Book: o.Book, By: &o.By, ID: o.ID, Order: &o}); err != nil {
		return pitwall.OrderState{}, err
	}
	// A caller that hangs up must not leave a half-sent order behind.
	ctx = context.WithoutCancel(ctx)
	return g.outcome(ctx, o.ID, o.Book, func() (pitwall.OrderState, error) { return g.broker.Submit(ctx, o) })
}

// Replace implements pitwall.Broker.
func (g *Guard) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	by := pitwall.CallerFrom(ctx)
	if _, err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "replace", By: &by, ID: id, Change: &c}); err != nil {
		return pitwall.OrderState{}, err
	}
	ctx = context.WithoutCancel(ctx)
	return g.outcome(ctx, id, "", func() (pitwall.OrderState, error) { return g.broker.Replace(ctx, id, c) })
}

// Cancel implements pitwall.Broker. Canceling passes whatever the limits are.
func (g *Guard) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	by := pitwall.CallerFrom(ctx)
	if _, err := g.record(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "cancel", By: &by, ID: id}); err != nil {
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
	if _, jerr := g.record(ctx, e); jerr != nil && err == nil {
		// Sent, but not recorded: say so; the venue knows the order by its id.
		return state, jerr
	}
	return state, err
}

func (g *Guard) record(ctx context.Context, e pitwall.Entry) (int64, error) {
	e.AsOf = g.clock.Now()
	seq, err := g.journal.Append(ctx, e)
	if err != nil {
		return 0, &pitwall.Error{Code: pitwall.JournalFailed, Message: "the journal could not be written", Hint: "free disk space or fix the run's folder; order states can still be read", Err: err}
	}
	return seq, nil
}
