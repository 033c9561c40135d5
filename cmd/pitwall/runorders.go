package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// pastOrder is an order as it ended, or as it stands.
type pastOrder struct {
	pitwall.OrderState
	turn    int             // that submitted it; 0: none, or not known
	sent    time.Time       // when it was submitted, in the world's time
	changes []pitwall.Entry // later intents, replace and cancel, and changes that were denied
	fills   []pitwall.Fill
}

// pastOrders is what a run's journal says about orders and money.
type pastOrders struct {
	run   *pastRun
	list  []*pastOrder // in the order in which they were first seen; denied ones are separate
	by    map[string]*pastOrder
	fills []pitwall.Fill
	flows []pitwall.CashFlow
}

// orders reads the journal.
func (r *pastRun) orders() *pastOrders {
	o := &pastOrders{run: r, by: map[string]*pastOrder{}}
	for _, e := range r.Journal() {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			o.get(e.ID, e).Order = *e.Order
		case e.Kind == pitwall.EntryIntent || e.Change != nil:
			if x := o.by[e.ID]; x != nil { // else it named an order that never was
				x.changes = append(x.changes, e)
			}
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied:
			// The id of a denied order is free again: it is no key.
			o.list = append(o.list, &pastOrder{OrderState: *e.State, turn: e.Turn, sent: e.AsOf})
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			o.get(e.ID, e).OrderState = *e.State
		case e.Kind == pitwall.EntryOrder && e.Note != "":
			if x := o.by[e.ID]; x != nil && len(x.changes) > 0 {
				x.changes[len(x.changes)-1].Note = e.Note // why it failed
			}
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			x := o.get(e.Fill.OrderID, e)
			x.fills = append(x.fills, *e.Fill)
			o.fills = append(o.fills, *e.Fill)
		case e.Kind == pitwall.EntryCash && e.Flow != nil:
			o.flows = append(o.flows, *e.Flow)
		}
	}
	return o
}

// get returns an order, begun with the first entry about it: its submission or, of
// a leg, its parent's.
func (o *pastOrders) get(id string, e pitwall.Entry) *pastOrder {
	x := o.by[id]
	if x == nil {
		x = &pastOrder{OrderState: pitwall.OrderState{Order: pitwall.Order{ID: id}}, turn: e.Turn, sent: e.AsOf}
		o.by[id] = x
		o.list = append(o.list, x)
	}
	return x
}

// entry follows a leg to the order that it belongs to.
func (o *pastOrders) entry(x *pastOrder) *pastOrder {
	for range 8 { // a file may hold a circle
		p := o.by[x.Parent]
		if x.Parent == "" || p == nil {
			break
		}
		x = p
	}
	return x
}

// from returns the orders that a turn sent or changed.
func (o *pastOrders) from(turn int) (list []*pastOrder) {
	for _, x := range o.list {
		if x.turn == turn || slices.ContainsFunc(x.changes, func(c pitwall.Entry) bool { return c.Turn == turn }) {
			list = append(list, x)
		}
	}
	return list
}

// asked says what an order asked for.
func asked(o pitwall.OrderState) string {
	s := fmt.Sprintf("%s %v %s %s", o.Side, o.Qty, o.Symbol, o.Type)
	stop := o.Stop
	if o.Trigger != 0 { // as it stands: a trailing stop's moves, one in percent is found at the fill
		stop = o.Trigger
	}
	switch {
	case o.Type == pitwall.LimitOrder:
		s += fmt.Sprintf(" at %v", o.Limit.Round(4))
	case stop != 0 && o.Limit != 0:
		s += fmt.Sprintf(" at %v, limit %v,", stop.Round(4), o.Limit.Round(4))
	case stop != 0:
		s += fmt.Sprintf(" at %v", stop.Round(4))
	}
	if o.Trail != 0 {
		s += fmt.Sprintf(" trailing by %v", o.Trail.Round(4))
	}
	if o.TrailPercent != 0 {
		s += fmt.Sprintf(" trailing by %v %%", o.TrailPercent)
	}
	for _, word := range []string{string(o.Class), string(o.TIF), string(o.Role)} {
		if word != "" && word != string(pitwall.Simple) {
			s += " " + word
		}
	}
	return s
}

// became says what became of an order.
func became(x *pastOrder) string {
	s := string(x.Status)
	if s == "" {
		s = "sent, no answer in the journal"
	}
	if x.Filled != 0 {
		s = fmt.Sprintf("%s %v at %v, fees %v", strings.ReplaceAll(s, "_", " "), x.Filled, x.AvgPrice.Round(4), x.Fees.Round(2))
	}
	switch {
	case x.Status == pitwall.Canceled || x.Status == pitwall.Expired:
		s += " " + stamp(x.Updated)
	case x.Status == pitwall.Working && x.Filled == 0:
		s += ", no fill"
	}
	if x.Error != nil {
		s += ": " + string(x.Error.Code) + " " + x.Error.Message
	}
	if x.Note != "" {
		s += "; " + x.Note
	}
	return s
}

// bought says what a fill did.
func bought(f pitwall.Fill) string {
	s := fmt.Sprintf("%s %v at %v, fee %v", f.Side, f.Qty, f.Price.Round(4), f.Fee.Round(2))
	if f.Slippage != 0 {
		s += fmt.Sprintf(", slippage %v", f.Slippage.Round(2))
	}
	if f.Rule != "" {
		s += "; rule " + f.Rule
	}
	return s
}

// stamp is a time in the zone of its exchange.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04") }

// asOf is a record's time as stamp writes it.
func asOf(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return stamp(t)
	}
	return text
}
