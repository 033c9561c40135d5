package fund

import (
	"context"
	"slices"

	"pitwall"
)

// Book is one book of a venue as a broker of its own: its holder sees no other book, and
// calls his own main. It is safe for concurrent use when its broker is.
type Book struct {
	venue  pitwall.Broker // is read
	orders pitwall.Broker // takes what changes
	name   string
	may    []string // symbols that it may trade
}

// NewBook returns the book of a name at a venue that knows it. Its orders, in the given
// symbols alone, go to orders, such as a guard in front of the venue.
func NewBook(venue, orders pitwall.Broker, name string, symbols []string) *Book {
	return &Book{venue: venue, orders: orders, name: name, may: symbols}
}

// Submit implements pitwall.Broker.
func (b *Book) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if !slices.Contains(b.may, o.Symbol) {
		e := pitwall.Errorf(pitwall.NotTradable, "%s cannot be traded by pod %s", o.Symbol, b.name).Hintf("it may trade %v", b.may)
		return pitwall.OrderState{Order: o, Status: pitwall.Rejected, Error: e}, nil
	}
	if known, err := b.venue.Orders(ctx, pitwall.OrderQuery{ID: o.ID}); o.ID != "" && err == nil && len(known) > 0 && known[0].Book != b.name {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q is used by another pod", o.ID).Hintf("choose another client_order_id, or leave it out")
	}
	o.Book = b.name
	return b.orders.Submit(ctx, o)
}

// own returns an error for an order that is not the book's: to its holder there is none.
func (b *Book) own(ctx context.Context, id string) error {
	known, err := b.venue.Orders(ctx, pitwall.OrderQuery{ID: id})
	if err == nil && len(known) > 0 && known[0].Book != b.name {
		return pitwall.Errorf(pitwall.UnknownOrder, "there is no order %q", id).Hintf("orders_open_orders lists the open ones")
	}
	return err
}

// Replace implements pitwall.Broker.
func (b *Book) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	if err := b.own(ctx, id); err != nil {
		return pitwall.OrderState{}, err
	}
	return b.orders.Replace(ctx, id, c)
}

// Cancel implements pitwall.Broker.
func (b *Book) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	if err := b.own(ctx, id); err != nil {
		return pitwall.OrderState{}, err
	}
	return b.orders.Cancel(ctx, id)
}

// Orders implements pitwall.Broker.
func (b *Book) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID != "" {
		if err := b.own(ctx, q.ID); err != nil {
			return nil, err
		}
	}
	q.Book = b.name
	return b.venue.Orders(ctx, q)
}

// Fills implements pitwall.Broker. The cursor is the venue's: it counts other books' fills.
func (b *Book) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	list, next, err := b.venue.Fills(ctx, since)
	return slices.DeleteFunc(list, func(f pitwall.Fill) bool { return f.Book != b.name }), next, err
}

// Account implements pitwall.Broker.
func (b *Book) Account(ctx context.Context, _ string) (pitwall.Account, error) {
	return b.venue.Account(ctx, b.name)
}
