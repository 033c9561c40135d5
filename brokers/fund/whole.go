package fund

import (
	"context"

	"pitwall"
)

// Whole is a fund's account as its own world shows it: the sum of the books. It takes no
// orders, which are those of the pods.
type Whole struct{ Fund pitwall.Broker }

func noOrders() error {
	return pitwall.Errorf(pitwall.NotAllowed, "the fund takes no orders of its own").Hintf("its pods trade, each in its own book")
}

// Submit implements pitwall.Broker.
func (Whole) Submit(context.Context, pitwall.Order) (pitwall.OrderState, error) {
	return pitwall.OrderState{}, noOrders()
}

// Replace implements pitwall.Broker.
func (Whole) Replace(context.Context, string, pitwall.Change) (pitwall.OrderState, error) {
	return pitwall.OrderState{}, noOrders()
}

// Cancel implements pitwall.Broker.
func (Whole) Cancel(context.Context, string) (pitwall.OrderState, error) {
	return pitwall.OrderState{}, noOrders()
}

// Orders implements pitwall.Broker.
func (w Whole) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return w.Fund.Orders(ctx, q)
}

// Fills implements pitwall.Broker.
func (w Whole) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return w.Fund.Fills(ctx, since)
}

// Account implements pitwall.Broker.
func (w Whole) Account(ctx context.Context, book string) (pitwall.Account, error) {
	return w.Fund.Account(ctx, book)
}
