package audit

import (
	"time"

	"pitwall"
)

// finish ends an order with all that hangs on it.
func (r *replica) finish(o *order, status pitwall.Status, code pitwall.Code) {
	o.cancelAt = time.Time{}
	if !o.open() {
		return
	}
	o.status, o.code, o.reserved = status, code, 0
	for _, leg := range o.legs {
		if o.Class == pitwall.OCO || o.filled == 0 {
			r.finish(leg, pitwall.Canceled, "")
			continue
		}
		leg.Qty -= o.Qty - o.filled // it covers no more than has filled
		r.exhausted(leg)
	}
	if o.parent != nil {
		r.closeOCO(o.parent)
	}
	if len(o.legs) > 0 && o.filled > 0 {
		r.release(o.Book, r.symbol(o.Symbol))
	}
}

// endEntry ends the rest of an entry when one of its exits acts: section 11.
func (r *replica) endEntry(o *order) {
	if o.parent != nil && o.parent.Class != pitwall.OCO {
		r.finish(o.parent, pitwall.Canceled, "")
	}
}

// exhausted ends an order that has nothing left.
func (r *replica) exhausted(o *order) {
	if o.Qty > o.filled {
		return
	}
	if o.filled > 0 && o.filled == o.Qty {
		r.finish(o, pitwall.Filled, "")
	} else {
		r.finish(o, pitwall.Canceled, "")
	}
}

// closeOCO ends an OCO order when no leg of it is open: section 11.
func (r *replica) closeOCO(o *order) {
	if o.Class != pitwall.OCO || !o.open() {
		return
	}
	var left pitwall.Dec
	for _, leg := range o.legs {
		if leg.open() {
			return
		}
		left += leg.filled
	}
	o.status = pitwall.Canceled
	if left >= o.Qty {
		o.status = pitwall.Filled
	}
}

// after is what a fill does to other orders: section 11.
func (r *replica) after(o *order, s *symbol, qty, price, ref pitwall.Dec, way how) {
	for _, p := range r.orders {
		if p != o && o.Group != "" && p.Group == o.Group && p.Book == o.Book {
			if r.symbol(p.Symbol).bar != nil {
				r.finish(p, pitwall.Canceled, "")
			} else {
				r.cancel(p, r.stepEnd)
			}
		}
	}
	if o.parent != nil {
		if o.parent.Class == pitwall.OCO {
			o.parent.filled += qty
		}
		for _, sibling := range o.parent.legs {
			if sibling == o {
				continue
			}
			sibling.Qty -= qty
			if sibling.Qty <= sibling.filled {
				r.finish(sibling, pitwall.Canceled, "")
			}
		}
	}
	for _, leg := range o.legs {
		r.arm(leg, s, qty, price, way)
	}
	for i := range o.legs { // the stop before the target
		if leg := o.legs[len(o.legs)-1-i]; r.inside(leg) != nil {
			r.prove(leg, s, ref)
		}
	}
	r.release(o.Book, s)
}

// arm lets a leg cover what its entry has filled.
func (r *replica) arm(leg *order, s *symbol, qty, price pitwall.Dec, way how) {
	if !leg.open() {
		return
	}
	inside := way != atOpen && r.Rules.Path != pitwall.OHLC
	if !leg.covered {
		leg.status, leg.covered, leg.fresh, leg.active = pitwall.Working, true, way != atOpen, leg.parent.active
		r.price(leg, price)
	}
	if inside {
		leg.bound, leg.how = leg.bound+qty, way
	}
}

// price gives a leg the prices that hang on its entry's.
func (r *replica) price(leg *order, entry pitwall.Dec) {
	s := r.symbol(leg.Symbol)
	if leg.Type == pitwall.TrailingStop {
		leg.trigger = r.trailFrom(leg, s, entry)
		return
	}
	if leg.percent == 0 {
		return
	}
	away := r.a.MulDiv(entry.Abs(), leg.percent, 100*pitwall.One)
	if (leg.Side == pitwall.Sell) == (leg.Role == pitwall.StopLoss) {
		away = -away
	}
	price := r.a.Add(entry, away)
	if leg.Role == pitwall.TakeProfit {
		leg.Limit = r.tick(s, price, leg.Side == pitwall.Sell)
		return
	}
	leg.Stop = r.tick(s, price, leg.Side == pitwall.Buy)
	leg.trigger = leg.Stop
}

// newLeg makes the order that a leg is.
func (r *replica) newLeg(parent *order, l pitwall.Leg) *order {
	leg := &order{parent: parent, percent: l.Percent, status: pitwall.Held, Order: pitwall.Order{
		ID: parent.ID + ".sl", Book: parent.Book, Symbol: parent.Symbol, Side: pitwall.Sell, Type: pitwall.StopOrder, Class: pitwall.Simple,
		Qty: parent.Qty, Limit: l.Limit, Stop: l.Stop, Trail: l.Trail, TrailPercent: l.TrailPercent,
		TIF: pitwall.GTC, ReduceOnly: true, Parent: parent.ID, Role: l.Role}}
	switch {
	case l.Role == pitwall.TakeProfit:
		leg.ID, leg.Type = parent.ID+".tp", pitwall.LimitOrder
	case l.Trail != 0 || l.TrailPercent != 0:
		leg.Type = pitwall.TrailingStop
	case l.Limit != 0:
		leg.Type = pitwall.StopLimit
	}
	if (parent.Side == pitwall.Sell) != (parent.Class == pitwall.OCO) {
		leg.Side = pitwall.Buy
	}
	r.accept(leg, r.symbol(leg.Symbol))
	return leg
}

// release cancels reduce-only orders that have nothing left to reduce. The legs
// of an entry that can still fill wait on.
func (r *replica) release(book string, s *symbol) {
	for _, o := range r.orders {
		if o.Book != book || o.Symbol != s.name() || !o.ReduceOnly || !o.live() || r.reducible(o) > 0 {
			continue
		}
		if o.parent == nil || o.parent.Class == pitwall.OCO || !o.parent.open() {
			r.finish(o, pitwall.Canceled, "")
		}
	}
}
