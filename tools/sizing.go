package tools

import (
	"context"

	"pitwall"
)

// asked writes what the caller gave instead of a quantity.
func asked(in submitIn) string {
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
	if o.Type == pitwall.LimitOrder {
		price = o.Limit
	}
	buffer := a.Mul(acc.Equity, w.Costs.CashBuffer)
	o.Sizing = &pitwall.Sizing{Asked: asked(in), Price: price, Equity: acc.Equity, CashBuffer: buffer}
	s := sizer{a: &a, w: w, price: price, lot: instrument.Lot}
	if in.Notional != nil {
		o.Qty = s.worth(in.Side, *in.Notional)
		if o.Qty == 0 && a.Err == nil {
			return pitwall.Errorf(pitwall.InvalidNumber, "notional %v buys less than one lot (%v) of %s at %v with costs", *in.Notional, instrument.Lot, in.Symbol, price).Hintf("raise notional")
		}
		return failed(a.Err)
	}
	held, err := exposure(ctx, w, acc, in.Symbol)
	if err != nil {
		return err
	}
	s.target(o, acc, held, *in.TargetPercent, buffer)
	return failed(a.Err)
}

// sizer turns money into lots.
type sizer struct {
	a     *pitwall.Calc
	w     *pitwall.World
	price pitwall.Dec
	lot   pitwall.Dec
}

// worth returns how many whole lots an amount of money buys or brings, costs
// included.
func (s sizer) worth(side pitwall.Side, money pitwall.Dec) pitwall.Dec {
	money = s.a.Sub(money, s.w.Costs.Fixed)
	each := s.a.Add(s.w.Costs.Slip(s.a, side, s.price), s.w.Costs.PerShare)
	each = s.a.Add(each, s.a.Bps(each, s.w.Costs.CommissionBps))
	if s.a.Err != nil || money <= 0 {
		return 0
	}
	return s.a.Div(money, each).Floor(s.lot)
}

// target sets side and quantity so that the position becomes percent of equity.
func (s sizer) target(o *pitwall.Order, acc pitwall.Account, held, percent, buffer pitwall.Dec) {
	want := s.a.Div(s.a.MulDiv(acc.Equity, percent, pitwall.Int(100)), s.price).Floor(s.lot)
	if s.a.Err != nil {
		return
	}
	if want < held {
		o.Side, o.Qty = pitwall.Sell, held-want
		return
	}
	o.Side = pitwall.Buy
	// Buys aim at the same share of what is left after the buffer, costs included.
	money := s.a.MulDiv(s.a.Sub(acc.Equity, buffer), percent, pitwall.Int(100))
	o.Qty = max(0, s.worth(pitwall.Buy, money)-held)
	if free := s.worth(pitwall.Buy, acc.BuyingPower); o.Qty > free {
		o.Sizing.Limited = "buying power " + acc.BuyingPower.Round(2).String()
		o.Qty = free
	}
}

// exposure is what is held plus what open orders will add or take away.
func exposure(ctx context.Context, w *pitwall.World, acc pitwall.Account, symbol string) (pitwall.Dec, error) {
	var held pitwall.Dec
	for _, p := range acc.Positions {
		if p.Symbol == symbol {
			held = p.Qty
		}
	}
	open, err := w.Broker.Orders(ctx, pitwall.OrderQuery{Open: true, Symbol: symbol})
	for _, o := range open {
		if o.Side == pitwall.Buy {
			held += o.Remaining()
		} else {
			held -= o.Remaining()
		}
	}
	return held, err
}

func failed(err error) error {
	if err == nil {
		return nil
	}
	return pitwall.Errorf(pitwall.InvalidNumber, "sizing the order: %v", err)
}
