package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Bars of two sizes in one file would let the larger ones be known before they
// ended.
func TestMixedSizesAreRefused(t *testing.T) {
	at := time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)
	row := func(symbol string, t time.Time, layout string) string {
		return fmt.Sprintf("%s,%s,1,2,0.5,1.5,100\n", symbol, t.Format(layout))
	}
	hours, weeks, two := "", "", ""
	for i := range 10 {
		hours += row("BTC-USD", at.Add(time.Duration(i)*time.Hour), time.RFC3339)
	}
	for i := range 30 {
		hours += row("BTC-USD", at.Add(10*time.Hour+time.Duration(i)*time.Minute), time.RFC3339)
	}
	for i := range 8 {
		weeks += row("A", at.AddDate(0, 0, 7*i), time.DateOnly)
	}
	for i := range 45 {
		if d := at.AddDate(0, 0, 7*8+i); d.Weekday()%6 != 0 {
			weeks += row("A", d, time.DateOnly)
		}
	}
	two = row("A", at, time.DateOnly) + row("A", at.AddDate(0, 0, 10), time.DateOnly)
	for text, want := range map[string]string{hours: "bars of two sizes in one file", weeks: "bars of two sizes in one file", two: "dates are usually 10 days apart"} {
		_, err := load(Options{}, "x.csv", head+text)
		require.ErrorContains(t, err, want)
	}
	thin := "" // minutes without trades are no larger bars
	for i, k := 0, 0; i < 60; i++ {
		k += 1 + i%3
		thin += row("A", at.Add(15*time.Hour+time.Duration(k)*time.Minute), time.RFC3339)
	}
	_, err := load(Options{}, "x.csv", head+thin)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(head, "symbol"))
}

// What stands beside a bar stays beside it when a row before it is there twice.
func TestRowTwiceBesideActions(t *testing.T) {
	text := "Date,Open,High,Low,Close,Adj Close,Volume,Dividends\n"
	for i, day := range []string{"2024-01-02", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-04", "2024-01-05"} {
		dividend := "0"
		if i >= 3 && i <= 4 {
			dividend = "0.5"
		}
		text += day + ",100,101,99,100," + map[bool]string{true: "99.5", false: "100"}[i < 3] + ",1000," + dividend + "\n"
	}
	s, err := Load(context.Background(), []Input{{FS: fstest.MapFS{"AAPL.csv": {Data: []byte(text)}}, Path: "AAPL.csv", Adjusted: pitwall.Raw}}, Options{})
	require.NoError(t, err)
	require.Equal(t, 4, s.Series()[0].Len())
	require.Len(t, s.Actions(), 1)
	require.Equal(t, "2024-01-04", s.Actions()[0].Ex.Format(time.DateOnly))
	require.Equal(t, []float64{99.5, 99.5, 100, 100}, s.beside[s.Series()[0]].adj)
}
