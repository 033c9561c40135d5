package chart

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/plotter"
)

// thin cuts a line into parts without gaps and keeps, of each column of pixels, the
// first of its smallest and of its largest values. The first and last point of a part
// stay.
func thin(l Line, from, to float64, columns int) []plotter.XYs {
	gap := gapOf(l.At)
	var parts []plotter.XYs
	var part, column plotter.XYs
	at, before := -1, math.Inf(1) // column and time of the last point
	flush := func() {
		part = append(part, extremes(column)...)
		column = column[:0]
	}
	for i, t := range l.At {
		x, y := seconds(t), l.Value[i]
		if !finite(y) {
			continue
		}
		if x-before > gap {
			flush()
			parts, part = append(parts, part), nil
		}
		before = x
		if c := int((x - from) / (to - from) * float64(columns)); c != at {
			flush()
			at = c
		}
		if i == len(l.At)-1 {
			flush()
		}
		column = append(column, plotter.XY{X: x, Y: y})
		if i == 0 {
			flush()
		}
	}
	flush()
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// extremes returns the first of the lowest and of the highest points, in order.
func extremes(column plotter.XYs) plotter.XYs {
	if len(column) < 3 {
		return column
	}
	byY := func(a, b plotter.XY) int { return cmp.Compare(a.Y, b.Y) }
	low, high := slices.MinFunc(column, byY), slices.MaxFunc(column, byY)
	switch {
	case low == high:
		return plotter.XYs{low}
	case low.X > high.X:
		low, high = high, low
	}
	return plotter.XYs{low, high}
}

// gapOf returns the seconds without a point that break a line.
func gapOf(at []time.Time) float64 {
	const least = 30 * 24 * 3600
	if len(at) < 3 {
		return math.Inf(1)
	}
	short := 0
	for i := 1; i < len(at); i++ {
		if seconds(at[i])-seconds(at[i-1]) <= least/10 {
			short++
		}
	}
	if short > (len(at)-1)/2 { // most are: 10 times the median is not more
		return least
	}
	steps := make([]float64, 0, len(at)-1)
	for i := 1; i < len(at); i++ {
		steps = append(steps, seconds(at[i])-seconds(at[i-1]))
	}
	slices.Sort(steps)
	return max(least, 10*steps[len(steps)/2])
}

func seconds(t time.Time) float64 { return float64(t.Unix()) }
