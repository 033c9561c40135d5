package risk

import (
	"cmp"
	"slices"

	"pitwall"
)

// span is how far one symbol can go when open orders fill in the worst order:
// down to lo, up to hi, in units and in money.
type span struct {
	symbol           string
	now, lo, hi      pitwall.Dec
	nowM, loM, hiM   pitwall.Dec
	entering, priced bool // an order that may open is there; the money is known
}

// worst is the larger exposure of the two ends.
func (s span) worst() pitwall.Dec { return max(s.loM.Abs(), s.hiM.Abs()) }

// heap is what open orders of one symbol and side add up to. Of one group only
// the largest counts: the first fill cancels the others.
type heap struct {
	keys       []string
	qty, money []pitwall.Dec
}

func (h *heap) add(key string, qty, money pitwall.Dec) {
	i := slices.Index(h.keys, key)
	if key == "" || i < 0 {
		h.keys, h.qty, h.money = append(h.keys, key), append(h.qty, qty), append(h.money, money)
		return
	}
	h.qty[i], h.money[i] = max(h.qty[i], qty), max(h.money[i], money)
}

func sum(c *pitwall.Calc, list []pitwall.Dec) (total pitwall.Dec) {
	for _, d := range list {
		total = c.Add(total, d)
	}
	return total
}

// self is the order being checked, as it would stand if it were sent.
func (t *trial) self() pitwall.OrderState {
	n := pitwall.OrderState{Order: t.o, Status: pitwall.Working}
	n.Parent = "" // only a broker binds an order to a parent
	if old := t.s.Replaces; old != nil {
		n.Filled, n.Parent, n.Status, n.Trigger = old.Filled, old.Parent, old.Status, old.Trigger
	}
	return n
}

// reduces reports whether an order can never open anything.
func reduces(o pitwall.OrderState) bool {
	return o.ReduceOnly || o.Parent != "" || o.Class == pitwall.OCO && len(o.Legs) > 0
}

// bundle names what sells once together: an OCO order and its legs, the legs of one
// entry, a group.
func bundle(o pitwall.OrderState) string {
	if o.Class == pitwall.OCO {
		return o.ID
	}
	return cmp.Or(o.Parent, o.Group, o.ID)
}

// exits reports whether the order can only shrink its position, whatever else
// fills first. An order that reduces is none when open orders on its side would
// then go past 0, or farther. What is not known makes it no exit.
func (t *trial) exits() bool {
	if t.s.Account == nil || t.s.Open == nil {
		return false
	}
	c := pitwall.Calc{}
	before, _ := t.end(t.span(&c, t.o.Symbol, t.s.Open))
	after, _ := t.end(t.span(&c, t.o.Symbol, t.after()))
	return c.Err == nil && (after <= 0 || after <= before && reduces(t.self()))
}

// after is the open orders with this one.
func (t *trial) after() []pitwall.OrderState { return append(slices.Clip(t.s.Open), t.self()) }

// end is the end of a span that the order moves, counted in its direction.
func (t *trial) end(s span) (qty, money pitwall.Dec) {
	if t.o.Side == pitwall.Sell {
		return -s.lo, -s.loM
	}
	return s.hi, s.hiM
}

// span computes one symbol's span over a list of open orders.
func (t *trial) span(c *pitwall.Calc, symbol string, orders []pitwall.OrderState) span {
	s := span{symbol: symbol, now: t.s.Account.Held(symbol)}
	i, known := t.s.Instruments[symbol]
	ref := t.s.Last[symbol].Close
	s.priced = known && ref > 0
	multiplier := cmp.Or(i.Multiplier, pitwall.One)
	unit := c.Mul(ref, multiplier)
	add, reduce := map[pitwall.Side]*heap{pitwall.Buy: {}, pitwall.Sell: {}}, map[pitwall.Side]*heap{pitwall.Buy: {}, pitwall.Sell: {}}
	for _, o := range orders {
		left := max(0, o.Remaining())
		switch {
		case o.Symbol != symbol || add[o.Side] == nil:
		case reduces(o) && o.Status == pitwall.Held:
			// It waits for its parent and then takes back no more than that brought.
		case reduces(o):
			reduce[o.Side].add(bundle(o), left, 0)
		default:
			price := max(ref, t.worst(c, o, ref))
			add[o.Side].add(o.Group, left, c.Mul(c.Mul(left, price), multiplier))
			s.entering = true
		}
	}
	far := func(p pitwall.Dec, side pitwall.Side) (qty, money pitwall.Dec) {
		return reach(c, p, sum(c, reduce[side].qty), sum(c, add[side].qty), sum(c, add[side].money), unit)
	}
	s.nowM = c.Mul(s.now, unit)
	s.hi, s.hiM = far(s.now, pitwall.Buy)
	s.lo, s.loM = far(-s.now, pitwall.Sell)
	s.lo, s.loM = -s.lo, -s.loM
	return s
}

// reach is how far a position p gets in its direction: reducing orders bring it
// to 0 at most, the others all fill after them. What is held is worth unit each.
func reach(c *pitwall.Calc, p, reduce, add, addMoney, unit pitwall.Dec) (qty, money pitwall.Dec) {
	p = c.Add(p, min(reduce, max(-p, 0)))
	qty = c.Add(p, add)
	switch {
	case qty <= 0: // not across 0: what is left of the other direction
		return qty, c.Mul(qty, unit)
	case p >= 0:
		return qty, c.Add(c.Mul(p, unit), addMoney)
	}
	return qty, c.MulDiv(addMoney, qty, add) // the part beyond 0, at the orders' mean price
}

// spans computes every symbol's span in order of symbols. It refuses when account,
// orders or a price are not known.
func (t *trial) spans(orders []pitwall.OrderState) ([]span, bool) {
	if !t.counted() {
		return nil, false
	}
	var list []span
	for _, symbol := range symbolsOf(t.s.Account, orders) {
		s := t.span(&t.calc, symbol, orders)
		if !s.priced {
			t.missing("the reference price of %s", symbol)
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// counted refuses when positions or open orders are not known.
func (t *trial) counted() bool {
	if t.s.Account == nil {
		t.missing("the account")
		return false
	}
	if t.s.Open == nil {
		t.missing("the open orders")
		return false
	}
	return true
}

// symbolsOf lists what is held or ordered, in order.
func symbolsOf(a *pitwall.Account, orders []pitwall.OrderState) []string {
	var list []string
	if a != nil {
		for _, p := range a.Positions {
			list = append(list, p.Symbol)
		}
	}
	for _, o := range orders {
		list = append(list, o.Symbol)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// worst is the price at which an order costs, or exposes, the most; see the
// package comment.
func (t *trial) worst(c *pitwall.Calc, o pitwall.OrderState, ref pitwall.Dec) pitwall.Dec {
	stop := max(o.Stop, o.Trigger)
	if o.Side == pitwall.Sell {
		return max(ref, o.Limit, stop)
	}
	switch o.Type {
	case pitwall.LimitOrder, pitwall.StopLimit:
		return o.Limit
	case pitwall.StopOrder:
		return max(ref, stop)
	case pitwall.TrailingStop:
		return max(ref, stop, c.Add(ref, c.Add(o.Trail, c.MulDiv(ref, o.TrailPercent, hundred))))
	}
	if l := t.limits.PriceCollarPercent; l.state == set {
		ref = c.Add(ref, c.MulDiv(ref, l.value, hundred))
	}
	return max(ref, o.Limit, stop)
}

const hundred = 100 * pitwall.One
