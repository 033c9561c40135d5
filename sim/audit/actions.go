package audit

import (
	"slices"
	"strings"
	"time"

	"pitwall"
)

// split is the type of the one action that is not cash per unit.
const split = "split"

// interest is section 2.0.
func (r *replica) interest() {
	before := r.day
	var today time.Time
	for _, s := range r.symbols {
		if s.bar != nil {
			if day := s.sessionDay(s.bar.Start); today.IsZero() || day.After(today) {
				today = day
			}
		}
	}
	r.day = today
	if before.IsZero() || !today.After(before) {
		return
	}
	nights := pitwall.Int(int64(today.Sub(before) / (24 * time.Hour)))
	for _, b := range r.books {
		if b.cash >= 0 {
			continue
		}
		owed := -b.cash
		fee := r.a.MulDiv(owed, r.a.Mul(r.Terms.MarginRate, nights), 365*pitwall.One)
		if fee == 0 {
			continue
		}
		b.cash, b.borrow = r.a.Sub(b.cash, fee), r.a.Add(b.borrow, fee)
		r.flow(b, pitwall.CashFlow{Type: "interest", Qty: owed, Each: r.Terms.MarginRate, Amount: -fee})
	}
}

// overnight is section 2.1a.
func (r *replica) overnight(s *symbol) {
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

// corporateActions is section 2.1b.
func (r *replica) corporateActions(s *symbol) {
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
		if fall := strings.HasSuffix(a.Type, "dividend") && s.Instrument.Kind != pitwall.Future; fall && s.last > a.Value {
			s.last = r.a.Sub(s.last, a.Value)
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
	amount := r.notional(s, p.qty, d.Value)
	b.dividends = a.Add(b.dividends, amount)
	price := a.Sub(s.last, d.Value)
	reinvest := r.Terms.Reinvest && p.qty > 0 && amount > 0 && price > 0 && s.mult() == pitwall.One
	f := pitwall.CashFlow{Symbol: p.symbol, Type: d.Type, Qty: p.qty, Each: d.Value, Amount: amount, Pay: d.Pay}
	if !reinvest && d.Pay.After(d.Ex) {
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
	var cash pitwall.Dec
	if units != exact {
		cash = a.Sub(a.MulDiv(a.Mul(p.qty, open), d.Value, per(d)), a.Mul(units, open))
		cash = a.Mul(cash, s.mult())
	}
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
