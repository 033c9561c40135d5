package driver_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/examples"
	"pitwall/tools"
)

// The SQL of many worlds keeps to one memory budget: 12 worlds, or PITWALL_WORLDS=64,
// all with a table of the same rows, asked four at a time in two rounds. Their workers
// and this process stay under 600 MB as the system counts resident pages (those that
// processes share are counted in each), and no answer depends on which worker gave it.
func TestSQLOfManyWorldsFitsInMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps_rollup"); err != nil {
		t.Skip("skipped: no /proc")
	}
	n := 12
	_, _ = fmt.Sscan(os.Getenv("PITWALL_WORLDS"), &n)
	s := &driver.Strategy{Symbols: []string{"AAPL"}, Data: []driver.DataEntry{{Path: "data"}}}
	b := &driver.Worlds{Load: func(ctx context.Context, _ time.Duration) (*history.Store, error) {
		return s.Load(ctx, examples.FS, &history.Local{})
	}}
	require.NoError(t, b.Check(t.Context()))
	var worlds []*pitwall.World
	for i := range n {
		w, err := b.Build(t.Context(), pitwall.Caller{Principal: pitwall.Local}, fmt.Sprint("w", i), tools.StartRequest{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.Close()) })
		require.NoError(t, w.Tables.Define(t.Context(), pitwall.TableSpec{Name: "a", Symbols: []string{"AAPL"}}))
		worlds = append(worlds, w)
	}
	own := memory(t, fmt.Sprint(os.Getpid()))
	var most, mostOwn, workers, proportional int64
	answers := map[string]int{}
	began := time.Now()
	for range 2 {
		next := make(chan *pitwall.World)
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			all.Go(func() {
				for w := range next {
					r, err := w.Tables.Query(t.Context(), "SELECT count(*), avg(close), max(ts) FROM a", 10)
					text := fmt.Sprint(r.Rows, err)
					mu.Lock()
					answers[text]++
					mu.Unlock()
				}
			})
		}
		for _, w := range worlds {
			next <- w
			if r := children(t); r.rss > most {
				most, workers, proportional, mostOwn = r.rss, r.processes, r.pss, memory(t, fmt.Sprint(os.Getpid())).rss
			}
		}
		close(next)
		all.Wait()
	}
	t.Logf("%d worlds: at most %d MB in %d workers (%d MB where a page shared by n processes counts as 1/n of itself) and %d MB in this process (%d MB before the first query); %v a query",
		n, most>>20, workers, proportional>>20, mostOwn>>20, own.rss>>20, time.Since(began)/time.Duration(2*n))
	require.Len(t, answers, 1, "%v", answers)
	require.Greater(t, workers, int64(2), "idle workers are kept while there is memory")
	if !testing.Short() { // the race detector, which runs the short form, takes memory of its own
		require.Less(t, most+mostOwn, int64(600<<20))
	}
}

// used is memory of processes in bytes.
type used struct{ processes, rss, pss int64 }

// memory returns that of one process; a process that has ended uses none.
func memory(t *testing.T, pid string) (u used) {
	t.Helper()
	raw, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
	if err != nil {
		return u
	}
	for line := range strings.Lines(string(raw)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "Rss: %d kB", &kb); err == nil {
			u.rss, u.processes = kb<<10, 1
		}
		if _, err := fmt.Sscanf(line, "Pss: %d kB", &kb); err == nil {
			u.pss = kb << 10
		}
	}
	return u
}

// children returns that of all processes which this one has started.
func children(t *testing.T) (u used) {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, task := range tasks {
		raw, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err != nil {
			continue // the thread has ended
		}
		for _, pid := range strings.Fields(string(raw)) {
			m := memory(t, pid)
			u.processes, u.rss, u.pss = u.processes+m.processes, u.rss+m.rss, u.pss+m.pss
		}
	}
	return u
}
