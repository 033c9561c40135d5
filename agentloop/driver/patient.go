package driver

import (
	"context"
	"time"

	"pitwall"
)

// patient is what a world on the live clock sees of its broker: a read without an answer
// is asked again until there is one, the run is stopped or the caller gives up, so that a
// lost connection makes a turn wait and does not end the run. Orders pass as they are.
type patient struct {
	guard pitwall.Broker
	p     *LiveSession
}

// askAgain is how long after a failed read the broker is asked again.
const askAgain = 5 * time.Second

// until repeats a read while the broker does not answer.
func (b patient) until(ctx context.Context, read func() error) error {
	for {
		err := read()
		if err == nil || !b.p.transient(ctx, err) {
			return err
		}
		select {
		case <-b.p.stop:
			return err
		default:
		}
		if b.p.Wait(ctx, b.p.Live.Now().Add(askAgain)) != nil {
			return err
		}
	}
}

// Submit implements pitwall.Broker.
func (b patient) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	return b.guard.Submit(ctx, o)
}

// Replace implements pitwall.Broker.
func (b patient) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	return b.guard.Replace(ctx, id, c)
}

// Cancel implements pitwall.Broker.
func (b patient) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	return b.guard.Cancel(ctx, id)
}

// Orders implements pitwall.Broker.
func (b patient) Orders(ctx context.Context, q pitwall.OrderQuery) (list []pitwall.OrderState, err error) {
	err = b.until(ctx, func() (err error) {
		list, err = b.guard.Orders(ctx, q)
		return err
	})
	return list, err
}

// Fills implements pitwall.Broker.
func (b patient) Fills(ctx context.Context, since pitwall.Cursor) (list []pitwall.Fill, next pitwall.Cursor, err error) {
	err = b.until(ctx, func() (err error) {
		list, next, err = b.guard.Fills(ctx, since)
		return err
	})
	return list, next, err
}

// Account implements pitwall.Broker.
func (b patient) Account(ctx context.Context, book string) (a pitwall.Account, err error) {
	err = b.until(ctx, func() (err error) {
		a, err = b.guard.Account(ctx, book)
		return err
	})
	return a, err
}
