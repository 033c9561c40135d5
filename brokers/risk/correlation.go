package risk

import (
	"slices"

	"pitwall"
)

// The limits on how alike symbols move: Pearson's correlation of daily returns, each in
// the direction in which the symbol is held, so that a hedge counts below 0. A symbol
// whose price did not move correlates with nothing.

// correlation limits the order's symbol against all others together, at their weights.
func (t *trial) correlation(limit Measured) {
	held, weights, ok := t.weights(t.after())
	i := slices.Index(held, t.o.Symbol)
	if !ok || i < 0 || len(held) < 2 {
		return
	}
	own, rest := make([]float64, len(held)), slices.Clone(weights)
	own[i], rest[i] = weights[i], 0
	x, ok := t.portfolio(held, own, limit.Days, leastReturns)
	if !ok {
		return
	}
	y, _ := t.portfolio(held, rest, limit.Days, leastReturns)
	if v, ok := t.statistic(pearson(x, y)); ok {
		t.alike(limit, v, len(x), "correlation of "+t.o.Symbol+" with what else is held")
	}
}

// meanCorrelation limits the mean over all pairs of symbols.
func (t *trial) meanCorrelation(limit Measured) {
	if v, pairs, days, ok := t.pairs(t.after(), limit.Days); ok {
		t.alike(limit, v, days, "mean correlation of "+itoa(pairs)+" pairs")
	}
}

// pairs is the mean correlation of all pairs of symbols, how many there are and over how
// many returns. It needs two symbols.
func (t *trial) pairs(orders []pitwall.OrderState, window int) (v pitwall.Dec, pairs, days int, ok bool) {
	held, weights, ok := t.weights(orders)
	if !ok || len(held) < 2 {
		return 0, 0, 0, false
	}
	list := make([][]float64, len(held))
	for i := range held {
		own := make([]float64, len(held))
		own[i] = weights[i]
		if list[i], ok = t.portfolio(held, own, window, leastReturns); !ok {
			return 0, 0, 0, false
		}
	}
	sum := 0.0
	for i := range list {
		for _, other := range list[:i] {
			sum, pairs = sum+pearson(list[i], other), pairs+1
		}
	}
	v, ok = t.statistic(sum / float64(pairs))
	return v, pairs, len(list[0]), ok
}

func (t *trial) alike(limit Measured, v pitwall.Dec, days int, what string) {
	if v > limit.Limit {
		t.fail(Correlation, v.String(), "", "%s would be %v over %d daily returns; limit %v", what, v, days, limit.Limit).Check.Limit = limit.Limit.String()
	}
}

// pearson is the sample correlation of two lists of one length, 0 when one of them is
// constant.
func pearson(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	sum := 0.0
	for i := range x {
		sum += float64((x[i] - mx) * (y[i] - my))
	}
	d := float64(deviation(x) * deviation(y))
	if d == 0 {
		return 0
	}
	return sum / float64(len(x)-1) / d
}
