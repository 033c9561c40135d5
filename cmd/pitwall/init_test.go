package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// init over files of one's own writes what runs as it is; what cannot run leaves no
// folder.
func TestInitOverOwnData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "prices"), 0o755))
	write(t, dir, "prices/bars.csv", "symbol,timestamp,open,high,low,close,volume\nB,2024-01-02,9,11,9,10,1000\nB,2024-01-03,10,12,10,11,1000\nA.L,2024-01-02,9,11,9,10,1000\nA.L,2024-01-03,10,12,10,11,1000\n")
	text := func(name string, args ...string) string {
		_, errs, code := command(t, dir, nil, append([]string{"init", name, "--data", "prices"}, args...)...)
		require.Equal(t, 0, code, errs)
		raw, err := os.ReadFile(filepath.Join(dir, name, "strategy.yaml"))
		require.NoError(t, err)
		require.NoDirExists(t, filepath.Join(dir, name, "data"))
		return string(raw)
	}
	s := text("all")
	require.Contains(t, s, "symbols: [A.L, B]\ndata: [../prices]\n")
	require.Contains(t, s, "# from: 2024-01-02\n# to: 2024-01-03\n")
	require.Equal(t, "rule", backtestJSON(t, dir, nil, "all")["model"])
	s = text("sub/two", "--symbols", "B, A.L", "--rule", "close > lag(close) over h")
	require.Contains(t, s, "symbols: [B, A.L]\ndata: [../../prices]\n")
	require.Contains(t, s, "\nrule: close > lag(close) over h\n")
	require.EqualValues(t, 4, backtestJSON(t, dir, nil, "sub/two")["turns"], "London closes before New York")
	r := backtestJSON(t, dir, nil, "sub/two", "--turns", "1")
	require.EqualValues(t, 1, r["turns"], "ended on request: no failure")
	require.Contains(t, r["warnings"], "the run was stopped before its end: --turns 1")
	for _, list := range [][]string{{"--symbols", " B, A.L ,"}, {"--symbols", "B", "--symbols", "A.L"}} {
		require.EqualValues(t, 4, backtestJSON(t, dir, nil, append([]string{"all"}, list...)...)["turns"])
	}
	_, errs, code := command(t, dir, nil, "backtest", "sub/two", "--param", "lookback=5")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "params: nothing uses lookback")
	require.Contains(t, text("ask", "--symbols", "B", "--model", "script/buyhold"), "\nagent:\n  model: script/buyhold\n")
	require.EqualValues(t, 1, backtestJSON(t, dir, nil, "ask")["orders"])
	require.Contains(t, text("odd", "--rule", "case 'x: y' when 'z' then true end"), `rule: 'case ''x: y'' when ''z'' then true end'`)

	s = text("own")
	require.Contains(t, s, "\nparams: {days: 100}\nrule: close > avg(close) over (h rows {days}-1 preceding)\n# band: 0.05")
	require.EqualValues(t, 0, backtestJSON(t, dir, nil, "own")["orders"])
	require.Positive(t, backtestJSON(t, dir, nil, "own", "--param", "days=2")["orders"])
	require.Contains(t, text("local", "--model", "openai/x", "--base-url", "http://127.0.0.1:1/v1"), "\nagent:\n  model: openai/x\n  base_url: http://127.0.0.1:1/v1\n")
	_, errs, code = command(t, dir, nil, "backtest", "local")
	require.NotZero(t, code)
	require.Contains(t, errs, "no server answers at 127.0.0.1:1")
	out, _, _ := command(t, dir, nil, "doctor", "local")
	require.Contains(t, out, "127.0.0.1:1 was not reached")

	for want, args := range map[string][]string{
		`Referenced column "clos" not found`: {"--data", "prices", "--rule", "clos > 1"},
		"there is no data for C":             {"--data", "prices", "--symbols", "C"},
		"no.csv":                             {"--data", "no.csv"},
		"there is no data for TQQQ":          {"--symbols", "TQQQ"},
		"--model and --rule are both given":  {"--model", "gpt-5-mini", "--rule", "true"},
	} {
		_, errs, code := command(t, dir, nil, append([]string{"init", "bad"}, args...)...)
		require.NotZero(t, code)
		require.Contains(t, errs, want)
		require.NoDirExists(t, filepath.Join(dir, "bad"))
	}
}
