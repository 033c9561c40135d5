package history

import (
	"errors"
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
	l.oddClock(t, g)
	l.weekend(g)
	if err := l.placeEach(t, g); err != nil {
		return err
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

// placeEach gives every bar its times.
func (l *loader) placeEach(t *table, g *raw) error {
	s := g.series
	s.Start = g.starts[:0] // in their place: what is read of a bar is read before
	for k := range g.starts {
		start, end := g.starts[k]*1e9, g.starts[k]*1e9+int64(s.Size)
		if g.dates {
			day := g.start(k)
			from, to, _ := s.Instrument.Session(day)
			switch s.Size {
			case pitwall.OneWeek:
				from, to, _ = s.Instrument.Week(day)
			case pitwall.OneMonth:
				from, to, _ = s.Instrument.Month(day)
			}
			start, end = from.UnixNano(), to.UnixNano()
			if s.Size >= pitwall.OneWeek && k > 0 && start == s.Start[k-1] {
				return g.twice(t, k)
			}
		}
		s.Start, s.End = append(s.Start, start), append(s.End, end)
		s.Known = s.End
		if err := s.Check(k); err != nil {
			return g.bad(t, k, s.Instrument.Symbol, err)
		}
	}
	g.starts = nil
	s.End = s.End[:len(s.End):len(s.End)] // one column for both: whoever appends to one of them gets another
	s.Known = s.End
	return nil
}

// errRows stands for an error that the reader of rows has words for.
var errRows = errors.New("not read by rows")

// bad is an error about bar k.
func (g *raw) bad(t *table, k int, what string, err error) error {
	if g.rows == nil {
		return errRows
	}
	return t.bad(g.rows[k], what, err)
}

// twice is an error about a bar of the same week or month as the one before it.
func (g *raw) twice(t *table, k int) error {
	if g.rows == nil {
		return errRows
	}
	what, or := "week", "or a duplicate"
	if g.series.Size == pitwall.OneMonth {
		what, or = "month", "a duplicate, or a month that has not ended"
	}
	return t.bad(g.rows[k], "timestamp", fmt.Errorf("%s is in the %s of the bar before it, and bars are usually a %s apart: bars of two sizes in one file, %s", t.rows[g.rows[k]][t.col["timestamp"]], what, what, or))
}

// weekend warns of a stock that trades on a Saturday or Sunday, once such a bar is
// known: it may be crypto, whose day ends hours after a session's close.
func (l *loader) weekend(g *raw) {
	in := g.series.Instrument
	if !g.dates || in.Calendar == pitwall.AlwaysOpen || g.series.Size >= pitwall.OneWeek {
		return
	}
	i := 0
	for ; i < len(g.starts); i++ {
		if day := g.start(i).Weekday(); day == time.Saturday || day == time.Sunday {
			break
		}
	}
	if i == len(g.starts) {
		return
	}
	day := g.start(i)
	_, end, _ := in.Session(day)
	l.dated = append(l.dated, datedWarning{in.Symbol, pitwall.Warning{Known: end, Text: fmt.Sprintf(
		"%s has a bar on a %s (%s) and is taken to trade in the sessions of %s; if it trades all week, its bars would be known later: say so in instruments.csv (kind crypto)",
		in.Symbol, day.Weekday(), day.Format(time.DateOnly), in.Calendar)}})
}

// byDate takes bars of a day or more that carry one time of day by the dates that
// they stand for: so tools write dates into Parquet, and others the open. A pair's day
// may begin at any hour: only midnights are dates there, and other times are starts.
func (g *raw) byDate(in pitwall.Instrument) error {
	const almostADay = 23 * 60 * 60 // clocks change
	apart := func(i int) bool { return len(g.starts) > i && g.starts[i]-g.starts[i-1] >= almostADay }
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
	local, utc := g.sameClock(g.zone), g.sameClock(time.UTC)
	var date func(time.Time) time.Time
	switch {
	case local == 0:
		date = func(t time.Time) time.Time { return t }
	case utc == 0:
		date = time.Time.UTC
	case len(g.starts) == 1:
		return nil
	case in.Calendar != pitwall.AlwaysOpen && (local > 0 || utc > 0):
		date = in.Day
	case utc > 0:
		return nil
	case apart(2) || mostly:
		return fmt.Errorf("bars a day or more apart carry times such as %s; give dates", g.start(0).Format(time.RFC3339))
	default:
		return nil
	}
	for i := range g.starts {
		y, m, d := date(g.start(i)).Date()
		g.starts[i] = time.Date(y, m, d, 0, 0, 0, 0, g.zone).Unix()
	}
	g.dates = true
	return nil
}

// sameClock returns the time of day in a zone that all bars carry, or -1.
func (g *raw) sameClock(zone *time.Location) time.Duration {
	first := clockOf(g.start(0).In(zone))
	for i := range g.starts {
		if clockOf(g.start(i).In(zone)) != first {
			return -1
		}
	}
	return first
}

// size is the usual distance between bars; dates are bars of days, weeks or months.
func (g *raw) size(stated time.Duration) (time.Duration, error) {
	if g.dates {
		return g.sizeOfDates(stated)
	}
	step, _ := usual(g.distances())
	switch {
	case step == 0 && stated > 0:
		return stated, nil
	case step == 0:
		return 0, fmt.Errorf("one bar alone does not show its size; give bar_size")
	}
	return step, g.mixed(step, 6)
}

// distances counts the bars that are a time after the one before them.
func (g *raw) distances() map[time.Duration]int {
	counts, since, n := map[time.Duration]int{}, time.Duration(0), 0
	for i := 1; i < len(g.starts); i++ {
		d := g.apart(i)
		if d != since {
			counts[since] += n
			since, n = d, 0
		}
		n++
	}
	counts[since] += n
	for d := range counts {
		if d <= 0 {
			delete(counts, d)
		}
	}
	return counts
}

// apart is the time from the start of the bar before i to that of i, of dates in whole
// days.
func (g *raw) apart(i int) time.Duration {
	seconds := g.starts[i] - g.starts[i-1]
	if g.dates { // days have 23 to 25 hours
		const day = 24 * 60 * 60
		seconds = (seconds + day/2) / day * day
	}
	return time.Duration(seconds) * time.Second
}

// sizeOfDates tells bars of days from bars of weeks, usually seven days apart, or six or
// eight where a week is dated by its first or last session, and of months, likewise.
func (g *raw) sizeOfDates(stated time.Duration) (time.Duration, error) {
	distance, most := usual(g.distances())
	step := int(distance / pitwall.OneDay)
	switch {
	case step == 0 && stated == pitwall.OneWeek, step >= 6 && step <= 8:
		for i := range g.starts {
			if day := g.start(i); day.Weekday() == time.Sunday && g.sundays == "" {
				return 0, fmt.Errorf("a weekly bar is dated on a Sunday (%s): some tools mean the week before it, others the week after; write sundays: end or sundays: start beside the file's path in the strategy, or in FILE.yaml", day.Format(time.DateOnly))
			}
		}
		return pitwall.OneWeek, g.mixed(pitwall.OneWeek, 3)
	case step == 0 && stated == pitwall.OneMonth, step >= 28 && step <= 33:
		return pitwall.OneMonth, nil
	case step > 4 || step > 1 && most > 1:
		return 0, fmt.Errorf("dates are usually %d days apart, so these are neither daily, weekly nor monthly bars and when they were known cannot be told; give times with an offset instead", step)
	}
	return pitwall.OneDay, g.mixed(pitwall.OneDay, 3)
}

// mixed refuses bars of which a stretch is regularly much farther apart than the
// rest: they are larger, and would be taken as known long before they ended.
func (g *raw) mixed(size time.Duration, stretch int) error {
	apart := func(i int) time.Duration {
		d := g.apart(i)
		if g.dates && d >= 28*pitwall.OneDay && d <= 31*pitwall.OneDay {
			d = 30 * pitwall.OneDay // months
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
			return fmt.Errorf("bars are usually %s apart, and about %s regularly %s: bars of two sizes in one file; put them into two", pitwall.SizeName(size), g.start(i).Format(time.DateOnly), pitwall.SizeName(d))
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
	if len(g.firstSeen) > 0 {
		s.Known = slices.Clone(s.End)
	}
	for k, seen := range g.firstSeen {
		if k < len(s.Known) && seen > s.Known[k] && (k+1 == len(s.Known) || seen < s.End[k+1]) {
			s.Known[k] = seen
		}
	}
}
