package report

import (
	"math"
	"math/rand/v2"
)

// streamPaired tells the draws of paired differences from the others.
const streamPaired = 3

// Pair is the daily returns of two runs over the same days.
type Pair struct{ With, Without []float64 }

// Paired returns the mean difference of total return, With less Without, over pairs of
// runs, and the middle 90 % of it over resamples: blocks of days by the stationary
// bootstrap of Politis and Romano (1994), the same days for both runs of a pair and for
// all pairs, and as many pairs drawn with replacement as there are. The interval is nil
// below 20 days, or where the runs of a pair have other numbers of days.
func Paired(pairs []Pair) (difference float64, middle *Interval) {
	if len(pairs) == 0 {
		return 0, nil
	}
	n := len(pairs[0].With)
	even := n >= fewReturns
	for _, p := range pairs {
		with, _ := compound(p.With)
		without, _ := compound(p.Without)
		difference += (with - without) / float64(len(pairs))
		even = even && len(p.With) == n && len(p.Without) == n
	}
	if !even {
		return difference, nil
	}
	days, path := make([]float64, n), make([]float64, n)
	for i := range days {
		days[i] = float64(i)
	}
	rng := rand.NewPCG(luckSeed, streamPaired)
	choose := rand.New(rng)
	a, b, draws := make([]float64, n), make([]float64, n), make([]float64, resamples)
	for i := range draws {
		drawBlocks(rng, days, path, math.Cbrt(float64(n)))
		for range pairs {
			p := pairs[choose.IntN(len(pairs))]
			for k, day := range path {
				a[k], b[k] = p.With[int(day)], p.Without[int(day)]
			}
			with, _ := compound(a)
			without, _ := compound(b)
			draws[i] += (with - without) / float64(len(pairs))
		}
	}
	return difference, interval(draws)
}

// DailyReturns returns the returns of the run's daily closing equity, the starting cash
// included as the first point.
func (s *Sheet) DailyReturns(cash float64) []float64 {
	return returnsOf(values(cash, s.Daily, equityOf))
}

// MeanInterval returns the mean of independent figures and the middle 90 % of it over
// resamples drawn with replacement (Efron 1979); nil below two figures.
func MeanInterval(of []float64) (float64, *Interval) {
	if len(of) == 0 {
		return 0, nil
	}
	m := mean(of)
	if len(of) < 2 {
		return m, nil
	}
	rng := rand.New(rand.NewPCG(luckSeed, streamPaired))
	draws := make([]float64, resamples)
	for i := range draws {
		for range of {
			draws[i] += of[rng.IntN(len(of))] / float64(len(of))
		}
	}
	return m, interval(draws)
}
