package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// PITWALL_DATA stands in where a strategy names no data, and is stated beside the
// headline; the strategy's own data and --data go before it.
func TestPitwallData(t *testing.T) {
	dir := t.TempDir()
	at := func(price string) string {
		return "symbol,timestamp,open,high,low,close,volume\n" + strings.NewReplacer("P", price).Replace("A,2024-01-02,P,P,P,P,1000000\nA,2024-01-03,P,P,P,P,1000000\nA,2024-01-04,P,P,P,P,1000000\n")
	}
	const bare = "symbols: [A]\nagent: {model: script/buyhold}\n"
	write(t, dir, "bare.yaml", bare, "own.yaml", bare+"data: [own.csv]\n", "own.csv", at("10"), "env.csv", at("20"), "flag.csv", at("40"))
	env := []string{"PITWALL_DATA_DIR=" + t.TempDir(), "PITWALL_CACHE_DIR=none", "PITWALL_DATA=env.csv" + string(filepath.ListSeparator) + "more"}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "more"), 0o755))
	write(t, dir, "more/b.csv", strings.ReplaceAll(at("1"), "A,", "B,"))
	const stated = "bare.yaml names no data: these are those of PITWALL_DATA, env.csv"
	for _, c := range []struct {
		args  []string
		price string
		says  bool
	}{
		{[]string{"bare.yaml"}, "20", true},
		{[]string{"own.yaml"}, "10", false},
		{[]string{"own.yaml", "--data", "flag.csv"}, "40", false},
		{[]string{"bare.yaml", "--data", "flag.csv"}, "40", false},
	} {
		out := filepath.Join(t.TempDir(), "run")
		text, errs, code := command(t, dir, env, append([]string{"backtest", "--out", out}, c.args...)...)
		require.Equal(t, 0, code, errs)
		fills, err := os.ReadFile(filepath.Join(out, "fills.csv"))
		require.NoError(t, err)
		require.Contains(t, string(fills), "A,buy,"+map[string]string{"10": "9", "20": "4", "40": "2"}[c.price], c.args)
		require.Equal(t, c.says, strings.Contains(strings.Join(strings.Split(text, "\n")[:3], "\n"), stated), text)
		page, err := os.ReadFile(filepath.Join(out, "report.html"))
		require.NoError(t, err)
		require.Equal(t, c.says, strings.Contains(string(page), stated))
	}
	read := backtestJSON(t, dir, env, "bare.yaml")["read_with"].([]any)[0].(map[string]any)
	require.Equal(t, "default_data", read["code"])
	_, errs, code := command(t, dir, env[:2], "backtest", "bare.yaml")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "bare.yaml: data is empty\n  name folders or files, for example data: [data]; on the command line --data or PITWALL_DATA stand in")
	for _, verb := range []string{"doctor", "leaktest"} {
		args := map[string][]string{"doctor": {"doctor", "bare.yaml"}, "leaktest": {"leaktest", "bare.yaml", "--mutations", "1", "--steps", "2", "--queries", "1"}}[verb]
		text, errs, _ := command(t, dir, env, args...)
		require.Contains(t, text, stated, errs)
	}
}
