package driver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/calendar"
)

// A symbol is quiet after five days, or two sessions where the exchange was closed:
// Shanghai from 2023-09-29 to 2023-10-08.
func TestQuietUntil(t *testing.T) {
	for _, c := range []struct{ exchange, end, want string }{
		{"XSHG", "2023-09-28T15:00:00+08:00", "2023-10-10T15:00:00+08:00"},
		{"XSHG", "2023-11-01T15:00:00+08:00", "2023-11-06T15:00:00+08:00"},
		{"NYSE", "2024-11-27T16:00:00-05:00", "2024-12-02T16:00:00-05:00"},
	} {
		hours, err := calendar.Named(c.exchange)
		require.NoError(t, err)
		end, err := time.Parse(time.RFC3339, c.end)
		require.NoError(t, err)
		got := quietUntil(pitwall.Instrument{Hours: hours, Zone: hours.Zone}, end)
		require.Equal(t, c.want, got.In(hours.Zone).Format(time.RFC3339))
	}
	end := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, end.Add(Quiet), quietUntil(pitwall.Instrument{Calendar: pitwall.AlwaysOpen}, end))
}
