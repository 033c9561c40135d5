package risk

import (
	"slices"

	"pitwall"
)

const (
	defaultTail = 250
	leastTail   = 60 // 5 % of fewer is no tail
)

// The limits on a bad day. Both are historical: the portfolio as it would be, at the
// weights of now, over each of the last days that all its symbols have. Nothing is
// scaled or fitted. A day's return is the sum of weight x (close / close before - 1).
// With n returns x1 <= x2 <= ... and k = floor(n/20):
//
//	VaR 95 = -x(k+1)
//	ES 95  = -(20 (x1 + ... + xk) + (n - 20 k) x(k+1)) / n
//
// ES is the estimator of Acerbi and Tasche, "On the coherence of expected shortfall",
// Journal of Banking & Finance 26 (2002), definition 3.2 and proposition 4.1 at 5 %: the part of a day that
// completes 5 % counts with its share. VaR is minus the upper quantile of the same paper.
// Additions run in order of size, so that the digits are the same everywhere.

func (t *trial) valueAtRisk(limit Measured) { t.tail(limit, "value at risk", valueAtRisk) }

func (t *trial) shortfall(limit Measured) { t.tail(limit, "expected shortfall", shortfall) }

// tail limits a figure of the worst days in percent of equity.
func (t *trial) tail(limit Measured, name string, of func(sorted []float64) float64) {
	if v, n, ok := t.badDay(t.after(), limit.Days, of); ok && v > limit.Limit {
		f := t.fail(VaRES, v.String(), "%", "1-day 95 %% %s would be %v %% of equity %v (historical, %d observations); limit %v %%", name, v, t.s.Account.Equity, n, limit.Limit)
		f.Check.Limit = limit.Limit.String()
	}
}

// badDay is a figure of the worst days in percent of equity, and of how many returns. Nothing
// held loses nothing.
func (t *trial) badDay(orders []pitwall.OrderState, days int, of func(sorted []float64) float64) (v pitwall.Dec, n int, ok bool) {
	held, weights, ok := t.weights(orders)
	if !ok || len(held) == 0 {
		return 0, 0, ok
	}
	returns, ok := t.portfolio(held, weights, days, leastTail)
	if !ok {
		return 0, 0, false
	}
	slices.Sort(returns)
	v, ok = t.statistic(of(returns) * 100)
	return v, len(returns), ok
}

func valueAtRisk(sorted []float64) float64 { return -sorted[len(sorted)/20] }

func shortfall(sorted []float64) float64 {
	n := len(sorted)
	k, sum := n/20, 0.0
	for _, x := range sorted[:k] {
		sum += x
	}
	return -float64(20*sum+float64(float64(n-20*k)*sorted[k])) / float64(n)
}
