package pitwall

import "strings"

// Costs is what trading costs. The zero value is free and has no cash buffer:
// the strategy file's defaults are 10 bps commission and 5 bps slippage, and
// whoever wires a world states them.
type Costs struct {
	CommissionBps Dec  `json:"commission_bps"`          // of the notional, per fill
	MakerBps      *Dec `json:"maker_bps,omitempty"`     // instead, for a limit filled at its limit; below 0 is a rebate, nil = CommissionBps
	PerShare      Dec  `json:"per_share,omitempty"`     // money per unit
	Fixed         Dec  `json:"fixed,omitempty"`         // money once per order
	MinPerOrder   Dec  `json:"min_per_order,omitempty"` // least of PerShare and Fixed, once per order
	MaxRate       Dec  `json:"max_rate,omitempty"`      // most of them, as a share of the notional (0.005 = 0.5 %); 0 = no cap

	SlippageBps  Dec `json:"slippage_bps"`            // of the price, against a taker
	SlippageEach Dec `json:"slippage_each,omitempty"` // money per unit, against a taker
	Spread       Dec `json:"spread,omitempty"`        // money per unit; a taker pays half of it
	Impact       Dec `json:"impact,omitempty"`        // k of price x k x (share of the bar's volume)^2, against a taker
	CashBuffer   Dec `json:"cash_buffer,omitempty"`   // share of equity that sizing leaves aside for buys (0.02 = 2 %)
}

// Traded is what an order has traded so far.
type Traded struct{ Qty, Notional Dec }

// Fee returns the commission of one fill: the part in basis points, and what the
// fill adds to the per-order part (rule 17: minimum and fixed once per order,
// so later fills pay only the excess).
func (c Costs) Fee(a *Calc, before Traded, qty, notional Dec, maker bool) Dec {
	bps := c.CommissionBps
	if maker && c.MakerBps != nil {
		bps = *c.MakerBps
	}
	if c.PerShare|c.Fixed|c.MinPerOrder == 0 {
		return a.Bps(notional.Abs(), bps)
	}
	after := Traded{a.Add(before.Qty, qty), a.Add(before.Notional, notional)}
	return a.Add(a.Bps(notional.Abs(), bps), max(0, a.Sub(c.perOrder(a, after), c.perOrder(a, before))))
}

// perOrder is the per-share and fixed commission of what an order has traded.
func (c Costs) perOrder(a *Calc, t Traded) Dec {
	if t.Qty == 0 {
		return 0
	}
	fee := max(c.MinPerOrder, a.Add(a.Mul(t.Qty, c.PerShare), c.Fixed))
	if c.MaxRate != 0 {
		fee = min(fee, a.Mul(t.Notional.Abs(), c.MaxRate))
	}
	return fee
}

// Slip returns the price that a taker pays or gets: shares of a price are of its
// magnitude, and a sale's price above 0 does not fall below it. share is the order's part of
// the bar's volume, 0 when it is not known.
func (c Costs) Slip(a *Calc, side Side, price, share Dec) Dec {
	away := a.Bps(price.Abs(), c.SlippageBps)
	if c.SlippageEach|c.Spread != 0 {
		away = a.Add(a.Add(away, c.SlippageEach), a.Div(c.Spread, 2*One))
	}
	if c.Impact != 0 {
		away = a.Add(away, a.Mul(price.Abs(), a.Mul(c.Impact, a.Mul(share, share))))
	}
	if side == Buy {
		return a.Add(price, away)
	}
	if price > 0 {
		return max(0, a.Sub(price, away))
	}
	return a.Sub(price, away)
}

// String names every cost that is not zero, and the makers' where it is stated, for people and models.
func (c Costs) String() string {
	var parts []string
	for _, p := range []struct {
		d    Dec
		unit string
	}{{c.CommissionBps, " bps commission"}, {c.PerShare, " a unit"}, {c.Fixed, " an order"}, {c.MinPerOrder, " at least an order"},
		{c.MaxRate, " of the notional at most"}, {c.SlippageBps, " bps slippage"}, {c.SlippageEach, " slippage a unit"}, {c.Spread, " spread"}, {c.Impact, " impact"}} {
		if p.d != 0 {
			parts = append(parts, p.d.String()+p.unit)
		}
	}
	if c.MakerBps != nil {
		parts = append(parts, c.MakerBps.String()+" bps maker commission")
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
