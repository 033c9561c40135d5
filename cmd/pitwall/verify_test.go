package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/cache/runs"
)

// verify names each file of a run's folder that was edited, but for the two that it
// does not cover, and a run of an older version says that it has no sums.
func TestVerifyNamesEditedFiles(t *testing.T) {
	dir := inMomentum(t)
	run := filepath.Join(dir, "runs", "momentum-1")
	require.Contains(t, printed(t, dir, 0, "verify", "last"), "; 41 turns are as they were written\n")
	edit := func(name, from, to string) (restore func()) {
		raw, err := os.ReadFile(filepath.Join(run, name))
		require.NoError(t, err)
		require.Contains(t, string(raw), from, name)
		write(t, run, name, strings.Replace(string(raw), from, to, 1))
		return func() { write(t, run, name, string(raw)) }
	}
	names := 0
	for name := range tree(t, run) {
		restore := edit(name, "\n", "\n\n")
		if name == runs.TimingFile || name == runs.PageFile {
			require.Contains(t, printed(t, dir, 0, "verify", "last"), "verified: ", name)
		} else {
			require.Contains(t, printed(t, dir, 1, "verify", "last"), name, name)
			names++
		}
		restore()
	}
	require.Equal(t, 1+10, names)
	for _, c := range [][3]string{
		{runs.TurnsFile, "Hold the stock while", "Sell the stock while"}, // the prompt
		{runs.TurnsFile, "account_positions\",\n     \"text\": \"mode=sim", "account_positions\",\n     \"text\": \"mode=live"},
		{runs.TurnsFile, "\"text\": \"RESULT: no change", "\"text\": \"RESULT: a change"},
		{"journal.jsonl", `"reason":"`, `"reason":"not `},
		{"fills.csv", "average", "avarage"},
		{"summaries.jsonl", `"result":"`, `"result":"not `},
		{"manifest.json", `"prompt": "`, `"prompt": "not `},
		{"usage.json", `"model_calls": `, `"model_calls": 1`},
	} {
		restore := edit(c[0], c[1], c[2])
		require.Contains(t, printed(t, dir, 1, "verify", "last"), c[0]+" was changed after the run wrote it", c)
		if c[0] == runs.TurnsFile {
			require.Regexp(t, `turn \d+ in turns\.log was changed`, printed(t, dir, 1, "verify", "last"))
		}
		restore()
	}
	printed(t, dir, 0, "verify", "last") // all is as it was

	edit("manifest.json", ",\n  \"turns_digest\": \""+turnsDigest(t, run)+"\"", "")
	require.NoError(t, os.Remove(filepath.Join(run, runs.SumsFile)))
	out, errs, code := command(t, dir, nil, "verify", "last")
	require.Equal(t, 0, code, out+errs)
	require.Contains(t, errs, "without SHA256SUMS")
	require.NotContains(t, out, "as they were written")
}

// Every value in the record of a turn and in its line, changed alone, is found.
func TestVerifyFindsEveryField(t *testing.T) {
	dir := inMomentum(t)
	run := filepath.Join(dir, "runs", "momentum-1")
	var m runs.Manifest
	require.NoError(t, readJSON(filepath.Join(run, runs.ManifestFile), &m))
	for name, least := range map[string]int{runs.TurnsFile: 40, runs.SummariesFile: 8} {
		raw, err := os.ReadFile(filepath.Join(run, name))
		require.NoError(t, err)
		first, more, _ := strings.Cut(string(raw), "\n")
		before, whole, rest := "", []byte(first), "\n"+more
		want := []string{name + " was changed after the run wrote it: it does not have its sum in SHA256SUMS"}
		if name == runs.TurnsFile {
			record := recordsOf(t, run)[1]
			before, rest, _ = strings.Cut(string(raw), record)
			whole, rest = []byte(record), "\n"+rest
			want = append(want, "turn 2 in turns.log was changed after the run wrote it: it does not have its sum")
		}
		var value any
		require.NoError(t, json.Unmarshal(whole, &value))
		fields := 0
		eachField(value, func() {
			edited, err := json.Marshal(value)
			require.NoError(t, err)
			write(t, run, name, before+string(edited)+rest)
			got, err := (runs.Strict{FS: os.DirFS(run)}).Sums(m)
			require.NoError(t, err)
			require.Equal(t, want, got.Differences)
			fields++
		})
		require.GreaterOrEqual(t, fields, least, name)
		write(t, run, name, string(raw))
	}
}

// eachField changes every value inside of v in turn, and calls f with each change in
// place.
func eachField(v any, f func()) {
	change := func(old any, put func(any)) {
		switch x := old.(type) {
		case string:
			put(x + "x")
		case float64:
			put(x + 1)
		case bool:
			put(!x)
		case nil:
			put("x")
		default:
			eachField(old, f)
			return
		}
		f()
		put(old)
	}
	switch x := v.(type) {
	case map[string]any:
		for k, old := range x {
			change(old, func(v any) { x[k] = v })
		}
	case []any:
		for i, old := range x {
			change(old, func(v any) { x[i] = v })
		}
	}
}

// Killed between two turns, a run still has the sums of those that it wrote.
func TestVerifyOfAKilledRun(t *testing.T) {
	dir := t.TempDir()
	longRun(t, dir)
	c, _ := begun(t, dir, "backtest", "s.yaml")
	run := filepath.Join(dir, "runs/s-1")
	turnAppears(t, run, 20)
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	out := printed(t, dir, 1, "verify", "last")
	require.Contains(t, out, "did not end in order")
	require.NotContains(t, out, "was changed")
	raw, err := os.ReadFile(filepath.Join(run, runs.TurnsFile))
	require.NoError(t, err)
	seventh := recordsOf(t, run)[6]
	write(t, run, runs.TurnsFile, strings.Replace(string(raw), seventh, strings.Replace(seventh, `"agent": "`, `"agent": "x`, 1), 1))
	require.Contains(t, printed(t, dir, 1, "verify", "last"), "turn 7 in turns.log was changed after the run wrote it")
}
