package alpaca

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
)

// polls is how often Alpaca must answer that it does not have a client_order_id before
// the same order is sent again.
const polls = 3

// resend is how long after its first request an order may be sent again: what was decided
// longer ago was decided at other prices.
const resend = 2 * time.Minute

// Submit implements pitwall.Broker. An order that got no answer is UNKNOWN: it is looked
// for by its client_order_id, and sent again, under the same id, only after Alpaca has
// answered three times that it does not have it, and not after two minutes. If the first one arrives all the
// same, Alpaca refuses the second as a duplicate.
func (b *Broker) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if o.TIF == "" {
		o.TIF = b.instruments[o.Symbol].DefaultTIF(o)
	}
	o = o.WithDefaults()
	if o.ID == "" {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.InvalidInput, "an order needs an id")
	}
	o.Legs = slices.Clone(o.Legs)
	for i := range o.Legs {
		o.Legs[i].ID = pitwall.LegID(o.ID, o.Legs[i].Role)
	}
	r := b.record(o.ID)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stage != fresh && !r.asked.SameAs(o) {
		return pitwall.OrderState{}, conflict(r.asked, r.stage)
	}
	switch r.stage {
	case refused:
		s := r.local
		s.Repeated = true
		return s, nil
	case placed:
		s, err := b.state(ctx, r)
		s.Repeated = true
		return s, err
	}
	if err := ctx.Err(); err != nil {
		return pitwall.OrderState{}, err
	}
	i, err := b.tradable(ctx, o)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	request, note, e := b.toRequest(o, i)
	if e == nil && o.ReduceOnly && r.stage == fresh {
		var err error
		if e, err = b.checkReduces(ctx, o); err != nil {
			return pitwall.OrderState{}, err
		}
	}
	again := r.stage == unknown
	if !again {
		r.asked, r.note = o, note
		r.local = pitwall.OrderState{Order: o, Status: pitwall.Unknown, Accepted: b.cfg.Now(), Updated: b.cfg.Now(), Note: note}
	}
	if e != nil {
		return r.refuse(e), nil
	}
	ctx, stop := context.WithTimeout(ctx, b.patience())
	defer stop()
	under := r.local
	r.sending.Store(&under)
	s, err := b.place(ctx, r, request, again)
	s.Repeated = again
	return s, err
}

// tradable returns the instrument of an order. A position may be closed in a symbol that
// this broker was not opened for: what Alpaca says of it counts then.
func (b *Broker) tradable(ctx context.Context, o pitwall.Order) (pitwall.Instrument, error) {
	i, ok := b.instruments[o.Symbol]
	if ok && i.Tradable || !o.ReduceOnly {
		return i, nil
	}
	list, err := b.Instruments(ctx, []string{o.Symbol})
	if pitwall.CodeOf(err) == pitwall.UnknownSymbol {
		return i, nil
	}
	if err != nil {
		return i, err
	}
	return list[0], nil
}

// patience is how long one call may last in all: a guard that waits for it holds back
// cancels too.
func (b *Broker) patience() time.Duration { return 3 * b.cfg.Timeout }

func conflict(old pitwall.Order, at stage) error {
	return pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q was used for %s %v %s %s (%s)", old.ID, old.Side, old.Qty, old.Symbol, old.Type,
		[...]string{"not sent", "rejected", "unknown", "sent"}[at]).Hintf("use a new client_order_id for a new order, or orders_modify to change that one")
}

// refuse marks an order as rejected.
func (r *record) refuse(e *pitwall.Error) pitwall.OrderState {
	r.stage = refused
	r.local.Status, r.local.Error, r.local.Order = pitwall.Rejected, e, r.asked
	return r.local
}

// checkReduces refuses a reduce-only order for which nothing is held: Alpaca itself knows
// no such order.
func (b *Broker) checkReduces(ctx context.Context, o pitwall.Order) (*pitwall.Error, error) {
	held, err := b.held(ctx, o.Symbol)
	if err != nil {
		return nil, err
	}
	can := held
	if o.Side == pitwall.Buy {
		can = -held
	}
	if can < o.Qty {
		return pitwall.Errorf(pitwall.ReduceOnly, "%s %v %s with reduce_only; %v are held", o.Side, o.Qty, o.Symbol, held).Hintf("use a qty up to %v", max(0, can)), nil
	}
	return nil, nil
}

// place sends an order, or looks for one that was sent before.
func (b *Broker) place(ctx context.Context, r *record, q sdk.PlaceOrderRequest, sent bool) (pitwall.OrderState, error) {
	for round := 0; ; round++ {
		wait := b.cfg.PollEvery
		if !sent {
			if age := b.cfg.Now().Sub(r.local.Accepted); r.stage == unknown && age > resend {
				s := r.unanswered(b)
				s.Error.Message += fmt.Sprintf("; it was first sent %v ago and is not sent again after %v", age.Round(time.Second), resend)
				s.Error.Hint = "read orders_status until it is rejected, then decide again"
				return s, nil
			}
			got, err := b.client(ctx).PlaceOrder(q)
			if err == nil && got.ClientOrderID != q.ClientOrderID {
				err = errors.New("the answer is about order " + got.ClientOrderID)
			}
			what, why := judge(err)
			switch what {
			case done:
				return b.adopt(ctx, r, got)
			case no:
				if r.stage == unknown { // this request was refused; the one before may have arrived
					s := r.unanswered(b)
					s.Error.Message += "; it was sent again and refused: " + why
					return s, nil
				}
				return r.refuse(pitwall.Errorf(codeOf(err), "Alpaca: %s", why)), nil
			}
			r.stage, r.absent = unknown, 0
			if what == twice {
				wait = 0
			}
		}
		sent = false
		got, absent := b.lookFor(ctx, q.ClientOrderID, wait)
		switch {
		case got != nil:
			return b.adopt(ctx, r, got)
		case !absent || round > 0 || ctx.Err() != nil:
			return r.unanswered(b), nil
		}
	}
}

// unanswered is the state of an order that Alpaca may or may not have.
func (r *record) unanswered(b *Broker) pitwall.OrderState {
	r.local.Status, r.local.Updated = pitwall.Unknown, b.cfg.Now()
	r.local.Error = pitwall.Errorf(pitwall.Timeout, "Alpaca has not answered for order %s: it may or may not have it", r.asked.ID).Hintf("it counts against limits; submit it again under the same client_order_id, or read orders_status")
	return r.local
}

var (
	shortMessage = regexp.MustCompile(`(?i)short|insufficient qty`)
	moneyMessage = regexp.MustCompile(`(?i)buying power|insufficient balance`)
)

// codeOf is the code of a refusal.
func codeOf(err error) pitwall.Code {
	e, ok := errors.AsType[*sdk.APIError](err)
	switch {
	case !ok || e.StatusCode == 429:
		return pitwall.Timeout
	case e.StatusCode == 401:
		return pitwall.NotAllowed
	case e.Code == 40310000 && shortMessage.MatchString(e.Message):
		return pitwall.ShortNotAllowed
	case e.Code == 40310000 && moneyMessage.MatchString(e.Message):
		return pitwall.BuyingPower
	case e.StatusCode == 403:
		return pitwall.NotAllowed
	}
	return pitwall.InvalidInput
}

// lookFor asks for a client_order_id until Alpaca has it, or has answered polls times that
// it does not: absent. A read that failed says nothing.
func (b *Broker) lookFor(ctx context.Context, client string, wait time.Duration) (found *sdk.Order, absent bool) {
	missing := 0
	for range 2 * polls {
		if b.cfg.Sleep(ctx, wait) != nil {
			return nil, false
		}
		got, err := b.client(ctx).GetOrderByClientOrderID(client)
		switch what, _ := judge(err); what {
		case done:
			return got, false
		case notFound:
			missing++
		}
		if missing == polls {
			return nil, true
		}
		wait = min(max(2*wait, b.cfg.PollEvery), 4*b.cfg.PollEvery)
	}
	return nil, false
}

// adopt takes an order that Alpaca has for the order of a record, after a check
// that it is the same one.
func (b *Broker) adopt(ctx context.Context, r *record, got *sdk.Order) (pitwall.OrderState, error) {
	if !b.matches(r.asked, *got) {
		r.stage = fresh
		return pitwall.OrderState{}, conflict(orderOf(*got, r.asked.ID), placed)
	}
	r.stage, r.accepted, r.local.Error = placed, got.SubmittedAt, nil
	b.learn(*got, r.asked.ID)
	if got.ReplacedBy != nil {
		return b.state(ctx, r)
	}
	return b.overlay(r.asked.ID, r, *got), nil
}

// matches reports whether an order of Alpaca's is the one that was asked for.
func (b *Broker) matches(o pitwall.Order, a sdk.Order) bool {
	o.Legs = slices.Clone(o.Legs)
	roundPrices(&o, b.instruments[o.Symbol])
	have := orderOf(a, o.ID)
	if o.Type == pitwall.TrailingStop {
		have.Stop = 0 // it moves
	}
	same := have.Symbol == o.Symbol && have.Side == o.Side && have.Qty == o.Qty && have.Class == o.Class && have.TIF == o.TIF
	if o.Class == pitwall.OCO {
		return same
	}
	return same && have.Type == o.Type && have.Limit == o.Limit && have.Stop == o.Stop && have.Trail == o.Trail && have.TrailPercent == o.TrailPercent
}
