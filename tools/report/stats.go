package report

import (
	"math"
	"slices"
)

// FewPeriods is the number of returns below which a yearly figure means little.
const FewPeriods = 30

// returnsOf returns the returns of an equity curve that begins with the starting
// value. What comes after a value of zero or less has no return, so the list ends
// with the one that lost all. It ends before a value that is no number.
func returnsOf(values []float64) []float64 {
	var r []float64
	for i := 1; i < len(values); i++ {
		x := values[i]/values[i-1] - 1
		if !(values[i-1] > 0) || math.IsNaN(x) || math.IsInf(x, 0) {
			break
		}
		r = append(r, x)
	}
	return r
}

// figures computes the numbers of an equity curve: the starting value and then one
// value a period, `periods` of them a year. The dates of Stats are the caller's
// (drawdownSpan).
//
// Total return, drawdown, ulcer and days under water are of the whole curve; all
// else is of returnsOf. Without a return every figure is nil. With one return there
// are total return, drawdown, best, worst, win rate, profit factor, payoff and omega;
// the others need two. A figure that divides by zero is nil: Sharpe without variance,
// Sortino, omega, profit factor and payoff without a losing day, Calmar without a
// drawdown, the tail ratio when the 5th percentile is 0. A total loss (a value of
// zero or less) has a CAGR of -1.
func figures(values []float64, periods float64) Stats {
	r := returnsOf(values)
	s := Stats{Days: len(r), PeriodsAYear: periods, FewForYearly: len(r) < FewPeriods}
	if len(r) == 0 {
		return s
	}
	s.TotalReturn = finite(values[len(values)-1]/values[0] - 1)
	s.MaxDrawdown = finite(MaxDrawdown(values))
	s.UnderWater = underWater(values)
	s.CAGR = cagr(values, periods)
	s.Calmar = quotient(s.CAGR, s.MaxDrawdown)
	days := trading(r)
	s.ProfitFactor, s.Omega = days.ProfitFactor, days.ProfitFactor
	s.Payoff = quotient(days.AverageWin, days.AverageLoss)
	s.WinRate = finite(float64(days.Won) / float64(days.Won+days.Lost))
	sorted := slices.Sorted(slices.Values(r))
	s.Worst, s.Best = finite(sorted[0]), finite(sorted[len(sorted)-1])
	if len(r) < 2 {
		return s
	}
	down := downside(r)
	s.Ulcer = ulcer(values)
	s.Volatility = finite(deviation(r) * math.Sqrt(periods))
	s.Sharpe = Sharpe(r, periods)
	s.DownsideDev = finite(down * math.Sqrt(periods))
	s.Sortino = finite(mean(r) * math.Sqrt(periods) / down)
	s.TailRatio = finite(math.Abs(percentile(sorted, 0.95)) / math.Abs(percentile(sorted, 0.05)))
	s.VaR95 = finite(percentile(sorted, 0.05))
	s.VaR95Normal = finite(mean(r) + float64(normalQuantile(0.05)*deviation(r)))
	s.ES95 = expectedShortfall(sorted)
	skew, kurtosis := shape(r)
	s.Skew, s.Kurtosis = finite(skew), finite(kurtosis)
	return s
}

// quotient returns a / |b|; nil when either is.
func quotient(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	return finite(*a / math.Abs(*b))
}

// cagr returns (last/first)^(periods/n) - 1 with n counted in periods, not in
// calendar days, and -1 for a total loss; nil below two returns.
func cagr(values []float64, periods float64) *float64 {
	if slices.ContainsFunc(values, func(v float64) bool { return v <= 0 }) {
		return new(-1.0)
	}
	n := len(values) - 1
	if n < 2 {
		return nil
	}
	return finite(math.Pow(values[n]/values[0], periods/float64(n)) - 1)
}

// downside returns sqrt(mean(min(r, 0)^2)), with all n returns in the mean.
func downside(r []float64) float64 {
	total := 0.0
	for _, x := range r {
		if x < 0 {
			total += float64(x * x)
		}
	}
	return math.Sqrt(total / float64(len(r)))
}

// expectedShortfall returns the mean of the floor((n-1)*0.05)+1 lowest returns.
func expectedShortfall(sorted []float64) *float64 {
	return finite(mean(sorted[:(len(sorted)-1)/20+1]))
}

// ulcer returns sqrt(sum(drawdown^2)/(n-1)) over the n values after the first, nil
// below two. The first value counts as a peak.
func ulcer(values []float64) *float64 {
	n := len(values) - 1
	if n < 2 {
		return nil
	}
	total, peak := 0.0, values[0]
	for _, v := range values[1:] {
		peak = max(peak, v)
		fall := v/peak - 1
		total += float64(fall * fall)
	}
	return finite(math.Sqrt(total / float64(n-1)))
}

// underWater returns the length of the longest run of values below the peak so far.
func underWater(values []float64) int {
	longest, now, peak := 0, 0, math.Inf(-1)
	for _, v := range values {
		if now++; v >= peak {
			now, peak = 0, v
		}
		longest = max(longest, now)
	}
	return longest
}

// drawdownSpan returns the indexes of the largest drawdown's peak (the last value
// at that height), of its trough (the first value so low) and of the first value
// after it that is back at the peak, -1 when there is none. A curve that never
// falls gives peak = trough = 0 and -1.
func drawdownSpan(values []float64) (peak, trough, recovered int) {
	worst, top := 0.0, 0
	for i, v := range values {
		if v >= values[top] {
			top = i
		}
		if fall := v/values[top] - 1; fall < worst {
			worst, peak, trough = fall, top, i
		}
	}
	for i := trough + 1; i < len(values) && trough > peak; i++ {
		if values[i] >= values[peak] {
			return peak, trough, i
		}
	}
	return peak, trough, -1
}
