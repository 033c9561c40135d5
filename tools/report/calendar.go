package report

import (
	"slices"
	"sort"
	"time"
)

// lastOf returns the last point of each period. The layout formats all times of one
// period alike, in the points' own zone.
func lastOf(points []Point, layout string) []Point {
	var list []Point
	for _, end := range periodEnds(len(points), layout, func(i int) time.Time { return points[i].At }) {
		list = append(list, points[end-1])
	}
	return list
}

// periodEnds returns where the periods of n times end, exclusive.
func periodEnds(n int, layout string, at func(i int) time.Time) (ends []int) {
	name := func(i int) string { return inDay(at(i)).Format(layout) }
	for end := 0; end < n; {
		from, now := end, name(end)
		end += sort.Search(n-from, func(i int) bool { return name(from+i) > now })
		ends = append(ends, end)
	}
	return ends
}

// inDay returns a time within the day that a step ends: midnight ends the day before.
func inDay(t time.Time) time.Time { return t.Add(-1) }

// periods returns the number of daily returns in a year: 365 when at least every
// second week has a Saturday. Sundays do not count, since markets open on Sunday
// evenings and some trade from Sunday to Thursday, nor does the one Saturday of a
// special session. Points of weekly bars, which are on average six days apart or more,
// give 52, those of monthly bars 12.
func periods(daily []Point) float64 {
	if n := len(daily); n > 0 {
		switch Sampling(daily[0].At, daily[n-1].At, n) {
		case "monthly":
			return 12
		case "weekly":
			return 52
		}
	}
	saturdays := 0
	for _, p := range daily {
		if inDay(p.At).Weekday() == time.Saturday {
			saturdays++
		}
	}
	if saturdays > 0 && 14*saturdays > len(daily) {
		return 365
	}
	return 252
}

// Sampling says of which size the returns between n points are: daily, or weekly or
// monthly where the bars are.
func Sampling(first, last time.Time, n int) string {
	if n > 2 {
		switch apart := last.Sub(first) / time.Duration(n-1); {
		case apart >= 27*24*time.Hour:
			return "monthly"
		case apart >= 6*24*time.Hour:
			return "weekly"
		}
	}
	return "daily"
}

// calendar returns the returns of months (2006-01) or years (2006): the period's last
// point against the last one before it, or against the start.
func calendar(before Point, points []Point, layout string) []Month {
	var list []Month
	for _, p := range lastOf(points, layout) {
		m := Month{Period: inDay(p.At).Format(layout)}
		if before.Equity > 0 {
			m.Return = p.Equity/before.Equity - 1
		}
		if before.Benchmark > 0 && p.Benchmark > 0 {
			m.Benchmark = finite(p.Benchmark/before.Benchmark - 1)
		}
		if before.Hold > 0 && p.Hold > 0 {
			m.Hold = finite(p.Hold/before.Hold - 1)
		}
		list = append(list, m)
		if p.Benchmark == 0 { // the next period begins with the first that is known
			if i := slices.IndexFunc(points, func(q Point) bool { return q.At.After(p.At) && q.Benchmark > 0 }); i >= 0 {
				p.Benchmark = points[i].Benchmark
			}
		}
		before = p
	}
	return list
}
