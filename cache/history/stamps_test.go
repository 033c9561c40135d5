package history

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Times at which bars end give the same bars as those at which they begin, once a file's
// entry says so; without it the run is warned.
func TestTimesAtWhichBarsEnd(t *testing.T) {
	text := "Date,Time,Open,High,Low,Close,Vol\n" + minuteRows("%E,%o,%h,%l,%c,%v", dated("2006-01-02,15:04"))
	s, err := mappedLoad("AAPL.txt", text, Mapping{Stamps: "end"})
	require.NoError(t, err)
	require.Equal(t, minuteFigures(), figures(s.Series()[0]))
	_, err = mappedLoad("AAPL.txt", text, Mapping{Stamps: "ends"})
	require.ErrorContains(t, err, `stamps is "ends"; use start or end`)

	// Hours of a session, the last of which is half as long.
	hours := "date,open,high,low,close\n"
	for _, d := range []string{"02", "03", "04"} {
		for _, clock := range strings.Fields("10:30 11:30 12:30 13:30 14:30 15:30 16:00") {
			hours += "2024-01-" + d + " " + clock + ",1,2,0.5,1.5\n"
		}
	}
	warned := "the bars of AAPL in AAPL.csv begin after the open and at the close of its sessions: their times look like those at which bars end; write stamps: end (or start) beside the file's path in the strategy, or in FILE.yaml"
	s, err = mappedLoad("AAPL.csv", hours, Mapping{})
	require.NoError(t, err)
	require.Contains(t, s.Warnings, warned)
	s, err = mappedLoad("AAPL.csv", hours, Mapping{Stamps: "end"})
	require.NoError(t, err)
	require.NotContains(t, strings.Join(s.Warnings, "\n"), "stamps")
	var starts []string
	for i := range 8 {
		starts = append(starts, s.Series()[0].Bar(i).Start.Format("02 15:04"))
	}
	require.Equal(t, []string{"02 09:30", "02 10:30", "02 11:30", "02 12:30", "02 13:30", "02 14:30", "02 15:30", "03 09:30"}, starts)
	s, err = mappedLoad("AAPL.csv", strings.ReplaceAll(hours, " 16:00", " 09:30"), Mapping{Stamps: "start"})
	require.Error(t, err, "not in the order of time")
	require.Nil(t, s)

	// What an import writes are starts.
	l := newLocal(t, "2026-11-20")
	_, err = l.Import(context.Background(), Input{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(hours)}}, Path: "AAPL.csv", Show: "AAPL.csv", Mapping: Mapping{Stamps: "end"}}, "AAPL")
	require.NoError(t, err)
	in, err := l.Inputs(context.Background(), Need{Source: "files", Symbols: []string{"AAPL"}, Size: time.Hour})
	require.NoError(t, err)
	back, err := Load(context.Background(), in, Options{Symbols: []string{"AAPL"}})
	require.NoError(t, err)
	require.Equal(t, "02 09:30", back.Series()[0].Bar(0).Start.Format("02 15:04"))
}

// Minutes of New York that are written in UTC without an offset are read, and the run is
// warned; with the zone stated they are right.
func TestTimesOfAnotherZone(t *testing.T) {
	text := "datetime,open,high,low,close,volume\n"
	for _, d := range []int{2, 3, 4} {
		for i := range 390 {
			text += time.Date(2024, 1, d, 14, 30+i, 0, 0, time.UTC).Format(time.DateTime) + ",1,2,0.5,1.5,100\n"
		}
	}
	s, err := mappedLoad("AAPL.csv", text, Mapping{})
	require.NoError(t, err)
	require.Contains(t, s.Warnings, "no bar of AAPL in AAPL.csv begins around the open of its sessions (09:30 in New York), and 897 stand outside them: their times look like those of another zone; write timezone: UTC, or the zone that they are of, beside the file's path in the strategy, or in FILE.yaml")
	s, err = mappedLoad("AAPL.csv", text, Mapping{Timezone: "UTC"})
	require.NoError(t, err)
	require.Equal(t, "2024-01-02T09:30:00-05:00", s.Series()[0].Bar(0).Start.Format(time.RFC3339))
	require.NotContains(t, strings.Join(s.Warnings, "\n"), "another zone")
}

// A weekly bar dated on a Sunday is of the week that the entry says.
func TestWeeksDatedOnSundays(t *testing.T) {
	text := "Date,Open,High,Low,Close\n2024-01-07,1,2,0.5,1.5\n2024-01-14,1,2,0.5,1.5\n2024-01-21,1,2,0.5,1.5\n2024-01-28,1,2,0.5,1.5\n"
	_, err := mappedLoad("AAPL.csv", text, Mapping{})
	require.ErrorContains(t, err, "write sundays: end or sundays: start")
	for stated, want := range map[string]string{"end": "2024-01-02T14:30:00Z to 2024-01-05T21:00:00Z", "start": "2024-01-08T14:30:00Z to 2024-01-12T21:00:00Z"} {
		s, err := mappedLoad("AAPL.csv", text, Mapping{}, "AAPL.csv.yaml", "sundays: "+stated+"\n")
		require.NoError(t, err)
		b := s.Series()[0].Bar(0)
		require.Equal(t, want, b.Start.UTC().Format(time.RFC3339)+" to "+b.Known.UTC().Format(time.RFC3339), stated)

		l, ctx := newLocal(t, "2026-11-20"), context.Background()
		_, err = l.Import(ctx, Input{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(text)}}, Path: "AAPL.csv", Show: "AAPL.csv", Mapping: Mapping{Sundays: stated}}, "AAPL")
		require.NoError(t, err, stated)
		in, err := l.Inputs(ctx, Need{Source: "files", Symbols: []string{"AAPL"}, Size: pitwall.OneWeek})
		require.NoError(t, err, stated)
		back, err := Load(ctx, in, Options{Symbols: []string{"AAPL"}})
		require.NoError(t, err, stated)
		require.Equal(t, b.Start, back.Series()[0].Bar(0).Start, "as the store keeps it")
	}
	_, err = mappedLoad("AAPL.csv", text, Mapping{Sundays: "monday"})
	require.ErrorContains(t, err, `sundays is "monday"; use start or end`)
}

// Bars of a day or a week that carry a time of day are imported as the bars that a run
// reads of the file.
func TestImportOfDaysWithTimes(t *testing.T) {
	const row = ",1,2,0.5,1.5\n"
	for name, c := range map[string]struct {
		first time.Time
		days  int
		as    string
		m     Mapping
		want  string // the first bar
	}{
		"closes":           {time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC), 1, time.DateTime, Mapping{Stamps: "end"}, "2024-01-02T14:30:00Z to 2024-01-02T21:00:00Z"},
		"with an offset":   {time.Date(2024, 1, 2, 16, 0, 0, 0, newYork()), 1, time.RFC3339, Mapping{Stamps: "end"}, "2024-01-02T14:30:00Z to 2024-01-02T21:00:00Z"},
		"midnights":        {time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), 1, time.RFC3339, Mapping{Stamps: "end"}, "2024-01-02T14:30:00Z to 2024-01-02T21:00:00Z"},
		"another session":  {time.Date(2024, 1, 2, 17, 30, 0, 0, time.UTC), 1, time.DateTime, Mapping{Stamps: "end", Session: "XETR"}, "2024-01-02T08:00:00Z to 2024-01-02T16:30:00Z"},
		"always open":      {time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC), 1, time.DateTime, Mapping{Stamps: "end", Session: "24/7"}, "2024-01-01T16:00:00Z to 2024-01-02T16:00:00Z"},
		"weeks of Sundays": {time.Date(2024, 1, 7, 16, 0, 0, 0, time.UTC), 7, time.DateTime, Mapping{Sundays: "start"}, "2024-01-08T14:30:00Z to 2024-01-12T21:00:00Z"},
	} {
		text := "date,open,high,low,close\n"
		for i := range 4 {
			text += c.first.AddDate(0, 0, i*c.days).Format(c.as) + row
		}
		ctx, l := context.Background(), newLocal(t, "2026-11-20")
		in := Input{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(text)}}, Path: "AAPL.csv", Show: "AAPL.csv", Mapping: c.m}
		want, err := Load(ctx, []Input{in}, Options{Symbols: []string{"AAPL"}})
		require.NoError(t, err, name)
		b := want.Series()[0].Bar(0)
		require.Equal(t, c.want, b.Start.UTC().Format(time.RFC3339)+" to "+b.Known.UTC().Format(time.RFC3339), name)
		_, err = l.Import(ctx, in, "AAPL")
		require.NoError(t, err, name)
		kept, err := l.Inputs(ctx, Need{Source: "files", Symbols: []string{"AAPL"}, Size: time.Duration(c.days) * pitwall.OneDay})
		require.NoError(t, err, name)
		got, err := Load(ctx, kept, Options{Symbols: []string{"AAPL"}})
		require.NoError(t, err, name)
		require.Equal(t, figures(want.Series()[0]), figures(got.Series()[0]), name)
	}
}
