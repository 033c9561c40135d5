package runs

import (
	"slices"
	"time"

	"pitwall"
)

// Order is an order's life in a run: as it ended, or as it stands, and how it came
// to that.
type Order struct {
	pitwall.OrderState
	Turn    int             `json:"turn"` // that submitted it; 0: none, or not known
	Sent    time.Time       `json:"sent"` // when it was submitted, in the world's time
	Fills   []pitwall.Fill  `json:"fills"`
	Changes []pitwall.Entry `json:"changes"` // later intents, replace and cancel, and changes that were denied
}

// Orders is what a journal says about orders and money.
type Orders struct {
	List  []*Order // in the order in which they were first seen
	Fills []pitwall.Fill
	Flows []pitwall.CashFlow
	byID  map[string]*Order // without denied ones
}

// OrdersOf joins the entries of a journal to orders.
func OrdersOf(journal []pitwall.Entry) *Orders {
	o := &Orders{byID: map[string]*Order{}}
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			o.get(e.ID, e).Order = *e.Order
		case e.Kind == pitwall.EntryIntent || e.Change != nil:
			if x := o.byID[e.ID]; x != nil { // else it named an order that never was
				x.Changes = append(x.Changes, e)
			}
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied:
			// The id of a denied order is free again: it is no key.
			o.List = append(o.List, begin(*e.State, e))
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			o.get(e.ID, e).OrderState = *e.State
		case e.Kind == pitwall.EntryOrder && e.Note != "":
			if x := o.byID[e.ID]; x != nil && len(x.Changes) > 0 {
				x.Changes[len(x.Changes)-1].Note = e.Note // why it failed
			}
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			x := o.get(e.Fill.OrderID, e)
			x.Fills = append(x.Fills, *e.Fill)
			o.Fills = append(o.Fills, *e.Fill)
		case e.Kind == pitwall.EntryCash && e.Flow != nil:
			o.Flows = append(o.Flows, *e.Flow)
		}
	}
	return o
}

// get returns an order, begun with the first entry about it: its submission or, of
// a leg, its parent's.
func (o *Orders) get(id string, e pitwall.Entry) *Order {
	x := o.byID[id]
	if x == nil {
		x = begin(pitwall.OrderState{Order: pitwall.Order{ID: id}}, e)
		o.byID[id] = x
		o.List = append(o.List, x)
	}
	return x
}

func begin(s pitwall.OrderState, e pitwall.Entry) *Order {
	return &Order{OrderState: s, Turn: e.Turn, Sent: e.AsOf, Fills: []pitwall.Fill{}, Changes: []pitwall.Entry{}}
}

// Entry returns the order that a leg belongs to, and other orders themselves.
func (o *Orders) Entry(x *Order) *Order {
	for range 8 { // a file may hold a circle
		p := o.byID[x.Parent]
		if x.Parent == "" || p == nil {
			break
		}
		x = p
	}
	return x
}

// ByTurn returns the orders that a turn sent or changed.
func (o *Orders) ByTurn(turn int) (list []*Order) {
	for _, x := range o.List {
		if x.Turn == turn || slices.ContainsFunc(x.Changes, func(c pitwall.Entry) bool { return c.Turn == turn }) {
			list = append(list, x)
		}
	}
	return list
}

// Symbols returns all symbols that were ordered or paid something, in order.
func (o *Orders) Symbols() (list []string) {
	for _, x := range o.List {
		list = append(list, x.Symbol)
	}
	for _, f := range o.Flows {
		list = append(list, f.Symbol)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
}
