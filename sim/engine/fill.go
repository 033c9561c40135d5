package engine

import (
	"pitwall"
)

// execute trades at most free units of an order at a quoted price: what the
// volume share allows, slippage for takers, the second test of buying power, the
// ledger, the log, then what hangs on the order.
func (e *Engine) execute(n *order, q quote, m moment, free pitwall.Dec) error {
	if (n.Type == Stop || n.Type == Trailing) && !n.triggered {
		e.trigger(n, n.bar)
	}
	b := &e.books[n.Book]
	qty := min(free, e.volume(n.Sym, n.bar))
	if n.ReduceOnly {
		held := b.Positions[n.Sym].Qty
		if held*pitwall.Dec(n.Side) >= 0 {
			if n.unarmed == 0 {
				e.end(n.slot, Canceled, e.gone(n))
			}
			return nil
		}
		free = min(free, held.Abs())
		qty = min(qty, free)
	}
	if qty <= 0 || n.TIF == FOK && qty < n.left() || q.price == 0 && !e.d.cols[n.Sym].future {
		return nil // rule 15: nothing left of this bar's volume; the order rests. At 0 only futures trade
	}
	e.enough(n)
	var a pitwall.Calc
	price := q.price
	if q.taker {
		price = e.slipped(&a, n, q.price, qty)
	}
	notional := e.notional(&a, n.Sym, qty, price)
	fee := e.costs.Fee(&a, pitwall.Traded{Qty: n.filled, Notional: n.spent}, qty, notional, !q.taker)
	slip := e.notional(&a, n.Sym, qty, (price - q.price).Abs())
	spent, fees := a.Add(n.spent, notional), a.Add(n.fees, fee)
	if a.Err == nil {
		if err := e.affords(&a, n, b, qty, price, notional, fee); err != nil {
			e.end(n.slot, Rejected, err)
			return nil
		}
	}
	if a.Err != nil {
		e.end(n.slot, Rejected, pitwall.Errorf(pitwall.InvalidNumber, "%v %s at %v: %v", qty, e.name(n.Sym), price, a.Err))
		return nil
	}
	gain, err := e.trade(b, n.Sym, n.Side, qty, notional, fee, price)
	if err != nil {
		e.end(n.slot, Rejected, pitwall.Errorf(pitwall.InvalidNumber, "posting %v %s at %v: %v", qty, e.name(n.Sym), price, err))
		return nil
	}
	e.syms[n.Sym].volume -= qty
	e.syms[n.Sym].taken += qty
	n.filled, n.spent, n.fees = n.filled+qty, spent, fees
	e.events = append(e.events, Event{Kind: FillEvent, Rule: q.rule, Maker: !q.taker, AtOpen: m == atOpen, Book: n.Book, Num: n.num, Sym: n.Sym, Bar: n.bar, Time: e.when,
		Qty: qty, Filled: n.filled, Price: price, Fee: fee, Ref: q.price, Slip: slip, Gain: gain, Capped: free - qty})
	if b.terms.SettleDays > 0 && n.Side == Sell && !b.margin {
		if in := notional - fee; in > 0 {
			b.Unsettled += in
			e.settle = append(e.settle, unsettled{n.Book, n.Sym, in, b.terms.SettleDays})
		}
	}
	return e.filled(n, q, m, qty, price)
}

// slipped is a taker's price: never beyond the order's own limit (rule 16).
func (e *Engine) slipped(a *pitwall.Calc, n *order, ref, qty pitwall.Dec) pitwall.Dec {
	side := pitwall.Buy
	if n.Side == Sell {
		side = pitwall.Sell
	}
	part := pitwall.Dec(0)
	if e.costs.Impact != 0 {
		part = e.part(n, qty)
	}
	price := e.costs.Slip(a, side, ref, part)
	switch {
	case n.Type != Limit && n.Type != StopLimit:
	case n.Side == Buy:
		price = min(price, n.Limit)
	default:
		price = max(price, n.Limit)
	}
	return price
}

// filled brings an order's state, its legs and its siblings up to a fill.
func (e *Engine) filled(n *order, q quote, m moment, qty, price pitwall.Dec) error {
	b := &e.books[n.Book]
	left := n.Qty - n.filled
	if left > 0 {
		n.status = Partial
		var a pitwall.Calc
		held := a.MulDiv(n.reserve, left, left+qty)
		b.Reserved += held - n.reserve
		n.reserve = held
		e.emit(n)
	}
	sibling, parent, group := n.sibling, n.parent, n.Group
	if n.role == 0 && n.legs != [2]int32{-1, -1} {
		e.arm(n.slot, qty, price, n.entered(q, m), n.bar)
	}
	if parent >= 0 && e.orders[parent].Type == Pair {
		e.orders[parent].filled += qty
		e.emit(&e.orders[parent])
	}
	legs := n.legs
	fresh := n.role == 0
	how, num := n.entered(q, m), n.num
	book, sym := n.Book, n.Sym
	if left == 0 {
		e.end(n.slot, Filled, nil)
	}
	if sibling >= 0 {
		e.shrink(sibling, qty)
	}
	if group != 0 {
		e.cancelGroup(group, book, num)
	}
	e.nothingLeft(book, sym)
	if fresh && (how == byLimit || how == byStop || how == byTest) {
		for i := 1; i >= 0; i-- { // the stop first: the worse case
			if k := legs[i]; k >= 0 {
				if err := e.prove(&e.orders[k], q.price); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// entered says where in its bar an order filled.
func (n *order) entered(q quote, m moment) how {
	switch {
	case q.rule == PathLimit || q.rule == PathStop:
		return byPath
	case m == atOpen:
		return byOpen
	case m == atClose:
		return byClose
	case m == onStop && q.rule != StopLimitClose:
		return byStop
	case n.Type == Limit || n.Type == StopLimit && (q.rule == LimitThrough || q.rule == LimitTouched):
		return byLimit
	}
	return byTest
}

// volume is what all orders together may still trade of a symbol's bar.
func (e *Engine) volume(sym, bar int32) pitwall.Dec {
	y := &e.syms[sym]
	if y.volumeAt == bar {
		return y.volume
	}
	y.volumeAt, y.volume, y.taken = bar, e.cap(sym, bar), 0
	return y.volume
}

// cap is rule 15's share of a bar in whole lots.
func (e *Engine) cap(sym, bar int32) pitwall.Dec {
	c := &e.d.cols[sym]
	v := c.Volume[bar]
	if v == 0 {
		return 0
	}
	if e.rules.VolumeShare == pitwall.NoVolumeLimit || v == pitwall.NoVolume {
		return pitwall.MaxDec
	}
	whole, err := pitwall.FromFloat(v)
	if err != nil {
		return pitwall.MaxDec // more than 92 billion units: no order reaches it
	}
	share, err := whole.Mul(e.rules.VolumeShare)
	if err != nil {
		return pitwall.MaxDec
	}
	return share.Floor(c.Instrument.Lot)
}

// part is the part of its bar's volume that is taken with an order, for the
// impact model: all fills of the bar count. 0 without a volume.
func (e *Engine) part(n *order, qty pitwall.Dec) pitwall.Dec {
	volume, err := pitwall.FromFloat(e.d.cols[n.Sym].Volume[n.bar])
	if err != nil || volume <= 0 {
		return 0
	}
	part, err := (e.syms[n.Sym].taken + qty).Div(volume)
	if err != nil {
		return 0
	}
	return part
}

func (e *Engine) gone(n *order) *pitwall.Error {
	return pitwall.Errorf(pitwall.ReduceOnly, "the position of %s that it was to reduce is gone", e.name(n.Sym))
}
