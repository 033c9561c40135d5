package report

import (
	"math"
	"slices"
)

// relative compares returns with a benchmark's over the same periods, pair by pair
// from the first; the rest of the longer list is left out. All is nil below two
// pairs, beta, both alphas and the correlation when the benchmark never moves, the
// information ratio when the two differ by the same in every period. Against and
// Excess are the caller's.
func relative(r, b []float64, periods float64) Relative {
	n := min(len(r), len(b))
	if n < 2 {
		return Relative{}
	}
	r, b = r[:n], b[:n]
	var v Relative
	active := make([]float64, n)
	together, meanR, meanB := 0.0, mean(r), mean(b)
	for i := range r {
		active[i] = r[i] - b[i]
		together += float64((r[i] - meanR) * (b[i] - meanB))
	}
	tracking := deviation(active)
	v.TrackingError = finite(tracking * math.Sqrt(periods))
	if tracking != 0 {
		v.InformationRatio = finite(mean(active) / tracking)
	}
	squaresR, squaresB := squares(r, meanR), squares(b, meanB)
	if squaresB == 0 {
		return v
	}
	beta := together / squaresB
	v.Beta = finite(beta)
	if squaresR != 0 {
		v.Correlation = finite(together / (math.Sqrt(squaresR) * math.Sqrt(squaresB)))
	}
	v.Alpha = finite((meanR - float64(beta*meanB)) * periods)
	for i := range r {
		active[i] = r[i] - float64(beta*b[i])
	}
	v.AlphaCompound = finite(math.Pow(1+mean(active), periods) - 1)
	return v
}

// trading computes the figures of closed trades from their profits. A trade at zero
// is neither won nor lost, and counts in Closed. The profit factor is nil without a
// losing trade, an average without a trade of its kind. Open is the caller's.
func trading(profits []float64) Trading {
	t := Trading{Closed: len(profits)}
	var won, lost []float64
	for _, p := range profits {
		switch {
		case p > 0:
			won = append(won, p)
		case p < 0:
			lost = append(lost, p)
		}
	}
	t.Won, t.Lost = len(won), len(lost)
	if t.Closed == 0 {
		return t
	}
	t.WinRate = finite(float64(t.Won) / float64(t.Closed))
	t.Expectancy = finite(mean(profits))
	if t.Won > 0 {
		t.AverageWin, t.Largest = finite(mean(won)), finite(slices.Max(won))
	}
	if t.Lost > 0 {
		t.AverageLoss, t.Smallest = finite(mean(lost)), finite(slices.Min(lost))
		t.ProfitFactor = finite(sum(won) / math.Abs(sum(lost)))
	}
	return t
}

// turnover returns the mean of a day's traded value over that day's equity. A day
// with an equity of zero or less is left out; nil without a day.
func turnover(traded, equity []float64) *float64 {
	var shares []float64
	for i := range min(len(traded), len(equity)) {
		if equity[i] > 0 {
			shares = append(shares, traded[i]/equity[i])
		}
	}
	return finite(mean(shares))
}

// exposure returns the share of steps with a position, nil without a step.
func exposure(held []bool) *float64 {
	count := 0
	for _, h := range held {
		if h {
			count++
		}
	}
	return finite(float64(count) / float64(len(held)))
}
