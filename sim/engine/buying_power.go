package engine

import (
	"pitwall"
)

// reserve tests whether an order may be taken, and reserves what it needs (rule 18).
func (e *Engine) reserve(n *order) *pitwall.Error {
	y, c, b := &e.syms[n.Sym], &e.d.cols[n.Sym], &e.books[n.Book]
	symbol := e.name(n.Sym)
	held := b.Positions[n.Sym].Qty
	switch {
	case y.bar < 0:
		return pitwall.Errorf(pitwall.NoPrice, "no price of %s is known yet", symbol).Hintf("wait for its first bar")
	case y.last == 0 && c.endsAtZero():
		return pitwall.Errorf(pitwall.NotTradable, "%s closed at 0: what was held is written off and it trades no more", symbol)
	case c.expiry != 0 && c.expiry <= e.now:
		return pitwall.Errorf(pitwall.NotTradable, "%s has expired", symbol)
	case c.future && !b.margin:
		return pitwall.Errorf(pitwall.Unsupported, "%s is a future and this is a cash account", symbol).Hintf("futures need account type margin")
	case n.role == 0 && n.Type != Pair && (n.Legs[0].Role != 0 || n.Legs[1].Role != 0) && held*pitwall.Dec(n.Side) < 0:
		return pitwall.Errorf(pitwall.InvalidInput, "a %v of %s with legs would close a position of %v; legs belong to an order that opens one", n.Side.word(), symbol, held).Hintf("close the position first; class oco puts exits on a held one")
	}
	if n.ReduceOnly || n.Type == Pair {
		if err := e.reduces(n, held); err != nil {
			return err
		}
	}
	e.asking = n
	defer func() { e.asking = nil }()
	if !b.margin {
		return e.reserveCash(n, b)
	}
	return e.reserveMargin(n, b)
}

// reserveAgain tests a changed order as if it were new: what it held before counts as
// free.
func (e *Engine) reserveAgain(n, old *order) *pitwall.Error {
	b := &e.books[n.Book]
	if n.Qty <= old.Qty && n.Limit == old.Limit && n.trigger == old.trigger && n.triggered == old.triggered {
		if old.reserve != 0 { // it did nothing but shrink
			var a pitwall.Calc
			n.reserve = a.MulDiv(old.reserve, n.left(), old.left())
			b.Reserved += n.reserve - old.reserve
		}
		return nil
	}
	b.Reserved -= old.reserve
	n.reserve = 0
	if err := e.reserve(n); err != nil {
		b.Reserved += old.reserve
		return err
	}
	return nil
}

// reduces tests that there is something to reduce.
func (e *Engine) reduces(n *order, held pitwall.Dec) *pitwall.Error {
	symbol := e.name(n.Sym)
	if held*pitwall.Dec(n.Side) >= 0 {
		return pitwall.Errorf(pitwall.ReduceOnly, "a %s of %s has nothing to reduce: %v held", n.Side.word(), symbol, held).Hintf("the exits of a long position sell, of a short one buy")
	}
	if free := held.Abs() - e.reducing(n); n.Type == Pair && n.left() > free {
		return pitwall.Errorf(pitwall.ReduceOnly, "%v %s are to be closed; %v of %v are free, other open orders close the rest", n.left(), symbol, max(0, free), held.Abs()).Hintf("use a smaller qty or cancel those orders")
	}
	return nil
}

// reserveCash reserves a buy's money, and lets a sale have only what is held.
func (e *Engine) reserveCash(n *order, b *Book) *pitwall.Error {
	c := &e.d.cols[n.Sym]
	symbol, left := e.name(n.Sym), n.left()
	if n.Side == Sell {
		held := b.Positions[n.Sym].Qty
		if free := held - e.reducing(n); left > free {
			if c.option {
				return pitwall.Errorf(pitwall.Unsupported, "a sale of %v %s; %v are held and free: options are bought and sold out, not written", left, symbol, free)
			}
			return pitwall.Errorf(pitwall.ShortNotAllowed, "a sale of %v %s; free to sell are %v of %v held", left, symbol, free, held).
				Hintf("this is a cash account: sell at most what is held and not already on sale")
		}
		return nil
	}
	var a pitwall.Calc
	need := e.estimate(&a, n, left)
	free := e.freeCash(&a, b, n)
	return e.hold(&a, n, b, need, free)
}

// hold reserves money for an order, or says what is missing.
func (e *Engine) hold(a *pitwall.Calc, n *order, b *Book, need, free pitwall.Dec) *pitwall.Error {
	symbol := e.name(n.Sym)
	if a.Err != nil {
		return pitwall.Errorf(pitwall.InvalidNumber, "%v %s at %v: %v", n.left(), symbol, e.syms[n.Sym].last, a.Err)
	}
	if need > free {
		what := "needs " + need.Round(2).String() + " with costs"
		if b.margin {
			what = "needs margin of " + need.Round(2).String() + " with costs"
		}
		err := pitwall.Errorf(pitwall.BuyingPower, "%v %s %s; free is %v after other open orders", n.left(), symbol, what, free.Round(2))
		err.Checks = []pitwall.Check{{Name: "buying_power", Observed: need.String(), Limit: free.String(), Unit: e.d.cols[n.Sym].Instrument.Currency}}
		return err.Hintf("trade less, cancel an order, or close something first: market orders that close, submitted earlier, count at a worst case")
	}
	n.reserve = need
	b.Reserved += need
	return nil
}

// price is what an order's reserve is reckoned at.
func (e *Engine) price(n *order) pitwall.Dec {
	switch n.Type {
	case Limit, StopLimit:
		return n.Limit
	case Market:
		return e.syms[n.Sym].last
	}
	return max(e.syms[n.Sym].last, n.trigger)
}

// estimate is what a buy may cost: its limit, or its price with slippage, and
// the fee.
func (e *Engine) estimate(a *pitwall.Calc, n *order, qty pitwall.Dec) pitwall.Dec {
	price := e.price(n)
	if n.Limit == 0 {
		price = e.costs.Slip(a, pitwall.Buy, price, 0)
	}
	notional := e.notional(a, n.Sym, qty, price)
	return a.Add(notional, e.costs.Fee(a, pitwall.Traded{Qty: n.filled, Notional: n.spent}, qty, notional, false))
}

// notional is quantity x multiplier x price.
func (e *Engine) notional(a *pitwall.Calc, sym int32, qty, price pitwall.Dec) pitwall.Dec {
	if m := e.d.cols[sym].mult; m != pitwall.One {
		qty = a.Mul(qty, m)
	}
	if a.Err == nil && qty%pitwall.One == 0 { // whole units: no division
		if worth, ok := value(qty/pitwall.One, price); ok {
			return worth
		}
	}
	return a.Mul(qty, price)
}

// reducing is what open orders on n's side of its symbol already take off the
// position: of one group, and of the two legs of one parent, the largest counts.
// Exits (reduce-only, not at the market) stand in the way of other exits only.
func (e *Engine) reducing(n *order) (sum pitwall.Dec) {
	for _, slot := range e.open {
		o := &e.orders[slot]
		if o == n || o == e.asking || o.Sym != n.Sym || o.Book != n.Book || o.Side != n.Side || o.status == Held || o.Type == Pair {
			continue
		}
		if o.ReduceOnly && o.Type != Market && n.Type != Pair {
			continue // an exit takes what is left, and ends when nothing is
		}
		if n.Group != 0 && o.Group == n.Group {
			continue // the first of them to fill cancels the others
		}
		if e.leads(o) {
			sum += o.left()
		}
	}
	return sum
}

// leads reports whether an order stands for its group or its pair of legs: it
// has the most left, the earlier one of equals.
func (e *Engine) leads(o *order) bool {
	if o.sibling >= 0 {
		s := &e.orders[o.sibling]
		return s.status == Held || o.left() > s.left() || o.left() == s.left() && o.num < s.num
	}
	if o.Group == 0 {
		return true
	}
	for _, slot := range e.open {
		p := &e.orders[slot]
		if p != o && p.Group == o.Group && p.Book == o.Book && p.Sym == o.Sym && p.Side == o.Side && (p.left() > o.left() || p.left() == o.left() && p.num < o.num) {
			return false
		}
	}
	return true
}

// freeCash is what a new buy may reserve in a cash account: settled cash less
// other reserves, plus a worst case of open market sales.
func (e *Engine) freeCash(a *pitwall.Calc, b *Book, except *order) pitwall.Dec {
	free := a.Sub(a.Sub(b.Cash, b.Unsettled), b.Reserved)
	if b.terms.SettleDays > 0 {
		for _, u := range e.settle {
			if &e.books[u.book] == b && u.left == 1 && e.sessionClose(u.sym, e.syms[u.sym].bar) <= e.now {
				free = a.Add(free, u.amount) // settled when the next session begins
			}
		}
		return free
	}
	for _, slot := range e.open {
		if o := &e.orders[slot]; o != except && o.closes(b) && o.Side == Sell && b.Positions[o.Sym].Qty >= o.left() {
			proceeds := e.costs.Slip(a, pitwall.Sell, e.syms[o.Sym].last, 0)
			proceeds = e.notional(a, o.Sym, o.left(), proceeds)
			proceeds = a.Sub(proceeds, e.costs.Fee(a, pitwall.Traded{Qty: o.filled, Notional: o.spent}, o.left(), proceeds, false))
			free = a.Add(free, a.Sub(proceeds, a.Mul(proceeds, e.costs.CashBuffer)))
		}
	}
	return free
}

// closes reports whether an order is a market order of a book that will fill at
// the next open, so that what it brings may count before it does.
func (o *order) closes(b *Book) bool {
	return o.Book == b.id && o.Type == Market && (o.TIF == Day || o.TIF == GTC || o.TIF == IOC) && o.status.Open() && o.status != Held && b.Positions[o.Sym].Qty*pitwall.Dec(o.Side) < 0
}

// opening is the part of an order that would open or enlarge a position.
func (e *Engine) opening(n *order, b *Book) pitwall.Dec {
	if n.ReduceOnly || n.Type == Pair {
		return 0
	}
	reducible := pitwall.Dec(0)
	if held := b.Positions[n.Sym].Qty; held*pitwall.Dec(n.Side) < 0 {
		reducible = max(0, held.Abs()-e.reducing(n))
	}
	return max(0, n.left()-reducible)
}

// reserveMargin reserves the margin of what an order would open.
func (e *Engine) reserveMargin(n *order, b *Book) *pitwall.Error {
	c := &e.d.cols[n.Sym]
	opening := e.opening(n, b)
	if opening > 0 && n.Side == Sell {
		if err := e.shorts(n, b, opening); err != nil {
			return err
		}
	}
	if opening == 0 {
		return nil
	}
	var a pitwall.Calc
	price := e.price(n)
	need := a.Mul(e.notional(&a, n.Sym, opening, price).Abs(), b.initial(c))
	notional := e.notional(&a, n.Sym, n.left(), price)
	need = a.Add(need, e.costs.Fee(&a, pitwall.Traded{Qty: n.filled, Notional: n.spent}, n.left(), notional, false))
	return e.hold(&a, n, b, need, e.freeMargin(&a, b, n))
}

// shorts tests whether a sale may leave units short.
func (e *Engine) shorts(n *order, b *Book, units pitwall.Dec) *pitwall.Error {
	c, symbol := &e.d.cols[n.Sym], e.name(n.Sym)
	switch {
	case c.option:
		return pitwall.Errorf(pitwall.Unsupported, "a sale of %v %s would write %v: options are bought and sold out, not written", n.left(), symbol, units)
	case c.future: // nothing is borrowed
	case b.terms.NoShorts:
		return pitwall.Errorf(pitwall.ShortNotAllowed, "a sale of %v %s would be %v short; shorting is off", n.left(), symbol, units).Hintf("sell at most what is held and not already on sale")
	case b.noBorrow[n.Sym]:
		return pitwall.Errorf(pitwall.NoBorrow, "%v %s cannot be borrowed", units, symbol).Hintf("it can only be bought and sold")
	}
	return nil
}

// freeMargin is the margin that new orders may reserve: equity less what the
// positions and other orders need, plus a worst case of what open market orders
// set free.
func (e *Engine) freeMargin(a *pitwall.Calc, b *Book, except *order) pitwall.Dec {
	free := a.Sub(b.Equity(), b.Reserved)
	for sym := range b.Positions {
		if p := &b.Positions[sym]; p.Qty != 0 {
			free = a.Sub(free, a.Mul(e.notional(a, int32(sym), p.Qty, e.syms[sym].last).Abs(), b.initial(&e.d.cols[sym])))
		}
	}
	for _, slot := range e.open {
		if o := &e.orders[slot]; o != except && o.Book == b.id && !o.own && o.closes(b) {
			part := min(o.left()-e.opening(o, b), max(0, b.Positions[o.Sym].Qty.Abs()-e.reducing(o)))
			freed := a.Mul(e.notional(a, o.Sym, part, e.syms[o.Sym].last).Abs(), b.initial(&e.d.cols[o.Sym]))
			free = a.Add(free, a.Sub(freed, a.Mul(freed, e.costs.CashBuffer)))
		}
	}
	return free
}

// BuyingPower is what new orders may cost: in a cash account the free cash, on
// margin the notional that the free margin carries.
func (e *Engine) BuyingPower(book int) (pitwall.Dec, error) {
	var a pitwall.Calc
	b := &e.books[book]
	if !b.margin {
		return max(0, e.freeCash(&a, b, nil)), a.Err
	}
	return max(0, a.Div(e.freeMargin(&a, b, nil), b.terms.Initial)), a.Err
}

func (s Side) word() string {
	if s == Buy {
		return "buy"
	}
	return "sale"
}

// affords is the second test, at the fill (rule 18).
func (e *Engine) affords(a *pitwall.Calc, n *order, b *Book, qty, price, notional, fee pitwall.Dec) *pitwall.Error {
	symbol := e.name(n.Sym)
	if !b.margin {
		cash := a.Sub(b.Cash, b.Unsettled)
		cost := a.Add(notional, fee)
		switch {
		case n.Side == Buy && cost > cash:
			err := pitwall.Errorf(pitwall.BuyingPower, "at the fill %v %s at %v cost %v with fee %v; cash is %v", qty, symbol, price, cost.Round(2), fee.Round(2), cash.Round(2))
			err.Checks = []pitwall.Check{{Name: "buying_power", Observed: cost.String(), Limit: cash.String(), Unit: e.d.cols[n.Sym].Instrument.Currency}}
			return err.Hintf("the price moved against the reserve: leave a larger cash buffer or use a limit order")
		case n.Side == Sell && qty > b.Positions[n.Sym].Qty:
			return pitwall.Errorf(pitwall.ShortNotAllowed, "at the fill a sale of %v %s; %v are held: an exit sold before it", qty, symbol, b.Positions[n.Sym].Qty)
		case n.Side == Sell && a.Sub(fee, notional) > b.Cash:
			return pitwall.Errorf(pitwall.BuyingPower, "the fee %v is more than the sale's %v and cash %v", fee, notional, b.Cash)
		}
		return nil
	}
	held := b.Positions[n.Sym].Qty
	after := held + pitwall.Dec(n.Side)*qty
	if after.Abs() <= held.Abs() && (after == 0 || (after > 0) == (held > 0)) {
		return nil // it only reduces
	}
	if after < 0 && n.Side == Sell {
		if err := e.shorts(n, b, after.Abs()); err != nil {
			return err
		}
	}
	y := &e.syms[n.Sym]
	// Equity with this symbol at the fill price, after the fee.
	marked := e.notional(a, n.Sym, held, y.last)
	if e.d.cols[n.Sym].future {
		marked = b.Positions[n.Sym].Cost // its gains since the last mark are not cash yet
	}
	equity := a.Sub(a.Add(b.Equity(), a.Sub(e.notional(a, n.Sym, held, price), marked)), fee)
	need := a.Mul(e.notional(a, n.Sym, after, price).Abs(), b.initial(&e.d.cols[n.Sym]))
	for sym := range b.Positions {
		if p := &b.Positions[sym]; p.Qty != 0 && int32(sym) != n.Sym {
			need = a.Add(need, a.Mul(e.notional(a, int32(sym), p.Qty, e.syms[sym].last).Abs(), b.initial(&e.d.cols[sym])))
		}
	}
	if need > equity {
		err := pitwall.Errorf(pitwall.BuyingPower, "at the fill %v %s at %v make positions that need margin of %v; equity is %v", qty, symbol, price, need.Round(2), equity.Round(2))
		err.Checks = []pitwall.Check{{Name: "initial_margin", Observed: need.String(), Limit: equity.String(), Unit: e.d.cols[n.Sym].Instrument.Currency}}
		return err.Hintf("the price moved against the reserve: trade less or use a limit order")
	}
	return nil
}
