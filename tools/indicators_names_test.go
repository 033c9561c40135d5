package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestIndicatorsRefuse(t *testing.T) {
	bars := walk(9, 30)
	w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	s := newSet()
	for args, want := range map[string]string{
		`{"symbols":"X","names":"rsj"}`:                           "did you mean rsi? the indicators are sma:20, ema:20, rsi:14",
		`{"symbols":"X","names":""}`:                              "the indicators are sma:20",
		`{"symbols":"X","names":[]}`:                              "ask for 1 to 20",
		`{"symbols":"X","names":"rsi:0"}`:                         "parameter n of rsi is not a whole number from 2 to 500; write for example rsi:14",
		`{"symbols":"X","names":"rsi:1e9"}`:                       "whole number from 2 to 500",
		`{"symbols":"X","names":"rsi:14.5"}`:                      "whole number from 2 to 500",
		`{"symbols":"X","names":"rsi:NaN"}`:                       "whole number from 2 to 500",
		`{"symbols":"X","names":"rsi:"}`:                          "whole number from 2 to 500",
		`{"symbols":"X","names":"rsi:14:3"}`:                      "rsi has 2 parameters and takes 1; write rsi:14",
		`{"symbols":"X","names":"obv:3"}`:                         "takes 0; write obv",
		`{"symbols":"X","names":"macd:26:12:9"}`:                  "fast period 26 of macd is not below the slow one, 12",
		`{"symbols":"X","names":"bollinger:20:0"}`:                "parameter deviations of bollinger is not a number from 0.1 to 10",
		`{"symbols":"X","names":"rsi","last":0}`:                  "use 1 to 250",
		`{"symbols":"X","names":"rsi","last":251}`:                "use 1 to 250",
		`{"symbols":"X","names":"rsi","bar_size":"1h"}`:           "held are bars of 1d, from which these can be made: 1d, 1w",
		`{"symbols":"X","names":"rsi","bar_size":"month"}`:        "write for example 5m, 1h",
		`{"symbols":"X","names":"rsi","bar_size":"d"}`:            "write for example 5m, 1h",
		`{"names":"rsi"}`:                                         "name at least one symbol",
		`{"symbols":"NOPE","names":"rsi"}`:                        "UNKNOWN_SYMBOL",
		`{"symbols":"X","names":["macd","bollinger"],"last":250}`: "1 symbols x 6 columns x last 250 are 1500 values; ask for at most 1000 at once: fewer symbols or names, or last up to 166",
		`{"symbols":"X"}`:                                         "missing argument \"names\"",
	} {
		a := s.Call(trader(), w, "market_indicators", json.RawMessage(args))
		require.True(t, a.IsError, args)
		require.Contains(t, a.Text, want, args)
		require.Equal(t, want == "UNKNOWN_SYMBOL", code(t, a) == pitwall.UnknownSymbol, args)
		require.NotEqual(t, pitwall.Internal, code(t, a), args)
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint("S", i)
	}
	raw, _ := json.Marshal(map[string]any{"symbols": many, "names": "rsi"})
	require.Contains(t, s.Call(trader(), w, "market_indicators", raw).Text, "ask for at most 50")
	a := s.Call(trader(), w, "market_indicators", json.RawMessage(`{"symbols":["X","X"],"names":["SMA:2"," sma:2"]}`))
	require.Contains(t, a.Text, "indicators: symbol,start,sma:2\nX,2000-01-30T00:00:00Z,", "each once")
}

func FuzzIndicatorNames(f *testing.F) {
	for _, n := range []string{"rsi:14", "macd:12:26:9", "bollinger:20:2", "sma:-1", "stochastic:::", "vwap:1e2", "\x00", "ema:0x10", "atr:1_0", "macd:1:2:500"} {
		f.Add(n)
	}
	bars := walk(10, 60)
	w, _ := worldOf(f, last(bars), map[string][]pitwall.Bar{"X": bars})
	s := newSet()
	f.Fuzz(func(t *testing.T, name string) {
		raw, err := json.Marshal(map[string]any{"symbols": "X", "names": []string{name}})
		if err != nil {
			t.Skip()
		}
		a := s.Call(context.Background(), w, "market_indicators", raw)
		if a.IsError && code(t, a) != pitwall.InvalidInput || !json.Valid(a.JSON) {
			t.Fatalf("%q: %s", name, a.Text)
		}
	})
}
