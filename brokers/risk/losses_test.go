package risk_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/sim"
)

// Exactly at the limit an order that opens passes, just over it is denied; an exit
// passes always; a broker that does not tell refuses.
func TestLosses(t *testing.T) {
	for _, c := range []struct {
		key         string
		equity      string
		earlier     string
		order       pitwall.Order
		code, say   string
		observed    string
		mostPercent int
	}{
		{"max_drawdown_percent", "90", "100", b("A", "1"), "", "", "", 10},
		{"max_drawdown_percent", "89.99", "100", b("A", "1"), "MAX_DRAWDOWN", "equity 89.99 USD is 10.01 % below its peak (100 USD); limit 10 %", "10.01", 10},
		{"max_drawdown_percent", "110", "100", b("A", "1"), "", "", "", 10},
		{"max_drawdown_percent", "10", "100", s("A", "1"), "", "", "", 10}, // an exit of the position of 5
		{"max_drawdown_percent", "10", "0", b("A", "1"), "CHECK_INPUT_MISSING", "equity at its peak, which this broker does not tell", "", 10},
		{"max_drawdown_percent", "99.99", "100", b("A", "1"), "MAX_DRAWDOWN", "0.01 % below its peak", "0.01", 0},
		{"max_daily_loss_percent", "98", "100", b("A", "1"), "", "", "", 2},
		{"max_daily_loss_percent", "97.99", "100", b("A", "1"), "MAX_DAILY_LOSS", "equity 97.99 USD is 2.01 % below where the day began (100 USD); limit 2 %", "2.01", 2},
		{"max_daily_loss_percent", "10", "100", s("A", "1"), "", "", "", 2},
	} {
		l, err := risk.Parse(map[string]any{c.key: c.mostPercent})
		require.NoError(t, err)
		a := &pitwall.Account{Currency: "USD", Equity: n(c.equity), Marks: pitwall.Marks{PeakEquity: n(c.earlier), DayEquity: n(c.earlier)}, Positions: []pitwall.Position{{Symbol: "A", Qty: n("5")}}}
		got := l.Check(c.order, risk.Snapshot{Now: noon, Account: a, Open: []pitwall.OrderState{},
			Instruments: map[string]pitwall.Instrument{"A": {Symbol: "A", Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One, Tradable: true}},
			Last:        map[string]pitwall.Bar{"A": {Symbol: "A", Close: n("100"), Known: noon}}})
		if c.code == "" {
			require.Empty(t, got, "%+v", c)
			continue
		}
		require.Len(t, got, 1, "%+v", c)
		require.Equal(t, pitwall.Code(c.code), got[0].Code)
		require.Contains(t, got[0].Text, c.say)
		if c.observed != "" {
			require.Equal(t, c.observed, got[0].Check.Observed)
		}
	}
}

// The simulation tells its peak and where the day began: 10 units bought at 100 of
// 2000, then closes of 110, 90 and 95.
func TestLossesInTheSimulation(t *testing.T) {
	ctx := context.Background()
	x := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "X", Kind: pitwall.Equity, Lot: pitwall.One, Tradable: true}, Size: 24 * time.Hour}
	for i, p := range []string{"100", "110", "90", "95"} {
		start := time.Date(2024, 1, 2+i, 14, 30, 0, 0, time.UTC)
		end := start.Add(390 * time.Minute)
		x.Append(pitwall.Bar{Symbol: "X", Start: start, End: end, Known: end, Open: n("100"), High: n("120"), Low: n("80"), Close: n(p), Volume: 1e6})
	}
	v, err := sim.New(sim.Config{Source: source{x}, Symbols: []string{"X"}, From: x.Bar(0).Start.Add(-time.Hour), Cash: n("2000"), Journal: &pitwall.MemoryJournal{}, Rules: pitwall.Rules{VolumeShare: pitwall.One}})
	require.NoError(t, err)
	for i, want := range []struct{ equity, peak, day string }{{"2000", "2000", "2000"}, {"2100", "2100", "2000"}, {"1900", "2100", "2100"}, {"1950", "2100", "1900"}} {
		_, err := v.Next(ctx, v.Now())
		require.NoError(t, err)
		a, err := v.Account(ctx, "")
		require.NoError(t, err)
		require.Equal(t, []string{want.equity, want.peak, want.day}, []string{a.Equity.String(), a.PeakEquity.String(), a.DayEquity.String()})
		if i == 0 {
			_, err := v.Submit(ctx, b("X", "10"))
			require.NoError(t, err)
		}
	}
}

type source struct{ x *pitwall.Series }

func (s source) Series() []*pitwall.Series { return []*pitwall.Series{s.x} }
func (s source) Actions() []pitwall.Action { return nil }
func (s source) Records() []pitwall.Record { return nil }
