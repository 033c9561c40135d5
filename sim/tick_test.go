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
