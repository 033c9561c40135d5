package tools

import (
	"strconv"
	"time"

	"pitwall"
)

// parseBarSize reads 15m, 4h, 1d, 1w; 0 is the size that is held.
func parseBarSize(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': pitwall.OneDay, 'w': pitwall.OneWeek}[s[len(s)-1]]
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || unit == 0 || n < 1 || n > 1440 {
		return 0, pitwall.Errorf(pitwall.InvalidInput, "size is %q", s).Hintf("write for example 15m, 1h, 4h, 1d or 1w, or leave it out for the bars as they are held")
	}
	return time.Duration(n) * unit, nil
}
