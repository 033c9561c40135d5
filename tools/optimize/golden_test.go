package optimize_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/optimize"
)

// PITWALL_OPTIMIZER=FILE names another file of the same form.
func TestGoldenOptimizer(t *testing.T) {
	path := os.Getenv("PITWALL_OPTIMIZER")
	if path == "" {
		path = "../../../shared/golden/optimizer.json"
		if _, err := os.Stat(path); err != nil {
			t.Skip("skipped: no ../shared")
		}
	}
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	var golden struct {
		Symbols []string
		Mean    []float64
		Cov     [][]float64
		Cases   []struct {
			Name          string
			Bounds        []float64
			RiskFree      float64 `json:"risk_free"`
			TargetReturn  float64 `json:"target_return"`
			MaxVolatility float64 `json:"max_volatility"`
			Linkage       string
			Weights       []float64
			Return        float64
			Volatility    float64
		}
	}
	require.NoError(t, json.Unmarshal(body, &golden))
	require.NotEmpty(t, golden.Cases)
	for _, c := range golden.Cases {
		p := optimize.Problem{Symbols: golden.Symbols, Mean: golden.Mean, Cov: golden.Cov, Net: 1}
		if c.Bounds != nil {
			for range golden.Symbols {
				p.Lower, p.Upper = append(p.Lower, c.Bounds[0]), append(p.Upper, c.Bounds[1])
			}
		}
		var got optimize.Result
		var err error
		switch c.Name {
		case "min_variance":
			got, err = p.MinVariance()
		case "max_sharpe":
			got, err = p.MaxSharpe(c.RiskFree)
		case "target_return":
			got, err = p.TargetReturn(c.TargetReturn)
		case "max_volatility":
			got, err = p.MaxVolatility(c.MaxVolatility)
		case "risk_parity":
			got, err = p.RiskParity()
		case "hierarchical_risk_parity":
			require.Equal(t, "single", c.Linkage)
			got, err = p.HierarchicalRiskParity()
		default:
			t.Fatalf("the golden file has a method %q", c.Name)
		}
		require.NoError(t, err, c.Name)
		sum, off := 0.0, 0.0
		for i, w := range got.Weights {
			sum += w
			off = math.Max(off, math.Abs(w-c.Weights[i]))
		}
		require.InDelta(t, 1, sum, 1e-9, c.Name)
		require.LessOrEqual(t, off, 1e-3, "%s %v: weights %v", c.Name, c.Bounds, got.Weights)
		switch c.Name {
		case "max_sharpe":
			require.InDelta(t, (c.Return-c.RiskFree)/c.Volatility, (got.Return-c.RiskFree)/got.Volatility, 1e-6, c.Name)
		case "max_volatility":
			require.InDelta(t, c.Return, got.Return, 1e-6, c.Name)
			require.LessOrEqual(t, got.Volatility, c.MaxVolatility+1e-9)
		default:
			require.InDelta(t, c.Volatility, got.Volatility, 1e-6, c.Name)
		}
		t.Logf("%s %v: volatility %.9f against %.9f, return %.9f against %.9f, weights within %.1e", c.Name, c.Bounds, got.Volatility, c.Volatility, got.Return, c.Return, off)
	}
}
