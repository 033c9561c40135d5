package agentloop

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Every says when an agent has a turn: every so many bars, or at the first bar
// of each day, week or month. The first bar always is a turn.
type Every struct {
	Bars int
	Unit string // day, week or month when Bars is 0
	Day  time.Weekday
}

// ParseEvery reads "5", "1d", "1w", "monday" or "month". Empty means every bar.
func ParseEvery(s string) (Every, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	switch s {
	case "":
		return Every{Bars: 1}, nil
	case "1d", "day":
		return Every{Unit: "day"}, nil
	case "1w", "week":
		return Every{Unit: "week", Day: time.Monday}, nil
	case "month":
		return Every{Unit: "month"}, nil
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if s == strings.ToLower(d.String()) {
			return Every{Unit: "week", Day: d}, nil
		}
	}
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return Every{Bars: n}, nil
	}
	return Every{}, fmt.Errorf("every is %q; write a number of bars, 1d, 1w, a weekday such as monday, or month", s)
}

// stride is how many bars one call of the clock may pass.
func (e Every) stride() int { return max(1, e.Bars) }

// due reports whether a bar is a turn, given the time of the last turn (zero
// before the first).
func (e Every) due(last, now time.Time) bool {
	if last.IsZero() || e.Bars > 0 {
		return true
	}
	switch e.Unit {
	case "day":
		return last.Format(time.DateOnly) != now.Format(time.DateOnly)
	case "month":
		return last.Month() != now.Month() || last.Year() != now.Year()
	}
	// A new week begins on e.Day; when that day had no bar, the next bar counts.
	return weekStart(last, e.Day) != weekStart(now, e.Day)
}

func weekStart(t time.Time, day time.Weekday) string {
	back := (int(t.Weekday()) - int(day) + 7) % 7
	return t.AddDate(0, 0, -back).Format(time.DateOnly)
}
