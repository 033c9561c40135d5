package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Days begin where the dates say, in zones that skip midnight too.
func TestMarksBeginTheirDays(t *testing.T) {
	for _, name := range []string{"UTC", "America/New_York", "America/Havana", "America/Sao_Paulo", "Asia/Beirut"} {
		zone, err := pitwall.LoadZone(name)
		require.NoError(t, err)
		var m mark
		var day, last pitwall.Dec
		date := ""
		for i, at := 0, time.Date(2010, 1, 1, 0, 0, 0, 0, zone); at.Year() < 2012; i, at = i+1, at.Add(30*time.Minute) {
			equity := pitwall.Dec(i)
			if x := at.Add(-1).Format(time.DateOnly); x != date {
				day, date = last, x
			}
			m.move(at, equity)
			last = equity
			require.Equal(t, day, m.day, "%s %s", name, at)
		}
	}
}
