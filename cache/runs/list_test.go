package runs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// What an agent sees before a run is the same when the run is repeated: else the
// answers that were recorded do not fit.
func TestAttemptBeforeARepeat(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, m Manifest) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
		raw, err := json.Marshal(m)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, ManifestFile), raw, 0o644))
	}
	m := Manifest{Symbols: []string{"AAPL"}, From: "2013-05-13", To: "2013-12-31", Every: "5"}
	first, other, failed := m, m, m
	first.Status, first.Digest = "complete", "1"
	other.Status, other.Digest, other.Every = "complete", "2", "10"
	failed.Status, failed.Every = "failed", "20"
	put("first", first)
	require.Equal(t, 1, Attempt(filepath.Join(dir, "again"), m), "before: as the first run saw it")
	m.Digest = "3"
	require.Equal(t, 1, Attempt(filepath.Join(dir, "again"), m), "after: the same configuration, by another version of Pitwall")
	m.NoCache = true
	require.Equal(t, 2, Attempt(filepath.Join(dir, "again"), m), "after: the model said something else")
	m.NoCache = false
	m.Digest = "1"
	require.Equal(t, 1, Attempt(filepath.Join(dir, "again"), m), "after: it did the same")
	put("other", other)
	put("failed", failed)
	require.Equal(t, 2, Attempt(filepath.Join(dir, "again"), m), "one that failed did not come to its end")
	for name, status := range map[string]string{"look": "incomplete", "running": "running"} {
		x := other
		x.Status, x.Every, x.Digest = status, "30", name
		put(name, x)
	}
	later := other
	later.From, later.To, later.Every, later.Digest = "2014-01-01", "2014-12-31", "7", "4"
	put("later", later)
	other.Digest = "5"
	put("twice", other)
	require.Equal(t, 2, Attempt(filepath.Join(dir, "again"), m), "a look with --turns, other dates and a configuration for the second time")
}

// A run is listed with the days that it came to; midnight ends the day before it.
func TestListNamesDaysReached(t *testing.T) {
	file := func(text string, day int) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(text), ModTime: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)}
	}
	manifest := `{"run_id":"r","status":"failed","from":"2024-01-01","to":"2024-12-31"}`
	list, err := List(fstest.MapFS{
		"none/manifest.json": file(manifest, 2), "none/metrics.json": file(`{"total_return":0}`, 2),
		"far/manifest.json": file(manifest, 3), "far/metrics.json": file(`{"total_return":0.1,"first":"2024-01-02T00:00:00Z","last":"2024-03-02T00:00:00Z"}`, 9),
		"torn/manifest.json": file(`{"run_id":`, 1), "new/journal.jsonl": file("", 4), "other/x.json": file("{}", 5), "loose.txt": file("", 6),
		"going/manifest.json": file(`{"status":"running"}`, 0), "lost/manifest.json": file(`{"status":"complete"}`, -1)})
	require.NoError(t, err)
	var got []string
	for _, x := range list {
		got = append(got, x.Run+" "+x.From+" "+x.To+" "+x.Damaged)
	}
	require.Equal(t, []string{"new   it has no manifest.json", "far 2024-01-01 2024-03-01 ", "none 2024-01-01 2024-12-31 ", "torn   manifest.json: unexpected end of JSON input",
		"going   ", "lost   metrics.json: it is not there"}, got, "the newest first, by its manifest")
}
