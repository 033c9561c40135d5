package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/sim"
	"pitwall/sim/audit"
)

// oil is the May future of crude oil around 2020-04-20, 1,000 barrels each, as daily
// bars of X; see ../shared/cases/data/negative_zero.
func oil(t *testing.T, edit func(*sim.Config)) (stage, func()) {
	var src goldenSource
	var cfg sim.Config
	j := &pitwall.MemoryJournal{}
	s := set(t, []string{"100 100 100 100"}, func(c *sim.Config, x *pitwall.Series, g *goldenSource) {
		x.Instrument.Kind, x.Instrument.Multiplier = pitwall.Future, pitwall.Int(1000)
		*x = pitwall.Series{Instrument: x.Instrument, Size: x.Size}
		fill(t, x, "19.5 20 19 19.87", "19 19.5 17.3 18.27", "17.73 17.85 -40.32 -37.63", "-14 13.86 -16.74 10.01", "11 16 10 13.78")
		c.Terms.Type, c.Journal = pitwall.MarginAccount, j
		if edit != nil {
			edit(c)
		}
		src, cfg = *g, *c
	})
	s.b = risk.New(s.v, j, s.v, nil, nil, risk.NoLimits())
	return s, func() {
		for range 6 {
			s.next()
		}
		agrees(t, src, cfg, j)
	}
}

// fill appends daily bars "open high low close".
func fill(t *testing.T, x *pitwall.Series, bars ...string) {
	for i, text := range bars {
		var p [4]pitwall.Dec
		for k, s := range splitFields(text) {
			require.NoError(t, p[k].UnmarshalText([]byte(s)))
		}
		day := time.Date(2024, 1, 2+i, 0, 0, 0, 0, newYork)
		b := pitwall.Bar{Start: day.Add(9*time.Hour + 30*time.Minute), End: day.Add(16 * time.Hour), Known: day.Add(16 * time.Hour), Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: 10_000}
		require.NoError(t, x.Append(b))
	}
}

// agrees compares a run with the second implementation.
func agrees(t *testing.T, src pitwall.Source, cfg sim.Config, j *pitwall.MemoryJournal) {
	t.Helper()
	v, err := audit.Verify(audit.Run{Data: src, Symbols: cfg.Symbols, From: cfg.From, Terms: cfg.Terms, Costs: cfg.Costs, Rules: cfg.Rules, Journal: j.Entries()})
	require.NoError(t, err)
	require.Empty(t, v.Differences)
}

func price(t *testing.T, text string) (d pitwall.Dec) {
	require.NoError(t, d.UnmarshalText([]byte(text)))
	return d
}

// Bought at the open of 19, the contract is marked at 18.27 (-730), at -37.63
// (-37.63 - 18.27 = -55.90 a barrel: -55,900) and sold at the open of -14 (+23,630):
// together (-14 - 19) x 1,000 = -33,000.
func TestAFutureFallsBelowZero(t *testing.T) {
	s, rest := oil(t, nil)
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.One})
	s.next()
	require.Equal(t, price(t, "99270"), s.account().Equity)
	s.next()
	a := s.account()
	require.Equal(t, price(t, "43370"), a.Equity)
	require.Equal(t, price(t, "3386.7"), a.Maintenance, "9 % of 37,630, the magnitude")
	require.Equal(t, price(t, "-37630"), a.Positions[0].Notional)
	s.submit(pitwall.Order{ID: "out", Side: pitwall.Sell, Qty: pitwall.One})
	rest()
	require.Equal(t, price(t, "-14"), s.order("out").AvgPrice)
	require.Equal(t, price(t, "67000"), s.account().Cash)
}

// Costs are shares of the magnitude: sold at the open of -14 with 100 bps slippage the
// price is -14.14, and 10 bps of 14,140 are 14.14. Bought at 19 it cost 19.19 and 19.19.
func TestCostsBelowZero(t *testing.T) {
	s, rest := oil(t, func(c *sim.Config) {
		c.Costs = pitwall.Costs{SlippageBps: pitwall.Int(100), CommissionBps: pitwall.Int(10)}
	})
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.One})
	s.next()
	s.next()
	s.submit(pitwall.Order{ID: "out", Side: pitwall.Sell, Qty: pitwall.One})
	rest()
	require.Equal(t, price(t, "-14.14"), s.order("out").AvgPrice)
	require.Equal(t, price(t, "33.33"), s.account().Fees)
	require.Equal(t, price(t, "66636.67"), s.account().Cash, "100,000 - 33,330 - 33.33")
}

// On 2020-04-20 price fell from 17.73 to -40.32. Stops and limits are compared as
// numbers; percents are of the magnitude.
func TestOrdersBelowZero(t *testing.T) {
	s, rest := oil(t, nil)
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(3)})
	s.next()
	stop := func(id, at string) {
		s.submit(pitwall.Order{ID: id, Side: pitwall.Sell, Type: pitwall.StopOrder, Stop: price(t, at), Qty: pitwall.One, ReduceOnly: true})
	}
	stop("above", "10")
	stop("below", "-20")
	s.submit(pitwall.Order{ID: "trail", Side: pitwall.Sell, Type: pitwall.TrailingStop, Trail: price(t, "25"), Qty: pitwall.One, ReduceOnly: true})
	// A bracket at -30: its stop 10 % below is -33, its target 10 % above -27.
	s.submit(pitwall.Order{ID: "low", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: price(t, "-30"), Qty: pitwall.One, Class: pitwall.Bracket,
		Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Percent: pitwall.Int(10)}, {Role: pitwall.StopLoss, Percent: pitwall.Int(10)}}})
	require.Equal(t, price(t, "-6.73"), s.order("trail").Trigger, "18.27 - 25")
	s.next()
	for id, at := range map[string]string{"above": "10", "below": "-20", "trail": "-6.73", "low": "-30"} {
		require.Equal(t, price(t, at), s.order(id).AvgPrice, id)
	}
	require.Equal(t, price(t, "-33"), s.order("low.sl").AvgPrice, "the low of -40.32 reached it after the entry")
	require.Equal(t, price(t, "-27"), s.order("low.tp").Limit)
	s.submit(pitwall.Order{ID: "short", Side: pitwall.Sell, Qty: pitwall.One})
	s.submit(pitwall.Order{ID: "cover", Side: pitwall.Buy, Type: pitwall.TrailingStop, TrailPercent: pitwall.Int(10), Qty: pitwall.One})
	require.Equal(t, price(t, "-33.867"), s.order("cover").Trigger, "-37.63 + 3.763")
	rest()
}

// What means nothing is refused: 0 as a price, a price below 0 of a share, and money
// against a last price below 0.
func TestPricesBelowZeroThatAreRefused(t *testing.T) {
	s, _ := oil(t, nil)
	s.next()
	s.next()
	zero := s.submit(pitwall.Order{ID: "zero", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.One})
	require.Equal(t, pitwall.InvalidInput, zero.Error.Code)
	s.next()
	// 10 % of 37.63 x 1,000 is a margin of 3,763 a contract: 11 x 3,763 = 41,393 of 100,000.
	require.Equal(t, pitwall.Working, s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(11)}).Status)
	require.Equal(t, price(t, "41393"), s.account().Reserved)
	require.Equal(t, pitwall.BuyingPower, s.submit(pitwall.Order{ID: "many", Side: pitwall.Buy, Qty: pitwall.Int(16)}).Error.Code)

	share := set(t, flatDays(2, "100"), nil)
	share.next()
	refused := share.submit(pitwall.Order{ID: "below", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: price(t, "-1"), Qty: pitwall.One})
	require.Equal(t, pitwall.InvalidNumber, refused.Error.Code)
	require.Contains(t, refused.Error.Error(), "only futures trade below")
}

// dead is a share that falls to 0 on its third day, as in negative_zero/to_zero.csv.
var dead = []string{"1 1 1 1", "0.5 0.5 0.2 0.2", "0.1 0.1 0 0", "0 0 0 0"}

// 1,000 bought at 0.5 and 2,000 more at their limit of 0.05 cost 500 + 100 = 600, and
// that is what closing them at 0 realizes: 10,000 - 600 = 9,400 is left.
func TestAShareAtZeroIsWrittenOff(t *testing.T) {
	j := &pitwall.MemoryJournal{}
	var src goldenSource
	var cfg sim.Config
	s := set(t, dead, func(c *sim.Config, _ *pitwall.Series, g *goldenSource) {
		c.Cash, c.Journal = pitwall.Int(10_000), j
		src, cfg = *g, *c
	})
	s.b = risk.New(s.v, j, s.v, nil, nil, risk.NoLimits())
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(1000)})
	s.next()
	s.submit(pitwall.Order{ID: "more", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: price(t, "0.05"), Qty: pitwall.Int(2000)})
	s.submit(pitwall.Order{ID: "dear", Side: pitwall.Sell, Type: pitwall.LimitOrder, Limit: pitwall.Int(2), Qty: pitwall.Int(500)})
	closing, err := s.b.Submit(context.Background(), pitwall.Order{ID: "close", Symbol: "X", Side: pitwall.Sell, Type: pitwall.MarketOrder, TIF: pitwall.CLS, Qty: pitwall.Int(500)})
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, closing.Status)
	s.next()
	a := s.account()
	require.Empty(t, a.Positions)
	require.Equal(t, [2]pitwall.Dec{price(t, "9400"), price(t, "-600")}, [2]pitwall.Dec{a.Equity, a.Realized})
	require.Equal(t, pitwall.Expired, s.order("dear").Status)
	require.Zero(t, s.order("close").Filled, "nothing trades at 0")
	flows := s.v.Flows(time.Time{})
	require.Len(t, flows, 1)
	require.Equal(t, pitwall.CashFlow{Time: flows[0].Time, Symbol: "X", Type: "written_off", Qty: pitwall.Int(3000)}, flows[0])
	late := s.submit(pitwall.Order{ID: "late", Side: pitwall.Buy, Qty: pitwall.One})
	require.Equal(t, pitwall.NotTradable, late.Error.Code)
	require.Contains(t, late.Error.Message, "closed at 0")
	s.next()
	require.Equal(t, price(t, "9400"), s.account().Equity)
	agrees(t, src, cfg, j)
}

// 1,000 sold short at 0.5 bring 500, and closing them at 0 costs nothing.
func TestAShortAtZeroKeepsItsMoney(t *testing.T) {
	s := set(t, dead, func(c *sim.Config, _ *pitwall.Series, _ *goldenSource) {
		c.Cash, c.Terms.Type = pitwall.Int(10_000), pitwall.MarginAccount
	})
	s.next()
	s.submit(pitwall.Order{ID: "in", Side: pitwall.Sell, Qty: pitwall.Int(1000)})
	s.next()
	s.next()
	require.Empty(t, s.account().Positions)
	require.Equal(t, price(t, "10500"), s.account().Cash)
}
