package optimize

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// random is a problem that has a solution: its limits are drawn around weights that
// satisfy them all, some of them exactly.
func random(r *rand.Rand) *Problem {
	n := 2 + r.IntN(9)
	p := &Problem{Net: 1}
	load := square(n)
	for i := range n {
		p.Symbols = append(p.Symbols, string(rune('A'+i)))
		p.Mean = append(p.Mean, 0.3*r.NormFloat64())
		for j := range n {
			load[i][j] = r.NormFloat64() * math.Pow(10, -2*r.Float64())
		}
	}
	p.Cov = square(n)
	for i := range n {
		for j := range n {
			p.Cov[i][j] = dot(load[i], load[j]) / float64(n)
		}
		p.Cov[i][i] *= 1.0001
	}
	w := make([]float64, n)
	sum := 0.0
	for i := range w {
		w[i] = r.Float64()
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	if r.IntN(3) == 0 { // a hedge in the last symbol
		last := n - 1
		p.Hedge = &Hedge{Symbol: last, Net: r.IntN(2) == 0}
		p.Net = 1 - w[last]
		w[last] = -p.Net
		if !p.Hedge.Net {
			p.Hedge.Beta = p.Beta(last)
			w[last] = -dot(p.Hedge.Beta[:last], w[:last])
		}
	}
	for i := range w {
		room := 0.3 * r.Float64() * float64(r.IntN(4))
		p.Lower, p.Upper = append(p.Lower, w[i]-room), append(p.Upper, w[i]+0.3*r.Float64()*float64(r.IntN(4)))
		p.Held = append(p.Held, w[i]+0.1*r.NormFloat64())
	}
	for range r.IntN(3) {
		g := Group{Name: "group", Cap: 0.1 * float64(r.IntN(3))}
		for i := range w {
			if r.IntN(2) == 0 {
				g.Members, g.Cap = append(g.Members, i), g.Cap+w[i]
			}
		}
		p.Groups = append(p.Groups, g)
	}
	if r.IntN(3) == 0 {
		p.Cost = 0.02 * r.Float64()
	}
	return p
}

// optimality returns by how much a solution misses the conditions of Karush, Kuhn and
// Tucker: the gradient is a sum of the limits' normals, each with a multiplier that is
// not below 0 and is 0 where there is room.
func optimality(g2 [][]float64, g []float64, limits []limit, x, u []float64) (worst float64) {
	gradient := times(g2, x)
	scale := 1.0
	for i := range g {
		gradient[i] += g[i]
		scale = max(scale, math.Abs(gradient[i]))
	}
	for k, l := range limits {
		for i, a := range l.a {
			gradient[i] -= u[k] * a
		}
		room := dot(l.a, x) - l.b
		switch {
		case l.equal:
			worst = max(worst, math.Abs(room))
		default:
			worst = max(worst, -room, -u[k]/scale, math.Abs(u[k]*room)/scale)
		}
	}
	for _, v := range gradient {
		worst = max(worst, math.Abs(v)/scale)
	}
	return worst
}

func TestOptimality(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 1))
	worst, active := 0.0, 0
	for k := range 10_000 {
		p := random(r)
		lambda := math.Pow(10, 3*r.Float64()-2)
		g := make([]float64, len(p.Mean))
		for i, m := range p.Mean {
			g[i] = -lambda * m
		}
		limits := p.limits()
		x, u, err := solve(p.Cov, g, limits)
		require.NoError(t, err, "problem %d: %+v", k, p)
		off := optimality(p.Cov, g, limits, x, u)
		require.Less(t, off, 1e-7, "problem %d: %+v", k, p)
		worst = max(worst, off)
		for i := range u {
			if u[i] > 1e-6 && !limits[i].equal {
				active++
			}
		}
	}
	require.Greater(t, active, 10_000, "limits bind")
	t.Logf("10,000 problems, %d limits bind, conditions missed by at most %.1e", active, worst)
}

// A limit that is taken for the other side is seen by the conditions.
func TestOptimalityIsMissed(t *testing.T) {
	p := random(rand.New(rand.NewPCG(20, 2)))
	g := make([]float64, len(p.Mean))
	x, u, err := solve(p.Cov, g, p.limits())
	require.NoError(t, err)
	x[0] += 1e-5
	require.Greater(t, optimality(p.Cov, g, p.limits(), x, u), 1e-7)
	limits := append(p.limits(), limit{"planted", times(p.Cov, x), dot(x, times(p.Cov, x)) + 0.01, false})
	require.Greater(t, optimality(p.Cov, g, limits, x, append(u, 0)), 1e-7)
}

// No weights between the answer and any others that are allowed are better: the problems
// are convex, or have one peak.
func TestNothingIsBetter(t *testing.T) {
	problems := 150
	if n, err := strconv.Atoi(os.Getenv("PITWALL_PROBLEMS")); err == nil {
		problems = n
	} else if os.Getenv("PITWALL_LONG") != "" {
		problems = 500
	}
	r := rand.New(rand.NewPCG(20, 3))
	asked := map[string]int{}
	for k := range problems {
		p := random(r)
		cost := func(w []float64) (sum float64) {
			for i := range w {
				sum += p.Cost * math.Abs(w[i]-p.held(i))
			}
			return sum
		}
		least, err := p.frontier(0)
		require.NoError(t, err)
		top, err := p.frontier(1e5)
		require.NoError(t, err)
		part := r.Float64()
		target := part*least.Return + (1-part)*top.Return
		most := part*least.Volatility + (1-part)*top.Volatility
		allowed := most // or what rounding made of it
		for name, m := range map[string]struct {
			solve func() (Result, error)
			score func(x Result) float64 // the higher the better; -Inf = not allowed
		}{
			"min variance": {p.MinVariance, func(x Result) float64 { return -x.Volatility*x.Volatility/2 - cost(x.Weights) }},
			"max sharpe":   {func() (Result, error) { return p.MaxSharpe(0.01) }, func(x Result) float64 { return (x.Return - cost(x.Weights) - 0.01) / x.Volatility }},
			"target return": {func() (Result, error) { return p.TargetReturn(target) }, func(x Result) float64 {
				if x.Return < target-1e-9 {
					return math.Inf(-1)
				}
				return -x.Volatility*x.Volatility/2 - cost(x.Weights)
			}},
			"max volatility": {func() (Result, error) { return p.MaxVolatility(most) }, func(x Result) float64 {
				if x.Volatility > allowed {
					return math.Inf(-1)
				}
				return x.Return - cost(x.Weights)
			}},
		} {
			got, err := m.solve()
			if e := (*Infeasible)(nil); errors.As(err, &e) {
				require.Equal(t, "max sharpe", name, "problem %d: %v", k, err)
				require.LessOrEqual(t, top.gain, 0.01+1e-6)
				continue
			}
			require.NoError(t, err, "problem %d: %s %+v", k, name, p)
			asked[name]++
			if name == "max volatility" {
				require.LessOrEqual(t, got.Volatility, most+1e-8)
				allowed = max(most, got.Volatility)
			}
			score := m.score(got)
			for range 4 {
				q := *p
				q.Cost, q.Mean = 0, make([]float64, len(p.Mean))
				for i := range q.Mean {
					q.Mean[i] = r.NormFloat64()
				}
				other, err := q.minimize(math.Pow(10, 3*r.Float64()-2), 0)
				require.NoError(t, err)
				for _, step := range []float64{1e-4, 1e-2, 1} {
					mixed := make([]float64, len(other))
					for i := range mixed {
						mixed[i] = got.Weights[i] + step*(other[i]-got.Weights[i])
					}
					require.LessOrEqual(t, m.score(p.Describe(mixed)), score+1e-6*max(1, math.Abs(score)), "problem %d: %s at %v: %+v", k, name, step, p)
				}
			}
		}
	}
	t.Log(asked)
}

// Limits that contradict each other are named, and those that are named do contradict.
func TestInfeasible(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 4))
	for k := range 2000 {
		p := random(r)
		switch k % 3 {
		case 0:
			p.Groups = append(p.Groups, Group{"everything", []int{}, -0.5})
			for i := range p.Symbols {
				if p.Hedge == nil || i != p.Hedge.Symbol {
					p.Groups[len(p.Groups)-1].Members = append(p.Groups[len(p.Groups)-1].Members, i)
				}
			}
		case 1:
			p.Lower[0] = p.Upper[0] + 0.1
		case 2:
			for i := range p.Upper {
				if p.Hedge == nil || i != p.Hedge.Symbol {
					p.Upper[i] = (p.Net - 0.01) / float64(len(p.Upper))
					p.Lower[i] = min(p.Lower[i], p.Upper[i])
				}
			}
		}
		_, err := p.MinVariance()
		var e *Infeasible
		require.ErrorAs(t, err, &e, "problem %d", k)
		var few []limit
		for _, l := range p.limits() {
			if l.name == e.Limit {
				few = append(few, l)
				continue
			}
			for _, w := range e.With {
				if l.name == w {
					few = append(few, l)
					break
				}
			}
		}
		_, _, err = solve(p.Cov, make([]float64, len(p.Mean)), few)
		require.ErrorAs(t, err, &e, "problem %d: %v", k, few)
	}
	p := Problem{Symbols: []string{"AAPL", "XOM"}, Mean: []float64{0.1, 0.2}, Cov: [][]float64{{0.04, 0}, {0, 0.09}}, Net: 1, Upper: []float64{0.4, 0.5}}
	_, err := p.MinVariance()
	require.EqualError(t, err, "no weights satisfy: XOM at most 0.5; together with: weights add up to 1, AAPL at most 0.4")
	p.Upper = nil
	p.Groups = []Group{{"sector Energy", []int{1}, 0.1}}
	_, err = p.TargetReturn(0.15)
	require.EqualError(t, err, "no weights satisfy: a return of at least 0.15; together with: weights add up to 1, sector Energy at most 0.1")
	p.Groups = nil
	_, err = p.MaxVolatility(0.1)
	require.EqualError(t, err, "no weights satisfy: a volatility of at most 0.1; together with: the others, within which the least is 0.16641")
	_, err = p.MaxSharpe(0.3)
	require.EqualError(t, err, "no weights satisfy: a return above 0.3, the risk-free rate; together with: the others, within which the highest after costs is 0.2")
}
