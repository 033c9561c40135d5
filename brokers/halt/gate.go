package halt

import (
	"cmp"
	"context"
	"sync"

	"pitwall"
)

// Gate is a pitwall.Broker that reads the latch as the last thing before it sends. It
// stands between the guard and the broker. Cancels and reads always pass.
type Gate struct {
	broker pitwall.Broker
	latch  *Latch

	mu sync.Mutex // reading the latch and sending are one act
}

// NewGate puts a gate before a broker.
func NewGate(b pitwall.Broker, l *Latch) *Gate { return &Gate{broker: b, latch: l} }

// Submit implements pitwall.Broker. An order that the broker knows already is answered
// from its list while the latch refuses it.
func (g *Gate) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.Check(ctx, o)
	if e == nil {
		return g.broker.Submit(ctx, o)
	}
	if known, err := g.broker.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); err == nil && len(known) == 1 {
		known[0].Repeated = true
		return known[0], nil
	}
	return pitwall.OrderState{Order: o, Status: pitwall.Denied, Error: e}, nil
}

// Check returns why the latch refuses an order now. A guard asks it before it journals
// an intent, so that only an order that a raise overtakes is journaled and not sent.
func (g *Gate) Check(ctx context.Context, o pitwall.Order) *pitwall.Error {
	return g.refuses(func() bool { return Reduces(ctx, g.broker, o, "") })
}

// Replace implements pitwall.Broker.
func (g *Gate) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	smaller := func() bool {
		known, err := g.broker.Orders(ctx, pitwall.OrderQuery{ID: id})
		return err == nil && len(known) == 1 && c.Qty > 0 && c.Qty <= known[0].Qty && c == pitwall.Change{Qty: c.Qty}
	}
	if e := g.refuses(smaller); e != nil {
		return pitwall.OrderState{}, e
	}
	return g.broker.Replace(ctx, id, c)
}

// refuses returns why the latch refuses what would be sent now. reduces is asked under
// reduce_only, and the latch is read again after it: asking takes time.
func (g *Gate) refuses(reduces func() bool) *pitwall.Error {
	s := g.latch.State()
	if s.Level != ReduceOnly || !reduces() {
		return s.Err()
	}
	if s = g.latch.State(); s.Level <= ReduceOnly {
		return nil
	}
	return s.Err()
}

// Reduces reports whether an order can only shrink its position, open orders on its side
// counted in full but for the one with the id except. What cannot be read does not reduce.
func Reduces(ctx context.Context, broker pitwall.Broker, o pitwall.Order, except string) bool {
	o = o.WithDefaults()
	book := cmp.Or(o.Book, pitwall.MainBook)
	a, err := broker.Account(ctx, book)
	if err != nil || o.Class == pitwall.Bracket || o.Class == pitwall.OTO {
		return false
	}
	open, err := broker.Orders(ctx, pitwall.OrderQuery{Book: book, Symbol: o.Symbol, Open: true})
	if err != nil {
		return false
	}
	var c pitwall.Calc
	held, total := a.Held(o.Symbol), o.Qty
	for _, p := range open {
		if p.Side == o.Side && p.ID != except {
			total = c.Add(total, p.Remaining())
		}
	}
	if o.Side == pitwall.Buy {
		held = -held
	}
	return c.Err == nil && o.Qty > 0 && total <= held
}

// Cancel implements pitwall.Broker.
func (g *Gate) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	return g.broker.Cancel(ctx, id)
}

// Orders implements pitwall.Broker.
func (g *Gate) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return g.broker.Orders(ctx, q)
}

// Fills implements pitwall.Broker.
func (g *Gate) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return g.broker.Fills(ctx, since)
}

// Account implements pitwall.Broker.
func (g *Gate) Account(ctx context.Context, book string) (pitwall.Account, error) {
	return g.broker.Account(ctx, book)
}
