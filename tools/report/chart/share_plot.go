package chart

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"time"

	"pitwall/tools/report"
)

// curve is a line of the picture: returns over time.
type curve struct {
	name   string
	colour color.NRGBA
	width  float64
	dashes []float64
	at     []time.Time
	value  []float64 // fractions
}

func (c *curve) add(at time.Time, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		c.at, c.value = append(c.at, at), append(c.value, v)
	}
}

// curves are the strategy's line, and before it what it is compared with. Equity
// begins at the starting cash, a price at the first one that is known.
func curves(s *report.Sheet, other comparison) (own curve, rest []curve) {
	points := s.Curve
	if len(points) == 0 {
		points = s.Daily
	}
	own = curve{name: "Strategy", colour: blue, width: 3}
	start := s.Run.Cash.Float()
	if start <= 0 && len(points) > 0 {
		start = points[0].Equity
	}
	passive := curve{name: other.name, colour: grey, width: 2}
	base := 0.0
	for _, p := range points {
		if start > 0 {
			own.add(p.At, p.Equity/start-1)
		}
		v := other.of(p)
		if base == 0 && v > 0 {
			base = v
		}
		if v > 0 && base > 0 {
			passive.add(p.At, v/base-1)
		}
	}
	if len(passive.at) > 0 {
		rest = append(rest, passive)
	}
	return own, rest
}

// frame maps time and return to pixels.
type frame struct {
	from, to  time.Time
	low, high float64
}

func (f frame) x(t time.Time) float64 {
	span := f.to.Sub(f.from).Seconds()
	if span <= 0 {
		return (plotLeft + plotRight) / 2
	}
	return plotLeft + (plotRight-plotLeft)*t.Sub(f.from).Seconds()/span
}

func (f frame) y(v float64) float64 {
	return plotBottom - (plotBottom-plotTop)*(v-f.low)/(f.high-f.low)
}

// pixels maps a curve and thins it: of each column of pixels the first, the lowest,
// the highest and the last point stay, so that no peak is lost.
func (f frame) pixels(c curve) []xy {
	var out, column []xy
	flush := func() {
		if len(column) <= 4 {
			out = append(out, column...)
		} else {
			lowest, highest := 1, 1
			for i := 1; i < len(column)-1; i++ {
				if column[i].y > column[lowest].y {
					lowest = i
				}
				if column[i].y < column[highest].y {
					highest = i
				}
			}
			out = append(out, column[0], column[min(lowest, highest)], column[max(lowest, highest)], column[len(column)-1])
		}
		column = column[:0]
	}
	for i, at := range c.at {
		q := xy{f.x(at), f.y(c.value[i])}
		if len(column) > 0 && math.Floor(column[0].x) != math.Floor(q.x) {
			flush()
		}
		column = append(column, q)
	}
	flush()
	return out
}

func (p *painter) plot(s *report.Sheet, other comparison) {
	own, rest := curves(s, other)
	if len(own.at) == 0 {
		const text = "No equity was recorded yet"
		p.rect(left, plotTop, right, plotBottom, color.NRGBA{0xf6, 0xf7, 0xf9, 0xff})
		p.text((Width-p.width(text, 24, regular))/2, (plotTop+plotBottom)/2+8, text, 24, regular, muted)
		return
	}
	f := fit(own, rest, s.Luck.Random)
	p.grid(f)
	if r := s.Luck.Random; r != nil {
		p.floor(f, r)
	}
	for _, c := range rest {
		p.line(f.pixels(c), c.width, c.colour, c.dashes...)
	}
	line := f.pixels(own)
	p.under(line, f.y(0), shade)
	p.line(line, own.width, own.colour)
	p.dot(line[len(line)-1], 6, paper)
	p.dot(line[len(line)-1], 4.5, own.colour)
	p.names(f, append(rest, own), s.Luck.Random)
}

// fit finds the frame that shows all curves and zero, and of the random floor as
// much as leaves the curves two thirds of the height on each side.
func fit(own curve, rest []curve, r *report.Random) frame {
	f := frame{from: own.at[0], to: own.at[len(own.at)-1]}
	for _, c := range append(slices.Clone(rest), own) {
		f.low, f.high = min(f.low, slices.Min(c.value)), max(f.high, slices.Max(c.value))
	}
	if r != nil && finite(r.Low, r.High) {
		more := (f.high - f.low) / 2
		f.low, f.high = min(f.low, max(r.Low, f.low-more)), max(f.high, min(r.High, f.high+more))
	}
	if f.high-f.low < 0.002 { // nothing moved: a line in the middle of one percent
		f.low, f.high = f.low-0.005, f.high+0.005
	}
	pad := (f.high - f.low) * 0.06
	f.low, f.high = f.low-pad, f.high+pad
	return f
}

func finite(list ...float64) bool {
	for _, v := range list {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// grid draws the axes: few lines, each with what it stands for.
func (p *painter) grid(f frame) {
	step := niceStep((f.high - f.low) / 6)
	for k := math.Ceil(f.low / step); k*step <= f.high; k++ {
		v, c := k*step, faint
		if k == 0 {
			c = zero
		}
		y := math.Round(f.y(v)) + 0.5
		p.line([]xy{{plotLeft, y}, {plotRight, y}}, 1, c)
		label := axisPercent(v, step)
		p.text(plotLeft-12-p.width(label, 14, regular), y+5, label, 14, regular, muted)
	}
	for _, t := range ticks(f.from, f.to) {
		x := math.Round(f.x(t.at)) + 0.5
		p.line([]xy{{x, plotBottom}, {x, plotBottom + 6}}, 1, zero)
		w := p.width(t.label, 14, regular)
		p.text(min(max(x-w/2, plotLeft), plotRight-w), plotBottom+24, t.label, 14, regular, muted)
	}
	p.line([]xy{{plotLeft, plotBottom + 0.5}, {plotRight, plotBottom + 0.5}}, 1, border)
}

// niceStep is the least of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, k := range []float64{1, 2, 5} {
		if k*power >= v {
			return k * power
		}
	}
	return 10 * power
}

func axisPercent(v, step float64) string {
	places := max(0, -int(math.Floor(math.Log10(step*100)+1e-9)))
	text := strconv.FormatFloat(math.Abs(v)*100, 'f', min(places, 6), 64)
	if math.Abs(v) >= 10 {
		text = grouped(int(math.Round(math.Abs(v) * 100)))
	}
	switch {
	case math.Abs(v) < step/2:
		return "0 %"
	case v < 0:
		return "−" + text + " %"
	}
	return "+" + text + " %"
}

// floor draws beside the end of the curves where nine of ten random traders ended,
// and their median; an arrow where that is outside of the frame.
func (p *painter) floor(f frame, r *report.Random) {
	if !finite(r.Low, r.High, r.Median) {
		return
	}
	const x, wide = plotRight + 15, 8
	low, high := min(f.y(r.Low), plotBottom), max(f.y(r.High), plotTop)
	if low-high < 2 {
		low, high = low+1, high-1
	}
	p.rect(x, high, x+wide, low, band)
	for _, end := range []struct {
		out     bool
		y, tail float64
	}{{f.y(r.High) < plotTop, plotTop, 5}, {f.y(r.Low) > plotBottom, plotBottom, -5}} {
		if end.out {
			p.line([]xy{{x, end.y + end.tail}, {x + wide/2, end.y}, {x + wide, end.y + end.tail}}, 1.5, amber)
		}
	}
	if y := f.y(r.Median); y > plotTop && y < plotBottom {
		p.line([]xy{{x - 2, y}, {x + wide + 2, y}}, 2.5, amber)
	}
}
