package driver

import (
	"fmt"
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

// bar is high, low, close and volume in millions; the open is the close.
type bar [4]float64

// flat are bars of one price each.
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

func TestBundledRuleNames(t *testing.T) {
	_, err := Parse("s.yaml", []byte("symbols: [A]\nrule: bundled/nothing\n"))
	require.ErrorContains(t, err, "there is no rule bundled/nothing; the bundled ones are ma, risk_parity, sector_rotation, volatility_target")
	page, err := os.ReadFile("../../tools/docs/rules.md")
	require.NoError(t, err)
	for _, name := range rules.Names() {
		require.Contains(t, string(page), "\n| "+name+" | ")
		s, err := Parse("s.yaml", []byte("symbols: [A, B]\nrule: bundled/"+name+"\nparams: {first: A}\n"))
		require.NoError(t, err, name)
		require.ErrorContains(t, s.Check(), "params: nothing uses first", name)
		s.Params = nil
		require.NoError(t, s.Check(), name)
		_, err = s.CheckRule(t.Context())
		require.NoError(t, err, name)
	}
}

// Equal parts of many symbols are further than the default band from nothing.
func TestBandOfManySymbols(t *testing.T) {
	for n, want := range map[int]float64{1: 0.05, 10: 0.05, 20: 0.025, 50: 0.01} {
		s := &Strategy{Symbols: make([]string, n), Rule: Rule{{Name: "weight", SQL: "true"}}}
		require.InDelta(t, want, s.rule().Band, 1e-12)
	}
	set := 0.05
	require.InDelta(t, 0.05, (&Strategy{Symbols: make([]string, 50), Band: &set, Rule: Rule{{Name: "weight", SQL: "true"}}}).rule().Band, 1e-12, "as written")
}
