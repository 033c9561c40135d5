package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/cache/replay"
	"pitwall/cache/runs"
)

// A run that is killed at a random time leaves a cache from which the next run
// completes with the digest and the turns of an undisturbed one.
// PITWALL_KILLS=200 asks for as many; the default is for every day.
func TestKilledRunsComplete(t *testing.T) {
	kills := often(3, 8)
	if n, err := strconv.Atoi(os.Getenv("PITWALL_KILLS")); err == nil {
		kills = n
	}
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 2))
	dir := t.TempDir()
	args := []string{"backtest", "examples/momentum", "--to", "2014-06-30", "--json", "--out"}
	run := func(out, cache string, kill time.Duration) (killed bool) {
		c := exec.Command(binary, append(args, out)...)
		c.Dir = dir
		c.Env = append(os.Environ(), "PITWALL_CACHE_DIR="+cache)
		var errs bytes.Buffer
		c.Stderr = &errs
		require.NoError(t, c.Start())
		if kill > 0 {
			timer := time.AfterFunc(kill, func() { _ = c.Process.Kill() })
			defer timer.Stop()
		}
		if err := c.Wait(); err != nil {
			require.Positive(t, kill, "%v: %s", err, errs.String())
			return true
		}
		return false
	}
	started := time.Now()
	run("undisturbed", filepath.Join(dir, "cache-0"), 0)
	whole := time.Since(started)
	died, resumed := 0, 0
	for i := range kills {
		n := strconv.Itoa(i + 1)
		cache := filepath.Join(dir, "cache-"+n)
		if !run("killed-"+n, cache, (time.Duration(i)*whole+time.Duration(rng.Int64N(int64(whole))))/time.Duration(kills)) {
			continue // it was faster this time
		}
		died++
		run("again-"+n, cache, 0)
		sameTurns(t, filepath.Join(dir, "undisturbed"), filepath.Join(dir, "again-"+n))
		store, err := replay.Open(cache, replay.Options{ReadOnly: true})
		require.NoError(t, err)
		r, err := store.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, r.Bad, "a killed writer leaves whole entries or none")
		if hits(t, filepath.Join(dir, "again-"+n)) > 0 {
			resumed++
		}
		for _, d := range []string{"killed-" + n, "again-" + n, "cache-" + n} {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, d)))
		}
	}
	t.Logf("%d runs, %d were killed in time, %d of the next runs found answers", kills, died, resumed)
	require.Greater(t, died, kills/8) // how many depends on what else the machine does
	require.Positive(t, resumed)
}

// hits is how many answers of a run came from the cache.
func hits(t *testing.T, run string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(run, "usage.json"))
	require.NoError(t, err)
	var u runs.Usage
	require.NoError(t, json.Unmarshal(raw, &u))
	return u.CacheHits
}
