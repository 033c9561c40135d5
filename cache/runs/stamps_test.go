package runs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
)

// Times are written and read as package time does it, whatever came before.
func TestStampsAreRFC3339(t *testing.T) {
	zones := []*time.Location{time.UTC, time.FixedZone("", 5*3600+1800), time.FixedZone("odd", -3601)}
	for _, name := range []string{"America/New_York", "Europe/London"} {
		zone, err := pitwall.LoadZone(name)
		require.NoError(t, err)
		zones = append(zones, zone)
	}
	rapid.Check(t, func(t *rapid.T) {
		var s, r stamps
		at := rapid.Int64Range(-1<<37, 1<<38).Draw(t, "s")
		for range rapid.IntRange(1, 20).Draw(t, "times") {
			at += rapid.SampledFrom([]int64{1, 60, 3600, 86400, -86400, 100 * 86400}).Draw(t, "step")
			x := time.Unix(at, rapid.Int64Range(0, 1).Draw(t, "ns")).In(rapid.SampledFrom(zones).Draw(t, "zone"))
			text := x.Format(time.RFC3339)
			require.Equal(t, text, string(s.append(nil, x)))
			require.Equal(t, text[:len(text)-len(x.Format("T15:04:05Z07:00"))], string(s.appendDate(nil, x)))
			require.True(t, s.in(x).Equal(x))
			want, err := time.Parse(time.RFC3339, text)
			got, err2 := r.parse(text)
			require.Equal(t, err == nil, err2 == nil)
			require.Equal(t, want.Format(time.RFC3339Nano), got.Format(time.RFC3339Nano))
			broken := []byte(text)
			broken[rapid.IntRange(0, len(text)-1).Draw(t, "place")] = rapid.SampledFrom([]byte("0369:T-Zx")).Draw(t, "fault")
			want, err = time.Parse(time.RFC3339, string(broken))
			got, err2 = r.parse(string(broken))
			require.Equal(t, err == nil, err2 == nil, "%s", broken)
			require.Equal(t, want.Format(time.RFC3339Nano), got.Format(time.RFC3339Nano))
		}
	})
}

// A time costs a fifth of what time.Time.AppendFormat takes in a zone with summers.
func BenchmarkStamps(b *testing.B) {
	zone, err := pitwall.LoadZone("America/New_York")
	require.NoError(b, err)
	var s stamps
	var line []byte
	at := time.Date(2024, 1, 2, 9, 30, 0, 0, zone)
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Minute)
		line = s.append(line[:0], at)
	}
}
