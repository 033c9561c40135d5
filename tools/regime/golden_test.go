package regime_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/regime"
)

type params struct {
	Startprob []float64
	Transmat  [][]float64
	Means     [][]float64
	Variances [][]float64
}

func (p params) model() regime.Model {
	return regime.Model{Start: p.Startprob, Trans: p.Transmat, Mean: p.Means, Var: p.Variances}
}

// PITWALL_HMM=FILE names another file of the same form.
func TestGoldenHMM(t *testing.T) {
	path := os.Getenv("PITWALL_HMM")
	if path == "" {
		path = "../../../shared/golden/hmm.json"
		if _, err := os.Stat(path); err != nil {
			t.Skip("skipped: no ../shared")
		}
	}
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	var golden struct {
		Cases []struct {
			Name          string
			Observations  [][]float64
			Start         params
			LoglikStart   float64              `json:"loglik_start"`
			FilteredStart map[string][]float64 `json:"filtered_start"`
			Iterations    int                  `json:"em_iterations"`
			History       []float64            `json:"em_loglik_history"`
			After         params               `json:"after_em"`
			LoglikAfter   float64              `json:"loglik_after"`
			FilteredAfter map[string][]float64 `json:"filtered_after"`
		}
	}
	require.NoError(t, json.Unmarshal(body, &golden))
	require.NotEmpty(t, golden.Cases)
	values := 0
	near := func(want, got, tolerance float64, what ...any) {
		t.Helper()
		values++
		require.InDelta(t, want, got, tolerance*max(1, math.Abs(want)), what...)
	}
	filtered := func(name string, m regime.Model, obs [][]float64, want map[string][]float64, loglik, tolerance float64) {
		got, sum := m.Filter(obs)
		near(loglik, sum, tolerance, name)
		require.NotEmpty(t, want, name)
		for at, probabilities := range want {
			i, err := strconv.Atoi(at)
			require.NoError(t, err)
			for j, p := range probabilities {
				near(p, got[i][j], tolerance, "%s: state %d at %d", name, j, i)
			}
		}
	}
	for _, c := range golden.Cases {
		filtered(c.Name, c.Start.model(), c.Observations, c.FilteredStart, c.LoglikStart, 1e-8)
		m, history := c.Start.model().Fit(c.Observations, c.Iterations, 0)
		require.Len(t, history, len(c.History), c.Name)
		for i, want := range c.History {
			near(want, history[i], 1e-6, "%s: step %d", c.Name, i)
		}
		for i := range c.After.Startprob {
			near(c.After.Startprob[i], m.Start[i], 1e-6, c.Name)
			for j := range c.After.Transmat[i] {
				near(c.After.Transmat[i][j], m.Trans[i][j], 1e-6, c.Name)
			}
			for d := range c.After.Means[i] {
				near(c.After.Means[i][d], m.Mean[i][d], 1e-6, c.Name)
				near(c.After.Variances[i][d], m.Var[i][d], 1e-6, c.Name)
			}
		}
		filtered(c.Name+" after", c.After.model(), c.Observations, c.FilteredAfter, c.LoglikAfter, 1e-8)
		filtered(c.Name+" fitted", m, c.Observations, c.FilteredAfter, c.LoglikAfter, 1e-6)
	}
	t.Log(len(golden.Cases), "cases,", values, "values compared")
}
