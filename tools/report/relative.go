package report

import (
	"math"
	"slices"
	"time"

	"pitwall"
	"pitwall/cache/runs"
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
		v.InformationRatio = finite(mean(active) / tracking * math.Sqrt(periods))
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

// relative compares the run with its benchmark over intervals that both have: between
// days on which each has a price. The first begins with the run, as the curves do, when
// the benchmark trades on its first day; with a benchmark that starts late, with its first price.
func (r *Run) relative(s *Sheet) Relative {
	pairs := r.paired(s.Daily[priced(s.Daily):])
	mine, other := make([]float64, 0, len(pairs)+1), make([]float64, 0, len(pairs)+1)
	if len(pairs) > 0 && pairs[0].At.Equal(s.Daily[0].At) && s.Curve[0].Benchmark > 0 {
		mine = append(mine, r.Manifest.Cash.Float())
		other = append(other, pairs[0].Benchmark*s.Curve[0].Benchmark/s.Daily[0].Benchmark)
	}
	for _, p := range pairs {
		mine, other = append(mine, p.Equity), append(other, p.Benchmark)
	}
	return relative(returnsOf(mine), returnsOf(other), periods(pairs))
}

// paired returns the days on which the benchmark has a price, too, with its worth. Where
// some day's close is known only after the run's step (SPY's is at 16:00, BTC's at midnight
// of UTC) the worth is that at the closes, not the last one known. Without the benchmark's
// bars it returns all days.
func (r *Run) paired(daily []Point) (list []Point) {
	bars := between(r.Bars[r.Manifest.Benchmark], daily[0].At.AddDate(0, 0, -1), daily[len(daily)-1].At.AddDate(0, 0, 2))
	if bars.Len() == 0 {
		return daily
	}
	type closing struct {
		worth float64
		known time.Time
	}
	held, days := pitwall.NewBuyAndHold(pitwall.Int(1_000_000), 0, r.Actions(r.Manifest.Benchmark)), map[string]closing{}
	held.Reinvest = r.Manifest.Account.Reinvest
	next := 0
	for _, end := range periodEnds(bars.Len(), time.DateOnly, func(i int) time.Time { return bars.Bar(i).End }) {
		for ; next < end; next++ {
			held.Advance(time.Unix(0, bars.Start[next]), bars.Close[next])
		}
		b := bars.Bar(end - 1)
		days[runs.DateOf(b.End)] = closing{held.Value().Float(), b.Known}
	}
	late := false
	for _, p := range daily {
		if c, ok := days[runs.DateOf(p.At)]; ok {
			list, late = append(list, p), late || c.known.After(p.At)
		}
	}
	for i := range list {
		if late {
			list[i].Benchmark = days[runs.DateOf(list[i].At)].worth
		}
	}
	return list
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
