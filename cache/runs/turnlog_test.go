package runs

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// record is a record of turns.log behind its line; size is what the line says of its length,
// -1 = the truth.
func record(n int, body string, size int) string {
	if size < 0 {
		size = len(body)
	}
	return turnHead(n, digestOf([]byte(body)), size) + body
}

func logged(parts ...string) fstest.MapFS {
	return fstest.MapFS{TurnsFile: {Data: []byte(strings.Join(parts, ""))}}
}

// Where records lie, and what is no whole one: half a record and half a line at the end,
// records whose stated length is not theirs, text before the first and between two.
func TestReadTurns(t *testing.T) {
	const a, b, c = "{\"turn\":1}\n", "{\"turn\":2,\"x\":\"y\"}\n", "{\"turn\":3}\n"
	one, two, three := record(1, a, -1), record(2, b, -1), record(3, c, -1)
	long := strings.Repeat("x", 64<<10) // as nextHead reads at a time
	decoy := "\nturn 000009 no head\n"
	type found struct {
		n    int
		body string
	}
	for name, x := range map[string]struct {
		parts []string
		want  []found
		rest  string
	}{
		"none":                            {nil, nil, ""},
		"three":                           {[]string{one, two, three}, []found{{1, a}, {2, b}, {3, c}}, ""},
		"half a record":                   {[]string{one, two, three[:len(three)-1]}, []found{{1, a}, {2, b}}, three[:len(three)-1]},
		"a line alone":                    {[]string{one, turnHead(2, digestOf([]byte(b)), len(b))}, []found{{1, a}}, turnHead(2, digestOf([]byte(b)), len(b))},
		"half a line":                     {[]string{one, two, three[:20]}, []found{{1, a}, {2, b}}, three[:20]},
		"half a line of the first":        {[]string{one[:20]}, nil, one[:20]},
		"too long by its line":            {[]string{record(1, a, len(a)+5), two, three}, []found{{1, a}, {2, b}, {3, c}}, ""},
		"too short by its line":           {[]string{record(1, a, 3), two, three}, []found{{1, a}, {2, b}, {3, c}}, ""},
		"longer than the file":            {[]string{record(1, a, 9_999_999), two}, []found{{1, a}, {2, b}}, ""},
		"the last is too long":            {[]string{one, record(2, b, len(b)+1)}, []found{{1, a}}, record(2, b, len(b)+1)},
		"the last is too short":           {[]string{one, record(2, b, 4)}, []found{{1, a}}, record(2, b, 4)},
		"text before":                     {[]string{"text\n", one, two}, []found{{1, a}, {2, b}}, ""},
		"text between":                    {[]string{one, "text\n", two}, []found{{1, a}, {2, b}}, ""},
		"a line in a record":              {[]string{record(1, "x\n"+two, -1), three}, []found{{1, "x\n" + two}, {3, c}}, ""},
		"what looks like a line":          {[]string{record(1, a+decoy+decoy, 3), two}, []found{{1, a + decoy + decoy}, {2, b}}, ""},
		"a line behind 64 KiB":            {[]string{record(1, long+"\n", 3), two}, []found{{1, long + "\n"}, {2, b}}, ""},
		"a line across 64 KiB":            {[]string{record(1, long[40:]+"\n", 3), two}, []found{{1, long[40:] + "\n"}, {2, b}}, ""},
		"across, behind what looks alike": {[]string{record(1, long[60:]+decoy+long[:10]+"\n", 3), two, three}, []found{{1, long[60:] + decoy + long[:10] + "\n"}, {2, b}, {3, c}}, ""},
		"128 KiB and no line":             {[]string{one, record(2, long+long, 3)}, []found{{1, a}}, record(2, long+long, 3)},
	} {
		folder := logged(x.parts...)
		l, err := readTurns(folder)
		require.NoError(t, err, name)
		var got []found
		all := string(folder[TurnsFile].Data)
		for _, at := range l.turns {
			got = append(got, found{at.n, all[at.at : at.at+at.bytes]})
			require.Equal(t, digestOf([]byte(all[at.at:at.at+at.bytes])), at.sum, name)
		}
		require.Equal(t, x.want, got, name)
		require.Equal(t, x.rest, all[int64(len(all))-l.rest:], name)
		r := Open(folder)
		var list []int
		for _, f := range x.want {
			list = append(list, f.n)
			raw, err := r.RawTurn(f.n)
			require.NoError(t, err, name)
			require.Equal(t, f.body, string(raw), name)
		}
		r.Notes = nil
		require.Equal(t, list, r.recorded(), name)
		if x.rest != "" {
			require.Equal(t, []string{"turns.log ends in part of a turn, which is left out"}, r.Notes, name)
		} else {
			require.Empty(t, r.Notes, name)
		}
	}
}

// A record is found by its number wherever it lies; one that is not there is a file that is
// not there.
func TestRawTurnByNumber(t *testing.T) {
	r := Open(logged(record(2, "two", -1), record(5, "five", -1), record(1, "one", -1)))
	for n, want := range map[int]string{1: "one", 2: "two", 5: "five"} {
		raw, err := r.RawTurn(n)
		require.NoError(t, err)
		require.Equal(t, want, string(raw))
	}
	for _, n := range []int{-1, 0, 3, 4, 6} {
		_, err := r.RawTurn(n)
		require.ErrorIs(t, err, fs.ErrNotExist, n)
		require.ErrorContains(t, err, "turns.log: turn ")
	}
	old := Open(fstest.MapFS{turnFile(1): {Data: []byte("one")}, turnFile(3): {Data: []byte("three")}, turnsDir + "/note.txt": {}})
	raw, err := old.RawTurn(3)
	require.NoError(t, err)
	require.Equal(t, "three", string(raw))
	require.Equal(t, []int{1, 3}, old.recorded())
}

// hidden is a file system whose files are read from their beginning only, or cannot be closed.
type hidden struct {
	fs.FS
	closing error
}

type hiddenFile struct {
	fs.File
	closing error
}

func (f hiddenFile) Close() error { return errors.Join(f.closing, f.File.Close()) }

func (h hidden) Open(name string) (fs.File, error) {
	f, err := h.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if r, ok := f.(interface {
		ReadAt([]byte, int64) (int, error)
	}); ok && h.closing != nil {
		return struct {
			hiddenFile
			readerAt
		}{hiddenFile{f, h.closing}, r}, nil
	}
	return hiddenFile{f, nil}, nil
}

type readerAt interface {
	ReadAt([]byte, int64) (int, error)
}

// What keeps turns.log from being read is an error, or a note where reading goes on.
func TestTurnsThatCannotBeRead(t *testing.T) {
	folder := logged(record(1, "one", -1))
	_, err := readTurns(hidden{FS: folder})
	require.EqualError(t, err, "reading turns.log: this file system reads files from their beginning only")
	_, err = readTurns(hidden{FS: folder, closing: errors.New("stuck")})
	require.EqualError(t, err, "stuck")
	r := Open(hidden{FS: folder})
	_, err = r.RawTurn(1)
	require.EqualError(t, err, "reading turns.log: this file system reads files from their beginning only")
	r.Notes = nil
	require.Empty(t, r.recorded())
	require.Equal(t, []string{"reading turns.log: this file system reads files from their beginning only"}, r.Notes)
	_, err = readTurns(fstest.MapFS{})
	require.ErrorIs(t, err, fs.ErrNotExist)
}
