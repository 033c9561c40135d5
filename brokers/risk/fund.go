package risk

import (
	"context"

	"pitwall"
)

// The guard of a fund, and the guards of its pods before it.

// Shared is what a guard has to know of an account that is the sum of several books.
type Shared struct {
	Name string // of what its limits are, such as fund: denials say it
	// Counts returns how orders count in the sum as it stands.
	Counts func(context.Context) func(pitwall.OrderState) pitwall.OrderState
	// Holders says what each book holds of a symbol; empty when none holds any.
	Holders func(ctx context.Context, symbol string) string
}

// Share makes the guard one over the sum of several books: its broker answers with the
// sum, and each order keeps its book. Set it before the guard is used.
func (g *Guard) Share(s Shared) { g.shared = &s }

// Within makes the guard one whose broker is a guard itself: that one records what is sent
// and what came of it. Denials of this one are recorded here. Set it before the guard is
// used.
func (g *Guard) Within() { g.within = true }

// counts returns how limits count orders.
func (g *Guard) counts(ctx context.Context) func(pitwall.OrderState) pitwall.OrderState {
	if g.shared == nil {
		return func(o pitwall.OrderState) pitwall.OrderState { return o }
	}
	return g.shared.Counts(ctx)
}

// scope returns what limits are of, before the name of one; empty for an account of its own.
func (g *Guard) scope() string {
	if g.shared == nil {
		return ""
	}
	return g.shared.Name + "."
}

// of completes a denial of a shared account: which limit of which account, and who holds
// what already.
func (g *Guard) of(ctx context.Context, symbol string, e *pitwall.Error) *pitwall.Error {
	if g.shared == nil {
		return e
	}
	for i := range e.Checks {
		e.Checks[i].Name = g.scope() + e.Checks[i].Name
	}
	e.Message = g.shared.Name + " limit: " + e.Message
	if who := g.shared.Holders(ctx, symbol); who != "" {
		e.Message += "; " + symbol + " is held by " + who + " of the " + g.shared.Name + "'s equity"
	}
	return e
}

// pass hands an order to the guard behind this one. What that one denies was not sent.
func (g *Guard) pass(ctx context.Context, o pitwall.Order, s Snapshot) (pitwall.OrderState, error) {
	state, err := g.broker.Submit(ctx, o)
	if err == nil && state.Status != pitwall.Denied {
		g.remember(state.Order, s)
		g.expect(ctx, state.Order)
	}
	return state, err
}
