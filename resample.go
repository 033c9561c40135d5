package pitwall

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OneDay, OneWeek and OneMonth are bar sizes. A day is a calendar day of the instrument's
// zone, whose length may be 23 or 25 hours; a week begins on Monday; a month is that of
// the calendar, whatever its length.
const (
	OneDay   = 24 * time.Hour
	OneWeek  = 7 * OneDay
	OneMonth = 30 * OneDay
)

// Resample makes larger bars of the bars of one symbol, which are oldest first and
// all of one size, held. Only complete intervals are returned.
//
// Intervals are those of the wall clock in zone: below a day multiples of size
// from local midnight (size must divide 24 h), then local days, then weeks from
// Monday or calendar months; an interval in which the clocks change is as much shorter or longer. A
// bar belongs to the interval in which it starts. Start and End of a result are the
// interval's, whatever its bars cover; intervals without bars give none.
//
// A result's Known is the first instant at which its bars and that no further bar
// can come were known: never before End nor before any of its bars, and where its
// last bar ends before the interval does, not before a later bar or the largest
// delay of Known after End seen so far have shown that nothing follows. Bars that
// do not start on the interval's grid (09:30, hourly) may end after it: that long is
// waited too. What is not known at now is left out; so results known at now are the
// same whatever bars follow, as long as no delay exceeds all earlier ones.
//
// Volume is the sum, NoVolume if one bar has none. The same size returns the bars
// themselves that are known at now.
func Resample(bars []Bar, held, size time.Duration, zone *time.Location, now time.Time) ([]Bar, error) {
	if err := resizable(held, size); err != nil {
		return nil, err
	}
	if zone == nil {
		zone = time.UTC
	}
	out := []Bar{}
	if held == size {
		for _, b := range bars {
			if !b.Known.After(now) {
				out = append(out, b)
			}
		}
		return out, nil
	}
	var lag time.Duration // the largest delay of Known after End so far
	for i := 0; i < len(bars) && !bars[i].Known.After(now); {
		start, end := interval(bars[i].Start, size, zone)
		r := bars[i]
		r.Start, r.End = start, end
		late := time.Duration(0) // how far a bar of this grid may reach beyond the end
		n := i
		for ; n < len(bars) && bars[n].Start.Before(end) && !bars[n].Known.After(now); n++ {
			b := bars[n]
			if n > 0 && b.Start.Before(bars[n-1].End) {
				return nil, Errorf(Unsupported, "bars of %s overlap: that of %s begins before the one before it ends, so larger bars cannot be made of them", b.Symbol, b.Start.Format(time.RFC3339)).
					Hintf("use the bars as they are held, without bar_size")
			}
			lag = max(lag, b.Known.Sub(b.End))
			if held < OneDay {
				late = max(late, (b.Start.Sub(end)%held+held)%held)
			}
			if n > i {
				join(&r, b)
			}
		}
		r.Known = latest(r.Known, end)
		if last := bars[n-1]; last.End.Before(end) {
			quiet := end.Add(late + lag)
			if n < len(bars) && !bars[n].Start.Before(end) && bars[n].Known.Before(quiet) {
				quiet = bars[n].Known
			}
			r.Known = latest(r.Known, quiet)
		}
		if r.Known.After(now) {
			break
		}
		out, i = append(out, r), n
	}
	return out, nil
}

// join adds the next bar to r.
func join(r *Bar, b Bar) {
	r.High, r.Low, r.Close, r.Known = max(r.High, b.High), min(r.Low, b.Low), b.Close, latest(r.Known, b.Known)
	if r.Volume == NoVolume || b.Volume == NoVolume {
		r.Volume = NoVolume
	} else {
		r.Volume += b.Volume
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// place is where an instant lies on the wall clock: the local day or week, as days
// since 1970, and how far into it.
func place(t time.Time, size time.Duration, zone *time.Location) (day int64, into time.Duration) {
	t = t.In(zone)
	y, m, d := t.Date()
	day = time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / int64(OneDay/time.Second)
	hour, minute, sec := t.Clock()
	into = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(sec)*time.Second + time.Duration(t.Nanosecond())
	if size == OneWeek {
		since := (int64(t.Weekday()) + 6) % 7 // days since Monday
		day, into = day-since, into+time.Duration(since)*OneDay
	}
	return day, into
}

func sameInterval(a, b time.Time, size time.Duration, zone *time.Location) bool {
	if zone == nil {
		zone = time.UTC
	}
	dayA, intoA := place(a, size, zone)
	dayB, intoB := place(b, size, zone)
	return dayA == dayB && intoA/size == intoB/size
}

// interval returns the interval that holds t: the longest unbroken run of instants
// around it that lie in the same size-wide place of the wall clock.
func interval(t time.Time, size time.Duration, zone *time.Location) (start, end time.Time) {
	if size == OneMonth {
		y, m, _ := t.In(zone).Date()
		return time.Date(y, m, 1, 0, 0, 0, 0, zone), time.Date(y, m+1, 1, 0, 0, 0, 0, zone)
	}
	for at := t.In(zone); ; {
		_, into := place(at, size, zone)
		start = at.Add(-(into % size))
		change, _ := at.ZoneBounds()
		if change.IsZero() || !change.After(start) {
			break
		}
		before := change.Add(-1)
		if start = change; !sameInterval(before, t, size, zone) {
			break
		}
		at = before
	}
	for at := t.In(zone); ; {
		_, into := place(at, size, zone)
		end = at.Add(size - into%size)
		_, change := at.ZoneBounds()
		if !change.IsZero() && !change.After(at) { // at the last hours of some years Go names at itself
			_, change = at.Add(time.Second).ZoneBounds()
		}
		if change.IsZero() || change.After(end) || !change.After(at) {
			break
		}
		if end = change; !sameInterval(change, t, size, zone) {
			break
		}
		at = change
	}
	return start.In(zone), end.In(zone)
}

// resizable reports why bars of one size cannot become bars of another.
func resizable(held, size time.Duration) error {
	fits := func(to time.Duration) bool {
		return held > 0 && to >= held && to%held == 0 && (to == held || to == OneDay || to == OneWeek || to == OneMonth || to < OneDay && OneDay%to == 0)
	}
	if fits(size) {
		return nil
	}
	works := []string{}
	for _, to := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, OneDay, OneWeek, OneMonth} {
		if fits(to) {
			works = append(works, SizeName(to))
		}
	}
	if len(works) == 0 {
		works = append(works, SizeName(held))
	}
	return Errorf(InvalidInput, "bars of %s cannot be made of bars of %s", SizeName(size), SizeName(held)).Hintf("held are bars of %s, from which these can be made: %s",
		SizeName(held), strings.Join(works, ", "))
}

// month is the name of the size of a calendar month: 1m is a minute.
const month = "1mo"

// SizeName writes a bar size: 5m, 1h, 1d, 1w, 1mo.
func SizeName(size time.Duration) string {
	if size == OneMonth {
		return month
	}
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{OneWeek, "w"}, {OneDay, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if size >= u.of && size%u.of == 0 {
			return fmt.Sprintf("%d%s", size/u.of, u.name)
		}
	}
	return size.String()
}

// ParseSize reads a bar size as SizeName writes it; empty is 0, the size held.
func ParseSize(s string) (time.Duration, error) {
	switch s {
	case "":
		return 0, nil
	case month:
		return OneMonth, nil
	}
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': OneDay, 'w': OneWeek}[s[len(s)-1]]
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || unit == 0 || n < 1 || n > 10_000 {
		return 0, Errorf(InvalidInput, "bar size %q", s).Hintf("write for example 5m, 1h, 1d, 1w or 1mo")
	}
	return time.Duration(n) * unit, nil
}
