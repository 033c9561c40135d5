package calendar_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/calendar"
)

func on(t *testing.T, name string) pitwall.Instrument {
	t.Helper()
	c, err := calendar.Named(name)
	require.NoError(t, err)
	return pitwall.Instrument{Symbol: "X", Calendar: c.Name, Hours: c, Zone: c.Zone}
}

// Days that people know: early closes, holidays, breaks, changes of the clocks, and
// a session that opens the evening before.
func TestDays(t *testing.T) {
	for _, d := range []struct{ name, day, open, close, pause string }{
		{"NYSE", "2024-07-02", "2024-07-02T09:30:00-04:00", "2024-07-02T16:00:00-04:00", ""},
		{"NYSE", "2024-07-03", "2024-07-03T09:30:00-04:00", "2024-07-03T13:00:00-04:00", ""}, // before Independence Day
		{"NYSE", "2024-07-04", "", "", ""},
		{"NYSE", "2001-09-12", "", "", ""},
		{"NYSE", "2024-03-11", "2024-03-11T09:30:00-04:00", "2024-03-11T16:00:00-04:00", ""}, // after the clocks changed
		{"NYSE", "1999-07-06", "1999-07-06T09:30:00-04:00", "1999-07-06T16:00:00-04:00", ""}, // before the facts begin
		{"LSE", "2023-12-22", "2023-12-22T08:00:00Z", "2023-12-22T12:30:00Z", ""},
		{"LSE", "2023-04-03", "2023-04-03T08:00:00+01:00", "2023-04-03T16:30:00+01:00", ""},
		{"XTKS", "2023-06-01", "2023-06-01T09:00:00+09:00", "2023-06-01T15:00:00+09:00", "11:30-12:30"}, // 15:30 since 2024-11-05
		{"XTKS", "2024-11-05", "2024-11-05T09:00:00+09:00", "2024-11-05T15:30:00+09:00", "11:30-12:30"},
		{"XHKG", "2024-02-09", "2024-02-09T09:30:00+08:00", "2024-02-09T12:00:00+08:00", ""}, // eve of the lunar new year
		{"SSE", "2023-10-02", "", "", ""},                                                    // golden week
		{"SSE", "2023-10-09", "2023-10-09T09:30:00+08:00", "2023-10-09T15:00:00+08:00", "11:30-13:00"},
		{"CME", "2024-01-08", "2024-01-07T17:00:00-06:00", "2024-01-08T17:00:00-06:00", ""},
	} {
		in := on(t, d.name)
		day, err := time.Parse(time.DateOnly, d.day)
		require.NoError(t, err)
		open, closes, ok := in.Session(day)
		require.Equal(t, d.open != "", ok, "%v", d)
		if !ok {
			continue
		}
		require.Equal(t, []string{d.open, d.close}, []string{open.Format(time.RFC3339), closes.Format(time.RFC3339)}, "%v", d)
		require.Equal(t, day, in.Day(open))
		require.Equal(t, closes, in.SessionClose(open))
		from, to := in.Break(day)
		pause := ""
		if !from.IsZero() {
			pause = from.Format("15:04") + "-" + to.Format("15:04")
		}
		require.Equal(t, d.pause, pause, "%v", d)
	}
}

func TestNames(t *testing.T) {
	require.Equal(t, "XLON", calendar.OfSymbol("VOD.L").Name)
	require.Equal(t, "XSHG", calendar.OfSymbol("600519").Name)
	require.Nil(t, calendar.OfSymbol("BRK.B"))
	require.Nil(t, calendar.OfSymbol("AAPL"))
	_, err := calendar.Named("MOON")
	require.ErrorContains(t, err, `there is no calendar "MOON"`)
}

// Every weekday of every calendar equals the facts that hours.txt was made of.
func TestFacts(t *testing.T) {
	exchanges := table(t, "exchanges.csv")
	exceptions := map[string][]string{}
	for _, r := range table(t, "exceptions.csv") {
		kind := ""
		if r[2] == "year_hours" {
			kind = "year"
		}
		exceptions[r[0]+r[1]+kind] = r
	}
	days := 0
	for _, e := range exchanges {
		if e[0] == "24/7" {
			continue
		}
		in := on(t, e[0])
		require.Equal(t, e[1], in.Zone.String())
		first, err := time.Parse(time.DateOnly, e[7])
		require.NoError(t, err)
		last, err := time.Parse(time.DateOnly, e[8])
		require.NoError(t, err)
		sessions := 0
		for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
			want := e[2:6]
			if r := exceptions[e[0]+day.Format("2006")+"-01-01year"]; r != nil {
				want = r[3:7]
			}
			trades := day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
			if r := exceptions[e[0]+day.Format(time.DateOnly)]; r != nil {
				want, trades = r[3:7], r[2] == "hours"
			}
			open, closes, ok := in.Session(day)
			require.Equal(t, trades, ok, "%s %s", e[0], day)
			if days++; !ok {
				continue
			}
			sessions++
			from, to := in.Break(day)
			got := []string{open.Format("15:04"), closes.Format("15:04"), "", ""}
			if !from.IsZero() {
				got[2], got[3] = from.Format("15:04"), to.Format("15:04")
			}
			require.Equal(t, want, got, "%s %s", e[0], day)
		}
		require.Equal(t, e[9], strconv.Itoa(sessions), e[0])
	}
	require.Greater(t, days, 100_000)
}

// A week runs from the open of its first session to the close of its last.
func TestWeeks(t *testing.T) {
	for _, c := range [][4]string{ // calendar, a day of the week, open, close
		{"XNYS", "2024-07-03", "2024-07-01T09:30:00-04:00", "2024-07-05T16:00:00-04:00"},
		{"XNYS", "2024-11-30", "2024-11-25T09:30:00-05:00", "2024-11-29T13:00:00-05:00"}, // the day after Thanksgiving closes early
		{"XNYS", "2023-01-08", "2023-01-03T09:30:00-05:00", "2023-01-06T16:00:00-05:00"}, // Monday a holiday; asked on the Sunday
		{"XSHG", "2024-10-03", "2024-09-30T09:30:00+08:00", "2024-09-30T15:00:00+08:00"}, // Golden Week: Monday alone
		{"CMES", "2024-03-13", "2024-03-10T17:00:00-05:00", "2024-03-15T17:00:00-05:00"}, // Sunday evening, after the clocks changed
		{"24/7", "2024-03-13", "2024-03-11T00:00:00Z", "2024-03-18T00:00:00Z"},
	} {
		in := pitwall.Instrument{Calendar: c[0]}
		if c[0] != pitwall.AlwaysOpen {
			cal, err := calendar.Named(c[0])
			require.NoError(t, err)
			in.Hours, in.Zone = cal, cal.Zone
		}
		day, err := time.Parse(time.DateOnly, c[1])
		require.NoError(t, err)
		open, closes, ok := in.Week(day)
		require.True(t, ok, c)
		require.Equal(t, c[2:], []string{open.Format(time.RFC3339), closes.Format(time.RFC3339)}, c)
	}
}

func table(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open("../../../shared/data/calendars/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: no ../shared")
	}
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}
