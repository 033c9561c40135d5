package scripts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptimize(t *testing.T) {
	open := "open_orders: none\n"
	weights := "weights: symbol,weight,held,risk_share,mean_percent,volatility_percent\nA,0.4,0.52,0.5,1,2\nB,0.6,0.45,0.5,1,2\ntrades: symbol,target_percent,change_percent,notional\nA,40,-12,-120\nB,60,15,150\n"
	asked := ""
	w := world{asOf: "2024-01-08T16:00:00-05:00", say: func(name, args string) string {
		if name == "portfolio_optimize" {
			asked = args
			return weights
		}
		return open
	}}
	m, err := newOptimize(map[string]any{"method": "risk_parity", "bars": 100})
	require.NoError(t, err)
	orders, _, result := w.turn(t, m)
	require.JSONEq(t, `{"method":"risk_parity","bars":100,"min_trade":0.01}`, asked)
	require.Equal(t, []order{{"A", 40, "risk_parity: A moves by -12 % of equity"}, {"B", 60, "risk_parity: B moves by 15 % of equity"}}, orders, "sales first")
	require.Contains(t, result, "orders sent: 2")
	// Nothing is farther than the band.
	m, err = newOptimize(map[string]any{"band": 0.15})
	require.NoError(t, err)
	orders, _, result = w.turn(t, m)
	require.Empty(t, orders)
	require.Contains(t, result, "no trade: the weight farthest from its target is that of B, by 0.15")
	m, err = newOptimize(map[string]any{"band": 0.149})
	require.NoError(t, err)
	orders, _, _ = w.turn(t, m)
	require.Len(t, orders, 2)
	open = "open_orders: id,symbol\no-1,A\n"
	_, _, result = w.turn(t, m)
	require.Contains(t, result, "waiting for open orders")
	weights = "error NO_COVERAGE: 0 symbols with 253 daily bars"
	_, _, result = w.turn(t, m)
	require.Contains(t, result, "no weights: ")
	for _, bad := range []map[string]any{{"method": "best"}, {"bars": 5}, {"band": 2}, {"min_trade": -0.1}, {"lookback": 3}} {
		_, err := newOptimize(bad)
		require.ErrorContains(t, err, "params: ", "%v", bad)
	}
}
