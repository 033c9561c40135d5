package main

import (
	"math"
	"slices"
	"time"
)

// obj is a JSON object that is expected.
type obj = map[string]any

// opt is a figure, null when it is not defined.
func opt(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

func (r *realRun) sheet() obj {
	days := r.days()
	value := func(of func(step) float64) (list []float64) {
		for _, d := range days {
			list = append(list, of(d))
		}
		return list
	}
	equity := value(func(s step) float64 { return s.equity })
	bench := value(func(s step) float64 { return s.benchmark })
	hold := value(func(s step) float64 { return s.hold })
	b := r.replay()
	return obj{
		"run": r.header(), "headline": r.headline(b),
		"strategy": r.stats(equity), "benchmark": r.stats(bench), "buy_and_hold": r.stats(hold),
		"relative": r.relative(equity, bench), "passive": r.passive(), "activity": r.activity(b), "trading": trading(b.trades),
		"costs": r.costs(b), "symbols": b.symbols(), "other": b.other, "months": r.periods("2006-01"), "years": r.periods("2006"),
		"luck": r.luck(equity), "trades": b.list(), "warnings": anyTexts(r.man.Warnings), "notes": anyTexts(r.man.Notes),
	}
}

func anyTexts(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// day is the session that a step ends: a bar that ends at midnight belongs to the
// day before.
func (r *realRun) day(at time.Time) time.Time {
	if at.Hour() == 0 && at.Minute() == 0 {
		return at.AddDate(0, 0, -1)
	}
	return at
}

// days are the last steps of each day.
func (r *realRun) days() (list []step) {
	for i, s := range r.steps {
		if i+1 == len(r.steps) || r.day(r.steps[i+1].at).Format(time.DateOnly) != r.day(s.at).Format(time.DateOnly) {
			list = append(list, s)
		}
	}
	return list
}

// periods a year: 365 when a Saturday or Sunday has a step.
func (r *realRun) perYear() float64 {
	for _, s := range r.steps {
		if w := r.day(s.at).Weekday(); w == time.Saturday || w == time.Sunday {
			return 365
		}
	}
	return 252
}

func returns(start float64, v []float64) (list []float64) {
	for _, x := range v {
		list, start = append(list, x/start-1), x
	}
	return list
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

func average(v []float64) float64 { return sum(v) / float64(len(v)) }

// moment is the mean of the k-th powers of the distances to the mean.
func moment(v []float64, k float64) float64 {
	var s float64
	for _, x := range v {
		s += math.Pow(x-average(v), k)
	}
	return s / float64(len(v))
}

// stdev divides by n-1.
func stdev(v []float64) float64 {
	return math.Sqrt(moment(v, 2) * float64(len(v)) / float64(len(v)-1))
}

// quantile interpolates linearly between order statistics.
func quantile(v []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(v))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 == len(s) {
		return s[i]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

func each(v []float64, f func(float64) float64) (list []float64) {
	for _, x := range v {
		list = append(list, f(x))
	}
	return list
}

func keep(v []float64, f func(float64) bool) (list []float64) {
	for _, x := range v {
		if f(x) {
			list = append(list, x)
		}
	}
	return list
}

const z05 = -1.6448536269514722 // 5 % quantile of the normal distribution

func (r *realRun) stats(v []float64) any {
	if v[0] == 0 {
		return nil
	}
	p, x := r.perYear(), returns(r.start, v)
	n := float64(len(x))
	total := v[len(v)-1]/r.start - 1
	cagr := math.Pow(1+total, p/n) - 1
	down := math.Sqrt(average(each(x, func(a float64) float64 { return math.Pow(math.Min(a, 0), 2) })))
	won, lost := keep(x, func(a float64) bool { return a > 0 }), keep(x, func(a float64) bool { return a < 0 })
	sorted := slices.Sorted(slices.Values(x))
	o := obj{
		"total_return": total, "cagr": opt(cagr), "volatility": stdev(x) * math.Sqrt(p),
		"sharpe": opt(average(x) / stdev(x) * math.Sqrt(p)), "sortino": opt(average(x) * math.Sqrt(p) / down),
		"downside_deviation": down * math.Sqrt(p),
		"omega":              opt(sum(won) / -sum(lost)), "profit_factor_days": opt(sum(won) / -sum(lost)),
		"win_rate_days": opt(float64(len(won)) / float64(len(won)+len(lost))), "payoff_days": opt(average(won) / -average(lost)),
		"tail_ratio": opt(quantile(x, 0.95) / math.Abs(quantile(x, 0.05))), "var95_historical": quantile(x, 0.05),
		"var95_normal": average(x) + z05*stdev(x), "es95_historical": average(sorted[:int((n-1)*0.05)+1]),
		"skew": moment(x, 3) / math.Pow(moment(x, 2), 1.5), "kurtosis": moment(x, 4) / math.Pow(moment(x, 2), 2),
		"best_day": slices.Max(x), "worst_day": slices.Min(x), "days": n, "periods_per_year": p, "few_periods": n < 30, "risk_free_rate": 0.0,
	}
	r.underWater(v, o)
	o["calmar"] = opt(cagr / math.Abs(o["max_drawdown"].(float64)))
	return o
}

// underWater adds drawdown, its dates, the longest stretch and the ulcer index.
func (r *realRun) underWater(v []float64, o obj) {
	days := r.days()
	date := func(i int) string { return r.day(days[max(i, 0)].at).Format(time.DateOnly) }
	peak, at, worst, from, to, stretch, longest, squares := r.start, -1, 0.0, -1, -1, 0, 0, 0.0
	for i, x := range v {
		if x > peak {
			peak, at = x, i
		}
		d := x/peak - 1
		if squares += d * d; d < 0 {
			stretch++
		} else {
			stretch = 0
		}
		longest = max(longest, stretch)
		if d < worst {
			worst, from, to = d, at, i
		}
	}
	o["max_drawdown"], o["under_water_days"] = worst, float64(longest)
	o["ulcer"] = math.Sqrt(squares / float64(len(v)-1))
	if worst < 0 {
		o["max_drawdown_from"], o["max_drawdown_to"] = date(from), date(to)
		top := r.start
		if from >= 0 {
			top = v[from]
		}
		if k := slices.IndexFunc(v[to:], func(x float64) bool { return x >= top }); k >= 0 {
			o["max_drawdown_recovered"] = date(to + k)
		}
	}
}

func (r *realRun) relative(equity, bench []float64) any {
	if bench[0] == 0 {
		return nil
	}
	p, x, b := r.perYear(), returns(r.start, equity), returns(r.start, bench)
	var cov float64
	var over, active []float64
	for i := range x {
		cov += (x[i] - average(x)) * (b[i] - average(b))
		active = append(active, x[i]-b[i])
	}
	cov /= float64(len(x) - 1)
	beta := cov / (stdev(b) * stdev(b))
	for i := range x {
		over = append(over, x[i]-beta*b[i])
	}
	return obj{
		"against": r.man.Benchmark, "excess_return": (equity[len(x)-1] - bench[len(x)-1]) / r.start,
		"beta": beta, "alpha_arithmetic": (average(x) - beta*average(b)) * p, "alpha_compound": math.Pow(1+average(over), p) - 1,
		"correlation": cov / (stdev(x) * stdev(b)), "information_ratio": average(active) / stdev(active) * math.Sqrt(p), "tracking_error": stdev(active) * math.Sqrt(p),
	}
}

// periods are calendar months or years: the last day's equity against that of the
// period before, the starting cash at first.
func (r *realRun) periods(layout string) []any {
	list := []any{}
	last := step{equity: r.start, benchmark: r.start, hold: r.start}
	days := r.days()
	for i, d := range days {
		name := r.day(d.at).Format(layout)
		if i+1 < len(days) && r.day(days[i+1].at).Format(layout) == name {
			continue
		}
		o := obj{"period": name, "return": d.equity/last.equity - 1, "benchmark": nil, "buy_and_hold": nil}
		if d.benchmark != 0 {
			o["benchmark"] = d.benchmark/last.benchmark - 1
		}
		if d.hold != 0 {
			o["buy_and_hold"] = d.hold/last.hold - 1
		}
		list, last = append(list, o), d
	}
	return list
}
