package pitwall_test

import (
	"archive/zip"
	"io"
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

// Every zone says of every instant what its data say without the changes spelled out.
func TestZonesSpelledOut(t *testing.T) {
	files, err := zip.OpenReader("zoneinfo.zip")
	require.NoError(t, err)
	defer files.Close()
	zones := 0
	for _, f := range files.File {
		if f.Mode().IsDir() || f.Name == "UTC" {
			continue
		}
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		want, err := time.LoadLocationFromTZData(f.Name, data)
		require.NoError(t, err)
		got, err := pitwall.LoadZone(f.Name)
		require.NoError(t, err)
		zones++
		same := func(at time.Time) {
			a, b := at.In(want), at.In(got)
			name, offset := a.Zone()
			if gotName, gotOffset := b.Zone(); gotName != name || gotOffset != offset || a.IsDST() != b.IsDST() {
				require.Equal(t, a.String(), b.String(), f.Name)
			}
		}
		for at := time.Date(1880, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2060; {
			same(at)
			_, end := at.In(want).ZoneBounds()
			if next := at.AddDate(0, 5, 11); end.IsZero() || end.After(next) || !end.After(at) {
				at = next
				continue
			}
			same(end.Add(-1))
			at = end
		}
	}
	require.Greater(t, zones, 500)
}

func BenchmarkZone(b *testing.B) {
	zone, err := pitwall.LoadZone("America/New_York")
	require.NoError(b, err)
	at := time.Date(2015, 5, 5, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		_ = time.Date(at.Year(), at.Month(), at.Day(), 9, 30, 0, 0, zone)
	}
}
