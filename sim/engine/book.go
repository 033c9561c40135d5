package engine

import (
	"fmt"
	"sort"

	"pitwall"
)

// Book is one account: double-entry money and positions. Holdings are kept at
// cost, so that after each posting
//
//	Cash + Receivable + Holdings = Capital + Realized + Dividends - Fees - Borrow
//
// and with marks Equity = Cash + Receivable + Value.
type Book struct {
	Capital    pitwall.Dec // cash put in
	Cash       pitwall.Dec
	Unsettled  pitwall.Dec // part of Cash that cannot buy yet
	Receivable pitwall.Dec
	Realized   pitwall.Dec // without fees
	Dividends  pitwall.Dec
	Fees       pitwall.Dec
	Borrow     pitwall.Dec
	Reserved   pitwall.Dec // held by open orders
	Holdings   pitwall.Dec // cost of all positions but futures
	Value      pitwall.Dec // of all positions but futures, at the last prices
	Positions  []Position  // per symbol
	Points     []Point     // one per step

	points   fold // digest of Points
	id       int16
	terms    pitwall.Terms
	margin   bool
	noBorrow []bool
	shorts   int  // positions below 0
	futures  int  // positions in futures
	charged  bool // it had to pay for holding, which may leave cash below 0
}

// Position is what a book holds of one symbol.
type Position struct {
	Qty      pitwall.Dec // below 0 = short
	Cost     pitwall.Dec // signed; of a future since its last mark
	Entry    pitwall.Dec // signed notional of what was traded in
	Value    pitwall.Dec // at the last price; 0 for a future
	Realized pitwall.Dec

	units pitwall.Dec // Qty x multiplier in whole units; 0 when it is not whole
}

// Point is a book after one step.
type Point struct{ Equity, Cash pitwall.Dec }

func (e *Engine) newBook(a Account) Book {
	t := a.Terms.WithDefaults()
	b := Book{Capital: a.Cash, Cash: a.Cash, id: int16(len(e.books)), terms: t, margin: t.Type == pitwall.MarginAccount, Positions: make([]Position, len(e.syms)), noBorrow: make([]bool, len(e.syms)),
		Points: make([]Point, 0, len(e.d.steps))}
	for i := range e.d.cols {
		for _, s := range t.NoBorrow {
			b.noBorrow[i] = b.noBorrow[i] || s == e.d.cols[i].Instrument.Symbol
		}
	}
	return b
}

// Equity is what the book is worth at the last prices.
func (b *Book) Equity() pitwall.Dec { return b.Cash + b.Receivable + b.Value }

// initial and maintenance are the margins of a symbol.
func (b *Book) initial(c *column) pitwall.Dec {
	switch {
	case c.future:
		return b.terms.FutureInitial
	case c.option:
		return pitwall.One
	}
	return b.terms.Initial
}

func (b *Book) maintenance(c *column, short bool) pitwall.Dec {
	switch {
	case c.future:
		return b.terms.FutureMaintenance
	case c.option:
		return pitwall.One
	case short:
		return b.terms.ShortMaintenance
	}
	return b.terms.LongMaintenance
}

// trade posts a fill: position, cash, fee; it returns what it realized. Nothing
// is posted when a number does not fit.
func (e *Engine) trade(b *Book, sym int32, side Side, qty, notional, fee, price pitwall.Dec) (pitwall.Dec, error) {
	var a pitwall.Calc
	c, y, p := &e.d.cols[sym], &e.syms[sym], &b.Positions[sym]
	next, old := *p, *p
	gain, opened := pitwall.Dec(0), notional
	if p.Qty*pitwall.Dec(side) < 0 {
		part := min(qty, p.Qty.Abs())
		got, cost, entry := notional, p.Cost, p.Entry
		if part != qty {
			got = a.MulDiv(notional, part, qty)
		}
		if part != p.Qty.Abs() {
			cost, entry = a.MulDiv(p.Cost, part, p.Qty.Abs()), a.MulDiv(p.Entry, part, p.Qty.Abs())
		}
		gain = a.Sub(-pitwall.Dec(side)*got, cost)
		next.Cost, next.Entry = a.Sub(next.Cost, cost), a.Sub(next.Entry, entry)
		opened = a.Sub(notional, got)
	}
	next.Qty = a.Add(next.Qty, pitwall.Dec(side)*qty)
	next.Cost, next.Entry = a.Add(next.Cost, pitwall.Dec(side)*opened), a.Add(next.Entry, pitwall.Dec(side)*opened)
	next.Realized = a.Add(next.Realized, gain)
	moved := -pitwall.Dec(side) * notional
	if c.future {
		moved = gain
	} else {
		next.Value = e.notional(&a, sym, next.Qty, y.last)
	}
	cash := a.Sub(a.Add(b.Cash, moved), fee)
	fees, realized := a.Add(b.Fees, fee), a.Add(b.Realized, gain)
	holdings, worth := b.Holdings, b.Value
	if !c.future {
		holdings, worth = a.Add(holdings, a.Sub(next.Cost, old.Cost)), a.Add(worth, a.Sub(next.Value, old.Value))
	}
	if a.Err != nil {
		return 0, a.Err
	}
	*p, b.Cash, b.Fees, b.Realized, b.Holdings, b.Value = next, cash, fees, realized, holdings, worth
	e.held(b, sym, old.Qty)
	return gain, nil
}

// held keeps the counts that follow from a position's quantity.
func (e *Engine) held(b *Book, sym int32, old pitwall.Dec) {
	p, c, y := &b.Positions[sym], &e.d.cols[sym], &e.syms[sym]
	y.holders += count(p.Qty != 0) - count(old != 0)
	if !c.future {
		b.shorts += int(count(p.Qty < 0) - count(old < 0))
	} else {
		b.futures += int(count(p.Qty != 0) - count(old != 0))
	}
	p.units = 0
	if !c.future && p.Qty%pitwall.One == 0 && c.mult == pitwall.One {
		p.units = p.Qty / pitwall.One
	}
}

func count(is bool) int32 {
	if is {
		return 1
	}
	return 0
}

// revalue marks a symbol's positions at its last price; the gains and losses of
// futures become cash.
func (e *Engine) revalue(sym int32) error {
	price, c := e.syms[sym].last, &e.d.cols[sym]
	for i := range e.books {
		b := &e.books[i]
		p := &b.Positions[sym]
		if p.Qty == 0 {
			continue
		}
		if p.units != 0 { // whole units: no division; both values have the position's sign
			if worth, ok := value(p.units, price); ok {
				if sum, err := b.Value.Add(worth - p.Value); err == nil {
					b.Value, p.Value = sum, worth
					continue
				}
			}
		}
		var a pitwall.Calc
		worth := e.notional(&a, sym, p.Qty, price)
		if c.future {
			gain := a.Sub(worth, p.Cost)
			if gain != 0 {
				e.flow(int16(i), sym, "variation", p.Qty, price, gain, 0)
			}
			b.Cash, b.Realized, p.Realized, p.Cost = a.Add(b.Cash, gain), a.Add(b.Realized, gain), a.Add(p.Realized, gain), worth
		} else {
			b.Value = a.Add(b.Value, a.Sub(worth, p.Value))
			p.Value = worth
		}
		if a.Err != nil {
			return fmt.Errorf("valuing %v %s at %v: %w", p.Qty, e.name(sym), price, a.Err)
		}
	}
	return nil
}

// close ends a step for a book: the identity, the margin test, the equity point.
func (b *Book) close(e *Engine, id int16) error {
	if b.Cash+b.Receivable+b.Holdings != b.Capital+b.Realized+b.Dividends-b.Fees-b.Borrow {
		return pitwall.Errorf(pitwall.Ledger, "the books do not balance: cash %v + receivable %v + holdings %v; start %v + realized %v + dividends %v - fees %v - borrow %v",
			b.Cash, b.Receivable, b.Holdings, b.Capital, b.Realized, b.Dividends, b.Fees, b.Borrow)
	}
	if !b.margin {
		if b.Cash < 0 && !b.charged || b.shorts != 0 {
			return pitwall.Errorf(pitwall.Ledger, "a cash book has cash %v and %d short positions", b.Cash, b.shorts)
		}
	} else if b.Cash < 0 || b.Receivable < 0 || b.shorts+b.futures > 0 { // else equity is at least what is held
		if err := e.marginCall(b); err != nil {
			return err
		}
	}
	p := Point{b.Equity(), b.Cash}
	b.Points = append(b.Points, p)
	b.points.add(int64(p.Equity), int64(p.Cash))
	return nil
}

// Margins returns what a book's positions need to be opened and to be kept.
func (e *Engine) Margins(book int) (initial, keep pitwall.Dec, err error) {
	var a pitwall.Calc
	b := &e.books[book]
	for sym := range b.Positions {
		if p := &b.Positions[sym]; p.Qty != 0 {
			c := &e.d.cols[sym]
			notional := e.notional(&a, int32(sym), p.Qty, e.syms[sym].last).Abs()
			initial = a.Add(initial, a.Mul(notional, b.initial(c)))
			keep = a.Add(keep, a.Mul(notional, b.maintenance(c, p.Qty < 0)))
		}
	}
	return initial, keep, a.Err
}

// marginCall closes positions when equity is below maintenance: the worst first,
// until what is left is covered.
func (e *Engine) marginCall(b *Book) error {
	_, need, err := e.Margins(int(b.id))
	if err != nil || b.Equity() >= need {
		return err
	}
	var a pitwall.Calc
	closing := make([]bool, len(b.Positions))
	for _, slot := range e.open {
		if o := &e.orders[slot]; o.Book == b.id && o.own {
			closing[o.Sym] = true
		}
	}
	type loss struct {
		sym  int32
		gain pitwall.Dec
	}
	var worst []loss
	for sym := range b.Positions {
		p := &b.Positions[sym]
		if p.Qty == 0 {
			continue
		}
		gain := p.Value - p.Cost
		if e.d.cols[sym].future {
			gain = a.Sub(e.notional(&a, int32(sym), p.Qty, e.syms[sym].last), p.Entry)
		}
		if closing[sym] {
			need = a.Sub(need, e.keep(&a, b, int32(sym)))
			continue
		}
		worst = append(worst, loss{int32(sym), gain})
	}
	if b.Equity() >= need || len(worst) == 0 {
		return a.Err
	}
	e.flow(b.id, -1, "margin_call", 0, a.Sub(need, b.Equity()), 0, 0)
	e.endAll(b)
	sort.SliceStable(worst, func(i, j int) bool { return worst[i].gain < worst[j].gain })
	for _, w := range worst {
		if b.Equity() >= need {
			break
		}
		need = a.Sub(need, e.keep(&a, b, w.sym))
		e.liquidate(b, w.sym)
	}
	return a.Err
}

// keep is the maintenance of one position.
func (e *Engine) keep(a *pitwall.Calc, b *Book, sym int32) pitwall.Dec {
	p := &b.Positions[sym]
	return a.Mul(e.notional(a, sym, p.Qty, e.syms[sym].last).Abs(), b.maintenance(&e.d.cols[sym], p.Qty < 0))
}

// endAll cancels a book's orders but the venue's own, oldest first.
func (e *Engine) endAll(b *Book) {
	list := append([]int32(nil), e.open...)
	sort.Slice(list, func(i, j int) bool { return e.orders[list[i]].num < e.orders[list[j]].num })
	for _, slot := range list {
		o := &e.orders[slot]
		if o.Type == Pair { // it ends with its legs, which may have to wait
			continue
		}
		if o.Book == b.id && !o.own && o.num >= 0 && o.status.Open() {
			e.endOrWait(slot, e.now, pitwall.Errorf(pitwall.MarginCall, "equity fell below maintenance: open orders end and positions are closed"))
		}
	}
}

// liquidate sends the order that closes a position.
func (e *Engine) liquidate(b *Book, sym int32) {
	p := &b.Positions[sym]
	side := Sell
	if p.Qty < 0 {
		side = Buy
	}
	s := Spec{Book: b.id, Sym: sym, Side: side, Type: Market, TIF: GTC, ReduceOnly: true, Qty: p.Qty.Abs()}
	slot := e.newOrder(s)
	n := &e.orders[slot]
	n.own, n.status = true, Working
	e.emit(n)
	e.rest(slot)
}
