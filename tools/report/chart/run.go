package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report"
)

// Wide returns the size for a wide screen. A drawing is scaled to its column, so that
// text is about 12 pixels high in all sizes.
func Wide(height float64) Size { return Size{Width: 1100, Height: height, Names: true} }

// Half returns the size of one of two charts beside each other on a wide screen.
func Half(height float64) Size { return Size{Width: 580, Height: height} }

// Narrow returns the size for a telephone.
func Narrow(height float64) Size { return Size{Width: 360, Height: height} }

// Legend returns a chart's lines that have a name.
func (c Chart) Legend() (list []Line) {
	for _, p := range c.Panels {
		for _, l := range p.Lines {
			if l.Name != "" {
				list = append(list, l)
			}
		}
	}
	return list
}

// Gaps names the stretches without data that break the chart's first line.
func (c Chart) Gaps() (list []string) {
	if len(c.Panels) == 0 || len(c.Panels[0].Lines) == 0 {
		return nil
	}
	at := c.Panels[0].Lines[0].At
	gap := gapOf(at)
	for i := 1; i < len(at); i++ {
		if seconds(at[i])-seconds(at[i-1]) > gap {
			list = append(list, fmt.Sprintf("no data from %s to %s", day(at[i-1]), day(at[i])))
		}
	}
	return list
}

// day returns the date that a step ends: midnight ends the day before, as in all tables.
func day(t time.Time) string { return t.Add(-1).Format(time.DateOnly) }

// Empty reports whether there is nothing to draw.
func (c Chart) Empty() bool { _, _, ok := c.span(); return !ok }

// Equity charts the run's return since its start against its benchmark and against
// buying and holding, with the drawdown below.
func Equity(s *report.Sheet) Chart {
	start := s.Run.Cash.Float()
	if start <= 0 && len(s.Curve) > 0 {
		start = s.Curve[0].Equity
	}
	at := make([]time.Time, len(s.Curve)) // of all lines: a long one is large
	for i, p := range s.Curve {
		at[i] = p.At
	}
	own := Line{Name: "Run", Class: "c0", At: at, Value: make([]float64, len(at))}
	drop := Line{Class: "drop", Area: true, At: at, Value: make([]float64, len(at))}
	peak := start
	for i, p := range s.Curve {
		own.Value[i] = p.Equity/start - 1
		peak = max(peak, p.Equity)
		drop.Value[i] = p.Equity/peak - 1
	}
	bench := comparison(s.Run.Benchmark, "c1", s.Curve, at, func(p report.Point) float64 { return p.Benchmark })
	hold := comparison("Buy and hold", "c2", s.Curve, at, func(p report.Point) float64 { return p.Hold })
	lines := []Line{own}
	summary := []string{fmt.Sprintf("Return of the run from %s to %s: %s", s.Run.From, s.Run.To, ended(own))}
	for _, l := range []Line{bench, hold} {
		if len(l.At) > 0 {
			lines = append(lines, l)
			summary = append(summary, fmt.Sprintf("%s: %s", l.Name, ended(l)))
		}
	}
	summary = append(summary, fmt.Sprintf("deepest drawdown of the run %s", Return(s.Headline.MaxDrawdown)))
	c := Chart{Zone: zone(s.Curve), Summary: strings.Join(summary, "; ") + "."}
	c.Panels = []Panel{
		{Lines: lines, Share: 0.72, Zero: true, Labels: true, Tick: percentTick, Value: Return},
		// Down to 1 % at least: a run that hardly moved must not look like one that fell.
		{Lines: []Line{drop}, Share: 0.28, Zero: true, Least: -0.01, Tick: percentTick, Value: Return},
	}
	return c
}

// comparison is the line of what a comparison was worth, since its first price; at are the
// times of the points.
func comparison(name, class string, points []report.Point, at []time.Time, worth func(report.Point) float64) Line {
	l := Line{Name: name, Class: class}
	from := max(0, slices.IndexFunc(points, func(p report.Point) bool { return worth(p) > 0 }))
	whole := !slices.ContainsFunc(points[from:], func(p report.Point) bool { return worth(p) <= 0 })
	if whole {
		l.At = at[from:]
	}
	first := 0.0
	for _, p := range points {
		v := worth(p)
		if first = cmp.Or(first, v); v <= 0 {
			continue
		}
		if l.Value = append(l.Value, v/first-1); !whole {
			l.At = append(l.At, p.At)
		}
	}
	return l
}

// grow makes room for n points.
func (l *Line) grow(n int) { l.At, l.Value = slices.Grow(l.At, n), slices.Grow(l.Value, n) }

func (l *Line) add(at time.Time, v float64) { l.At, l.Value = append(l.At, at), append(l.Value, v) }

func ended(l Line) string {
	if len(l.Value) == 0 {
		return "no data"
	}
	return Return(l.Value[len(l.Value)-1])
}

func zone(points []report.Point) *time.Location {
	if len(points) == 0 {
		return time.UTC
	}
	return zoneOf(points[0].At)
}

// zoneOf returns the zone that a time was written in. Reading a time gives the
// machine's own zone when its offset agrees, but not its summer time.
func zoneOf(t time.Time) *time.Location {
	if t.Location() != time.Local {
		return t.Location()
	}
	name, offset := t.Zone()
	return time.FixedZone(name, offset)
}

// Rolling charts the Sharpe ratio of the last daily returns, over 63 of them, or
// over a third of the run when that is less. Under 5 there is no chart and the
// window is 0. A window without variance has no value.
func Rolling(s *report.Sheet) (c Chart, window int) {
	n := len(s.Daily)
	window = min(63, n/3)
	if window < 5 {
		return Chart{}, 0
	}
	returns := make([]float64, n)
	prev := s.Run.Cash.Float()
	for i, p := range s.Daily {
		returns[i], prev = p.Equity/prev-1, p.Equity
	}
	l := Line{Name: "Sharpe", Class: "c0"}
	low, high := math.Inf(1), math.Inf(-1)
	for i := window; i <= n; i++ {
		v := math.NaN()
		if x := report.Sharpe(returns[i-window:i], s.Strategy.PeriodsAYear); x != nil && moved(returns[i-window:i], s.Strategy.PeriodsAYear) {
			v = *x
			low, high = min(low, v), max(high, v)
		}
		l.add(s.Daily[i-1].At, v)
	}
	if low > high {
		return Chart{}, 0
	}
	two := func(v float64) string { return number(v, 2) }
	return Chart{
		Zone:    zone(s.Daily),
		Summary: fmt.Sprintf("Rolling Sharpe ratio over %d daily returns: between %s and %s, last %s.", window, two(low), two(high), last(l)),
		Panels:  []Panel{{Lines: []Line{l}, Share: 1, Zero: true, Labels: true, Tick: number, Value: two}},
	}, window
}

// moved reports whether a window shows any risk: a third of its days
// moved, by a volatility of 1 % a year or more. Cash and treasury bills do not.
func moved(r []float64, periods float64) bool {
	mean, square, days := 0.0, 0.0, 0
	for _, x := range r {
		mean += x / float64(len(r))
		if math.Abs(x) > 1e-9 {
			days++
		}
	}
	for _, x := range r {
		square += (x - mean) * (x - mean)
	}
	return days*3 >= len(r) && math.Sqrt(square/float64(len(r)-1)*periods) >= 0.01
}

func last(l Line) string {
	if v := l.Value[len(l.Value)-1]; !math.IsNaN(v) {
		return number(v, 2)
	}
	return "not defined"
}

// Price charts the closes of a symbol's bars in a stretch of time with fills on them.
func Price(symbol string, bars *pitwall.Series, from, to time.Time, marks []Mark) Chart {
	l := Line{Class: "price"}
	if bars == nil {
		bars = &pitwall.Series{}
	}
	l.grow(bars.Len())
	for i := range bars.Len() {
		if from.UnixNano() <= bars.End[i] && bars.End[i] <= to.UnixNano() {
			l.add(bars.Bar(i).End, bars.Close[i].Float())
		}
	}
	bought := 0
	for _, m := range marks {
		if m.Up {
			bought++
		}
	}
	digits := 2
	if n := len(l.Value); n > 0 {
		digits = priceDigits(l.Value[n-1])
	}
	price := func(v float64) string { return number(v, digits) }
	c := Chart{Zone: time.UTC, Panels: []Panel{{Lines: []Line{l}, Marks: marks, Share: 1, Labels: true, Tick: number, Value: price}}}
	if len(l.At) > 0 {
		c.Zone = zoneOf(l.At[0])
		c.Summary = fmt.Sprintf("Price of %s from %s to %s, first %s, last %s, with %d purchases and %d sales.", symbol,
			day(l.At[0]), day(l.At[len(l.At)-1]), price(l.Value[0]), price(l.Value[len(l.Value)-1]), bought, len(marks)-bought)
	}
	return c
}

// priceDigits returns 2, and for a price under 1 enough to show four significant
// figures, at most the eight that prices have.
func priceDigits(v float64) int {
	if v <= 0 || v >= 1 {
		return 2
	}
	return min(8, 3-int(math.Floor(math.Log10(v))))
}

// Compare charts the returns of several runs, each since its own start. There are
// colours for eight.
func Compare(names []string, sheets []*report.Sheet) Chart {
	c := Chart{Zone: time.UTC}
	top := Panel{Share: 1, Zero: true, Labels: true, Tick: percentTick, Value: Return}
	var summary []string
	for i, s := range sheets {
		l := Line{Name: names[i], Class: fmt.Sprintf("c%d", i%8)}
		for _, p := range s.Curve {
			l.add(p.At, p.Equity/s.Run.Cash.Float()-1)
		}
		if len(l.At) == 0 {
			continue
		}
		if len(top.Lines) == 0 {
			c.Zone = zone(s.Curve)
		}
		top.Lines = append(top.Lines, l)
		summary = append(summary, l.Name+": "+ended(l))
	}
	c.Summary = "Returns of the runs: " + strings.Join(summary, "; ") + "."
	c.Panels = []Panel{top}
	return c
}
