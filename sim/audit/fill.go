package audit

import "pitwall"

// allowed is what o may trade in this bar after its open: what a leg covers since
// the middle of the bar has its own test (prove).
func (r *replica) allowed(o *order) pitwall.Dec { return o.remaining() - o.bound }

// prove is what section 11 says of a leg right after the fill that armed it inside
// a bar: it acts only if the bar proves that its price came later.
func (r *replica) prove(o *order, s *symbol, entry pitwall.Dec) {
	if !o.live() || o.bound <= 0 || o.how == atClose {
		return
	}
	before, want := o.filled, min(o.bound, o.remaining())
	switch {
	case o.Role == pitwall.TakeProfit && r.passes(o.Side, entry, o.Limit): // it is past its price at once
		r.fill(o, s, entry, entry == o.Limit, atLimit, want)
	case o.Role == pitwall.TakeProfit:
		if o.how == atStop && r.passes(o.Side, best(o.Side, s.bar), o.Limit) || r.passes(o.Side, s.bar.Close, o.Limit) {
			r.fill(o, s, o.Limit, true, atLimit, want)
		}
	case o.isStop() && hits(o.Side, entry, o.trigger):
		r.touch(o, s, entry, want)
	case o.isStop():
		if (o.how == atLimit || r.Rules.Path == pitwall.Worst) && hits(o.Side, worst(o.Side, s.bar), o.trigger) || hits(o.Side, s.bar.Close, o.trigger) {
			r.touch(o, s, o.trigger, want)
		}
	}
	o.bound -= o.filled - before
}

// takerPrice is section 4: a taker's price moves away from the reference, but never
// beyond the order's own limit.
func (r *replica) takerPrice(o *order, ref, part pitwall.Dec) pitwall.Dec {
	c, a := r.Costs, &r.a
	hasLimit := o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit
	away := a.Bps(ref.Abs(), c.SlippageBps)
	away = a.Add(away, c.SlippageEach)
	away = a.Add(away, a.Div(c.Spread, 2*pitwall.One))
	away = a.Add(away, a.Mul(ref.Abs(), a.Mul(c.Impact, a.Mul(part, part))))
	if o.Side == pitwall.Buy {
		price := a.Add(ref, away)
		if hasLimit {
			price = min(price, o.Limit)
		}
		return price
	}
	price := a.Sub(ref, away)
	if ref > 0 {
		price = max(0, price)
	}
	if hasLimit {
		price = max(o.Limit, price)
	}
	return price
}

// fee is section 4 for a fill of an order that has traded before.
func (r *replica) fee(before, traded, qty, notional pitwall.Dec, maker bool) pitwall.Dec {
	bps := r.Costs.CommissionBps
	if maker && r.Costs.MakerBps != nil {
		bps = *r.Costs.MakerBps
	}
	more := r.a.Sub(r.perOrder(r.a.Add(before, qty), r.a.Add(traded, notional)), r.perOrder(before, traded))
	return r.a.Add(r.a.Bps(notional.Abs(), bps), max(0, more))
}

func (r *replica) perOrder(qty, notional pitwall.Dec) pitwall.Dec {
	if qty == 0 {
		return 0
	}
	p := max(r.Costs.MinPerOrder, r.a.Add(r.a.Mul(qty, r.Costs.PerShare), r.Costs.Fixed))
	if r.Costs.MaxRate != 0 {
		p = min(p, r.a.Mul(r.Costs.MaxRate, notional.Abs()))
	}
	return p
}

// notional is (quantity x multiplier) x price.
func (r *replica) notional(s *symbol, qty, price pitwall.Dec) pitwall.Dec {
	return r.a.Mul(r.a.Mul(qty, s.mult()), price)
}

// fill is section 4; what follows from it is section 11.
func (r *replica) fill(o *order, s *symbol, ref pitwall.Dec, maker bool, way how, want pitwall.Dec) {
	if o.ReduceOnly {
		want = min(want, r.reducible(o))
	}
	qty := min(want, s.left)
	if qty <= 0 || o.TIF == pitwall.FOK && qty < o.remaining() || ref == 0 && s.Instrument.Kind != pitwall.Future {
		return
	}
	r.endEntry(o)
	price := ref
	if !maker {
		var part pitwall.Dec
		if s.volume != 0 {
			part = r.a.Div(s.taken+qty, s.volume)
		}
		price = r.takerPrice(o, ref, part)
	}
	money := r.notional(s, qty, price)
	fee := r.fee(o.filled, o.traded, qty, money, maker)
	if r.Terms.Type == pitwall.CashAccount && o.Side == pitwall.Sell && qty > r.reducible(o) {
		r.finish(o, pitwall.Rejected, pitwall.ShortNotAllowed)
		return
	}
	if code := r.shorts(o, s, qty-r.reducible(o)); code != "" {
		r.finish(o, pitwall.Rejected, code)
		return
	}
	if !r.affordable(o, s, qty, price, money, fee) {
		r.finish(o, pitwall.Rejected, pitwall.BuyingPower)
		return
	}
	s.taken += qty
	if s.left != pitwall.MaxDec {
		s.left -= qty
	}
	realized := r.trade(r.book(o.Book), s, o.Side, qty, money, fee)
	o.filled, o.traded, o.fees = r.a.Add(o.filled, qty), r.a.Add(o.traded, money), r.a.Add(o.fees, fee)
	f := pitwall.Fill{OrderID: o.ID, Book: o.Book, Symbol: o.Symbol, Side: o.Side, Qty: qty, Price: price, Fee: fee,
		Reference: ref, Slippage: r.a.Mul(r.a.Mul(qty, s.mult()), r.a.Sub(price, ref).Abs()), Maker: maker,
		Capped: want - qty, Bar: s.bar.Start, Realized: realized}
	r.fills = append(r.fills, outFill{f, s.bar.Known})
	o.status = pitwall.PartiallyFilled
	o.reserved = r.a.MulDiv(o.reserved, o.Qty-o.filled, o.Qty-o.filled+qty)
	if o.filled == o.Qty {
		r.finish(o, pitwall.Filled, "")
	}
	r.after(o, s, qty, price, ref, way)
}
