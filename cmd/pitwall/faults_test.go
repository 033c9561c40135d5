package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// underLimit runs the binary in a shell that first runs a line, such as ulimit.
func underLimit(t *testing.T, dir, first string, env []string, args ...string) (out, errs string, code int) {
	t.Helper()
	c := exec.Command("sh", append([]string{"-c", first + `; exec "$0" "$@"`, binary}, args...)...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	err := c.Run()
	_, exited := err.(*exec.ExitError)
	require.True(t, err == nil || exited, err)
	return o.String(), e.String(), c.ProcessState.ExitCode()
}

// A run whose evidence cannot be written ends with that as its cause, asked anew and
// replayed, wherever in the run it happens; and nothing of it is recorded: the run after
// it is the undisturbed one.
func TestFileLimit(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("skipped: no sh")
	}
	dir, cache := t.TempDir(), t.TempDir()
	env := []string{"PITWALL_CACHE_DIR=" + cache}
	run := func(out string) []string {
		return []string{"backtest", "examples/momentum", "--to", "2014-01-31", "--out", out}
	}
	for _, heat := range []string{"cold", "warm"} {
		for i, limit := range []int{30, 80, 1, 12, 16, 45, 60} { // of a file, in 512 bytes: up to the page's
			if i >= often(2, 7) {
				break
			}
			name := fmt.Sprintf("%s-%d", heat, limit)
			out, errs, code := underLimit(t, dir, fmt.Sprintf("ulimit -f %d", limit), env, run(name)...)
			require.Equal(t, 1, code, "%s: %s%s", name, out, errs)
			require.Contains(t, errs, "file too large", name)
			require.NotContains(t, errs, "answered other than recorded", name)
			require.NotContains(t, errs, "cache clear", name)
			require.NotContains(t, errs, "panic", name)
			for file := range tree(t, filepath.Join(dir, name)) {
				require.False(t, strings.HasSuffix(file, ".tmp"), "%s: %s", name, file)
			}
		}
		backtestJSON(t, dir, env, run(heat)[1:]...)
	}
	backtestJSON(t, dir, nil, run("undisturbed")[1:]...)
	sameTurns(t, filepath.Join(dir, "undisturbed"), filepath.Join(dir, "cold"))
	sameTurns(t, filepath.Join(dir, "undisturbed"), filepath.Join(dir, "warm"))
}

// mounted mounts a file system in memory, where that is allowed.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("skipped: mounting is not allowed here: %s", bytes.TrimSpace(out))
	}
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", dir).Run()) })
	return dir
}

// A full disk under the run's folder ends the run, under the replay cache it is a
// warning; and a cache that can only be read serves.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	run := func(cache, out string, more ...string) (string, string, int) {
		return command(t, dir, []string{"PITWALL_CACHE_DIR=" + cache}, append([]string{"backtest", "examples/momentum", "--to", "2013-12-31", "--out", out}, more...)...)
	}
	for i, kB := range []int{40, 0, 240, 4, 120} { // from the first file to the page
		if i >= often(1, 5) {
			break
		}
		full := mounted(t, fmt.Sprintf("size=%dk", 4+kB))
		for _, heat := range []string{"cold", "warm"} {
			name := fmt.Sprintf("%s with %d kB", heat, kB)
			out, errs, code := run(filepath.Join(dir, "cache"), filepath.Join(full, "run"))
			require.Equal(t, 1, code, "%s: %s%s", name, out, errs)
			require.Contains(t, errs, "no space left on device", name)
			require.NotContains(t, errs, "answered other than recorded", name)
			require.NoError(t, os.RemoveAll(filepath.Join(full, "run")))
			if heat == "cold" {
				_, errs, code = run(filepath.Join(dir, "cache"), "fill")
				require.Equal(t, 0, code, errs)
				require.NoError(t, os.RemoveAll(filepath.Join(dir, "fill")))
			}
		}
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "cache")))
	}
	cache := mounted(t, "size=64k")
	out, errs, code := run(cache, "unrecorded")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "warning: cache_failed", "what was answered is in the run; what was not kept is said")
	require.Contains(t, out, "no space left on device")

	cache = mounted(t, "size=8m")
	_, errs, code = run(cache, "recorded")
	require.Equal(t, 0, code, errs)
	require.NoError(t, exec.Command("mount", "-o", "remount,ro", cache).Run())
	_, errs, code = run(cache, "strict", "--strict-replay")
	require.Equal(t, 0, code, errs)
	require.Empty(t, errs)
	sameTurns(t, filepath.Join(dir, "recorded"), filepath.Join(dir, "strict"))
	sameTurns(t, filepath.Join(dir, "recorded"), filepath.Join(dir, "unrecorded"))
	out, errs, code = run(cache, "longer", "--sample", "2")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "read-only file system")
}

// Without a free descriptor neither a turn nor its SQL is answered: it is no miss of the
// cache, no failed query, and no reason to ask a model again.
func TestNoDescriptors(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	env := []string{"PITWALL_CACHE_DIR=" + cache}
	args := []string{"backtest", "examples/momentum", "--to", "2013-08-31", "--out"}
	backtestJSON(t, dir, env, append(args[1:], "whole")...)
	for _, strict := range [][]string{nil, {"--strict-replay"}, {"--no-cache"}} {
		failed := 0
		for n := 8; n <= 28; n += often(12, 1) {
			out := filepath.Join(dir, fmt.Sprint("run", n, strict))
			_, errs, code := underLimit(t, dir, fmt.Sprint("ulimit -n ", n), env, append(append(args, out), strict...)...)
			if code == 0 {
				sameTurns(t, filepath.Join(dir, "whole"), out)
				continue
			}
			failed++
			require.NotContains(t, errs, "not recorded", n)
			require.NotContains(t, errs, "answered other than recorded", n)
			require.Regexp(t, "too many open files", errs, "%d %v", n, strict)
		}
		require.Positive(t, failed)
	}
}

// SIGHUP ends a run after its turn, as SIGTERM does, and SQL lives until then; under
// nohup it does nothing.
func TestHangUpSignal(t *testing.T) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // these tests may run under nohup themselves: a signal that is caught is not ignored by children
	t.Cleanup(func() { signal.Reset(syscall.SIGHUP) })
	for _, sent := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		dir := t.TempDir()
		longRun(t, dir)
		c, errs := begun(t, dir, "backtest", "s.yaml")
		run := filepath.Join(dir, "runs/s-1")
		turnAppears(t, run, 20)
		require.NoError(t, c.Process.Signal(sent))
		require.Error(t, c.Wait())
		require.Equal(t, 1, c.ProcessState.ExitCode(), errs.String())
		require.Contains(t, errs.String(), "stopped before the end")
		require.Equal(t, "incomplete", status(t, run))
		require.Contains(t, pageOf(t, run), "incomplete")
		out := succeeds(t, dir, "verify", "last")
		require.Contains(t, out, "turns are as they were written", "a stopped run has its sums")
	}
	dir := t.TempDir()
	c := exec.Command("sh", "-c", `trap "" HUP; exec "$0" backtest examples/momentum --to 2013-12-31 --out run`, binary)
	c.Dir = dir
	require.NoError(t, c.Start())
	turnAppears(t, filepath.Join(dir, "run"), 2)
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	require.NoError(t, c.Wait())
	require.Equal(t, "complete", status(t, filepath.Join(dir, "run")))
}

// succeeds returns what a verb that succeeds prints on stdout, whatever it notes on stderr.
func succeeds(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, errs, code := command(t, dir, nil, args...)
	require.Equal(t, 0, code, out+errs)
	return out
}
