package agentloop

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// Every says when an agent has a turn: every Bars bars, or at the first bar
// of each day, week or month. The zero value is never. The first bar always is a
// turn.
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
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n <= pitwall.MaxSteps {
		return Every{Bars: n}, nil
	}
	return Every{}, fmt.Errorf("every is %q; write a number of bars from 1 to %d, 1d, 1w, a weekday such as monday, or month", s, pitwall.MaxSteps)
}

// Due reports whether a bar is a turn, given the time of the last turn (zero
// before the first) and the bars since.
func (e Every) Due(last, now time.Time, passed int) bool {
	if e.Bars > 0 {
		return passed >= e.Bars
	}
	switch e.Unit {
	case "":
		return false
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

// next returns the date on or after which the turn after one at last is due.
func (e Every) next(last time.Time) string {
	y, m, d := last.Date()
	switch e.Unit {
	case "month":
		d, m = 1, m+1
	case "week":
		d += 7 - (int(last.Weekday())-int(e.Day)+7)%7
	default:
		d++
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// Trigger is a reason for a turn besides Every. Exactly one field is set.
type Trigger struct {
	Fill   bool      // an order was filled, or ended without, since the last turn
	Move   float64   // percent, either way, of a close against that of the last turn
	Symbol string    // of Move; empty = any symbol of the snapshot
	At     string    // "15:30": each day at the first bar known at or after it, in the server's zone
	On     time.Time // a day: its first bar, or the first after it
}

// looks reports whether more than the calendar gives the agent a turn.
func (a *agentState) looks() bool { return len(a.Triggers) > 0 || a.When != nil || a.Wake != nil }

// reason returns why an agent has a turn at a snapshot, "" when it has none.
func (a *agentState) reason(s snapshot) string {
	switch {
	case a.last.IsZero():
		return "first"
	case a.Every.Due(a.last, s.time, a.passed):
		return "every"
	}
	for _, t := range a.Triggers {
		switch {
		case t.Fill && a.event:
			return "fill"
		case t.Fill && a.disturbed:
			return "another agent changed orders"
		case t.Move > 0:
			for _, b := range s.closes {
				before := a.closes[b.symbol]
				if move := (b.close/before - 1) * 100; before > 0 && (t.Symbol == "" || t.Symbol == b.symbol) && (move >= t.Move || move <= -t.Move) {
					return fmt.Sprintf("%s moved %+.2f %%", b.symbol, move)
				}
			}
		case t.At != "":
			today := s.time.Format(time.DateOnly)
			if s.time.Format("15:04") >= t.At && (a.last.Format(time.DateOnly) != today || a.last.Format("15:04") < t.At) {
				return "at " + t.At
			}
		case !t.On.IsZero():
			day := t.On.Format(time.DateOnly)
			if a.last.Format(time.DateOnly) < day && s.time.Format(time.DateOnly) >= day {
				return "on " + day
			}
		}
	}
	if a.When == nil {
		return ""
	}
	b := Bar{AsOf: s.time, Since: a.last, Equity: s.equity, Closes: map[string]float64{}, Last: maps.Clone(a.closes)}
	for _, c := range s.closes {
		b.Closes[c.symbol] = c.close
	}
	return a.When(b)
}

// maxStride is how many bars one call of the clock takes at most.
const maxStride = 10_000

// stride returns how many bars one call of the clock may pass without missing a
// turn of any agent.
func stride(agents []*agentState) int {
	n := maxStride
	for _, a := range agents {
		if a.looks() || a.Every.Bars == 0 || a.last.IsZero() {
			return 1
		}
		n = min(n, a.Every.Bars-a.passed)
	}
	return max(1, n)
}

// nextDay returns the date until which one call of the clock may pass bars without
// missing a turn, where every agent has its turns by the calendar and nothing else;
// "" elsewhere.
func nextDay(agents []*agentState) (day string) {
	for _, a := range agents {
		if a.looks() || a.Every.Unit == "" || a.last.IsZero() {
			return ""
		}
		if next := a.Every.next(a.last); day == "" || next < day {
			day = next
		}
	}
	return day
}
