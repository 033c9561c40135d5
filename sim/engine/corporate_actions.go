package engine

import (
	"pitwall"
)

// receivable is money per unit that was earned and is paid later.
type receivable struct {
	at     int64
	book   int16
	sym    int32
	amount pitwall.Dec
	kind   string
}

// unsettled is a sale's money that cannot buy yet.
type unsettled struct {
	book   int16
	sym    int32
	amount pitwall.Dec
	left   int // sessions of the symbol
}

// beforeOpen does what happens before a step's bars trade: nights, actions,
// payments, and orders that end before them.
func (e *Engine) beforeOpen(hits []hit) error {
	opens := int64(0)
	if err := e.interest(hits); err != nil {
		return err
	}
	for _, h := range hits {
		c, y := &e.d.cols[h.sym], &e.syms[h.sym]
		opens = max(opens, c.Start[h.bar])
		if int(h.bar) > c.first && c.day[h.bar] != c.day[h.bar-1] {
			if err := e.overnight(h, int64(c.day[h.bar]-c.day[h.bar-1])); err != nil {
				return err
			}
		}
		for int(y.act) < len(c.actions) && c.actions[y.act].bar == h.bar {
			if err := e.act(h, &c.actions[y.act]); err != nil {
				return err
			}
			y.act++
		}
	}
	if err := e.payOut(opens); err != nil {
		return err
	}
	e.sessions(hits)
	e.expire(opens)
	for i := 0; i < len(e.waiting); i++ {
		n := &e.orders[e.waiting[i]]
		if n.num < 0 || n.cancelAt == 0 {
			continue
		}
		for _, h := range hits {
			if h.sym == n.Sym && e.d.cols[h.sym].Start[h.bar] >= n.cancelAt {
				e.end(e.waiting[i], Canceled, nil)
				break
			}
		}
	}
	return nil
}

// afterClose ends what does not outlive the step.
func (e *Engine) afterClose() {
	e.expire(e.now)
	keep := e.waiting[:0]
	for _, slot := range e.waiting {
		n := &e.orders[slot]
		switch {
		case n.num < 0 || n.cancelAt == 0:
		case e.now >= n.cancelBy || e.seen(n.Sym):
			e.end(slot, Canceled, nil)
		default:
			keep = append(keep, slot)
		}
	}
	e.waiting = keep
}

// interest charges borrowed cash for the nights since the last step.
func (e *Engine) interest(hits []hit) error {
	if e.at == 0 {
		return nil
	}
	before := e.d.steps[e.at-1]
	nights := int64(e.d.lastDay(hits) - e.d.lastDay(e.d.hits[before.lo:before.hi]))
	if nights <= 0 {
		return nil
	}
	var a pitwall.Calc
	for i := range e.books {
		b := &e.books[i]
		if b.Cash >= 0 || b.terms.MarginRate == 0 {
			continue
		}
		fee := a.MulDiv(-b.Cash, a.Mul(b.terms.MarginRate, pitwall.Int(nights)), pitwall.Int(365))
		if fee != 0 {
			owed := -b.Cash
			b.Cash, b.Borrow = a.Sub(b.Cash, fee), a.Add(b.Borrow, fee)
			e.flow(int16(i), -1, "interest", owed, b.terms.MarginRate, -fee, 0)
		}
	}
	return a.Err
}

// seen reports whether a bar of the symbol came with this step.
func (e *Engine) seen(sym int32) bool {
	bar := e.syms[sym].bar
	return bar >= 0 && e.d.cols[sym].Known[bar] == e.now
}

// overnight charges shorts for the nights since the symbol's last session, and
// brings sale proceeds one session nearer.
func (e *Engine) overnight(h hit, nights int64) error {
	var a pitwall.Calc
	c := &e.d.cols[h.sym]
	keep := e.settle[:0]
	for _, u := range e.settle {
		if u.sym == h.sym {
			if u.left--; u.left == 0 {
				e.books[u.book].Unsettled -= u.amount
				continue
			}
		}
		keep = append(keep, u)
	}
	e.settle = keep
	for i := range e.books {
		b := &e.books[i]
		p := &b.Positions[h.sym]
		if p.Qty >= 0 || b.terms.BorrowRate == 0 || c.future || c.option {
			continue
		}
		worth := e.notional(&a, h.sym, -p.Qty, e.syms[h.sym].last)
		fee := a.MulDiv(worth, a.Mul(b.terms.BorrowRate, pitwall.Int(nights)), pitwall.Int(365))
		if fee == 0 {
			continue
		}
		b.Cash, b.Borrow = a.Sub(b.Cash, fee), a.Add(b.Borrow, fee)
		e.flow(int16(i), h.sym, "borrow", p.Qty, e.syms[h.sym].last, -fee, 0)
	}
	return a.Err
}

// act applies a corporate action before its bar.
func (e *Engine) act(h hit, x *action) error {
	var a pitwall.Calc
	y, c := &e.syms[h.sym], &e.d.cols[h.sym]
	for i := range e.books {
		if b := &e.books[i]; b.Positions[h.sym].Qty != 0 {
			if x.split {
				e.splitPosition(&a, b, h, x)
			} else {
				e.earn(&a, b, h, x)
			}
		}
	}
	if !x.split && x.falls && y.last > x.value {
		y.last -= x.value // until the bar says better; equity holds the receivable instead
		for i := range e.books {
			if b := &e.books[i]; b.Positions[h.sym].Qty != 0 {
				p := &b.Positions[h.sym]
				worth := e.notional(&a, h.sym, p.Qty, y.last)
				b.Value, p.Value = a.Add(b.Value, a.Sub(worth, p.Value)), worth
			}
		}
	}
	if x.split {
		y.last = a.MulDiv(y.last, x.per, x.value)
		e.splitOrders(h.sym, x, c.Instrument)
		for i := range e.books {
			e.nothingLeft(int16(i), h.sym)
		}
	}
	return a.Err
}

// earn books money per unit on what is held before the bar.
func (e *Engine) earn(a *pitwall.Calc, b *Book, h hit, x *action) {
	p, y, c := &b.Positions[h.sym], &e.syms[h.sym], &e.d.cols[h.sym]
	amount := e.notional(a, h.sym, p.Qty, x.value)
	b.Dividends = a.Add(b.Dividends, amount)
	b.charged = b.charged || amount < 0
	switch {
	case b.terms.Reinvest && p.Qty > 0 && amount > 0 && c.mult == pitwall.One && y.last > x.value:
		each := a.Sub(y.last, x.value)
		units := a.Div(amount, each).Floor(c.Instrument.Lot)
		cost := e.notional(a, h.sym, units, each)
		if cost > amount { // the last digit of a quotient may be rounded up
			units -= c.Instrument.Lot
			cost = e.notional(a, h.sym, units, each)
		}
		old := p.Qty
		p.Qty, p.Cost, p.Entry = a.Add(p.Qty, units), a.Add(p.Cost, cost), a.Add(p.Entry, cost)
		b.Holdings, b.Cash = a.Add(b.Holdings, cost), a.Add(b.Cash, a.Sub(amount, cost))
		worth := e.notional(a, h.sym, p.Qty, y.last)
		b.Value, p.Value = a.Add(b.Value, a.Sub(worth, p.Value)), worth
		e.held(b, h.sym, old)
		e.flow(b.id, h.sym, x.kind, old, x.value, amount, 0)
		if units > 0 {
			e.flow(b.id, h.sym, "reinvested", units, each, -cost, 0)
		}
	case x.pay != 0:
		b.Receivable = a.Add(b.Receivable, amount)
		e.owe(receivable{x.pay, b.id, h.sym, amount, x.kind})
		e.flow(b.id, h.sym, x.kind, p.Qty, x.value, amount, x.pay)
	default:
		b.Cash = a.Add(b.Cash, amount)
		e.flow(b.id, h.sym, x.kind, p.Qty, x.value, amount, 0)
	}
}

// owe keeps receivables by time, first come first of equals.
func (e *Engine) owe(r receivable) {
	i := len(e.pays)
	for i > 0 && e.pays[i-1].at > r.at {
		i--
	}
	e.pays = append(e.pays, receivable{})
	copy(e.pays[i+1:], e.pays[i:])
	e.pays[i] = r
}

// payOut turns receivables that are due into cash.
func (e *Engine) payOut(opens int64) error {
	var a pitwall.Calc
	n := 0
	for ; n < len(e.pays) && e.pays[n].at <= opens; n++ {
		r := e.pays[n]
		b := &e.books[r.book]
		b.Cash, b.Receivable = a.Add(b.Cash, r.amount), a.Sub(b.Receivable, r.amount)
		e.flow(r.book, r.sym, "paid", 0, 0, r.amount, 0)
	}
	e.pays = append(e.pays[:0], e.pays[n:]...)
	return a.Err
}

// splitPosition turns old units into new ones; the fraction is paid at the open.
func (e *Engine) splitPosition(a *pitwall.Calc, b *Book, h hit, x *action) {
	p, y, c := &b.Positions[h.sym], &e.syms[h.sym], &e.d.cols[h.sym]
	open := c.Open[h.bar]
	exact := a.MulDiv(p.Qty, x.value, x.per)
	units := exact.Floor(c.Instrument.Lot)
	cost, entry, cash := p.Cost, p.Entry, pitwall.Dec(0)
	if units != exact {
		all := a.MulDiv(e.notional(a, h.sym, p.Qty, open), x.value, x.per)
		cash = a.Sub(all, e.notional(a, h.sym, units, open))
		cost, entry = a.MulDiv(p.Cost, units, exact), a.MulDiv(p.Entry, units, exact)
	}
	gain := a.Sub(cash, a.Sub(p.Cost, cost))
	b.Holdings = a.Sub(b.Holdings, a.Sub(p.Cost, cost))
	b.Cash, b.Realized, p.Realized = a.Add(b.Cash, cash), a.Add(b.Realized, gain), a.Add(p.Realized, gain)
	old := p.Qty
	p.Qty, p.Cost, p.Entry = units, cost, entry
	worth := e.notional(a, h.sym, units, a.MulDiv(y.last, x.per, x.value))
	b.Value, p.Value = a.Add(b.Value, a.Sub(worth, p.Value)), worth
	e.held(b, h.sym, old)
	e.flow(b.id, h.sym, "split", units, a.Div(x.value, x.per), 0, 0)
	if cash != 0 {
		e.flow(b.id, h.sym, "cash_in_lieu", exact-units, open, cash, 0)
	}
}

// splitOrders scales the open orders of a symbol.
func (e *Engine) splitOrders(sym int32, x *action, in pitwall.Instrument) {
	for _, slot := range append([]int32(nil), e.open...) {
		n := &e.orders[slot]
		if n.num < 0 || n.Sym != sym {
			continue
		}
		var a pitwall.Calc
		old, resting := *n, n.resting
		e.lift(slot)
		price := func(p pitwall.Dec, stop bool) pitwall.Dec {
			if p == 0 {
				return 0
			}
			p = a.MulDiv(p, x.per, x.value)
			return Round(in.TickAt(p), n.Side, stop, p)
		}
		n.Qty, n.filled = a.MulDiv(n.Qty, x.value, x.per).Floor(in.Lot), a.MulDiv(n.filled, x.value, x.per).Floor(in.Lot)
		n.Limit, n.Stop, n.trigger = price(n.Limit, false), price(n.Stop, true), price(n.trigger, true)
		if n.Trail != 0 {
			n.Trail = a.MulDiv(n.Trail, x.per, x.value)
		}
		n.Legs[0].Limit, n.Legs[0].Stop = price(n.Legs[0].Limit, false), price(n.Legs[0].Stop, true)
		if a.Err != nil {
			*n = old
			n.resting = false
			e.end(slot, Canceled, pitwall.Errorf(pitwall.InvalidNumber, "after the split: %v", a.Err))
			continue
		}
		if resting {
			e.rest(slot)
		}
		e.emit(n)
	}
	for _, slot := range e.open {
		if n := &e.orders[slot]; n.Sym == sym && n.parent >= 0 && e.orders[n.parent].Type != Pair {
			n.unarmed = min(n.Qty-n.filled, e.orders[n.parent].Qty-e.orders[n.parent].filled)
		}
	}
	for _, slot := range append([]int32(nil), e.open...) {
		if n := &e.orders[slot]; n.num >= 0 && n.Sym == sym && n.Qty <= n.filled {
			e.end(slot, Canceled, nil)
		}
	}
}

// settleExpired closes positions in what has expired (futures at the last price,
// options at what they are worth against the underlying) or closed at 0, and ends
// its orders.
func (e *Engine) settleExpired() error {
	for ; e.expired < len(e.d.expiries) && e.d.expiries[e.expired].at <= e.now; e.expired++ {
		sym, flow := e.d.expiries[e.expired].sym, e.d.expiries[e.expired].flow
		c, y := &e.d.cols[sym], &e.syms[sym]
		price := y.last
		if c.option {
			under := c.under.KnownAt(e.now) - 1
			if under < 0 {
				return pitwall.Errorf(pitwall.NoPrice, "%s expires and no price of %s is known", e.name(sym), c.Instrument.Underlying)
			}
			price = max(0, c.under.Close[under]-c.Instrument.Strike)
			if c.Instrument.Right == pitwall.Put {
				price = max(0, c.Instrument.Strike-c.under.Close[under])
			}
		}
		for i := range e.books {
			b := &e.books[i]
			p := &b.Positions[sym]
			if p.Qty == 0 {
				continue
			}
			side := Sell
			if p.Qty < 0 {
				side = Buy
			}
			var a pitwall.Calc
			qty := p.Qty
			worth := e.notional(&a, sym, qty.Abs(), price)
			cash := b.Cash
			if a.Err != nil {
				return a.Err
			}
			if _, err := e.trade(b, sym, side, qty.Abs(), worth, 0, price); err != nil {
				return err
			}
			e.flow(int16(i), sym, flow, qty, price, b.Cash-cash, 0)
		}
		for _, first := range [...]bool{true, false} { // exits before what they belong to
			for _, slot := range append([]int32(nil), e.open...) {
				if n := &e.orders[slot]; n.num >= 0 && n.Sym == sym && n.ReduceOnly == first {
					e.end(slot, Expired, nil)
				}
			}
		}
	}
	return nil
}
