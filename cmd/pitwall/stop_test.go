package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop/models/modeltest"
	"pitwall/cache/runs"
	"pitwall/examples"
)

// longRun writes a strategy over so many bars that nobody waits for its end.
func longRun(t *testing.T, dir string) {
	t.Helper()
	rows := []string{"symbol,timestamp,open,high,low,close,volume"}
	for d := range 6000 {
		rows = append(rows, fmt.Sprintf("A,%s,10,11,9,%d.5,100000", time.Date(1990, 1, 1+d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), 9+d%2))
	}
	write(t, dir, "s.yaml", strings.Replace(goodStrategy, "buyhold", "momentum", 1), "bars.csv", strings.Join(rows, "\n")+"\n")
}

// begun starts the binary and waits until its run has made some turns.
func begun(t *testing.T, dir string, args ...string) (c *exec.Cmd, errs *shared) {
	t.Helper()
	c, errs = exec.Command(binary, args...), &shared{}
	c.Dir, c.Stderr = dir, errs
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() }) // it has ended, if the test went well
	return c, errs
}

// shared is what a process wrote so far.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

var _ io.Writer = (*shared)(nil)

// status is a run's status in its manifest.
func status(t *testing.T, run string) string {
	t.Helper()
	var m runs.Manifest
	require.NoError(t, readJSON(filepath.Join(run, "manifest.json"), &m))
	return m.Status
}

// pageOf reads a run's page.
func pageOf(t *testing.T, run string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(run, "report.html"))
	require.NoError(t, err)
	return string(raw)
}

// Ctrl-C once: the turn is finished, the page is written and says incomplete.
func TestInterruptOnceLeavesAPage(t *testing.T) {
	dir := t.TempDir()
	longRun(t, dir)
	c, errs := begun(t, dir, "backtest", "s.yaml")
	run := filepath.Join(dir, "runs/s-1")
	turnAppears(t, run, 20)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Error(t, c.Wait())
	require.Equal(t, 1, c.ProcessState.ExitCode())
	require.Contains(t, errs.String(), "finishing this turn; Ctrl-C again stops at once")
	require.NotContains(t, errs.String(), "\x1b", "no escape codes in a pipe")
	require.Equal(t, "incomplete", status(t, run))
	made := pageOf(t, run)
	require.Contains(t, made, "incomplete")
	require.Contains(t, printed(t, dir, 0, "report", "s-1"), "incomplete\n")
	require.Equal(t, made, pageOf(t, run))
}

// Ctrl-C twice while a model hangs: it ends at once, and what there was is there.
func TestInterruptTwiceStopsAtOnce(t *testing.T) {
	raw, err := examples.FS.ReadFile("buyhold/strategy.yaml")
	require.NoError(t, err)
	t.Setenv("OPENAI_API_KEY", secretKey)
	hung := make(chan struct{})
	provider := modeltest.New(t, oneScript(t, string(raw)), modeltest.Options{Fault: func(n int64) modeltest.Fault {
		if n == 7 {
			close(hung)
		}
		return modeltest.Fault{Hang: n >= 7}
	}})
	dir := t.TempDir()
	write(t, dir, "s.yaml", strings.Replace(strings.Replace(overHTTP(string(raw), "openai/fake-1", provider.URL+"/v1"), "every: month", "every: 5", 1), "[../data]", "[data]", 1))
	copyExampleData(t, dir)
	c, errs := begun(t, dir, "backtest", "s.yaml", "--out", "run")
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-hung:
	case err := <-ended:
		require.Failf(t, "it ended", "%v: %s", err, errs)
	}
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "finishing this turn") }, 2*time.Minute, 5*time.Millisecond)
	select {
	case err := <-ended:
		require.Failf(t, "one Ctrl-C does not cut a turn", "%v: %s", err, errs)
	case <-time.After(200 * time.Millisecond):
	}
	again := time.Now()
	require.NoError(t, c.Process.Signal(os.Interrupt))
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(2 * time.Minute):
		require.Fail(t, "it hangs", errs.String())
	}
	t.Logf("the second Ctrl-C ended it in %v", time.Since(again))
	require.Less(t, time.Since(again), time.Minute)
	require.Equal(t, 1, c.ProcessState.ExitCode())
	run := filepath.Join(dir, "run")
	require.Equal(t, "incomplete", status(t, run))
	require.Contains(t, pageOf(t, run), "incomplete")
	require.Contains(t, printed(t, dir, 0, "report", "run"), "incomplete\n")
	require.Contains(t, printed(t, dir, 0, "trace", "run"), "holding", "the turns until then are there")
}

// kill -9: nothing could be written at the end, and the report says that the run
// has not ended.
func TestReportOfAKilledRun(t *testing.T) {
	dir := t.TempDir()
	longRun(t, dir)
	c, _ := begun(t, dir, "backtest", "s.yaml")
	run := filepath.Join(dir, "runs/s-1")
	turnAppears(t, run, 20)
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	require.Equal(t, "running", status(t, run))
	require.NoFileExists(t, filepath.Join(run, "report.html"))
	out := printed(t, dir, 0, "report", "last")
	require.Contains(t, out, "running\n")
	require.Contains(t, out, "the run has not ended: it is still running, or it was killed")
	require.Contains(t, pageOf(t, run), "running")
	require.Contains(t, printed(t, dir, 0, "runs"), "running")
	require.Contains(t, printed(t, dir, 0, "report", "s-1", "last"), "identical in all ")
}
