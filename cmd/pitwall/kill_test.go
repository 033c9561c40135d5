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
// completes with the digest and the turns of an undisturbed one. It asks for no reply
// that was kept, and for no turn that the killed run has in its folder.
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
	all, _ := usage(t, filepath.Join(dir, "undisturbed"))
	require.Equal(t, all, replies(t, filepath.Join(dir, "cache-0")))
	died, resumed, tries := 0, 0, 0
	for ; died < kills && tries < 3*kills; tries++ {
		n := strconv.Itoa(tries + 1)
		cache := filepath.Join(dir, "cache-"+n)
		started := time.Now()
		if !run("killed-"+n, cache, (time.Duration(tries%kills)*whole+time.Duration(rng.Int64N(int64(whole))))/time.Duration(kills)) {
			whole = (whole + time.Since(started)) / 2 // it was faster this time
			continue
		}
		died++
		kept := replies(t, cache)
		run("again-"+n, cache, 0)
		asked, found := usage(t, filepath.Join(dir, "again-"+n))
		require.Equal(t, all, kept+asked, "no reply that is kept is asked for again")
		require.GreaterOrEqual(t, found, ended(t, filepath.Join(dir, "killed-"+n)), "every turn that ended is found")
		sameTurns(t, filepath.Join(dir, "undisturbed"), filepath.Join(dir, "again-"+n))
		store, err := replay.Open(cache, replay.Options{ReadOnly: true})
		require.NoError(t, err)
		r, err := store.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, r.Bad, "a killed writer leaves whole entries or none")
		if found > 0 {
			resumed++
		}
		for _, d := range []string{"killed-" + n, "again-" + n, "cache-" + n} {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, d)))
		}
	}
	t.Logf("%d runs, %d were killed in time, %d of the next runs found answers", tries, died, resumed)
	require.Greater(t, died, kills/8) // how many depends on what else the machine does
	require.Positive(t, resumed)
}

// hits is how many answers of a run came from the cache.
func hits(t *testing.T, run string) int {
	t.Helper()
	_, found := usage(t, run)
	return found
}

// usage is how many replies of a run were asked for and how many came from the cache.
func usage(t *testing.T, run string) (asked, found int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(run, "usage.json"))
	require.NoError(t, err)
	var u runs.Usage
	require.NoError(t, json.Unmarshal(raw, &u))
	return u.ModelCalls, u.CacheHits
}

// replies is how many replies a cache holds.
func replies(t *testing.T, cache string) (n int) {
	t.Helper()
	store, err := replay.Open(cache, replay.Options{ReadOnly: true})
	require.NoError(t, err)
	for i, err := range store.List(t.Context()) {
		require.NoError(t, err)
		if i.Kind == "reply" {
			n++
		}
	}
	return n
}

// ended is how many replies the turns have that a killed run has written.
func ended(t *testing.T, run string) (n int) {
	t.Helper()
	for _, x := range runs.Open(os.DirFS(run)).Turns() {
		n += x.Timed().Asked
	}
	return n
}
