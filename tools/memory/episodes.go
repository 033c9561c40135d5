package memory

import (
	"fmt"
	"math"
	"slices"
	"time"

	"pitwall"
)

// The lengths of an episode.
const (
	Week    = "week"
	Month   = "month"
	Quarter = "quarter"
)

// ended names the episode that has ended without a review, empty if none has: its week,
// month or quarter is over, or equity fell too far from its peak.
func (s *Store) ended(now time.Time, points []pitwall.EquityPoint, items []pitwall.MemoryItem) string {
	since := s.start.Time
	if len(points) > 0 { // a run starts with the first bar it could act on
		since = points[0].Time
	}
	for _, x := range items {
		if x.Kind == pitwall.Episode && x.Run == "" {
			since = x.Known
		}
	}
	if since.IsZero() {
		return ""
	}
	if name := s.period(since); name != s.period(now) {
		return name
	}
	if s.Drawdown <= 0 || len(points) == 0 {
		return ""
	}
	peak := points[len(points)-1]
	for _, p := range slices.Backward(points) {
		if p.Time.Before(since) {
			break
		}
		if p.Equity > peak.Equity {
			peak = p
		}
	}
	if fall := 1 - points[len(points)-1].Equity.Float()/peak.Equity.Float(); peak.Equity > 0 && fall >= s.Drawdown {
		return fmt.Sprintf("drawdown of %.2f %% since %s", 100*fall, peak.Time.In(s.Zone).Format(time.DateOnly))
	}
	return ""
}

// period names the week, month or quarter that holds t.
func (s *Store) period(t time.Time) string {
	t = t.In(s.Zone)
	switch s.Episode {
	case Week:
		year, week := t.ISOWeek()
		return fmt.Sprintf("week %d-W%02d", year, week)
	case Quarter:
		return fmt.Sprintf("quarter %d-Q%d", t.Year(), (int(t.Month())+2)/3)
	}
	return "month " + t.Format("2006-01")
}

// alert says why risk should be conservative after the newest day: the mean of the worst
// 1 % of days fell with it, or its result is negative.
func (s *Store) alert(points []pitwall.EquityPoint) string {
	results := s.daily(points)
	n := len(results)
	if n == 0 {
		return ""
	}
	if now, before := CVaR(results), CVaR(results[:n-1]); n > 1 && now < before {
		return fmt.Sprintf("the mean of the worst 1 %% of days fell from %.2f %% to %.2f %%", 100*before, 100*now)
	}
	if r := results[n-1]; r < 0 {
		return fmt.Sprintf("the result of the newest day is %.2f %%", 100*r)
	}
	return ""
}

// daily returns the result of each day with an equity point, as a fraction of the equity
// before it.
func (s *Store) daily(points []pitwall.EquityPoint) (results []float64) {
	before := s.start.Equity.Float()
	day := func(i int) string { return points[i].Time.In(s.Zone).Format(time.DateOnly) }
	for i, p := range points {
		if i+1 < len(points) && day(i) == day(i+1) {
			continue // not the day's last
		}
		if equity := p.Equity.Float(); before > 0 {
			results = append(results, equity/before-1)
			before = equity
		}
	}
	return results
}

// CVaR returns the mean of the worst 1 % of results, at least of one; 0 without any.
func CVaR(results []float64) float64 {
	if len(results) == 0 {
		return 0
	}
	worst := slices.Sorted(slices.Values(results))
	worst = worst[:max(1, int(math.Ceil(float64(len(worst))/100)))]
	sum := 0.0
	for _, r := range worst {
		sum += r
	}
	return sum / float64(len(worst))
}
