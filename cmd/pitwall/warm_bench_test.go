package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
	"pitwall/examples"
)

// BenchmarkWarm is m2_liquidity with a turn at every bar, all of it from the
// cache: loading, replaying, and every file of the run.
func BenchmarkWarm(b *testing.B) {
	root, err := filepath.Abs("../../../shared/data")
	require.NoError(b, err)
	if _, err := os.Stat(root); err != nil {
		b.Skip("skipped: no ../shared")
	}
	raw, err := examples.FS.ReadFile("m2_liquidity/strategy.yaml")
	require.NoError(b, err)
	dir := b.TempDir()
	file := filepath.Join(dir, "s.yaml")
	require.NoError(b, os.WriteFile(file, []byte(strings.Replace(string(raw), "every: 20", "every: 1", 1)), 0o600))
	b.Setenv("PITWALL_CACHE_DIR", filepath.Join(dir, "cache"))
	a := &app{now: hostNow, stdout: term.NewOutput(os.Stdout), stderr: os.Stderr, stop: make(chan struct{}), settings: readSettings}
	run := func(n int) *driver.Result {
		s, err := backtestFlags{data: []string{filepath.Join(root, "daily/us_daily_raw.csv"), filepath.Join(root, "daily/corporate_actions.csv"), filepath.Join(root, "macro/fred_vintages.csv")}}.strategy(file)
		require.NoError(b, err)
		r, err := a.runStrategy(context.Background(), s, backtestFlags{out: filepath.Join(dir, "run"+strconv.Itoa(n)), noReport: true}, nil)
		require.NoError(b, err)
		return r
	}
	cold := run(0)
	n := 0
	for b.Loop() {
		n++
		warm := run(n)
		require.Zero(b, warm.ModelCalls)
		require.Equal(b, cold.Digest, warm.Digest)
	}
	b.ReportMetric(float64(cold.Turns*n)/b.Elapsed().Seconds(), "turns/s")
}
