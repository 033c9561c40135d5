package scripts

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The regression is numpy's least squares over the same closes: slope 0.8651, the newest
// spread 2.386 deviations, t -5.194.
func TestPairs(t *testing.T) {
	a := []float64{50.37, 49.65, 50.4, 50.03, 49.6, 49.8, 47.32, 49.09, 47.79, 48.73, 49.78, 49.85, 49.17, 48.6, 48.72, 48.54, 49.44, 49.02, 49.12, 49.5, 48.86, 49.11, 50.08, 49.88, 49.41, 49.34, 50.62, 49.15, 50.64, 52.25}
	b := []float64{102.06, 99.49, 99.9, 99.34, 98.89, 98.68, 96.7, 96.48, 95.65, 98.88, 99.1, 98.75, 98.48, 97.82, 96.79, 96.42, 96.88, 96.65, 97.58, 97.39, 97.41, 98.93, 99.47, 98.97, 98.79, 99.32, 101.26, 100.99, 100.74, 101.76}
	logs := func(list []float64) (out []float64) {
		for _, x := range list {
			out = append(out, math.Log(x))
		}
		return out
	}
	s := spreadOf(logs(a), logs(b))
	require.InDelta(t, 0.8651090499217597, s.slope, 1e-12)
	require.InDelta(t, 2.386325824820302, s.z, 1e-10)
	require.InDelta(t, -5.193970100807147, s.t, 1e-10)
	held := ""
	turn := func(params map[string]any) ([]order, string) {
		given := map[string]any{"a": "A", "b": "B", "lookback": 30}
		for k, v := range params {
			given[k] = v
		}
		m, err := newPairs(given)
		require.NoError(t, err)
		w := world{asOf: "2024-01-08T16:00:00-05:00\n" + held, say: func(name, args string) string {
			switch name {
			case "orders_open_orders":
				return "open_orders: none\n"
			case "duckdb_query":
				var rows strings.Builder
				for i := len(a) - 1; i >= 0; i-- {
					fmt.Fprintf(&rows, "2024-01-%02d,%v,%v\n", i+1, a[i], b[i])
				}
				return "rows=30 truncated=false\ndate,a,b\n" + rows.String()
			}
			return "symbols=A;B\n"
		}}
		orders, _, result := w.turn(t, m)
		return orders, result
	}
	// A is dear: short 1 / 1.8651 of equity in it, long 0.8651 / 1.8651 in B.
	orders, result := turn(nil)
	require.Equal(t, []float64{-53.61, 46.38}, []float64{orders[0].Percent, orders[1].Percent})
	require.Contains(t, result, "spread 2.39 deviations, slope 0.865, t -5.19")
	for _, none := range []map[string]any{{"enter": 2.4}, {"critical": 5.2}, {"stop": 2.3, "enter": 2.2}} {
		orders, result = turn(none)
		require.Empty(t, orders, "%v", none)
		require.Contains(t, result, "no pair to trade")
	}
	positions := func(inA, inB string) string {
		return "positions: symbol,percent_of_equity\nA," + inA + "\nB," + inB + "\n"
	}
	held = positions("-53", "46")
	orders, result = turn(nil)
	require.Empty(t, orders)
	require.Contains(t, result, "the pair stays")
	orders, _ = turn(map[string]any{"leave": 2.39, "enter": 2.5})
	require.Equal(t, []float64{0, 0}, []float64{orders[0].Percent, orders[1].Percent}, "near enough to its mean")
	orders, _ = turn(map[string]any{"stop": 2.3, "enter": 2.2})
	require.Len(t, orders, 2, "too far")
	held = positions("53", "-46")
	orders, _ = turn(nil)
	require.Len(t, orders, 2, "the spread has changed sides")
	held = "positions: symbol,percent_of_equity\nA,-53\n"
	orders, _ = turn(nil)
	require.Len(t, orders, 1, "one leg alone is no pair")
	for _, bad := range []map[string]any{{}, {"a": "A", "b": "A"}, {"a": "A", "b": "B", "leave": 2}, {"a": "A", "b": "B", "stop": 1}, {"a": "A", "b": "B", "lookback": 5}} {
		_, err := newPairs(bad)
		require.ErrorContains(t, err, "params: ")
	}
	require.Equal(t, "'it''s'", quoted("it's"))
}
