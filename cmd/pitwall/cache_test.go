package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/cache/replay"
)

// newCache fills a cache with entries of two kinds.
func newCache(t *testing.T) (*console, *replay.Store) {
	dir := filepath.Join(t.TempDir(), "cache")
	t.Setenv("PITWALL_CACHE_DIR", dir)
	s, err := replay.Open(dir, replay.Options{})
	require.NoError(t, err)
	for n := range 3 {
		require.NoError(t, s.Put("turn", "s", fmt.Appendf(nil, `{"n":%d}`, n), []byte("body")))
	}
	require.NoError(t, s.Put("outside", "", []byte(`{"n":1}`), []byte("body")))
	require.NoError(t, s.Close())
	return newConsole(t), s
}

func keptIn(t *testing.T, s *replay.Store) []replay.Info {
	var list []replay.Info
	for i, err := range s.List(t.Context()) {
		require.NoError(t, err)
		list = append(list, i)
	}
	return list
}

func TestCacheList(t *testing.T) {
	c, s := newCache(t)
	out, _, err := c.run(t, "cache", "ls")
	require.NoError(t, err)
	require.Regexp(t, `(?s)^kind +entries +bytes +oldest +newest *\noutside +1 +\d+ +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d *\nturn +3 +\d+ .*\nin `+s.Dir()+"\n$", out)
	out, _, err = c.run(t, "cache", "ls", "--json")
	require.NoError(t, err)
	var h replay.Summary
	require.NoError(t, json.Unmarshal([]byte(out), &h))
	require.Equal(t, s.Dir(), h.Dir)
	require.Len(t, h.Kinds, 2)
	require.Equal(t, "turn", h.Kinds[1].Kind)
	require.Equal(t, 3, h.Kinds[1].Entries)
	require.False(t, h.Kinds[1].Oldest.IsZero())

	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("PITWALL_CACHE_DIR", none)
	out, _, err = c.run(t, "cache", "ls")
	require.NoError(t, err)
	require.Equal(t, "nothing is kept yet\nin "+none+"\n", out)
	require.NoDirExists(t, none, "looking makes nothing")
	t.Setenv("PITWALL_CACHE_DIR", "")
	t.Setenv("XDG_CACHE_HOME", none)
	dir, err := settings{}.cacheDir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join("pitwall", "replay"), filepath.Join(filepath.Base(filepath.Dir(dir)), filepath.Base(dir)))
}

func TestCacheVerify(t *testing.T) {
	c, s := newCache(t)
	out, _, err := c.run(t, "cache", "verify")
	require.NoError(t, err)
	require.Contains(t, out, "4 entries whole, 0 bad, 0 moved to "+filepath.Join(s.Dir(), "quarantine"))
	bad := keptIn(t, s)[2]
	f, err := os.OpenFile(bad.Path, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("x"), bad.At+bad.Bytes-1)
	require.NoError(t, errors.Join(err, f.Close()))
	out, _, code := command(t, t.TempDir(), nil, "cache", "verify")
	require.Equal(t, 1, code)
	require.Contains(t, out, fmt.Sprintf("bad: %s at byte %d, %s: its digest", bad.Path, bad.At, bad.Key)+" is wrong: bytes changed or are missing\n3 entries whole, 1 bad, 1 moved to")
	out, _, err = c.run(t, "cache", "verify")
	require.NoError(t, err, "it is out of the way")
	require.Contains(t, out, "3 entries whole, 0 bad")
	out, _, err = c.run(t, "cache", "ls")
	require.NoError(t, err)
	require.Contains(t, out, "1 entry in quarantine: not used; to remove them: pitwall cache clear --kind quarantine\n")
	out, _, err = c.run(t, "cache", "clear", "--kind", "quarantine", "--yes")
	require.NoError(t, err)
	require.Contains(t, out, fmt.Sprintf("removed 1 entry, %d bytes, from ", bad.Bytes))
}

func TestCacheClear(t *testing.T) {
	c, s := newCache(t)
	_, errs, code := command(t, t.TempDir(), nil, "cache", "clear")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "there is no terminal to ask on\n  if that is what you want: pitwall cache clear --yes")
	require.Len(t, keptIn(t, s), 4, "nothing is removed without a word")
	for line, want := range map[string]string{
		"cache clear --kind trun --yes": `there is no kind "trun"; did you mean "turn"?`,
		"cache clear --older 0s --yes":  "--older is 0s; write how long ago",
		"cache clear --older -1h --yes": "--older is -1h0m0s",
		"cache clear now":               "usage: pitwall cache clear",
		"cache lss":                     "there is no command \"lss\" of cache\n  it has clear, ls, verify",
	} {
		_, errs, code := command(t, t.TempDir(), nil, strings.Fields(line)...)
		require.Equal(t, 2, code, line)
		require.Contains(t, errs, want, line)
	}
	require.Len(t, keptIn(t, s), 4)

	// The log of a run that was killed in October; the console's clock stands in November 2026.
	old, err := replay.Open(t.TempDir(), replay.Options{})
	require.NoError(t, err)
	require.NoError(t, old.Put("turn", "s", []byte(`{"n":"old"}`), []byte("body")))
	turn := keptIn(t, old)[0]
	raw, err := os.ReadFile(turn.Path)
	require.NoError(t, err)
	require.NoError(t, old.Close())
	killed := filepath.Join(s.Dir(), "log", filepath.Base(turn.Path))
	require.NoError(t, os.WriteFile(killed, raw, 0o600))
	require.NoError(t, os.Chtimes(killed, time.Time{}, time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)))
	require.Len(t, keptIn(t, s), 5)
	out, _, err := c.run(t, "cache", "clear", "--older", "720h", "--yes")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("removed 1 entry, %d bytes, from %s\n", turn.Bytes, s.Dir()), out)
	out, _, err = c.run(t, "cache", "clear", "--kind", "turn", "--yes")
	require.NoError(t, err)
	require.Contains(t, out, "removed 3 entries, ")
	require.Len(t, keptIn(t, s), 1)
	out, _, err = c.run(t, "cache", "clear", "--yes")
	require.NoError(t, err)
	require.Contains(t, out, "removed 1 entry, ")
	require.Empty(t, keptIn(t, s))
}
