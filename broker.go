package pitwall

import "context"

// Broker takes orders. Every method is safe to repeat: an order's ID is its
// identity. A nil error with Status Rejected or Denied means that the answer
// is no; an error means that the call itself failed. Implementations are safe
// for concurrent use. The simulated venue and every real broker are Brokers;
// brokers/brokertest judges them all.
type Broker interface {
	// Submit places o. The same ID with the same body returns the first outcome,
	// marked Repeated; with another body it is IDEMPOTENCY_CONFLICT. What
	// [Order.Check] refuses is rejected with its error.
	Submit(ctx context.Context, o Order) (OrderState, error)
	// Replace changes an open order.
	Replace(ctx context.Context, id string, c Change) (OrderState, error)
	// Cancel ends an open order; canceling a canceled one changes nothing.
	Cancel(ctx context.Context, id string) (OrderState, error)
	// Orders lists orders in submission order.
	Orders(ctx context.Context, q OrderQuery) ([]OrderState, error)
	// Fills lists fills after a cursor and returns the cursor for the next call.
	Fills(ctx context.Context, since Cursor) ([]Fill, Cursor, error)
	// Account returns one book's money and positions.
	Account(ctx context.Context, book string) (Account, error)
}
