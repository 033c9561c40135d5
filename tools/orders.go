package tools

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pitwall"
)

func addOrders(s *Set) {
	add(s, Tool{Name: "orders_submit", Title: "Submit an order", Effect: Change, Destructive: true,
		Description: "Buy or sell. Give exactly one of qty (units), notional (money) or target_percent (make the position this share of equity; 0 sells all; side not needed). " +
			"market fills at the next bar's open, limit at its limit or better, stop at market once the price reaches it, trailing_stop follows the price by trail or trail_percent. The same client_order_id twice is one order."}, ordersSubmit)
	add(s, Tool{Name: "orders_cancel", Title: "Cancel an order", Effect: Change, Destructive: true, Idempotent: true,
		Description: "Cancel an open order."}, ordersCancel)
	add(s, Tool{Name: "orders_modify", Title: "Change an order", Effect: Change, Destructive: true, Idempotent: true,
		Description: "Change the quantity (new total), limit, stop, trail or tif of an open order."}, ordersModify)
	add(s, Tool{Name: "orders_open_orders", Title: "Open orders", Idempotent: true,
		Description: "Orders that can still trade."}, ordersOpen)
	add(s, Tool{Name: "orders_status", Title: "Order status", Idempotent: true,
		Description: "One order's state: filled quantity, average price, fees, and why it was rejected."}, ordersStatus)
}

type submitIn struct {
	Symbol        string            `json:"symbol"`
	Side          pitwall.Side      `json:"side,omitempty"`
	Qty           *pitwall.Dec      `json:"qty,omitempty"`
	Notional      *pitwall.Dec      `json:"notional,omitempty" jsonschema:"money to spend or raise"`
	TargetPercent *pitwall.Dec      `json:"target_percent,omitempty" jsonschema:"0 to 100, percent of equity"`
	Type          pitwall.OrderType `json:"type,omitempty" jsonschema:"default market"`
	Limit         pitwall.Dec       `json:"limit,omitempty" jsonschema:"limit price"`
	Stop          pitwall.Dec       `json:"stop,omitempty" jsonschema:"stop price"`
	Trail         pitwall.Dec       `json:"trail,omitempty" jsonschema:"distance in money"`
	TrailPercent  pitwall.Dec       `json:"trail_percent,omitempty"`
	TIF           pitwall.TIF       `json:"tif,omitempty" jsonschema:"default day"`
	ClientOrderID string            `json:"client_order_id,omitempty" jsonschema:"your id: makes a repeated call safe"`
	Reason        string            `json:"reason,omitempty" jsonschema:"why, for the record"`
	Confidence    *float64          `json:"confidence,omitempty" jsonschema:"0 to 1"`
}

type submitOut struct {
	Sent   bool            `json:"sent"`
	Order  *orderView      `json:"order,omitempty"`
	Sizing *pitwall.Sizing `json:"sizing,omitempty"`
	Note   string          `json:"note,omitempty"`
}

func (o submitOut) text(*pitwall.World) string {
	var t text
	t.pairs("sent", o.Sent)
	if o.Order != nil {
		t.orders("order", []orderView{*o.Order})
	}
	if s := o.Sizing; s != nil {
		t.pairs("sized_from", s.Asked, "price", s.Price, "equity", s.Equity, "cash_buffer", s.CashBuffer)
		if s.Limited != "" {
			t.pairs("limited_by", s.Limited)
		}
	}
	if o.Note != "" {
		t.pairs("note", o.Note)
	}
	return t.String()
}

// maxText bounds what a caller may put on the record with one order.
const maxText = 4000

func ordersSubmit(ctx context.Context, w *pitwall.World, in submitIn) (submitOut, error) {
	if err := checkSubmit(w, &in); err != nil {
		return submitOut{}, err
	}
	o := pitwall.Order{ID: in.ClientOrderID, Book: pitwall.MainBook, Symbol: in.Symbol, Side: in.Side, Type: in.Type, Class: pitwall.Simple, Limit: in.Limit, Stop: in.Stop, Trail: in.Trail, TrailPercent: in.TrailPercent, TIF: in.TIF,
		By: pitwall.CallerFrom(ctx), Reason: in.Reason, Confidence: in.Confidence}
	if old, ok := repeated(ctx, w, in); ok {
		if err := refusal(old); err != nil {
			return submitOut{}, err
		}
		return again(w, old), nil
	}
	if in.Qty != nil {
		o.Qty = *in.Qty
	} else if err := size(ctx, w, in, &o); err != nil {
		return submitOut{}, err
	}
	if o.Qty == 0 {
		return submitOut{Sizing: o.Sizing, Note: "the position is already there, as near as lots and the cash buffer allow: no order was needed"}, nil
	}
	if o.ID == "" {
		o.ID = ownID + strconv.FormatInt(w.Journal.Last()+1, 10)
	}
	before, err := w.Broker.Orders(ctx, pitwall.OrderQuery{ID: o.ID})
	known := err == nil && len(before) > 0 // an unknown id is an error of Orders
	state, err := w.Broker.Submit(ctx, o)
	if err != nil {
		return submitOut{}, err
	}
	if err := refusal(state); err != nil {
		return submitOut{}, err
	}
	if known {
		return again(w, state), nil
	}
	v := viewOrder(w, state)
	out := submitOut{Sent: true, Order: &v, Sizing: state.Sizing}
	if p := in.TargetPercent; p != nil && *p > 0 && *p <= pitwall.One {
		out.Note = fmt.Sprintf("target_percent %v is %v percent of equity; for a share such as 0.5 of it send 50", *p, *p)
	}
	return out, nil
}

// again is the answer to an order that is there already.
func again(w *pitwall.World, o pitwall.OrderState) submitOut {
	v := viewOrder(w, o)
	return submitOut{Order: &v, Sizing: o.Sizing, Note: "this client_order_id was used before: this is the order of then, nothing was sent again"}
}

// ownID begins the ids that Pitwall gives: callers' ids may not, so that an id
// to come never meets one that is there.
const ownID = "o-"

// refusal is a rejected or denied order as the error that it is for the caller.
func refusal(o pitwall.OrderState) error {
	if o.Status != pitwall.Rejected && o.Status != pitwall.Denied || o.Error == nil {
		return nil
	}
	e := *o.Error
	e.Message = string(o.Status) + ": " + e.Message
	return &e
}

// checkSubmit validates everything that needs no account, and sets defaults.
func checkSubmit(w *pitwall.World, in *submitIn) error {
	given := 0
	for _, q := range []*pitwall.Dec{in.Qty, in.Notional, in.TargetPercent} {
		if q != nil {
			given++
		}
	}
	i, err := w.Instruments.Instrument(in.Symbol)
	switch {
	case err != nil:
		return err
	case !i.Tradable:
		return pitwall.Errorf(pitwall.NotTradable, "%s can be watched here, not traded", in.Symbol).Hintf("market_last_price without symbols says what may be traded")
	case given != 1:
		return pitwall.Errorf(pitwall.InvalidInput, "%d of qty, notional and target_percent are given", given).Hintf("give exactly one")
	case in.TargetPercent == nil && in.Side == "":
		return pitwall.Errorf(pitwall.InvalidInput, "side is missing").Hintf("use buy or sell, or target_percent")
	case in.TargetPercent != nil && in.Side != "":
		return pitwall.Errorf(pitwall.InvalidInput, "side and target_percent are both given").Hintf("target_percent finds the side itself")
	case in.TargetPercent != nil && (*in.TargetPercent < 0 || *in.TargetPercent > pitwall.Int(100)):
		return pitwall.Errorf(pitwall.InvalidNumber, "target_percent is %v", *in.TargetPercent).Hintf("use 0 to 100: this account neither shorts nor borrows")
	case in.Qty != nil && *in.Qty <= 0:
		return pitwall.Errorf(pitwall.InvalidNumber, "qty %v is not a finite number > 0", *in.Qty).Hintf("say sell with a positive qty")
	case in.Notional != nil && *in.Notional <= 0:
		return pitwall.Errorf(pitwall.InvalidNumber, "notional %v is not a finite number > 0", *in.Notional)
	case in.Confidence != nil && (*in.Confidence < 0 || *in.Confidence > 1):
		return pitwall.Errorf(pitwall.InvalidNumber, "confidence is %v", *in.Confidence).Hintf("use 0 to 1")
	case len(in.Reason) > maxText || len(in.ClientOrderID) > 64:
		return pitwall.Errorf(pitwall.InvalidInput, "reason has %d bytes and client_order_id %d", len(in.Reason), len(in.ClientOrderID)).Hintf("at most %d and 64", maxText)
	}
	if strings.HasPrefix(in.ClientOrderID, ownID) {
		return pitwall.Errorf(pitwall.InvalidInput, "client_order_id %q begins with %q, as the ids do that are given here", in.ClientOrderID, ownID).Hintf("choose another, or leave it out")
	}
	for _, r := range in.ClientOrderID {
		if r < '!' || r > '~' {
			return pitwall.Errorf(pitwall.InvalidInput, "client_order_id holds the character %q", r).Hintf("use printable ASCII without spaces")
		}
	}
	if in.Type == "" {
		in.Type = pitwall.MarketOrder
	}
	if in.TIF == "" {
		in.TIF = pitwall.Day
	}
	return checkPrices(in)
}

// checkPrices says which prices a type takes, before anything is sized by them.
func checkPrices(in *submitIn) error {
	limit := in.Type == pitwall.LimitOrder || in.Type == pitwall.StopLimit
	stop := in.Type == pitwall.StopOrder || in.Type == pitwall.StopLimit
	trails := 0
	for _, t := range []pitwall.Dec{in.Trail, in.TrailPercent} {
		if t != 0 {
			trails++
		}
	}
	if limit != (in.Limit != 0) || stop != (in.Stop != 0) || (in.Type == pitwall.TrailingStop) != (trails == 1) || trails > 1 {
		return pitwall.Errorf(pitwall.InvalidInput, "type is %s; given are limit %v, stop %v, trail %v, trail_percent %v", in.Type, in.Limit, in.Stop, in.Trail, in.TrailPercent).
			Hintf("market takes no price, limit needs a limit price, stop a stop, stop_limit both, trailing_stop one of trail and trail_percent")
	}
	for _, p := range []pitwall.Dec{in.Limit, in.Stop, in.Trail, in.TrailPercent} {
		if p < 0 {
			return pitwall.Errorf(pitwall.InvalidNumber, "a price is %v", p).Hintf("use prices above 0")
		}
	}
	return nil
}

// repeated finds an order under the caller's id whose quantity the caller left
// to sizing: the account has moved since, so sizing again would find another
// quantity and make a repeat look like a conflict.
func repeated(ctx context.Context, w *pitwall.World, in submitIn) (pitwall.OrderState, bool) {
	if in.ClientOrderID == "" || in.Qty != nil {
		return pitwall.OrderState{}, false
	}
	known, err := w.Broker.Orders(ctx, pitwall.OrderQuery{ID: in.ClientOrderID})
	if err != nil || len(known) != 1 {
		return pitwall.OrderState{}, false
	}
	o := known[0]
	return o, o.Symbol == in.Symbol && o.Type == in.Type && o.Limit == in.Limit && o.Stop == in.Stop && o.Trail == in.Trail && o.TrailPercent == in.TrailPercent && o.TIF == in.TIF && o.Sizing != nil && o.Sizing.Asked == asked(in)
}

type idIn struct {
	ID string `json:"id"`
}

type orderOut struct {
	Order  orderView `json:"order"`
	Reason string    `json:"reason,omitempty"`
}

func (o orderOut) text(*pitwall.World) string {
	var t text
	t.orders("order", []orderView{o.Order})
	if o.Reason != "" {
		t.pairs("reason", o.Reason)
	}
	return t.String()
}

func ordersCancel(ctx context.Context, w *pitwall.World, in idIn) (orderOut, error) {
	state, err := w.Broker.Cancel(ctx, in.ID)
	return orderOut{Order: viewOrder(w, state)}, err
}

type modifyIn struct {
	ID    string      `json:"id"`
	Qty   pitwall.Dec `json:"qty,omitempty"`
	Limit pitwall.Dec `json:"limit,omitempty"`
	Stop  pitwall.Dec `json:"stop,omitempty"`
	Trail pitwall.Dec `json:"trail,omitempty"`
	TIF   pitwall.TIF `json:"tif,omitempty"`
}

func ordersModify(ctx context.Context, w *pitwall.World, in modifyIn) (orderOut, error) {
	if in.Qty == 0 && in.Limit == 0 && in.Stop == 0 && in.Trail == 0 && in.TIF == "" {
		return orderOut{}, pitwall.Errorf(pitwall.InvalidInput, "nothing to change").Hintf("give qty, limit, stop, trail or tif")
	}
	if in.Qty < 0 || in.Limit < 0 || in.Stop < 0 || in.Trail < 0 {
		return orderOut{}, pitwall.Errorf(pitwall.InvalidNumber, "qty %v, limit %v, stop %v, trail %v", in.Qty, in.Limit, in.Stop, in.Trail).Hintf("use numbers above 0")
	}
	state, err := w.Broker.Replace(ctx, in.ID, pitwall.Change{Qty: in.Qty, Limit: in.Limit, Stop: in.Stop, Trail: in.Trail, TIF: in.TIF})
	return orderOut{Order: viewOrder(w, state)}, err
}

type openIn struct {
	Symbol string `json:"symbol,omitempty"`
}

type openOut struct {
	Orders []orderView `json:"orders"`
}

func (o openOut) text(*pitwall.World) string {
	var t text
	t.orders("open_orders", o.Orders)
	return t.String()
}

func ordersOpen(ctx context.Context, w *pitwall.World, in openIn) (openOut, error) {
	list, err := w.Broker.Orders(ctx, pitwall.OrderQuery{Open: true, Symbol: in.Symbol})
	return openOut{Orders: viewOrders(w, list)}, err
}

func ordersStatus(ctx context.Context, w *pitwall.World, in idIn) (orderOut, error) {
	list, err := w.Broker.Orders(ctx, pitwall.OrderQuery{ID: in.ID})
	if err != nil {
		return orderOut{}, err
	}
	if len(list) != 1 {
		return orderOut{}, pitwall.Errorf(pitwall.UnknownOrder, "there is no order %q", in.ID)
	}
	return orderOut{Order: viewOrder(w, list[0]), Reason: list[0].Reason}, nil
}
