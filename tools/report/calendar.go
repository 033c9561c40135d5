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
		if i+1 == len(points) || points[i+1].At.Format(layout) != p.At.Format(layout) {
			list = append(list, p)
		}
	}
	return list
}

// calendar are the returns of months (2006-01) or years (2006): the period's last
// point against the last one before it, at first against the starting cash. A
// comparison that began within the period counts from there.
func calendar(points []Point, cash float64, layout string) []Month {
	var list []Month
	before := Point{Equity: cash}
	for i, p := range lastOf(points, layout) {
		m := Month{Period: p.At.Format(layout)}
		if before.Equity > 0 {
			m.Return = p.Equity/before.Equity - 1
		}
		if i == 0 {
			before.Benchmark, before.Hold = points[0].Benchmark, points[0].Hold
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
