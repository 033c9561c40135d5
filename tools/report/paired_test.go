package report

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// madeReturns are days with some dependence, a little better with the part.
func madeReturns(seed int64, n int, better float64) (with, without []float64) {
	r := rand.New(rand.NewSource(seed))
	last := 0.0
	for range n {
		last = 0.3*last + 0.01*r.NormFloat64()
		with = append(with, last+better+0.002*r.NormFloat64())
		without = append(without, last)
	}
	return with, without
}

// The interval of a paired difference against a second computation with draws of its own;
// days that are drawn apart for the two runs give another one.
func TestPairedDifference(t *testing.T) {
	var pairs []Pair
	for seed := range int64(3) {
		with, without := madeReturns(seed+1, 250, 0.0002)
		pairs = append(pairs, Pair{with, without})
	}
	total := func(r []float64, days []int) float64 {
		worth := 1.0
		for _, d := range days {
			worth *= 1 + r[d]
		}
		return worth - 1
	}
	blocks := func(r *rand.Rand) (days []int) {
		for len(days) < 250 {
			at := r.Intn(250)
			for len(days) < 250 {
				days = append(days, at%250)
				at++
				if r.Float64() < 1/6.2996 { // 250^(1/3)
					break
				}
			}
		}
		return days
	}
	again := func(apart bool) (low, high float64) {
		r := rand.New(rand.NewSource(99))
		var draws []float64
		for range 4000 {
			days := blocks(r)
			other := days
			if apart {
				other = blocks(r)
			}
			sum := 0.0
			for range pairs {
				p := pairs[r.Intn(len(pairs))]
				sum += total(p.With, days) - total(p.Without, other)
			}
			draws = append(draws, sum/float64(len(pairs)))
		}
		slices.Sort(draws)
		return draws[200], draws[3799]
	}
	difference, middle := Paired(pairs)
	all := make([]int, 250)
	for i := range all {
		all[i] = i
	}
	want := 0.0
	for _, p := range pairs {
		want += (total(p.With, all) - total(p.Without, all)) / 3
	}
	require.InDelta(t, want, difference, 1e-12)
	low, high := again(false)
	width := high - low
	require.InDelta(t, low, middle.Low, width/8)
	require.InDelta(t, high, middle.High, width/8)
	low, high = again(true)
	require.Greater(t, high-low, 2*width, "planted: days drawn apart for the two runs")

	_, none := Paired([]Pair{{[]float64{0.1}, []float64{0.2}}})
	require.Nil(t, none)
	_, none = Paired([]Pair{{pairs[0].With, pairs[0].Without[:200]}})
	require.Nil(t, none, "runs of unlike length")
	d, same := Paired([]Pair{{pairs[0].With, pairs[0].With}})
	require.Zero(t, d)
	require.Equal(t, &Interval{}, same)
}

func TestMeanInterval(t *testing.T) {
	var of []float64
	r := rand.New(rand.NewSource(5))
	for range 400 {
		of = append(of, 1+r.NormFloat64())
	}
	m, middle := MeanInterval(of)
	half := 1.645 * deviation(of) / 20 // normal theory
	require.InDelta(t, m-half, middle.Low, half/8)
	require.InDelta(t, m+half, middle.High, half/8)
	_, none := MeanInterval([]float64{1})
	require.Nil(t, none)
}
