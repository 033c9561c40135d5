package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/sim"
)

// A US stock's orders have whole cents from 1 dollar on and four decimals below, rounded
// toward safety: buy limits and sell stops down, sell limits and buy stops up.
func TestCentsOfUSStocks(t *testing.T) {
	for _, c := range []struct {
		side        pitwall.Side
		stop        bool
		price, want string
	}{
		{pitwall.Buy, false, "99.005", "99"}, {pitwall.Sell, false, "99.005", "99.01"}, {pitwall.Buy, true, "101.001", "101.01"}, {pitwall.Sell, true, "98.999", "98.99"},
		{pitwall.Buy, false, "0.12345", "0.1234"}, {pitwall.Sell, false, "0.99995", "1"}, {pitwall.Buy, false, "1.009", "1"}, {pitwall.Buy, false, "0.9999", "0.9999"},
	} {
		s := set(t, flatDays(3, "100"), func(_ *sim.Config, x *pitwall.Series, _ *goldenSource) { x.Instrument.Cents = true })
		s.next()
		s.submit(pitwall.Order{ID: "in", Side: pitwall.Buy, Qty: pitwall.Int(5)})
		s.next()
		o := pitwall.Order{ID: "o", Side: c.side, Type: pitwall.LimitOrder, Limit: price(t, c.price), Qty: pitwall.One}
		if c.stop {
			o.Type, o.Limit, o.Stop = pitwall.StopOrder, 0, o.Limit
		}
		got := s.submit(o)
		require.Equal(t, price(t, c.want), got.Limit+got.Stop, "%+v", c)
		require.Equal(t, c.price != c.want, got.Note != "", "the answer says what was rounded: %q", got.Note)
	}
}

// Exits by percent and trailing stops are on the tick too: bought at 33.33 the target 5 %
// above is 34.9965, so 35 (up); the stop 5 % below is 31.6635, so 31.66 (down).
func TestCentsOfExits(t *testing.T) {
	j := &pitwall.MemoryJournal{}
	var src goldenSource
	var cfg sim.Config
	s := set(t, append(flatDays(2, "33.33"), "33 36 31 33"), func(c *sim.Config, x *pitwall.Series, g *goldenSource) {
		x.Instrument.Cents, c.Journal = true, j
		src, cfg = *g, *c
	})
	s.b = risk.New(s.v, j, s.v, nil, nil, risk.NoLimits())
	s.next()
	s.submit(pitwall.Order{ID: "b", Side: pitwall.Buy, Qty: pitwall.One, Class: pitwall.Bracket, Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Percent: pitwall.Int(5)}, {Role: pitwall.StopLoss, Percent: pitwall.Int(5)}}})
	s.next()
	require.Equal(t, price(t, "35"), s.order("b.tp").Limit)
	require.Equal(t, price(t, "31.66"), s.order("b.sl").Trigger)
	s.next()
	require.Equal(t, price(t, "31.66"), s.order("b.sl").AvgPrice)
	agrees(t, src, cfg, j)
}

// A price that the tick rounds to 0 would be no price at all: a replaced exit would keep
// its percent, a stop-loss would never act. It is refused wherever an order has one.
func TestPriceThatTheTickMakesZero(t *testing.T) {
	cent := func(_ *sim.Config, x *pitwall.Series, _ *goldenSource) { x.Instrument.Tick = price(t, "0.01") }
	small, exits := price(t, "0.001"), []pitwall.Leg{{Role: pitwall.TakeProfit, Percent: pitwall.One}, {Role: pitwall.StopLoss, Percent: pitwall.One}}
	for name, o := range map[string]pitwall.Order{
		"limit":             {Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: small},
		"stop":              {Side: pitwall.Sell, Type: pitwall.StopOrder, Stop: small},
		"take_profit limit": {Side: pitwall.Sell, Class: pitwall.OTO, Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: small}}},
		"stop_loss stop":    {Side: pitwall.Buy, Class: pitwall.OTO, Legs: []pitwall.Leg{{Role: pitwall.StopLoss, Stop: small}}},
	} {
		s := set(t, flatDays(3, "100"), cent)
		s.next()
		o.ID, o.Symbol, o.Qty = "o", "X", pitwall.One
		state, err := s.b.Submit(t.Context(), o)
		require.NoError(t, err)
		require.ErrorContains(t, state.Error, name+" 0.001 is 0 on the tick of 0.01")
	}
	s := set(t, flatDays(3, "100"), cent)
	s.next()
	s.submit(pitwall.Order{ID: "o", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(99), Qty: pitwall.One, Class: pitwall.Bracket, Legs: exits})
	_, err := s.b.Replace(t.Context(), "o.sl", pitwall.Change{Stop: small})
	require.ErrorContains(t, err, "stop 0.001 is 0 on the tick of 0.01")
	_, err = s.b.Replace(t.Context(), "o", pitwall.Change{Limit: small})
	require.ErrorContains(t, err, "limit 0.001 is 0 on the tick of 0.01")
}
