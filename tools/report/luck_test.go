package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// someReturns draws n returns from a normal distribution; each keeps a share of the
// one before it.
func someReturns(seed uint64, n int, mean, dev, keep float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 99))
	r, last := make([]float64, n), 0.0
	for i := range r {
		last = keep*last + dev*rng.NormFloat64()
		r[i] = mean + last
	}
	return r
}

func TestBlocks(t *testing.T) {
	const n, rounds, length = 50, 4000, 4.0
	from, to := make([]float64, n), make([]float64, n)
	for i := range from {
		from[i] = float64(i)
	}
	rng := rand.NewPCG(1, 1)
	breaks, around, ends := 0, 0, 0
	count, first, runs := make([]int, n), make([]int, n), map[int]int{}
	for range rounds {
		drawBlocks(rng, from, to, length)
		first[int(to[0])]++
		run := 1
		for i, x := range to {
			count[int(x)]++
			if i == 0 {
				continue
			}
			if to[i-1] == n-1 {
				ends++
				if x == 0 {
					around++
				}
			}
			if int(x) == (int(to[i-1])+1)%n {
				run++
				continue
			}
			breaks++
			if i > run { // the first block of a resample may be longer: it has no beginning to see
				runs[run]++
			}
			run = 1
		}
	}
	// A new block lands on the next place by chance once in n: no break to see.
	seen := (1 / length) * (1 - 1.0/n)
	require.InEpsilon(t, seen, float64(breaks)/(rounds*(n-1)), 0.02, "a block ends with a chance of 1/length")
	require.InEpsilon(t, 1-seen, float64(around)/float64(ends), 0.02, "blocks go around the end")
	for i, c := range count {
		require.InEpsilon(t, rounds, c, 0.12, "place %d is drawn as often as any", i)
		require.InEpsilon(t, rounds/n, first[i], 0.5, "a resample may begin at place %d as at any", i)
	}
	require.InEpsilon(t, 1-seen, float64(runs[2])/float64(runs[1]), 0.05, "lengths are geometric")
	require.InEpsilon(t, 1-seen, float64(runs[3])/float64(runs[2]), 0.06, "lengths are geometric")

	drawBlocks(rng, from, to, 1)
	require.Less(t, len(slices.Compact(slices.Clone(to))), n+1)
	steps := 0
	for range rounds {
		drawBlocks(rng, from, to, 1)
		for i := 1; i < n; i++ {
			if int(to[i]) == (int(to[i-1])+1)%n {
				steps++
			}
		}
	}
	require.InEpsilon(t, 1.0/n, float64(steps)/(rounds*(n-1)), 0.1, "blocks of one are independent draws")
}

// The variance of a resampled mean has a closed form (Politis and Romano 1994,
// lemma 1): the circular autocovariance at lag i counts with (1-i/n)*(1-1/length)^i.
func TestVarianceOfAResampledMean(t *testing.T) {
	const n, length, rounds = 60, 3.9, 40000
	r := someReturns(5, n, 0, 0.01, 0.7)
	center, want := mean(r), 0.0
	for i := range n {
		lag := 0.0
		for k := range n {
			lag += (r[k] - center) * (r[(k+i)%n] - center) / n
		}
		weight := 2 * (1 - float64(i)/n) * math.Pow(1-1/length, float64(i))
		if i == 0 {
			weight = 1
		}
		want += weight * lag / n
	}
	rng, to, means := rand.NewPCG(2, 2), make([]float64, n), make([]float64, rounds)
	for i := range means {
		drawBlocks(rng, r, to, length)
		means[i] = mean(to)
	}
	got := deviation(means)
	require.InEpsilon(t, want, got*got, 0.03)
}

// The intervals once more, from the same draws, by plain formulas.
func TestResampleByPlainFormulas(t *testing.T) {
	r := someReturns(7, 300, 0.0005, 0.01, 0.2)
	const n = 201 // places 10 and 190 are the 5th and 95th percentile
	ret, sharpe, fall, block := resample(r, 365, 42, n)
	require.InEpsilon(t, math.Pow(300, 1.0/3), block, 1e-12)
	rng, to := rand.NewPCG(42, streamResample), make([]float64, len(r))
	var rets, ratios, falls []float64
	for range n {
		drawBlocks(rng, r, to, block)
		curve := curveOf(1, to...)
		rets = append(rets, curve[len(curve)-1]-1)
		ratios = append(ratios, *Sharpe(to, 365))
		falls = append(falls, MaxDrawdown(curve))
	}
	for name, c := range map[string]struct {
		got  *Interval
		want []float64
	}{"return": {ret, rets}, "Sharpe": {sharpe, ratios}, "drawdown": {fall, falls}} {
		slices.Sort(c.want)
		require.InEpsilon(t, c.want[10], c.got.Low, 1e-12, name)
		require.InEpsilon(t, c.want[190], c.got.High, 1e-12, name)
	}
	again, _, _, _ := resample(r, 365, 42, n)
	require.Equal(t, ret, again, "the same seed, the same interval")
	other, _, _, _ := resample(r, 365, 43, n)
	require.NotEqual(t, ret, other)
}

// Of independent normal returns the interval of the log return is known.
func TestResampleIsAsWideAsTheory(t *testing.T) {
	r := someReturns(11, 1000, 0, 0.01, 0)
	ret, sharpe, fall, _ := resample(r, 252, 3, 2000)
	logs := make([]float64, len(r))
	for i, x := range r {
		logs[i] = math.Log1p(x)
	}
	width := 2 * 1.6449 * deviation(logs) * math.Sqrt(1000)
	require.InEpsilon(t, width, math.Log1p(ret.High)-math.Log1p(ret.Low), 0.12)
	require.InEpsilon(t, 2*1.6449*math.Sqrt(252.0/1000), sharpe.High-sharpe.Low, 0.12)
	total := *figures(curveOf(1, r...), 252).TotalReturn
	require.True(t, ret.Low < total && total < ret.High)
	require.True(t, -1 < fall.Low && fall.Low < fall.High && fall.High < 0)
}

func TestResampleEdges(t *testing.T) {
	ret, sharpe, fall, block := resample(someReturns(1, 19, 0, 0.01, 0), 252, 1, 100)
	require.Nil(t, ret)
	require.Nil(t, sharpe)
	require.Nil(t, fall)
	require.Zero(t, block)
	ret, _, _, _ = resample(someReturns(1, 20, 0, 0.01, 0), 252, 1, 100)
	require.NotNil(t, ret)
	ret, _, _, _ = resample(someReturns(1, 20, 0, 0.01, 0), 252, 1, 0)
	require.Nil(t, ret)
	ret, sharpe, fall, _ = resample(make([]float64, 50), 252, 1, 100)
	require.Equal(t, Interval{}, *ret, "a run that never moves")
	require.Equal(t, Interval{}, *fall)
	require.Nil(t, sharpe)
	rare := make([]float64, 400)
	rare[200] = 0.1
	ret, sharpe, _, _ = resample(rare, 252, 1, 200)
	require.NotNil(t, ret)
	require.NotNil(t, sharpe, "a third of the resamples miss the day, and have no ratio")
	lost := make([]float64, 40)
	lost[39] = -1
	ret, _, fall, _ = resample(append(lost, 0.5), 252, 1, 200)
	require.Equal(t, -1.0, ret.Low)
	require.Equal(t, -1.0, fall.Low)
	total, worst := compound([]float64{0.1, -1.2, -3})
	require.Equal(t, []float64{-1, -1}, []float64{total, worst}, "two losses of all do not make a gain")
}

// The examples of the two papers: a track record of 24 months (2012), and a
// strategy that was the best of 100 (2014).
func TestSharpeRatiosOfThePapers(t *testing.T) {
	ratio := 0.458
	require.InDelta(t, 0.982, normalCDF(ratio/sharpeError(ratio, 0, 3, 24)), 5e-4, "as if returns were normal")
	require.InDelta(t, 0.913, normalCDF(ratio/sharpeError(ratio, -2.448, 10.164, 24)), 5e-4)

	daily := 2.5 / math.Sqrt(250)
	target := math.Sqrt(1.0/2/250) * expectedMaximum(100)
	require.InDelta(t, 0.1132, target, 5e-5)
	require.InDelta(t, 0.9004, normalCDF((daily-target)/sharpeError(daily, -3, 10, 1250)), 5e-5)
}

func TestExpectedMaximum(t *testing.T) {
	require.Zero(t, expectedMaximum(1))
	require.Zero(t, expectedMaximum(0))
	rng := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{5, 20, 100} {
		total := 0.0
		const rounds = 20000
		for range rounds {
			best := math.Inf(-1)
			for range n {
				best = max(best, rng.NormFloat64())
			}
			total += best
		}
		require.InEpsilon(t, total/rounds, expectedMaximum(n), 0.03, n)
	}
}

// The same by another way: moments around the mean as sums of powers, the normal
// distribution by integrating its density.
func TestSharpeProbabilities(t *testing.T) {
	r := someReturns(21, 120, 0.0009, 0.01, 0)
	r[7], r[70] = -0.04, -0.03
	var s1, s2, s3, s4 float64
	n := float64(len(r))
	for _, x := range r {
		s1, s2, s3, s4 = s1+x/n, s2+x*x/n, s3+x*x*x/n, s4+x*x*x*x/n
	}
	m2 := s2 - s1*s1
	m3 := s3 - 3*s1*s2 + 2*s1*s1*s1
	m4 := s4 - 4*s1*s3 + 6*s1*s1*s2 - 3*s1*s1*s1*s1
	ratio := s1 / math.Sqrt(m2*n/(n-1))
	err := math.Sqrt((1 - m3/math.Pow(m2, 1.5)*ratio + (m4/m2/m2-1)/4*ratio*ratio) / (n - 1))
	for _, target := range []float64{0, 0.05, 0.2, -0.1} {
		near9(t, below((ratio-target)/err), probabilisticSharpe(r, target))
	}
	near9(t, *probabilisticSharpe(r, 0), deflatedSharpe(r, 1))
	near9(t, *probabilisticSharpe(r, 0), deflatedSharpe(r, 0))
	near9(t, below(ratio/err-expectedMaximum(30)), deflatedSharpe(r, 30))
	last := 2.0
	for _, trials := range []int{1, 2, 3, 10, 100, 10000, math.MaxInt} {
		now := *deflatedSharpe(r, trials)
		require.Less(t, now, last, "more trials, less proof: %d", trials)
		last = now
	}
	for _, none := range [][]float64{nil, {0.01}, make([]float64, 50)} {
		require.Nil(t, probabilisticSharpe(none, 0))
		require.Nil(t, deflatedSharpe(none, 5))
	}
}

func near9(t *testing.T, want float64, got *float64) {
	t.Helper()
	require.NotNil(t, got)
	require.InDelta(t, want, *got, 1e-9)
}

// below integrates the normal density up to z by Simpson's rule.
func below(z float64) float64 {
	const steps = 2000
	h, total := z/steps, 0.0
	for i := range steps + 1 {
		weight := []float64{2, 4}[i%2]
		if i == 0 || i == steps {
			weight = 1
		}
		total += weight * math.Exp(-float64(i)*h*float64(i)*h/2)
	}
	return 0.5 + total*h/3/math.Sqrt(2*math.Pi)
}

// At most 25 ms for 1,400 returns and 1,000 resamples.
func BenchmarkResample(b *testing.B) {
	r := someReturns(1, 1400, 0.0004, 0.01, 0.1)
	b.ReportAllocs()
	for b.Loop() {
		resample(r, 252, 1, 1000)
	}
}
