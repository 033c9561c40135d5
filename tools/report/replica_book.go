package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

const split = "split"

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
	r.flows = append(r.flows, outFlow{f, b.name, r.now})
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
		part := a.MulDiv(p.cost, closed, p.qty.Abs())
		got := a.MulDiv(paid, closed, qty)
		realized = a.Sub(-got, part)
		p.cost = a.Sub(p.cost, part)
		p.cost = a.Add(p.cost, a.Sub(paid, got))
	} else {
		p.cost = a.Add(p.cost, paid)
	}
	p.qty = a.Add(p.qty, signed)
	b.realized = a.Add(b.realized, realized)
	if future {
		b.cash = a.Add(b.cash, realized)
	} else {
		b.cash = a.Sub(b.cash, paid)
	}
	if side == pitwall.Sell && r.Terms.Type == pitwall.CashAccount && r.Terms.SettleDays > 0 {
		b.unsettled = append(b.unsettled, unsettled{s.name(), a.Sub(money, fee), r.Terms.SettleDays})
	}
	return realized
}

// night is section 2.1a.
func (r *replica) night(s *symbol) {
	day, before := s.sessionDay(s.bar.Start), s.day
	s.day = day
	if before.IsZero() || day.Equal(before) {
		return
	}
	nights := pitwall.Int(int64(day.Sub(before) / (24 * time.Hour)))
	for _, b := range r.books {
		for i := range b.unsettled {
			if b.unsettled[i].symbol == s.name() {
				b.unsettled[i].left--
			}
		}
		b.unsettled = slices.DeleteFunc(b.unsettled, func(u unsettled) bool { return u.left <= 0 })
		p := b.position(s.name())
		if p.qty >= 0 || s.Instrument.Kind == pitwall.Future || s.Instrument.Kind == pitwall.Option {
			continue
		}
		value := r.notional(s, p.qty.Abs(), s.last)
		fee := r.a.MulDiv(value, r.a.Mul(r.Terms.BorrowRate, nights), 365*pitwall.One)
		if fee == 0 {
			continue
		}
		b.cash, b.borrow = r.a.Sub(b.cash, fee), r.a.Add(b.borrow, fee)
		r.flow(b, pitwall.CashFlow{Symbol: s.name(), Type: "borrow", Qty: p.qty, Each: s.last, Amount: -fee})
	}
}

// act is section 2.1b.
func (r *replica) act(s *symbol) {
	for len(s.actions) > 0 && !s.actions[0].Ex.After(s.bar.Start) {
		a := s.actions[0]
		s.actions = s.actions[1:]
		for _, b := range r.books {
			if p := b.position(s.name()); p.qty != 0 && a.Type == split {
				r.split(b, p, s, a)
			} else if p.qty != 0 {
				r.dividend(b, p, s, a)
			}
		}
		if a.Type == split {
			r.splitOrders(s, a)
			s.last = r.a.MulDiv(s.last, per(a), a.Value)
			for _, b := range r.books {
				r.release(b.name, s)
			}
		}
	}
}

func (r *replica) dividend(b *book, p *position, s *symbol, d pitwall.Action) {
	a := &r.a
	amount := a.Mul(p.qty, d.Value)
	b.dividends = a.Add(b.dividends, amount)
	price := a.Sub(s.last, d.Value)
	reinvest := r.Terms.Reinvest && p.qty > 0 && amount > 0 && price > 0
	f := pitwall.CashFlow{Symbol: p.symbol, Type: d.Type, Qty: p.qty, Each: d.Value, Amount: amount, Pay: d.Pay}
	if !reinvest && !d.Pay.IsZero() {
		b.receivables = append(b.receivables, receivable{p.symbol, amount, d.Pay})
		r.flow(b, f)
		return
	}
	b.cash, f.Pay = a.Add(b.cash, amount), time.Time{}
	r.flow(b, f)
	if !reinvest {
		return
	}
	units := a.Div(amount, price).Floor(s.Instrument.Lot)
	if units == 0 {
		return
	}
	money := r.notional(s, units, price)
	p.qty, p.cost, b.cash = a.Add(p.qty, units), a.Add(p.cost, money), a.Sub(b.cash, money)
	r.flow(b, pitwall.CashFlow{Symbol: p.symbol, Type: "reinvested", Qty: units, Each: price, Amount: -money})
}

func per(a pitwall.Action) pitwall.Dec {
	if a.Per == 0 {
		return pitwall.One
	}
	return a.Per
}

func (r *replica) split(b *book, p *position, s *symbol, d pitwall.Action) {
	a, open := &r.a, s.bar.Open
	exact := a.MulDiv(p.qty, d.Value, per(d))
	units := exact.Floor(s.Instrument.Lot)
	cash := a.Sub(a.MulDiv(a.Mul(p.qty, open), d.Value, per(d)), a.Mul(units, open))
	cash = a.Mul(cash, s.mult())
	part := a.Sub(p.cost, a.MulDiv(p.cost, units, exact))
	b.realized = a.Add(b.realized, a.Sub(cash, part))
	b.cash = a.Add(b.cash, cash)
	p.qty, p.cost = units, a.Sub(p.cost, part)
	r.flow(b, pitwall.CashFlow{Symbol: p.symbol, Type: split, Qty: units, Each: a.Div(d.Value, per(d))})
	if cash != 0 {
		r.flow(b, pitwall.CashFlow{Symbol: p.symbol, Type: "cash_in_lieu", Qty: exact - units, Each: open, Amount: cash})
	}
}

// splitOrders restates the open orders of the symbol.
func (r *replica) splitOrders(s *symbol, d pitwall.Action) {
	price := func(p pitwall.Dec) pitwall.Dec { return r.a.MulDiv(p, per(d), d.Value) }
	units := func(q pitwall.Dec) pitwall.Dec { return r.a.MulDiv(q, d.Value, per(d)).Floor(s.Instrument.Lot) }
	for _, o := range r.orders {
		if o.Symbol != s.name() || !o.open() {
			continue
		}
		o.Qty, o.filled = units(o.Qty), units(o.filled)
		o.Limit = r.tick(s, price(o.Limit), o.Side == pitwall.Sell)
		o.Stop = r.tick(s, price(o.Stop), o.Side == pitwall.Buy)
		o.trigger = r.tick(s, price(o.trigger), o.Side == pitwall.Buy)
		o.Trail = price(o.Trail)
	}
	for _, o := range r.orders {
		if o.Symbol == s.name() && o.open() && o.Qty <= o.filled {
			r.finish(o, pitwall.Canceled, "")
		}
	}
}

// pay is section 2.2.
func (r *replica) pay(latest time.Time) {
	for _, b := range r.books {
		var rest []receivable
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

// settle is section 2.8: what expired is closed.
func (r *replica) settle() {
	for _, s := range r.symbols {
		i := s.Instrument
		if i.Expiry.IsZero() || i.Kind != pitwall.Future && i.Kind != pitwall.Option || i.SessionClose(i.Expiry).After(r.now) {
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
			r.flow(b, pitwall.CashFlow{Symbol: p.symbol, Type: "expiry", Qty: p.qty, Each: each, Amount: amount})
			p.qty, p.cost = 0, 0
			r.release(b.name, s)
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
