package report

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The seeds and sizes that make the figures about luck repeatable. One seed gives
// each generator numbers of its own by its stream.
const (
	luckSeed       = 1
	resamples      = 1000
	streamResample = 1
	streamTraders  = 2
)

// fewReturns is the number of returns below which nothing is resampled: the mean
// block is then under 3 returns and a resample repeats a handful of days, so that its
// 5th and 95th percentile are those few days and not a range of outcomes.
const fewReturns = 20

// luck fills how much of the result could be luck.
func (s *Sheet) luck(r *Run, w *walk) {
	l := &s.Luck
	l.Seed, l.Resamples, l.Trials = luckSeed, resamples, max(1, r.Manifest.Attempt)
	x := returnsOf(values(r.Manifest.Cash.Float(), s.Daily, equityOf))
	l.Return, l.Sharpe, l.Drawdown, l.Block = resample(x, periods(s.Daily), luckSeed, resamples)
	l.Probabilistic, l.Deflated = probabilisticSharpe(x, 0), deflatedSharpe(x, l.Trials)
	if s.Activity.Traded > 0 && s.Strategy.TotalReturn != nil && len(w.names) > 0 {
		rate := (s.Headline.Fees.Float() + s.Headline.Slippage.Float()) / s.Activity.Traded
		l.Random = w.randomTraders(*s.Strategy.TotalReturn, rate)
	}
	for _, a := range r.Manifest.Agents {
		if a.Inside != nil && (l.Inside == nil || *a.Inside > *l.Inside) {
			l.Inside, l.InsideOf = a.Inside, a.Model
		}
	}
}

// resample returns the middle 90 % of total return, Sharpe (over `periods` a year)
// and maximum drawdown over n resamples of the returns, and the mean length of a
// block. It is the stationary bootstrap of Politis and Romano (1994): blocks begin
// at random places, have geometric lengths and go around the end. Their mean length
// is the cube root of the number of returns, the rate of growth that is best for the
// variance of a mean; it keeps what short-term dependence there is.
//
// All are nil below 20 returns (see fewReturns). A resample without variance has no
// Sharpe; when more than half have none, the interval is nil. A resample that loses
// all stays at -1.
func resample(r []float64, periods float64, seed uint64, n int) (ret, sharpe, drawdown *Interval, block float64) {
	if len(r) < fewReturns || n < 1 {
		return nil, nil, nil, 0
	}
	block = math.Cbrt(float64(len(r)))
	rng := rand.NewPCG(seed, streamResample)
	path := make([]float64, len(r))
	rets, falls, ratios := make([]float64, n), make([]float64, n), make([]float64, 0, n)
	for i := range n {
		drawBlocks(rng, r, path, block)
		rets[i], falls[i] = compound(path)
		if dev := deviation(path); dev != 0 {
			ratios = append(ratios, mean(path)/dev*math.Sqrt(periods))
		}
	}
	if 2*len(ratios) >= n {
		sharpe = interval(ratios)
	}
	return interval(rets), sharpe, interval(falls), block
}

// drawBlocks fills `to` with blocks of `from`: each place continues the block before
// it, around the end, or begins a new one with a chance of 1/length.
func drawBlocks(rng *rand.PCG, from, to []float64, length float64) {
	places := rand.New(rng)
	limit := uint64(math.MaxUint64)
	if length > 1 {
		limit = uint64(math.Ldexp(1/length, 64))
	}
	at := places.IntN(len(from))
	for i := range to {
		to[i] = from[at]
		if at++; at == len(from) {
			at = 0
		}
		if rng.Uint64() < limit {
			at = places.IntN(len(from))
		}
	}
}

// compound returns the total return of returns and their maximum drawdown, the
// start included as a peak. A loss of all is the end.
func compound(r []float64) (total, drawdown float64) {
	equity, peak := 1.0, 1.0
	for _, x := range r {
		if equity *= 1 + x; !(equity > 0) {
			return -1, -1
		}
		peak = max(peak, equity)
		drawdown = min(drawdown, equity/peak-1)
	}
	return equity - 1, drawdown
}

// interval sorts the values in place; nil when an end is not finite.
func interval(values []float64) *Interval {
	slices.Sort(values)
	x := Interval{Low: percentile(values, 0.05), High: percentile(values, 0.95)}
	if finite(x.Low) == nil || finite(x.High) == nil {
		return nil
	}
	return &x
}

// probabilisticSharpe returns the probability that the true Sharpe ratio is above
// the target, both per period and not annualized (Bailey and Lopez de Prado 2012,
// "The Sharpe Ratio Efficient Frontier"). nil below two returns or without variance.
func probabilisticSharpe(r []float64, target float64) *float64 {
	ratio, err := sharpeAndError(r)
	return finite(normalCDF((ratio - target) / err))
}

// deflatedSharpe returns the probability that the true Sharpe ratio is above what
// the best of `trials` runs without skill is expected to show (Bailey and Lopez de
// Prado 2014, "The Deflated Sharpe Ratio"). The paper takes the variance of Sharpe
// ratios across the trials. One run does not know it, so the sampling variance of
// this run's own ratio stands for it: right when the trials differ by luck alone and
// are independent, too low when they differ by more. One trial gives
// probabilisticSharpe with target 0.
func deflatedSharpe(r []float64, trials int) *float64 {
	_, err := sharpeAndError(r)
	return probabilisticSharpe(r, float64(err*expectedMaximum(trials)))
}

// sharpeAndError returns the Sharpe ratio per period (n-1) and its standard error,
// NaN when they are not defined.
func sharpeAndError(r []float64) (ratio, err float64) {
	s := Sharpe(r, 1)
	if s == nil {
		return math.NaN(), math.NaN()
	}
	skew, kurtosis := shape(r)
	return *s, sharpeError(*s, skew, kurtosis, len(r))
}

// sharpeError returns the standard error of a Sharpe ratio per period over n returns
// of that skew and kurtosis (population moments; 3 is normal). NaN when the variance
// is not above 0, as with returns of two values only.
func sharpeError(ratio, skew, kurtosis float64, n int) float64 {
	variance := (1 - float64(skew*ratio) + float64((kurtosis-1)/4*ratio*ratio)) / float64(n-1)
	if !(variance > 0) {
		return math.NaN()
	}
	return math.Sqrt(variance)
}

// expectedMaximum approximates the expected largest of n independent draws from a
// standard normal distribution, by the paper's formula; 0 for one.
func expectedMaximum(n int) float64 {
	const gamma = 0.57721566490153286060651209008240243 // Euler-Mascheroni
	if n < 2 {
		return 0
	}
	share := 1 / float64(n)
	return float64((1-gamma)*normalQuantile(1-share)) + float64(gamma*normalQuantile(1-share/math.E))
}
