package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// This file goes from a run's orders to the turns that sent them and back. The
// journal does not know turns; fills.csv does, for what was filled, and the rest
// follows from when an order was sent and which ids a turn's answers hold.

// pastOrder is an order as it ended, or as it stands.
type pastOrder struct {
	pitwall.OrderState
	sent    time.Time       // when it was submitted, in the world's time
	changes []pitwall.Entry // later intents: replace and cancel
	fills   []pitwall.Fill
}

// pastOrders is what a run's journal says about orders and money.
type pastOrders struct {
	run   *pastRun
	list  []*pastOrder // in the order in which they were first seen; denied ones are separate
	by    map[string]*pastOrder
	fills []pitwall.Fill
	flows []pitwall.CashFlow
	turns map[string]int // of filled orders
}

// orders reads journal.jsonl and fills.csv.
func (r *pastRun) orders() *pastOrders {
	o := &pastOrders{run: r, by: map[string]*pastOrder{}, turns: map[string]int{}}
	for _, e := range r.Journal() {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			o.get(e.ID, e.AsOf).Order = *e.Order
		case e.Kind == pitwall.EntryIntent:
			x := o.get(e.ID, e.AsOf)
			x.changes = append(x.changes, e)
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied:
			// The id of a denied order is free again: it is no key.
			o.list = append(o.list, &pastOrder{OrderState: *e.State, sent: e.AsOf})
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			o.get(e.ID, e.AsOf).OrderState = *e.State
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			x := o.get(e.Fill.OrderID, e.AsOf)
			x.fills = append(x.fills, *e.Fill)
			o.fills = append(o.fills, *e.Fill)
		case e.Kind == pitwall.EntryCash && e.Flow != nil:
			o.flows = append(o.flows, *e.Flow)
		}
	}
	for _, row := range r.Rows(runs.FillsFile) {
		n, err := strconv.Atoi(row[7])
		if err == nil && n > 0 {
			o.turns[row[8]] = n
		}
	}
	return o
}

func (o *pastOrders) get(id string, at time.Time) *pastOrder {
	x := o.by[id]
	if x == nil {
		x = &pastOrder{OrderState: pitwall.OrderState{Order: pitwall.Order{ID: id}}, sent: at}
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

// turnOf finds the turn that sent an order, 0 when none did.
func (o *pastOrders) turnOf(x *pastOrder) int {
	x = o.entry(x)
	if n := o.turns[x.ID]; n > 0 && x.Status != pitwall.Denied {
		return n
	}
	for _, line := range o.run.turns {
		if line.Orders == 0 || !sameTime(line.AsOf, x.sent) {
			continue
		}
		if t, _, err := o.run.turn(line.Turn); err == nil && sentBy(t, x) {
			return line.Turn
		}
	}
	return 0
}

// from are the orders that a turn sent or changed, each with its legs.
func (o *pastOrders) from(t *agentloop.Turn) (list []*pastOrder) {
	for _, x := range o.list {
		e := o.entry(x)
		sent := o.turns[e.ID] == t.Turn && e.Status != pitwall.Denied
		if sent || sameTime(t.AsOf, e.sent) && sentBy(t, e) || slices.ContainsFunc(x.changes, func(c pitwall.Entry) bool { return sameTime(t.AsOf, c.AsOf) && sentBy(t, x) }) {
			list = append(list, x)
		}
	}
	return list
}

func sameTime(text string, at time.Time) bool {
	t, err := time.Parse(time.RFC3339, text)
	return err == nil && t.Equal(at)
}

// sentBy reports whether one of the turn's calls is about an order: its answer
// or its arguments name the id, or it asked for this very order and was refused.
func sentBy(t *agentloop.Turn, x *pastOrder) bool {
	for _, m := range t.Messages {
		for i, r := range m.Results {
			if m.Reply == nil || i >= len(m.Reply.Calls) || !agentloop.ChangesOrders(r.Name) {
				continue
			}
			args := string(m.Reply.Calls[i].Arguments)
			refused := x.Status == pitwall.Denied || x.Status == pitwall.Rejected
			if refused != r.IsError {
				continue
			}
			if refused && x.Error != nil && strings.Contains(r.Text, x.Error.Message) || hasWord(r.Text, x.ID) || hasWord(args, x.ID) {
				return true
			}
		}
	}
	return false
}

// hasWord reports whether a text holds an id as a whole.
func hasWord(text, id string) bool {
	return id != "" && slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,\n\"{}[]=", r) }), id)
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
