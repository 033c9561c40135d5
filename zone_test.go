package pitwall_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Zones are those of the binary, whatever the host has or says.
func TestZonesAreNotTheHosts(t *testing.T) {
	t.Setenv("ZONEINFO", t.TempDir()) // Go looks here first
	t.Setenv("TZ", "Asia/Tokyo")
	zone, err := pitwall.LoadZone("America/New_York")
	require.NoError(t, err)
	require.Equal(t, "America/New_York", zone.String())
	for at, want := range map[string]string{"2024-03-10T06:59:59Z": "01:59:59 EST", "2024-03-10T07:00:00Z": "03:00:00 EDT", "2024-11-03T06:00:00Z": "01:00:00 EST", "1987-04-05T07:00:00Z": "03:00:00 EDT"} {
		x, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, want, x.In(zone).Format("15:04:05 MST"))
	}
	utc, err := pitwall.LoadZone("UTC")
	require.NoError(t, err)
	require.Equal(t, time.UTC, utc)
	for _, bad := range []string{"", "Local", "../zone.go", "America", "Mars/Olympus"} {
		_, err := pitwall.LoadZone(bad)
		require.Error(t, err, bad)
	}
}
