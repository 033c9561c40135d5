package tools

import (
	"math"
	"slices"
)

// calcHigh is the highest high of n bars, this one included.
func calcHigh(c columns, p []int, _ []float64) [][]float64 {
	return one(c.windows(p[0], func(first, end int) float64 { return slices.Max(c.high[first:end]) }))
}

// calcLow is the lowest low of n bars, this one included.
func calcLow(c columns, p []int, _ []float64) [][]float64 {
	return one(c.windows(p[0], func(first, end int) float64 { return slices.Min(c.low[first:end]) }))
}

// calcReturn is close / the close n bars before - 1, a fraction. There is no value
// where the earlier close is not above 0.
func calcReturn(c columns, p []int, _ []float64) [][]float64 {
	return one(c.windows(p[0]+1, func(first, end int) float64 {
		if c.close[first] <= 0 {
			return math.NaN()
		}
		return c.close[end-1]/c.close[first] - 1
	}))
}

// calcVolumeRatio is a bar's volume / the mean volume of the n bars before it. There
// is no value where a volume is missing or the mean is 0.
func calcVolumeRatio(c columns, p []int, _ []float64) [][]float64 {
	return one(c.windows(p[0]+1, func(first, end int) float64 {
		if c.volume[end-1] < 0 {
			return math.NaN()
		}
		return float64(c.volume[end-1]*float64(p[0])) / c.traded(first, end-1)
	}))
}

// traded is the volume of some bars, NaN where one is missing or none was traded.
func (c columns) traded(first, end int) float64 {
	sum := 0.0
	for _, v := range c.volume[first:end] {
		if v < 0 {
			return math.NaN()
		}
		sum += v
	}
	if sum == 0 {
		return math.NaN()
	}
	return sum
}

// windows computes a value of each n bars of which the last is wanted, NaN before.
func (c columns) windows(n int, f func(first, end int) float64) []float64 {
	out := make([]float64, len(c.close))
	for i := range out {
		if out[i] = math.NaN(); i >= max(c.from, n-1) {
			out[i] = f(i-n+1, i+1)
		}
	}
	return out
}

// profileBins is how many steps of price a volume profile has, profileShare the part of
// volume in its value area.
const (
	profileBins  = 24
	profileShare = 0.7
)

// calcVolumeProfile is the price at which most was traded in n bars (the point of
// control) and the value area around it, after Steidlmayer's Market Profile (Chicago
// Board of Trade, 1985), by volume. The range from the lowest low to the highest high
// is cut into 24 equal bins; a bar's volume is spread evenly from its low to its high.
// The value area grows from the fullest bin by the fuller neighbor, the lower one of
// two alike, until it holds 70 % of volume. The first value is the middle of the
// fullest bin, the lowest of several alike.
func calcVolumeProfile(c columns, p []int, _ []float64) [][]float64 {
	poc, low, high := make([]float64, len(c.close)), make([]float64, len(c.close)), make([]float64, len(c.close))
	for i := range poc {
		if poc[i], low[i], high[i] = math.NaN(), math.NaN(), math.NaN(); i >= max(c.from, p[0]-1) {
			poc[i], low[i], high[i] = c.profile(i-p[0]+1, i+1)
		}
	}
	return [][]float64{poc, low, high}
}

func (c columns) profile(first, end int) (poc, low, high float64) {
	total := c.traded(first, end)
	if math.IsNaN(total) {
		return total, total, total
	}
	bottom, top := slices.Min(c.low[first:end]), slices.Max(c.high[first:end])
	step := (top - bottom) / profileBins
	if step <= 0 {
		return bottom, bottom, bottom
	}
	edge := func(k int) float64 { return bottom + float64(step*float64(k)) }
	var bins [profileBins]float64
	for i := first; i < end; i++ {
		from := min(profileBins-1, int((c.low[i]-bottom)/step))
		if c.high[i] == c.low[i] {
			bins[from] += c.volume[i]
			continue
		}
		for k := from; k < profileBins && edge(k) < c.high[i]; k++ {
			inside := max(0, min(c.high[i], edge(k+1))-max(c.low[i], edge(k)))
			bins[k] += float64(c.volume[i] * inside / (c.high[i] - c.low[i]))
		}
	}
	full := 0
	for k, v := range bins {
		if v > bins[full] {
			full = k
		}
	}
	from, to, held := full, full, bins[full]
	for held < float64(profileShare*total) && (from > 0 || to < profileBins-1) {
		if to == profileBins-1 || from > 0 && bins[from-1] >= bins[to+1] {
			from--
			held += bins[from]
		} else {
			to++
			held += bins[to]
		}
	}
	return edge(full) + step/2, edge(from), edge(to + 1)
}
