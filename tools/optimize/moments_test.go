package optimize_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/optimize"
)

// By hand: closes 100, 110, 99 give returns 0.1 and -0.1; 50, 50, 60 give 0 and 0.2, which
// are -0.1 and 0.1 less their mean.
func TestMoments(t *testing.T) {
	returns := optimize.Returns([][]float64{{100, 110, 99}, {50, 50, 60}})
	require.InDeltaSlice(t, []float64{0.1, 0}, returns[0], 1e-15)
	require.InDeltaSlice(t, []float64{-0.1, 0.2}, returns[1], 1e-15)
	mean, cov := optimize.Moments(returns, 252)
	require.InDeltaSlice(t, []float64{0, 25.2}, mean, 1e-12)
	require.InDeltaSlice(t, []float64{0.02 * 252, -0.02 * 252}, cov[0], 1e-12)
	require.InDeltaSlice(t, []float64{-0.02 * 252, 0.02 * 252}, cov[1], 1e-12)
	require.Empty(t, optimize.Returns(nil))
}

// The intensity is that of Ledoit and Wolf's own formulas, computed once with matrices.
func TestShrink(t *testing.T) {
	returns := [][]float64{{-0.011, -0.007, -0.008}, {-0.008, -0.011, -0.007}, {-0.002, -0.007, 0.006}, {-0.001, 0.003, -0.021}, {0.011, 0.008, 0.006}, {-0.002, 0.001, 0.01}, {-0.007, -0.009, -0.024}, {-0.009, -0.008, 0.012}, {0.005, 0.007, -0.024}, {0.018, 0.015, -0.016}, {0.003, -0, -0.002}, {-0.014, -0.014, -0.017}}
	_, cov := optimize.Moments(returns, 1)
	shrunk, intensity := optimize.Shrink(cov, returns)
	require.InDelta(t, 0.3996559347161064, intensity, 1e-12)
	require.InDelta(t, 5.648492725217046e-05, shrunk[0][1], 1e-15)
	for i := range cov {
		require.Equal(t, cov[i][i], shrunk[i][i], "variances stay")
		for j := range cov {
			require.Equal(t, shrunk[i][j], shrunk[j][i])
		}
	}
	// Fewer returns than symbols: the sample is singular, what is shrunk is not.
	r := rand.New(rand.NewPCG(3, 1))
	few := make([][]float64, 6)
	for k := range few {
		market := r.NormFloat64()
		for range 10 {
			few[k] = append(few[k], 0.01*(market+r.NormFloat64()))
		}
	}
	p := optimize.Problem{Symbols: make([]string, 10), Net: 1}
	p.Mean, p.Cov = optimize.Moments(few, 252)
	_, err := p.MinVariance()
	require.ErrorContains(t, err, "use shrinkage")
	_, err = p.RiskParity()
	require.ErrorContains(t, err, "use shrinkage")
	p.Cov, _ = optimize.Shrink(p.Cov, few)
	_, err = p.MinVariance()
	require.NoError(t, err)
}

// By hand, with a least trade of 0.05: A is closed though it is small, B is sold before C
// is bought, D moves too little.
func TestTrades(t *testing.T) {
	got := optimize.Trades([]string{"A", "B", "C", "D"}, []float64{0.01, 0.5, 0.1, 0.3}, []float64{0, 0.3, 0.4, 0.33}, 0.05)
	require.Equal(t, []optimize.Trade{{"B", 0.5, 0.3}, {"A", 0.01, 0}, {"C", 0.1, 0.4}}, got)
	require.Empty(t, optimize.Trades([]string{"A"}, []float64{0.3}, []float64{0.3}, 0))
}

// By hand: two symbols without correlation, volatilities 0.2 and 0.3 and returns 0.05 and
// 0.1; three tenths is held and a trade costs so much a year that nothing moves, then
// nothing, then something.
func TestTurnover(t *testing.T) {
	p := optimize.Problem{Symbols: []string{"A", "B"}, Mean: []float64{0.05, 0.1}, Cov: [][]float64{{0.04, 0}, {0, 0.09}}, Net: 1, Held: []float64{0.3, 0.7}}
	for cost, want := range map[float64]float64{
		0:    0.09 / 0.13,          // inverse variances
		0.2:  0.3,                  // the gradient 0.09*0.7-0.04*0.3 = 0.051 is below two costs
		0.01: (0.09 - 0.02) / 0.13, // 0.04 w - 0.09 (1 - w) + 0.02 = 0
	} {
		p.Cost = cost
		got, err := p.MinVariance()
		require.NoError(t, err)
		require.InDelta(t, want, got.Weights[0], 1e-6, "cost %v", cost)
	}
}

// By hand: A and B have betas 1.5 and 0.5 to M, and half is in each: beta 1, so M is -1;
// then A 0.4 at least and B 0.6 at most leave beta 0.4*1.5+0.6*0.5 = 0.9 at least.
func TestHedge(t *testing.T) {
	p := optimize.Problem{Symbols: []string{"A", "B", "M"}, Mean: []float64{0.1, 0.1, 0.08}, Net: 1,
		Cov:   [][]float64{{0.15, 0.03, 0.06}, {0.03, 0.05, 0.02}, {0.06, 0.02, 0.04}},
		Lower: []float64{0.5, 0.5, -2}, Upper: []float64{0.5, 0.5, 0}, Hedge: &optimize.Hedge{Symbol: 2}}
	p.Hedge.Beta = p.Beta(2)
	require.Equal(t, []float64{1.5, 0.5, 1}, p.Hedge.Beta)
	got, err := p.MinVariance()
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0.5, 0.5, -1}, got.Weights, 1e-9)
	p.Hedge.Net = true
	_, err = p.MinVariance()
	require.NoError(t, err, "beta 1 and net 1 agree")
	p.Lower, p.Upper = []float64{0.4, 0, -2}, []float64{0.4, 0.6, 0}
	p.Hedge.Net = false
	got, err = p.MinVariance()
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0.4, 0.6, -0.9}, got.Weights, 1e-9)
	p.Hedge.Net = true
	_, err = p.MinVariance()
	require.EqualError(t, err, "no weights satisfy: A at most 0.4; together with: net 0 with M, beta 0 to M, weights without M add up to 1")
}

// Each symbol has the same part in the variance.
func TestRiskParity(t *testing.T) {
	p := optimize.Problem{Symbols: []string{"A", "B", "C"}, Mean: make([]float64, 3), Net: 1, Cov: [][]float64{{0.04, 0.01, 0}, {0.01, 0.09, 0.02}, {0, 0.02, 0.16}}}
	got, err := p.RiskParity()
	require.NoError(t, err)
	for i, w := range got.Weights {
		part := 0.0
		for j, v := range got.Weights {
			part += w * v * p.Cov[i][j]
		}
		require.InDelta(t, got.Volatility*got.Volatility/3, part, 1e-12)
	}
	p.Upper = []float64{0.5, 1, 1}
	_, err = p.RiskParity()
	require.EqualError(t, err, "risk parity takes no bounds: the risks decide every weight")
	p.Upper, p.Cost = nil, 0.1
	_, err = p.HierarchicalRiskParity()
	require.EqualError(t, err, "hierarchical risk parity takes no caps of sectors, hedge or turnover penalty: the risks decide every weight")
}
