package engine

import (
	"pitwall"
)

// walk fills a symbol's orders along the path open, high, low, close (rule 20):
// on each part of it, what price meets first is done first.
func (e *Engine) walk(h hit) error {
	c := &e.d.cols[h.sym]
	if c.Volume[h.bar] == 0 {
		return nil
	}
	e.tried = e.tried[:0]
	from := c.Open[h.bar]
	for _, to := range [...]pitwall.Dec{c.High[h.bar], c.Low[h.bar], c.Close[h.bar]} {
		for {
			n, price, rule := e.nearest(h.sym, from, to)
			if n == nil {
				break
			}
			from = price
			if err := e.pass(n, price, rule); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// nearest finds the order that price meets first between two prices: at one
// price stops before limits, then by time.
func (e *Engine) nearest(sym int32, from, to pitwall.Dec) (best *order, at pitwall.Dec, rule Rule) {
	up := to >= from
	for _, slot := range e.work {
		n := &e.orders[slot]
		if n.Sym != sym || n.TIF > GTD || n.left() <= 0 || !e.meets(n, onStop) || contains(e.tried, slot) {
			continue
		}
		price, r, ok := e.onPath(n, from, to, up)
		if !ok {
			continue
		}
		sooner := best == nil || up && price < at || !up && price > at || price == at && rule == PathLimit && r == PathStop
		if sooner {
			best, at, rule = n, price, r
		}
	}
	return best, at, rule
}

// onPath is the price at which an order acts between two prices.
func (e *Engine) onPath(n *order, from, to pitwall.Dec, up bool) (pitwall.Dec, Rule, bool) {
	near, far := min(from, to), max(from, to)
	switch {
	case n.Type == Limit || n.Type == StopLimit && n.triggered:
		if e.through(n, from) { // price is beyond it already: it became live here
			return from, PathLimit, true
		}
		if n.Side == Buy && !up && e.through(n, near) || n.Side == Sell && up && e.through(n, far) {
			return n.Limit, PathLimit, true
		}
	case (n.Type == Stop || n.Type == StopLimit || n.Type == Trailing) && !n.triggered:
		if n.reached(from) {
			return from, PathStop, true
		}
		if n.Side == Buy && up && n.reached(far) || n.Side == Sell && !up && n.reached(near) {
			return n.trigger, PathStop, true
		}
	}
	return 0, NoRule, false
}

// pass lets an order act at a price of the path.
func (e *Engine) pass(n *order, price pitwall.Dec, rule Rule) error {
	if n.Type == StopLimit && !n.triggered {
		e.trigger(n, n.bar)
		n.since = n.bar + 1
		if !n.allows(price) {
			return nil // a limit from here on
		}
	}
	e.tried = append(e.tried, n.slot)
	taker := rule == PathStop || n.crossed || price != n.Limit
	return e.execute(n, quote{price, taker, rule}, onStop, n.left())
}

func contains(list []int32, slot int32) bool {
	for _, s := range list {
		if s == slot {
			return true
		}
	}
	return false
}
