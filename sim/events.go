package sim

import (
	"context"
	"fmt"
	"strconv"

	"pitwall"
	"pitwall/sim/engine"
)

var statuses = [...]pitwall.Status{engine.Held: pitwall.Held, engine.Working: pitwall.Working, engine.Partial: pitwall.PartiallyFilled, engine.Filled: pitwall.Filled,
	engine.Canceled: pitwall.Canceled, engine.Expired: pitwall.Expired, engine.Rejected: pitwall.Rejected}

// drain turns what the engine did into states, fills and journal lines. What
// concerns only the order asked about is journaled by who asked.
func (v *Venue) drain(ctx context.Context, asked *order) error {
	for _, x := range v.engine.Events() {
		entry := pitwall.Entry{AsOf: v.now(), Book: v.books[x.Book]}
		switch x.Kind {
		case engine.OrderEvent:
			n := v.numbered(x)
			if v.update(n, x); n == asked {
				continue
			}
			state := n.OrderState
			entry.Kind, entry.ID, entry.State, entry.Cause = pitwall.EntryOrder, n.ID, &state, v.cause(n)
			if asked != nil {
				entry.Cause = pitwall.CauseFrom(ctx)
			}
		case engine.FillEvent:
			f := v.fill(x)
			v.fills = append(v.fills, f)
			entry.Kind, entry.ID, entry.Fill, entry.Cause = pitwall.EntryFill, f.OrderID, &f, v.byNum[x.Num].cause
		case engine.FlowEvent:
			f := pitwall.CashFlow{Time: v.now(), Type: x.Flow, Qty: x.Qty, Each: x.Price, Amount: x.Amount}
			if x.Sym >= 0 {
				f.Symbol = v.list[x.Sym].Instrument.Symbol
			}
			if x.Pay != 0 {
				f.Pay = v.time(x.Pay)
			}
			v.flows[x.Book] = append(v.flows[x.Book], f)
			entry.Kind, entry.Flow = pitwall.EntryCash, &f
		}
		if _, err := v.cfg.Journal.Append(ctx, entry); err != nil {
			v.failed = err // the books are ahead of the record: nothing moves any more
			return err
		}
	}
	v.engine.Drain()
	keep := v.live[:0]
	for _, n := range v.live {
		if n.Status.Open() {
			keep = append(keep, n)
		}
	}
	v.live = keep
	return nil
}

// cause returns what the newest state of an order goes back to: its submission, or
// the cancel of it or of its parent that had to wait for a bar in progress.
func (v *Venue) cause(n *order) pitwall.Cause {
	if n.Status == pitwall.Canceled {
		for o := n; o != nil && (o == n || o.Filled == 0); o = v.byID[o.Parent] {
			if o.cancel != (pitwall.Cause{}) {
				return o.cancel
			}
		}
	}
	return n.cause
}

// numbered returns the record of an engine's order; those that it makes itself
// (margin calls) get one now.
func (v *Venue) numbered(x engine.Event) *order {
	for int(x.Num) >= len(v.byNum) {
		spec, h, _ := v.engine.Find(int32(len(v.byNum)))
		for v.calls++; v.byID["call-"+strconv.Itoa(v.calls)] != nil; v.calls++ {
		}
		n := &order{OrderState: pitwall.OrderState{Order: pitwall.Order{ID: "call-" + strconv.Itoa(v.calls), Book: v.books[spec.Book], Symbol: v.list[spec.Sym].Instrument.Symbol, Side: side(spec.Side), Type: pitwall.MarketOrder,
			Class: pitwall.Simple, Qty: spec.Qty, TIF: pitwall.GTC, ReduceOnly: true, Reason: "margin call", By: pitwall.Caller{Principal: "venue"}}, Accepted: v.now()}, handle: h, sym: spec.Sym}
		n.asked = n.Order
		v.keep(n)
		v.byNum = append(v.byNum, n)
	}
	return v.byNum[x.Num]
}

// keep lists a new order.
func (v *Venue) keep(n *order) {
	v.orders = append(v.orders, n)
	v.byID[n.ID] = n
	v.live = append(v.live, n)
}

// update brings a record up to an event.
func (v *Venue) update(n *order, x engine.Event) {
	if n.Status.Open() && x.Qty != n.Qty && n.Status != pitwall.Held && n.Qty != 0 && n.Parent == "" && x.Filled == n.Filled && n.Class != pitwall.OCO {
		n.Note = fmt.Sprintf("quantity %v became %v", n.Qty, x.Qty)
	}
	n.Status, n.Qty, n.Filled, n.Fees, n.Limit, n.Trigger, n.Updated = statuses[x.Status], x.Qty, x.Filled, x.Fee, x.Price, x.Trigger, v.now()
	if n.Stop != 0 {
		n.Stop = x.Trigger
	}
	if x.Err != nil {
		n.Error = x.Err
	}
	if n.AvgPrice = 0; x.Filled > 0 {
		var a pitwall.Calc
		n.AvgPrice = a.Div(x.Spent, a.Mul(x.Filled, v.multiplier(x.Sym)))
	}
}

func (v *Venue) multiplier(sym int32) pitwall.Dec {
	if m := v.list[sym].Instrument.Multiplier; m != 0 {
		return m
	}
	return pitwall.One
}

// fill writes an execution as the vocabulary has it.
func (v *Venue) fill(x engine.Event) pitwall.Fill {
	n, bar := v.byNum[x.Num], v.list[x.Sym].Bar(int(x.Bar))
	f := pitwall.Fill{ID: "f" + strconv.Itoa(len(v.fills)+1), OrderID: n.ID, Book: n.Book, Symbol: n.Symbol, Side: n.Side, Qty: x.Qty, Price: x.Price, Fee: x.Fee,
		Reference: x.Ref, Slippage: x.Slip, Maker: x.Maker, Rule: x.Rule.Text(), Capped: x.Capped, Bar: bar.Start, Time: bar.End, Known: v.now(), Realized: x.Gain}
	if x.AtOpen {
		f.Time = f.Bar
	}
	return f
}

func side(s engine.Side) pitwall.Side {
	if s == engine.Buy {
		return pitwall.Buy
	}
	return pitwall.Sell
}
