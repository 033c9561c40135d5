package engine

import (
	"pitwall"
)

// Change is what Replace alters; zero fields stay as they are.
type Change struct {
	Qty, Limit, Stop, Trail, TrailPercent pitwall.Dec
	TIF                                   TIF
	SetTIF                                bool
	GoodTill                              int64
}

// Replace changes a live order, or says why not and changes nothing. It keeps
// its place in time priority only if it did nothing but shrink.
func (e *Engine) Replace(h Handle, c Change) *pitwall.Error {
	n := e.get(h)
	if n == nil {
		return pitwall.Errorf(pitwall.OrderClosed, "the order has ended")
	}
	if n.cancelAt != 0 || e.underway(n, e.now) {
		return pitwall.Errorf(pitwall.NotAllowed, "a bar of %s that the order may fill in is in progress", e.name(n.Sym)).Hintf("it can be changed when that bar has ended; a cancel can be asked for now")
	}
	old, legs := *n, false
	e.lift(h.slot)
	if c.Qty != 0 {
		n.Qty = c.Qty
		for _, k := range n.legs {
			if k >= 0 {
				e.orders[k].Qty += n.Qty - old.Qty
				e.orders[k].unarmed += n.Qty - old.Qty
				legs = true
			}
		}
	}
	if c.Limit != 0 {
		n.Limit = c.Limit
	}
	if c.Stop != 0 {
		n.Stop, n.trigger, n.triggered = c.Stop, c.Stop, false
	}
	if c.Trail != 0 {
		n.Trail, n.TrailPercent, n.triggered = c.Trail, 0, false
	}
	if c.TrailPercent != 0 {
		n.Trail, n.TrailPercent, n.triggered = 0, c.TrailPercent, false
	}
	if n.Type == Trailing && (c.Trail != 0 || c.TrailPercent != 0) {
		n.trigger = e.trailed(n, e.syms[n.Sym].last)
	}
	if c.SetTIF {
		n.TIF, n.GoodTill = c.TIF, c.GoodTill
	}
	if n.role == Target && c.Limit != 0 || n.role == StopLoss && c.Stop != 0 {
		n.Legs[0].Percent = 0
	}
	if n.status != Held {
		if err := e.reserveAgain(n, &old); err != nil {
			for _, k := range n.legs {
				if k >= 0 {
					e.orders[k].Qty -= n.Qty - old.Qty
					e.orders[k].unarmed -= n.Qty - old.Qty
				}
			}
			*n = old
			n.resting = false
			if old.resting {
				e.rest(h.slot)
			}
			return err
		}
		if n.Limit != old.Limit || n.trigger != old.trigger || n.Qty > old.Qty {
			e.promote(n)
		}
		n.active = e.now + int64(e.rules.Latency)
		e.rest(h.slot)
	}
	if c.SetTIF || n.TIF == Day || n.TIF == CLS {
		e.scheduleExpiry(h.slot)
	}
	n.crossed, n.since = false, -1
	for _, k := range n.legs {
		if legs && k >= 0 {
			e.emit(&e.orders[k])
		}
	}
	e.emit(n)
	return nil
}

// promote moves an order and its legs to the end of time priority.
func (e *Engine) promote(n *order) {
	n.rank = e.rank
	e.rank += 3
	for i, k := range n.legs {
		if k >= 0 {
			e.orders[k].rank = n.rank + 1 + int64(i)
		}
	}
}

// Cancel ends a live order, or lets it wait for the bar in progress (true).
func (e *Engine) Cancel(h Handle) (waits bool, err *pitwall.Error) {
	n := e.get(h)
	switch {
	case n == nil:
		return false, pitwall.Errorf(pitwall.OrderClosed, "the order has ended")
	case n.Type == Pair:
		return e.cancelPair(h)
	case n.own:
		return false, pitwall.Errorf(pitwall.NotAllowed, "the venue closes this position: equity is below maintenance").Hintf("it ends by itself")
	case n.cancelAt != 0:
		return true, nil
	}
	return e.endOrWait(h.slot, e.now, nil), nil
}

// endOrWait cancels an order, or lets it wait for the bar in progress (true).
func (e *Engine) endOrWait(slot int32, at int64, why *pitwall.Error) bool {
	n := &e.orders[slot]
	if !e.underway(n, at) {
		e.end(slot, Canceled, why)
		return false
	}
	if n.cancelAt == 0 {
		n.cancelAt = at
		_, n.cancelBy = e.progress(n.Sym, at)
		e.waiting = append(e.waiting, slot)
		e.emit(n)
	}
	return true
}

// cancelPair cancels both legs; the pair ends with them.
func (e *Engine) cancelPair(h Handle) (waits bool, err *pitwall.Error) {
	for _, k := range e.orders[h.slot].legs {
		if k >= 0 {
			w, err := e.Cancel(Handle{e.orders[k].num, k})
			if err != nil {
				return false, err
			}
			waits = waits || w
		}
	}
	return waits, nil
}

// end closes an order and what depends on it, and frees its slot.
func (e *Engine) end(slot int32, s Status, why *pitwall.Error) {
	n := &e.orders[slot]
	if !n.status.Open() {
		return
	}
	e.lift(slot)
	n.status, n.err = s, why
	b := &e.books[n.Book]
	b.Reserved -= n.reserve
	n.reserve = 0
	e.emit(n)
	e.open = without(e.open, slot)
	if n.sibling >= 0 {
		e.orders[n.sibling].sibling = -1
	}
	if n.Type == Pair || n.filled == 0 {
		for _, k := range n.legs {
			if k >= 0 {
				e.end(k, Canceled, nil)
			}
		}
	} else {
		for _, k := range n.legs {
			if k >= 0 {
				e.release(&e.orders[k])
			}
		}
	}
	if p := n.parent; p >= 0 {
		e.orphan(p, slot)
	}
	n.num = -1 // handles to it are stale from now on
	e.spare = append(e.spare, slot)
}

// release lets a leg go on alone with what its entry has filled.
func (e *Engine) release(n *order) {
	n.parent = -1
	if n.unarmed == 0 {
		return
	}
	n.Qty -= n.unarmed
	n.unarmed = 0
	held := e.books[n.Book].Positions[n.Sym].Qty
	switch {
	case n.left() == 0 && n.filled > 0:
		e.end(n.slot, Filled, nil)
	case n.left() == 0:
		e.end(n.slot, Canceled, nil)
	case held*pitwall.Dec(n.Side) >= 0:
		e.end(n.slot, Canceled, e.gone(n))
	default:
		e.emit(n)
	}
}

// orphan tells a parent that a leg has ended; a pair ends with its last leg.
func (e *Engine) orphan(parent, leg int32) {
	p := &e.orders[parent]
	live := false
	for i, k := range p.legs {
		if k == leg {
			p.legs[i] = -1
		} else if k >= 0 {
			live = true
		}
	}
	if p.Type == Pair && !live && p.status.Open() {
		s := Canceled
		if p.filled == p.Qty {
			s = Filled
		}
		e.end(parent, s, nil)
	}
}
