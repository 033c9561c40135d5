package optimize

import (
	"math"
	"slices"
)

// HierarchicalRiskParity returns the weights of M. López de Prado, "Building diversified
// portfolios that outperform out of sample", Journal of Portfolio Management 42 (2016):
// symbols are put in the order of a tree of their correlations, by single linkage, and
// each half of that order gets a part against the variance of the other. It needs no
// inverse, so the covariance may be singular; expected returns do not count.
func (p *Problem) HierarchicalRiskParity() (Result, error) {
	if err := p.free("hierarchical risk parity"); err != nil {
		return Result{}, err
	}
	w := make([]float64, len(p.Symbols))
	for i := range w {
		w[i] = 1
	}
	p.halve(w, p.tree())
	return p.scaled(w), nil
}

// tree returns the symbols in the order of their tree's leaves. Of two branches that join,
// the one that was made first comes first; symbols were before any branch.
func (p *Problem) tree() []int {
	var list [][]int // branches in the order in which they were made
	for i := range p.Symbols {
		list = append(list, []int{i})
	}
	far := func(a, b []int) float64 {
		least := math.Inf(1)
		for _, i := range a {
			for _, j := range b {
				correlation := p.Cov[i][j] / math.Sqrt(float64(p.Cov[i][i]*p.Cov[j][j]))
				least = min(least, math.Sqrt(max(0, (1-correlation)/2)))
			}
		}
		return least
	}
	for len(list) > 1 {
		a, b, nearest := 0, 1, math.Inf(1)
		for i := range list {
			for j := i + 1; j < len(list); j++ {
				if d := far(list[i], list[j]); d < nearest {
					a, b, nearest = i, j, d
				}
			}
		}
		joined := slices.Concat(list[a], list[b])
		list = append(slices.Delete(slices.Delete(list, b, b+1), a, a+1), joined)
	}
	return list[0]
}

// halve shares the weight of an order of symbols among its halves, and theirs in turn.
func (p *Problem) halve(w []float64, order []int) {
	if len(order) < 2 {
		return
	}
	left, right := order[:len(order)/2], order[len(order)/2:]
	a, b := p.spread(left), p.spread(right)
	part := 1 - a/(a+b)
	for _, i := range left {
		w[i] *= part
	}
	for _, i := range right {
		w[i] *= 1 - part
	}
	p.halve(w, left)
	p.halve(w, right)
}

// spread is the variance of some symbols, each weighted by the inverse of its own.
func (p *Problem) spread(of []int) float64 {
	sum := 0.0
	for _, i := range of {
		sum += 1 / p.Cov[i][i]
	}
	total := 0.0
	for _, i := range of {
		for _, j := range of {
			total += float64(p.Cov[i][j] / (p.Cov[i][i] * p.Cov[j][j]))
		}
	}
	return total / (sum * sum)
}
