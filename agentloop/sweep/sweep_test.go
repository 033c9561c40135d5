package sweep_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/scripts"
	"pitwall/agentloop/sweep"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/examples"
)

func TestMain(m *testing.M) {
	driver.RunWorkerIfChild()
	os.Exit(m.Run())
}

func TestGrid(t *testing.T) {
	for _, c := range []struct {
		params, models []string
		samples        int
		want           string // names, or a part of the error
	}{
		{[]string{"days=20:60:20"}, nil, 1, "days=20|days=40|days=60"},
		{[]string{"days=20:65:20"}, nil, 0, "days=20|days=40|days=60"},
		{[]string{"days=60:20:-40"}, nil, 1, "days=60|days=20"},
		{[]string{"band=0.1:0.3:0.1"}, nil, 1, "band=0.1|band=0.2|band=0.3"},
		{[]string{"days=5,10", "kind=a,b"}, nil, 1, "days=5 kind=a|days=5 kind=b|days=10 kind=a|days=10 kind=b"},
		{nil, []string{"x", "y"}, 2, "model=x sample=0|model=x sample=1|model=y sample=0|model=y sample=1"},
		{nil, nil, 1, "a sweep of one run"},
		{[]string{"days=5"}, nil, 1, "a sweep of one run"},
		{[]string{"days"}, nil, 1, "write name=from:to:step"},
		{[]string{"days=5:1:1"}, nil, 1, `param days is "5:1:1"`},
		{[]string{"days=1:5:0"}, nil, 1, `param days is "1:5:0"`},
		{[]string{"days=1:5"}, nil, 1, `param days is "1:5"`},
		{[]string{"days=1:x:2"}, nil, 1, `param days is "1:x:2"`},
		{[]string{"days=1,,2"}, nil, 1, "empty value"},
		{[]string{"days=1,1"}, nil, 1, "two runs have the same values: days=1"},
		{[]string{"days=1,2", "days=3,4"}, nil, 1, "param days is given twice"},
		{[]string{"days=1:100000:1"}, nil, 1, "more than 10000 values"},
		{[]string{"a=1:200:1", "b=1:200:1"}, nil, 1, "a sweep of 40000 runs"},
		{nil, nil, -1, "samples is -1"},
	} {
		points, err := sweep.Grid(c.params, c.models, c.samples)
		if err != nil {
			require.ErrorContains(t, err, c.want, "%v", c)
			continue
		}
		var names []string
		for _, p := range points {
			names = append(names, p.Name)
		}
		require.Equal(t, c.want, strings.Join(names, "|"))
	}
}

// momentum makes short runs of the momentum script over the bundled data and counts them.
type momentum struct {
	mu   sync.Mutex
	made int
	fail string // a point that fails
}

func (m *momentum) run(ctx context.Context, p sweep.Point, dir string) (*driver.Result, error) {
	m.mu.Lock()
	m.made++
	m.mu.Unlock()
	if p.Name == m.fail {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "no data")
	}
	s := strategy()
	for _, x := range p.Params {
		if err := s.SetParam(x); err != nil {
			return nil, err
		}
	}
	model, err := scripts.All()["momentum"](s.Params)
	if err != nil {
		return nil, err
	}
	return driver.Run(ctx, driver.Config{Strategy: s, Files: examples.FS, Dir: dir, Now: time.Now,
		Agents: []agentloop.Agent{{Name: "main", Model: model, ModelName: "script/momentum", Prompt: "Trend.", Every: agentloop.Every{Bars: 10}}}})
}

func strategy() *driver.Strategy {
	return &driver.Strategy{Name: "short", Symbols: []string{"AAPL"}, From: "2014-01-02", To: "2014-06-30", Data: []driver.DataEntry{{Path: "data"}}, Agent: driver.Agent{Model: driver.ModelChoice{Name: "script/momentum"}}}
}

func config(t *testing.T, m *momentum, dir string, params ...string) sweep.Config {
	t.Helper()
	points, err := sweep.Grid(params, nil, 1)
	require.NoError(t, err)
	of, err := sweep.OfStrategy(t.Context(), strategy(), points[0], examples.FS, &history.Local{}, "build 1")
	require.NoError(t, err)
	return sweep.Config{Points: points, Dir: dir, Jobs: 2, Seed: 1, Of: of, Run: m.run}
}

func TestSweepGoesOn(t *testing.T) {
	dir, m := t.TempDir(), &momentum{}
	whole, err := sweep.Run(t.Context(), config(t, m, filepath.Join(dir, "whole"), "lookback=5:25:5"))
	require.NoError(t, err)
	require.Equal(t, 5, m.made)
	require.True(t, whole.Complete)
	require.NoError(t, whole.Err())
	require.Len(t, whole.Rows, 5)
	require.Equal(t, 5, whole.Judge.N)
	require.Equal(t, 124, whole.Judge.Days, "from 2014-01-02 to 2014-06-30")
	for _, r := range whole.Rows {
		folder := runs.Open(os.DirFS(filepath.Join(whole.Dir, r.Run)))
		require.Equal(t, "complete", folder.Manifest.Status)
		require.Equal(t, folder.Manifest.Digest, r.Digest)
	}

	stopped := config(t, &momentum{}, filepath.Join(dir, "stopped"), "lookback=5:25:5")
	stop := make(chan struct{})
	var once sync.Once
	stopped.Stop, stopped.Jobs = stop, 1
	stopped.Progress = func(done, all int, r sweep.Row) {
		require.Equal(t, 5, all)
		if done == 2 {
			once.Do(func() { close(stop) })
		}
	}
	part, err := sweep.Run(t.Context(), stopped)
	require.NoError(t, err)
	require.False(t, part.Complete)
	require.EqualError(t, part.Err(), "stopped before the end")
	before := slices.IndexFunc(part.Rows, sweep.Row.Waits)
	require.Greater(t, before, 0)
	require.Len(t, part.Rows, 5)
	require.Equal(t, 5-before, part.Judge.Lacking)
	require.False(t, part.Judge.Evidence)
	require.NoError(t, os.Remove(filepath.Join(stopped.Dir, part.Rows[0].Run, "manifest.json"))) // as a crash leaves one
	rest := &momentum{}
	_, err = sweep.Run(t.Context(), config(t, rest, stopped.Dir, "lookback=5:25:5"))
	require.NoError(t, err)
	require.Equal(t, 5-before+1, rest.made)
	require.Equal(t, read(t, whole.Dir), read(t, stopped.Dir), "the same bytes, stopped or not")

	more := &momentum{}
	wider, err := sweep.Run(t.Context(), config(t, more, whole.Dir, "lookback=5:30:5"))
	require.NoError(t, err)
	require.Equal(t, 1, more.made, "another value in the same folder")
	require.Len(t, wider.Rows, 6)

	other := &momentum{}
	elsewhere, err := sweep.Run(t.Context(), config(t, other, whole.Dir, "lookback=40,50"))
	require.NoError(t, err)
	require.Equal(t, 2, other.made)
	require.Equal(t, 8, elsewhere.Judge.N, "what was tried before counts, asked for again or not")
}

// Names that differ have folders that differ, on disks that do not tell a from A too.
func TestSweepFolders(t *testing.T) {
	points, err := sweep.Grid([]string{"op=>,<,_,a,A"}, []string{"x/y:8b", "x/y_8b"}, 1)
	require.NoError(t, err)
	m, seen := &momentum{fail: "none"}, map[string]bool{}
	c := config(t, m, filepath.Join(t.TempDir(), "s"), "lookback=5,10")
	c.Points, c.Run = points, func(_ context.Context, _ sweep.Point, dir string) (*driver.Result, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		seen[strings.ToLower(filepath.Base(dir))] = true
		return nil, pitwall.Errorf(pitwall.NoCoverage, "no data")
	}
	_, err = sweep.Run(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, seen, 10)
}

func read(t *testing.T, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, sweep.File))
	require.NoError(t, err)
	return string(raw)
}

func TestSweepOfSomethingElse(t *testing.T) {
	dir, m := filepath.Join(t.TempDir(), "s"), &momentum{}
	first := config(t, m, dir, "lookback=5,10")
	_, err := sweep.Run(t.Context(), first)
	require.NoError(t, err)
	for want, spoil := range map[string]func(*sweep.Of){
		"holds a sweep of another strategy":           func(o *sweep.Of) { o.Strategy = "x" },
		"holds a sweep of another version of Pitwall": func(o *sweep.Of) { o.Build = "x" },
		"holds a sweep of other data":                 func(o *sweep.Of) { o.Data = o.Data[1:] },
	} {
		c := config(t, m, dir, "lookback=5,10")
		spoil(&c.Of)
		_, err := sweep.Run(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "mine.txt"), nil, 0o644))
	first.Dir = other
	_, err = sweep.Run(t.Context(), first)
	require.ErrorContains(t, err, "is not empty and holds no sweep")
	require.Equal(t, 2, m.made)
}

func TestSweepWithAFailure(t *testing.T) {
	m := &momentum{fail: "lookback=10"}
	r, err := sweep.Run(t.Context(), config(t, m, filepath.Join(t.TempDir(), "s"), "lookback=5,10,15"))
	require.NoError(t, err)
	require.Equal(t, []any{3, 1, 3, 1}, []any{len(r.Rows), r.Failed, r.Judge.N, r.Judge.Lacking})
	require.False(t, r.Judge.Evidence)
	require.Equal(t, "NO_COVERAGE: no data", r.Rows[1].Error)
	require.EqualError(t, r.Err(), "1 of 3 runs failed")
}
