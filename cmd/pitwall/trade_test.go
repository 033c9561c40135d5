package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// paperFolder is a folder with a strategy that may trade on paper, and its environment.
func paperFolder(t *testing.T) (dir, feed string, env []string) {
	dir = t.TempDir()
	feed, err := filepath.Abs("../../examples/data")
	require.NoError(t, err)
	write(t, dir, "mine.yaml", "name: mine\nsymbols: [AAPL]\nbenchmark: SPX\ndata: ["+feed+"]\nevery: 5\nrisk: {max_order_notional: 200000}\nagent: {model: script/momentum, params: {lookback: 100}}\n",
		"free.yaml", "symbols: [AAPL]\ndata: ["+feed+"]\nagent: {model: script/momentum, params: {lookback: 100}}\n")
	return dir, feed, []string{"PITWALL_HALT_DIR=" + filepath.Join(dir, "halt"), "PITWALL_CACHE_DIR=none"}
}

// One file, one recorded stretch of days: the same digest on the live clock.
func TestTradeIsTheBacktest(t *testing.T) {
	dir, feed, env := paperFolder(t)
	days := []string{"--from", "2013-09-02", "--to", "2013-11-29", "--json"}
	backtest := backtestJSON(t, dir, env, append([]string{"mine.yaml"}, days...)...)
	out, errs, code := command(t, dir, env, append([]string{"trade", "mine.yaml", "--feed", feed, "--speed", "0"}, days...)...)
	require.Zero(t, code, errs)
	var paper map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &paper))
	require.Positive(t, paper["orders"])
	require.Equal(t, "paper", paper["mode"])
	for _, k := range []string{"digest", "orders", "fills", "turns", "final_equity", "benchmark_return"} {
		require.Equal(t, backtest[k], paper[k], k)
	}
	out, errs, code = command(t, dir, env, "verify", paper["out"].(string))
	require.Zero(t, code, out+errs)
}

func TestTradeRefuses(t *testing.T) {
	dir, feed, env := paperFolder(t)
	for _, x := range []struct {
		code int
		want string
		args []string
	}{
		{1, "risk is missing", []string{"free.yaml", "--feed", feed}},
		{2, "--feed is missing", []string{"mine.yaml"}},
		{2, `--broker is "papr"`, []string{"mine.yaml", "--feed", feed, "--broker", "papr"}},
		{2, "--speed is -1", []string{"mine.yaml", "--feed", feed, "--speed", "-1"}},
	} {
		_, errs, code := command(t, dir, env, append([]string{"trade"}, x.args...)...)
		require.Equal(t, x.code, code, errs)
		require.Contains(t, errs, x.want)
	}
	_, err := os.Stat(filepath.Join(dir, "runs"))
	require.ErrorIs(t, err, os.ErrNotExist, "what cannot start leaves nothing")
}
