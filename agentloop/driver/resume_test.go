package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// resumed makes a config go on with the run in dir, its feed behind the last bar kept.
func resumed(t *testing.T, c Config, dir string) Config {
	c, h := onPaper(t, c)
	kept, err := runs.Strict{FS: os.DirFS(dir)}.Kept()
	require.NoError(t, err)
	for _, b := range kept {
		if b.Known.After(h.now) {
			h.now = b.Known
		}
	}
	_, to, err := c.Strategy.Window(c.Source)
	require.NoError(t, err)
	c.Dir, c.Live.Resume, c.Live.Feed = dir, true, NewRecorded(c.Source, h.now, to)
	return c
}

// stopAfter makes a run stop after some moves of the clock.
func stopAfter(c Config, moves int) Config {
	stop := make(chan struct{})
	n := 0
	c.Stop, c.Progress = stop, func(agentloop.Progress) {
		if n++; n == moves {
			close(stop)
		}
	}
	return c
}

// A run that is stopped again and again and goes on does the same as one that is not.
func TestStopAndResume(t *testing.T) {
	ctx := context.Background()
	c, s := momentum(t)
	s.From, s.To = "2013-08-15", "2014-02-14"
	whole, _ := onPaper(t, c)
	whole.Dir = filepath.Join(t.TempDir(), "whole")
	want, err := Run(ctx, whole)
	require.NoError(t, err)

	parts, _ := onPaper(t, c)
	parts.Dir = filepath.Join(t.TempDir(), "parts")
	got, err := Run(ctx, stopAfter(parts, 33))
	require.NoError(t, err)
	require.False(t, got.Complete)
	require.Equal(t, "incomplete", got.Manifest.Status)
	for n := 0; !got.Complete; n++ {
		require.Less(t, n, 10)
		v, err := Verify(os.DirFS(parts.Dir))
		require.NoError(t, err)
		require.Empty(t, v.Differences, "a run that was stopped verifies")
		got, err = Run(ctx, stopAfter(resumed(t, c, parts.Dir), 20+n))
		require.NoError(t, err)
	}
	require.Equal(t, asked(t, whole.Dir), asked(t, parts.Dir))
	require.Equal(t, []any{want.Turns, want.Fills, want.FinalEquity}, []any{got.Turns, got.Fills, got.FinalEquity}) // the digest holds ids, and those the numbers of journal lines
	v, err := Verify(os.DirFS(parts.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
	_, err = Run(ctx, resumed(t, c, parts.Dir))
	require.ErrorContains(t, err, "came to its end")
}

// A run whose process was killed in the middle of a line of its journal goes on, loses
// no fill, and follows from its journal and bars.
func TestResumeAfterAKill(t *testing.T) {
	ctx := context.Background()
	c, s := momentum(t)
	s.From, s.To = "2013-09-02", "2013-11-29"
	whole, _ := onPaper(t, c)
	whole.Dir = filepath.Join(t.TempDir(), "whole")
	_, err := Run(ctx, whole)
	require.NoError(t, err)
	journal, err := os.ReadFile(filepath.Join(whole.Dir, runs.JournalFile))
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(5, 6))
	for range 8 {
		dir := filepath.Join(t.TempDir(), "killed")
		require.NoError(t, os.CopyFS(dir, os.DirFS(whole.Dir)))
		at := 400 + r.IntN(len(journal)-400)
		killed(t, dir, journal[:at])
		got, err := Run(ctx, resumed(t, c, dir))
		require.NoError(t, err, "cut at byte %d", at)
		require.True(t, got.Complete)
		v, err := Verify(os.DirFS(dir))
		require.NoError(t, err)
		require.Empty(t, v.Differences, "cut at byte %d", at)
		open := 0
		seen := map[string]bool{}
		list, err := runs.Strict{FS: os.DirFS(dir)}.Journal()
		require.NoError(t, err)
		for _, e := range list {
			switch {
			case e.Kind == pitwall.EntryIntent:
				open++
				require.False(t, seen[e.ID], "one intent for each order")
				seen[e.ID] = true
			case e.Kind == pitwall.EntryOrder && seen[e.ID]:
				open--
			}
		}
		require.LessOrEqual(t, open, 0, "every intent has an answer")
	}
}

// killed makes a folder what it was when its journal ended so: running, with the bars
// known by then and the one whose step was under way.
func killed(t *testing.T, dir string, journal []byte) {
	require.NoError(t, os.WriteFile(filepath.Join(dir, runs.JournalFile), journal, 0o644))
	var last time.Time
	for line := range bytes.Lines(journal) {
		var e pitwall.Entry
		if json.Unmarshal(line, &e) == nil {
			last = e.AsOf
		}
	}
	body, err := os.ReadFile(filepath.Join(dir, runs.PricesFile))
	require.NoError(t, err)
	bars, err := runs.Strict{FS: os.DirFS(dir)}.Kept()
	require.NoError(t, err)
	rows := bytes.SplitAfter(body, []byte("\n"))
	keep, more := rows[:1], last.AddDate(0, 0, 1)
	for i, b := range bars {
		if !b.Known.After(more) {
			keep = append(keep, rows[i+1])
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, runs.PricesFile), bytes.Join(keep, nil), 0o644))
	var m runs.Manifest
	raw, err := os.ReadFile(filepath.Join(dir, runs.ManifestFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &m))
	m.Status = "running"
	raw, err = json.Marshal(m)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, runs.ManifestFile), raw, 0o644))
	cut := func(name string, keep func(rows [][]byte) [][]byte) {
		body, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), bytes.Join(keep(bytes.SplitAfter(body, []byte("\n"))), nil), 0o644))
	}
	fills, marks := 0, 0
	for line := range bytes.Lines(journal) {
		var e pitwall.Entry
		if json.Unmarshal(line, &e) == nil && e.Fill != nil {
			fills++
		} else if e.Mark != nil {
			marks++
		}
	}
	cut(runs.FillsFile, func(rows [][]byte) [][]byte { return rows[:max(1, fills)] }) // the header and one row less than the journal has
	cut(runs.EquityFile, func(rows [][]byte) [][]byte { return rows[:max(1, marks)] })
	cut(runs.SummariesFile, func(rows [][]byte) (keep [][]byte) { // written after the journal's lines
		for _, row := range rows {
			var x agentloop.TurnLine
			if json.Unmarshal(row, &x) == nil && !mustTime(t, x.AsOf).After(last) {
				keep = append(keep, row)
			}
		}
		return keep
	})
}

func mustTime(t *testing.T, text string) time.Time {
	x, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return x
}
