package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

const shapeFiles = "../../../shared/cases/data/formats"

// figures writes a series' bars for comparison.
func figures(s *pitwall.Series) string {
	var b strings.Builder
	for i := range s.Open {
		x := s.Bar(i)
		fmt.Fprintln(&b, x.Start.UTC().Format(time.RFC3339), x.Open, x.High, x.Low, x.Close)
	}
	return b.String()
}

// Every shape of public exports holds the bars that its kind does: the daily ones those of
// 00_native.csv, the hourly ones 60 hours of bitcoin, the rest those that are written out.
func TestShapesOfPublicExports(t *testing.T) {
	entries, err := os.ReadDir(shapeFiles)
	if err != nil {
		t.Skip("skipped: no ../shared")
	}
	one := func(file, symbol string) (*pitwall.Series, error) {
		s, err := Load(context.Background(), []Input{Disk(filepath.Join(shapeFiles, file))}, Options{Symbols: []string{symbol}})
		if err != nil {
			return nil, err
		}
		return s.Series()[0], nil
	}
	native, err := one("00_native.csv", "AAPL")
	require.NoError(t, err)
	require.Len(t, native.Open, 12)
	daily := figures(native)
	hour := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var crypto strings.Builder
	for i := range 60 {
		fmt.Fprintln(&crypto, hour.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), "42000 42100 41900 42050")
	}
	// What differs from the two: how many bars, the first and the last, as the files say.
	other := map[string]struct {
		symbol      string
		n           int
		first, last string
	}{
		"12_mt4.csv":                 {"EURUSD", 90, "2024-01-02T14:00:00Z 1.095 1.096 1.094 1.0955", "2024-01-02T15:29:00Z 1.09508 1.09608 1.09408 1.09558"},
		"28_native_float_noise.csv":  {"AAPL", 12, "2024-01-02T14:30:00Z 100 101.25 99.5 100.76", "2024-01-18T14:30:00Z 105.5 106.75 105 106.26"},
		"32_native_null.csv":         {"AAPL", 11, "2024-01-02T14:30:00Z 100 101.25 99.5 100.75", "2024-01-18T14:30:00Z 105.5 106.75 105 106.25"},
		"37_native_minute_nosec.csv": {"AAPL", 60, "2024-01-02T14:30:00Z 100 101 99 100.5", "2024-01-02T15:29:00Z 100 101 99 100.5"},
		"48_histdata.csv":            {"EURUSD", 60, "2024-01-02T22:00:00Z 1.095 1.096 1.094 1.0955", "2024-01-02T22:59:00Z 1.095 1.096 1.094 1.0955"},
		"cell_28.csv":                {"ES", 6, "2024-03-11T14:00:00Z 100 101 99 100", "2024-03-11T19:00:00Z 100 101 99 100"},
		"cell_29.csv":                {"BTC-USD", 60, "2024-01-01T00:00:00Z 100 101 99 100", "2024-01-03T11:00:00Z 100 101 99 100"},
		"cell_31.csv":                {"X", 10, "2024-01-02T14:30:00Z 100 101 99 100", "2024-01-15T14:30:00Z 100 101 99 100"},
		"cell_32.csv":                {"7203.T", 10, "2024-01-02T00:00:00Z 100 101 99 100", "2024-01-15T00:00:00Z 100 101 99 100"},
		"cell_33.csv":                {"VOD.L", 30, "2024-03-15T08:00:00Z 100 101 99 100", "2024-04-25T07:00:00Z 100 101 99 100"},
		"cell_35.csv":                {"PEPE-USD", 10, "2024-01-02T00:00:00Z 1.1234 1.1334 1.1134 1.1234", "2024-01-15T00:00:00Z 1.1234 1.1334 1.1134 1.1234"},
		"cell_37.csv":                {"SHIB-USD", 10, "2024-01-02T00:00:00Z 9.21300054 9.3 9.15 9.25", "2024-01-15T00:00:00Z 9.21300054 9.3 9.15 9.25"},
		"cell_39.csv":                {"X", 10, "2024-01-02T14:30:00Z 185.63999939 187 184 185.63999939", "2024-01-15T14:30:00Z 185.63999939 187 184 185.63999939"},
		"cell_40.csv":                {"X", 4, "2024-01-02T14:30:00Z 100 101 99 100", "2024-01-05T14:30:00Z 100 101 99 100"},
		"h_real_nan.parquet":         {"AAPL", 12, "2024-01-02T14:30:00Z 100 101.25 99.5 100.75", "2024-01-17T14:30:00Z 105.5 106.75 105 106.25"},
		"j_epoch_ms.parquet":         {"AAPL", 12, "2024-01-02T14:30:00Z 100 101.25 99.5 100.75", "2024-01-17T14:30:00Z 105.5 106.75 105 106.25"},
	}
	hourly := []string{"14_binance_nohdr.csv", "15_binance_hdr.csv", "17_kraken.csv", "36_native_epoch_ms.csv"}
	for _, e := range entries {
		file := e.Name()
		t.Run(file, func(t *testing.T) {
			if x, ok := other[file]; ok {
				got, err := one(file, x.symbol)
				require.NoError(t, err)
				lines := strings.Split(strings.TrimSpace(figures(got)), "\n")
				require.Len(t, lines, x.n)
				require.Equal(t, x.first, lines[0])
				require.Equal(t, x.last, lines[len(lines)-1])
				return
			}
			symbol, want := "AAPL", daily
			if slices.Contains(hourly, file) {
				symbol, want = "BTC-USD", crypto.String()
			}
			got, err := one(file, symbol)
			require.NoError(t, err)
			require.Equal(t, want, figures(got))
		})
	}
}
