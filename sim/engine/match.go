package engine

import (
	"sort"

	"pitwall"
)

// A moment of a bar (rule 11): all orders are tested at the open, in order of
// submission, then stops, then limits, then what trades at the close.
type moment int

const (
	atOpen moment = iota
	onStop
	onLimit
	atClose
)

// quote is how a bar fills an order: the price before slippage, whether the
// order takes (and so pays slippage), and the rule.
type quote struct {
	price pitwall.Dec
	taker bool
	rule  Rule
}

// match fills the gathered orders against this step's bars, moment by moment.
func (e *Engine) match(hits []hit) error {
	e.sortWork()
	for m := atOpen; m <= atClose; m++ {
		if m == onStop && e.rules.Path == pitwall.OHLC {
			for _, h := range hits {
				if err := e.walk(h); err != nil {
					return err
				}
			}
			m = onLimit
			continue
		}
		for i := 0; i < len(e.work); i++ { // fills may add legs behind i
			slot := e.work[i]
			n := &e.orders[slot]
			if !e.meets(n, m) {
				continue
			}
			if free := n.left() - e.bound(n); free > 0 {
				if q, ok := e.fillPrice(n, m); ok {
					if err := e.execute(n, q, m, free); err != nil {
						return err
					}
				}
			}
			if n.num >= 0 && n.status.Open() && e.over(n, m) {
				e.end(slot, Canceled, nil)
			}
		}
	}
	e.ratchet()
	e.work = e.work[:0]
	return nil
}

// sortWork puts the gathered orders into time priority.
func (e *Engine) sortWork() {
	w := e.work
	if len(w) > 24 {
		sort.Slice(w, func(i, j int) bool { return e.orders[w[i]].rank < e.orders[w[j]].rank })
		return
	}
	for i := 1; i < len(w); i++ {
		for k := i; k > 0 && e.orders[w[k]].rank < e.orders[w[k-1]].rank; k-- {
			w[k], w[k-1] = w[k-1], w[k]
		}
	}
}

// meets reports whether an order may meet its bar at a moment.
func (e *Engine) meets(n *order, m moment) bool {
	if n.num < 0 || !n.status.Open() || n.status == Held || !n.resting {
		return false
	}
	c := &e.d.cols[n.Sym]
	start := c.Start[n.bar]
	return n.active <= start && (n.expiresAt == 0 || start < n.expiresAt && (m == atOpen || c.End[n.bar] <= n.expiresAt))
}

// bound is the part of a leg that is not free to trade in this bar.
func (e *Engine) bound(n *order) pitwall.Dec {
	if n.freshAt == e.at && n.how != byOpen && n.how != byPath {
		return n.fresh
	}
	return 0
}

// over reports whether an order that has had its one moment ends with it: the
// first open for ioc and fok, a session's first open for opg.
func (e *Engine) over(n *order, m moment) bool {
	if m != atOpen {
		return false
	}
	return n.TIF == IOC || n.TIF == FOK || n.TIF == OPG && e.opensSession(n)
}

// opensSession reports whether the bar that an order meets is a session's first.
func (e *Engine) opensSession(n *order) bool {
	c := &e.d.cols[n.Sym]
	return n.bar == 0 || c.day[n.bar] != c.day[n.bar-1]
}

// fillPrice returns how the current bar fills an order at a moment. Every kind
// of order has its case here. It may mark a stop as triggered.
func (e *Engine) fillPrice(n *order, m moment) (quote, bool) {
	c := &e.d.cols[n.Sym]
	if c.Volume[n.bar] == 0 {
		return quote{}, false // no trades: nothing fills and nothing triggers
	}
	open := c.Open[n.bar]
	switch n.TIF {
	case IOC, FOK:
		if m != atOpen {
			return quote{}, false
		}
	case OPG:
		if m != atOpen || !e.opensSession(n) {
			return quote{}, false
		}
	case CLS:
		return e.onClose(n, m)
	}
	switch n.Type {
	case Market:
		return quote{open, true, MarketOpen}, m == atOpen
	case Limit:
		return e.limitPrice(n, m)
	case Stop, Trailing:
		switch {
		case m == atOpen && n.triggered:
			return quote{open, true, StopWentOn}, true
		case m == atOpen && n.reached(open):
			return quote{open, true, StopOpen}, true
		case m == onStop && !n.triggered && n.reached(e.stopTestPrice(n)):
			return quote{n.trigger, true, StopTouched}, true
		}
	case StopLimit:
		return e.stopLimitPrice(n, m)
	}
	return quote{}, false
}

// limitPrice is rule 3: a better open, else traded through.
func (e *Engine) limitPrice(n *order, m moment) (quote, bool) {
	c := &e.d.cols[n.Sym]
	open := c.Open[n.bar]
	better := n.Side == Buy && open < n.Limit || n.Side == Sell && open > n.Limit
	switch m {
	case atOpen:
		if n.role == 0 && e.firstOpen(n) {
			n.crossed = better
		}
		return quote{open, true, LimitOpen}, better
	case onLimit:
		rule := LimitThrough
		if n.limitTestPrice(c) == n.Limit {
			rule = LimitTouched
		}
		return quote{n.Limit, n.crossed, rule}, !better && e.through(n, n.limitTestPrice(c))
	}
	return quote{}, false
}

// firstOpen reports whether a limit meets an open for the first time: bars that
// its index kept from it count, those without a trade do not.
func (e *Engine) firstOpen(n *order) bool {
	c := &e.d.cols[n.Sym]
	for i := n.bar - 1; int(i) >= c.first; i-- {
		if n.since >= 0 && i < n.since || n.since < 0 && c.Start[i] < n.active {
			break
		}
		if c.Volume[i] != 0 {
			return false
		}
	}
	return true
}

// stopLimitPrice is rule 5. Triggered at the open, the limit rule holds for the
// whole bar. Triggered inside, the order fills at its stop if the limit allows
// that; else in the same bar only when the close proves that the limit was
// passed after the trigger; else it rests as a limit order.
func (e *Engine) stopLimitPrice(n *order, m moment) (quote, bool) {
	c := &e.d.cols[n.Sym]
	switch {
	case m == atOpen && !n.triggered && n.reached(c.Open[n.bar]):
		e.trigger(n, -1)
		n.since = n.bar
	case m == onStop && !n.triggered && n.reached(e.stopTestPrice(n)):
		e.trigger(n, n.bar)
		n.since = n.bar + 1
		return e.touched(n, n.trigger)
	}
	if !n.triggered || n.trigBar == n.bar {
		return quote{}, false
	}
	return e.limitPrice(n, m)
}

// touched is how a stop-limit fills in the bar inside which a price triggered it.
func (e *Engine) touched(n *order, at pitwall.Dec) (quote, bool) {
	if n.allows(at) {
		return quote{at, true, StopLimitTouched}, true
	}
	c := e.d.cols[n.Sym].Close[n.bar]
	proven := n.Side == Buy && c < n.Limit || n.Side == Sell && c > n.Limit
	return quote{n.Limit, false, StopLimitClose}, proven
}

// trigger marks a stop as touched and moves it to where it rests from now on.
func (e *Engine) trigger(n *order, bar int32) {
	e.lift(n.slot)
	n.triggered, n.trigBar = true, bar
	e.rest(n.slot)
	e.enough(n)
}

// onClose fills an order at the close of its session's last bar (rule 14).
func (e *Engine) onClose(n *order, m moment) (quote, bool) {
	c := &e.d.cols[n.Sym]
	if m != atClose || c.End[n.bar] < e.sessionClose(n.Sym, n.bar) {
		return quote{}, false
	}
	price := c.Close[n.bar]
	return quote{price, true, OnClose}, n.Type == Market || n.allows(price)
}

// allows reports whether a price is at the limit or better.
func (n *order) allows(price pitwall.Dec) bool {
	return n.Side == Buy && price <= n.Limit || n.Side == Sell && price >= n.Limit
}

// reached reports whether a price sets off an order's stop; a touch is enough.
func (n *order) reached(price pitwall.Dec) bool {
	return n.Side == Buy && price >= n.trigger || n.Side == Sell && price <= n.trigger
}

// through reports whether a price is beyond an order's limit.
func (e *Engine) through(n *order, price pitwall.Dec) bool {
	return n.Side == Buy && price < n.Limit || n.Side == Sell && price > n.Limit || e.rules.Touch && price == n.Limit
}

// stopTestPrice returns the end of the bar that is compared with a stop,
// limitTestPrice the one that is compared with a limit.
func (e *Engine) stopTestPrice(n *order) pitwall.Dec {
	c := &e.d.cols[n.Sym]
	if n.Side == Buy {
		return c.High[n.bar]
	}
	return c.Low[n.bar]
}

func (n *order) limitTestPrice(c *column) pitwall.Dec {
	if n.Side == Buy {
		return c.Low[n.bar]
	}
	return c.High[n.bar]
}

// ratchet moves the trailing stops that this step's bars left alive (rule 6):
// by the bar's high or low, never looser, in force from the next bar on.
func (e *Engine) ratchet() {
	for _, slot := range e.work {
		n := &e.orders[slot]
		if n.num < 0 || n.Type != Trailing || n.triggered || !e.meets(n, atOpen) {
			continue
		}
		c := &e.d.cols[n.Sym]
		if c.Volume[n.bar] == 0 {
			continue
		}
		best := c.High[n.bar]
		if n.Side == Buy {
			best = c.Low[n.bar]
		}
		if n.armedAt == e.at && n.how != byOpen {
			best = c.Close[n.bar] // what was before its entry does not count
		}
		n.follow(e.trailed(n, best))
	}
}

// follow moves a trailing stop, never looser.
func (n *order) follow(stop pitwall.Dec) {
	if n.Side == Sell {
		n.trigger = max(n.trigger, stop)
	} else {
		n.trigger = min(n.trigger, stop)
	}
}

// trailed is the stop that trails a price: below it for a sale, above for a buy.
// A price beyond the range of numbers leaves the stop where it is.
func (e *Engine) trailed(n *order, price pitwall.Dec) pitwall.Dec {
	stop, err := e.trail(n, price)
	if err != nil {
		return n.trigger
	}
	return stop
}

func (e *Engine) trail(n *order, price pitwall.Dec) (pitwall.Dec, error) {
	var a pitwall.Calc
	away := n.Trail
	if n.TrailPercent != 0 {
		away = a.MulDiv(price.Abs(), n.TrailPercent, pitwall.Int(100))
	}
	c := &e.d.cols[n.Sym]
	stop := a.Add(price, pitwall.Dec(n.Side)*away)
	return c.floor(Round(c.Instrument.TickAt(stop), n.Side, true, stop)), a.Err
}

// floor keeps a computed price at 0 or above: only futures trade below.
func (c *column) floor(price pitwall.Dec) pitwall.Dec {
	if c.future {
		return price
	}
	return max(0, price)
}

// Round puts a price on the tick, toward safety (rule 19): limits down for a buy
// and up for a sale, stops the other way. No tick leaves it as it is.
func Round(tick pitwall.Dec, side Side, stop bool, price pitwall.Dec) pitwall.Dec {
	if tick <= 0 || price%tick == 0 {
		return price
	}
	down := price - price%tick
	if price < 0 {
		down -= tick
	}
	if (side == Buy) != stop {
		return down
	}
	return down + tick
}
