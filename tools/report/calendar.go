package report

import "time"

// days are the last points of each day, in the zone that the points carry.
func days(points []Point) []Point {
	return lastOf(points, time.DateOnly)
}

// lastOf are the last points of each period: a layout of time.Format that is the
// same for all of one period.
func lastOf(points []Point, layout string) []Point {
	var list []Point
	for i, p := range points {
		if i+1 == len(points) || inDay(points[i+1].At).Format(layout) != inDay(p.At).Format(layout) {
			list = append(list, p)
		}
	}
	return list
}

// inDay is a time within the day that a step ends: midnight ends the day before it.
func inDay(t time.Time) time.Time { return t.Add(-1) }

// periods is how many daily returns a year has: 365 when weekends trade, which is
// when there are as many Saturdays as weeks. A Sunday says nothing, since markets
// open on Sunday evenings and some trade from Sunday to Thursday, nor does the one
// Saturday of a special session.
func periods(daily []Point) float64 {
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

// calendar are the returns of months (2006-01) or years (2006): the period's last
// point against the last one before it, at first against what the run began with.
func calendar(before Point, points []Point, layout string) []Month {
	var list []Month
	for _, p := range lastOf(points, layout) {
		m := Month{Period: inDay(p.At).Format(layout)}
		if before.Equity > 0 {
			m.Return = p.Equity/before.Equity - 1
		}
		if before.Benchmark > 0 && p.Benchmark > 0 {
			m.Benchmark = ratio(p.Benchmark, before.Benchmark)
		}
		if before.Hold > 0 && p.Hold > 0 {
			m.Hold = ratio(p.Hold, before.Hold)
		}
		list = append(list, m)
		if p.Benchmark == 0 {
			for _, q := range points { // the first point of the next period that has one
				if q.At.After(p.At) && q.Benchmark > 0 {
					p.Benchmark = q.Benchmark
					break
				}
			}
		}
		before = p
	}
	return list
}
