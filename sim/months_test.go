package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/cache/calendar"
	"pitwall/sim"
	"pitwall/sim/audit"
)

// On bars of weeks and months a session is one bar: a day order ends with the next bar's
// close, opg fills at its open, cls at its close, and a gtd order that ends inside a bar
// meets that bar's open only. 2024-07-03 closed early at 13:00, which is in the bars.
func TestOrdersOnWeeksAndMonths(t *testing.T) {
	c, err := calendar.Named("XNYS")
	require.NoError(t, err)
	in := pitwall.Instrument{Symbol: "X", Kind: pitwall.Equity, Lot: pitwall.One, Tradable: true, Calendar: c.Name, Hours: c, Zone: c.Zone}
	for size, next := range map[time.Duration]func(time.Time) time.Time{
		pitwall.OneWeek:  func(t time.Time) time.Time { return t.AddDate(0, 0, 7) },
		pitwall.OneMonth: func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
	} {
		s := &pitwall.Series{Instrument: in, Size: size}
		for day := time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC); s.Len() < 6; day = next(day) {
			open, closes, ok := in.Week(day)
			if size == pitwall.OneMonth {
				open, closes, ok = in.Month(day)
			}
			require.True(t, ok)
			at := pitwall.Int(int64(100 + s.Len())) // the open; the close is half above it
			require.NoError(t, s.Append(pitwall.Bar{Symbol: "X", Start: open, End: closes, Known: closes, Open: at, High: at + pitwall.One, Low: at - pitwall.One, Close: at + pitwall.One/2, Volume: 1e6}))
		}
		j := &pitwall.MemoryJournal{}
		cfg := sim.Config{Source: source{series: []*pitwall.Series{s}}, Symbols: []string{"X"}, From: s.Bar(0).Start, Cash: pitwall.Int(100_000), Journal: j, Rules: pitwall.Rules{VolumeShare: pitwall.One}}
		v, err := sim.New(cfg)
		require.NoError(t, err)
		g := risk.New(v, j, v, nil, nil, risk.NoLimits())
		submit := func(o pitwall.Order) {
			o.Symbol, o.Side, o.Qty = "X", pitwall.Buy, pitwall.One
			state, err := g.Submit(t.Context(), o)
			require.NoError(t, err)
			require.Equal(t, pitwall.Working, state.Status, "%v", state.Error)
		}
		step := func() {
			_, err := v.Next(t.Context(), v.Now())
			require.NoError(t, err)
		}
		step()
		submit(pitwall.Order{ID: "day", Type: pitwall.LimitOrder, Limit: pitwall.Int(50), TIF: pitwall.Day})
		submit(pitwall.Order{ID: "opg", Type: pitwall.MarketOrder, TIF: pitwall.OPG})
		submit(pitwall.Order{ID: "cls", Type: pitwall.MarketOrder, TIF: pitwall.CLS})
		submit(pitwall.Order{ID: "rest", Type: pitwall.LimitOrder, Limit: pitwall.Int(101) + pitwall.One/4, TIF: pitwall.GTC}) // bar 1 opens at 101
		step()
		step()
		// Bar 3 opens at 103 and falls to 102.
		for id, till := range map[string]time.Time{"inside": s.Bar(3).Start.AddDate(0, 0, 2), "after": s.Bar(3).End} {
			submit(pitwall.Order{ID: id, Type: pitwall.LimitOrder, Limit: pitwall.Int(102) + pitwall.One/4, TIF: pitwall.GTD, GoodTill: till})
		}
		step()
		step()
		order := func(id string) pitwall.OrderState {
			list, err := v.Orders(t.Context(), pitwall.OrderQuery{ID: id})
			require.NoError(t, err)
			return list[0]
		}
		require.Equal(t, pitwall.Expired, order("day").Status)
		require.True(t, s.Bar(1).End.Equal(order("day").Updated), order("day").Updated)
		require.Equal(t, pitwall.Int(101), order("opg").AvgPrice)
		require.Equal(t, pitwall.Int(101)+pitwall.One/2, order("cls").AvgPrice)
		require.Equal(t, pitwall.Int(101), order("rest").AvgPrice)
		require.Equal(t, []pitwall.Status{pitwall.Expired, pitwall.Filled}, []pitwall.Status{order("inside").Status, order("after").Status})
		v2, err := audit.Verify(audit.Run{Data: cfg.Source, Symbols: cfg.Symbols, From: cfg.From, Terms: cfg.Terms, Costs: cfg.Costs, Rules: cfg.Rules, Journal: j.Entries()})
		require.NoError(t, err)
		require.Empty(t, v2.Differences)
	}
}
