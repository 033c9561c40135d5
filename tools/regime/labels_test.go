package regime_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/regime"
)

// walk is closes of calm rises and wild falls in turn, 100 days each.
func walk(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 3))
	closes := []float64{100}
	for i := 1; i < n; i++ {
		drift, wide := 0.0012, 0.005
		if i/100%2 == 1 {
			drift, wide = -0.0015, 0.02
		}
		closes = append(closes, closes[i-1]*math.Exp(drift+wide*r.NormFloat64()))
	}
	return closes
}

func hmm(states int) regime.HMM { return regime.HMM{States: states, Year: 252} }

// looksAhead reports the first day on which labels differ when closes after t change.
func looksAhead(days func(closes []float64) []regime.Day, closes []float64, t int) string {
	other := append([]float64(nil), closes...)
	for i := t + 1; i < len(other); i++ {
		other[i] = other[i-1] * (1 + 0.05*float64(1-2*(i%2)))
	}
	a, b := days(closes), days(other)
	first := len(closes) - len(a) // the number of the first day that is labeled
	for i := range a {
		if first+i > t {
			break
		}
		if x, y := fmt.Sprint(a[i]), fmt.Sprint(b[i]); x != y {
			return fmt.Sprintf("day %d: %s, and %s once day %d differs", first+i, x, y, t+1)
		}
	}
	return ""
}

func TestLabelsDoNotLookAhead(t *testing.T) {
	closes := walk(1, 420)
	honest := func(c []float64) []regime.Day { return hmm(3).Days(c, len(c)) }
	for _, at := range []int{140, 157, 158, 200, 301, 399, 418} {
		require.Empty(t, looksAhead(honest, closes, at))
	}
	// Asked on the day itself and looked back at later: one answer.
	all := honest(closes)
	for _, at := range []int{200, 311, 402} {
		now := hmm(3).Days(closes[:at+1], 1)
		require.Equal(t, all[len(all)-len(closes)+at], now[0])
	}
	// A model that is trained on everything, and one that is smoothed, are caught.
	trained := func(c []float64) []regime.Day {
		m, _ := start().Fit(regime.Observe(c), 5, 1e-4)
		f, _ := m.Filter(regime.Observe(c))
		return shown(f)
	}
	smoothed := func(c []float64) []regime.Day { return shown(smooth(start(), regime.Observe(c))) }
	filtered := func(c []float64) []regime.Day {
		f, _ := start().Filter(regime.Observe(c))
		return shown(f)
	}
	require.NotEmpty(t, looksAhead(trained, closes, 300))
	require.NotEmpty(t, looksAhead(smoothed, closes, 300))
	require.Empty(t, looksAhead(filtered, closes, 300))
}

// start is a model of two states that is given, not trained.
func start() regime.Model {
	return regime.Model{Start: []float64{0.5, 0.5}, Trans: [][]float64{{0.95, 0.05}, {0.05, 0.95}}, Mean: [][]float64{{0.1, 0.5}, {-0.1, 2}}, Var: [][]float64{{0.3, 0.1}, {4, 1}}}
}

func shown(f [][]float64) (list []regime.Day) {
	for _, p := range f {
		list = append(list, regime.Day{Of: p})
	}
	return list
}

// smooth runs the filter from both ends: what a label must not be made of.
func smooth(m regime.Model, obs [][]float64) [][]float64 {
	f, _ := m.Filter(obs)
	back := make([][]float64, len(obs))
	for i := range obs {
		back[len(obs)-1-i] = obs[i]
	}
	b, _ := m.Filter(back)
	for t := range f {
		sum := 0.0
		for j := range f[t] {
			f[t][j] *= b[len(obs)-1-t][j]
			sum += f[t][j]
		}
		for j := range f[t] {
			f[t][j] /= sum
		}
	}
	return f
}

// Calm rises and wild falls are told apart, late by some days, and a label holds until
// another led for three days.
func TestLabels(t *testing.T) {
	closes := walk(2, 800)
	days := hmm(2).Days(closes, 500)
	require.Len(t, days, 500)
	right := 0
	for i, d := range days {
		number := 300 + i
		require.LessOrEqual(t, d.Since, number)
		sum := 0.0
		for _, p := range d.Of {
			sum += p
		}
		require.InDelta(t, 1, sum, 1e-9)
		if wild := number/100%2 == 1; wild == (d.Label == regime.VolatileBear) {
			right++
		}
		if i > 0 && d.Label != days[i-1].Label {
			require.Equal(t, number, d.Since)
			for k := range regime.Hold {
				require.Equal(t, d.Label, days[i-k].Leader, "it led for three days")
			}
		}
	}
	require.Greater(t, right, 400, "of 500 days")
	require.Empty(t, hmm(2).Days(closes[:136], 5), "one more is needed to train")
	require.Len(t, hmm(2).Days(closes[:137], 5), 1)
	flat := make([]float64, 300)
	for i := range flat {
		flat[i] = 7
	}
	for _, d := range hmm(4).Days(flat, 10) {
		require.Equal(t, regime.Range, d.Label)
		for _, p := range d.Of {
			require.False(t, math.IsNaN(p))
		}
	}
}

// A wild rise is volatile and no bear; of the same moves the other way, the fall is one.
func TestVolatileRiseIsNoBear(t *testing.T) {
	for _, x := range []struct {
		drift float64
		want  regime.Label
	}{{0.004, regime.Volatile}, {-0.004, regime.VolatileBear}} {
		r := rand.New(rand.NewPCG(2, 3))
		closes := []float64{100}
		for i := 1; i < 800; i++ {
			drift, wide := 0.0012, 0.005
			if i/100%2 == 1 {
				drift, wide = x.drift, 0.02
			}
			closes = append(closes, closes[i-1]*math.Exp(drift+wide*r.NormFloat64()))
		}
		day := hmm(2).Days(closes, 1)[0]
		wild := day.States[0]
		if day.States[1].Vola > wild.Vola {
			wild = day.States[1]
		}
		require.Equal(t, x.want, wild.Label, "%+v", day.States)
		require.Equal(t, x.want, day.Label, "closes 701 to 799 are wild")
	}
}
