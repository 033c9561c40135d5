package regime_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/tools/regime"
)

// path is closes that move by the same share each day, up and down by turns around it, so
// that a volatility is there and always the same.
func path(days int, moves ...float64) []float64 {
	closes := []float64{100}
	for i, m := range moves {
		for k := range days {
			swing := 0.002
			if (i*days+k)%2 == 1 {
				swing = -0.002
			}
			closes = append(closes, closes[len(closes)-1]*(1+m+swing))
		}
	}
	return closes
}

func shares(n int, share float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = share
	}
	return list
}

// By hand: 300 days up are above both averages, 300 days down below; twice the usual swing
// is wild.
func TestTrendRules(t *testing.T) {
	up, down := path(300, 0.001), path(300, -0.001)
	wild := func(closes []float64) []float64 {
		closes = append([]float64(nil), closes...)
		for i := range 20 {
			move := 0.01
			if i%2 == 1 {
				move = -0.01
			}
			closes = append(closes, closes[len(closes)-1]*(1+move))
		}
		return closes
	}
	turned := append(append([]float64(nil), up...), up[len(up)-1]*0.8) // one day below the long average, the short one still above
	for _, x := range []struct {
		closes []float64
		share  float64
		want   regime.Label
	}{
		{up, 0.7, regime.TrendingBull}, {up, math.NaN(), regime.TrendingBull}, {up, 0.5, regime.MildTrend}, {up, 0.3, regime.Mixed},
		{down, 0.3, regime.VolatileBear}, {down, math.NaN(), regime.VolatileBear}, {down, 0.5, regime.Range}, {down, 0.7, regime.Mixed},
		{wild(up), 0.7, regime.Volatile}, {wild(down), 0.3, regime.VolatileBear}, {turned, 0.5, regime.VolatileBear},
	} {
		day := regime.Trend{}.Days(x.closes, shares(len(x.closes), x.share), 1)[0]
		require.Equal(t, x.want, day.Leader, "%v with breadth %v", len(x.closes), x.share)
	}
	require.Empty(t, regime.Trend{}.Days(up[:272], shares(272, 1), 1), "one more is needed")
	require.Len(t, regime.Trend{}.Days(up[:273], shares(273, 1), 5), 1)
}

// A label waits for three days, and knows nothing of what follows.
func TestTrendIsDampedAndDoesNotLookAhead(t *testing.T) {
	closes := path(300, 0.001)
	breadth := shares(len(closes), 0.7)
	breadth[290], breadth[291] = 0.5, 0.5
	days := regime.Trend{}.Days(closes, breadth, len(closes))
	at := func(i int) regime.Day { return days[i-(len(closes)-len(days))] }
	require.Equal(t, regime.MildTrend, at(291).Leader)
	require.Equal(t, regime.TrendingBull, at(292).Label, "two days are too few")
	breadth[292] = 0.5
	days = regime.Trend{}.Days(closes, breadth, len(closes))
	require.Equal(t, regime.MildTrend, at(292).Label)
	require.Equal(t, 292, at(292).Since)
	long := walk(5, 600)
	for _, t0 := range []int{300, 411, 590} {
		require.Empty(t, looksAhead(func(c []float64) []regime.Day { return regime.Trend{}.Days(c, shares(len(c), 0.5), len(c)) }, long, t0))
	}
}

// What was trained before changes no label.
func TestTrainingsAreKept(t *testing.T) {
	closes := walk(1, 420)
	kept := &regime.Trainings{}
	want := hmm(3).Days(closes, 100)
	for range 2 {
		require.Equal(t, want, regime.HMM{States: 3, Year: 252, Trained: kept}.Days(closes, 100))
	}
	require.NotEqual(t, want, regime.HMM{States: 3, Year: 252, Retrain: 63, Trained: kept}.Days(closes, 100), "a schedule counts")
	two := regime.HMM{States: 2, Year: 252, Trained: kept}.Days(closes, 1)
	require.Len(t, two[0].Of, 2)
	breadth := shares(len(closes), 0.5)
	for range 2 {
		require.Equal(t, regime.Trend{}.Days(closes, breadth, 100), regime.Trend{Kept: kept}.Days(closes, breadth, 100))
	}
	breadth[len(breadth)-1] = 0.7
	require.Equal(t, regime.Trend{}.Days(closes, breadth, 1), regime.Trend{Kept: kept}.Days(closes, breadth, 1), "breadth is in the key")
}
