package tools

import (
	"context"

	"pitwall"
)

// sizingText writes what the caller gave instead of a quantity.
func sizingText(in submitIn) string {
	if in.Class == pitwall.OCO || in.Notional == nil && in.TargetPercent == nil {
		return "position"
	}
	if in.Notional != nil {
		return "notional " + string(in.Side) + " " + in.Notional.String()
	}
	return "target_percent " + in.TargetPercent.String()
}

// size finds an order's side and quantity from money or a target share, at the
// last known price, less costs and, for buys, the cash buffer: a 100 % target
// then survives a next open that is a little higher. A quantity of 0 with no
// error means that nothing needs to be traded.
func size(ctx context.Context, w *pitwall.World, in submitIn, o *pitwall.Order) error {
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return err
	}
	bar, err := w.Market.Last(ctx, in.Symbol)
	if err != nil {
		return err
	}
	instrument, err := w.Instruments.Instrument(in.Symbol)
	if err != nil {
		return err
	}
	var a pitwall.Calc
	price := bar.Close
	switch { // the price that it can fill at, or worse
	case o.Limit != 0:
		price = o.Limit
	case o.Stop != 0 && in.Side == pitwall.Sell:
		price = min(price, o.Stop)
	case o.Stop != 0:
		price = max(price, o.Stop)
	case o.Type == pitwall.TrailingStop && in.Side != pitwall.Sell:
		price = a.Add(price, a.Add(o.Trail, a.MulDiv(price, o.TrailPercent, pitwall.Int(100))))
	}
	if price <= 0 && (in.Notional != nil || *in.TargetPercent != 0) {
		return pitwall.Errorf(pitwall.InvalidNumber, "the price of %s is %v: money and shares of equity are no number of units at 0 or below", in.Symbol, price).Hintf("give qty; target_percent 0 closes")
	}
	buffer := a.Mul(acc.Equity, w.Costs.CashBuffer)
	o.Sizing.Price, o.Sizing.Equity, o.Sizing.CashBuffer = price, acc.Equity, buffer
	s := sizer{a: &a, w: w, acc: acc, price: price, lot: instrument.Lot, mult: instrument.Multiplier, buffer: buffer, order: o}
	if s.mult == 0 {
		s.mult = pitwall.One
	}
	if in.TargetPercent != nil && acc.Type != pitwall.MarginAccount && (*in.TargetPercent < 0 || *in.TargetPercent > pitwall.Int(100)) {
		return pitwall.Errorf(pitwall.InvalidNumber, "target_percent is %v", *in.TargetPercent).Hintf("use 0 to 100: this account neither shorts nor borrows")
	}
	if in.Notional != nil {
		s.money(*in.Notional)
	} else {
		if s.open, err = w.Broker.Orders(ctx, pitwall.OrderQuery{Open: true, Symbol: in.Symbol}); err != nil {
			return err
		}
		s.target(*in.TargetPercent)
	}
	if a.Err != nil {
		return pitwall.Errorf(pitwall.InvalidNumber, "sizing the order: %v", a.Err)
	}
	return s.err
}

// sizer turns money into lots of one order.
type sizer struct {
	a      *pitwall.Calc
	w      *pitwall.World
	acc    pitwall.Account
	price  pitwall.Dec
	lot    pitwall.Dec
	mult   pitwall.Dec // money per point and unit
	buffer pitwall.Dec
	open   []pitwall.OrderState // of the symbol
	order  *pitwall.Order       // gets side and quantity
	err    error                // why nothing can be done
}

// lots returns how many whole lots an amount of money buys, or must be sold to
// bring it, costs included.
func (s *sizer) lots(side pitwall.Side, money pitwall.Dec) pitwall.Dec {
	c := s.w.Costs
	each := s.a.Mul(c.Slip(s.a, side, s.price, 0), s.mult)
	if side == pitwall.Buy {
		each = s.a.Add(s.a.Add(each, c.PerShare), s.a.Bps(each, c.CommissionBps))
		money = s.a.Sub(money, max(c.Fixed, c.MinPerOrder))
	} else {
		each = s.a.Sub(s.a.Sub(each, c.PerShare), s.a.Bps(each, c.CommissionBps))
		money = s.a.Add(money, max(c.Fixed, c.MinPerOrder))
	}
	if s.a.Err != nil || money <= 0 || each <= 0 {
		return 0
	}
	return s.a.Div(money, each).Floor(s.lot)
}

// afford is what a buy may cost: buying power less the cash buffer.
func (s *sizer) afford() pitwall.Dec { return max(0, s.a.Sub(s.acc.BuyingPower, s.buffer)) }

// money sizes an order for an amount: to spend, or to raise.
func (s *sizer) money(amount pitwall.Dec) {
	if s.order.Side == pitwall.Buy && amount > s.afford() {
		amount = s.afford()
		s.order.Sizing.Limited = "buying power " + s.acc.BuyingPower.Round(2).String() + " less the cash buffer"
	}
	if s.order.Qty = s.lots(s.order.Side, amount); s.order.Qty == 0 {
		s.tooSmall(amount)
	}
}

// target sets side and quantity so that the position becomes percent of equity.
// What open market orders of the symbol will add or take away, and limits that
// open, counts as done; stops and exits may never trade. An order that only closes
// is reduce-only: should an exit fill before it, it ends instead of turning the
// position around.
func (s *sizer) target(percent pitwall.Dec) {
	held, selling := s.acc.Held(s.order.Symbol), pitwall.Dec(0)
	will := held             // with the market orders that are under way
	var up, down pitwall.Dec // what limits may still open
	ids, groups := "", map[string]bool{}
	for _, o := range s.open {
		if o.Parent != "" || o.Class == pitwall.OCO || o.ReduceOnly && o.Type != pitwall.MarketOrder {
			continue // exits take what is left of a position, and end with it
		}
		if o.Group != "" && groups[o.Group] {
			continue // only one of a group fills
		}
		groups[o.Group] = o.Group != ""
		ids += " " + o.ID
		left := o.Remaining()
		if o.Side == pitwall.Sell {
			selling += left
		}
		switch {
		case o.Type == pitwall.MarketOrder && o.Side == pitwall.Buy:
			will += left
		case o.Type == pitwall.MarketOrder:
			will -= left
		case o.Type == pitwall.LimitOrder && o.Side == pitwall.Buy && held >= 0:
			up += left
		case o.Type == pitwall.LimitOrder && o.Side == pitwall.Sell && held <= 0:
			down += left
		}
	}
	var want pitwall.Dec // 0 needs no price
	if percent != 0 {
		want = s.a.Div(s.a.MulDiv(s.acc.Equity, percent, pitwall.Int(100)), s.a.Mul(s.price, s.mult)).Floor(s.lot)
	}
	closes := held > 0 && want >= 0 && want < will || held < 0 && want <= 0 && want > will
	switch {
	case s.a.Err != nil:
	case want < will && s.acc.Type != pitwall.MarginAccount:
		s.order.Side, s.order.Qty, s.order.ReduceOnly = pitwall.Sell, min(will-want, held-selling), closes
		if s.order.Qty < will-want {
			s.err = pitwall.Errorf(pitwall.ShortNotAllowed, "%v %s would have to be sold and %v of %v held are free: the rest is on sale or still to be bought by open orders", will-want, s.order.Symbol, max(0, held-selling), held).
				Hintf("cancel the open orders first:%s", ids)
		}
	case closes && want < will:
		s.order.Side, s.order.Qty, s.order.ReduceOnly = pitwall.Sell, will-want, true
	case closes:
		s.order.Side, s.order.Qty, s.order.ReduceOnly = pitwall.Buy, want-will, true
	case want < will && percent >= 0 || want > will && percent <= 0: // only what is under way is in the way
		s.err = pitwall.Errorf(pitwall.InvalidInput, "%v %s are held and open orders would make them %v: an order against those could turn the position around", held, s.order.Symbol, will).
			Hintf("cancel them first:%s", ids)
	case want < will-down:
		s.order.Side, s.order.Qty = pitwall.Sell, will-down-want
		s.carry(max(0, min(will-want, held-selling)))
	case want > will || want == will && percent > 0 && will == 0:
		// Buys aim at the same share of what is left after the buffer, costs included.
		s.order.Side = pitwall.Buy
		money := s.a.MulDiv(s.a.Sub(s.acc.Equity, s.buffer), percent, pitwall.Int(100))
		goal := s.lots(pitwall.Buy, money)
		s.order.Qty = max(0, goal-will-up)
		if s.order.Qty == 0 {
			if goal == 0 && will == 0 {
				s.tooSmall(money)
			}
			return
		}
		s.carry(max(0, -held))
	}
	if s.order.Qty == 0 && s.err == nil && up+down > 0 {
		s.order.Sizing.Limited = "nothing; but open limit orders may still change the position:" + ids
	}
}

// carry makes an order smaller where buying power does not carry it; what only
// closes a position needs none.
func (s *sizer) carry(closing pitwall.Dec) {
	opening := s.order.Qty - closing
	free := s.lots(pitwall.Buy, s.afford())
	if opening <= free {
		return
	}
	s.order.Sizing.Limited = "buying power " + s.acc.BuyingPower.Round(2).String() + " less the cash buffer"
	if s.order.Qty = closing + free; s.order.Qty == 0 && s.acc.Held(s.order.Symbol) == 0 && len(s.open) == 0 { // with some held it is as near as the buffer allows
		s.err = pitwall.Errorf(pitwall.BuyingPower, "buying power %v less the cash buffer %v is less than one lot (%v) of %s at %v with costs", s.acc.BuyingPower.Round(2), s.buffer.Round(2), s.lot, s.order.Symbol, s.price).
			Hintf("sell something first; market sales sent earlier count")
	}
}

// tooSmall says that an amount makes less than a lot.
func (s *sizer) tooSmall(money pitwall.Dec) {
	s.err = pitwall.Errorf(pitwall.InvalidNumber, "%v is less than one lot (%v) of %s at %v with costs", money.Round(2), s.lot, s.order.Symbol, s.price).
		Hintf("ask for more, or choose a cheaper symbol")
}
