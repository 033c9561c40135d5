package main

import (
	"fmt"
	"math"
	"time"
)

func (r *realRun) header() obj {
	m, first, last := r.man, r.steps[0].at, r.steps[len(r.steps)-1].at
	agents := []any{}
	for _, a := range m.Agents {
		o := obj{"name": a.Name, "model": a.Model}
		for k, v := range map[string]string{"every": a.Every, "prompt": a.Prompt, "cutoff": a.Cutoff} {
			if v != "" {
				o[k] = v
			}
		}
		if len(a.Params) > 0 {
			o["params"] = a.Params
		}
		if a.Cutoff != "" {
			o["inside_cutoff"] = r.inside(a.Cutoff)
		}
		agents = append(agents, o)
	}
	o := obj{
		"id": m.RunID, "name": m.Name, "status": m.Status, "model": m.Model, "symbols": anyTexts(m.Symbols), "from": r.day(first).Format(time.DateOnly), "to": r.day(last).Format(time.DateOnly),
		"cash": m.Cash, "turns": float64(r.nTurns), "attempt": float64(m.Attempt), "digest": m.Digest, "pitwall": m.Pitwall, "agents": agents,
	}
	for k, v := range map[string]string{"every": m.Every, "benchmark": m.Benchmark} {
		if v != "" {
			o[k] = v
		}
	}
	return o
}

// inside is the share of the run's calendar time, from the first day's midnight to
// the end of the last day, that is not after the cutoff day's end in UTC. Models
// that are scripts know nothing.
func (r *realRun) inside(cutoff string) float64 {
	known, err := time.Parse(time.DateOnly, cutoff)
	if err != nil {
		return math.NaN()
	}
	from, end := r.journal[0].AsOf, r.steps[len(r.steps)-1].at
	to := time.Date(end.Year(), end.Month(), end.Day()+1, 0, 0, 0, 0, end.Location())
	return known.AddDate(0, 0, 1).Sub(from).Hours() / to.Sub(from).Hours()
}

func (r *realRun) headline(b *book) obj {
	var v []float64
	for _, d := range r.days() {
		v = append(v, d.equity)
	}
	end := r.steps[len(r.steps)-1]
	peak, worst := r.start, 0.0
	for _, s := range r.steps {
		peak = math.Max(peak, s.equity)
		worst = math.Min(worst, s.equity/peak-1)
	}
	s := r.stats(v).(obj)
	o := obj{
		"start_cash": r.start, "final_equity": end.equity, "total_return": end.equity/r.start - 1, "benchmark_return": nil, "buy_and_hold_return": nil,
		"max_drawdown": worst, "sharpe": s["sharpe"], "bars": float64(len(r.steps)), "orders": b.orders, "orders_rejected": b.rejected, "orders_denied": 0.0,
		"fills": b.sum(func(g *given) float64 { return g.fills }), "fees": b.sum(func(g *given) float64 { return g.fees }), "slippage": b.slippage,
		"exposure": average(b.gross), "first": r.steps[0].at.Format(time.RFC3339), "last": end.at.Format(time.RFC3339),
	}
	if end.benchmark != 0 {
		o["benchmark_return"] = end.benchmark/r.start - 1
	}
	if end.hold != 0 {
		o["buy_and_hold_return"] = end.hold/r.start - 1
	}
	return o
}

func (b *book) sum(of func(*given) float64) (s float64) {
	for _, name := range b.symbolNames() {
		s += of(b.of[name])
	}
	return s
}

func (r *realRun) costs(b *book) obj {
	stated := fmt.Sprintf("%v bps commission, ", r.man.Costs["commission_bps"])
	if least := r.man.Costs["min_per_order"]; least > 0 {
		stated += fmt.Sprintf("%v at least an order, ", least)
	}
	fees, borrow, traded := b.sum(func(g *given) float64 { return g.fees }), b.sum(func(g *given) float64 { return g.borrow }), b.sum(func(g *given) float64 { return g.traded })
	total := r.steps[len(r.steps)-1].equity/r.start - 1
	o := obj{
		"commission": fees, "slippage": b.slippage, "borrow": borrow, "interest": b.interest, "dividends": b.sum(func(g *given) float64 { return g.dividends }),
		"tokens_in": r.usage.Tokens.Input, "tokens_out": r.usage.Tokens.Output, "models_usd": nil, "models_new_usd": nil, "models_recorded_usd": nil,
		"return_before_models": total, "return_after_models": nil, "return_before_costs": total + (fees+b.slippage+borrow-math.Min(b.interest, 0))/r.start,
		"cost_of_traded_bps": opt((fees + b.slippage) / traded * 1e4),
		"stated":             fmt.Sprintf("%s%v bps slippage", stated, r.man.Costs["slippage_bps"]),
	}
	if u := r.usage; u.Cost != nil && u.Recorded != nil {
		spent := *u.Cost + *u.Recorded
		o["models_usd"], o["models_new_usd"], o["models_recorded_usd"] = spent, *u.Cost, *u.Recorded
		o["return_after_models"] = total - spent/r.start
	}
	return o
}

func (r *realRun) activity(b *book) obj {
	var turnover, traded, held []float64
	for _, d := range r.days() {
		m := b.traded[r.day(d.at).Format(time.DateOnly)]
		turnover, traded = append(turnover, m/d.equity), append(traded, m)
	}
	for _, x := range b.trades {
		if !x.open {
			held = append(held, x.days())
		}
	}
	o := obj{
		"exposure": average(b.gross), "time_held": b.held / float64(len(r.steps)), "net_exposure": average(b.net),
		"turnover_day": average(turnover), "turnover_year": average(turnover) * r.perYear(), "traded": sum(traded),
		"holding_days_mean": nil, "holding_days_median": nil,
	}
	if len(held) > 0 {
		o["holding_days_mean"], o["holding_days_median"] = average(held), quantile(held, 0.5)
	}
	return o
}

func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// luck holds what plain formulas give; checkLuck looks at the rest.
func (r *realRun) luck(v []float64) obj {
	x := returns(r.start, v)
	n, sr := float64(len(x)), average(x)/stdev(x)
	skew, kurt := moment(x, 3)/math.Pow(moment(x, 2), 1.5), moment(x, 4)/math.Pow(moment(x, 2), 2)
	spread := math.Sqrt((1 - skew*sr + (kurt-1)/4*sr*sr) / (n - 1))
	best, trials := 0.0, float64(r.man.Attempt)
	if trials > 1 {
		inverse := func(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }
		const euler = 0.57721566490153286
		best = spread * ((1-euler)*inverse(1-1/trials) + euler*inverse(1-1/(trials*math.E)))
	}
	o := obj{
		"probabilistic_sharpe": normal(sr / spread), "deflated_sharpe": normal((sr - best) / spread), "trials": trials, "mean_block": math.Cbrt(n),
		"inside_cutoff":   nil,
		"return_interval": skip{}, "sharpe_interval": skip{}, "drawdown_interval": skip{}, "resamples": 1000.0, "seed": 1.0, "random_trader": skip{},
	}
	if n < 30 { // blocks of so few days say nothing
		o["mean_block"], o["return_interval"], o["sharpe_interval"], o["drawdown_interval"] = 0.0, nil, nil, nil
	}
	for _, a := range r.man.Agents {
		if a.Cutoff != "" {
			o["inside_cutoff"], o["inside_of"] = r.inside(a.Cutoff), a.Model
		}
	}
	return o
}
