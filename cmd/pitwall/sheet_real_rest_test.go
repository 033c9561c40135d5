package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
		if a.Cutoff != "" {
			o["inside_cutoff"] = r.inside(a.Cutoff)
		}
		agents = append(agents, o)
	}
	o := obj{
		"id": m.RunID, "name": m.Name, "status": m.Status, "model": m.Model, "symbols": anyTexts(m.Symbols), "from": first.Format(time.DateOnly), "to": last.Format(time.DateOnly),
		"cash": m.Cash, "turns": float64(r.nTurns), "attempt": float64(m.Attempt), "digest": m.Digest, "pitwall": m.Pitwall, "agents": agents,
	}
	for k, v := range map[string]string{"every": m.Every, "benchmark": m.Benchmark} {
		if v != "" {
			o[k] = v
		}
	}
	return o
}

// inside is the share of days up to a date.
func (r *realRun) inside(cutoff string) float64 {
	var n float64
	for _, d := range r.days() {
		if day(d.at).Format(time.DateOnly) <= cutoff {
			n++
		}
	}
	return n / float64(len(r.days()))
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
		"exposure": b.held / float64(len(r.steps)), "first": r.steps[0].at.Format(time.RFC3339), "last": end.at.Format(time.RFC3339),
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
	fees, borrow, traded := b.sum(func(g *given) float64 { return g.fees }), b.sum(func(g *given) float64 { return g.borrow }), b.sum(func(g *given) float64 { return g.traded })
	total := r.steps[len(r.steps)-1].equity/r.start - 1
	o := obj{
		"commission": fees, "slippage": b.slippage, "borrow": borrow, "interest": b.interest, "dividends": b.sum(func(g *given) float64 { return g.dividends }),
		"tokens_in": r.usage.Tokens.Input, "tokens_out": r.usage.Tokens.Output, "models_usd": nil, "models_new_usd": nil, "models_recorded_usd": nil,
		"return_before_models": total, "return_after_models": nil, "return_before_costs": total + (fees+b.slippage+borrow)/r.start,
		"cost_of_traded_bps": opt((fees + b.slippage) / traded * 1e4),
		"stated":             fmt.Sprintf("%v bps commission, %v bps slippage", r.man.Costs["commission_bps"], r.man.Costs["slippage_bps"]),
	}
	if u := r.usage; u.Cost != nil && u.Recorded != nil {
		spent := *u.Cost + *u.Recorded
		o["models_usd"], o["models_new_usd"], o["models_recorded_usd"] = spent, *u.Cost, *u.Recorded
		o["return_after_models"] = total - spent/r.start
	}
	return o
}

// passive buys equal parts at each symbol's first open and holds.
func (r *realRun) passive() []any {
	out := []any{}
	for _, at := range []string{"opens", "closes"} {
		for _, whole := range []bool{false, true} {
			v, left := r.passivePath(at == "opens", whole)
			lots, symbols, dividends := "fractions", "the symbol", "prices as in the data, no dividends added"
			if whole {
				lots = fmt.Sprintf("whole lots of %v", r.start)
			}
			if len(r.man.Symbols) > 1 {
				symbols = fmt.Sprintf("equal parts of %d symbols", len(r.man.Symbols))
			}
			if len(r.man.Actions) > 0 {
				dividends = "dividends stay as cash"
			}
			valued := map[string]string{"opens": "opens, to the last one", "closes": "closes"}[at]
			peak, worst := r.start, 0.0
			for _, x := range v {
				peak = math.Max(peak, x)
				worst = math.Min(worst, x/peak-1)
			}
			out = append(out, obj{
				"rule":         fmt.Sprintf("buy %s at the first open, hold; %s; valued at %s; %s; no costs", symbols, lots, valued, dividends),
				"total_return": v[len(v)-1]/r.start - 1, "max_drawdown": worst, "cash_left": left,
			})
		}
	}
	return out
}

// passivePath is the value at every bar's open, or close.
func (r *realRun) passivePath(opens, whole bool) (path []float64, left float64) {
	began := r.journal[0].AsOf
	var starts []time.Time
	row := map[string]map[int64]barRow{}
	for _, s := range r.man.Symbols {
		row[s] = map[int64]barRow{}
		for _, b := range r.bars[s] {
			if !b.start.Before(began) {
				starts = append(starts, b.start)
				row[s][b.start.Unix()] = b
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	part := r.start / float64(len(r.man.Symbols))
	cash, qty, price, last := r.start, map[string]float64{}, map[string]float64{}, time.Time{}
	for _, at := range starts {
		for _, a := range r.man.Actions {
			if q := qty[a.Symbol]; q != 0 && a.Ex.After(last) && !a.Ex.After(at) {
				if a.Type == "split" {
					qty[a.Symbol], price[a.Symbol] = q*a.Value/math.Max(a.Per, 1), price[a.Symbol]/a.Value*math.Max(a.Per, 1)
				} else {
					cash += q * a.Value
				}
			}
		}
		last = at
		for _, s := range r.man.Symbols {
			b, ok := row[s][at.Unix()]
			if _, bought := qty[s]; ok && !bought {
				qty[s] = part / b.open
				if whole {
					qty[s] = math.Floor(qty[s]/r.lot(s)) * r.lot(s)
				}
				cash -= qty[s] * b.open
				left += part - qty[s]*b.open
			}
			if price[s] = price[s]; ok {
				price[s] = b.close
				if opens {
					price[s] = b.open
				}
			}
		}
		v := cash
		for _, s := range r.man.Symbols {
			v += qty[s] * price[s]
		}
		path = append(path, v)
	}
	return path, left / r.start
}

func (r *realRun) lot(symbol string) float64 {
	for _, i := range r.man.Instruments {
		if i.Symbol == symbol {
			return i.Lot
		}
	}
	return 1
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
		"inside_cutoff": nil,
		"return_interval": skip{}, "sharpe_interval": skip{}, "drawdown_interval": skip{}, "resamples": skip{}, "seed": skip{}, "random_trader": skip{},
	}
	for _, a := range r.man.Agents {
		if a.Cutoff != "" {
			o["inside_cutoff"], o["inside_of"] = r.inside(a.Cutoff), a.Model
		}
	}
	return o
}

// skip is a figure that checkLuck checks.
type skip struct{}

func (r *realRun) checkLuck(t *testing.T, got obj) {
	t.Helper()
	luck := got["luck"].(obj)
	random := luck["random_trader"].(obj)
	total := got["strategy"].(obj)["total_return"].(float64)
	require.InEpsilon(t, total, random["check"].(float64), 0.01)
	require.Contains(t, random["rule"], fmt.Sprintf("%v traders", random["traders"]))
}

// differences lists where two JSON values differ: numbers by more than 1e-9.
func differences(path string, want, got any) (list []string) {
	switch w := want.(type) {
	case skip:
	case obj:
		g, ok := got.(obj)
		if !ok {
			return []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				list = append(list, fmt.Sprintf("%s.%s: %v is not expected", path, k, g[k]))
			}
		}
		for k := range w {
			list = append(list, differences(path+"."+k, w[k], g[k])...)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
		for i := range w {
			list = append(list, differences(fmt.Sprintf("%s.%d", path, i), w[i], g[i])...)
		}
	case float64:
		g, ok := got.(float64)
		if !ok || math.Abs(g-w) > tolerance(path, w) {
			list = []string{fmt.Sprintf("%s: %v, not %v (%.2g)", path, got, want, math.Abs(g/w-1))}
		}
	case string:
		if g, ok := got.(string); !ok || strings.TrimSpace(g) != strings.TrimSpace(w) {
			list = []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
	default:
		if got != want {
			list = []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
	}
	slices.Sort(list)
	return list
}

func tolerance(path string, v float64) float64 {
	return 1e-12 * math.Abs(v)
}
