package tools_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim/wall"
	"pitwall/tools"
)

type barSource []*pitwall.Series

func (s barSource) Series() []*pitwall.Series { return s }
func (s barSource) Actions() []pitwall.Action { return nil }

// walk is n daily bars of a random walk of 1 % a day, 24 h each.
func walk(seed uint64, n int) []pitwall.Bar {
	r := rand.New(rand.NewPCG(seed, 7))
	dec := func(f float64) pitwall.Dec { d, _ := pitwall.FromFloat(math.Round(f*100) / 100); return d }
	var bars []pitwall.Bar
	price := 100.0
	for i := range n {
		start := time.Date(2000, 1, 1+i, 0, 0, 0, 0, time.UTC)
		o := price
		price *= math.Exp(0.01 * r.NormFloat64())
		hi, lo := max(o, price)*(1+0.005*r.Float64()), min(o, price)*(1-0.005*r.Float64())
		bars = append(bars, pitwall.Bar{Start: start, End: start.Add(24 * time.Hour), Known: start.Add(24 * time.Hour), Open: dec(o), High: dec(hi) + pitwall.One/50, Low: dec(lo) - pitwall.One/50, Close: dec(price), Volume: float64(1 + r.IntN(1000))})
	}
	return bars
}

// worldOf shows bars through the wall at a time; all symbols are tradable.
func worldOf(t testing.TB, now time.Time, symbols map[string][]pitwall.Bar) (*pitwall.World, *fakeClock) {
	t.Helper()
	clock := &fakeClock{now: now}
	var src barSource
	var names []string
	for _, s := range []string{"A", "B", "C", "X"} {
		bars, ok := symbols[s]
		if !ok {
			continue
		}
		series := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: s, Lot: pitwall.One}, Size: 24 * time.Hour}
		for _, b := range bars {
			require.NoError(t, series.Append(b))
		}
		src, names = append(src, series), append(names, s)
	}
	m := wall.New(src, clock.Now, names)
	return &pitwall.World{Mode: pitwall.Sim, Clock: clock, Market: m, Instruments: m}, clock
}

type indicatorsAnswer struct {
	Columns []string
	Rows    []struct {
		Symbol, Start string
		Values        []*float64
	}
	Breadth []struct {
		Name                      string
		Share                     *float64
		Above, Below, Counted, Of int
	}
	Notes []string
}

func ask(t testing.TB, s *tools.Set, w *pitwall.World, args map[string]any) indicatorsAnswer {
	t.Helper()
	raw, err := json.Marshal(args)
	require.NoError(t, err)
	a := s.Call(trader(), w, "market_indicators", raw)
	require.False(t, a.IsError, a.Text)
	require.NotContains(t, a.Text, "NaN")
	require.NotContains(t, a.Text, "Inf")
	var out indicatorsAnswer
	require.NoError(t, json.Unmarshal(a.JSON, &out), string(a.JSON))
	return out
}

// every is each indicator, with periods short enough for 60 bars.
func every() []string {
	return []string{"sma:7", "ema:7", "rsi:5", "macd:3:6:4", "bollinger:8:2.5", "atr:5", "adx:5", "stochastic:6:3:4", "obv", "vwap:9", "high:8", "low:8", "return:5", "volume_ratio:6", "volume_profile:7"}
}

func last(bars []pitwall.Bar) time.Time { return bars[len(bars)-1].Known }

// L24: what is computed at t through the wall over all data is what the data cut at
// t give.
func TestIndicatorsDoNotLookAhead(t *testing.T) {
	bars := walk(1, 320)
	full, clock := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	s := newSet()
	for n := 100; n < 300; n++ {
		clock.now = bars[n-1].Known
		cut, _ := worldOf(t, clock.now, map[string][]pitwall.Bar{"X": bars[:n]})
		for _, size := range []string{"", "1w"} {
			args := map[string]any{"symbols": "X", "names": append(every(), "breadth:9"), "last": 3, "bar_size": size}
			got, want := ask(t, s, full, args), ask(t, s, cut, args)
			require.Equal(t, want, got, n)
			require.Equal(t, bars[n-1].Known.Add(-24*time.Hour).Format(time.RFC3339) == got.Rows[2].Start, size == "", "the newest bar is the last known one")
			for i, v := range got.Rows[2].Values {
				require.True(t, v != nil || size == "1w", got.Columns[i])
			}
		}
	}
}

// L25: the first value that is shown differs from the one with 5,000 bars of history
// by less than the documented tolerance; with 500 bars by next to nothing.
func TestIndicatorsSettle(t *testing.T) {
	type rule struct {
		name               string
		need               int
		tolerance, with500 float64
		relative           bool // to the close; else in points
	}
	s := newSet()
	worst := map[string][2]float64{}
	for seed := range uint64(30) {
		bars := walk(100+seed, 5000)
		all, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
		price := bars[4999].Close.Float()
		for _, r := range []rule{
			{"ema:20", 80, 2e-4, 1e-10, true}, {"ema:50", 200, 2e-4, 1e-7, true}, {"ema:100", 400, 2e-4, 1e-4, true},
			{"rsi:14", 112, 0.1, 1e-8, false}, {"macd:12:26:9", 140, 2e-4, 1e-10, true}, {"atr:14", 112, 1e-5, 1e-10, true}, {"adx:14", 140, 0.1, 1e-8, false},
			{"rsi:30", 240, 0.1, 1e-3, false}, {"adx:30", 300, 0.1, 0.01, false},
		} {
			full := ask(t, s, all, map[string]any{"symbols": "X", "names": r.name}).Rows[0].Values
			for k, n := range []int{r.need, 500} {
				w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars[5000-n:]})
				got := ask(t, s, w, map[string]any{"symbols": "X", "names": r.name}).Rows[0].Values
				for i, v := range got {
					require.NotNil(t, v, r.name)
					off := math.Abs(*v - *full[i])
					if r.relative {
						off /= price
					}
					w := worst[r.name]
					w[k] = max(w[k], off)
					worst[r.name] = w
					require.Less(t, off, []float64{r.tolerance, r.with500}[k], "%s with %d bars", r.name, n)
				}
			}
			w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars[5000-r.need+1:]})
			for _, v := range ask(t, s, w, map[string]any{"symbols": "X", "names": r.name}).Rows[0].Values {
				require.Nil(t, v, "%s is withheld before %d bars", r.name, r.need)
			}
		}
	}
	t.Log("largest differences at the warm-up and with 500 bars:", worst)
}

// Every length from 1 to 40, usual and short periods: nulls and a note, no panic.
func TestIndicatorsOnShortHistory(t *testing.T) {
	s := newSet()
	bars := walk(2, 40)
	names := [][]string{every(), {"rsi", "macd", "ema", "sma", "bollinger", "atr", "adx", "stochastic", "obv", "vwap", "breadth"}, {"high", "low", "return", "volume_ratio", "volume_profile", "breadth:advance_decline", "breadth:highs", "breadth:up_volume"},
		{"sma:1", "ema:1", "rsi:2", "macd:1:2:1", "bollinger:2:0.1", "atr:1", "adx:2", "stochastic:1:1:1", "vwap:1"}, {"high:1", "low:1", "return:1", "volume_ratio:1", "volume_profile:1", "breadth:highs:2"}, {"sma:500", "ema:500", "stochastic:500:500:500", "macd:1:500:500"}}
	for n := 1; n <= 40; n++ {
		w, _ := worldOf(t, last(bars[:n]), map[string][]pitwall.Bar{"X": bars[:n]})
		for _, list := range names {
			for _, size := range []string{"", "1w"} {
				out := ask(t, s, w, map[string]any{"symbols": "X", "names": list, "last": 20, "bar_size": size})
				if size == "" {
					require.Len(t, out.Rows, min(n, 20))
				}
				for _, r := range out.Rows {
					require.Len(t, r.Values, len(out.Columns))
				}
			}
		}
	}
	w, clock := worldOf(t, last(bars[:5]), map[string][]pitwall.Bar{"X": bars})
	a := s.Call(trader(), w, "market_indicators", json.RawMessage(`{"symbols":"X","names":["rsi:14","sma:2"]}`))
	require.Contains(t, a.Text, "note: X has 5 bars: rsi:14 needs 112 bars")
	require.Contains(t, a.Text, "X,2000-01-05T00:00:00Z,null,")
	clock.now = bars[0].Start
	require.Equal(t, pitwall.UnknownSymbol, code(t, s.Call(trader(), w, "market_indicators", json.RawMessage(`{"symbols":"X","names":"rsi"}`))), "0 bars: not in this world yet")
}

// No range and no change: null or the documented value, never NaN.
func TestIndicatorsOnFlatSeries(t *testing.T) {
	bars := walk(3, 300)
	for i := range bars {
		bars[i].Open, bars[i].High, bars[i].Low, bars[i].Close = pitwall.Int(7), pitwall.Int(7), pitwall.Int(7), pitwall.Int(7)
	}
	w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	out := ask(t, newSet(), w, map[string]any{"symbols": "X", "names": every(), "last": 10})
	for i, c := range out.Columns {
		for _, r := range out.Rows {
			switch v := r.Values[i]; strings.Split(c, ":")[0] {
			case "rsi", "adx", "stochastic":
				require.Nil(t, v, c)
			case "macd", "atr", "obv", "return":
				require.Zero(t, *v, c)
			case "volume_ratio":
				require.Positive(t, *v, c)
			default:
				require.Equal(t, 7.0, *v, c)
			}
		}
	}
	moving := walk(4, 60)
	for i := range moving { // flat, then alive, then flat: the windows forget at their own pace
		if i < 20 || i >= 50 {
			moving[i].Open, moving[i].High, moving[i].Low, moving[i].Close = pitwall.Int(90), pitwall.Int(90), pitwall.Int(90), pitwall.Int(90)
		}
	}
	w, clock := worldOf(t, last(moving), map[string][]pitwall.Bar{"X": moving})
	clock.now = moving[55].Known
	stoch := ask(t, newSet(), w, map[string]any{"symbols": "X", "names": "stochastic:6:1:2", "last": 56}).Rows
	require.Nil(t, stoch[19].Values[0])
	require.NotNil(t, stoch[20].Values[0])
	require.Nil(t, stoch[20].Values[1], "the mean still holds a flat window")
	require.NotNil(t, stoch[21].Values[1])
	require.NotNil(t, stoch[54].Values[0])
	require.Nil(t, stoch[55].Values[0])
	moving[58].Volume = pitwall.NoVolume
	w, _ = worldOf(t, last(moving), map[string][]pitwall.Bar{"X": moving})
	out = ask(t, newSet(), w, map[string]any{"symbols": "X", "names": []string{"obv", "vwap:3"}, "last": 3})
	require.NotNil(t, out.Rows[0].Values[0])
	for _, r := range out.Rows[1:] {
		require.Equal(t, []*float64{nil, nil}, r.Values, "a missing volume")
	}
	require.Len(t, out.Notes, 2)
}

func TestBreadth(t *testing.T) {
	up, down := walk(5, 60), walk(6, 60)
	for i := range up {
		p := pitwall.Int(int64(10 + i))
		up[i].Open, up[i].High, up[i].Low, up[i].Close = p, p, p, p
		p = pitwall.Int(int64(100 - i))
		down[i].Open, down[i].High, down[i].Low, down[i].Close = p, p, p, p
	}
	w, clock := worldOf(t, last(up), map[string][]pitwall.Bar{"A": up, "B": down, "C": walk(7, 60)[55:], "X": walk(8, 45)})
	out := ask(t, newSet(), w, map[string]any{"names": "breadth:20"})
	require.Equal(t, 0.5, *out.Breadth[0].Share)
	require.Equal(t, []int{1, 2, 3}, []int{out.Breadth[0].Above, out.Breadth[0].Counted, out.Breadth[0].Of}, "C has too few bars, X ended 15 days ago and is not listed")
	require.Empty(t, out.Rows)
	clock.now = up[5].Known
	out = ask(t, newSet(), w, map[string]any{"names": "breadth:20"})
	require.Nil(t, out.Breadth[0].Share)
	require.Equal(t, 3, out.Breadth[0].Of, "C is not there yet")
}
