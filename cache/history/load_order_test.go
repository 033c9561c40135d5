package history

import (
	"context"
	"testing"
	"testing/fstest"

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
