package history

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Dates a month apart, at its first, its last or any day, are bars of calendar months:
// from the open of the first session to the close of the last. 2024-03-29 was Good Friday,
// so March ended on the 28th; Wednesday 2024-07-31 closed at 16:00 in New York.
func TestMonthlyBars(t *testing.T) {
	for _, c := range []struct{ symbol, dates, open, close string }{
		{"A", "2024-01-01 2024-02-01 2024-03-01 2024-04-01", "2024-03-01T09:30:00-05:00", "2024-03-28T16:00:00-04:00"},
		{"A", "2024-01-31 2024-02-29 2024-03-28 2024-04-30", "2024-03-01T09:30:00-05:00", "2024-03-28T16:00:00-04:00"},
		{"A", "2024-05-02 2024-06-03 2024-07-01 2024-08-01", "2024-07-01T09:30:00-04:00", "2024-07-31T16:00:00-04:00"},
		{"BTC-USD", "2024-01-01 2024-02-01 2024-03-01 2024-04-01", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z"},
	} {
		text := head
		for _, d := range strings.Fields(c.dates) {
			text += c.symbol + "," + d + ",1,2,0.5,1.5,10\n"
		}
		s, err := load(Options{}, "a.csv", text)
		require.NoError(t, err, c.dates)
		x := s.Series()[0]
		b := x.Bar(2)
		require.Equal(t, pitwall.OneMonth, x.Size)
		require.Equal(t, []string{c.open, c.close}, []string{b.Start.Format(time.RFC3339), b.Known.Format(time.RFC3339)}, c.dates)
	}
}
