package scripts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// paper writes trades of a strategy: + is a gain of 2 %, - a loss of 1 %, one a day.
func paper(strategy, regime string, day int, results string) (list []paperTrade) {
	for i, c := range results {
		profit := 0.02
		if c == '-' {
			profit = -0.01
		}
		list = append(list, paperTrade{strategy: strategy, symbol: "X", regime: regime, end: fmt.Sprintf("2024-01-%02d", day+i), then: regime, profit: profit})
	}
	return list
}

// By hand, with a window of 4 and 3 trades between switches: a has won 1 of its last 4 on day
// 15, which is too few. b has won 3 of 4 in a calm market, but the market is wild by then,
// and there c has won 2 of 3.
func TestMonitor(t *testing.T) {
	m := monitor{names: []string{"a", "b", "c"}, window: 4, least: 0.35, profit: 0, between: 3}
	before := append(paper("b", "calm", 1, "+++-"), paper("c", "wild", 5, "+-+")...)
	active, log, taken := m.replay(append(before, paper("a", "wild", 11, "++---")...))
	require.Equal(t, "c", active)
	require.Len(t, taken, 5)
	require.Equal(t, []switched{{"2024-01-15", "a", "c", "a: 1 of 4 trades won, net -1.00 %; at least 35 % and +0.00 % are asked; c in wild: 2 of 3 trades won, net +3.00 %"}}, log)
	active, log, _ = m.replay(append(paper("b", "calm", 1, "+++-"), paper("a", "calm", 11, "++---")...))
	require.Equal(t, "b", active)
	require.Contains(t, log[0].why, "b in calm: 3 of 4 trades won, net +5.00 %")
	// No other one is good enough: cash, until one is, three trades later.
	short := paper("a", "calm", 11, "++---")
	active, log, _ = m.replay(short)
	require.Empty(t, active)
	require.Equal(t, "", log[0].to)
	require.Contains(t, log[0].why, "no other one is good enough in calm")
	active, _, _ = m.replay(append(short, paper("b", "calm", 16, "++")...))
	require.Empty(t, active, "two trades are too few")
	active, log, taken = m.replay(append(paper("a", "calm", 11, "++---"), paper("b", "calm", 16, "+++")...))
	require.Equal(t, "b", active)
	require.Len(t, log, 2)
	require.Len(t, taken, 5, "what b would have gained in the meantime was not traded")
	// A switch waits: the first two losses are too few, and so are two after a switch.
	active, log, _ = m.replay(paper("a", "calm", 1, "--"))
	require.Equal(t, "a", active)
	require.Empty(t, log)
	all := append(paper("b", "calm", 1, "+++-"), paper("a", "calm", 5, "++---")...)
	active, _, _ = m.replay(append(all, paper("b", "calm", 10, "--")...))
	require.Equal(t, "b", active, "two trades after the switch")
	active, _, _ = m.replay(append(append(paper("b", "calm", 1, "+++-"), paper("a", "calm", 5, "++---")...), paper("b", "calm", 10, "---")...))
	require.Empty(t, active, "the third")
	// Net profit counts by itself: 2 of 4 won, and yet a loss.
	poor := paper("a", "calm", 1, "++--")
	for i := range poor {
		if poor[i].profit > 0 {
			poor[i].profit = 0.005
		}
	}
	active, _, _ = m.replay(poor)
	require.Empty(t, active)
}

// A later trade changes no switch before it.
func TestMonitorDoesNotLookAhead(t *testing.T) {
	m := monitor{names: []string{"a", "b"}, window: 4, least: 0.35, between: 3}
	trades := append(append(paper("b", "calm", 1, "+++-"), paper("a", "calm", 5, "++---")...), paper("b", "calm", 10, "---+++")...)
	_, all, _ := m.replay(trades)
	require.Len(t, all, 3)
	for n := range trades {
		_, some, _ := m.replay(append([]paperTrade(nil), trades[:n]...))
		require.Equal(t, all[:len(some)], append([]switched{}, some...))
	}
}

// Newcombe's own example: 56 of 70 against 48 of 80 is 0.2 with 0.0524 to 0.3339.
func TestLearned(t *testing.T) {
	var taken []paperTrade
	for i := range 150 {
		won := i < 48 || i >= 80 && i < 136
		profit := -0.01
		if won {
			profit = 0.01
		}
		taken = append(taken, paperTrade{profit: profit})
	}
	require.Equal(t, "win rate 60 % of the first 80 trades, 80 % of the 70 after: +20 points (95 %: +5 to +33)", learned(taken, 80))
	require.Empty(t, learned(taken, 150))
}

func TestSwitch(t *testing.T) {
	given := map[string]any{"strategies": map[string]any{"a": "close > 1", "b": "close < 1"}, "window": 4, "hysteresis": 2, "cost_bps": 50}
	m, err := newSwitch(given)
	require.NoError(t, err)
	// a: 100 to 101.5 is 1.5 % less 1 % of costs, then a loss of 3 %: cash on day 6. b gains
	// twice 2 %, and is let in two trades later.
	events := map[string]string{
		"close > 1": "X,2024-01-10T09:30:00-05:00,98,false,\nX,2024-01-09T09:30:00-05:00,100,true,\nX,2024-01-08T09:30:00-05:00,98,false,\nX,2024-01-07T09:30:00-05:00,100,true,\nX,2024-01-06T09:30:00-05:00,98,false,\nX,2024-01-05T09:30:00-05:00,100,true,\nX,2024-01-04T09:30:00-05:00,101.5,false,\nX,2024-01-03T09:30:00-05:00,100,true,\n",
		"close < 1": "X,2024-01-09T09:30:00-05:00,103,false,\nX,2024-01-08T09:30:00-05:00,100,true,\nX,2024-01-06T09:30:00-05:00,103,false,\nX,2024-01-05T09:30:00-05:00,100,true,\nX,2024-01-04T09:30:00-05:00,103,false,\nX,2024-01-03T09:30:00-05:00,100,true,\n",
	}
	w := world{asOf: "2024-01-10T16:00:00-05:00", say: func(name, args string) string {
		switch name {
		case "market_last_price":
			return "prices: symbol,last,age_hours,tradable\nX,99,0,true\n"
		case "orders_open_orders":
			return "open_orders: none\n"
		case "duckdb_query":
			rule := "close > 1"
			if strings.Contains(args, `close \u003c 1`) {
				rule = "close < 1"
			}
			if strings.Contains(args, "filled IS NULL") {
				if rule == "close > 1" {
					return "rows=1 truncated=false\nsymbol,weight\nX,0\n"
				}
				return "rows=1 truncated=false\nsymbol,weight\nX,1\n"
			}
			return "rows=9 truncated=false\nsymbol,filled,price,entry,regime\n" + events[rule]
		}
		return "symbols=X\n"
	}}
	orders, _, result := w.turn(t, m)
	require.Len(t, orders, 1, result)
	require.Equal(t, 100.0, orders[0].Percent, "b says 1, of one symbol")
	require.Contains(t, result, "active: b since 2024-01-08 (in cash; b in any regime: 2 of 2 trades won, net +4.00 %)")
	for _, bad := range []map[string]any{
		{}, {"strategies": map[string]any{"a": "x"}}, {"strategies": map[string]any{"a": "x", "b": ""}}, {"strategies": map[string]any{"a": "x", "b": 1}},
		{"strategies": given["strategies"], "start": "c"}, {"strategies": given["strategies"], "by_regime": "yes"}, {"strategies": given["strategies"], "min_profit": "0"}, {"strategies": given["strategies"], "min_win_rate": 35},
	} {
		_, err := newSwitch(bad)
		require.ErrorContains(t, err, "params: ", "%v", bad)
	}
}
