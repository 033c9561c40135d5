package driver

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/sim/audit"
)

// Fills of a coin whose bars are quoted per million units are held against them, though a
// quantity of single units is larger than any number that is kept.
func TestFillsOfAScaledCoin(t *testing.T) {
	ctx := context.Background()
	bars := "symbol,timestamp,open,high,low,close,volume\nSHIB-USD,2024-01-02,9.21e-06,9.30e-06,9.15e-06,9.25e-06,8.5E+12\nSHIB-USD,2024-01-03,9.21e-06,9.30e-06,9.15e-06,9.25e-06,8.5E+12\n"
	store, err := history.Load(ctx, []history.Input{{FS: fstest.MapFS{"p.csv": {Data: []byte(bars)}}, Path: "p.csv"}}, history.Options{})
	require.NoError(t, err)
	check := func(rows string, held pitwall.Dec) FillsChecked {
		files := fstest.MapFS{"x.csv": {Data: []byte("timestamp,symbol,side,qty,price,fee\n" + rows)}}
		r, err := CheckFills(ctx, Fills{Folder: files, File: "x.csv", Show: "x.csv", Source: store, Options: audit.TradeOptions{Held: map[string]pitwall.Dec{"SHIB-USD": held}}})
		require.NoError(t, err)
		return r
	}
	r := check("2024-01-02,SHIB-USD,buy,108577633007.6,0.00000921,1000\n2024-01-03,SHIB-USD,sell,1000.123456789,0.000009215,0.01\n2024-01-03,SHIB-USD,sell,5,0.00000935,0\n", 0)
	require.Equal(t, []int{3, 2, 1}, []int{r.Fills, r.Explained, r.Unexplained})
	require.Equal(t, "price 9.35 is outside the day's range 9.15 .. 9.3 (2024-01-03)", r.Findings[0].Reason)
	require.Equal(t, []string{"quantities and prices of SHIB-USD are taken per 1000000 units, as its bars are quoted"}, r.Notes)
	r = check("2024-01-02,SHIB-USD,sell,2000000,0.00000921,0\n", pitwall.Dec(3_000_000*int64(pitwall.One)))
	require.Equal(t, 1, r.Explained, "held in single units, too")
	r = check("2024-01-02,SHIB-USD,buy,100,9.2,0\n", 0)
	require.Equal(t, 1, r.Explained, "as the bars are quoted")
	require.Empty(t, r.Notes)
}
