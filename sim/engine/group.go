package engine

import (
	"math"

	"pitwall"
)

// arm makes an entry's legs live for what it filled, at a price. A pair's legs
// are armed when it is taken. bar is the bar of the fill, -1 outside one.
func (e *Engine) arm(parent int32, qty, price pitwall.Dec, at how, bar int32) {
	for _, slot := range e.orders[parent].legs {
		if slot < 0 {
			continue
		}
		n := &e.orders[slot]
		first := n.status == Held
		if first {
			e.aimLeg(n, price)
			n.status, n.armedAt = Working, e.at
			if bar < 0 { // a pair's leg, taken between bars
				n.armedAt = -1
			}
			if e.orders[parent].Type == Pair {
				n.active = e.now + int64(e.rules.Latency)
			} else {
				n.active = math.MinInt64
			}
		}
		if bar >= 0 {
			if n.freshAt != e.at {
				n.freshAt, n.fresh, n.how = e.at, 0, at
			}
			n.fresh += qty
			n.bar = bar
		}
		n.unarmed = max(0, n.unarmed-qty)
		if first {
			e.rest(slot)
		}
		e.emit(n)
		if bar >= 0 {
			e.join(slot)
		}
	}
}

// aimLeg gives a leg its prices from the price of the entry.
func (e *Engine) aimLeg(n *order, price pitwall.Dec) {
	l := n.Legs[0]
	c := &e.d.cols[n.Sym]
	if l.Percent != 0 {
		var a pitwall.Calc
		away := a.MulDiv(price.Abs(), l.Percent, pitwall.Int(100))
		if n.role == Target { // on the far side of the exit: a sale above, a buy below
			limit := c.floor(a.Sub(price, pitwall.Dec(n.Side)*away))
			n.Limit = Round(c.Instrument.TickAt(limit), n.Side, false, limit)
		} else {
			stop := c.floor(a.Add(price, pitwall.Dec(n.Side)*away))
			n.Stop = Round(c.Instrument.TickAt(stop), n.Side, true, stop)
			n.trigger = n.Stop
		}
	}
	if n.Type == Trailing {
		n.trigger = e.trailed(n, price)
	}
}

// join puts a leg among the orders of this step, in time priority, so that the
// rest of the bar can meet it.
func (e *Engine) join(slot int32) {
	for _, s := range e.work {
		if s == slot {
			return
		}
	}
	e.work = append(e.work, slot)
	w := e.work
	for k := len(w) - 1; k > 0 && e.orders[w[k]].rank < e.orders[w[k-1]].rank; k-- {
		w[k], w[k-1] = w[k-1], w[k]
	}
}

// prove fills what a leg got inside this bar, if the bar proves that its price
// came after the entry at ref (rule 8). A leg that ref is past already acts there.
func (e *Engine) prove(n *order, ref pitwall.Dec) error {
	if n.num < 0 || !n.status.Open() || n.freshAt != e.at || n.fresh <= 0 || n.left() <= 0 {
		return nil
	}
	c := &e.d.cols[n.Sym]
	free, before := min(n.fresh, n.left()), n.filled
	num := n.num
	defer func() {
		if n.num == num {
			n.fresh -= n.filled - before // what is left of it stays bound
		}
	}()
	if n.role == StopLoss {
		if n.triggered {
			return nil // by now a market order, or a limit: its next moment is the next bar
		}
		q := quote{n.trigger, true, LegProven}
		if n.reached(ref) {
			q.price = ref
		} else if !((n.how == byLimit || e.rules.Path == pitwall.Worst) && n.reached(e.stopTestPrice(n))) && !n.reached(c.Close[n.bar]) {
			return nil
		}
		if n.Type == StopLimit {
			e.trigger(n, n.bar)
			var ok bool
			if q, ok = e.touched(n, q.price); !ok {
				return nil
			}
		}
		return e.execute(n, q, onStop, free)
	}
	if e.through(n, ref) {
		return e.execute(n, quote{ref, ref != n.Limit, LegProven}, onLimit, free)
	}
	if !(n.how == byStop && e.through(n, n.limitTestPrice(c))) && !e.through(n, c.Close[n.bar]) {
		return nil
	}
	return e.execute(n, quote{n.Limit, false, LegProven}, onLimit, free)
}

// enough ends the rest of an entry when one of its exits acts.
func (e *Engine) enough(n *order) {
	if n.parent >= 0 && e.orders[n.parent].Type != Pair {
		e.end(n.parent, Canceled, pitwall.Errorf(pitwall.OrderClosed, "one of its exits acted: the rest of the entry ends"))
	}
}

// shrink takes what a leg filled off its sibling.
func (e *Engine) shrink(slot int32, qty pitwall.Dec) {
	s := &e.orders[slot]
	if s.Qty-qty <= s.filled {
		e.end(slot, Canceled, pitwall.Errorf(pitwall.OrderClosed, "the other exit filled"))
		return
	}
	s.Qty -= qty
	s.fresh = max(0, min(s.fresh, s.left()))
	e.emit(s)
}

// cancelGroup cancels the other orders of a group: at once, but for those whose
// bar is in progress elsewhere while this step's are told.
func (e *Engine) cancelGroup(group int32, book int16, but int32) {
	for again := true; again; {
		again = false
		for _, slot := range e.open {
			if o := &e.orders[slot]; o.Group == group && o.Book == book && o.num != but && (o.cancelAt == 0 || e.inStep(o.Sym)) {
				if e.inStep(o.Sym) {
					e.end(slot, Canceled, nil)
				} else {
					e.endOrWait(slot, e.when, nil)
				}
				again = true
				break
			}
		}
	}
}

// inStep reports whether the step that is being made has a bar of the symbol.
func (e *Engine) inStep(sym int32) bool {
	s := e.d.steps[e.at]
	for _, h := range e.d.hits[s.lo:s.hi] {
		if h.sym == sym {
			return true
		}
	}
	return false
}

// nothingLeft cancels the reduce-only orders of a symbol whose position is gone;
// legs whose entry may still fill wait.
func (e *Engine) nothingLeft(book int16, sym int32) {
	held := e.books[book].Positions[sym].Qty
	for again := true; again; {
		again = false
		for _, slot := range e.open {
			o := &e.orders[slot]
			if o.Book == book && o.Sym == sym && o.ReduceOnly && o.status != Held && o.unarmed == 0 && held*pitwall.Dec(o.Side) >= 0 {
				e.end(slot, Canceled, e.gone(o))
				again = true
				break
			}
		}
	}
}
