package history

import (
	"context"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// A recorded filing keeps all that was said of it, and is written once.
func TestRecordingKeepsEveryField(t *testing.T) {
	ctx := context.Background()
	filed := "filed_date,filer,ticker,form,type,amount,owner,district,shares_after,text\n2024-01-04,A. Person,AAPL,house,purchase,1000-5000,spouse,CA-12,\"1,200\",a note\n"
	files := fstest.MapFS{"filings.csv": {Data: []byte(filed)}, "AAPL.csv": {Data: []byte(head + "AAPL,2024-01-03,1,1,1,1,1\nAAPL,2024-01-04,1,1,1,1,1\n")}}
	load := func(in ...Input) pitwall.Record {
		s, err := Load(ctx, in, Options{})
		require.NoError(t, err)
		require.Len(t, s.Records(), 1)
		return s.Records()[0]
	}
	first := load(Input{FS: files, Path: "filings.csv"}, Input{FS: files, Path: "AAPL.csv"})
	dir, seen := t.TempDir(), time.Date(2024, 1, 5, 6, 0, 0, 0, time.UTC)
	for range 2 {
		r, err := OpenRecording(dir, time.Time{})
		require.NoError(t, err)
		require.NoError(t, r.Records([]pitwall.Record{first}, seen))
	}
	back := load(Disk(filepath.Join(dir, "filings.csv")), Input{FS: files, Path: "AAPL.csv"})
	require.Equal(t, map[string]string{"form": "house", "type": "purchase", "amount": "1000-5000", "owner": "spouse", "district": "CA-12", "shares_after": "1,200"}, back.Fields)
	require.Equal(t, first.Fields, back.Fields)
	require.Equal(t, []any{first.Source, first.Text, first.Title, first.Symbols}, []any{back.Source, back.Text, back.Title, back.Symbols})
	require.Equal(t, seen, back.Known.UTC())
}
