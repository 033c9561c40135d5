package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The figures of a tear sheet over real runs equal what plain formulas give over
// the run's folder. Nothing here is shared with tools/report: files are read with
// encoding/csv and encoding/json, money is float64, and each formula is written
// again from its definition (the other sheet_real files).
func TestSheetOfRealRuns(t *testing.T) {
	for name, begin := range realRuns(t) {
		t.Run(name, func(t *testing.T) {
			dir := begin(t)
			r := checkSheet(t, dir)
			r.checkReplay(t)
			r.checkColumns(t)
			r.checkLuck(t, sheetJSON(t, dir))
		})
	}
}

// checkSheet compares a run's sheet, then each of its figures when that is
// changed: what would pass all the same is not checked.
func checkSheet(t *testing.T, dir string) *realRun {
	t.Helper()
	r, got := openRealRun(t, dir), sheetJSON(t, dir)
	delete(got, "read_with") // text, with tests of its own
	want := r.sheet()
	for _, d := range differences("", want, got) {
		t.Error(d)
	}
	n := 0
	eachLeaf("", got, func(path string, set func(any), v any) {
		set(other(v))
		defer set(v)
		if found := differences("", want, got); !slices.ContainsFunc(found, func(d string) bool { return strings.HasPrefix(d, path+": ") }) {
			require.Regexp(t, `^\.luck\.(random_trader|\w+_interval)\.`, path, "is not checked")
		}
		n++
	})
	require.Greater(t, n, 200)
	return r
}

// eachLeaf visits the values of a JSON tree that are no object and no list.
func eachLeaf(path string, v any, do func(path string, set func(any), v any)) {
	visit := func(path string, x any, set func(any)) {
		switch x.(type) {
		case obj, []any:
			eachLeaf(path, x, do)
		default:
			do(path, set, x)
		}
	}
	switch x := v.(type) {
	case obj:
		for k := range x {
			visit(path+"."+k, x[k], func(v any) { x[k] = v })
		}
	case []any:
		for i := range x {
			visit(fmt.Sprintf("%s.%d", path, i), x[i], func(v any) { x[i] = v })
		}
	}
}

// other is a value that is a little off.
func other(v any) any {
	switch x := v.(type) {
	case float64:
		return x*(1+1e-6) + 1e-6
	case string:
		return x + "x"
	case bool:
		return !x
	}
	return 0.0
}

// Doing nothing with ten of the StockBench paper's names: what the paper's rule
// gives is known from elsewhere.
func TestSheetPassiveOfStockBench(t *testing.T) {
	dir := t.TempDir()
	files := sharedFiles(t)
	write(t, dir, "s.yaml", `
name: passive
symbols: [AAPL, AMZN, CAT, HD, JNJ, JPM, MSFT, PG, UNH, V]
benchmark: SPY
from: 2025-03-03
to: 2025-06-30
cash: 100000
every: month
costs: {commission_bps: 10, slippage_bps: 5}
agent: {model: script/buyhold, prompt: Buy equal parts and hold.}
`)
	backtestJSON(t, dir, nil, "s.yaml", "--out", "run", files[0], files[1]) // prices, no corporate actions
	checkSheet(t, filepath.Join(dir, "run"))
	rows := sheetJSON(t, filepath.Join(dir, "run"))["passive"].([]any)
	require.Len(t, rows, 4)
	for i, want := range [][3]string{ // return and drawdown in percent, and what the rule says
		{"-2.753", "-14.129", "fractions; valued at opens"}, {"-2.765", "-13.897", "whole lots of the run's cash; valued at opens"},
		{"-2.578", "-13.070", "fractions; valued at closes"}, {"-2.592", "-12.853", "whole lots of the run's cash; valued at closes"},
	} {
		row := rows[i].(obj)
		require.Equal(t, want[0], fmt.Sprintf("%.3f", 100*row["total_return"].(float64)))
		require.Equal(t, want[1], fmt.Sprintf("%.3f", 100*row["max_drawdown"].(float64)))
		require.Contains(t, row["rule"], want[2])
	}
}

// What a run's record says about trials, money spent and the model reaches the
// figures: the news demo as if it were the seventh try of a model that costs.
func TestSheetOfTriedAndPaidRun(t *testing.T) {
	dir := realRuns(t)["news_sentiment"](t)
	for file, change := range map[string]obj{
		"manifest.json": {"attempt": 7},
		"usage.json":    {"cost_usd": 1.5, "cost_usd_recorded": 2.25, "tokens": obj{"input": 5000, "output": 70}},
	} {
		var m obj
		readRealJSON(t, filepath.Join(dir, file), &m)
		maps.Copy(m, change)
		raw, err := json.Marshal(m)
		require.NoError(t, err)
		write(t, dir, file, string(raw))
	}
	checkSheet(t, dir)
}
