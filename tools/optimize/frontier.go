package optimize

import (
	"fmt"
	"math"
)

// MinVariance returns the weights of the least variance. A cost of trading counts against
// half the variance.
func (p *Problem) MinVariance() (Result, error) {
	w, err := p.minimize(0, 1)
	if err != nil {
		return Result{}, err
	}
	return p.Describe(w), nil
}

// TargetReturn returns the weights of the least variance whose return is at least target.
func (p *Problem) TargetReturn(target float64) (Result, error) {
	w, err := p.minimize(0, 1, limit{fmt.Sprintf("a return of at least %.6g", target), p.Mean, target, false})
	if err != nil {
		return Result{}, err
	}
	return p.Describe(w), nil
}

// point is a portfolio of the efficient frontier, with its return after the cost of trading.
type point struct {
	lambda float64
	Result
	gain float64
}

// frontier returns the point at lambda.
func (p *Problem) frontier(lambda float64) (point, error) {
	w, err := p.minimize(lambda, lambda)
	if err != nil {
		return point{}, err
	}
	out := point{lambda: lambda, Result: p.Describe(w)}
	out.gain = out.Return
	for i, x := range w {
		out.gain -= float64(p.Cost * math.Abs(x-p.held(i)))
	}
	return out, nil
}

// MaxVolatility returns the weights of the highest return, after the cost of trading,
// whose volatility is at most most.
func (p *Problem) MaxVolatility(most float64) (Result, error) {
	least, err := p.frontier(0)
	if err != nil {
		return Result{}, err
	}
	if least.Volatility > most*(1+1e-9) {
		return Result{}, &Infeasible{Limit: fmt.Sprintf("a volatility of at most %.6g", most), With: []string{fmt.Sprintf("the others, within which the least is %.6g", least.Volatility)}}
	}
	out, err := p.search(least, func(x point) float64 { return most - x.Volatility })
	return out.Result, err
}

// MaxSharpe returns the weights of the highest ratio of the return above free, after the
// cost of trading, to the volatility. The ratio rises along the frontier as long as the
// squared volatility is above lambda times that return: the derivative of half the squared
// volatility is lambda times that of the return.
func (p *Problem) MaxSharpe(free float64) (Result, error) {
	least, err := p.frontier(0)
	if err != nil {
		return Result{}, err
	}
	out, err := p.search(least, func(x point) float64 {
		return float64(x.Volatility*x.Volatility) - float64(x.lambda*(x.gain-free))
	})
	if err == nil && out.gain <= free {
		err = &Infeasible{Limit: fmt.Sprintf("a return above %.6g, the risk-free rate", free), With: []string{fmt.Sprintf("the others, within which the highest after costs is %.6g", out.gain)}}
	}
	return out.Result, err
}

// search returns the last point of the frontier at which f is not below 0. It multiplies
// lambda until f is, or until nothing but the return counts, and halves the step between.
func (p *Problem) search(low point, f func(point) float64) (point, error) {
	trace := 0.0
	for i := range p.Cov {
		trace += p.Cov[i][i]
	}
	high := low
	for lambda := 1e-6 * trace / float64(len(p.Cov)); high.lambda == low.lambda; lambda *= 4 {
		if lambda > 1e6*trace {
			return low, nil
		}
		next, err := p.frontier(lambda)
		if err != nil {
			return low, err
		}
		if high = next; f(next) >= 0 {
			low = next
		}
	}
	for range 200 {
		middle := low.lambda + (high.lambda-low.lambda)/2
		if middle <= low.lambda || middle >= high.lambda || high.lambda-low.lambda < 1e-13*high.lambda {
			break
		}
		next, err := p.frontier(middle)
		if err != nil {
			return low, err
		}
		if f(next) < 0 {
			high = next
		} else {
			low = next
		}
	}
	return low, nil
}
