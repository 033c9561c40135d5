package risk

import (
	"cmp"
	"slices"
	"time"

	"pitwall"
)

// The checks of an order by itself: lists, size, price, pace.

func (t *trial) allow(list []string) {
	if !slices.Contains(list, t.o.Symbol) {
		t.fail(Restricted, t.o.Symbol, "", "%s is not on allow list %s", t.o.Symbol, t.row.text)
	}
}

func (t *trial) deny(list []string) {
	if slices.Contains(list, t.o.Symbol) {
		t.fail(Restricted, t.o.Symbol, "", "%s is on list deny", t.o.Symbol)
	}
}

func (t *trial) halted(on bool) {
	if bar := t.s.Last[t.o.Symbol]; on && bar.Volume == 0 && t.instrument().Kind != pitwall.Index {
		t.fail(Halted, "0", "volume", "%s halted since %s (its newest bar has no volume); reopening time unknown", t.o.Symbol, t.time(bar.Start)).Hint = "wait for a bar with volume"
	}
}

func (t *trial) orderQty(limit pitwall.Dec) {
	if t.o.Qty > limit {
		t.fail(MaxOrderQty, t.o.Qty.String(), "", "qty %v exceeds %v for %s", t.o.Qty, limit, t.o.Symbol)
	}
}

// notional is the order's money at its worst price.
func (t *trial) notional() (n, price pitwall.Dec) {
	c := &t.calc
	price = t.worst(c, t.self(), t.ref)
	return c.Mul(c.Mul(t.o.Qty, price), cmp.Or(t.instrument().Multiplier, pitwall.One)), price
}

func (t *trial) orderNotional(limit pitwall.Dec) {
	if n, price := t.notional(); n > limit {
		t.fail(MaxOrderNotional, n.String(), t.currency(), "%v x worst price %v = %s exceeds %s", t.o.Qty, price, t.money(n), t.money(limit))
	}
}

// money is an amount with its currency.
func (t *trial) money(d pitwall.Dec) string {
	if t.currency() == "" {
		return d.String()
	}
	return d.String() + " " + t.currency()
}

// collar tests every price of the order and its legs. A limit is tested on the
// side that hurts, a stop on both.
func (t *trial) collar(limit pitwall.Dec) {
	t.within(limit, t.o.Side, "limit", t.o.Limit, false)
	t.within(limit, t.o.Side, "stop", t.o.Stop, true)
	side := t.o.Side.Opposite()
	if t.o.Class == pitwall.OCO {
		side = t.o.Side // it is an exit itself
	}
	for _, leg := range t.o.Legs {
		t.within(limit, side, string(leg.Role)+" limit", leg.Limit, false)
		stop := leg.Stop
		if away := t.away(leg); leg.Role == pitwall.StopLoss && away != 0 { // by its distance from the entry
			if stop = t.calc.Sub(t.entry(), away); side == pitwall.Buy {
				stop = t.calc.Add(t.entry(), away)
			}
		}
		t.within(limit, side, string(leg.Role)+" stop", stop, true)
	}
}

// away is how far a leg lies from the entry when that is how it is given.
func (t *trial) away(leg pitwall.Leg) pitwall.Dec {
	return t.calc.Add(t.calc.MulDiv(t.entry(), t.calc.Add(leg.Percent, leg.TrailPercent), hundred), leg.Trail)
}

func (t *trial) within(limit pitwall.Dec, side pitwall.Side, what string, price pitwall.Dec, both bool) {
	c := &t.calc
	away := c.Sub(price, t.ref)
	if side == pitwall.Sell {
		away = -away
	}
	if both {
		away = away.Abs()
	}
	if price == 0 || away <= 0 || t.ref <= 0 || !above(away, hundred, limit, t.ref) {
		return
	}
	d := c.MulDiv(away, hundred, t.ref)
	room := c.MulDiv(t.ref, limit, hundred)
	f := t.fail(PriceCollar, d.String(), "%", "%s %s price %v is %v %% from reference %v (close, age %d s); limit %v %%", side, what, price, d, t.ref, seconds(t.age()), limit)
	if price > t.ref {
		f.Hint = "at most " + c.Add(t.ref, room).String() + " would pass as " + what + " price"
	} else {
		f.Hint = "at least " + c.Sub(t.ref, room).String() + " would pass as " + what + " price"
	}
}

// age is how long the reference has been known.
func (t *trial) age() time.Duration { return t.s.Now.Sub(t.s.Last[t.o.Symbol].Known) }

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func (t *trial) stale(limit time.Duration) {
	if age := t.age(); age > limit {
		f := t.fail(StalePrice, age.String(), "", "reference %v is %d s old; limit %d s", t.ref, seconds(age), seconds(limit))
		f.Hint = "wait for a newer bar"
	}
}

// rate counts what was sent in the stretch of time that ends now.
func (t *trial) rate(limit Rate) {
	sent := t.sent()
	n := len(sent) + 1
	if n <= limit.Count {
		return
	}
	next := "never"
	if limit.Count > 0 {
		next = t.time(sent[len(sent)-limit.Count].Time.Add(limit.Per))
	}
	f := t.fail(OrderRate, itoa(n), "orders", "%d in %d s; limit %d; next allowed at %s", n, seconds(limit.Per), limit.Count, next)
	f.Hint = "wait until " + next
}

// turnover limits what was sent in the last day, whether it filled or not: many small
// orders are a large one. A change counts in full.
func (t *trial) turnover(limit pitwall.Dec) {
	if !t.counted() {
		return
	}
	equity, ok := t.equity()
	if !ok {
		return
	}
	var sent pitwall.Dec
	for _, s := range t.sent() {
		if s.Unpriced {
			t.missing("the price of order %s, sent at %s", s.Order.ID, t.time(s.Time))
			return
		}
		sent = t.calc.Add(sent, s.Money)
	}
	n, _ := t.notional()
	if all := t.calc.Add(sent, n); above(all, hundred, limit, equity) {
		p := t.calc.MulDiv(all, hundred, equity)
		t.fail(DailyTurnover, p.String(), "%", "sent %s in 24 hours and %s now are %v %% of equity %v; limit %v %%", t.money(sent), t.money(n), p, equity, limit)
	}
}

// openOrders counts orders; what belongs together (an entry and its exits, the
// exits of a position) counts once.
func (t *trial) openOrders(limit int) {
	if t.s.Open == nil {
		t.missing("the open orders")
		return
	}
	bundles := map[string]bool{t.o.ID: true}
	for _, o := range t.s.Open {
		bundles[cmp.Or(o.Parent, o.ID)] = true
	}
	n := len(bundles)
	if n > limit {
		t.fail(MaxOpenOrders, itoa(n), "orders", "%d open with this one; limit %d", n, limit).Hint = "cancel an open order first"
	}
}

// duplicate looks for the same trade sent a moment ago.
func (t *trial) duplicate(window time.Duration) {
	for _, s := range slices.Backward(t.sent()) {
		age := t.s.Now.Sub(s.Time)
		if s.Order.ID == t.o.ID || !sameTrade(s.Order, t.o) {
			continue
		}
		until := t.time(s.Time.Add(window))
		f := t.fail(DuplicateOrder, itoa(int(seconds(age))), "s", "same %s %v %s at %s as %s, %d s ago (window %d s)", t.o.Side, t.o.Qty, t.o.Symbol, priceOf(t.o), s.Order.ID, seconds(age), seconds(window))
		f.Hint = "if it is meant, send it from " + until + " on"
		return
	}
}

// sameTrade reports whether two orders are the same but for their names.
func sameTrade(a, b pitwall.Order) bool {
	return cmp.Or(a.Book, pitwall.MainBook) == cmp.Or(b.Book, pitwall.MainBook) && a.Side == b.Side && a.Qty == b.Qty && a.Symbol == b.Symbol &&
		a.Limit == b.Limit && a.Stop == b.Stop && a.Trail == b.Trail && a.TrailPercent == b.TrailPercent
}

func priceOf(o pitwall.Order) string {
	if p := cmp.Or(o.Limit, o.Stop); p != 0 {
		return p.String()
	}
	return "market"
}

// riskReward compares what the two legs stand to win and to lose.
func (t *trial) riskReward(limit pitwall.Dec) {
	c := &t.calc
	entry := t.entry()
	var target, stop pitwall.Dec
	for _, leg := range t.o.Legs {
		// Toward is where the leg lies if the price moves for the trade.
		toward := t.away(leg)
		if t.o.Side == pitwall.Sell {
			toward = -toward
		}
		if leg.Role == pitwall.TakeProfit {
			target = cmp.Or(leg.Limit, c.Add(entry, toward))
		} else if leg.Role == pitwall.StopLoss {
			stop = cmp.Or(leg.Stop, c.Sub(entry, toward))
		}
	}
	if target == 0 || stop == 0 || t.o.Class == pitwall.OCO {
		return // not both legs, or no entry
	}
	win, lose := c.Sub(target, entry), c.Sub(entry, stop)
	if t.o.Side == pitwall.Sell {
		win, lose = -win, -lose
	}
	switch {
	case lose <= 0:
		t.fail(MinRiskReward, stop.String(), "", "stop %v is not on the losing side of entry %v; risk and reward cannot be compared", stop, entry)
	case win < 0 || above(limit, lose, win, pitwall.One):
		r := c.Div(win, lose)
		t.fail(MinRiskReward, r.String(), "x", "target %v, entry %v, stop %v: reward is %v x the risk; limit at least %v", target, entry, stop, r, limit).Hint = "a farther target or a nearer stop"
	}
}

// entry is the price that risk and reward are seen from.
func (t *trial) entry() pitwall.Dec {
	switch o := t.o; {
	case o.Limit != 0:
		return o.Limit
	case o.Side == pitwall.Sell && o.Stop != 0:
		return min(t.ref, o.Stop)
	case o.Stop != 0:
		return max(t.ref, o.Stop)
	}
	return t.ref
}
