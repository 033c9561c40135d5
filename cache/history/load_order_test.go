package history

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// Of several broken files Load names the same one first, whatever their order
// on disk: one without a table, then instruments, then rows in the order given.
func TestLoadNamesTheFirstError(t *testing.T) {
	const (
		badRow  = "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,x,1,1,1,1\n"
		noTable = "symbol,symbol\nA,A\n"
		badKind = "symbol,kind\nA,nonsense\n"
	)
	for name, c := range map[string]struct{ a, b, want string }{
		"rows, rows":        {badRow, badRow, "a.csv:2: "},
		"rows, no table":    {badRow, noTable, "b.csv: the header names"},
		"rows, instruments": {badRow, badKind, "b.csv:2: "},
		"instruments, none": {badKind, noTable, "a.csv:2: "},
		"none, instruments": {noTable, badKind, "a.csv: the header names"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"a.csv": {Data: []byte(c.a)}, "b.csv": {Data: []byte(c.b)}}
			_, err := Load(context.Background(), []Input{{FS: files, Path: "a.csv"}, {FS: files, Path: "b.csv"}}, Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// The same rows in files of other names are the same store: of two records alike the
// same one stays, and a day's split comes before what is paid per new unit.
func TestStoreDoesNotDependOnTheOrderOfFiles(t *testing.T) {
	const (
		bars = "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,1,1,1,1,1\nA,2024-01-03,1,1,1,1,1\nA,2024-01-06,1,1,1,1,0\n"
		more = "symbol,timestamp,open,high,low,close,volume\nB,2024-01-06,1,1,1,1,0\n"
		one  = "published_at,headline,id,symbols,source\n2024-01-02T10:00:00Z,Sale,7,A,wire\n"
		two  = "published_at,headline,id,symbols,source\n2024-01-02T10:00:00Z,Sale,7,B,desk\n"
		paid = "symbol,ex_date,type,value\nA,2024-01-03,dividend,0.5\n"
		cut  = "symbol,ex_date,type,value\nA,2024-01-03,split,2\n"
	)
	load := func(texts ...string) *Store {
		var inputs []Input
		for i, text := range texts {
			name := string(rune('a'+i)) + ".csv"
			inputs = append(inputs, Input{FS: fstest.MapFS{name: {Data: []byte(text)}}, Path: name})
		}
		s, err := Load(context.Background(), inputs, Options{})
		require.NoError(t, err)
		return s
	}
	a, b := load(bars, more, one, two, paid, cut), load(cut, two, paid, more, bars, one)
	require.Equal(t, a.Records(), b.Records())
	require.Equal(t, a.Actions(), b.Actions())
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, a.DatedWarnings([]string{"A", "B"}, from, from.AddDate(1, 0, 0)), b.DatedWarnings([]string{"A", "B"}, from, from.AddDate(1, 0, 0)))
	require.Greater(t, len(a.DatedWarnings([]string{"A", "B"}, from, from.AddDate(1, 0, 0))), 2)
	require.Equal(t, "desk", a.Records()[0].Source)
	require.Equal(t, []string{"A", "B"}, a.Records()[0].Symbols)
	require.Equal(t, "split", a.Actions()[0].Type)
}
