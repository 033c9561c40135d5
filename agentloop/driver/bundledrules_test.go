package driver

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/rules"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// bar is high, low, close and volume; the open is the close.
type bar [4]float64

// flat are bars of one price each and a volume of 100.
func flat(closes ...float64) (list []bar) {
	for _, c := range closes {
		list = append(list, bar{c, c, c, 100})
	}
	return list
}

// ruledOrders runs a strategy over daily bars of some symbols from 2024-01-02 on, and
// returns its orders: the number of the bar that they came at, side and symbol.
func ruledOrders(t *testing.T, text string, symbols map[string][]bar) (list []string) {
	t.Helper()
	csv, longest := "symbol,timestamp,open,high,low,close,volume\n", 0
	numbers, names := map[string]int{}, []string{}
	for _, name := range []string{"A", "B"} {
		day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
		for i, b := range symbols[name] {
			for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || day.Format("0102") == "0115" {
				day = day.AddDate(0, 0, 1)
			}
			csv += fmt.Sprintf("%s,%s,%v,%v,%v,%v,%.0f\n", name, day.Format(time.DateOnly), b[2], b[0], b[1], b[2], b[3]*1e6)
			numbers[day.Format(time.DateOnly)] = i
			day, longest = day.AddDate(0, 0, 1), max(longest, i)
		}
		if len(symbols[name]) > 0 {
			names = append(names, name)
		}
	}
	s, err := Parse("s.yaml", []byte("symbols: ["+strings.Join(names, ", ")+"]\ndata: [bars.csv]\n"+text))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	store, err := s.Load(t.Context(), fstest.MapFS{"bars.csv": {Data: []byte(csv)}}, &history.Local{})
	require.NoError(t, err)
	agents, err := s.Deciders([]Model{{Model: s.rule(), Name: ruleModel}}, nil)
	require.NoError(t, err)
	agents[0].Every = agentloop.Every{Bars: 1}
	dir := filepath.Join(t.TempDir(), "run")
	_, err = Run(t.Context(), Config{Strategy: s, Source: store, Agents: agents, Dir: dir, Now: time.Now})
	require.NoError(t, err)
	journal, err := runs.Strict{FS: os.DirFS(dir)}.Journal()
	require.NoError(t, err)
	for _, e := range journal {
		if e.Kind == pitwall.EntryIntent {
			weight, _, _ := strings.Cut(strings.TrimPrefix(e.Order.Reason, "weight "), ",")
			list = append(list, fmt.Sprint(numbers[e.AsOf.In(zoneOf(store, s.Symbols)).Format(time.DateOnly)], " ", e.Order.Side, " ", e.Order.Symbol, " ", weight))
		}
	}
	return list
}

func withoutWeight(order string) string { return strings.Join(strings.Fields(order)[:3], " ") }

// The trades were computed by hand from each rule's file.
func TestBundledRules(t *testing.T) {
	for _, c := range []struct {
		rule, params string
		a, b         []bar
		want         string
	}{
		// Fast averages 10, 11, 12, 10.5 from the third bar on, slow ones 10, 10.67, 11.33, 11.
		{"ma", "{fast: 2, slow: 3}", flat(10, 10, 10, 12, 12, 9, 9), nil, "3 buy A, 5 sell A"},
		// Over two bars: +10 % at bar 2, +10 % at 3, -18 % at 4.
		{"trend", "{bars: 2}", flat(10, 10, 11, 11, 9, 9), nil, "2 buy A, 4 sell A"},
		// Bar 3: middle 99.67, deviation 0.47, so 99 is below the band of 99.2. Bar 4 closes above the middle, 99.57.
		{"mean_reversion", "{rsi_bars: 2, bars: 3, width: 1, atr_bars: 1}", flat(100, 100, 100, 99, 99.7, 99.8), nil, "3 buy A, 4 sell A"},
		// RSI is 100 x 1/(1+3) = 25 at bars 3 and 4 and 33 at bar 5, where 99.5 is above the middle, 98.5.
		{"mean_reversion", "{rsi_bars: 3, low: 26, bars: 3, width: 9, atr_bars: 1}", flat(100, 100, 101, 98, 98, 99.5, 99.5), nil, "3 buy A, 5 sell A"},
		// 101 is above 100 at bar 3; the lowest of two bars before is 101 at bar 6, and 100 is below it.
		{"breakout", "{bars: 3, exit: 2, volume: 0}", flat(100, 100, 100, 101, 102, 101, 100, 100), nil, "3 buy A, 6 sell A"},
		// The same with a volume that should be twice its average.
		{"breakout", "{bars: 3, exit: 2, volume: 2}", flat(100, 100, 100, 101, 102, 101, 100, 100), nil, ""},
		// Bought at 101 with a range of 1: target 101 + 1 x 1 x 2 = 103.
		{"momentum_breakout", "{bars: 3, atr_bars: 1, stop: 1, reward: 2}", []bar{{100, 100, 100, 100}, {100, 100, 100, 100}, {100, 100, 100, 100}, {101, 101, 101, 200}, {102, 102, 102, 100}, {103, 103, 103, 100}, {103, 103, 103, 100}}, nil, "3 buy A, 5 sell A"},
		// The same, stopped at 101 - 1 = 100.
		{"momentum_breakout", "{bars: 3, atr_bars: 1, stop: 1, reward: 2}", []bar{{100, 100, 100, 100}, {100, 100, 100, 100}, {100, 100, 100, 100}, {101, 101, 101, 200}, {100.5, 100.5, 100.5, 100}, {100, 100, 100, 100}, {100, 100, 100, 100}}, nil, "3 buy A, 5 sell A"},
		// Bar 3 dips to 101, below the average of 102.2, and closes above it at 102.4; the high before is 104.
		{"pullback", "{bars: 2, trend: 3, swing: 2, atr_bars: 1}", []bar{{100, 100, 100, 100}, {101, 101, 101, 100}, {104, 102, 102, 100}, {102.4, 101, 102.4, 100}, {103, 103, 103, 100}, {104, 104, 104, 100}, {104, 104, 104, 100}}, nil, "3 buy A, 5 sell A"},
		// The same, stopped at 102.4 less twice the range of 1.4: 99.6.
		{"pullback", "{bars: 2, trend: 3, swing: 2, atr_bars: 1}", []bar{{100, 100, 100, 100}, {101, 101, 101, 100}, {104, 102, 102, 100}, {102.4, 101, 102.4, 100}, {100, 100, 100, 100}, {99.5, 99.5, 99.5, 100}, {99.5, 99.5, 99.5, 100}}, nil, "3 buy A, 5 sell A"},
		// Gains of one bar: A 1 % and B 0, A 0 and B 2 %, A 1 % and B 0.
		{"sector_rotation", "{bars: 1, top: 1}", flat(100, 101, 101, 102), flat(100, 100, 102, 102), "1 buy A, 2 sell A, 2 buy B, 3 sell B, 3 buy A"},
		// Changes of +1 % and -1 % deviate by 1.41 %, of +2 % and -2 % by 2.83 %: two thirds and one third.
		{"risk_parity", "{bars: 2}", flat(100, 101, 99.99), flat(100, 102, 99.96), "2 buy A 0.666667, 2 buy B 0.333333"},
		// 1.414 % a day are 22.45 % a year: 15 / 22.45.
		{"volatility_target", "{bars: 2}", flat(100, 101, 99.99), nil, "2 buy A 0.668153"},
	} {
		got := ruledOrders(t, "rule: bundled/"+c.rule+"\nparams: "+c.params+"\n", map[string][]bar{"A": c.a, "B": c.b})
		want := strings.Split(c.want, ", ")
		for i, w := range want {
			if i < len(got) && len(strings.Fields(w)) == 3 { // its weight is all or nothing
				got[i] = withoutWeight(got[i])
			}
		}
		require.Equal(t, c.want, strings.Join(got, ", "), c.rule+" "+c.params)
	}
}

// The spread of a pair, its line and its deviation, computed here by sums.
func TestBundledPairs(t *testing.T) {
	const n = 5
	a := []float64{100, 101, 99, 100, 101, 100, 92, 99, 100, 100.2, 100.1}
	b := []float64{50, 50.3, 49.8, 50.1, 50.4, 50, 50.1, 50, 50.2, 50.1, 50.1}
	var want []string
	side := 0
	for i := n - 1; i < len(a); i++ {
		var sx, sy, sxx, sxy, syy float64
		for k := i - n + 1; k <= i; k++ {
			x, y := math.Log(b[k]), math.Log(a[k])
			sx, sy, sxx, sxy, syy = sx+x, sy+y, sxx+x*x, sxy+x*y, syy+y*y
		}
		slope := (n*sxy - sx*sy) / (n*sxx - sx*sx)
		line := (sy - slope*sx) / n
		rest := (syy - sy*sy/n - slope*slope*(sxx-sx*sx/n)) / n
		z := (math.Log(a[i]) - line - slope*math.Log(b[i])) / math.Sqrt(max(rest, 0))
		was := side
		switch {
		case z > 1.5:
			side = -1
		case z < -1.5:
			side = 1
		case math.Abs(z) < 0.5:
			side = 0
		}
		if side != was {
			want = append(want, fmt.Sprint(i, " ", map[int]string{1: "buy A, sell B", -1: "sell A, buy B", 0: "out"}[side]))
		}
	}
	require.Equal(t, []string{"6 buy A, sell B", "7 out"}, want, "the series has one trade")
	got := ruledOrders(t, "account: {type: margin}\nband: 0.2\nrule: bundled/pairs\nparams: {first: A, second: B, bars: 5, entry: 1.5}\n", map[string][]bar{"A": flat(a...), "B": flat(b...)})
	for i := range got {
		got[i] = withoutWeight(got[i])
	}
	require.ElementsMatch(t, []string{"6 buy A", "6 sell B", "7 sell A", "7 buy B"}, got)
}

func TestBundledRuleNames(t *testing.T) {
	_, err := Parse("s.yaml", []byte("symbols: [A]\nrule: bundled/nothing\n"))
	require.ErrorContains(t, err, "there is no rule bundled/nothing; the bundled ones are breakout, ma, mean_reversion")
	page, err := os.ReadFile("../../tools/docs/rules.md")
	require.NoError(t, err)
	for _, name := range rules.Names() {
		require.Contains(t, string(page), "\n| "+name+" | ")
		s, err := Parse("s.yaml", []byte("symbols: [A, B]\nrule: bundled/"+name+"\nparams: {first: A, second: B}\n"))
		require.NoError(t, err, name)
		if name != "pairs" {
			require.ErrorContains(t, s.Check(), "params: nothing uses first", name)
			s.Params = nil
		}
		require.NoError(t, s.Check(), name)
		_, err = s.CheckRule(t.Context())
		require.NoError(t, err, name)
	}
	s, err := Parse("s.yaml", []byte("symbols: [A, B]\nrule: bundled/pairs\n"))
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(), "{second} has no value")
}
