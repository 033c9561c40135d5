package optimize

import (
	"errors"
	"fmt"
	"math"
)

var errNotDefinite = errors.New("the covariance is singular: some symbols move as a sum of others, or there are fewer returns than symbols; use shrinkage, more bars or other symbols")

// Problem is what a portfolio may be. Weights are shares of equity.
type Problem struct {
	Symbols []string
	Mean    []float64   // expected returns a year
	Cov     [][]float64 // of returns a year; positive definite
	Lower   []float64   // of each weight; nil = 0
	Upper   []float64   // nil = 1
	Net     float64     // what the weights add up to, that of the hedge not included
	Groups  []Group     // caps of sectors
	Hedge   *Hedge      // nil = none
	Held    []float64   // weights now; nil = 0
	Cost    float64     // of a share of equity that is traded, a year: the turnover penalty
}

// Group bounds the sum of some weights.
type Group struct {
	Name    string
	Members []int
	Cap     float64
}

// Hedge is a leg in one symbol that takes the market out of the others. Its weight is
// bounded by Lower and Upper like any other.
type Hedge struct {
	Symbol int
	Beta   []float64 // of each symbol to it; given, the portfolio's sum is 0
	Net    bool      // the hedge is short what the others add up to
}

// Result is a portfolio.
type Result struct {
	Weights    []float64
	Return     float64 // expected, a year
	Volatility float64 // a year
}

func (p *Problem) lower(i int) float64 { return at(p.Lower, i, 0) }
func (p *Problem) upper(i int) float64 { return at(p.Upper, i, 1) }
func (p *Problem) held(i int) float64  { return at(p.Held, i, 0) }

func at(list []float64, i int, preset float64) float64 {
	if list == nil {
		return preset
	}
	return list[i]
}

// Describe returns the return and the volatility of weights.
func (p *Problem) Describe(w []float64) Result {
	return Result{w, dot(p.Mean, w), math.Sqrt(max(0, dot(w, times(p.Cov, w))))}
}

// Beta returns the betas of all symbols to one, by the covariance.
func (p *Problem) Beta(to int) []float64 {
	out := make([]float64, len(p.Symbols))
	for i := range out {
		out[i] = p.Cov[i][to] / p.Cov[to][to]
	}
	return out
}

// limits are the constraints on the weights. Of two that contradict each other the later
// one is the one that an error names first.
func (p *Problem) limits() []limit {
	n := len(p.Symbols)
	unit := func(i int, v float64) []float64 {
		a := make([]float64, n)
		a[i] = v
		return a
	}
	sum := make([]float64, n)
	for i := range sum {
		sum[i] = 1
	}
	var list []limit
	what := "weights add up to"
	if h := p.Hedge; h != nil {
		sum[h.Symbol] = 0
		what = fmt.Sprintf("weights without %s add up to", p.Symbols[h.Symbol])
		if h.Net {
			all := make([]float64, n)
			for i := range all {
				all[i] = 1
			}
			list = append(list, limit{"net 0 with " + p.Symbols[h.Symbol], all, 0, true})
		}
		if h.Beta != nil {
			list = append(list, limit{"beta 0 to " + p.Symbols[h.Symbol], h.Beta, 0, true})
		}
	}
	list = append(list, limit{fmt.Sprintf("%s %.6g", what, p.Net), sum, p.Net, true})
	for i, s := range p.Symbols {
		list = append(list, limit{fmt.Sprintf("%s at least %.6g", s, p.lower(i)), unit(i, 1), p.lower(i), false},
			limit{fmt.Sprintf("%s at most %.6g", s, p.upper(i)), unit(i, -1), -p.upper(i), false})
	}
	for _, g := range p.Groups {
		a := make([]float64, n)
		for _, i := range g.Members {
			a[i] = -1
		}
		list = append(list, limit{fmt.Sprintf("%s at most %.6g", g.Name, g.Cap), a, -g.Cap, false})
	}
	return list
}

// minimize returns the weights that minimize half the variance less lambda times the
// return, plus scale times the cost of trading. With a cost the program has a second
// variable for each symbol, which is at least the change of the weight either way.
func (p *Problem) minimize(lambda, scale float64, more ...limit) ([]float64, error) {
	n := len(p.Symbols)
	limits := append(p.limits(), more...)
	g := make([]float64, n, 2*n)
	for i, m := range p.Mean {
		g[i] = -float64(lambda * m)
	}
	cost := float64(scale * p.Cost)
	if cost <= 0 {
		x, _, err := solve(p.Cov, g, limits)
		return x, err
	}
	wide := square(2 * n)
	for i := range n {
		copy(wide[i], p.Cov[i])
		wide[n+i][n+i] = 1e-6 * cost // strictly convex; the cost is off by a millionth
		g = append(g, cost)
	}
	for i, l := range limits {
		limits[i].a = append(append(make([]float64, 0, 2*n), l.a...), make([]float64, n)...)
	}
	for i, s := range p.Symbols {
		for _, way := range []float64{1, -1} {
			a := make([]float64, 2*n)
			a[n+i], a[i] = 1, way
			limits = append(limits, limit{"change of " + s, a, way * p.held(i), false})
		}
	}
	x, _, err := solve(wide, g, limits)
	if err != nil {
		return nil, err
	}
	return x[:n:n], nil
}
