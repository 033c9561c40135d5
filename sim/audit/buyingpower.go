package audit

import (
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// initial is I of section 9, maintenance that of section 10: shares of a notional.
func (r *replica) initial(s *symbol) pitwall.Dec {
	switch s.Instrument.Kind {
	case pitwall.Future:
		return r.Terms.FutureInitial
	case pitwall.Option:
		return pitwall.One
	}
	return r.Terms.Initial
}

func (r *replica) maintenance(p *position) pitwall.Dec {
	s := r.symbol(p.symbol)
	rate := r.Terms.LongMaintenance
	switch {
	case s.Instrument.Kind == pitwall.Future:
		rate = r.Terms.FutureMaintenance
	case s.Instrument.Kind == pitwall.Option:
		rate = pitwall.One
	case p.qty < 0:
		rate = r.Terms.ShortMaintenance
	}
	return r.a.Mul(r.notional(s, p.qty, s.last).Abs(), rate)
}

// reservePrice is an order's price for reserves.
func reservePrice(o *order, s *symbol) pitwall.Dec {
	switch o.Type {
	case pitwall.LimitOrder, pitwall.StopLimit:
		return o.Limit
	case pitwall.MarketOrder:
		return s.last
	}
	return max(s.last, o.trigger)
}

// estimate is E of section 9: what a buy costs, what a sale brings.
func (r *replica) estimate(o *order, s *symbol) pitwall.Dec {
	price := reservePrice(o, s)
	if o.Limit == 0 {
		away := r.a.Add(r.a.Add(r.a.Bps(price, r.Costs.SlippageBps), r.Costs.SlippageEach), r.a.Div(r.Costs.Spread, 2*pitwall.One))
		if o.Side == pitwall.Sell {
			away = -away
		}
		price = max(0, r.a.Add(price, away)) // no future: those need margin
	}
	money := r.notional(s, o.remaining(), price)
	fee := r.fee(o.filled, o.traded, o.remaining(), money, false)
	if o.Side == pitwall.Sell {
		return r.a.Sub(money, fee)
	}
	return r.a.Add(money, fee)
}

// together reports whether two orders count once: one group or one parent.
func together(o, p *order) bool {
	return o.Group != "" && o.Group == p.Group || o.parent != nil && o.parent == p.parent
}

// others is what the other orders on o's side would trade; orders that go
// together count once, the largest.
func (r *replica) others(o *order) pitwall.Dec {
	var sum pitwall.Dec
	var counted []*order
	for _, p := range r.orders {
		if p == o || p == r.testing || !p.live() || p.ReduceOnly && p.Type != pitwall.MarketOrder && o.Class != pitwall.OCO || p.Book != o.Book || p.Symbol != o.Symbol || p.Side != o.Side || together(o, p) ||
			slices.ContainsFunc(counted, func(q *order) bool { return together(q, p) }) {
			continue
		}
		counted = append(counted, p)
		largest := p.remaining()
		for _, q := range r.orders {
			if q.live() && q.Book == o.Book && q.Symbol == o.Symbol && q.Side == o.Side && together(p, q) {
				largest = max(largest, q.remaining())
			}
		}
		sum = r.a.Add(sum, largest)
	}
	return sum
}

// opening is the part of an order that does not reduce a position.
func (r *replica) opening(o *order) pitwall.Dec {
	if o.ReduceOnly {
		return 0
	}
	return max(0, o.remaining()-max(0, r.reducible(o)-r.others(o)))
}

// reserve is what an order holds back.
func (r *replica) reserve(o *order) pitwall.Dec {
	s := r.symbol(o.Symbol)
	if r.Terms.Type == pitwall.CashAccount {
		if o.Side == pitwall.Sell {
			return 0
		}
		return r.estimate(o, s)
	}
	opening := r.opening(o)
	if opening == 0 {
		return 0
	}
	price := reservePrice(o, s)
	fee := r.fee(o.filled, o.traded, o.remaining(), r.notional(s, o.remaining(), price), false)
	return r.a.Add(r.a.Mul(r.notional(s, opening, price).Abs(), r.initial(s)), fee)
}

// free is what a new or changed order may reserve.
func (r *replica) free(o *order) pitwall.Dec {
	a, b := &r.a, r.book(o.Book)
	cash := r.Terms.Type == pitwall.CashAccount
	var free pitwall.Dec
	if cash {
		free = r.settled(b)
		for _, u := range b.unsettled {
			if u.left == 1 && !r.symbol(u.symbol).close.After(r.now) {
				free = a.Add(free, u.amount)
			}
		}
	} else {
		free = r.equity(b)
		for _, p := range b.positions {
			s := r.symbol(p.symbol)
			free = a.Sub(free, a.Mul(r.notional(s, p.qty, s.last).Abs(), r.initial(s)))
		}
	}
	for _, p := range r.orders {
		if p == o || p.Book != o.Book || !p.live() {
			continue
		}
		free = a.Sub(free, p.reserved)
		if p.Type != pitwall.MarketOrder || p.venue && !cash || p.TIF != pitwall.Day && p.TIF != pitwall.GTC && p.TIF != pitwall.IOC {
			continue
		}
		s := r.symbol(p.Symbol)
		var comes pitwall.Dec
		if !cash {
			reducing := min(p.remaining()-r.opening(p), max(0, r.reducible(p)-r.others(p)))
			comes = a.Mul(r.notional(s, reducing, s.last).Abs(), r.initial(s))
		} else if p.Side == pitwall.Sell && r.Terms.SettleDays == 0 && r.reducible(p) >= p.remaining() {
			comes = r.estimate(p, s)
		}
		free = a.Add(free, a.Sub(comes, a.Mul(comes, r.Costs.CashBuffer)))
	}
	return free
}

func (r *replica) settled(b *book) pitwall.Dec {
	cash := b.cash
	for _, u := range b.unsettled {
		cash = r.a.Sub(cash, u.amount)
	}
	return cash
}

// test is section 9 at submission.
func (r *replica) test(o *order, s *symbol) pitwall.Code {
	r.testing = o
	defer func() { r.testing = nil }()
	if o.ReduceOnly || o.Class == pitwall.OCO {
		if o.status != pitwall.Held && (r.reducible(o) == 0 || o.Class == pitwall.OCO && o.remaining() > r.reducible(o)-r.others(o)) {
			return pitwall.ReduceOnly
		}
	}
	if o.status == pitwall.Held {
		return ""
	}
	if r.Terms.Type == pitwall.CashAccount {
		if o.Side == pitwall.Sell {
			if o.remaining() > r.reducible(o)-r.others(o) {
				return pitwall.ShortNotAllowed
			}
			return ""
		}
	} else if o.Class != pitwall.OCO {
		if code := r.shorts(o, s, r.opening(o)); code != "" {
			return code
		}
	}
	if o.Class == pitwall.OCO {
		return ""
	}
	need := r.reserve(o)
	if need != 0 && need > r.free(o) {
		return pitwall.BuyingPower
	}
	o.reserved = need
	return ""
}

// shorts is section 9 on what a sale would leave short, at submission and at the
// fill.
func (r *replica) shorts(o *order, s *symbol, units pitwall.Dec) pitwall.Code {
	switch {
	case r.Terms.Type == pitwall.CashAccount || o.Side == pitwall.Buy || units <= 0:
	case s.Instrument.Kind == pitwall.Option:
		return pitwall.Unsupported
	case s.Instrument.Kind == pitwall.Future:
	case r.Terms.NoShorts:
		return pitwall.ShortNotAllowed
	case slices.Contains(r.Terms.NoBorrow, o.Symbol):
		return pitwall.NoBorrow
	}
	return ""
}

// affordable is section 9 at a fill.
func (r *replica) affordable(o *order, s *symbol, qty, price, money, fee pitwall.Dec) bool {
	a, b := &r.a, r.book(o.Book)
	if r.Terms.Type == pitwall.CashAccount {
		if o.Side == pitwall.Sell {
			return fee <= a.Add(money, b.cash)
		}
		return a.Add(money, fee) <= r.settled(b)
	}
	if qty <= r.reducible(o) {
		return true
	}
	own := b.position(s.name())
	after := own.qty + qty
	if o.Side == pitwall.Sell {
		after = own.qty - qty
	}
	equity := a.Sub(r.equity(b), fee)
	equity = a.Sub(equity, r.value(own))
	equity = a.Add(equity, r.notional(s, own.qty, price))
	if s.Instrument.Kind == pitwall.Future {
		equity = a.Sub(equity, own.cost)
	}
	need := a.Mul(r.notional(s, after, price).Abs(), r.initial(s))
	for _, p := range b.positions {
		if t := r.symbol(p.symbol); p != own {
			need = a.Add(need, a.Mul(r.notional(t, p.qty, t.last).Abs(), r.initial(t)))
		}
	}
	return equity >= need
}

// marginCall is section 10.
func (r *replica) marginCall(b *book) {
	if r.Terms.Type != pitwall.MarginAccount {
		return
	}
	equity, left := r.equity(b), pitwall.Dec(0)
	var closable []*position
	for _, p := range b.positions {
		closing := slices.ContainsFunc(r.orders, func(o *order) bool { return o.venue && o.open() && o.Book == b.name && o.Symbol == p.symbol })
		if p.qty != 0 && !closing {
			left, closable = r.a.Add(left, r.maintenance(p)), append(closable, p)
		}
	}
	if equity >= left || len(closable) == 0 { // what is being closed counts as gone
		return
	}
	for _, o := range r.orders {
		if o.Book == b.name && !o.venue && o.open() {
			r.cancel(o, r.now)
		}
	}
	r.flow(b, pitwall.CashFlow{Type: "margin_call", Each: r.a.Sub(left, equity)})
	unrealized := func(p *position) pitwall.Dec {
		s := r.symbol(p.symbol)
		if s.Instrument.Kind == pitwall.Future { // its cost is its last mark
			return r.a.Sub(r.notional(s, p.qty, s.last), p.entry)
		}
		return r.a.Sub(r.notional(s, p.qty, s.last), p.cost)
	}
	slices.SortStableFunc(closable, func(p, q *position) int {
		if u, v := unrealized(p), unrealized(q); u != v {
			return int(max(-1, min(1, u-v)))
		}
		return strings.Compare(p.symbol, q.symbol)
	})
	for _, p := range closable {
		if left <= equity {
			break
		}
		left = r.a.Sub(left, r.maintenance(p))
		r.calls++
		o := &order{venue: true, status: pitwall.Working, Order: pitwall.Order{ID: fmt.Sprintf("call-%d", r.calls), Book: b.name, Symbol: p.symbol,
			Side: pitwall.Sell, Type: pitwall.MarketOrder, Class: pitwall.Simple, Qty: p.qty.Abs(), TIF: pitwall.GTC, ReduceOnly: true}}
		if p.qty < 0 {
			o.Side = pitwall.Buy
		}
		r.accept(o, r.symbol(p.symbol))
		r.orders = append(r.orders, o)
	}
}
