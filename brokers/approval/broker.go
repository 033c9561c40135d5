package approval

import (
	"context"
	"slices"

	"pitwall"
	"pitwall/brokers/halt"
)

// This file is a [Desk] as a broker: orders that wait are seen beside those that were sent.

// Submit implements pitwall.Broker. An order that waits is answered again.
func (d *Desk) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if w, ok := d.find(o.ID); ok && o.ID != "" {
		if o.Sizing == nil && w.Sizing != nil && w.Sizing.Asked == "qty "+o.Qty.String() { // limits have made it smaller
			o.Qty, o.Sizing = w.Qty, w.Sizing
		}
		if !w.Order.SameAs(o) {
			return pitwall.OrderState{}, pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q waits for a person: %s", o.ID, w).Hintf("use a new client_order_id for a new order")
		}
		s := w.state(d.cfg.World())
		s.Repeated = true
		return s, nil
	}
	return d.cfg.Broker.Submit(ctx, o)
}

// Replace implements pitwall.Broker. A change that a person would have to see is refused.
func (d *Desk) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	if _, ok := d.find(id); ok {
		return pitwall.OrderState{}, pitwall.Errorf(Needed, "order %s waits for a person", id).Hintf("cancel it and send another one")
	}
	if d.cfg.Orders != "" {
		known, err := d.cfg.Broker.Orders(ctx, pitwall.OrderQuery{ID: id})
		if err != nil {
			return pitwall.OrderState{}, err
		}
		if len(known) == 1 && needsPerson(known[0], c) && !d.exit(ctx, known[0], c) {
			return pitwall.OrderState{}, pitwall.Errorf(Needed, "a change that makes order %s bigger or moves its price needs a person", id).Hintf("cancel it and send another one, which a person can approve")
		}
	}
	return d.cfg.Broker.Replace(ctx, id, c)
}

// needsPerson reports whether a change makes an order bigger or moves a price.
func needsPerson(s pitwall.OrderState, c pitwall.Change) bool {
	moves := func(to, from pitwall.Dec) bool { return to != 0 && to != from }
	return c.Qty > s.Qty || moves(c.Limit, s.Limit) || moves(c.Stop, s.Stop) || moves(c.Trail, s.Trail) || moves(c.TrailPercent, s.TrailPercent)
}

// exit reports whether an order stays one that needs no approval after a change.
func (d *Desk) exit(ctx context.Context, s pitwall.OrderState, c pitwall.Change) bool {
	if d.cfg.Orders == All {
		return false
	}
	return s.Parent != "" && c.Qty <= s.Qty || halt.Reduces(ctx, d.cfg.Broker, s.Order.With(c), s.ID)
}

// Cancel implements pitwall.Broker. An order that waits is withdrawn, and so is one that was
// approved if the broker does not have it: it would be sent later.
func (d *Desk) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	o, ok := d.find(id)
	if !ok || o.Approved {
		s, err := d.cfg.Broker.Cancel(ctx, id)
		if !ok || pitwall.CodeOf(err) != pitwall.UnknownOrder {
			return s, err
		}
	}
	by := pitwall.CallerFrom(ctx)
	if err := d.record(ctx, withdraw, o, &by, ""); err != nil {
		return pitwall.OrderState{}, err
	}
	d.remove(id)
	s := pitwall.OrderState{Order: o.Order, Status: pitwall.Canceled, Updated: d.cfg.World(), Note: "it was withdrawn before it was sent"}
	d.end(s)
	return s, nil
}

// Orders implements pitwall.Broker. Orders that wait count as open; what was never sent is
// found by its id, or by when it ended.
func (d *Desk) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	list, err := d.cfg.Broker.Orders(ctx, q)
	if err != nil && (q.ID == "" || pitwall.CodeOf(err) != pitwall.UnknownOrder) {
		return list, err
	}
	fits := func(o pitwall.Order) bool {
		return (q.ID == "" || o.ID == q.ID) && (q.Symbol == "" || o.Symbol == q.Symbol) && (q.Book == "" || o.Book == "" || o.Book == q.Book)
	}
	n := len(list)
	if q.After.IsZero() {
		for _, o := range d.list() {
			if fits(o.Order) && !slices.ContainsFunc(list[:n], func(s pitwall.OrderState) bool { return s.ID == o.ID }) { // sent, and not told to have been
				list = append(list, o.state(d.cfg.World()))
			}
		}
	}
	if !q.Open && len(list) == n && (q.ID != "" && n == 0 || !q.After.IsZero()) {
		d.mu.Lock()
		for _, s := range d.ended {
			if fits(s.Order) && (q.After.IsZero() || !s.Updated.Before(q.After)) {
				if list = append(list, s); q.ID != "" {
					list = list[len(list)-1:] // the newest under this id
				}
			}
		}
		d.mu.Unlock()
	}
	if q.ID != "" && len(list) > 0 {
		err = nil
	}
	return list, err
}

// Fills implements pitwall.Broker.
func (d *Desk) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return d.cfg.Broker.Fills(ctx, since)
}

// Account implements pitwall.Broker.
func (d *Desk) Account(ctx context.Context, book string) (pitwall.Account, error) {
	return d.cfg.Broker.Account(ctx, book)
}
