package chart

import (
	"cmp"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall/tools/report"
)

// tick is a mark of the time axis.
type tick struct {
	at    time.Time
	label string
}

// calendar is a distance between marks: steps of a unit, counted from round times.
type calendar struct {
	years, months, days, hours, minutes int
}

func (c calendar) floor(t time.Time) time.Time {
	y, m, d := t.Date()
	switch {
	case c.years > 0:
		return time.Date(y-y%c.years, 1, 1, 0, 0, 0, 0, t.Location())
	case c.months > 0:
		return time.Date(y, m-(m-1)%time.Month(c.months), 1, 0, 0, 0, 0, t.Location())
	case c.days%7 == 0 && c.days > 0: // Mondays
		monday := time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
		if week := (monday.Unix()/86400 + 3) / 7; c.days > 7 && week%2 != 0 {
			monday = monday.AddDate(0, 0, -7)
		}
		return monday
	case c.days > 0:
		return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	case c.hours > 0:
		return time.Date(y, m, d, t.Hour()-t.Hour()%c.hours, 0, 0, 0, t.Location())
	}
	return time.Date(y, m, d, t.Hour(), t.Minute()-t.Minute()%c.minutes, 0, 0, t.Location())
}

func (c calendar) next(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y+c.years, m+time.Month(c.months), d+c.days, t.Hour()+c.hours, t.Minute()+c.minutes, 0, 0, t.Location())
}

func (c calendar) label(t time.Time, first bool) string {
	switch {
	case c.years > 0:
		return t.Format("2006")
	case c.months > 0 && (first || t.Month() == time.January):
		return t.Format("Jan 2006")
	case c.months > 0:
		return t.Format("Jan")
	case c.days > 0 && first:
		return t.Format("2 Jan 2006")
	case c.days > 0:
		return t.Format("2 Jan")
	case first || t.Hour() == 0 && t.Minute() == 0:
		return t.Format("2 Jan 15:04")
	}
	return t.Format("15:04")
}

// ticks are at most nine round times in [from, to], in from's zone; the two ends if
// no round time is inside.
func ticks(from, to time.Time) []tick {
	const most = 9
	to = to.In(from.Location())
	for _, c := range []calendar{{minutes: 5}, {minutes: 15}, {minutes: 30}, {hours: 1}, {hours: 3}, {hours: 6}, {days: 1}, {days: 7}, {days: 14},
		{months: 1}, {months: 3}, {months: 6}, {years: 1}, {years: 2}, {years: 5}, {years: 10}, {years: 25}, {years: 100}} {
		var list []tick
		for t := c.floor(from); !t.After(to) && len(list) <= most; t = c.next(t) {
			if !t.Before(from) {
				// The font pulls a capital A over a plain blank.
				list = append(list, tick{t, strings.ReplaceAll(c.label(t, len(list) == 0), " ", "\u00a0")})
			}
		}
		if len(list) > most {
			continue
		}
		if len(list) < 2 {
			break
		}
		return list
	}
	if from.Equal(to) {
		return []tick{{from, from.Format("2 Jan 2006")}}
	}
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return []tick{{from, from.Format("2 Jan 15:04")}, {to, to.Format("15:04")}}
	}
	return []tick{{from, from.Format("2 Jan 2006")}, {to, to.Format("2 Jan 2006")}}
}

// names writes what each line is, right of where it ends, and what the band of
// random traders is; names that would touch are moved apart.
func (p *painter) names(f frame, list []curve, r *report.Random) {
	type name struct {
		y    float64
		text []string
		c    color.NRGBA
	}
	var names []name
	indent := 16.0
	for _, c := range list {
		names = append(names, name{f.y(c.value[len(c.value)-1]), []string{c.name}, c.colour})
	}
	if r != nil && finite(r.Low, r.High, r.Median) {
		names = append(names, name{min(max(f.y(r.Median), plotTop), plotBottom), []string{"90 % of random:", short(r.Low) + " to " + short(r.High)}, amber})
		indent = 32
	}
	slices.SortStableFunc(names, func(a, b name) int { return cmp.Compare(a.y, b.y) })
	const apart = 23 // of two lines
	bottom := float64(plotTop - 14)
	for i, n := range names {
		half := float64(apart*len(n.text)) / 2
		names[i].y = max(n.y, bottom+half)
		bottom = names[i].y + half
	}
	top := float64(plotBottom + 8)
	for i := len(names) - 1; i >= 0; i-- {
		half := float64(apart*len(names[i].text)) / 2
		names[i].y = min(names[i].y, top-half)
		top = names[i].y - half
	}
	for _, n := range names {
		y := n.y - float64(apart*(len(n.text)-1))/2 + 6
		for _, line := range n.text {
			size, face := 18.0, bold
			if len(n.text) > 1 {
				size, face = 15, regular
			}
			p.text(plotRight+indent, y, p.cut(p.clean(line), right-plotRight-indent, size, face), size, face, n.c)
			y += apart - 3
		}
	}
}

// short is a return without a decimal.
func short(v float64) string { return axisPercent(v, min(0.01, max(math.Abs(v), 1e-9))) }
