package risk

import (
	"cmp"
	"slices"
	"strconv"

	"pitwall"
)

// The checks of what the account could become: positions, exposure, money.

func itoa(n int) string { return strconv.Itoa(n) }

// ends returns the end that the order moves, without and with it, in its own
// direction, and the position now.
func (t *trial) ends() (now, before, after pitwall.Dec, ok bool) {
	if !t.counted() {
		return 0, 0, 0, false
	}
	a, b := t.span(&t.calc, t.o.Symbol, t.s.Open), t.span(&t.calc, t.o.Symbol, t.after())
	before, _ = t.end(a)
	after, _ = t.end(b)
	return t.signed(a.now), before, after, true
}

// signed turns a figure into the order's direction, and back.
func (t *trial) signed(d pitwall.Dec) pitwall.Dec {
	if t.o.Side == pitwall.Sell {
		return -d
	}
	return d
}

func (t *trial) positionQty(limit pitwall.Dec) {
	now, before, after, ok := t.ends()
	if ok && after > limit {
		s, c := t.signed, &t.calc
		t.fail(MaxPositionQty, s(after).String(), "", "%s now %v, open %v, this %v -> %v; limit %v", t.o.Symbol, s(now), s(c.Sub(before, now)), s(c.Sub(after, before)), s(after), limit)
	}
}

func (t *trial) positionNotional(limit pitwall.Dec) {
	if !t.counted() {
		return
	}
	c := &t.calc
	a, b := t.span(c, t.o.Symbol, t.s.Open), t.span(c, t.o.Symbol, t.after())
	_, before := t.end(a)
	_, after := t.end(b)
	if after > limit {
		s := t.signed
		t.fail(MaxPositionNotional, s(after).String(), t.currency(), "%s now %s, open %s, this %s -> %s; limit %s", t.o.Symbol, t.money(a.nowM),
			t.money(s(c.Sub(before, s(a.nowM)))), t.money(s(c.Sub(after, before))), t.money(s(after)), t.money(limit))
	}
}

// figure is a sum over all spans.
type figure func(c *pitwall.Calc, list []span) pitwall.Dec

func grossOf(c *pitwall.Calc, list []span) (total pitwall.Dec) {
	for _, s := range list {
		total = c.Add(total, s.worst())
	}
	return total
}

func netOf(c *pitwall.Calc, list []span) pitwall.Dec {
	var up, down pitwall.Dec
	for _, s := range list {
		up, down = c.Add(up, s.hiM), c.Add(down, s.loM)
	}
	return max(up.Abs(), down.Abs())
}

func (t *trial) gross(limit pitwall.Dec) {
	t.ofEquity(GrossExposure, grossOf, limit, pitwall.Int(100), " %", "%")
}
func (t *trial) net(limit pitwall.Dec) {
	t.ofEquity(NetExposure, netOf, limit, pitwall.Int(100), " %", "%")
}
func (t *trial) leverage(limit pitwall.Dec) {
	t.ofEquity(Leverage, grossOf, limit, pitwall.One, "x", "x")
}

// ofEquity limits a figure as a part of equity; whole is what all of it is.
func (t *trial) ofEquity(code pitwall.Code, f figure, limit, whole pitwall.Dec, suffix, unit string) {
	c := &t.calc
	after, ok := t.spans(t.after())
	if !ok {
		return
	}
	equity, ok := t.equity()
	if !ok {
		return
	}
	a := f(c, after)
	if !above(a, whole, limit, equity) {
		return
	}
	before, _ := t.spans(t.s.Open)
	now, then := c.MulDiv(f(c, before), whole, equity), c.MulDiv(a, whole, equity)
	t.fail(code, then.String(), unit, "now %v%s, after %v%s; limit %v%s", now, suffix, then, suffix, limit, suffix)
}

// equity refuses what is not above 0: nothing is a part of that.
func (t *trial) equity() (pitwall.Dec, bool) {
	e := t.s.Account.Equity
	if e <= 0 {
		t.missing("equity above 0; it is %v", e)
	}
	return e, e > 0
}

func (t *trial) symbolShare(limit pitwall.Dec) {
	if !t.counted() {
		return
	}
	_, money := t.end(t.span(&t.calc, t.o.Symbol, t.after()))
	t.share(SymbolShare, t.o.Symbol, money, limit)
}

// pass lets symbols without a sector through the limit of a sector.
const pass = "pass"

func (t *trial) sectorShare(limit pitwall.Dec, passes bool) {
	list, ok := t.spans(t.after())
	sector := t.sector(t.o.Symbol)
	if !ok || passes && sector == unknownSector {
		return
	}
	var money pitwall.Dec
	for _, s := range list {
		if t.sector(s.symbol) == sector {
			money = t.calc.Add(money, s.worst())
		}
	}
	t.share(SectorShare, sector, money, limit)
}

// unknownSector is that of symbols without one.
const unknownSector = "unknown"

// sector is a symbol's, unknown where none is given.
func (t *trial) sector(symbol string) string {
	return cmp.Or(t.s.Instruments[symbol].Sector, unknownSector)
}

func (t *trial) share(code pitwall.Code, name string, money, limit pitwall.Dec) {
	equity, ok := t.equity()
	if ok && above(money, hundred, limit, equity) {
		p := t.calc.MulDiv(money, hundred, equity)
		t.fail(code, p.String(), "%", "%s would be %v %% of equity %v; limit %v %%", name, p, equity, limit)
	}
}

// buyingPower compares the money that the opening part of an order needs with
// what is free. Of a change it is what the order needs beyond its old self.
func (t *trial) buyingPower(on bool) {
	if !on || !t.counted() {
		return
	}
	if t.s.Costs == nil {
		t.missing("what trading costs")
		return
	}
	c := &t.calc
	multiplier := cmp.Or(t.instrument().Multiplier, pitwall.One)
	price := t.worst(c, t.self(), t.ref)
	if t.o.Type != pitwall.LimitOrder && t.o.Type != pitwall.StopLimit {
		price = t.s.Costs.Slip(c, pitwall.Buy, price, 0)
	}
	qty := t.opens(t.self())
	need := c.Mul(c.Mul(qty, price), multiplier)
	need = c.Add(need, t.s.Costs.Fee(c, pitwall.Traded{}, qty, need, false))
	a := t.s.Account
	free, held := a.BuyingPower, len(t.s.Open)
	if old := t.s.Replaces; old != nil {
		free = c.Add(free, c.Mul(c.Mul(t.opens(*old), t.worst(c, *old, t.ref)), multiplier))
	}
	if need > free {
		f := t.fail(pitwall.BuyingPower, need.String(), t.currency(), "needs %s; free %s after %s held by %d open or unknown orders", t.money(need), t.money(free), t.money(a.Reserved), held)
		f.Check.Limit = free.String()
	}
}

// opens is the part of an order that opens or adds to a position.
func (t *trial) opens(o pitwall.OrderState) pitwall.Dec {
	c := &t.calc
	before, _ := t.end(t.span(c, o.Symbol, t.s.Open))
	after, _ := t.end(t.span(c, o.Symbol, append(slices.Clip(t.s.Open), o)))
	return c.Sub(max(0, after), max(0, before))
}

func (t *trial) short(allowed bool) {
	if allowed || t.o.Side == pitwall.Buy {
		return
	}
	if _, _, after, ok := t.ends(); ok && after > 0 {
		f := t.fail(pitwall.ShortNotAllowed, (-after).String(), "", "position would be %v; shorting is off", -after)
		f.Check.Limit, f.Hint = "0", "cancel open sells first, or say reduce_only"
	}
}

func (t *trial) borrow(list []string) {
	if t.o.Side == pitwall.Buy || !slices.Contains(list, t.o.Symbol) {
		return
	}
	if _, _, after, ok := t.ends(); ok && after > 0 {
		t.fail(pitwall.NoBorrow, after.String(), "", "%v %s not locatable as of %s", after, t.o.Symbol, t.time(t.s.Now)).Check.Limit = "0"
	}
}

// positions counts symbols that are held or that an open order may enter.
func (t *trial) positions(limit int) {
	if !t.counted() {
		return
	}
	n := 0
	for _, symbol := range symbolsOf(t.s.Account, t.s.Open) {
		if s := t.span(&t.calc, symbol, t.s.Open); s.now == 0 && !s.entering {
			continue
		}
		if symbol == t.o.Symbol {
			return // it takes no new place
		}
		n++
	}
	if n++; n > limit {
		t.fail(MaxPositions, itoa(n), "symbols", "%d symbols held or being entered with %s; limit %d", n, t.o.Symbol, limit).Hint = "leave another position first"
	}
}
