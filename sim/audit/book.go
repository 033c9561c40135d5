package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// book is section 8: money and positions.
type book struct {
	name                              string
	start, cash                       pitwall.Dec
	realized, dividends, fees, borrow pitwall.Dec
	positions                         []*position // by symbol
	receivables                       []receivable
	unsettled                         []unsettled
}

type position struct {
	symbol    string
	qty, cost pitwall.Dec // cost is signed; a future's is its basis
	entry     pitwall.Dec // what was traded in, signed
}

type receivable struct {
	symbol string
	amount pitwall.Dec
	pay    time.Time
}

type unsettled struct {
	symbol string
	amount pitwall.Dec
	left   int // sessions
}

func (r *replica) book(name string) *book {
	for _, b := range r.books {
		if b.name == name {
			return b
		}
	}
	return nil
}

func (b *book) position(symbol string) *position {
	for _, p := range b.positions {
		if p.symbol == symbol {
			return p
		}
	}
	p := &position{symbol: symbol}
	b.positions = append(b.positions, p)
	slices.SortFunc(b.positions, func(p, q *position) int { return strings.Compare(p.symbol, q.symbol) })
	return p
}

// reducible is how much of a position an order's side takes away.
func (r *replica) reducible(o *order) pitwall.Dec {
	qty := r.book(o.Book).position(o.Symbol).qty
	if o.Side == pitwall.Buy {
		qty = -qty
	}
	return max(0, qty)
}

func (r *replica) flow(b *book, f pitwall.CashFlow) {
	r.flows = append(r.flows, outFlow{f, b.name, r.stepEnd})
}

// trade books a fill and returns what it realized.
func (r *replica) trade(b *book, s *symbol, side pitwall.Side, qty, money, fee pitwall.Dec) pitwall.Dec {
	a, p, future := &r.a, b.position(s.name()), s.Instrument.Kind == pitwall.Future
	signed, paid := qty, money // what comes in, what it costs
	if side == pitwall.Sell {
		signed, paid = -qty, -money
	}
	b.fees, b.cash = a.Add(b.fees, fee), a.Sub(b.cash, fee)
	var realized pitwall.Dec
	closed := pitwall.Dec(0)
	if (p.qty > 0) != (signed > 0) {
		closed = min(qty, p.qty.Abs())
	}
	if closed > 0 {
		p.entry = a.Sub(p.entry, a.MulDiv(p.entry, closed, p.qty.Abs()))
		part := a.MulDiv(p.cost, closed, p.qty.Abs())
		got := a.MulDiv(paid, closed, qty)
		realized = a.Sub(-got, part)
		p.cost = a.Sub(p.cost, part)
		p.cost = a.Add(p.cost, a.Sub(paid, got))
		p.entry = a.Add(p.entry, a.Sub(paid, got))
	} else {
		p.cost, p.entry = a.Add(p.cost, paid), a.Add(p.entry, paid)
	}
	p.qty = a.Add(p.qty, signed)
	b.realized = a.Add(b.realized, realized)
	if future {
		b.cash = a.Add(b.cash, realized)
	} else {
		b.cash = a.Sub(b.cash, paid)
	}
	if side == pitwall.Sell && r.Terms.Type == pitwall.CashAccount && r.Terms.SettleDays > 0 && money > fee {
		b.unsettled = append(b.unsettled, unsettled{s.name(), a.Sub(money, fee), r.Terms.SettleDays})
	}
	return realized
}

// pay is section 2.2.
func (r *replica) pay(latest time.Time) {
	for _, b := range r.books {
		var rest []receivable
		slices.SortStableFunc(b.receivables, func(x, y receivable) int { return x.pay.Compare(y.pay) })
		for _, v := range b.receivables {
			if v.pay.After(latest) {
				rest = append(rest, v)
				continue
			}
			b.cash = r.a.Add(b.cash, v.amount)
			r.flow(b, pitwall.CashFlow{Symbol: v.symbol, Type: "paid", Amount: v.amount})
		}
		b.receivables = rest
	}
}

// variation is section 2.6.
func (r *replica) variation(s *symbol) {
	if s.Instrument.Kind != pitwall.Future {
		return
	}
	for _, b := range r.books {
		p := b.position(s.name())
		basis := r.notional(s, p.qty, s.last)
		gain := r.a.Sub(basis, p.cost)
		p.cost = basis
		if gain != 0 {
			b.cash, b.realized = r.a.Add(b.cash, gain), r.a.Add(b.realized, gain)
			r.flow(b, pitwall.CashFlow{Symbol: p.symbol, Type: "variation", Qty: p.qty, Each: s.last, Amount: gain})
		}
	}
}

// settle is section 2.8: what expired or closed at 0 is closed.
func (r *replica) settle() {
	for _, s := range r.symbols {
		i := s.Instrument
		derived, why := i.Kind == pitwall.Future || i.Kind == pitwall.Option, "expiry"
		switch {
		case !derived && s.bar != nil && s.last == 0:
			why = "written_off"
		case i.Expiry.IsZero() || !derived || s.expiryClose().After(r.now):
			continue
		}
		for _, b := range r.books {
			p := b.position(s.name())
			if p.qty == 0 {
				continue
			}
			each := s.last
			if i.Kind == pitwall.Option {
				each = r.a.Sub(r.underlying(i.Underlying), i.Strike)
				if i.Right == pitwall.Put {
					each = -each
				}
				each = max(0, each)
			}
			amount := r.notional(s, p.qty, each)
			gain := r.a.Sub(amount, p.cost)
			if i.Kind == pitwall.Future {
				amount = gain
			}
			b.cash, b.realized = r.a.Add(b.cash, amount), r.a.Add(b.realized, gain)
			r.flow(b, pitwall.CashFlow{Symbol: p.symbol, Type: why, Qty: p.qty, Each: each, Amount: amount})
			p.qty, p.cost, p.entry = 0, 0, 0
		}
		for _, first := range []bool{true, false} { // exits before what they belong to
			for _, o := range r.orders {
				if o.Symbol == s.name() && o.ReduceOnly == first {
					r.finish(o, pitwall.Expired, "")
				}
			}
		}
	}
}

// underlying returns the last known close of a symbol, in the run or not.
func (r *replica) underlying(name string) pitwall.Dec {
	if s := r.symbol(name); s != nil {
		return s.last
	}
	for _, s := range r.Data.Series() {
		if n := s.KnownAt(r.now.UnixNano()); s.Instrument.Symbol == name && n > 0 {
			return s.Bar(n - 1).Close
		}
	}
	return 0
}

// value is what a position adds to equity; a future's gains are cash already.
func (r *replica) value(p *position) pitwall.Dec {
	s := r.symbol(p.symbol)
	v := r.notional(s, p.qty, s.last)
	if s.Instrument.Kind == pitwall.Future {
		return 0
	}
	return v
}

// equity is section 2.10.
func (r *replica) equity(b *book) pitwall.Dec {
	e := b.cash
	for _, v := range b.receivables {
		e = r.a.Add(e, v.amount)
	}
	for _, p := range b.positions {
		e = r.a.Add(e, r.value(p))
	}
	return e
}

// balance checks that the replica's own book adds up.
func (r *replica) balance(b *book) {
	a := &r.a
	sum := a.Add(a.Add(b.start, b.realized), b.dividends)
	sum = a.Sub(a.Sub(sum, b.fees), b.borrow)
	for _, p := range b.positions {
		if r.symbol(p.symbol).Instrument.Kind != pitwall.Future {
			sum = a.Add(sum, a.Sub(r.value(p), p.cost))
		}
	}
	if e := r.equity(b); a.Err == nil && e != sum {
		r.broken = fmt.Errorf("the replica's book %s does not balance at %s: equity %v, sum %v", b.name, r.now.Format(time.RFC3339), e, sum)
	}
}
