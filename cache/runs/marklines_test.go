package runs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Which entries are written and read by hand: one case on each side of every condition.
func TestMarksByHand(t *testing.T) {
	at := time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC)
	const line = `{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":0.5}}`
	mark := func(change func(*pitwall.Entry)) pitwall.Entry {
		e := pitwall.Entry{Seq: 7, AsOf: at, Kind: pitwall.EntryMark, Book: "main", Mark: &pitwall.EquityPoint{Time: at, Equity: pitwall.Int(10), Cash: pitwall.One / 2}}
		change(&e)
		return e
	}
	written := func(e pitwall.Entry) string {
		var s stamps
		b, ok := appendMark(nil, &s, e)
		require.Equal(t, ok, len(b) > 0)
		return string(b)
	}
	require.Equal(t, line+"\n", written(mark(func(*pitwall.Entry) {})))
	require.Equal(t, `{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T17:00:01Z","equity":10,"cash":0.5}}`+"\n",
		written(mark(func(e *pitwall.Entry) { e.Mark.Time = at.Add(time.Hour + time.Second) })))
	for book, plain := range map[string]bool{"a": true, "z": true, "0": true, "9": true, "-": true, "_": true, "main-1_x": true,
		"": false, "`": false, "{": false, "/": false, ":": false, "A": false, "a b": false, "é": false, `a"`: false} {
		require.Equal(t, plain, written(mark(func(e *pitwall.Entry) { e.Book = book })) != "", "book %q", book)
	}
	for name, change := range map[string]func(*pitwall.Entry){
		"no mark":            func(e *pitwall.Entry) { e.Mark = nil },
		"another kind":       func(e *pitwall.Entry) { e.Kind = pitwall.EntryEnd },
		"a turn":             func(e *pitwall.Entry) { e.Turn = 1 },
		"a note":             func(e *pitwall.Entry) { e.Note = "x" },
		"an amount":          func(e *pitwall.Entry) { e.Amount = 1 },
		"a fraction of time": func(e *pitwall.Entry) { e.AsOf = at.Add(1) },
		"of the mark's":      func(e *pitwall.Entry) { e.Mark.Time = at.Add(1) },
		"seconds in a zone":  func(e *pitwall.Entry) { e.Mark.Time = at.In(time.FixedZone("", 3601)) },
		"a year too many":    func(e *pitwall.Entry) { e.AsOf = at.AddDate(9000, 0, 0) },
	} {
		require.Empty(t, written(mark(change)), name)
	}
	read := func(text string) bool {
		var s stamps
		e, ok := parseMark([]byte(text), &s)
		if ok {
			require.Equal(t, text+"\n", written(e))
		}
		return ok
	}
	require.True(t, read(line))
	require.True(t, read(`{"seq":-7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-03T16:00:00+01:00","equity":-10,"cash":0}}`))
	for _, text := range []string{
		"", "{}", line + " ", line + "}", line[:len(line)-1], " " + line,
		`{"seq":07,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":0.5}}`,
		`{"seq":x,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":0.5}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:60Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:60Z","equity":10,"cash":0.5}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:60:00Z","equity":10,"cash":0.5}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"Main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":0.5}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":"x","cash":0.5}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":0.50}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":x}}`,
		`{"seq":7,"as_of":"2024-01-02T16:00:00Z","kind":"note","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":10,"cash":0.5}}`,
	} {
		require.False(t, read(text), text)
	}
}
