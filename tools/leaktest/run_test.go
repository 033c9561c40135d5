package leaktest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The host's date is found at every hour of its day, in whatever zone an answer
// shows it, and the harness cries for no date that the simulated clock has reached.
func TestHostClockAtEveryHour(t *testing.T) {
	for hour := range 24 {
		host := time.Date(2026, 11, 30, hour, 30, 0, 0, time.UTC)
		for _, zone := range []string{"UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"} {
			loc, err := time.LoadLocation(zone)
			require.NoError(t, err)
			text := fmt.Sprintf("> duckdb_query SELECT now()\n%s\n", host.In(loc).Format(time.DateTime))
			rep := Report{}
			tr := trial{o: Options{Host: host}, rep: &rep}
			tr.host(step{at: time.Date(2020, 1, 2, 16, 0, 0, 0, loc), text: text}, 1)
			require.Len(t, rep.Findings, 1, "%s in %s", host, zone)
			require.Equal(t, "host clock", rep.Findings[0].Check)

			tr.host(step{at: host.In(loc).AddDate(0, 0, 2), text: text}, 1)
			require.Len(t, rep.Findings, 1, "a simulated clock past that date")
		}
	}
}
