package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"

	"pitwall/tools/report"
)

// numberTicks places about n ticks, one at least, at distances of 1, 2 or 5 times a
// power of ten.
type numberTicks struct {
	n      int
	format func(v float64, digits int) string
}

// Ticks implements plot.Ticker.
func (t numberTicks) Ticks(low, high float64) []plot.Tick {
	var list []plot.Tick
	// Between 0.5 and 4.7 there is no multiple of 5: then the next distance.
	for n := max(t.n, 1); len(list) == 0 && n < 1000; n *= 2 {
		step, digits := roundStep((high - low) / float64(n))
		for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
			list = append(list, plot.Tick{Value: i * step, Label: t.format(i*step, digits)})
		}
	}
	return list
}

// roundStep returns the smallest of 1, 2, 5 x 10^k that is not under least, and the
// digits after the point that tell its multiples apart.
func roundStep(least float64) (step float64, digits int) {
	k := math.Floor(math.Log10(least))
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * math.Pow(10, k); step >= least*(1-1e-9) {
			break
		}
	}
	return step, max(0, -int(math.Floor(math.Log10(step)+1e-9)))
}

// Percent formats a fraction as a signed percentage.
func Percent(v float64, digits int) string {
	s := number(v*100, digits)
	if v > 0 && strings.ContainsAny(s, "123456789") {
		s = "+" + s
	}
	return s + "\u00a0%"
}

// Return formats a return with one digit, and with two below one percent.
func Return(v float64) string { return shortPercent(v, 1) }

func shortPercent(v float64, digits int) string {
	if math.Abs(v) < 0.00995 {
		digits = 2
	}
	return Percent(v, digits)
}

// Chance formats a probability or a share of many in whole percent. It is cut, not
// rounded: a figure below a limit does not seem to reach it, 99.6 % is not all, and
// little is not nothing.
func Chance(v float64) string {
	if v > 0 && v < 0.01 {
		return "under 1\u00a0%"
	}
	return number(math.Floor(v*100+1e-9), 0) + "\u00a0%" // 0.29*100 is a bit under 29
}

// percentTick formats a tick: its step is in hundredths of what is shown.
func percentTick(v float64, digits int) string { return Percent(v, max(0, digits-2)) }

// number formats a number with digits after the point.
func number(v float64, digits int) string {
	return report.Minus(strconv.FormatFloat(v, 'f', digits, 64))
}

// step is a distance between dates.
type step struct {
	years, months, days int
	clock               time.Duration
}

// about returns a step's approximate length.
func (s step) about() time.Duration {
	const day = 24 * time.Hour
	return time.Duration(s.years)*365*day + time.Duration(s.months)*30*day + time.Duration(s.days)*day + s.clock
}

// steps returns the usual distances, shortest first.
func steps() (list []step) {
	for _, m := range []time.Duration{1, 5, 15, 30, 60, 120, 180, 360, 720} {
		list = append(list, step{clock: m * time.Minute})
	}
	return append(list, step{days: 1}, step{days: 2}, step{days: 5}, step{days: 10}, step{days: 15}, step{months: 1}, step{months: 2}, step{months: 3}, step{months: 6},
		step{years: 1}, step{years: 2}, step{years: 5}, step{years: 10}, step{years: 20}, step{years: 50})
}

// dateTicks places at most n dates, in a zone.
type dateTicks struct {
	n     int
	zone  *time.Location
	blank bool // without labels, which another panel has
}

// Ticks implements plot.Ticker; values are seconds since 1970.
func (t dateTicks) Ticks(low, high float64) []plot.Tick {
	from, to := time.Unix(int64(low), 0).In(t.zone), time.Unix(int64(high), 0).In(t.zone)
	var list []plot.Tick
	for _, s := range steps() {
		if to.Sub(from)/time.Duration(3*t.n) > s.about() {
			continue // far too many to count
		}
		if list = s.between(from, to); len(list) <= t.n {
			break
		}
	}
	if len(list) == 0 { // less than a minute
		list = []plot.Tick{{Value: low, Label: from.Format("2 Jan 15:04")}}
	}
	for i := range list {
		if t.blank {
			list[i].Label = " "
		}
	}
	return list
}

// between returns the ticks of a stretch of time.
func (s step) between(from, to time.Time) []plot.Tick {
	var list []plot.Tick
	var last time.Time
	for at := s.first(from); !at.After(to); at = s.next(at) {
		if !at.Before(from) {
			list = append(list, plot.Tick{Value: float64(at.Unix()), Label: s.label(at, last)})
			last = at
		}
	}
	return list
}

// first returns the last tick not after t.
func (s step) first(t time.Time) time.Time {
	y, m, d := t.Date()
	switch {
	case s.years > 0:
		return time.Date(y-y%s.years, 1, 1, 0, 0, 0, 0, t.Location())
	case s.months > 0:
		return time.Date(y, m-time.Month((int(m)-1)%s.months), 1, 0, 0, 0, 0, t.Location())
	case s.days > 0:
		return time.Date(y, m, d-(d-1)%s.days, 0, 0, 0, 0, t.Location())
	}
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

func (s step) next(t time.Time) time.Time {
	y, m, d := t.Date()
	switch {
	case s.years > 0 || s.months > 0:
		return time.Date(y+s.years, m+time.Month(s.months), 1, 0, 0, 0, 0, t.Location())
	case s.days > 0:
		next := time.Date(y, m, d+s.days, 0, 0, 0, 0, t.Location())
		// Days count from the first of a month; a tick just before the next first
		// would stand on it.
		if first := time.Date(y, m+1, 1, 0, 0, 0, 0, t.Location()); s.days > 1 && next.AddDate(0, 0, s.days/2).After(first) {
			return first
		}
		return next
	}
	// A day of 23 or 25 hours starts anew.
	return slices.MinFunc([]time.Time{time.Date(y, m, d+1, 0, 0, 0, 0, t.Location()), t.Add(s.clock)}, time.Time.Compare)
}

// label formats what changed since the last label.
func (s step) label(t, last time.Time) string {
	y, m, d := t.Date()
	first := last.IsZero()
	ly, lm, ld := last.Date()
	switch {
	case s.years > 0:
		return strconv.Itoa(y)
	case s.months > 0 && (first || y != ly):
		if m == 1 {
			return strconv.Itoa(y)
		}
		return t.Format("Jan 2006")
	case s.months > 0:
		return t.Format("Jan")
	case s.days > 0 && (first || y != ly):
		return t.Format("2 Jan 2006")
	case s.days > 0:
		return t.Format("2 Jan")
	case first || y != ly || m != lm || d != ld:
		return t.Format("2 Jan 15:04")
	}
	return t.Format("15:04")
}
