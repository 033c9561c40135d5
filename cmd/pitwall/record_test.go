package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a paper run saw is data for a backtest: the same bars, known when they were first
// seen, with the news and filings of those days. A second run over the days adds nothing.
func TestTradeRecords(t *testing.T) {
	dir := t.TempDir()
	env := []string{"PITWALL_HALT_DIR=" + filepath.Join(dir, "halt"), "PITWALL_CACHE_DIR=none"}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "feed"), 0o755))
	bars := "symbol,timestamp,open,high,low,close,volume\n"
	for _, day := range []string{"03", "04", "05", "08", "09"} {
		bars += "A,2024-01-" + day + ",10,11,9,10.5,1000000\n"
	}
	write(t, dir, "feed/bars.csv", bars, "feed/news.csv", "published_at,headline,symbols\n2023-12-01T12:00:00Z,before,A\n2024-01-04T12:00:00Z,\"a, b\",A\n2024-02-01T12:00:00Z,later,A\n",
		"feed/filings.csv", "filed_date,filer,ticker,form\n2024-01-04,Fund,A,13D\n",
		"paper.yaml", "symbols: [A]\nrisk: {max_order_notional: 200000}\nagent: {model: script/buyhold}\n",
		"after.yaml", "symbols: [A]\ndata: [seen]\nagent: {model: script/buyhold}\n")
	for range 2 {
		_, errs, code := command(t, dir, env, "trade", "paper.yaml", "--feed", "feed", "--speed", "0", "--record", "seen")
		require.Zero(t, code, errs)
	}
	read := func(name string) []string {
		raw, err := os.ReadFile(filepath.Join(dir, "seen", name))
		require.NoError(t, err)
		return strings.Split(strings.TrimSpace(string(raw)), "\n")
	}
	got := read("bars.csv")
	require.Equal(t, "symbol,timestamp,open,high,low,close,volume,start,first_seen", got[0])
	require.Len(t, got, 6)
	require.Contains(t, got[1], "A,2024-01-03,10,11,9,10.5,1e+06,2024-01-03T09:30:00-05:00,2024-01-03T16:00:00-05:00")
	require.Len(t, read("news.csv"), 2, "neither what was known before nor what is known later")
	require.Contains(t, read("news.csv")[1], `2024-01-04T07:00:00-05:00,"a, b",`)
	require.Len(t, read("filings.csv"), 2)

	r := backtestJSON(t, dir, env, "after.yaml")
	require.EqualValues(t, 5, r["bars"])
	require.Empty(t, r["read_with"])
	write(t, dir, "seen/bars.csv", strings.Replace(strings.Join(got, "\n"), "2024-01-04T16:00:00-05:00", "2024-01-04T18:00:05-05:00", 1)+"\n")
	out := filepath.Join(dir, "late")
	_, errs, code := command(t, dir, env, "backtest", "after.yaml", "--out", out)
	require.Zero(t, code, errs)
	equity, err := os.ReadFile(filepath.Join(out, "equity.csv"))
	require.NoError(t, err)
	require.Contains(t, string(equity), "2024-01-04T18:00:05-05:00", "a bar is known when it was first seen")
	_, errs, code = command(t, dir, env, "trade", "paper.yaml", "--feed", "feed", "--speed", "0", "--record", "paper.yaml")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "making the recording's folder")
}
