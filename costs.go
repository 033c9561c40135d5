package pitwall

// Costs is what trading costs. The zero value is free and has no cash buffer:
// the strategy file's defaults are 10 bps commission and 5 bps slippage, and
// whoever wires a world states them.
type Costs struct {
	CommissionBps Dec `json:"commission_bps"`        // of the notional, per fill
	PerShare      Dec `json:"per_share,omitempty"`   // money per unit, per fill
	Fixed         Dec `json:"fixed,omitempty"`       // money once per order, at its first fill
	SlippageBps   Dec `json:"slippage_bps"`          // of the price, against a taker
	CashBuffer    Dec `json:"cash_buffer,omitempty"` // share of equity that sizing leaves aside for buys (0.02 = 2 %)
}

// Fee returns the commission of one fill. The fixed part is charged on the
// first fill of an order (rule 17: once per order).
func (c Costs) Fee(a *Calc, qty, notional Dec, first bool) Dec {
	fee := a.Add(a.Bps(notional, c.CommissionBps), a.Mul(qty, c.PerShare))
	if first {
		fee = a.Add(fee, c.Fixed)
	}
	return fee
}

// Slip returns the price that a taker pays or gets: worse by SlippageBps.
func (c Costs) Slip(a *Calc, side Side, price Dec) Dec {
	if side == Buy {
		return a.Add(price, a.Bps(price, c.SlippageBps))
	}
	return a.Sub(price, a.Bps(price, c.SlippageBps))
}

// Estimate returns what a market order of qty would cost (buy) or bring (sell)
// at a price, with slippage and fees.
func (c Costs) Estimate(a *Calc, side Side, qty, price Dec) Dec {
	notional := a.Mul(qty, c.Slip(a, side, price))
	fee := c.Fee(a, qty, notional, true)
	if side == Buy {
		return a.Add(notional, fee)
	}
	return a.Sub(notional, fee)
}
