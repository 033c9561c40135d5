package main

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The cases of ../shared/cases/data that end in a value: each buys and holds, and is
// worth the money less what each fill cost, plus the last close of what is held:
//
//	cash - sum(qty x open x (1 + slippage) x (1 + commission)) + qty x last + dividends
//
// with the opens, the last closes and the dividends of the case's own file and the
// quantities of fills.csv. What the result must be read with is beside it.
func TestCasesAreWorth(t *testing.T) {
	for name, c := range map[string]struct {
		data             string  // "" = as the strategy says
		slippage, fees   float64 // bps; the defaults are 5 and 10
		scale            float64 // units that a price is quoted for; 0 = 1
		grows            float64 // units at the end for each bought: a split; 0 = 1
		dividends, final float64 // money a unit; final is the value by hand, 0 = not worked out
		until            string  // the run's last day; "" = the file's
		codes            string
	}{
		"benchmark_ends":                    {codes: "benchmark_short"},
		"big_numbers/p.csv":                 {data: "p.csv", slippage: 5, fees: 10, scale: 1e6},
		"buyhold_calendars/lists_later.csv": {data: "lists_later.csv", slippage: 5, fees: 10},
		"crypto_intraday_naive":             {slippage: 5, fees: 10},
		"extra_columns":                     {slippage: 5, fees: 10, grows: 2, dividends: 0.5}, // 40 before a 2:1 split, 20 after; 0.50 while 40
		"false_no_bar":                      {slippage: 5, fees: 10},
		"maker_zero":                        {fees: 10, final: 99_902.1}, // 979 at 100 take: 97,900 x 10 bps = 97.90
		"nonexistent_hour/hourly.csv":       {data: "hourly.csv", slippage: 5, fees: 10},
		"nonexistent_hour/two_hourly.csv":   {data: "two_hourly.csv", slippage: 5, fees: 10, codes: "fills_capped"}, // crypto: ioc, so the rest ends with the bar
		"slippage_vanishes":                 {slippage: 5, fees: 10, scale: 1e6},
		"volume_cap_silent":                 {slippage: 5, fees: 10, codes: "fills_capped"},
		"weekly/p21.csv":                    {data: "p21.csv", slippage: 5, fees: 10, codes: "no_dividends"},
		"weekly/p22.csv":                    {data: "p22.csv", slippage: 5, fees: 10, codes: "no_dividends"},
		"weekly/p23.csv":                    {data: "p23.csv", slippage: 5, fees: 10, codes: "no_dividends"},
		"yahoo_dividends":                   {until: "2020-12-31", dividends: 0.1925 + 3*0.205}, // split-adjusted, four in the run
		"yahoo_dividends/raw":               {until: "2020-12-31", grows: 4, dividends: 0.77 + 2*0.82 + 4*0.205},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join("../../../shared/cases/data", name)
			if c.data != "" {
				folder = filepath.Dir(folder)
			}
			folder, err := filepath.Abs(folder)
			require.NoError(t, err)
			if _, err := os.Stat(folder); err != nil {
				t.Skip("skipped: no ../shared")
			}
			args := []string{filepath.Join(folder, "strategy.yaml"), "--out", "run"}
			if c.data != "" {
				args = append(args, "--data", filepath.Join(folder, c.data))
			}
			dir := t.TempDir()
			result := backtestJSON(t, dir, nil, args...)
			opens, last, cash := barsOfCase(t, folder, c.data, c.until), map[string]float64{}, 100_000.0
			if strings.HasPrefix(name, "big_numbers") {
				cash = 1_000_000
			}
			for key, bar := range opens {
				symbol, _, _ := strings.Cut(key, " ")
				if bar.newest {
					last[symbol] = bar.close
				}
			}
			worth := cash
			fills := readCSV(t, filepath.Join(dir, "run", "fills.csv"))
			require.NotEmpty(t, fills)
			for _, f := range fills {
				qty, err := strconv.ParseFloat(f[3], 64)
				require.NoError(t, err)
				bar, ok := opens[f[1]+" "+f[0][:13]]
				if !ok {
					bar, ok = opens[f[1]+" "+f[0][:10]]
				}
				require.True(t, ok, "no bar of %s at %s", f[1], f[0])
				sign, scale := 1.0, max(c.scale, 1)
				if f[2] == "sell" {
					sign = -1
				}
				paid := qty * scale * bar.open * (1 + sign*c.slippage/1e4)
				worth += sign*qty*(max(c.grows, 1)*scale*last[f[1]]+c.dividends) - sign*paid - paid*c.fees/1e4
			}
			final := result["final_equity"].(float64)
			require.InDelta(t, worth, final, 0.01)
			if c.final != 0 {
				require.InDelta(t, c.final, final, 0.005)
			}
			var codes []string
			for _, r := range result["read_with"].([]any) {
				codes = append(codes, r.(map[string]any)["code"].(string))
			}
			require.Equal(t, c.codes, strings.Join(codes, " "))
		})
	}
}

type caseBar struct {
	open, close float64
	newest      bool
}

// barsOfCase reads the CSV of a case: symbol and day, or symbol and hour, to its bar.
func barsOfCase(t *testing.T, folder, only, until string) map[string]caseBar {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "p*.csv"))
	require.NoError(t, err)
	if only != "" {
		files = []string{filepath.Join(folder, only)}
	} else if len(files) == 0 {
		files, err = filepath.Glob(filepath.Join(folder, "*.csv"))
		require.NoError(t, err)
	}
	bars, newest := map[string]caseBar{}, map[string]string{}
	for _, file := range files {
		for _, row := range readCSV(t, file) {
			stamp := strings.Replace(row[1], " ", "T", 1)
			if strings.HasSuffix(stamp, "T00:00:00Z") || strings.HasSuffix(stamp, "-05:00") {
				stamp = stamp[:10] // weekly bars, by their day
			}
			key := row[0] + " " + stamp[:min(len(stamp), 13)]
			open, err1 := strconv.ParseFloat(row[2], 64)
			end, err2 := strconv.ParseFloat(row[5], 64)
			require.NoError(t, err1)
			require.NoError(t, err2)
			require.False(t, math.IsNaN(open+end))
			bars[key] = caseBar{open: open, close: end}
			if key > newest[row[0]] && (until == "" || stamp[:10] <= until) {
				newest[row[0]] = key
			}
		}
	}
	for _, key := range newest {
		bar := bars[key]
		bar.newest = true
		bars[key] = bar
	}
	return bars
}
