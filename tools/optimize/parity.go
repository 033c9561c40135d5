package optimize

import (
	"errors"
	"math"
)

// RiskParity returns the weights above 0 that each have the same part in the variance:
// those that minimize half the variance less the sum of their logarithms, scaled to Net.
// One weight after the other is set to its best, as in Griveau-Billion, Richard and
// Roncalli, "A fast algorithm for computing high-dimensional risk parity portfolios"
// (2013). Equal parts leave no room for bounds, caps or a hedge.
func (p *Problem) RiskParity() (Result, error) {
	if err := p.free("risk parity"); err != nil {
		return Result{}, err
	}
	if _, ok := cholesky(p.Cov); !ok {
		return Result{}, errNotDefinite
	}
	n := len(p.Symbols)
	w := make([]float64, n)
	for i := range w {
		w[i] = 1 / math.Sqrt(p.Cov[i][i])
	}
	part := 1 / float64(n)
	for range 10_000 {
		most := 0.0
		for i := range w {
			own := p.Cov[i][i]
			others := dot(p.Cov[i], w) - float64(own*w[i])
			next := (math.Sqrt(float64(others*others)+float64(4*own*part)) - others) / (2 * own)
			most = max(most, math.Abs(next/w[i]-1))
			w[i] = next
		}
		if most < 1e-12 {
			return p.scaled(w), nil
		}
	}
	return Result{}, errors.New("no equal parts of risk after 10,000 rounds")
}

// free refuses limits that a method has no room for.
func (p *Problem) free(method string) error {
	for i := range p.Symbols {
		if p.lower(i) > 0 || p.upper(i) < p.Net {
			return errors.New(method + " takes no bounds: the risks decide every weight")
		}
	}
	if len(p.Groups) > 0 || p.Hedge != nil || p.Cost > 0 {
		return errors.New(method + " takes no caps of sectors, hedge or turnover penalty: the risks decide every weight")
	}
	return nil
}

// scaled makes weights add up to Net.
func (p *Problem) scaled(w []float64) Result {
	sum := 0.0
	for _, x := range w {
		sum += x
	}
	for i := range w {
		w[i] = w[i] / sum * p.Net
	}
	return p.Describe(w)
}
