package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/examples"
	"pitwall/tools/external"
)

// demo is a bundled strategy over the data of ../shared.
type demo struct {
	name     string
	change   [2]string // text of its file to replace before the run
	evidence []string  // tools whose answers it decides by
	figure   string    // what every reason holds; the group is a number of an evidence tool's answer
	switches int       // least changes of what is held, the first purchase counted
	says     string    // what some turn's result holds
}

func demos() map[string]demo {
	momentum := demo{name: "momentum_allocator", evidence: []string{"duckdb_query"}, figure: `TQQQ ([+-][\d.]+) % over 60 bars is (?:above|below) SHV [+-][\d.]+ %`, switches: 10}
	m2 := demo{name: "m2_liquidity", evidence: []string{"macro_series"}, figure: `M2SL ([\d.]+) of \d{4}-\d\d, known for \d+ days: [+-][\d.]+ % against`, switches: 2}
	news, often := momentum, m2
	news.change, news.evidence = [2]string{"# news_from:", "news_from:"}, []string{"duckdb_query", "news_search"}
	news.says = "news of AAPL, MSFT, AMZN in 7 days "
	often.change, often.switches = [2]string{"every: 20", "every: 10"}, 3
	return map[string]demo{
		"momentum_allocator":           momentum,
		"momentum_allocator with news": news,
		"macro_risk":                   {name: "macro_risk", evidence: []string{"market_indicators", "macro_series"}, figure: `is (?:above|below) its average of 150 bars ([\d.]+); its range of 20 bars is [\d.]+ %`, switches: 10},
		"m2_liquidity":                 m2,
		"m2_liquidity every 10":        often,
		"news_sentiment":               {name: "news_sentiment", evidence: []string{"news_search"}, figure: `(?:[A-Z]+: [+-]\d+ \(\d+ good, \d+ bad of (?:\d+) headlines\)|[A-Z]+ [+-]\d+, [A-Z]+ [+-]\d+)`, switches: 3},
	}
}

// sharedFiles are files of ../shared as --data flags.
func sharedFiles(t *testing.T) (flags []string) {
	t.Helper()
	root, err := filepath.Abs("../../../shared/data")
	require.NoError(t, err)
	if _, err := os.Stat(root); err != nil {
		t.Skip("skipped: no ../shared")
	}
	for _, f := range []string{"daily/us_daily_raw.csv", "daily/corporate_actions.csv", "macro/fred_vintages.csv", "news/finnhub_company_news_2025.csv"} {
		flags = append(flags, "--data", filepath.Join(root, f))
	}
	return flags
}

// golden is what a demo did; wall time is no part of it.
type golden struct {
	Bars, Turns, Orders, Fills float64
	FinalEquity                float64 `json:"final_equity"`
	Digest                     string
}

// The demos are complete runs whose decisions follow from what their tools
// answered, with the results of testdata/demos.json.
func TestDemos(t *testing.T) {
	t.Parallel()
	files := sharedFiles(t)
	got, want := map[string]golden{}, map[string]golden{}
	for name, d := range demos() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			raw, err := examples.FS.ReadFile(d.name + "/strategy.yaml")
			require.NoError(t, err)
			changed := strings.Replace(string(raw), d.change[0], d.change[1], 1)
			require.Equal(t, d.change[0] != "", changed != string(raw))
			write(t, dir, "s.yaml", changed)
			r := backtestJSON(t, dir, nil, append([]string{"s.yaml", "--out", "run"}, files...)...)
			got[name] = golden{r["bars"].(float64), r["turns"].(float64), r["orders"].(float64), r["fills"].(float64), r["final_equity"].(float64), r["digest"].(string)}
			t.Logf("%+v, %v s", got[name], r["wall_seconds"])
			for _, w := range []string{"tool_error", "order_without_data", "no_tool_calls", "stopped before", "rejected"} {
				require.NotContains(t, fmt.Sprint(r["warnings"]), w)
			}
			d.check(t, filepath.Join(dir, "run"))
			out, errs, code := command(t, dir, nil, "verify", "run")
			require.Equal(t, 0, code, out+errs)
		})
	}
	file := filepath.Join("testdata", "demos.json")
	if *update {
		raw, err := json.MarshalIndent(got, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o644))
	}
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &want))
	for name, g := range got { // -run may choose some of them
		require.Equal(t, want[name], g, "%s: go test ./cmd/pitwall -run TestDemos -update", name)
	}
}

// check reads a run's turns as somebody who doubts it would.
func (d demo) check(t *testing.T, run string) {
	figure := regexp.MustCompile(d.figure)
	called, switches, orders, said := map[string]int{}, 0, 0, false
	for _, turn := range readTurns(t, run) {
		require.Empty(t, turn.Warnings, "turn %d", turn.Turn)
		var evidence strings.Builder
		ordered, opened := 0, false
		for _, m := range turn.Messages[1:] {
			for i, c := range m.Reply.Calls {
				require.False(t, m.Results[i].IsError, m.Results[i].Text)
				called[c.Name]++
				if slices.Contains(d.evidence, c.Name) {
					evidence.WriteString(m.Results[i].Text)
				}
				if c.Name != "orders_submit" {
					continue
				}
				var o struct {
					Symbol  string
					Percent float64 `json:"target_percent"`
					Reason  string
				}
				require.NoError(t, json.Unmarshal(c.Arguments, &o))
				orders++
				require.False(t, o.Percent == 0 && opened, "turn %d sells %s after a purchase", turn.Turn, o.Symbol)
				opened = opened || o.Percent > 0
				ordered = 1
				found := figure.FindStringSubmatch(o.Reason)
				require.NotNil(t, found, o.Reason)
				if len(found) > 1 {
					require.Contains(t, rounded(evidence.String()), rounded(found[1])[0], "turn %d: %s", turn.Turn, o.Reason)
				}
			}
		}
		said = said || strings.Contains(turn.Result, d.says)
		switches += ordered
	}
	for _, tool := range append(d.evidence, "market_last_price", "account_positions", "orders_open_orders", "orders_submit") {
		require.Positive(t, called[tool], tool)
	}
	require.True(t, said, d.says)
	require.GreaterOrEqual(t, switches, d.switches)
	fills := csvRows(t, filepath.Join(run, "fills.csv"))
	require.Len(t, fills, orders, "every order fills")
}

// rounded are the numbers of a text with two decimals.
func rounded(text string) (list []string) {
	for _, s := range regexp.MustCompile(`[+-]?\d+(?:\.\d+)?`).FindAllString(text, -1) {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			list = append(list, fmt.Sprintf("%.2f", f))
		}
	}
	return list
}

func readTurns(t *testing.T, run string) (turns []agentloop.Turn) {
	t.Helper()
	for _, raw := range recordsOf(t, run) {
		var turn agentloop.Turn
		require.NoError(t, json.Unmarshal([]byte(raw), &turn))
		turns = append(turns, turn)
	}
	return turns
}

// The demos with prices as Yahoo gives them, restated for later splits: tools refuse
// to take those back.
func TestDemosOverAdjustedPrices(t *testing.T) {
	t.Parallel()
	files := sharedFiles(t)
	for _, name := range []string{"momentum_allocator", "macro_risk", "m2_liquidity"} {
		raw, err := examples.FS.ReadFile(name + "/strategy.yaml")
		require.NoError(t, err)
		dir := t.TempDir()
		text := regexp.MustCompile(`(?m)^data: .*$`).ReplaceAllString(string(raw), fmt.Sprintf("data: [{path: %s, adjusted: split}, %s]", files[1], files[5]))
		write(t, dir, "s.yaml", text)
		r := backtestJSON(t, dir, nil, "s.yaml")
		require.NotContains(t, fmt.Sprint(r["warnings"]), "tool_error", name)
		require.Positive(t, r["fills"], name)
	}
}

// Each value of M2 that a turn saw is the newest vintage of the days before it, and
// one that had been known for too long changed nothing.
func TestM2LiquidityReadsVintages(t *testing.T) {
	files := sharedFiles(t)
	dir := t.TempDir()
	backtestJSON(t, dir, nil, append([]string{"examples/m2_liquidity", "--out", "run"}, files...)...)
	vintages := csvRows(t, files[5]) // series_id,date,value,first_seen
	newest := func(date, asOf string) (value, seen string) {
		for _, row := range vintages {
			if row[0] == "M2SL" && row[1] == date && row[3] < asOf && row[3] > seen {
				value, seen = row[2], row[3]
			}
		}
		return value, seen
	}
	points := regexp.MustCompile(`(?m)^(\d{4}-\d\d-\d\d),([\d.]+),([^,]+),(true|false)$`)
	age := regexp.MustCompile(`series=M2SL revised=false age_days=([\d.]+)`)
	read, stale, last := 0, 0, ""
	for _, turn := range readTurns(t, filepath.Join(dir, "run")) {
		for _, m := range turn.Messages[1:] {
			for _, r := range m.Results {
				found := age.FindStringSubmatch(r.Text)
				if found == nil {
					continue
				}
				days, err := strconv.ParseFloat(found[1], 64)
				require.NoError(t, err)
				if days > 120 {
					stale++
					require.Contains(t, turn.Result, "no change: M2SL")
					require.Contains(t, turn.Result, fmt.Sprintf("known for %.0f days, more than 120", days))
				} else {
					require.Contains(t, turn.Result, fmt.Sprintf("known for %.0f days:", days))
				}
				for _, p := range points.FindAllStringSubmatch(r.Text, -1) {
					value, seen := newest(p[1], turn.AsOf[:10])
					require.Equal(t, value, p[2], "turn %d: %s", turn.Turn, p[0])
					day, err := time.Parse(time.DateOnly, seen)
					require.NoError(t, err)
					require.Equal(t, day.AddDate(0, 0, 1).Format(time.DateOnly), p[3][:10], "known at the end of the day on which it was first seen")
					require.Equal(t, "false", p[4])
					read++
					last = max(last, seen)
				}
			}
		}
	}
	require.Greater(t, read, 500)
	require.Greater(t, stale, 20)
	require.Equal(t, "2023-12-17", last)
}

// Without its data a demo says which commands fetch it, and leaves nothing.
func TestDemosSayHowToGetTheirData(t *testing.T) {
	for _, name := range []string{"momentum_allocator", "macro_risk", "m2_liquidity", "news_sentiment"} {
		dir := t.TempDir()
		_, errs, code := command(t, dir, []string{"PITWALL_DATA_DIR=" + filepath.Join(dir, "store")}, "backtest", "examples/"+name)
		require.Equal(t, 1, code)
		require.Contains(t, errs, "the store holds no 1d bars of ")
		raw, err := examples.FS.ReadFile(name + "/strategy.yaml")
		require.NoError(t, err)
		commands := regexp.MustCompile(`(?m)^#   (pitwall data fetch .*)$`).FindAllStringSubmatch(string(raw), -1)
		require.NotEmpty(t, commands)
		for _, c := range commands {
			require.Contains(t, errs, "\n  "+c[1]+"\n")
			_, errs, code := command(t, dir, nil, append(strings.Fields(c[1])[1:], "--help")...) // its flags exist
			require.Equal(t, 0, code, errs)
		}
		require.NoDirExists(t, filepath.Join(dir, "runs"))
	}
}

// The tools of a live run are declared, are left out of a backtest, and would be
// refused in one if they did not say how the wall can hold.
func TestDemoToolsAreYAML(t *testing.T) {
	for name, want := range map[string][]string{
		"momentum_allocator": {"search_news", "get_stock_bars"}, "macro_risk": {"get_stock_bars", "get_market_movers", "get_fred_series"},
		"m2_liquidity": {"get_fred_series"}, "news_sentiment": {"search_news", "get_stock_bars", "get_market_movers"},
	} {
		raw, err := examples.FS.ReadFile(name + "/strategy.yaml")
		require.NoError(t, err)
		s, err := driver.Parse(name, raw)
		require.NoError(t, err)
		require.NoError(t, s.Check())
		live, err := external.Build(t.Context(), s.Tools, external.Options{Mode: pitwall.Live})
		require.NoError(t, err)
		var names []string
		for _, tool := range live.Tools {
			names = append(names, tool.Name)
		}
		none, err := external.Build(t.Context(), s.Tools, external.Options{Mode: pitwall.Sim})
		require.NoError(t, err)
		require.Empty(t, none.Tools)
		for i := range s.Tools {
			s.Tools[i].When = "both"
		}
		_, err = external.Build(t.Context(), s.Tools, external.Options{Mode: pitwall.Sim})
		if slices.Contains(want, "get_market_movers") {
			require.ErrorContains(t, err, "get_market_movers")
			require.Equal(t, pitwall.NotTimeSafe, pitwall.CodeOf(err))
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, want, names)
	}
}
