package driver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
)

// buyhold buys a symbol that lists later once it has a price, with what the others
// have above an equal part, and then holds.
func TestBuyHoldOfASymbolThatListsLater(t *testing.T) {
	conf := config(filepath.Join(t.TempDir(), "run"))
	conf.Strategy = &driver.Strategy{Name: "later", Symbols: []string{"A", "B"}, Data: []driver.DataEntry{{Path: "later"}}}
	conf.Files = os.DirFS("testdata")
	conf.Agents[0].Every.Bars = 1
	result, err := driver.Run(t.Context(), conf)
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(result.Out, "fills.csv"))
	require.NoError(t, err)
	var fills []string
	for _, row := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
		fills = append(fills, strings.Join(strings.Split(row, ",")[:5], ","))
	}
	require.Equal(t, []string{
		// 100,000 less 2 % cash buffer and costs, at 100 on the day before: 978 at 100 x 1.0005.
		"2024-01-03T09:30:00-05:00,A,buy,978,100.05",
		// B has its first close on 01-30: half of equity in A is 499 shares.
		"2024-01-31T09:30:00-05:00,A,sell,479,99.95",
		// The other half, at 71 on the day before, at the open of 72 x 1.0005.
		"2024-02-01T09:30:00-05:00,B,buy,673,72.036",
	}, fills)
}

// What YAML takes for null, a truth value or a number is a symbol where symbols stand.
func TestSymbolsAreText(t *testing.T) {
	s, err := driver.Parse("s.yaml", []byte("symbols: [ON, NO, TRUE, Y, NULL, NA, null, ~, on, no, y, true, 600519, 0700, 1e3, \"null\", BRK.B]\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"ON", "NO", "TRUE", "Y", "NULL", "NA", "null", "~", "on", "no", "y", "true", "600519", "0700", "1e3", "null", "BRK.B"}, []string(s.Symbols))
	s, err = driver.Parse("s.yaml", []byte("name: x\nsymbols:\n"))
	require.NoError(t, err)
	require.Empty(t, s.Symbols)
	for _, bad := range []string{"symbols: SPY\n", "symbols: [[A]]\n", "symbols: {A: 1}\n"} {
		_, err = driver.Parse("s.yaml", []byte(bad))
		require.Error(t, err, bad)
	}
}
