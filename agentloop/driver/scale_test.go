package driver_test

import (
	"encoding/csv"
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

// Slippage and fees of tokens at 1e-5 and 1e-7 dollars are right to 1e-4 of what was
// traded, and the run says how they are quoted.
func TestCostsOfTinyPrices(t *testing.T) {
	for _, c := range []struct {
		file, symbol   string
		cash           int64
		open           float64 // of the second bar, each, where buyhold buys
		price, warning string
		last           float64 // close, each
	}{
		// 9.21e-06 is quoted 9.21 per 1,000,000; 9.21 x 1.0005 = 9.214605.
		{"shib.csv", "SHIB-USD", 100_000, 9.21e-06, "9.214605", "SHIB-USD is quoted per 1,000,000 units: a price of 9.25 is 0.00000925 each, a quantity of 1 is 1,000,000", 9.25e-06},
		{"shib.csv", "SHIB-USD", 1_000_000, 9.21e-06, "9.214605", "SHIB-USD is quoted per 1,000,000 units", 9.25e-06}, // 1e11 units do not fit a Dec, 1e5 million do
		// 1.2492222222222221e-07 is quoted 124.92222222 per 1,000,000,000; x 1.0005 = 124.98468333.
		// 1.251e-07 / 1.2498e-07 - 1 is about 0.1 %: Parquet at 8 decimals said 8.1 %.
		{"bonk.parquet", "BONK-USD", 100_000, 1.2492222222222221e-07, "124.98468333", "BONK-USD is quoted per 1,000,000,000 units: a price of 124.9 is 0.0000001249 each, a quantity of 1 is 1,000,000,000", 1.251e-07},
	} {
		conf, cash := config(filepath.Join(t.TempDir(), "run")), pitwall.Int(c.cash)
		conf.Strategy = &driver.Strategy{Name: "tiny", Symbols: []string{c.symbol}, Cash: &cash, Data: []driver.DataEntry{{Path: "tiny/" + c.file}}}
		conf.Files = os.DirFS("testdata")
		conf.Agents[0].Every.Bars = 1
		result, err := driver.Run(t.Context(), conf)
		require.NoError(t, err)
		require.Contains(t, strings.Join(result.Warnings, "\n"), c.warning)
		m := runs.Open(os.DirFS(result.Out)).Manifest
		require.Contains(t, strings.Join(m.Warnings, "\n"), c.warning)
		turn, err := runs.Open(os.DirFS(result.Out)).RawTurn(1)
		require.NoError(t, err)
		require.Contains(t, string(turn), c.warning, "in the first prompt")
		file, err := os.Open(filepath.Join(result.Out, "fills.csv"))
		require.NoError(t, err)
		fills, err := csv.NewReader(file).ReadAll()
		require.NoError(t, file.Close())
		require.NoError(t, err)
		require.Len(t, fills, 2, "a header and a fill")
		require.Equal(t, c.price, fills[1][4])
		number := func(column int) float64 {
			v, err := strconv.ParseFloat(fills[1][column], 64)
			require.NoError(t, err)
			return v
		}
		scale := m.Traded[0].Scale.Float()
		units, each, fee := number(3)*scale, number(4)/scale, number(5)
		notional := units * c.open
		require.InDelta(t, 0.97*float64(c.cash), notional, 0.03*float64(c.cash))
		require.InDelta(t, 0.0005*notional, units*(each-c.open), 1e-6*notional, "5 bps slippage")
		require.InDelta(t, 0.0010*1.0005*notional, fee, 1e-6*notional, "10 bps commission of what was paid")
		require.InDelta(t, float64(c.cash)+units*(c.last-each)-fee, result.FinalEquity.Float(), 1e-6*notional)
	}
}
