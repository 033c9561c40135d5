package sim

import (
	"fmt"

	"pitwall"
)

// ledger is a double-entry book: every posting moves money between accounts
// and sums to zero. Holdings are kept at cost, so that
//
//	cash + holdings + fees = capital + realized
//
// holds after each posting, and with marks
//
//	capital + realized + unrealized - fees = equity = cash + sum(qty x last).
type ledger struct {
	capital  pitwall.Dec // cash put in
	cash     pitwall.Dec
	realized pitwall.Dec // without fees
	fees     pitwall.Dec

	held []holding     // per symbol id
	last []pitwall.Dec // per symbol id: last known price, 0 before the first
}

// holding is one position. Its cost is in money; the average price is derived,
// so that selling everything leaves exactly nothing behind.
type holding struct {
	qty      pitwall.Dec
	cost     pitwall.Dec
	realized pitwall.Dec
}

func (l *ledger) open(cash pitwall.Dec, symbols int) {
	l.capital, l.cash = cash, cash
	l.held = make([]holding, symbols)
	l.last = make([]pitwall.Dec, symbols)
}

// buy posts qty units for notional and fee: holdings +, fees +, cash -.
func (l *ledger) buy(id int, qty, notional, fee pitwall.Dec) error {
	var a pitwall.Calc
	h := &l.held[id]
	next := holding{qty: a.Add(h.qty, qty), cost: a.Add(h.cost, notional), realized: h.realized}
	cash := a.Sub(a.Sub(l.cash, notional), fee)
	fees := a.Add(l.fees, fee)
	if a.Err != nil {
		return a.Err
	}
	*h, l.cash, l.fees = next, cash, fees
	return nil
}

// sell posts qty units for notional and fee: cash +, fees +, holdings - at
// average cost, the difference to realized. It returns the realized part.
func (l *ledger) sell(id int, qty, notional, fee pitwall.Dec) (pitwall.Dec, error) {
	var a pitwall.Calc
	h := &l.held[id]
	cost := h.cost
	if qty != h.qty {
		cost = a.MulDiv(h.cost, qty, h.qty)
	}
	gain := a.Sub(notional, cost)
	next := holding{qty: a.Sub(h.qty, qty), cost: a.Sub(h.cost, cost), realized: a.Add(h.realized, gain)}
	cash := a.Sub(a.Add(l.cash, notional), fee)
	fees, realized := a.Add(l.fees, fee), a.Add(l.realized, gain)
	if a.Err != nil {
		return 0, a.Err
	}
	*h, l.cash, l.fees, l.realized = next, cash, fees, realized
	return gain, nil
}

// value returns what holding id is worth at the last price, and what it gained
// against its cost.
func (l *ledger) value(a *pitwall.Calc, id int) (value, unrealized pitwall.Dec) {
	h := l.held[id]
	if h.qty == 0 {
		return 0, 0
	}
	value = a.Mul(h.qty, l.last[id])
	return value, a.Sub(value, h.cost)
}

// check verifies both identities exactly and returns the equity.
func (l *ledger) check() (pitwall.Dec, error) {
	var a pitwall.Calc
	equity, unrealized, holdings := l.cash, pitwall.Dec(0), pitwall.Dec(0)
	for id := range l.held {
		if l.held[id].qty < 0 {
			return 0, pitwall.Errorf(pitwall.Ledger, "a cash book holds %v of symbol %d", l.held[id].qty, id)
		}
		value, gain := l.value(&a, id)
		equity, unrealized = a.Add(equity, value), a.Add(unrealized, gain)
		holdings = a.Add(holdings, l.held[id].cost)
	}
	debit := a.Add(a.Add(l.cash, holdings), l.fees)
	credit := a.Add(l.capital, l.realized)
	sum := a.Sub(a.Add(a.Add(l.capital, l.realized), unrealized), l.fees)
	if a.Err != nil {
		return 0, fmt.Errorf("valuing the book: %w", a.Err)
	}
	if debit != credit || sum != equity {
		return 0, pitwall.Errorf(pitwall.Ledger, "the books do not balance: debit %v, credit %v; start %v + realized %v + unrealized %v - fees %v = %v, equity %v",
			debit, credit, l.capital, l.realized, unrealized, l.fees, sum, equity)
	}
	if l.cash < 0 {
		return 0, pitwall.Errorf(pitwall.Ledger, "a cash book has cash %v", l.cash)
	}
	return equity, nil
}
