package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// Portfolio makes the trader give views in place of a plan. Code turns them into weights:
// in proportion to expected return times confidence, scaled down until the portfolio's
// volatility is at most Volatility.
type Portfolio struct {
	Volatility float64 // percent a year
	Symbols    []string
}

// Views is what the trader of a portfolio answers with: at most one view a symbol.
type Views struct {
	Views []View `json:"views"`
}

// View is what the desk expects of a symbol.
type View struct {
	Symbol         string   `json:"symbol"`
	ExpectedReturn float64  `json:"expected_return"` // percent a year
	Confidence     float64  `json:"confidence"`
	Risks          []string `json:"risks"`
}

const (
	tightened    = 0.9 // of the volatility, once, after a reject
	viewTable    = "portfolio_bars"
	viewReturns  = 250 // bars whose returns are compared
	fewReturns   = 20  // with fewer a symbol's volatility is unknown and it is not bought
	leastChange  = 1   // percent of equity: a smaller change is no order
	yearsDays    = 365.25
	viewQueryRow = "pairs"
)

func (v *Views) check(symbols []string) error {
	for i, x := range v.Views {
		switch {
		case !slices.Contains(symbols, x.Symbol):
			return fmt.Errorf("%s may not be traded; give views of %s", x.Symbol, strings.Join(symbols, ", "))
		case slices.ContainsFunc(v.Views[:i], func(y View) bool { return y.Symbol == x.Symbol }):
			return fmt.Errorf("two views of %s; give one", x.Symbol)
		}
	}
	return nil
}

// rebalance asks the trader for views, computes weights and lets them be reviewed. After a
// reject by risk the volatility is lowered, once, and the weights are reviewed again.
func (d *Desk) rebalance(ctx context.Context, b *agentloop.Brief, rec *Record, given string) error {
	var v Views
	q := &question{role: trader, text: given, read: into(&v, func(v *Views) error { return v.check(d.Portfolio.Symbols) })}
	if ok, err := d.planned(ctx, b, rec, q); !ok {
		return err
	}
	rec.Views = v.Views
	spread, err := d.covariances(ctx, b)
	if err != nil {
		return err
	}
	limit := d.Portfolio.Volatility
	rec.Plan = d.weigh(v, spread, b.Held, limit)
	ok, err := d.review(ctx, b, rec, given)
	if !ok {
		return err
	}
	if rec.Risk != nil && rec.Risk.Decision == Reject {
		tighter := d.weigh(v, spread, b.Held, limit*tightened)
		if len(tighter.Orders) > 0 && compact(tighter.Orders) != compact(rec.Plan.Orders) {
			rec.Rejected, rec.Risk, rec.Manager, rec.Plan = rec.Risk, nil, nil, tighter
			if ok, err := d.review(ctx, b, rec, given); !ok {
				return err
			}
		}
	}
	return d.send(ctx, b, rec)
}

// covariances returns those of yearly returns, by pair of symbols in both orders. A symbol
// with too few bars is not among them.
func (d *Desk) covariances(ctx context.Context, b *agentloop.Brief) (map[[2]string]float64, error) {
	load, err := json.Marshal(map[string]any{"symbols": d.Portfolio.Symbols, "table": viewTable})
	if err != nil {
		return nil, fmt.Errorf("encoding the symbols: %w", err)
	}
	sql, err := json.Marshal(map[string]any{"sql": fmt.Sprintf(`WITH r AS (SELECT symbol, ts, ln(close / lag(close) OVER h) AS x, row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) AS age FROM %s WINDOW h AS (PARTITION BY symbol ORDER BY ts)),
pairs AS (SELECT a.symbol AS s, b.symbol AS t, covar_samp(a.x, b.x) AS c, count(*) AS n, date_diff('day', min(ts), max(ts)) AS days FROM r a JOIN r b USING (ts) WHERE a.x IS NOT NULL AND b.x IS NOT NULL AND a.age <= %d AND b.age <= %[2]d GROUP BY 1, 2)
SELECT string_agg(s || ' ' || t || ' ' || c || ' ' || n || ' ' || days, ';' ORDER BY s, t) AS %s FROM pairs WHERE n >= %d`, viewTable, viewReturns, viewQueryRow, fewReturns)})
	if err != nil {
		return nil, fmt.Errorf("encoding the query: %w", err)
	}
	text := ""
	for i, c := range []agentloop.Call{{Name: loadTool, Arguments: load}, {Name: queryTool, Arguments: sql}} {
		c.ID = fmt.Sprintf("desk.views.%d", i)
		r, err := b.Call(ctx, trader, c)
		if err != nil {
			return nil, err
		}
		if r.IsError { // without bars nothing is bought
			return nil, nil
		}
		text = r.Text
	}
	out := map[[2]string]float64{}
	_, text, _ = strings.Cut(text, "\n"+viewQueryRow+"\n")
	text, _, _ = strings.Cut(text, "\n")
	for row := range strings.SplitSeq(strings.Trim(text, `"`), ";") {
		var figures [3]float64
		f := strings.Fields(row)
		if len(f) != 5 {
			continue
		}
		for i := range figures {
			if figures[i], err = strconv.ParseFloat(f[2+i], 64); err != nil {
				return nil, fmt.Errorf("reading the covariance of %s and %s: %w", f[0], f[1], err)
			}
		}
		c, n, days := figures[0], figures[1], math.Max(1, figures[2])
		out[[2]string{f[0], f[1]}] = c * n * yearsDays / days
	}
	return out, nil
}

// weigh returns the plan that views make at a limit of volatility.
func (d *Desk) weigh(v Views, spread map[[2]string]float64, held map[string]agentloop.Holding, limit float64) *TradePlan {
	weights, sum := map[string]float64{}, 0.0
	by := map[string]View{}
	for _, x := range v.Views {
		by[x.Symbol] = x
		if w := x.ExpectedReturn * x.Confidence; w > 0 && spread[[2]string{x.Symbol, x.Symbol}] > 0 {
			weights[x.Symbol] = w
			sum += w
		}
	}
	variance := 0.0
	order := slices.Sorted(maps.Keys(weights)) // sums of floats depend on their order
	for _, a := range order {
		for _, b := range order {
			variance += weights[a] / sum * weights[b] / sum * spread[[2]string{a, b}]
		}
	}
	scale, volatility := 1.0, 100*math.Sqrt(math.Max(0, variance))
	if volatility > limit {
		scale = limit / volatility
	}
	p := &TradePlan{Orders: []PlannedOrder{}}
	for _, s := range d.Portfolio.Symbols {
		want := 0.0
		if w := weights[s]; w > 0 {
			want = math.Floor(w/sum*scale*1e4) / 100 // hundredths of a percent, down
		}
		have := held[s].Percent.Float()
		if math.Abs(want-have) < leastChange && (want != 0 || have == 0) {
			continue
		}
		target, err := pitwall.ParseDec(strconv.FormatFloat(want, 'f', 2, 64))
		if err != nil {
			continue // two decimals below 100 always parse
		}
		x := by[s]
		p.Orders = append(p.Orders, PlannedOrder{Symbol: s, TargetPercent: &target, Confidence: x.Confidence,
			Reason: fmt.Sprintf("view: %+.2f %% a year, confidence %.2f; the views' portfolio has a volatility of %.1f %% a year, held to %.1f %%", x.ExpectedReturn, x.Confidence, volatility, math.Min(limit, volatility))})
	}
	if len(p.Orders) == 0 {
		p.NoTrade = fmt.Sprintf("no weight of the views is %d %% of equity or more from what is held", leastChange)
	}
	return p
}
