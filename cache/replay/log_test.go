package replay

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// three puts three entries into a store and returns the bytes of its one log or
// segment.
func three(t testing.TB, s *Store) []byte {
	t.Helper()
	for n := range 3 {
		require.NoError(t, s.Put("turn", "s", fmt.Appendf(nil, `{"n":%d}`, n), fmt.Appendf(nil, "body %d", n)))
	}
	raw, err := os.ReadFile(filepath.Join(s.dir, logs, inLogs(t, s)[0]))
	require.NoError(t, err)
	return raw
}

// has returns which of three's entries a store has; each is as it was put.
func has(t testing.TB, s *Store) (list []int) {
	t.Helper()
	for n := range 3 {
		if body := get(t, s, "turn", "s", fmt.Sprintf(`{"n":%d}`, n)); body != nil {
			require.Equal(t, fmt.Sprintf("body %d", n), string(body))
			list = append(list, n)
		}
	}
	return list
}

// C3 for logs and segments: whatever bit flips and wherever the file ends, an entry is
// whole or missed, at most one is lost to a bit, what is lost is said, and the rest is
// found also after the file was put in order.
func TestC3EveryBitOfALogAndASegment(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		s := open(t, memoryDir(t), Options{})
		good := three(t, s)
		name := "a" + logEnd
		if sealed {
			require.NoError(t, s.Close())
			name = inLogs(t, s)[0]
			var err error
			good, err = os.ReadFile(filepath.Join(s.dir, logs, name))
			require.NoError(t, err)
		}
		checks := 0
		open := func(dir string, o Options) *Store { // no Cleanup: nothing holds a store whose check is over
			s, err := Open(dir, o)
			require.NoError(t, err)
			return s
		}
		check := func(bad []byte, lost int, what string, arg ...any) {
			if checks++; checks%100 == 0 {
				runtime.GC() // closes the files of stores that are gone
			}
			h := &heard{}
			x := open(memoryDir(t), h.options())
			dir := filepath.Join(x.dir, logs)
			require.NoError(t, os.MkdirAll(dir, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), bad, 0o600))
			ro := open(x.dir, Options{ReadOnly: true})
			first := has(t, ro)
			require.GreaterOrEqual(t, len(first), 3-lost, what, arg)
			x = open(x.dir, h.options()) // puts it in order
			require.Equal(t, first, has(t, x), what, arg)
			if len(first) < 3 && len(bad) != len(logLine) {
				require.Positive(t, h.lines(), fmt.Sprintf(what, arg...))
			}
			r, err := open(x.dir, Options{}).Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, r.Bad, "all of it was moved before: "+what, arg)
			require.Equal(t, len(first), r.Whole)
			require.NoError(t, os.RemoveAll(x.dir))
		}
		step := 7 // of bits; all of them take minutes
		if os.Getenv("PITWALL_LONG") != "" {
			step = 1
		}
		for bit := 0; bit < 8*len(good); bit += step {
			bad := append([]byte(nil), good...)
			bad[bit/8] ^= 1 << (bit % 8)
			check(bad, 1, "bit %d", bit)
		}
		for n := 0; n < len(good); n += step {
			if n >= len(logLine) && wholeEntries(string(good[:n])) || n == 0 {
				continue // it ends between two entries: nothing shows
			}
			check(good[:n], 3, "length %d", n)
		}
	}
}

// wholeEntries reports whether a log ends with an entry.
func wholeEntries(log string) bool {
	rest := log[len(logLine):]
	for rest != "" {
		_, n, ok := parseFrame([]byte(rest))
		if !ok || len(rest) < frameLen+n {
			return false
		}
		rest = rest[frameLen+n:]
	}
	return true
}

// A log that another store writes is read as it grows, and neither put in order nor
// cleared until its writer is gone.
func TestLogOfALivingWriter(t *testing.T) {
	dir := t.TempDir()
	writer := open(t, dir, Options{})
	three(t, writer)
	s := open(t, dir, Options{})
	require.Len(t, has(t, s), 3)
	require.True(t, strings.HasSuffix(inLogs(t, s)[0], logEnd), "it is as its writer left it")
	require.NoError(t, writer.Put("turn", "s", []byte(`{"n":3}`), []byte("later")))
	require.Equal(t, "later", string(get(t, s, "turn", "s", `{"n":3}`)))
	far := time.Now().Add(time.Hour)
	c, err := s.Clear("", far)
	require.NoError(t, err)
	require.Equal(t, Cleared{Busy: 4}, c)
	require.Len(t, has(t, s), 3)
	require.NoError(t, writer.Close())
	c, err = s.Clear("", far)
	require.NoError(t, err)
	require.Equal(t, Cleared{Entries: 4, Bytes: c.Bytes}, c)
	require.Empty(t, inLogs(t, s))
	require.Empty(t, has(t, s))
	require.NoError(t, writer.Put("turn", "s", []byte(`{"n":4}`), nil))
	require.Empty(t, has(t, writer), "a store that looks again sees it")
}

// Many runs leave few files, with every entry that is in them or in files of older
// versions; a bad one is taken out alone.
func TestSegmentsAreMerged(t *testing.T) {
	dir := t.TempDir()
	putFile(t, open(t, dir, Options{}), "turn", "s", []byte(`{"n":-1}`), []byte("old"))
	const n = 3*many + 5
	for i := range n {
		s := open(t, dir, Options{})
		require.NoError(t, s.Put("turn", "s", fmt.Appendf(nil, `{"n":%d}`, i), fmt.Appendf(nil, "body %d", i)))
		require.NoError(t, s.Close())
	}
	s := open(t, dir, Options{})
	require.LessOrEqual(t, len(inLogs(t, s)), many)
	r, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Report{Whole: n + 1, Bytes: r.Bytes}, r)
	require.Equal(t, "old", string(get(t, s, "turn", "s", `{"n":-1}`)))
	for i := range n {
		require.Equal(t, fmt.Sprintf("body %d", i), string(get(t, s, "turn", "s", fmt.Sprintf(`{"n":%d}`, i))))
	}
	var bad Info
	for i, err := range s.List(t.Context()) {
		require.NoError(t, err)
		if strings.HasSuffix(i.Path, segEnd) {
			bad = i
		}
	}
	f, err := os.OpenFile(bad.Path, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("x"), bad.At+bad.Bytes-1)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	r, err = s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []Bad{{fmt.Sprintf("%s at byte %d, %s", bad.Path, bad.At, bad.Key), "its digest is wrong: bytes changed or are missing", true}}, r.Bad)
	require.Equal(t, n, r.Whole)
	require.Equal(t, []string{bad.Key + ".0"}, held(t, s))
	evidence, err := os.ReadFile(filepath.Join(dir, quarantine, bad.Key+".0"))
	require.NoError(t, err)
	require.Len(t, evidence, int(bad.Bytes))
	r, err = s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Report{Whole: n, Bytes: r.Bytes}, r)
}

// A log or a segment of another format is left alone.
func TestLogOfAnotherFormat(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, logs), 0o700))
	for _, name := range []string{"x" + logEnd, "y" + segEnd} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, logs, name), []byte(checkedLine(logMagic+"2")+"whatever"), 0o600))
	}
	s := open(t, dir, Options{})
	three(t, s)
	require.Len(t, has(t, s), 3)
	r, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Report{Whole: 3, Bytes: r.Bytes, Other: 2}, r)
	c, err := s.Clear("", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 3, c.Entries)
	require.Equal(t, []string{"x" + logEnd, "y" + segEnd}, inLogs(t, s))
	require.Empty(t, held(t, s))
}
