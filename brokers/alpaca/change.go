package alpaca

import (
	"context"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
)

// Cancel implements pitwall.Broker. Canceling one exit of a bracket or OCO order cancels
// the other too: Alpaca ends the whole group.
func (b *Broker) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	ctx, stop := context.WithTimeout(ctx, b.patience())
	defer stop()
	a, s, err := b.open(ctx, id)
	if err != nil || s.Status == pitwall.Canceled {
		return s, err
	}
	err = b.client(ctx).CancelOrder(a.ID)
	what, why := judge(err)
	for wait := time.Duration(0); ; wait = min(2*wait+b.cfg.PollEvery/4, 4*b.cfg.PollEvery) {
		if b.cfg.Sleep(ctx, wait) != nil {
			break
		}
		if a, err = b.current(ctx, id); err != nil {
			return s, err
		}
		if s = b.shown(id, *a); !s.Status.Open() || wait >= 4*b.cfg.PollEvery {
			break
		}
	}
	switch {
	case s.Status == pitwall.Canceled:
		return s, nil
	case !s.Status.Open():
		return pitwall.OrderState{}, closed(s)
	case what != done:
		return s, pitwall.Errorf(pitwall.Timeout, "Alpaca did not cancel order %s: %s", id, why).Hintf("cancel it again")
	}
	s.Note = "cancel asked for; it may still fill"
	return s, nil
}

func closed(s pitwall.OrderState) error {
	return pitwall.Errorf(pitwall.OrderClosed, "order %s is %s", s.ID, s.Status)
}

// open returns an order that can be changed: Alpaca's and ours, or why it cannot. A
// canceled one is returned without an error.
func (b *Broker) open(ctx context.Context, id string) (*sdk.Order, pitwall.OrderState, error) {
	if r := b.known(id); r != nil {
		r.mu.Lock()
		s, err := b.resolve(ctx, r)
		r.mu.Unlock()
		if err == nil && s.Status == pitwall.Unknown && r.asked.ID != "" {
			err = s.Error
		}
		if err == nil && s.Status == pitwall.Rejected {
			err = closed(s)
		}
		if err != nil {
			return nil, s, err
		}
	}
	a, err := b.current(ctx, id)
	if err != nil {
		return nil, pitwall.OrderState{}, err
	}
	s := b.shown(id, *a)
	if !s.Status.Open() && s.Status != pitwall.Canceled {
		return nil, s, closed(s)
	}
	return a, s, nil
}

// Replace implements pitwall.Broker. Alpaca makes a new order in the place of the old one;
// here both are the order of one id. Repeating a change that has been made changes nothing.
func (b *Broker) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	ctx, stop := context.WithTimeout(ctx, b.patience())
	defer stop()
	a, s, err := b.open(ctx, id)
	if err == nil && s.Status == pitwall.Canceled {
		err = closed(s)
	}
	if err != nil {
		return pitwall.OrderState{}, err
	}
	q, note, e := b.toChange(s, c)
	if e != nil {
		return pitwall.OrderState{}, e
	}
	if q == (sdk.ReplaceOrderRequest{}) {
		return s, nil
	}
	q.ClientOrderID = b.nextClientID(id, a)
	for round := range 2 {
		_, err = b.client(ctx).ReplaceOrder(a.ID, q)
		what, why := judge(err)
		if what == mayBe || what == twice {
			found, absent := b.lookFor(ctx, q.ClientOrderID, b.cfg.PollEvery)
			if found != nil {
				what = done
			} else if absent && round == 0 {
				continue
			}
		}
		switch what {
		case done:
			return b.changed(ctx, id, note)
		case no, notFound:
			return pitwall.OrderState{}, pitwall.Errorf(codeOf(err), "Alpaca: %s", why)
		}
		break
	}
	return pitwall.OrderState{}, pitwall.Errorf(pitwall.Timeout, "Alpaca has not answered for the change of order %s: it may or may not be made", id).Hintf("read orders_status before the next change")
}

// changed is an order after its replacement was taken.
func (b *Broker) changed(ctx context.Context, id, note string) (pitwall.OrderState, error) {
	a, err := b.current(ctx, id)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	s := b.shown(id, *a)
	s.Note = note
	return s, nil
}

// toChange writes a change for Alpaca with a note of rounded prices, or says why it is not
// taken. What the order has already is left out; an empty one changes nothing.
func (b *Broker) toChange(s pitwall.OrderState, c pitwall.Change) (sdk.ReplaceOrderRequest, string, *pitwall.Error) {
	var q sdk.ReplaceOrderRequest
	i, ok := b.instruments[s.Symbol]
	if !ok {
		return q, "", pitwall.Errorf(pitwall.NotTradable, "%s cannot be traded in this world", s.Symbol)
	}
	o, e := s.CheckChange(c, i, 0, b.cfg.Now())
	if e == nil && s.Parent == "" {
		e = checkTaken(o, i)
	}
	switch {
	case e != nil:
		return q, "", e
	case s.Status == pitwall.PartiallyFilled:
		return q, "", pitwall.Errorf(pitwall.Unsupported, "order %s is filled in part, %v of %v: which quantity Alpaca keeps then is not documented", s.ID, s.Filled, s.Qty).Hintf("cancel it and send the rest as a new order")
	case c.TrailPercent != 0 && s.TrailPercent == 0 || c.Trail != 0 && s.Trail == 0:
		return q, "", pitwall.Errorf(pitwall.Unsupported, "Alpaca does not change a trail into a percentage or back").Hintf("cancel it and send a new order")
	}
	o.Legs = nil
	note := roundPrices(&o, i)
	if o.Qty != s.Qty {
		q.Qty = decimals(o.Qty)
	}
	if o.Limit != s.Limit {
		q.LimitPrice = decimals(o.Limit)
	}
	if o.Stop != s.Stop {
		q.StopPrice = decimals(o.Stop)
	}
	if o.Trail != s.Trail || o.TrailPercent != s.TrailPercent {
		q.Trail = decimals(o.Trail + o.TrailPercent)
	}
	if o.TIF != s.TIF {
		q.TimeInForce = sdk.TimeInForce(o.TIF)
	}
	return q, note, nil
}
