package history

import (
	"fmt"
	"slices"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// place gives every bar its Start, End and Known, and checks it.
func (l *loader) place(t *table, g *raw) error {
	s := g.series
	if err := g.byDate(s.Instrument); err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s: %v", t.name, s.Instrument.Symbol, err)
	}
	g.sundays = t.mapping.Sundays
	size, err := g.size(l.opts.Size)
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s: %v", t.name, s.Instrument.Symbol, err)
	}
	s.Size = size
	g.stated(t.mapping)
	l.endStamps(t, g)
	l.weekend(g)
	for k, start := range g.starts {
		end := start.Add(size)
		switch {
		case g.dates && size == pitwall.OneWeek:
			if start, end, _ = s.Instrument.Week(start); k > 0 && start.UnixNano() == s.Start[k-1] {
				return t.bad(g.rows[k], "timestamp", fmt.Errorf("%s is in the week of the bar before it, and bars are usually a week apart: bars of two sizes in one file, or a duplicate", t.rows[g.rows[k]][t.col["timestamp"]]))
			}
		case g.dates && size == pitwall.OneMonth:
			if start, end, _ = s.Instrument.Month(start); k > 0 && start.UnixNano() == s.Start[k-1] {
				return t.bad(g.rows[k], "timestamp", fmt.Errorf("%s is in the month of the bar before it, and bars are usually a month apart: bars of two sizes in one file, a duplicate, or a month that has not ended", t.rows[g.rows[k]][t.col["timestamp"]]))
			}
		case g.dates:
			start, end, _ = s.Instrument.Session(start)
		}
		s.Start, s.End, s.Known = append(s.Start, start.UnixNano()), append(s.End, end.UnixNano()), append(s.Known, end.UnixNano())
		if err := s.Check(k); err != nil {
			return t.bad(g.rows[k], s.Instrument.Symbol, err)
		}
	}
	g.known()
	in := s.Instrument
	if g.naive && !g.dates && t.layout.Own && in.Calendar != pitwall.AlwaysOpen && !pairLike.MatchString(in.Symbol) {
		l.warn("the times of %s in %s have no offset and are taken as those of %s", in.Symbol, t.name, cityOf(in.Location()))
	}
	if g.naive && !g.dates && in.Calendar != pitwall.AlwaysOpen && pairLike.MatchString(in.Symbol) {
		l.dated = append(l.dated, datedWarning{in.Symbol, pitwall.Warning{Known: time.Unix(0, s.Known[0]), Text: fmt.Sprintf(
			"the times of %s have no offset and are taken as those of %s; if they are of UTC, write Z after them, or kind crypto into instruments.csv", in.Symbol, in.Location())}})
	}
	return nil
}

// weekend warns of a stock that trades on a Saturday or Sunday, once such a bar is
// known: it may be crypto, whose day ends hours after a session's close.
func (l *loader) weekend(g *raw) {
	in := g.series.Instrument
	if !g.dates || in.Calendar == pitwall.AlwaysOpen || g.series.Size >= pitwall.OneWeek {
		return
	}
	i := slices.IndexFunc(g.starts, func(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday })
	if i < 0 {
		return
	}
	_, end, _ := in.Session(g.starts[i])
	l.dated = append(l.dated, datedWarning{in.Symbol, pitwall.Warning{Known: end, Text: fmt.Sprintf(
		"%s has a bar on a %s (%s) and is taken to trade in the sessions of %s; if it trades all week, its bars would be known later: say so in instruments.csv (kind crypto)",
		in.Symbol, g.starts[i].Weekday(), g.starts[i].Format(time.DateOnly), in.Calendar)}})
}

// stated applies what a file's mapping says of its times: which week a bar dated on a Sunday
// is of, and that times are those at which bars end.
func (g *raw) stated(m Mapping) {
	size := g.series.Size
	for k, t := range g.starts {
		if m.Sundays == "start" && g.dates && size == pitwall.OneWeek && t.Weekday() == time.Sunday {
			g.starts[k] = t.AddDate(0, 0, 1) // the week of the Monday after it
		}
	}
	if m.Stamps != "end" || g.dates {
		return
	}
	var before time.Time // the end of the bar before it
	for k, end := range g.starts {
		if g.starts[k] = end.Add(-size); g.starts[k].Before(before) { // the last of a session may be shorter
			g.starts[k] = before
		}
		before = end
	}
}

// endStamps warns of bars that begin after the open and at the close of their sessions:
// their times look like ends.
func (l *loader) endStamps(t *table, g *raw) {
	const enough = 2000
	in := g.series.Instrument
	if t.mapping.Stamps != "" || g.dates || g.series.Size >= pitwall.OneDay || in.Calendar == pitwall.AlwaysOpen {
		return
	}
	var day, opens, closes time.Time
	days, atOpen, atClose := 0, 0, 0
	for _, start := range g.starts[:min(len(g.starts), enough)] {
		if start.YearDay() != day.YearDay() || days == 0 {
			day, days = start, days+1
			opens, closes, _ = in.Session(in.Day(start))
		}
		switch {
		case start.Equal(opens):
			atOpen++
		case start.Equal(closes):
			atClose++
		}
	}
	if atOpen == 0 && 2*atClose > days {
		l.warn("the bars of %s in %s begin after the open and at the close of its sessions: their times look like those at which bars end; write stamps: end (or start) beside the file's path in the strategy, or in FILE.yaml", in.Symbol, t.name)
	}
}

// byDate takes bars of a day or more that carry one time of day by the dates that
// they stand for: so tools write dates into Parquet, and others the open. A pair's day
// may begin at any hour: only midnights are dates there, and other times are starts.
func (g *raw) byDate(in pitwall.Instrument) error {
	const almostADay = 23 * time.Hour // clocks change
	apart := func(i int) bool { return len(g.starts) > i && g.starts[i].Sub(g.starts[i-1]) >= almostADay }
	far := 0
	for i := range g.starts[min(1, len(g.starts)):] {
		if apart(i + 1) {
			far++
		}
	}
	mostly := len(g.starts) > 3 && 4*far >= 3*(len(g.starts)-1) // some of the times are of another zone
	if g.dates || len(g.starts) == 0 || len(g.starts) > 1 && !apart(1) && !mostly {
		return nil // dates, or intraday bars, some of which begin at midnight
	}
	local, utc := sameClock(g.starts), sameClock(inZone(g.starts, time.UTC))
	var dates []time.Time
	switch {
	case local == 0:
		dates = g.starts
	case utc == 0:
		dates = inZone(g.starts, time.UTC)
	case len(g.starts) == 1:
		return nil
	case in.Calendar != pitwall.AlwaysOpen && (local > 0 || utc > 0):
		for _, s := range g.starts {
			dates = append(dates, in.Day(s))
		}
	case utc > 0:
		return nil
	case apart(2) || mostly:
		return fmt.Errorf("bars a day or more apart carry times such as %s; give dates", g.starts[0].Format(time.RFC3339))
	default:
		return nil
	}
	for i, s := range dates {
		y, m, d := s.Date()
		g.starts[i] = time.Date(y, m, d, 0, 0, 0, 0, in.Location())
	}
	g.dates = true
	return nil
}

// sameClock returns the time of day that all of some times carry, or -1.
func sameClock(times []time.Time) time.Duration {
	clock := func(t time.Time) time.Duration {
		h, m, s := t.Clock()
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	}
	if slices.ContainsFunc(times, func(t time.Time) bool { return clock(t) != clock(times[0]) }) {
		return -1
	}
	return clock(times[0])
}

func inZone(times []time.Time, zone *time.Location) []time.Time {
	out := make([]time.Time, len(times))
	for i, t := range times {
		out[i] = t.In(zone)
	}
	return out
}

// size is the usual distance between bars; dates are bars of days, weeks or months.
func (g *raw) size(stated time.Duration) (time.Duration, error) {
	if g.dates {
		return g.sizeOfDates(stated)
	}
	counts := map[time.Duration]int{}
	for i := 1; i < len(g.starts); i++ {
		if d := g.starts[i].Sub(g.starts[i-1]); d > 0 {
			counts[d.Round(time.Second)]++
		}
	}
	step, _ := usual(counts)
	switch {
	case step == 0 && stated > 0:
		return stated, nil
	case step == 0:
		return 0, fmt.Errorf("one bar alone does not show its size; give bar_size")
	}
	return step, g.mixed(step, 6)
}

// sizeOfDates tells bars of days from bars of weeks, usually seven days apart, or six or
// eight where a week is dated by its first or last session, and of months, likewise.
func (g *raw) sizeOfDates(stated time.Duration) (time.Duration, error) {
	counts := map[int]int{}
	for i := 1; i < len(g.starts); i++ {
		if d := daysBetween(g.starts[i-1], g.starts[i]); d > 0 {
			counts[d]++
		}
	}
	step, most := usual(counts)
	switch {
	case step == 0 && stated == pitwall.OneWeek, step >= 6 && step <= 8:
		if i := slices.IndexFunc(g.starts, func(t time.Time) bool { return t.Weekday() == time.Sunday }); i >= 0 && g.sundays == "" {
			return 0, fmt.Errorf("a weekly bar is dated on a Sunday (%s): some tools mean the week before it, others the week after; write sundays: end or sundays: start beside the file's path in the strategy, or in FILE.yaml", g.starts[i].Format(time.DateOnly))
		}
		return pitwall.OneWeek, g.mixed(pitwall.OneWeek, 3)
	case step == 0 && stated == pitwall.OneMonth, step >= 28 && step <= 33:
		return pitwall.OneMonth, nil
	case step > 4 || step > 1 && most > 1:
		return 0, fmt.Errorf("dates are usually %d days apart, so these are neither daily, weekly nor monthly bars and when they were known cannot be told; give times with an offset instead", step)
	}
	return pitwall.OneDay, g.mixed(pitwall.OneDay, 3)
}

// daysBetween counts the days from one date to another.
func daysBetween(a, b time.Time) int {
	return int(calendarDay(b).Sub(calendarDay(a)) / pitwall.OneDay)
}

// mixed refuses bars of which a stretch is regularly much farther apart than the
// rest: they are larger, and would be taken as known long before they ended.
func (g *raw) mixed(size time.Duration, stretch int) error {
	apart := func(i int) time.Duration {
		d := g.starts[i].Sub(g.starts[i-1])
		if g.dates {
			if d = time.Duration(daysBetween(g.starts[i-1], g.starts[i])) * pitwall.OneDay; d >= 28*pitwall.OneDay && d <= 31*pitwall.OneDay {
				d = 30 * pitwall.OneDay // months
			}
		}
		return d
	}
	same := 0
	for i := 2; i < len(g.starts); i++ {
		d := apart(i)
		if d != apart(i-1) || d < 4*size {
			same = 0
			continue
		}
		if same++; same >= stretch {
			return fmt.Errorf("bars are usually %s apart, and about %s regularly %s: bars of two sizes in one file; put them into two", pitwall.SizeName(size), g.starts[i].Format(time.DateOnly), pitwall.SizeName(d))
		}
	}
	return nil
}

// firstSeen notes when a bar was first seen, where a recording says so.
func (t *table) firstSeen(g *raw, i int) error {
	text := t.get(i, layout.FirstSeen)
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t.bad(i, layout.FirstSeen, fmt.Errorf("%q is not a time like 2020-01-31T16:00:05-05:00", text))
	}
	for len(g.firstSeen) < len(g.starts)-1 {
		g.firstSeen = append(g.firstSeen, 0)
	}
	g.firstSeen = append(g.firstSeen, at.UnixNano())
	return nil
}

// known moves the time from which bars are known to when they were first seen. One that
// was seen only after the next had ended was missed, and counts from its end.
func (g *raw) known() {
	s := g.series
	for k, seen := range g.firstSeen {
		if k < len(s.Known) && seen > s.Known[k] && (k+1 == len(s.Known) || seen < s.End[k+1]) {
			s.Known[k] = seen
		}
	}
}
