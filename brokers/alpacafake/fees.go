package alpacafake

import (
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// fee is what was taken out of what a fill of crypto brought: coins of a purchase, money of a
// sale. The venue below knows nothing of it, so every answer is made less by it.
type fee struct {
	at     time.Time
	symbol string
	coins  pitwall.Dec
	money  pitwall.Dec
}

// charge takes the fee of a fill, coins rounded up and money to the next cent.
func (s *Server) charge(in pitwall.Instrument, f pitwall.Fill) {
	if in.Kind != pitwall.Crypto || s.cfg.CryptoFee == 0 {
		return
	}
	var c pitwall.Calc
	x := fee{at: f.Known, symbol: in.Symbol}
	if f.Side == pitwall.Buy {
		x.coins = c.Add(c.Mul(f.Qty, s.cfg.CryptoFee), 1)
	} else {
		x.money = c.Add(c.Mul(c.Mul(f.Qty, f.Price), s.cfg.CryptoFee), pitwall.One/100-1).Floor(pitwall.One / 100)
	}
	s.fees = append(s.fees, x)
}

// less returns an account without what fees took.
func (s *Server) less(a pitwall.Account) pitwall.Account {
	var c pitwall.Calc
	coins := map[string]pitwall.Dec{}
	for _, x := range s.fees {
		coins[x.symbol] = c.Add(coins[x.symbol], x.coins)
		a.Cash, a.Equity, a.BuyingPower = c.Sub(a.Cash, x.money), c.Sub(a.Equity, x.money), c.Sub(a.BuyingPower, x.money)
	}
	a.Positions = slices.Clone(a.Positions)
	for i := range a.Positions {
		p := &a.Positions[i]
		value := c.Mul(coins[p.Symbol], p.Last)
		p.Qty, p.Value, p.Unrealized = c.Sub(p.Qty, coins[p.Symbol]), c.Sub(p.Value, value), c.Sub(p.Unrealized, value)
		a.Equity = c.Sub(a.Equity, value)
	}
	a.Positions = slices.DeleteFunc(a.Positions, func(p pitwall.Position) bool { return p.Qty == 0 })
	return a
}

// feeActivities are the fees of days that are over: Alpaca posts them at a day's end.
func (s *Server) feeActivities() (list []map[string]any) {
	for i, x := range s.fees {
		day := x.at.UTC().Format(time.DateOnly)
		if day >= s.Now().UTC().Format(time.DateOnly) {
			continue
		}
		list = append(list, map[string]any{"id": fmt.Sprintf("%s000000000::cfee-%06d", x.at.UTC().Format("20060102"), i), "account_id": s.account(), "activity_type": "CFEE", "date": day,
			"net_amount": (-x.money).String(), "symbol": unslashed(x.symbol), "qty": (-x.coins).String(), "status": "executed", "description": "Coin Pair Transaction Fee"})
	}
	return list
}
