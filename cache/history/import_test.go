package history

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// A series has one adjustment: a file of another is not mixed in, either way round.
func TestImportKeepsOneAdjustment(t *testing.T) {
	dir := t.TempDir()
	put := func(adj pitwall.Adjustment, days ...string) Input {
		text := head
		for _, d := range days {
			text += "A," + d + ",1,2,0.5,1.5,100\n"
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.csv"), []byte(text), 0o644))
		return Input{FS: os.DirFS(dir), Path: "a.csv", Show: "a.csv", Adjusted: adj}
	}
	for _, c := range []struct {
		first, then pitwall.Adjustment
		ok          bool
	}{{"", "", true}, {"", pitwall.Raw, true}, {pitwall.Raw, "", true}, {"", pitwall.TotalAdjusted, false}, {pitwall.TotalAdjusted, "", false}, {pitwall.SplitAdjusted, pitwall.TotalAdjusted, false}, {pitwall.SplitAdjusted, pitwall.SplitAdjusted, true}} {
		l := newLocal(t, "2026-11-20")
		_, err := l.Import(context.Background(), put(c.first, "2024-01-02", "2024-01-03"))
		require.NoError(t, err)
		_, err = l.Import(context.Background(), put(c.then, "2024-01-04", "2024-01-05"))
		if c.ok {
			require.NoError(t, err, c)
		} else {
			require.ErrorContains(t, err, "a series has one adjustment", c)
		}
	}
}

// What Load refuses, check names.
func TestCheckSaysWhatLoadRefuses(t *testing.T) {
	r := checked(t, "m.csv", "series_id,date,value,first_seen\nGDP,2024-01-01,1,2024-02-30\n", "act.csv", "symbol,ex_date,type,value\nA,2024-01-09,split,abc\nA,2024-01-10,splitt,2\n", "none.csv", head)
	require.True(t, r.Rejected())
	for f, symbol := range map[string]string{"d/m.csv": "", "d/act.csv": "A"} {
		require.NotNil(t, r.has(f, symbol, "unreadable"), "%s: %+v", f, r.Findings)
	}
	require.NotNil(t, r.has("d/none.csv", "", "no rows"))
	require.NotNil(t, r.has("d/act.csv", "A", "unknown action"))
}

// A split that shows in the adj_close of bars that are not used is no news.
func TestJumpsOfUsedBarsOnly(t *testing.T) {
	daily := "symbol,timestamp,open,high,low,close,volume,adj_close\n"
	for d, row := range []string{"10,11,9,10,100,5", "10,11,9,10,100,5", "5,6,4,5,100,5", "5,6,4,5,100,5"} {
		daily += "A," + time.Date(2024, 1, 2+d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) + "," + row + "\n"
	}
	hourly := head + "A,2024-01-02T10:00:00-05:00,5,6,4,5,100\nA,2024-01-02T11:00:00-05:00,5,6,4,5,100\nA,2024-01-05T10:00:00-05:00,5,6,4,5,100\nA,2024-01-05T11:00:00-05:00,5,6,4,5,100\n"
	for size, want := range map[time.Duration]bool{24 * time.Hour: true, time.Hour: false} {
		s, err := load(Options{Size: size}, "d.csv", daily, "h.csv", hourly)
		require.NoError(t, err)
		text := join(s.DatedWarnings([]string{"A"}, time.Time{}, time.Time{}))
		require.Equal(t, want, strings.Contains(text, "split 2:1"), "%v: %s", size, text)
	}
}
