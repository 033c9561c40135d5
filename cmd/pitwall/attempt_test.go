package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A try is another idea on the same days. The same run again is none, nor is one
// that was stopped on its way.
func TestAttemptsOfRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(name string, args ...string) float64 {
		backtestJSON(t, dir, nil, append([]string{"examples/momentum", "--to", "2013-12-31", "--no-report", "--out", filepath.Join("runs", name)}, args...)...)
		var m struct{ Attempt float64 }
		require.NoError(t, readJSON(filepath.Join(dir, "runs", name, "manifest.json"), &m))
		return m.Attempt
	}
	require.Equal(t, 1.0, run("a"))
	require.Equal(t, 1.0, run("b"), "the same again")
	require.Equal(t, 2.0, run("c", "--cash", "50000"), "another idea; a and b are one")
	require.Equal(t, 2.0, run("d"), "a and b once more, beside c")
	require.Equal(t, 1.0, run("e", "--from", "2015-01-02", "--to", "2015-06-30"), "other days")

	var m map[string]any
	require.NoError(t, readJSON(filepath.Join(dir, "runs/c/manifest.json"), &m))
	m["status"], m["digest"] = "incomplete", "0123"
	write(t, filepath.Join(dir, "runs/c"), "manifest.json", string(mustJSON(t, m)))
	require.Equal(t, 2.0, run("f", "--cash", "50000"), "c was stopped on its way to this")
	require.Equal(t, 3.0, run("g", "--cash", "60000"), "a and f; c did not come to its end")
	require.Equal(t, 3.0, run("h", "--cash", "60000"), "the same again")
	require.Equal(t, 4.0, run("i", "--cash", "70000", "--turns", "3"), "a, f and g; a look counts for itself")
	require.Equal(t, 3.0, run("j", "--cash", "60000"), "and for no other")

	out, errs, code := command(t, dir, nil, "verify", "last")
	require.Zero(t, code, errs)
	require.Contains(t, out, "runs/j: verified")
}

func TestNothingOrderedIsAWarning(t *testing.T) {
	dir := t.TempDir()
	copyExampleData(t, dir)
	write(t, dir, "s.yaml", "data: [data]\nname: idle\nsymbols: [AAPL]\nfrom: 2013-05-13\nto: 2013-07-31\ncash: 1000\nevery: 5\nagent: {model: script/momentum, prompt: Wait., params: {lookback: 3000}}\n")
	r := backtestJSON(t, dir, nil, "s.yaml")
	require.Contains(t, r["warnings"], "nothing was ordered in 12 turns: pitwall trace says what they said")
}

func TestWrongWords(t *testing.T) {
	dir := t.TempDir()
	backtestJSON(t, dir, nil, "examples/momentum", "--to", "2013-07-31", "--no-report")
	for _, c := range []struct {
		args []string
		says string
		not  string
	}{
		{[]string{"reprot", "last"}, "did you mean pitwall report?", ""},
		{[]string{"fly"}, "see: pitwall --help", "did you mean"},
		{[]string{"report", "lst"}, "did you mean last?", ""},
		{[]string{"report", "momentum-11"}, "did you mean momentum-1?", ""},
		{[]string{"report", "nope"}, "last is the newest of the 1 in runs/", "did you mean"},
	} {
		_, errs, code := command(t, dir, nil, c.args...)
		require.NotZero(t, code)
		require.Contains(t, errs, c.says)
		if c.not != "" {
			require.NotContains(t, errs, c.not)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}
