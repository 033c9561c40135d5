package driver_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/examples"
)

// idea is a rule in three languages: the strategy file's, a script's, and that of
// testdata/rules.py.
type idea struct {
	symbols string
	rule    string
	script  func(bars map[string][]bar) map[string]float64 // a symbol left out = no order
}

type bar struct{ high, low, close float64 }

func ideas() map[string]idea {
	one := func(f func([]bar) (float64, bool)) func(map[string][]bar) map[string]float64 {
		return func(all map[string][]bar) map[string]float64 {
			out := map[string]float64{}
			for s, bars := range all {
				if w, ok := f(bars); ok {
					out[s] = w
				}
			}
			return out
		}
	}
	return map[string]idea{
		"cross":      {"[A]", "rule: close > avg(close) over (h rows 19 preceding)", one(cross)},
		"channel":    {"[A]", "rule: case when close >= max(high) over (h rows between 12 preceding and 1 preceding) then 1 when close <= min(low) over (h rows between 6 preceding and 1 preceding) then 0 end", one(channel)},
		"volatility": {"[B]", "rule:\n  r: close / lag(close) over h - 1\n  vol: case when count(r) over (h rows 19 preceding) = 20 then stddev_samp(r) over (h rows 19 preceding) * sqrt(252) end\n  weight: case when vol > 0 then least(1, 0.08 / vol) end", one(volatility)},
		"rotation":   {"[A, B, C]", "rule:\n  gain: close / lag(close, 30) over h - 1\n  weight: case when gain is not null then (gain > 0 and rank() over (across order by gain desc) = 1)::int end", rotation},
	}
}

func cross(bars []bar) (float64, bool) {
	if len(bars) < 20 {
		return 0, false
	}
	bars = bars[len(bars)-20:]
	sum := 0.0
	for _, b := range bars {
		sum += b.close
	}
	if bars[len(bars)-1].close > sum/float64(len(bars)) {
		return 1, true
	}
	return 0, true
}

func channel(bars []bar) (float64, bool) {
	n := len(bars) - 1
	high, low := math.Inf(-1), math.Inf(1)
	if n < 12 {
		return 0, false
	}
	for _, b := range bars[n-12 : n] {
		high = max(high, b.high)
	}
	for _, b := range bars[n-6 : n] {
		low = min(low, b.low)
	}
	switch {
	case bars[n].close >= high:
		return 1, true
	case bars[n].close <= low:
		return 0, true
	}
	return 0, false
}

func volatility(bars []bar) (float64, bool) {
	if len(bars) < 21 {
		return 0, false
	}
	bars = bars[len(bars)-21:]
	var r []float64
	mean, squares := 0.0, 0.0
	for i := 1; i < len(bars); i++ {
		r = append(r, bars[i].close/bars[i-1].close-1)
		mean += r[i-1] / 20
	}
	for _, x := range r {
		squares += (x - mean) * (x - mean)
	}
	return min(1, 0.08/(math.Sqrt(squares/19)*math.Sqrt(252))), true
}

func rotation(all map[string][]bar) map[string]float64 {
	gains, out, best := map[string]float64{}, map[string]float64{}, math.Inf(-1)
	for s, bars := range all {
		if n := len(bars) - 1; n >= 30 {
			gains[s] = bars[n].close/bars[n-30].close - 1
			best = max(best, gains[s])
		}
	}
	for s, g := range gains {
		if out[s] = 0; g == best && g > 0 {
			out[s] = 1
		}
	}
	return out
}

// script is an idea as a script: it reads rows and decides in Go.
type script struct {
	symbols []string
	weigh   func(map[string][]bar) map[string]float64
}

func (s script) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	ask := func(id, name string, args any) agentloop.Call {
		raw, err := json.Marshal(args)
		if err != nil {
			panic(err)
		}
		return agentloop.Call{ID: id, Name: name, Arguments: raw}
	}
	switch len(r.Messages) {
	case 1:
		return agentloop.Reply{Calls: []agentloop.Call{
			ask("a", "market_load_history_table", map[string]any{"symbols": s.symbols, "table": "history"}),
			ask("b", "duckdb_query", map[string]any{"limit": 1000, "sql": "SELECT symbol, high, low, close FROM history QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) <= 40 ORDER BY symbol, ts"}),
		}}, nil
	case 3:
		return agentloop.Reply{Text: "RESULT: ordered"}, nil
	}
	all := map[string][]bar{}
	lines := strings.Split(strings.TrimSpace(r.Messages[1].Results[1].Text), "\n")
	for _, line := range lines[slices.Index(lines, "symbol,high,low,close")+1:] {
		c := strings.Split(line, ",")
		all[c[0]] = append(all[c[0]], bar{parse(c[1]), parse(c[2]), parse(c[3])})
	}
	weights, held := s.weigh(all), map[string]float64{}
	_, rest, _ := strings.Cut(r.Messages[0].User, "\npositions: ")
	for _, line := range strings.Split(rest, "\n") {
		if c := strings.Split(line, ","); len(c) == 8 && slices.Contains(s.symbols, c[0]) {
			held[c[0]] = parse(c[6]) / 100
		}
	}
	var sales, purchases []agentloop.Call
	for _, symbol := range s.symbols {
		w, known := weights[symbol]
		have, holds := held[symbol]
		if !known || w == 0 && !holds || w != 0 && math.Abs(w-have) <= 0.05 {
			continue
		}
		list := &purchases
		if w < have {
			list = &sales
		}
		*list = append(*list, ask("o"+symbol, "orders_submit", map[string]any{"symbol": symbol, "target_percent": math.Floor(w*1e6+1e-3) / 1e4}))
	}
	if orders := append(sales, purchases...); len(orders) > 0 {
		return agentloop.Reply{Calls: orders}, nil
	}
	return agentloop.Reply{Text: "RESULT: nothing to do"}, nil
}

func parse(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return f
}

// walks writes 250 daily bars of three symbols, seeded, on the days of the bundled
// data.
func walks(t *testing.T) string {
	t.Helper()
	raw, err := examples.FS.ReadFile("data/aapl_daily.csv")
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	for i, symbol := range []string{"A", "B", "C"} {
		r, price := rand.New(rand.NewPCG(7, uint64(i))), 50.0+20*float64(i)
		for _, line := range strings.Split(string(raw), "\n")[1:251] {
			open := price * (1 + 0.004*(r.Float64()-0.5))
			price = open * (1 + 0.03*(r.Float64()-0.49))
			high, low := max(open, price)*(1+0.003*r.Float64()), min(open, price)*(1-0.003*r.Float64())
			fmt.Fprintf(&b, "%s,%s,%.4f,%.4f,%.4f,%.4f,100000000\n", symbol, strings.Split(line, ",")[1], open, high+0.0001, low-0.0001, price)
		}
	}
	file := filepath.Join(t.TempDir(), "bars.csv")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	return file
}

// strategy makes a run of an idea's rule.
func (x idea) config(t *testing.T, file string) driver.Config {
	t.Helper()
	s, err := driver.Parse("s.yaml", []byte("name: idea\nsymbols: "+x.symbols+"\ncosts: {commission_bps: 10, slippage_bps: 5}\ndata: ["+file+"]\n"+x.rule+"\n"))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	m, err := driver.NewModel(s.Team()[0], models.Options{})
	require.NoError(t, err)
	agents, err := s.Deciders([]driver.Model{m}, nil)
	require.NoError(t, err)
	return driver.Config{Strategy: s, Files: os.DirFS("/"), Agents: agents, Dir: filepath.Join(t.TempDir(), "run"), Now: time.Now}
}

// A rule trades as the same rule written as a script (one digest) and in plain
// Python (equity to a cent at every close).
func TestRulesEqualScriptsAndPython(t *testing.T) {
	file := walks(t)
	for name, x := range ideas() {
		if testing.Short() && name != "rotation" {
			continue // one is enough for the race detector
		}
		t.Run(name, func(t *testing.T) {
			c := x.config(t, file)
			ruled, err := driver.Run(t.Context(), c)
			require.NoError(t, err)
			require.Greater(t, ruled.Fills, 5)
			require.Zero(t, ruled.Metrics.Rejected)

			c.Dir = filepath.Join(t.TempDir(), "script")
			c.Agents[0].Model = script{c.Strategy.Symbols, x.script}
			scripted, err := driver.Run(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, scripted.Digest, ruled.Digest)

			python, err := exec.LookPath("python3")
			if err != nil {
				t.Skip("skipped: no python3")
			}
			kept := "symbol"
			for _, s := range c.Strategy.Symbols {
				kept += "|" + s
			}
			only := filepath.Join(t.TempDir(), "only.csv")
			require.NoError(t, os.WriteFile(only, []byte(rowsOf(t, file, strings.Split(kept, "|"))), 0o644))
			out, err := exec.CommandContext(t.Context(), python, "testdata/rules.py", name, only).CombinedOutput()
			require.NoError(t, err, string(out))
			f, err := os.Open(filepath.Join(ruled.Out, "equity.csv"))
			require.NoError(t, err)
			defer f.Close()
			rows, err := csv.NewReader(f).ReadAll()
			require.NoError(t, err)
			column := slices.Index(rows[0], "equity")
			theirs := strings.Fields(string(out))
			require.Len(t, theirs, len(rows)-1)
			for i, row := range rows[1:] {
				require.InDelta(t, parse(theirs[i]), parse(row[column]), 0.01, row[0])
			}
		})
	}
}

// rowsOf returns the lines of a CSV file that begin with one of the words.
func rowsOf(t *testing.T, file string, words []string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var b strings.Builder
	for line := range strings.Lines(string(raw)) {
		if slices.Contains(words, strings.Split(line, ",")[0]) {
			b.WriteString(line)
		}
	}
	return b.String()
}
