package regime

import (
	"math"
	"slices"
)

// Trend labels days by rules instead of a model: the trend of closes, their volatility, and
// breadth, the share of symbols above their own long average. The long average is that of
// M. Faber, "A quantitative approach to tactical asset allocation", Journal of Wealth
// Management 9 (2007): ten months; breadth is as in N. Fosback, Stock Market Logic (1976).
type Trend struct {
	Kept *Trainings // what was computed before; nil = nothing is kept
}

// Windows of the rules, in days.
const (
	Long       = 200 // the average that trend and breadth are about
	short      = 50
	deviations = 20                     // of a volatility
	usual      = 252                    // over which a volatility is compared with its median
	TrendNeeds = usual + deviations + 1 // closes of the first label
)

// Days returns the regime of the last days; fewer where there are fewer. breadth is a share
// for each close, NaN where too few symbols can be counted: the rules then go without.
func (r Trend) Days(closes, breadth []float64, last int) []Day {
	vola := make([]float64, len(closes)) // 0 where there is none
	for i := deviations; i < len(closes); i++ {
		sum := 0.0
		for k := i - deviations + 1; k <= i; k++ {
			r := closes[k]/closes[k-1] - 1
			sum += float64(r * r)
		}
		vola[i] = math.Sqrt(sum / deviations)
	}
	raw := map[int]Day{}
	var out []Day
	for t := max(TrendNeeds-1, len(closes)-last); t < len(closes); t++ {
		begin := max(TrendNeeds-1, t-lookBack)
		for s := begin; s <= t; s++ {
			if _, ok := raw[s]; !ok {
				raw[s] = Day{Leader: kept(r.Kept, func(t *Trainings) *map[key]Label { return &t.rules }, func() key { return keyOf(breadth[s], closes[s+1-TrendNeeds:s+1]) },
					func() Label { return rule(closes[:s+1], breadth[s], vola[:s+1]) })}
			}
		}
		day := raw[t]
		day.Label, day.Since = damp(raw, begin, t)
		out = append(out, day)
	}
	return out
}

// rule labels the last of closes. Above the long average with the short one above it, too,
// the trend is up: trending_bull with breadth from 0.6, mild_trend from 0.4, mixed below.
// With both below, it is down: volatile_bear with breadth to 0.4, range to 0.6, mixed above.
// Anything else is range. Twice the usual volatility is volatile, below the long average
// volatile_bear.
func rule(closes []float64, breadth float64, vola []float64) Label {
	now := closes[len(closes)-1]
	long, quick := average(closes, Long), average(closes, short)
	past := slices.Clone(vola[len(vola)-usual:])
	slices.Sort(past)
	median := (past[usual/2-1] + past[usual/2]) / 2
	wild := median > 0 && vola[len(vola)-1] >= 2*median
	switch {
	case wild && now < long:
		return VolatileBear
	case wild:
		return Volatile
	case now > long && quick > long:
		switch {
		case math.IsNaN(breadth) || breadth >= 0.6:
			return TrendingBull
		case breadth >= 0.4:
			return MildTrend
		}
		return Mixed
	case now < long && quick < long:
		switch {
		case math.IsNaN(breadth) || breadth <= 0.4:
			return VolatileBear
		case breadth <= 0.6:
			return Range
		}
		return Mixed
	}
	return Range
}

// average is the mean of the last n.
func average(list []float64, n int) float64 {
	sum := 0.0
	for _, x := range list[len(list)-n:] {
		sum += x
	}
	return sum / float64(n)
}

// Above reports for each close whether it is above the mean of the last [Long], itself
// included; the first Long-1 have no answer.
func Above(closes []float64) []bool {
	var out []bool
	for i := Long; i <= len(closes); i++ {
		out = append(out, closes[i-1] > average(closes[:i], Long))
	}
	return out
}
