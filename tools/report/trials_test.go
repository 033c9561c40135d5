package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// trialGolden is a case of testdata/trials.json, computed by arch 7.2.0 (SPA, 20,000
// resamples, block n^(1/3)) and numpy 2.4.6 from returns that the formulas below make.
type trialGolden struct {
	Name       string
	Days       int
	Drift      []float64
	Hold       float64
	Cash, Held goldenTest
	Overfit    float64 `json:"pbo"`
	Sharpes    []float64
	Expected   float64
	Deflated   float64
	Best       int
}

type goldenTest struct {
	Hansen, White float64
	Deviations    []float64
}

// UnmarshalJSON implements json.Unmarshaler: the file has two meanings of hold.
func (g *trialGolden) UnmarshalJSON(raw []byte) error {
	type plain trialGolden
	parts := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if err := json.Unmarshal(parts["hold_test"], &g.Held); err != nil {
		return err
	}
	return json.Unmarshal(raw, (*plain)(g))
}

func (g trialGolden) trials() (list []Trial) {
	for k, drift := range g.Drift {
		r := make([]float64, g.Days)
		for i := range r {
			r[i] = float64((i*7919+k*104729+(i*i*(k+3))%1009)%2003-1001)/1e5 + drift
		}
		list = append(list, Trial{fmt.Sprint(k), r})
	}
	return list
}

func (g trialGolden) hold() []float64 {
	r := make([]float64, g.Days)
	for i := range r {
		r[i] = float64((i*6007+(i*i*5)%997)%1999-999)/1e5 + g.Hold
	}
	return r
}

func TestTrialsGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/trials.json")
	require.NoError(t, err)
	var cases []trialGolden
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.Len(t, cases, 3)
	const sampling = 0.06 // four standard errors of a share of 1,000 at a half
	for _, g := range cases {
		t.Run(g.Name, func(t *testing.T) {
			list, hold := g.trials(), g.hold()
			got := JudgeTrials(list, 0, hold, 252, 1)
			require.Equal(t, list[g.Best].Name, got.Best)
			require.InDelta(t, g.Expected, *got.Expected, 1e-9)
			require.InDelta(t, g.Deflated, *got.Deflated, 1e-9)
			require.InDelta(t, g.Overfit, *got.Overfit, 1e-9)
			for k, x := range list {
				require.InDelta(t, g.Sharpes[k], *Sharpe(x.Returns, 1), 1e-12)
				d := make([]float64, g.Days)
				for i := range d {
					d[i] = x.Returns[i] - hold[i]
				}
				block := 6.8399037867067896 // 320^(1/3)
				require.InDelta(t, g.Held.Deviations[k], longRunDeviation(d, 1/block), 1e-9)
				require.InDelta(t, g.Cash.Deviations[k], longRunDeviation(x.Returns, 1/block), 1e-9)
			}
			require.InDelta(t, g.Held.White, *got.Reality, sampling)
			if g.Name == "all worse" { // none is better: nothing to explain, while arch tests a statistic below 0
				require.Equal(t, []float64{1, 1}, []float64{*got.Cash, *got.Hold})
				return
			}
			require.InDelta(t, g.Cash.Hansen, *got.Cash, sampling)
			require.InDelta(t, g.Held.Hansen, *got.Hold, sampling)
		})
	}
	flips := JudgeTrials(cases[1].trials(), 0, cases[1].hold(), 252, 1)
	require.True(t, flips.Evidence, flips.Verdict)
	require.Equal(t, "More than luck explains: the best of 8 tries (3) has a Sharpe of 7.90 where luck alone is expected to show 4.20, deflated 1.00; p 0.00 against cash, 0.00 against holding.", flips.Verdict)
	luck := JudgeTrials(cases[0].trials(), 0, cases[0].hold(), 252, 1)
	require.False(t, luck.Evidence)
	require.Equal(t, "No evidence that anything here beats cash and holding: the best of 8 tries (3) has a Sharpe of 1.80 where luck alone is expected to show 1.81, deflated 0.50; p 0.30 against cash, 0.68 against holding.", luck.Verdict)
}

// TestTrialsOfNoise draws 200 trials without an edge over a random walk: in or out of it
// by a coin each day, and adds an edge to one of them. PITWALL_NOISE is how many such
// sweeps are drawn.
func TestTrialsOfNoise(t *testing.T) {
	rounds, edges := 2, []float64{0.004} // a day
	if n, err := strconv.Atoi(os.Getenv("PITWALL_NOISE")); err == nil {
		rounds, edges = n, []float64{0.001, 0.002, 0.003, 0.004}
	}
	none, found := 0, make([]int, len(edges))
	for round := range rounds {
		rng := rand.New(rand.NewPCG(uint64(round), 11))
		market := make([]float64, 500)
		for i := range market {
			market[i] = 0.01 * rng.NormFloat64()
		}
		var list []Trial
		for k := range 200 {
			r := make([]float64, len(market))
			for i, m := range market {
				if rng.IntN(2) == 1 {
					r[i] = m
				}
			}
			list = append(list, Trial{fmt.Sprint(k), r})
		}
		if v := JudgeTrials(list, 0, market, 252, 1); !v.Evidence {
			none++
		}
		for i, edge := range edges {
			better := slices.Clone(list)
			better[17].Returns = slices.Clone(list[17].Returns)
			for day := range better[17].Returns {
				better[17].Returns[day] += edge
			}
			if v := JudgeTrials(better, 0, market, 252, 1); v.Evidence && v.Best == "17" {
				found[i]++
			}
		}
	}
	t.Logf("%d sweeps of 200 trials over 500 days of 1 %% volatility: no evidence in %d; edges of %v a day found in %v", rounds, none, edges, found)
	require.GreaterOrEqual(t, none*100, 95*rounds)
	require.GreaterOrEqual(t, found[len(edges)-1]*100, 90*rounds)
}

// Holm's limits are level/n, level/(n-1), ... level: the first above its limit ends it.
func TestHolm(t *testing.T) {
	for _, x := range []struct {
		p    []float64
		want int
	}{
		{nil, 0},
		{[]float64{0.06}, 0},
		{[]float64{0.05}, 1},
		{[]float64{0.01, 0.04, 0.03, 0.005}, 2},
		{[]float64{0.01, 0.04, 0.024, 0.005}, 4},   // 0.024 <= 0.05/2, then 0.04 <= 0.05
		{[]float64{0.013, 0.013, 0.013, 0.013}, 0}, // each below 0.05, none below 0.05/4
	} {
		require.Equal(t, x.want, holm(x.p, 0.05), "%v", x.p)
	}
}

// One trial with an edge is the one that beats holding; without it none does, and a copy
// of holding is no winner.
func TestTrialsThatBeatHolding(t *testing.T) {
	g := trialGolden{Days: 320, Drift: []float64{0, 1e-4, -2e-4, 2.4e-3, 0, 0, 2e-4, -1e-4}, Hold: 2e-4}
	list := append(g.trials(), Trial{"held", g.hold()})
	require.Equal(t, 1, *JudgeTrials(list, 0, g.hold(), 252, 1).Beat)
	require.Equal(t, 0, *JudgeTrials(slices.Delete(list, 3, 4), 0, g.hold(), 252, 1).Beat)
	require.Nil(t, JudgeTrials(g.trials(), 0, nil, 252, 1).Beat)
}

func TestTrialsThatAreNone(t *testing.T) {
	flat := make([]float64, 100)
	v := JudgeTrials([]Trial{{"a", flat}, {"b", flat}}, 0, flat, 252, 1)
	require.Equal(t, []any{2, 1, 100}, []any{v.N, v.Distinct, v.Days})
	require.False(t, v.Evidence)
	require.Nil(t, v.Cash)
	require.Equal(t, "Nothing was run.", JudgeTrials(nil, 0, nil, 252, 1).Verdict)
	short := JudgeTrials([]Trial{{"a", []float64{0.1, 0.2, 0.1}}}, 0, nil, 252, 1)
	require.False(t, short.Evidence)
	require.Equal(t, []string{"3 days: resampling and halves need 20"}, short.Why)
}

// Trials that are all far below the benchmark are no evidence for one of them.
func TestTrialsFarBelowHolding(t *testing.T) {
	g := trialGolden{Days: 320, Drift: []float64{2e-3, 2.1e-3}, Hold: 1.2e-2}
	v := JudgeTrials(g.trials(), 0, g.hold(), 252, 1)
	require.GreaterOrEqual(t, *v.Deflated, 0.9)
	require.LessOrEqual(t, *v.Cash, 0.05)
	require.Equal(t, 1.0, *v.Hold)
	require.False(t, v.Evidence, v.Verdict)
}

// A sweep that was stopped, or of which runs failed, has no verdict.
func TestTrialsThatLack(t *testing.T) {
	g := trialGolden{Days: 320, Drift: []float64{0, 1e-4, -2e-4, 2.4e-3, 0, 0, 2e-4, -1e-4}, Hold: 2e-4}
	require.True(t, JudgeTrials(g.trials(), 0, g.hold(), 252, 1).Evidence)
	v := JudgeTrials(g.trials(), 2, g.hold(), 252, 1)
	require.Equal(t, []int{10, 2}, []int{v.N, v.Lacking})
	require.False(t, v.Evidence)
	require.Contains(t, v.Verdict, "No verdict before the 2 runs without a result have one: ")
}
