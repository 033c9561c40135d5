package driver_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

func codes(r *driver.Result) (list []string) {
	for _, x := range r.ReadWith {
		list = append(list, x.Code)
	}
	return list
}

// entry sets how the run's files are read.
func entry(e driver.DataEntry) func(*driver.Config) {
	return func(c *driver.Config) { e.Path = "d"; c.Strategy.Data = []driver.DataEntry{e} }
}

// withAdj writes bars of 100 with a volume of 1e6, and a column adj_close of each factor.
func withAdj(symbol string, prices []float64, factors []float64) string {
	var b strings.Builder
	b.WriteString("symbol,timestamp,open,high,low,close,volume,adj_close\n")
	for i, line := range strings.Split(strings.TrimSpace(flatBars(symbol, 1_000_000, prices...)), "\n") {
		fmt.Fprintf(&b, "%s,%.6f\n", line, prices[i]*factors[i])
	}
	return b.String()
}

// adj_close shows a dividend of 2 on the fourth of six days at 100: 1 - 2/100 = 0.98.
// Bought on the second day: 980 at 100. With the dividend the run ends at 100,000 + 1,960.
func TestDividendsOfAdjClose(t *testing.T) {
	flat, factors := []float64{100, 100, 100, 100, 100, 100}, []float64{0.98, 0.98, 0.98, 1, 1, 1}
	file := withAdj("X", flat, factors)
	t.Run("not asked for", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": file}, nil)
		require.Equal(t, "100000", r.FinalEquity.String())
		require.Len(t, r.ReadWith, 1)
		require.Equal(t, runs.Reading{Code: pitwall.NoDividends, Text: "price return; dividends are not in this data: adj_close of X shows 1 of them; `dividends: adj_close` beside the file's path in the strategy adds them"}, r.ReadWith[0])
	})
	t.Run("derived", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": file}, entry(driver.DataEntry{Dividends: "adj_close"}))
		require.Equal(t, "101960", r.FinalEquity.String())
		require.InDelta(t, 0.02, *r.Metrics.BuyHoldReturn, 1e-9, "buy and hold alike: 1000 x 2 on 100,000")
		require.Equal(t, []runs.Reading{{Code: pitwall.Dividends, Text: "a dividend of X is derived from adj_close"}}, r.ReadWith)
	})
	t.Run("given", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": file, "a.csv": "symbol,ex_date,type,value\nX,2024-01-05,dividend,2\n"}, nil)
		require.Equal(t, "101960", r.FinalEquity.String())
		require.Empty(t, r.ReadWith)
	})
	t.Run("in the prices", func(t *testing.T) {
		require.Empty(t, backtest(t, map[string]string{"p.csv": file}, entry(driver.DataEntry{Adjusted: pitwall.TotalAdjusted})).ReadWith)
	})
	t.Run("none", func(t *testing.T) {
		require.Empty(t, backtest(t, map[string]string{"p.csv": withAdj("X", flat, []float64{1, 1, 1, 1, 1, 1})}, nil).ReadWith)
	})
	t.Run("rounding", func(t *testing.T) { // adj_close of a rounded close: the factor trembles, and goes back
		require.Empty(t, backtest(t, map[string]string{"p.csv": withAdj("X", flat, []float64{0.98, 0.98, 0.98005, 0.98, 0.98, 0.97996})}, nil).ReadWith)
	})
	t.Run("before the run", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": file}, func(c *driver.Config) { c.Strategy.From = "2024-01-08" })
		require.Empty(t, r.ReadWith)
	})
	t.Run("a benchmark lacks them", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": barHead + flatBars("Y", 1_000_000, flat...), "b.csv": file},
			func(c *driver.Config) { c.Strategy.Symbols, c.Strategy.Benchmark = []string{"Y"}, "X" })
		require.Equal(t, []string{pitwall.NoDividends}, codes(r))
	})
	// A split 2:1 on the fourth day and a dividend of 1 per new unit on it: the factor before
	// is 0.98 / 2, since 2 per old unit are 2 % of 100. 980 units are 1960 at 50, and 1,960 cash.
	split := withAdj("X", []float64{100, 100, 100, 50, 50, 50}, []float64{0.49, 0.49, 0.49, 1, 1, 1})
	t.Run("with a split", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": split}, entry(driver.DataEntry{Dividends: "adj_close"}))
		require.Equal(t, "101960", r.FinalEquity.String())
		require.Equal(t, []string{pitwall.Dividends}, codes(r))
	})
	t.Run("with a split that is given", func(t *testing.T) {
		r := backtest(t, map[string]string{"p.csv": split, "a.csv": "symbol,ex_date,type,value\nX,2024-01-05,split,2\n"}, entry(driver.DataEntry{Dividends: "adj_close"}))
		require.Equal(t, "101960", r.FinalEquity.String())
		require.Equal(t, []string{pitwall.Dividends}, codes(r))
	})
	for name, c := range map[string]struct {
		files map[string]string
		entry driver.DataEntry
		want  string
	}{
		"twice":              {map[string]string{"p.csv": file, "a.csv": "symbol,ex_date,type,value\nX,2024-01-05,dividend,2\n"}, driver.DataEntry{}, "d/a.csv gives dividends too"},
		"without":            {map[string]string{"p.csv": barHead + flatBars("X", 1_000_000, flat...)}, driver.DataEntry{}, "has no column adj_close"},
		"total":              {map[string]string{"p.csv": file}, driver.DataEntry{Adjusted: pitwall.TotalAdjusted}, "its prices include dividends"},
		"a falling one":      {map[string]string{"p.csv": withAdj("X", flat, []float64{1, 1, 1, 0.9, 0.9, 0.9})}, driver.DataEntry{}, "falls by 10.0000 % against the close on 2024-01-05, which is neither a dividend nor a split"},
		"more than there is": {map[string]string{"p.csv": withAdj("X", flat, []float64{0.4, 0.4, 0.4, 1, 1, 1})}, driver.DataEntry{}, "more than a dividend or a split that prices show"},
	} {
		t.Run(name, func(t *testing.T) {
			err := backtestError(t, c.files, func(conf *driver.Config) { c.entry.Dividends = "adj_close"; entry(c.entry)(conf) })
			require.ErrorContains(t, err, c.want)
		})
	}
}

// The bundled prices of AAPL are split-adjusted and its adj_close holds dividends from
// before the split 7:1 of 2014-06-09 as they were paid: 3.29 beside 0.47 after it.
func TestAdjCloseWithoutSplit(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "examples", "data", "aapl_daily.csv"))
	require.NoError(t, err)
	run := func(c *driver.Config) {
		entry(driver.DataEntry{Adjusted: pitwall.SplitAdjusted, Dividends: "adj_close"})(c)
		c.Strategy.Symbols, c.Agents[0].Every.Bars = []string{"AAPL"}, 250
	}
	r := backtest(t, map[string]string{"p.csv": string(raw)}, run)
	require.Equal(t, []runs.Reading{{Code: pitwall.Dividends, Text: "20 dividends of AAPL are derived from adj_close; they fall from 3.289992 to 0.470001 on 2014-08-07: if it split 7:1 since the one before, adj_close leaves that out, and what was paid earlier is overstated"}}, r.ReadWith)
	err = backtestError(t, map[string]string{"p.csv": string(raw), "a.csv": "symbol,ex_date,type,value\nAAPL,2014-06-09,split,7\n"}, run)
	require.ErrorContains(t, err, "the amounts before its split look as paid, and prices are split: adj_close was made without that split")
}

// A share without actions and adj_close for more than a year: what it paid is not known.
// An index, a pair, a shorter run, or data with dividends of another say nothing.
func TestDividendsUnknown(t *testing.T) {
	long := make([]float64, 270)
	for i := range long {
		long[i] = 100
	}
	file := barHead + flatBars("X", 1_000_000, long...)
	rare := func(c *driver.Config) { c.Agents[0].Every.Bars = 100 }
	r := backtest(t, map[string]string{"p.csv": file}, rare)
	require.Equal(t, []runs.Reading{{Code: pitwall.NoDividends, Text: "price return; dividends are not in this data: it has neither actions nor adj_close of X"}}, r.ReadWith)
	for name, files := range map[string]map[string]string{
		"dividends of another": {"p.csv": file, "a.csv": "symbol,ex_date,type,value\nY,2024-01-05,dividend,2\n"},
		"a pair":               {"p.csv": file, "i.csv": "symbol,kind\nX,crypto\n"},
		"a column":             {"p.csv": strings.ReplaceAll(strings.Replace(file, "volume\n", "volume,Dividends\n", 1), ",1000000\n", ",1000000,0.0\n")},
		"a short run":          {"p.csv": barHead + flatBars("X", 1_000_000, long[:200]...)},
	} {
		t.Run(name, func(t *testing.T) { require.Empty(t, backtest(t, files, rare).ReadWith) })
	}
}

// Columns of corporate actions in a file of prices are used, or the run says that they
// are not. Bought on the second day: 2450 at 40.
func TestActionColumns(t *testing.T) {
	rows := func(head string, split float64, cells ...string) string { // six days at 40, from the fifth on at 40 / split
		var b strings.Builder
		b.WriteString(strings.TrimSpace(barHead) + "," + head + "\n")
		prices := []float64{40, 40, 40, 40, 40 / split, 40 / split}
		for i, line := range strings.Split(strings.TrimSpace(flatBars("X", 1_000_000, prices...)), "\n") {
			b.WriteString(line + "," + cells[min(i, len(cells)-1)] + "\n")
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		file     string
		adjusted pitwall.Adjustment
		equity   string
		code     string
	}{
		// 2450 x 0.5 = 1225; 4900 at 20.
		"as traded":       {rows("Adj Close,Dividends,Stock Splits", 2, "20,0,0", "20,0,0", "20,0.5,0", "20,0,0", "20,0,2", "20,0,0"), "", "101225", ""},
		"in another case": {rows("adj close,DIVIDENDS,stock_splits", 2, "20,0,0", "20,0,0", "20,0.5,", "20,,0.0", "20,nan,2.0", "20,0,0"), "", "101225", ""},
		"Alpha Vantage":   {rows("adjusted_close,dividend_amount,split_coefficient", 2, "20,0.0000,1.0", "20,0.0000,1.0", "20,0.5000,1.0", "20,0,1.0", "20,0,2.0", "20,0,1.0"), "", "101225", ""},
		"capital gains":   {rows("Dividends,Stock Splits,Capital Gains", 2, "0,0,0", "0,0,0", "0.3,0,0.2", "0,0,0", "0,2,0", "0,0,0"), "", "101225", ""},
		// Prices that do not move with the split are adjusted for it; adj_close 39.5 says that
		// they do not hold the dividend of 0.5 a unit, which is in their terms.
		"adjusted":         {rows("Adj Close,Dividends,Stock Splits", 1, "39.5,0,0", "39.5,0,0", "40,0.5,0", "40,0,0", "40,0,2", "40,0,0"), "", "101225", ""},
		"may hold them":    {rows("Dividends,Stock Splits", 1, "0,0", "0,0", "0.5,0", "0,0", "0,2", "0,0"), "", "100000", pitwall.UnusedColumn},
		"said to be split": {rows("Dividends,Stock Splits", 1, "0,0", "0,0", "0.5,0", "0,0", "0,2", "0,0"), pitwall.SplitAdjusted, "101225", ""},
		"said to be total": {rows("Dividends,Stock Splits", 1, "0,0", "0,0", "0.5,0", "0,0", "0,2", "0,0"), pitwall.TotalAdjusted, "100000", ""},
		"nothing in them":  {rows("Dividends,Stock Splits", 1, "0.0,0.0"), "", "100000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := backtest(t, map[string]string{"p.csv": c.file}, entry(driver.DataEntry{Adjusted: c.adjusted}))
			require.Equal(t, c.equity, r.FinalEquity.String())
			if c.code == "" {
				require.Empty(t, r.ReadWith)
				return
			}
			require.Equal(t, []string{c.code}, codes(r))
			require.Contains(t, r.ReadWith[0].Text, "dividends of X are not counted: d/p.csv does not say whether its prices include those of its column dividends")
		})
	}
	t.Run("with a file of actions", func(t *testing.T) { // which says less
		r := backtest(t, map[string]string{"p.csv": rows("Dividends,Stock Splits", 2, "0,0", "0,0", "0.5,0", "0,0", "0,2", "0,0"), "a.csv": "symbol,ex_date,type,value\nX,2024-01-08,split,2\n"}, nil)
		require.Equal(t, "100000", r.FinalEquity.String())
		require.Equal(t, []runs.Reading{{Code: pitwall.UnusedColumn, Text: "the columns dividends, stock_splits of d/p.csv are not used for X: its actions are those of d/a.csv"}}, r.ReadWith)
	})
}

// SPY from 2020 to 2024 with the dividends of its adj_close, reinvested in the test: the
// total return that adj_close has, which the run has in cash.
func TestDividendsOfSPY(t *testing.T) {
	file, err := os.Open("../../../shared/data/daily/us_daily_raw.csv")
	if err != nil {
		t.Skip("skipped: no ../shared")
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	var text strings.Builder
	w := csv.NewWriter(&text)
	require.NoError(t, w.Write(rows[0]))
	closes := map[string]float64{}
	adj := map[string]float64{}
	var days []string
	for _, r := range rows[1:] {
		if r[0] == "SPY" && r[1] >= "2020" && r[1] < "2025" {
			require.NoError(t, w.Write(r))
			days = append(days, r[1])
			closes[r[1]], err = strconv.ParseFloat(r[5], 64)
			require.NoError(t, err)
			adj[r[1]], err = strconv.ParseFloat(r[7], 64)
			require.NoError(t, err)
		}
	}
	w.Flush()
	r := backtest(t, map[string]string{"p.csv": text.String()}, func(c *driver.Config) {
		entry(driver.DataEntry{Dividends: "adj_close"})(c)
		c.Strategy.Symbols, c.Agents[0].Every.Bars = []string{"SPY"}, 250
	})
	first, last := days[0], days[len(days)-1]
	units, cash := 1/closes[first], 0.0 // reinvested at the close before, as adj_close is made
	held := units
	for _, a := range r.Manifest.Actions {
		before := days[0]
		for _, d := range days {
			if d < a.Ex.Format("2006-01-02") {
				before = d
			}
		}
		units /= 1 - a.Value.Float()/closes[before]
		cash += held * a.Value.Float()
	}
	require.Len(t, r.Manifest.Actions, 20)
	require.InDelta(t, adj[last]/adj[first], units*closes[last], 1e-5, "94.6 %")
	require.InDelta(t, 0.9458, adj[last]/adj[first]-1, 1e-4)
	require.InDelta(t, held*closes[last]+cash-1, *r.Metrics.BuyHoldReturn, 1e-6)
	require.InDelta(t, 0.901, *r.Metrics.BuyHoldReturn, 1e-3)
	// An account that reinvests is compared with a holding that does: all of adj_close.
	r = backtest(t, map[string]string{"p.csv": text.String()}, func(c *driver.Config) {
		entry(driver.DataEntry{Dividends: "adj_close"})(c)
		c.Strategy.Symbols, c.Strategy.Benchmark, c.Strategy.Account.Reinvest, c.Agents[0].Every.Bars = []string{"SPY"}, "SPY", true, 250
	})
	require.InDelta(t, adj[last]/adj[first]-1, *r.Metrics.BuyHoldReturn, 1e-5)
	require.InDelta(t, adj[last]/adj[first]-1, *r.Metrics.BenchmarkReturn, 1e-5)
	require.Less(t, r.TotalReturn, *r.Metrics.BuyHoldReturn, "2 % of the cash is never in it")
}
