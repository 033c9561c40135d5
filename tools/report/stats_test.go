package report

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// goldenBenchmark are the benchmark's returns of the golden vector.
var goldenBenchmark = []float64{0.008, -0.004, 0.015, -0.012, 0.001, 0.005, -0.006, 0.009, 0.002, -0.003}

// curveOf compounds returns from a starting value.
func curveOf(start float64, r ...float64) []float64 {
	values := []float64{start}
	for _, x := range r {
		values = append(values, values[len(values)-1]*(1+x))
	}
	return values
}

func near(t *testing.T, want float64, got *float64, name string) {
	t.Helper()
	require.NotNil(t, got, name)
	require.InEpsilon(t, want, *got, 1e-12, name)
}

func TestGoldenFigures(t *testing.T) {
	s := figures(curveOf(1, golden...), 252)
	near(t, 0.017621574613063018, s.TotalReturn, "total return")
	near(t, 0.553012346333851, s.CAGR, "CAGR")
	near(t, 0.17028446787655063, s.Volatility, "volatility")
	near(t, 2.663777886829008, s.Sharpe, "Sharpe")
	near(t, 0.09603749267864088, s.DownsideDev, "downside deviation")
	near(t, 4.723155377638077, s.Sortino, "Sortino")
	near(t, -0.018023950000000233, s.MaxDrawdown, "max drawdown")
	near(t, 30.682083912452256, s.Calmar, "Calmar")
	require.Equal(t, 7, s.UnderWater)
	near(t, 0.010368855926776104, s.Ulcer, "ulcer (n-1)")
	near(t, 1.5294117647058825, s.Omega, "omega(0)")
	near(t, 0.5555555555555556, s.WinRate, "win rate of days that moved")
	near(t, 1.5294117647058825, s.ProfitFactor, "profit factor")
	near(t, 1.2235294117647058, s.Payoff, "payoff")
	near(t, 1.286274509803921, s.TailRatio, "tail ratio")
	near(t, -0.01275, s.VaR95, "VaR historical")
	near(t, -0.015844202072765403, s.VaR95Normal, "VaR normal")
	near(t, -0.015, s.ES95, "ES empyrical")
	near(t, 0.02, s.Best, "best")
	near(t, -0.015, s.Worst, "worst")
	require.Equal(t, 10, s.Days)
	require.Equal(t, 252.0, s.PeriodsAYear)
	require.True(t, s.FewForYearly)
	require.Equal(t, *Sharpe(returnsOf(curveOf(1, golden...)), 252), *s.Sharpe, "the same bits as the headline's")
}

func TestGoldenRelative(t *testing.T) {
	v := relative(golden, goldenBenchmark, 252)
	near(t, 1.3287553648068668, v.Beta, "beta")
	near(t, -0.048669527896995704, v.Alpha, "alpha arithmetic")
	near(t, -0.04750862615149165, v.AlphaCompound, "alpha compound")
	near(t, 0.10749382094174634*math.Sqrt(252), v.InformationRatio, "information ratio: that of a period times sqrt(252)")
	near(t, 0.044303498733170056, v.TrackingError, "tracking error")
	// No reference gives the correlation; beta = correlation * stdev r / stdev b.
	near(t, 1.3287553648068668*deviation(goldenBenchmark)/deviation(golden), v.Correlation, "correlation")
}

func TestGoldenTradesTurnoverExposure(t *testing.T) {
	s := trading([]float64{120, -50, 80, -30, 0, 200, -120})
	near(t, 0.42857142857142855, s.WinRate, "win rate")
	near(t, 0.5, finite(float64(s.Won)/float64(s.Won+s.Lost)), "without the zero")
	near(t, 2, s.ProfitFactor, "profit factor")
	near(t, 28.571428571428573, s.Expectancy, "expectancy")
	require.Equal(t, []int{7, 3, 3, 0}, []int{s.Closed, s.Won, s.Lost, s.Open})
	near(t, 400.0/3, s.AverageWin, "average win")
	near(t, -200.0/3, s.AverageLoss, "average loss")
	near(t, 200, s.Largest, "largest win")
	near(t, -120, s.Smallest, "largest loss")

	day := turnover([]float64{10000, 0, 5000, 0, 15000}, []float64{100000, 100500, 101000, 100000, 99000})
	near(t, 0.060204020402040204, day, "turnover a day")
	near(t, 15.171413141314131, finite(*day*252), "turnover a year")

	w := &walk{names: []string{"A"}}
	for _, q := range []float64{0, 1, 1, 0, 1, 0, 0, 1, 1, 1} { // half the equity, once short
		w.steps = append(w.steps, step{equity: 200, gross: 100 * q, net: 100 * q, held: q != 0})
	}
	w.steps[1].net = -100
	gross, net := w.exposure()
	near(t, 0.3, gross, "half of 6 steps of 10")
	near(t, 0.2, net, "half of 5 less half of 1")
	var s10 Sheet
	w.activity(&s10)
	near(t, 0.6, s10.Activity.TimeHeld, "steps with a position")
}

// Numbers that the golden vector does not tell apart, worked out by hand.
func TestFiguresByHand(t *testing.T) {
	r := []float64{0.01, 0.02, 0.04, 0.05}
	skew, kurtosis := shape(r) // around 0.03: -2, -1, 1, 2 hundredths
	require.InDelta(t, 0, skew, 1e-12)
	require.InEpsilon(t, 34.0/4/(2.5*2.5), kurtosis, 1e-12)
	skew, kurtosis = shape([]float64{0, 0, 0, 1}) // m2 3/16, m3 3/32, m4 21/256
	require.InEpsilon(t, 2/math.Sqrt(3), skew, 1e-12)
	require.InEpsilon(t, 7.0/3, kurtosis, 1e-12)

	var many []float64
	for i := range 41 {
		many = append(many, float64(i+1))
	}
	near(t, 2, expectedShortfall(many), "the mean of 1, 2 and 3: int(40*0.05)+1 values")
	near(t, 1.5, expectedShortfall(many[:40]), "int(39*0.05)+1 = 2 values")
	require.Equal(t, 3.0, percentile(many, 0.05))
	require.Equal(t, 39.0, percentile(many, 0.95))
	require.Equal(t, 41.0, percentile(many, 1))
	require.Equal(t, 1.0, percentile(many[:1], 0.95))

	near(t, math.Sqrt((0.25+0.0625)/2), ulcer([]float64{100, 50, 75, 100}), "falls of 50 and 25 %, then none")
	require.Equal(t, 2, underWater([]float64{5, 4, 5, 4, 4.5}), "an end below the peak counts")
	require.InEpsilon(t, 0.975, normalCDF(1.959963984540054), 1e-12)
	require.InEpsilon(t, -1.6448536269514722, normalQuantile(0.05), 1e-12)
}

func TestDrawdownSpan(t *testing.T) {
	for _, c := range []struct {
		values                  []float64
		peak, trough, recovered int
	}{
		{nil, 0, 0, -1},
		{[]float64{1}, 0, 0, -1},
		{[]float64{1, 2, 2, 3}, 0, 0, -1},
		{[]float64{2, 1, 3}, 0, 1, 2},
		{[]float64{2, 2, 1, 1, 1.9, 2}, 1, 2, 5},
		{[]float64{4, 3, 4, 10, 9, 5, 6, 9.9}, 3, 5, -1},
		{[]float64{4, 2, 4, 10, 9}, 0, 1, 2},
		{[]float64{4, 0, 5}, 0, 1, 2},
	} {
		peak, trough, recovered := drawdownSpan(c.values)
		require.Equal(t, []int{c.peak, c.trough, c.recovered}, []int{peak, trough, recovered}, c.values)
	}
}

func TestFiguresThatAreNotDefined(t *testing.T) {
	for _, values := range [][]float64{nil, {100}, {0, 1, 2}, {-5, 3, 4, 5}} {
		require.Equal(t, Stats{PeriodsAYear: 252, FewForYearly: true}, figures(values, 252), values)
	}
	one := figures([]float64{100, 110}, 252)
	near(t, 0.1, one.TotalReturn, "one return has a total")
	near(t, 0.1, one.Best, "best")
	near(t, 1, one.WinRate, "win rate")
	for name, x := range map[string]*float64{"CAGR": one.CAGR, "volatility": one.Volatility, "Sharpe": one.Sharpe, "Sortino": one.Sortino,
		"ulcer": one.Ulcer, "VaR": one.VaR95, "VaR normal": one.VaR95Normal, "ES": one.ES95, "tail": one.TailRatio, "skew": one.Skew,
		"kurtosis": one.Kurtosis, "Calmar": one.Calmar, "profit factor": one.ProfitFactor, "omega": one.Omega, "payoff": one.Payoff} {
		require.Nil(t, x, name)
	}
	flat := figures([]float64{100, 100, 100, 100}, 252)
	for name, x := range map[string]*float64{"Sharpe": flat.Sharpe, "Sortino": flat.Sortino, "skew": flat.Skew, "Calmar": flat.Calmar,
		"tail": flat.TailRatio, "win rate": flat.WinRate, "profit factor": flat.ProfitFactor} {
		require.Nil(t, x, name)
	}
	require.Zero(t, *flat.Volatility)
	require.Zero(t, *flat.CAGR)
	require.Zero(t, flat.UnderWater)
	up := figures([]float64{100, 101, 103}, 252)
	require.Nil(t, up.Calmar, "no drawdown")
	require.Nil(t, up.ProfitFactor, "no losing day")
	require.NotNil(t, up.Sharpe)
	down := figures([]float64{100, 99, 97}, 252)
	require.Zero(t, *down.ProfitFactor)
	require.Nil(t, down.Payoff, "no winning day")

	require.False(t, figures(curveOf(1, make([]float64, 30)...), 252).FewForYearly)
	require.True(t, figures(curveOf(1, make([]float64, 29)...), 252).FewForYearly)
	require.Equal(t, Relative{}, relative([]float64{1}, []float64{1, 2}, 252))
	still := relative(golden, make([]float64, 10), 252)
	require.Nil(t, still.Beta)
	require.NotNil(t, still.TrackingError)
	same := relative(golden, golden, 252)
	require.Nil(t, same.InformationRatio)
	require.Zero(t, *same.TrackingError)
	near(t, 1, same.Beta, "beta with itself")
	near(t, 1, same.Correlation, "correlation with itself")
	require.Equal(t, relative(golden[:6], goldenBenchmark[:6], 252), relative(golden[:6], goldenBenchmark, 252), "pairs from the first")
	require.Equal(t, Trading{}, trading(nil))
	zero := trading([]float64{0, 0})
	require.Equal(t, Trading{Closed: 2, WinRate: new(float64), Expectancy: new(float64)}, zero)
	require.Nil(t, trading([]float64{3}).ProfitFactor, "no losing trade")
	require.Nil(t, turnover(nil, nil))
	near(t, 0.5, turnover([]float64{50, 7}, []float64{100, 0}), "a day without equity is left out")
	none, _ := (&walk{names: []string{"A"}}).exposure()
	require.Nil(t, none, "no step")
	none, _ = (&walk{steps: []step{{equity: 1, held: true}}}).exposure()
	require.Nil(t, none, "no prices")
}

func TestFiguresOfATotalLoss(t *testing.T) {
	s := figures([]float64{100, 150, 0, 0, 0}, 252)
	require.Equal(t, []float64{0.5, -1}, returnsOf([]float64{100, 150, 0, 0, 0}))
	require.Equal(t, 2, s.Days)
	require.Equal(t, -1.0, *s.CAGR)
	require.Equal(t, -1.0, *s.TotalReturn)
	require.Equal(t, -1.0, *s.MaxDrawdown)
	require.Equal(t, -1.0, *s.Calmar)
	require.Equal(t, 3, s.UnderWater)
	below := figures([]float64{100, -20, 130}, 252)
	require.Equal(t, -1.0, *below.CAGR, "what came after a total loss was not the run's to earn")
	require.Equal(t, []float64{-1.2}, returnsOf([]float64{100, -20, 130}))
	require.Equal(t, -1.2, *below.MaxDrawdown)
	require.InEpsilon(t, 0.3, *below.TotalReturn, 1e-12, "the headline's")
	require.Equal(t, -1.0, *figures([]float64{100, 0}, 252).CAGR)
}

// hard draws lists of values that break formulas.
func hard() *rapid.Generator[[]float64] {
	value := rapid.OneOf(rapid.Float64Range(50, 150), rapid.Float64Range(50, 150), rapid.Float64(),
		rapid.SampledFrom([]float64{0, -1, -100, 100, 1e308, -1e308, math.MaxFloat64, 5e-324, 1e-300, math.NaN(), math.Inf(1), math.Inf(-1)}))
	return rapid.OneOf(rapid.SliceOfN(value, 0, 3), rapid.SliceOfN(value, 0, 60), rapid.SliceOfN(rapid.Float64Range(0, 1e308), 0, 30),
		rapid.Map(rapid.IntRange(0, 50), func(n int) []float64 { return curveOf(100, make([]float64, n)...) }))
}

func TestFiguresCanAlwaysBeWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, other := hard().Draw(t, "values"), hard().Draw(t, "other")
		r, trials := returnsOf(values), rapid.IntRange(-1, 1000).Draw(t, "trials")
		for _, x := range r {
			require.NotNil(t, finite(x))
		}
		ret, sharpe, fall, _ := resample(r, 252, 1, 20)
		rawRet, rawSharpe, rawFall, _ := resample(other, 252, 1, 20)
		_, err := json.Marshal([]any{figures(values, 252), relative(r, returnsOf(other), 252), relative(values, other, 252),
			trading(values), turnover(values, other), probabilisticSharpe(r, 0), deflatedSharpe(r, trials), deflatedSharpe(values, trials),
			ret, sharpe, fall, rawRet, rawSharpe, rawFall})
		require.NoError(t, err)
	})
}

func TestFiguresHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SliceOfN(rapid.Float64Range(-0.2, 0.2), 2, 60).Draw(t, "returns")
		scale := rapid.Float64Range(0.01, 1000).Draw(t, "scale")
		a, b := figures(curveOf(1, r...), 252), figures(curveOf(scale, r...), 252)
		require.InDelta(t, *a.TotalReturn, *b.TotalReturn, 1e-9, "the size of the account does not matter")
		require.InDelta(t, *a.Volatility, *b.Volatility, 1e-9)
		require.LessOrEqual(t, *a.Worst, *a.ES95)
		require.LessOrEqual(t, *a.ES95, *a.VaR95+1e-15)
		require.LessOrEqual(t, *a.VaR95, *a.Best)
		require.LessOrEqual(t, *a.MaxDrawdown, min(0, *a.Worst+1e-12), "a day's loss is a drawdown")
		require.Less(t, a.UnderWater, len(r)+1)
		if a.Kurtosis != nil {
			require.GreaterOrEqual(t, *a.Kurtosis, *a.Skew**a.Skew+1-1e-6, "Pearson's inequality")
		}
		peak, trough, recovered := drawdownSpan(curveOf(1, r...))
		values := curveOf(1, r...)
		require.Equal(t, *a.MaxDrawdown, values[trough]/values[peak]-1)
		require.True(t, recovered == -1 || recovered > trough && values[recovered] >= values[peak])
	})
}
