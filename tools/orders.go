package tools

import (
	"context"
	"fmt"
	"strconv"

	"pitwall"
)

func addOrders(s *Set) {
	add(s, Tool{Name: "orders_submit", Title: "Submit an order", Effect: Change, Destructive: true,
		Description: "Buy or sell. Give exactly one of qty (units), notional (money) or target_percent (the position as percent of equity, without side; 0 closes it, below 0 is short). " +
			"market fills at the next bar's open, limit at its limit or better, stop at market once the price reaches it, trailing_stop follows by trail or trail_percent. " +
			"Exits: take_profit and stop_loss (prices, or _percent from the entry's fill) are held until the entry fills, then one cancels the other. class oco puts both on what is held, without a size. The same client_order_id twice is one order."}, ordersSubmit)
	add(s, Tool{Name: "orders_cancel", Title: "Cancel an order", Effect: Change, Destructive: true, Idempotent: true,
		Description: "Cancel an open order and the exits that wait for it."}, ordersCancel)
	add(s, Tool{Name: "orders_modify", Title: "Change an order", Effect: Change, Destructive: true, Idempotent: true,
		Description: "Change the quantity (new total), limit, stop, trail or tif of an open order; of an exit (id ending in .tp or .sl) its price."}, ordersModify)
	add(s, Tool{Name: "orders_open_orders", Title: "Open orders", Idempotent: true,
		Description: "Orders that can still trade, exits included (held = waits for its entry)."}, ordersOpen)
	add(s, Tool{Name: "orders_status", Title: "Order status", Idempotent: true,
		Description: "One order's state: filled quantity, average price, fees, and why it was rejected."}, ordersStatus)
}

type submitIn struct {
	Symbol        string            `json:"symbol"`
	Side          pitwall.Side      `json:"side,omitempty"`
	Qty           *pitwall.Dec      `json:"qty,omitempty"`
	Notional      *pitwall.Dec      `json:"notional,omitempty"`
	TargetPercent *pitwall.Dec      `json:"target_percent,omitempty" jsonschema:"50 = half of equity"`
	Type          pitwall.OrderType `json:"type,omitempty" jsonschema:"default market"`
	Limit         pitwall.Dec       `json:"limit,omitempty"`
	Stop          pitwall.Dec       `json:"stop,omitempty"`
	Trail         pitwall.Dec       `json:"trail,omitempty" jsonschema:"distance in money"`
	TrailPercent  pitwall.Dec       `json:"trail_percent,omitempty"`
	TIF           pitwall.TIF       `json:"tif,omitempty" jsonschema:"default day; crypto ioc or gtc"`
	GoodTill      string            `json:"good_till,omitempty" jsonschema:"of gtd; a date is its session's close"`

	Class            pitwall.Class `json:"class,omitempty" jsonschema:"oco for what is held, else by the exits"`
	TakeProfit       *pitwall.Dec  `json:"take_profit,omitempty"`
	TakePercent      *pitwall.Dec  `json:"take_profit_percent,omitempty"`
	StopLoss         *pitwall.Dec  `json:"stop_loss,omitempty"`
	StopPercent      *pitwall.Dec  `json:"stop_loss_percent,omitempty"`
	StopLimit        *pitwall.Dec  `json:"stop_loss_limit,omitempty" jsonschema:"makes it a stop_limit"`
	StopTrailPercent *pitwall.Dec  `json:"stop_loss_trail_percent,omitempty" jsonschema:"makes it a trailing stop"`

	ReduceOnly    bool     `json:"reduce_only,omitempty" jsonschema:"never open or flip"`
	Group         string   `json:"group,omitempty" jsonschema:"the first fill cancels the others of the group"`
	ClientOrderID string   `json:"client_order_id,omitempty" jsonschema:"makes a repeat safe"`
	Reason        string   `json:"reason,omitempty"`
	Confidence    *float64 `json:"confidence,omitempty" jsonschema:"0 to 1"`
}

// legs are the exits that a caller gave.
func (in *submitIn) legs() []pitwall.Leg {
	var legs []pitwall.Leg
	if in.TakeProfit != nil || in.TakePercent != nil {
		legs = append(legs, pitwall.Leg{Role: pitwall.TakeProfit, Limit: value(in.TakeProfit), Percent: value(in.TakePercent)})
	}
	if in.StopLoss != nil || in.StopPercent != nil || in.StopLimit != nil || in.StopTrailPercent != nil {
		legs = append(legs, pitwall.Leg{Role: pitwall.StopLoss, Stop: value(in.StopLoss), Percent: value(in.StopPercent), Limit: value(in.StopLimit), TrailPercent: value(in.StopTrailPercent)})
	}
	return legs
}

// order returns the order that a caller asked for, with defaults, before it is
// sized.
func (in *submitIn) order(ctx context.Context, w *pitwall.World) pitwall.Order {
	o := pitwall.Order{ID: in.ClientOrderID, Symbol: in.Symbol, Side: in.Side, Type: in.Type, Class: in.Class, Limit: in.Limit, Stop: in.Stop, Trail: in.Trail, TrailPercent: in.TrailPercent, TIF: in.TIF,
		Legs: in.legs(), ReduceOnly: in.ReduceOnly, Group: in.Group, By: pitwall.CallerFrom(ctx), Reason: in.Reason, Confidence: in.Confidence}
	if in.Qty == nil {
		o.Sizing = &pitwall.Sizing{Asked: sizingText(*in), ReduceOnly: in.ReduceOnly}
	}
	if i, err := w.Instruments.Instrument(in.Symbol); err == nil && o.TIF == "" {
		o.TIF = i.DefaultTIF(o)
	}
	return o.WithDefaults()
}

// value is an optional number, 0 when it was not given.
func value(d *pitwall.Dec) pitwall.Dec {
	if d == nil {
		return 0
	}
	return *d
}

type submitOut struct {
	Sent   bool            `json:"sent"`
	Order  *orderView      `json:"order,omitempty"`
	Exits  []exitView      `json:"exits,omitempty"`
	Sizing *pitwall.Sizing `json:"sizing,omitempty"`
	Note   string          `json:"note,omitempty"`
}

func (o submitOut) text(*pitwall.World) string {
	var t text
	t.pairs("sent", o.Sent)
	if o.Order != nil {
		t.orders("order", []orderView{*o.Order})
	}
	t.exits(o.Exits)
	if s := o.Sizing; s != nil && s.Price != 0 {
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
	o := in.order(ctx, w)
	if err := checkSubmit(w, in, o); err != nil {
		return submitOut{}, err
	}
	in.TIF = o.TIF
	var err error
	if o.GoodTill, err = goodTill(w, in); err != nil {
		return submitOut{}, err
	}
	switch {
	case in.Qty != nil:
		o.Qty = *in.Qty
	case in.Class == pitwall.OCO:
		err = whole(ctx, w, &o)
	default:
		err = size(ctx, w, in, &o)
	}
	if err == nil && in.Class == pitwall.OCO && o.Side == "" {
		err = exitSide(ctx, w, &o)
	}
	if (err != nil || o.Qty == 0) && !sentBefore(ctx, w, o.ID) {
		return submitOut{Sizing: o.Sizing, Note: "the position is already there, as near as lots and the cash buffer allow: no order was needed"}, err
	}
	if o.ID == "" {
		o.ID = ownID + strconv.FormatInt(w.Journal.Last()+1, 10)
	}
	state, err := w.Broker.Submit(ctx, o)
	if err != nil {
		return submitOut{}, err
	}
	if err := refusal(state); err != nil {
		return submitOut{}, err
	}
	if state.Repeated && state.Status != pitwall.Awaiting {
		return submitOut{Order: new(viewOrder(w, state)), Sizing: state.Sizing, Note: "this client_order_id was used before: here is its order; nothing was sent again"}, nil
	}
	if state.Status == pitwall.Awaiting {
		return submitOut{Order: new(viewOrder(w, state)), Sizing: state.Sizing, Note: state.Note}, nil
	}
	out := submitOut{Sent: true, Order: new(viewOrder(w, state)), Sizing: state.Sizing}
	bar, err := w.Market.Last(ctx, in.Symbol)
	out.Exits = viewExits(state, bar.Close)
	if err == nil && in.Stop != 0 && (o.Side == pitwall.Buy && bar.Close >= in.Stop || o.Side == pitwall.Sell && bar.Close <= in.Stop) {
		out.Note = fmt.Sprintf("the last price %v is already past the stop %v: it triggers at the next open unless the price comes back", bar.Close, in.Stop)
	}
	if p := in.TargetPercent; p != nil && *p > 0 && *p <= pitwall.One {
		out.Note = fmt.Sprintf("target_percent %v is %v percent of equity; for a share such as 0.5 of it send 50", *p, *p)
	}
	return out, nil
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

// sentBefore reports whether the caller's id has an order already. It is asked
// only when an order cannot be sized: the account has moved since a first
// submission, and the broker then answers with that.
func sentBefore(ctx context.Context, w *pitwall.World, id string) bool {
	if id == "" {
		return false
	}
	known, err := w.Broker.Orders(ctx, pitwall.OrderQuery{ID: id})
	return err == nil && len(known) > 0
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
	ID           string      `json:"id"`
	Qty          pitwall.Dec `json:"qty,omitempty"`
	Limit        pitwall.Dec `json:"limit,omitempty"`
	Stop         pitwall.Dec `json:"stop,omitempty"`
	Trail        pitwall.Dec `json:"trail,omitempty"`
	TrailPercent pitwall.Dec `json:"trail_percent,omitempty"`
	TIF          pitwall.TIF `json:"tif,omitempty"`
	GoodTill     string      `json:"good_till,omitempty"`
}

func ordersModify(ctx context.Context, w *pitwall.World, in modifyIn) (orderOut, error) {
	c := pitwall.Change{Qty: in.Qty, Limit: in.Limit, Stop: in.Stop, Trail: in.Trail, TrailPercent: in.TrailPercent, TIF: in.TIF}
	if c == (pitwall.Change{}) && in.GoodTill == "" {
		return orderOut{}, pitwall.Errorf(pitwall.InvalidInput, "nothing to change").Hintf("give qty, limit, stop, trail, trail_percent or tif")
	}
	if in.Qty < 0 || in.Trail < 0 || in.TrailPercent < 0 {
		return orderOut{}, pitwall.Errorf(pitwall.InvalidNumber, "qty %v, trail %v, trail_percent %v", in.Qty, in.Trail, in.TrailPercent).Hintf("use numbers above 0")
	}
	var err error
	if in.GoodTill != "" {
		var known []pitwall.OrderState
		if known, err = w.Broker.Orders(ctx, pitwall.OrderQuery{ID: in.ID}); err != nil {
			return orderOut{}, err
		}
		if c.GoodTill, err = goodTill(w, submitIn{Symbol: known[0].Symbol, TIF: in.TIF, GoodTill: in.GoodTill}); err != nil {
			return orderOut{}, err
		}
	}
	state, err := w.Broker.Replace(ctx, in.ID, c)
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
