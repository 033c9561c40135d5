package history

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// days writes bars of A on weekdays from 2024-01-02 on.
func days(n int) (text string) {
	for day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC); n > 0; day = day.AddDate(0, 0, 1) {
		if day.Weekday()%6 != 0 {
			text += "A," + day.Format(time.DateOnly) + ",1,2,0.5,1.5,1\n"
			n--
		}
	}
	return text
}

// A weekly bar begins with its week's first session and is known at the close of its
// last, by whichever day of the week it is dated and however that is written.
func TestWeeklyBars(t *testing.T) {
	// 2023-01-02 and 01-16 were holidays, 2023-04-07 (Good Friday) too.
	want := map[int][2]string{
		0: {"2023-01-03T09:30:00-05:00", "2023-01-06T16:00:00-05:00"},
		1: {"2023-01-09T09:30:00-05:00", "2023-01-13T16:00:00-05:00"},
		2: {"2023-01-17T09:30:00-05:00", "2023-01-20T16:00:00-05:00"},
		// The clocks went forward on Sunday 03-12.
		9:  {"2023-03-06T09:30:00-05:00", "2023-03-10T16:00:00-05:00"},
		10: {"2023-03-13T09:30:00-04:00", "2023-03-17T16:00:00-04:00"},
		13: {"2023-04-03T09:30:00-04:00", "2023-04-06T16:00:00-04:00"},
	}
	monday := time.Date(2023, 1, 2, 0, 0, 0, 0, time.UTC)
	firstSession := func(t time.Time) time.Time { // 8, then 6 days apart
		if t.Day() == 2 || t.Day() == 16 {
			return t.AddDate(0, 0, 1)
		}
		return t
	}
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for name, stamp := range map[string]func(time.Time) string{
		"Mondays":        func(t time.Time) string { return t.Format(time.DateOnly) },
		"Fridays":        func(t time.Time) string { return t.AddDate(0, 0, 4).Format(time.DateOnly) },
		"first sessions": func(t time.Time) string { return firstSession(t).Format(time.DateOnly) },
		"midnights":      func(t time.Time) string { return t.Format(time.RFC3339) },
		"opens": func(t time.Time) string {
			y, m, d := t.Date()
			return time.Date(y, m, d, 9, 30, 0, 0, newYork).Format(time.RFC3339)
		},
		"naive opens": func(t time.Time) string { return t.Format(time.DateOnly) + " 09:30:00" },
	} {
		text := head
		for week := range 20 {
			text += "X," + stamp(monday.AddDate(0, 0, 7*week)) + ",1,2,0.5,1.5,1\n"
		}
		s, err := load(Options{}, "a.csv", text)
		require.NoError(t, err, name)
		x := s.Series()[0]
		require.Equal(t, pitwall.OneWeek, x.Size, name)
		require.Equal(t, 20, x.Len())
		for i, w := range want {
			b := x.Bar(i)
			require.Equal(t, w, [2]string{b.Start.Format(time.RFC3339), b.Known.Format(time.RFC3339)}, name)
			require.Equal(t, b.Known, b.End)
		}
		require.Empty(t, s.DatedWarnings([]string{"X"}, time.Time{}, time.Time{}), name)
	}
	coin, err := load(Options{}, "a.csv", head+"BTC-USD,2024-01-01,1,2,0.5,1.5,1\nBTC-USD,2024-01-08,1,2,0.5,1.5,1\n")
	require.NoError(t, err)
	b := coin.Series()[0].Bar(0)
	require.Equal(t, "2024-01-01T00:00:00Z 2024-01-08T00:00:00Z", b.Start.Format(time.RFC3339)+" "+b.Known.Format(time.RFC3339))
	one, err := load(Options{Size: pitwall.OneWeek}, "a.csv", head+"A,2024-01-03,1,2,0.5,1.5,1\n")
	require.NoError(t, err, "one bar, and its size stated")
	require.Equal(t, "2024-01-05T16:00:00-05:00", one.Series()[0].Bar(0).Known.Format(time.RFC3339))
}

// Daily bars may carry the session's open, or any other one time of day.
func TestDailyBarsWithOneTimeOfDay(t *testing.T) {
	for _, stamps := range [][2]string{
		{"2023-03-10T09:30:00-05:00", "2023-03-13T09:30:00-04:00"}, // local, over a change of clocks
		{"2023-03-10T20:00:00Z", "2023-03-13T20:00:00Z"},           // UTC
		{"2023-03-10 16:00:00", "2023-03-13 16:00:00"},
	} {
		s, err := load(Options{}, "a.csv", head+"A,"+stamps[0]+",1,2,0.5,1.5,1\nA,"+stamps[1]+",1,2,0.5,1.5,1\n")
		require.NoError(t, err, stamps)
		require.Equal(t, pitwall.OneDay, s.Series()[0].Size)
		require.Equal(t, "2023-03-10T16:00:00-05:00", s.Series()[0].Bar(0).Known.Format(time.RFC3339), stamps)
		require.Equal(t, "2023-03-13T09:30:00-04:00", s.Series()[0].Bar(1).Start.Format(time.RFC3339), stamps)
	}
}

// Hours without an offset are UTC's where the name is a pair's, also in the night in
// which New York's clocks change; of a name that may be a pair a warning asks.
func TestNaiveHoursOfPairs(t *testing.T) {
	rows := func(symbol string) (text string) {
		for h := range 48 {
			text += symbol + "," + time.Date(2024, 3, 9, h, 0, 0, 0, time.UTC).Format(time.DateTime) + ",100,101,99,100,5000\n"
		}
		return head + text
	}
	for _, symbol := range []string{"AVAXUSD", "SHIBUSD", "LINKEUR", "1000PEPEUSDT"} {
		s, err := load(Options{}, "a.csv", rows(symbol))
		require.NoError(t, err, symbol)
		b := s.Series()[0].Bar(26)
		require.Equal(t, "2024-03-10T02:00:00Z", b.Start.Format(time.RFC3339), symbol)
		require.Equal(t, pitwall.Crypto, s.Series()[0].Instrument.Kind)
		require.Empty(t, s.DatedWarnings([]string{symbol}, time.Time{}, time.Time{}))
	}
	for _, symbol := range []string{"EURUSD", "ZZZUSD", "USD", "GUSD", "AAPL", "LINK", "OPUSDX"} {
		require.False(t, pair.MatchString(symbol), symbol)
	}
	s, err := load(Options{}, "a.csv", strings.Split(rows("ZZZUSD"), "ZZZUSD,2024-03-10 02")[0])
	require.NoError(t, err)
	w := s.DatedWarnings([]string{"ZZZUSD"}, time.Time{}, time.Time{})
	require.NotEmpty(t, w)
	require.Contains(t, w[len(w)-1].Text, "the times of ZZZUSD have no offset and are taken as those of America/New_York; if they are of UTC, write Z after them")
	require.Equal(t, s.Series()[0].Bar(0).Known.UTC(), w[len(w)-1].Known.UTC(), "known with the first bar")
}
