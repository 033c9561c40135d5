package report

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// This file is what is left of the best of several runs once the others are counted.

// Trial is one of several runs over the same days.
type Trial struct {
	Name    string
	Returns []float64 // one a day, of as many days as the others have
}

// Trials says how much of the best of several runs their number explains. Its formulas
// are in the package's doc.
type Trials struct {
	N         int    `json:"trials"`   // that were asked for
	Lacking   int    `json:"lacking"`  // of them without a result
	Distinct  int    `json:"distinct"` // of different returns: the number that the rest counts
	Days      int    `json:"days"`
	Best      string `json:"best"` // the one with the highest Sharpe ratio
	Resamples int    `json:"resamples"`
	Seed      uint64 `json:"seed"`

	Sharpe   *float64 `json:"sharpe"`             // of the best, a year
	Expected *float64 `json:"expected_sharpe"`    // of the best of as many without skill, a year
	Deflated *float64 `json:"deflated_sharpe"`    // the probability that the best one's true ratio is above 0
	Overfit  *float64 `json:"overfit"`            // the probability that the best of one half is below the median of the other
	Cash     *float64 `json:"p_cash"`             // Hansen's p-value: none earns more than cash
	Hold     *float64 `json:"p_hold"`             // none earns more than buying and holding
	Reality  *float64 `json:"p_hold_white"`       // White's p-value of the same
	Beat     *int     `json:"beat_hold"`          // trials that each earn more than holding, by [holm]; no part of Evidence
	Evidence bool     `json:"evidence"`           // see [Trials.Verdict]
	Verdict  string   `json:"verdict"`            // one sentence
	Why      []string `json:"not_computed_since"` // why a figure above is null
}

// The limits of evidence: all must hold.
const (
	surely  = 0.95 // deflated Sharpe ratio
	rarely  = 0.05 // p-values
	overfit = 0.5
)

// trialStream tells the draws of trials from those of luck.go.
const trialStream = 4

// JudgeTrials compares runs over the same days with cash, with buying and holding (a
// return for each of the same days; nil = not known) and with each other.
// lacking is how many runs were asked for and have no result: they are tries too, and
// without them there is no evidence.
func JudgeTrials(list []Trial, lacking int, hold []float64, periods float64, seed uint64) Trials {
	t := Trials{N: len(list) + lacking, Lacking: lacking, Resamples: resamples, Seed: seed, Why: []string{}}
	var distinct []Trial
	for _, x := range list {
		if !slices.ContainsFunc(distinct, func(y Trial) bool { return slices.Equal(x.Returns, y.Returns) }) {
			distinct = append(distinct, x)
		}
	}
	t.Distinct = len(distinct)
	if t.Distinct == 0 {
		t.Verdict = "Nothing was run."
		return t
	}
	t.Days = len(distinct[0].Returns)
	var ratios []float64
	best, highest := -1, math.Inf(-1)
	for i, x := range distinct {
		s := Sharpe(x.Returns, 1)
		if s == nil { // it held nothing: a trial, whose ratio is that of cash
			s = new(float64)
		}
		ratios = append(ratios, *s)
		if *s > highest {
			best, highest = i, *s
		}
	}
	t.Best = distinct[best].Name
	t.Sharpe = Sharpe(distinct[best].Returns, periods)
	if t.Distinct > 1 {
		luck := expectedMaximum(t.Distinct) * deviation(ratios)
		t.Expected = finite(luck * math.Sqrt(periods))
		t.Deflated = probabilisticSharpe(distinct[best].Returns, luck)
	} else {
		t.Deflated = probabilisticSharpe(distinct[best].Returns, 0)
	}
	if t.Days < fewReturns {
		t.Why = append(t.Why, fmt.Sprintf("%d days: resampling and halves need %d", t.Days, fewReturns))
	} else {
		if t.Overfit = overfitting(distinct); t.Overfit == nil {
			t.Why = append(t.Why, fmt.Sprintf("overfit needs 2 trials that differ and %d days", 2*2*cscvBlocks))
		}
		none := make([]float64, t.Days)
		t.Cash, _, _ = superior(distinct, none, seed)
		if len(hold) == t.Days {
			t.Hold, t.Reality, t.Beat = superior(distinct, hold, seed)
		} else {
			t.Why = append(t.Why, "buying and holding is not known for the same days")
		}
	}
	t.judge()
	return t
}

// judge fills Evidence and Verdict.
func (t *Trials) judge() {
	below := func(p *float64, limit float64) bool { return p != nil && *p <= limit }
	t.Evidence = t.Lacking == 0 && t.Deflated != nil && *t.Deflated >= surely && below(t.Cash, rarely) && below(t.Hold, rarely) && (t.N == 1 || t.Overfit != nil && *t.Overfit < overfit)
	tries := fmt.Sprintf("best of %d tries", t.Distinct)
	if t.Distinct == 1 {
		tries = "one try"
	}
	luck := ""
	if t.Expected != nil {
		luck = fmt.Sprintf(" where luck alone is expected to show %s", figure(t.Expected))
	}
	said := "No evidence that anything here beats cash and holding"
	if t.Lacking > 0 {
		said = fmt.Sprintf("No verdict before the %d runs without a result have one", t.Lacking)
	}
	if t.Evidence {
		said = "More than luck explains"
	}
	t.Verdict = fmt.Sprintf("%s: the %s (%s) has a Sharpe of %s%s, deflated %s; p %s against cash, %s against holding.", said, tries, t.Best, figure(t.Sharpe), luck, figure(t.Deflated), figure(t.Cash), figure(t.Hold))
}

// figure writes a figure of a sentence.
func figure(x *float64) string {
	if x == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.2f", *x)
}

// cscvBlocks is how many blocks of days are split into halves.
const cscvBlocks = 16

// overfitting returns the probability of backtest overfitting by combinatorially
// symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu 2015): over all
// ways to take half of 16 blocks of days, the share in which the trial with the best
// Sharpe ratio in that half is at or below the median in the other. The first days that
// do not fill a block are left out. nil for one trial or under 64 days.
func overfitting(list []Trial) *float64 {
	days := len(list[0].Returns) / cscvBlocks
	if len(list) < 2 || days < 4 {
		return nil
	}
	sums, squared := make([][cscvBlocks]float64, len(list)), make([][cscvBlocks]float64, len(list))
	for k, x := range list {
		r := x.Returns[len(x.Returns)-days*cscvBlocks:]
		for i, v := range r {
			sums[k][i/days] += v
			squared[k][i/days] += float64(v * v)
		}
	}
	n := float64(days * cscvBlocks / 2)
	ratio := func(sum, square float64) float64 {
		variance := (square - sum*sum/n) / (n - 1)
		if !(variance > noise*noise*square/n) {
			return 0
		}
		return sum / n / math.Sqrt(variance)
	}
	splits, below := 0, 0.0
	in, out := make([]float64, len(list)), make([]float64, len(list))
	for mask := range 1 << cscvBlocks {
		if ones(mask) != cscvBlocks/2 {
			continue
		}
		for k := range list {
			var s, q [2]float64
			for b := range cscvBlocks {
				half := mask >> b & 1
				s[half] += sums[k][b]
				q[half] += squared[k][b]
			}
			in[k], out[k] = ratio(s[1], q[1]), ratio(s[0], q[0])
		}
		splits++
		if relativeRank(out, best(in)) <= 0.5 {
			below++
		}
	}
	return finite(below / float64(splits))
}

func ones(x int) (n int) {
	for ; x > 0; x &= x - 1 {
		n++
	}
	return n
}

// best returns the place of the first of the largest values.
func best(values []float64) int {
	at := 0
	for i, v := range values {
		if v > values[at] {
			at = i
		}
	}
	return at
}

// relativeRank returns rank/(n+1) of a value among all, 1 the lowest; equal values share
// the mean of their ranks.
func relativeRank(values []float64, at int) float64 {
	lower, equal := 0, 0
	for _, v := range values {
		switch cmp.Compare(v, values[at]) {
		case -1:
			lower++
		case 0:
			equal++
		}
	}
	return (float64(lower) + float64(equal+1)/2) / float64(len(values)+1)
}

// superior tests whether none of the trials earns more than a benchmark: Hansen's (2005)
// test of superior predictive ability, studentized and consistently recentered, and
// White's (2000) reality check, both by the stationary bootstrap. It returns their
// p-values, and how many trials each beat the benchmark by [holm] of the studentized
// means as normal; all nil where no trial differs from the benchmark.
func superior(list []Trial, benchmark []float64, seed uint64) (hansen, white *float64, beat *int) {
	n := len(benchmark)
	block := math.Cbrt(float64(n))
	over := make([][]float64, 0, len(list))
	means, devs, center := []float64{}, []float64{}, []float64{}
	limit := math.Sqrt(2 * math.Log(math.Log(float64(n))) / float64(n))
	for _, x := range list {
		d := make([]float64, n)
		for i := range d {
			d[i] = x.Returns[i] - benchmark[i]
		}
		dev := longRunDeviation(d, 1/block)
		if !(dev > 0) {
			continue // the benchmark itself
		}
		m, c := mean(d), 0.0
		if m >= -dev*limit {
			c = m
		}
		over, means, devs, center = append(over, d), append(means, m), append(devs, dev), append(center, c)
	}
	if len(over) == 0 {
		return nil, nil, nil
	}
	root := math.Sqrt(float64(n))
	studentized, plain := 0.0, math.Inf(-1)
	alone := slices.Repeat([]float64{1}, len(list)) // the benchmark itself is a test too
	for k, m := range means {
		alone[k] = normalCDF(-root * m / devs[k])
		studentized, plain = max(studentized, root*m/devs[k]), max(plain, root*m)
	}
	rng := rand.NewPCG(seed, trialStream)
	places, drawn, times := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range places {
		places[i] = float64(i)
	}
	if studentized == 0 { // none earned more than the benchmark: nothing to explain
		hansen = finite(1)
	}
	above, higher := 0, 0
	for range resamples {
		drawBlocks(rng, places, drawn, block)
		clear(times)
		for _, at := range drawn {
			times[int(at)]++
		}
		most, largest := 0.0, math.Inf(-1)
		for k, d := range over {
			total := 0.0
			for i, w := range times {
				total += float64(w * d[i])
			}
			m := total / float64(n)
			most, largest = max(most, root*(m-center[k])/devs[k]), max(largest, root*(m-means[k]))
		}
		if most > studentized {
			above++
		}
		if largest > plain {
			higher++
		}
	}
	if hansen == nil {
		hansen = finite(float64(above) / resamples)
	}
	passed := holm(alone, rarely)
	return hansen, finite(float64(higher) / resamples), &passed
}

// holm returns how many of several hypotheses the step-down method of Holm (1979)
// rejects: the chance of one or more wrong rejections is at most level, however the
// tests depend on each other.
func holm(p []float64, level float64) int {
	sorted := slices.Sorted(slices.Values(p))
	for i, x := range sorted {
		if !(x <= level/float64(len(sorted)-i)) {
			return i
		}
	}
	return len(sorted)
}

// longRunDeviation returns the standard deviation of the root-n mean of dependent values
// under the stationary bootstrap whose blocks end with a chance of q: the kernel of
// Politis and Romano (1994).
func longRunDeviation(x []float64, q float64) float64 {
	n, center := len(x), mean(x)
	variance := squares(x, center) / float64(n)
	for lag := 1; lag < n; lag++ {
		share := float64(lag) / float64(n)
		weight := float64((1-share)*math.Pow(1-q, float64(lag))) + float64(share*math.Pow(1-q, float64(n-lag)))
		if weight < 1e-12 {
			continue
		}
		covariance := 0.0
		for i := range n - lag {
			covariance += float64((x[i] - center) * (x[i+lag] - center))
		}
		variance += float64(2 * weight * covariance / float64(n))
	}
	return math.Sqrt(max(0, variance))
}

// Daily returns the run's return of each day, that of buying and holding (nil where it
// has no value for each) and the number of days in a year. After a total loss they are 0.
func (r *Run) Daily() (own, hold []float64, days float64) {
	daily := lastOf(r.Points, time.DateOnly)
	if len(daily) == 0 {
		return nil, nil, 0
	}
	own = padded(returnsOf(values(r.Manifest.Cash.Float(), daily, equityOf)), len(daily))
	if first := r.Points[0].Hold; first > 0 {
		hold = padded(returnsOf(values(first, daily, func(p Point) float64 { return p.Hold })), len(daily))
	}
	return own, hold, periods(daily)
}

// padded fills returns that end with a total loss up with 0.
func padded(r []float64, n int) []float64 { return append(r, make([]float64, n-len(r))...) }
