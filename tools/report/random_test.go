package report

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// market draws the moves of symbols over steps, without positions.
func market(rng *rand.Rand, symbols, steps int) []track {
	tracks := make([]track, symbols)
	for i := range tracks {
		k := track{make([]float64, steps), make([]float64, steps), make([]float64, steps), make([]float64, steps)}
		for t := range steps {
			k.overnight[t], k.intraday[t] = 0.005*rng.NormFloat64(), 0.01*rng.NormFloat64()
		}
		tracks[i] = k
	}
	return tracks
}

// hold walks an account through the tracks: want says what share of the equity each
// symbol gets at a step's open, and a negative share means no order. It fills in
// before and after, and returns the account's total return, computed with money.
func hold(tracks []track, costRate float64, want func(symbol, step int) float64) float64 {
	cash, value := 1.0, make([]float64, len(tracks))
	worth := func() float64 { return cash + sum(value) }
	for t := range tracks[0].before {
		equity := worth()
		for i, k := range tracks {
			k.before[t] = value[i] / equity
			value[i] *= 1 + k.overnight[t]
		}
		equity = worth()
		for i := range tracks {
			if w := want(i, t); w >= 0 {
				traded := w*equity - value[i]
				value[i] += traded
				cash -= traded + costRate*math.Abs(traded)
			}
		}
		for i, k := range tracks {
			k.after[t] = value[i] / equity
			value[i] *= 1 + k.intraday[t]
		}
	}
	return worth() - 1
}

// randomly holds one symbol or none, for random times.
func randomly(rng *rand.Rand, symbols, steps int) func(symbol, step int) float64 {
	held := make([]int, steps)
	for t := range held {
		held[t] = rng.IntN(symbols+1) - 1
		if t > 0 && rng.IntN(4) > 0 {
			held[t] = held[t-1]
		}
	}
	return func(symbol, step int) float64 {
		switch {
		case step > 0 && held[step] == held[step-1]:
			return -1
		case symbol == held[step]:
			return 1
		}
		return 0
	}
}

func TestFloorChecksItself(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	tracks := market(rng, 3, 500)
	actual := hold(tracks, 0.001, randomly(rng, 3, 500))
	f := randomBaseline(tracks, actual, 0.001, 9, 300)
	// The account pays a fill's cost from cash and the formula pays it from all.
	require.InDelta(t, actual, f.Check, 0.002)
	require.True(t, f.Low < f.Median && f.Median < f.High)
	require.Equal(t, 300, f.Traders)
	require.Equal(t, "300 traders, each of which makes the run's own trades at random times with its 3 symbols assigned at random, at 10 bps of traded value", f.Rule)
	require.Equal(t, f, randomBaseline(tracks, actual, 0.001, 9, 300), "the same seed, the same floor")
	require.NotEqual(t, f, randomBaseline(tracks, actual, 0.001, 10, 300))
	free := hold(tracks, 0, randomly(rng, 3, 500))
	require.InDelta(t, free, randomBaseline(tracks, free, 0, 9, 10).Check, 1e-12, "without costs the method is exact")
}

// Every trader that there is, by a plain loop over the formula: each
// shift and each deal once. The floor's percentiles are theirs.
func TestFloorIsTheSetOfAllTraders(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	const steps, cost = 7, 0.01
	tracks := market(rng, 2, steps)
	actual := hold(tracks, cost, randomly(rng, 2, steps))
	tracks[0].before[0] = 0.25 // it came with something
	var all []float64
	for shift := range steps {
		for _, deal := range [][]int{{0, 1}, {1, 0}} {
			equity := 1.0
			for t := range steps {
				u, z := (t+shift)%steps, steps-1
				night, day, traded, own, end := 1.0, 1.0, 0.0, 1.0, 1.0
				for _, k := range tracks {
					own += k.before[u] * k.overnight[u]
					end += k.after[z] * k.intraday[z]
				}
				for i, k := range tracks {
					into, opened := k.before[u], k.before[u]*(1+k.overnight[u])/own
					if t == 0 && shift > 0 {
						into, opened = k.before[0], k.before[0] // as the run began
					} else if u == 0 && t > 0 {
						into = k.after[z] * (1 + k.intraday[z]) / end
						opened = into
					}
					night += into * tracks[deal[i]].overnight[t]
					day += k.after[u] * tracks[deal[i]].intraday[t]
					traded += math.Abs(k.after[u] - opened)
				}
				equity *= night * (1 - cost*traded) * day
			}
			all = append(all, equity-1)
		}
	}
	p, ok := pathOf(tracks)
	require.True(t, ok)
	overnight, intraday := columns(tracks, steps)
	var got []float64
	for shift := range steps {
		for _, deal := range [][]int{{0, 1}, {1, 0}} {
			got = append(got, p.trade(overnight, intraday, deal, shift, cost))
		}
	}
	require.InDeltaSlice(t, all, got, 1e-14)
	f := randomBaseline(tracks, actual, cost, 1, 14000)
	slices.Sort(all)
	require.InDelta(t, all[0], f.Low, 1e-12, "one of 14 is more than 5 %")
	require.InDelta(t, all[13], f.High, 1e-12)
	for i, x := range all {
		f := randomBaseline(tracks, x+1e-9, cost, 1, 14000)
		require.InDelta(t, float64(i+1)/14, f.Beaten, 0.012, "every trader is as likely as any")
	}
	require.Zero(t, randomBaseline(tracks, f.Low, cost, 1, 14000).Beaten, "strictly below")
}

// Turnover is the run's own up to the seam: with no moves at all, what is left of
// the equity is what trading cost.
func TestFloorKeepsTheTurnover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		steps := rapid.IntRange(2, 40).Draw(t, "steps")
		symbols := rapid.IntRange(1, 4).Draw(t, "symbols")
		tracks := market(rng, symbols, steps)
		for i := range tracks {
			tracks[i].overnight, tracks[i].intraday = make([]float64, steps), make([]float64, steps)
		}
		const cost = 1e-6 // so small that costs add up
		hold(tracks, 0, randomly(rng, symbols, steps))
		shift := rapid.IntRange(0, steps-1).Draw(t, "shift")
		run, seam := 0.0, 0.0
		for _, k := range tracks {
			for t := range steps {
				run += math.Abs(k.after[t] - k.before[t])
			}
			if shift > 0 { // its first two trades instead of the run's at these places
				seam += math.Abs(k.after[shift]) - math.Abs(k.after[shift]-k.before[shift])
				seam += math.Abs(k.after[0]-k.after[steps-1]) - math.Abs(k.after[0])
			}
		}
		p, ok := pathOf(tracks)
		if !ok {
			require.Zero(t, run)
			return
		}
		overnight, intraday := columns(tracks, steps)
		lost := -p.trade(overnight, intraday, rng.Perm(symbols), shift, cost)
		require.InDelta(t, (run+seam)*cost, lost, 1e-8)
		require.LessOrEqual(t, math.Abs(seam), 2+1e-12, "at most all is bought and sold once more, or once less")
	})
}

func TestFloorOfForesight(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	tracks := market(rng, 2, 250)
	actual := hold(tracks, 0.0005, func(symbol, step int) float64 {
		if tracks[symbol].intraday[step] > max(0, tracks[1-symbol].intraday[step]) {
			return 1
		}
		return 0
	})
	f := randomBaseline(tracks, actual, 0.0005, 1, 1000)
	require.GreaterOrEqual(t, f.Beaten, 0.995, "only a shift by none and the run's own deal does as well")
	require.Less(t, f.High, actual)
}

// A run that knows nothing is at a uniform place among the traders.
func TestFloorOfChance(t *testing.T) {
	const runs, steps = 400, 80
	var ranks []float64
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 7))
		tracks := market(rng, 2, steps)
		actual := hold(tracks, 0, randomly(rng, 2, steps))
		ranks = append(ranks, randomBaseline(tracks, actual, 0, seed, 99).Beaten)
	}
	slices.Sort(ranks)
	worst := 0.0
	for i, x := range ranks {
		worst = max(worst, math.Abs(x-(float64(i)+0.5)/runs))
	}
	require.Less(t, worst, 1.36/math.Sqrt(runs)+0.01, "Kolmogorov and Smirnov at 5 %, and a hundredth of grain")
	require.InDelta(t, 0.5, mean(ranks), 3*math.Sqrt(1.0/12/runs))
}

func TestFloorOfOneSymbolAlwaysHeld(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	tracks := market(rng, 1, 100)
	actual := hold(tracks, 0, func(_, step int) float64 { return 1 - 2*min(float64(step), 1) })
	f := randomBaseline(tracks, actual, 0.0005, 1, 100)
	require.InDelta(t, (1+actual)*(1-0.0005)-1, f.Check, 1e-12, "it bought once")
	for _, x := range []float64{f.Low, f.Median, f.High} {
		require.InDelta(t, f.Check, x, 1e-12, "so did all the others: the seam costs nothing here")
	}
	require.Contains(t, f.Rule, "in its one symbol, at 5 bps")
	require.Contains(t, f.Rule, "the share beaten means little")
}

func TestFloorEdges(t *testing.T) {
	zero := make([]float64, 3)
	all := []float64{1, 1, 1}
	require.Nil(t, randomBaseline(nil, 0, 0, 1, 10))
	require.Nil(t, randomBaseline([]track{{zero, zero, zero, zero}}, 0, 0, 1, 10), "no positions")
	require.Nil(t, randomBaseline([]track{{zero[:1], zero[:1], zero[:1], all[:1]}}, 0, 0, 1, 10), "one step")
	require.Nil(t, randomBaseline([]track{{zero, zero, all, all}}, 0, 0, 1, 0), "no traders")
	require.NotNil(t, randomBaseline([]track{{zero, zero, all[:2], all}}, 0, 0, 1, 10), "the shortest list counts")
	lost := randomBaseline([]track{{zero, []float64{0, -0.6, 5}, []float64{0, 2, 2}, []float64{2, 2, 2}}}, -1, 0, 1, 50)
	require.Equal(t, -1.0, lost.Check, "twice the money in what falls by 60 % loses all, and stays so")
	require.Equal(t, -1.0, lost.Low)
	late := randomBaseline([]track{{zero, []float64{0, 0, -0.6}, []float64{0, 2, 2}, []float64{2, 2, 2}}}, -1, 0, 1, 50)
	require.Equal(t, -1.0, late.Check, "no more than all, in the last step too")
	short := randomBaseline([]track{{zero, []float64{0.1, 0.1, 0.1}, []float64{0, -1, -1}, []float64{-1, -1, -1}}}, 0, 0.01, 1, 50)
	require.InDelta(t, 0.9*0.9*0.9*0.99-1, short.Check, 1e-12, "a short loses what the symbol gains, and its opening costs")
	require.Nil(t, randomBaseline([]track{{zero, []float64{1e308, 1e308, 1e308}, all, all}}, 0, 0, 1, 10), "beyond what a number holds")
	out, err := json.Marshal(lost)
	require.NoError(t, err)
	require.Contains(t, string(out), `"rule":"50 traders`)
}

// At most 30 ms for 1,000 traders over 1,400 steps in 2 symbols.
func BenchmarkFloor(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	tracks := market(rng, 2, 1400)
	actual := hold(tracks, 0.0005, func(symbol, step int) float64 { return 0.3 + 0.1*float64((step+symbol)%3) })
	b.ReportAllocs()
	for b.Loop() {
		randomBaseline(tracks, actual, 0.0005, 1, 1000)
	}
}
