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
	tightened   = 0.9 // of the volatility, once, after a reject
	viewTable   = "portfolio_bars"
	viewDays    = 250  // whose returns are compared
	fewReturns  = 20   // with fewer a symbol's volatility is unknown and it is not bought
	leastChange = 1    // percent of equity: a smaller change is no order
	viewRows    = 1000 // of one query
	yearsDays   = 365.25
	viewColumns = "s,t,c,n,days"
)

// viewQuery gives the covariances of daily returns, by pair of symbols. They are joined by
// date: bars of different exchanges start at different times.
const viewQuery = `WITH d AS (SELECT symbol, date, arg_max(close, ts) AS last FROM %s WHERE close > 0 GROUP BY symbol, date),
r AS (SELECT symbol, date, ln(last / lag(last) OVER h) AS x, row_number() OVER (PARTITION BY symbol ORDER BY date DESC) AS age FROM d WINDOW h AS (PARTITION BY symbol ORDER BY date)),
pairs AS (SELECT a.symbol AS s, b.symbol AS t, covar_samp(a.x, b.x) AS c, count(*) AS n, date_diff('day', min(date), max(date)) AS days FROM r a JOIN r b USING (date) WHERE a.symbol <= b.symbol AND a.x IS NOT NULL AND b.x IS NOT NULL AND a.age <= %d AND b.age <= %[2]d GROUP BY 1, 2)
SELECT s, t, c, n, days FROM pairs WHERE n >= %d ORDER BY s, t LIMIT %d OFFSET %d`

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
	spread, why, err := d.covariances(ctx, b)
	if err != nil {
		return err
	}
	if why != "" { // what is held stays
		b.Warn("no_covariances", why)
		rec.Plan = &TradePlan{Orders: []PlannedOrder{}, NoTrade: "the volatility of the symbols is not known: " + why}
		return nil
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

// covariances returns those of yearly returns, by pair of symbols in both orders, or why
// there are none. A pair with too few common dates is not among them.
func (d *Desk) covariances(ctx context.Context, b *agentloop.Brief) (out map[[2]string]float64, why string, err error) {
	n := 0
	call := func(name string, arguments map[string]any) (agentloop.Result, error) {
		raw, err := json.Marshal(arguments)
		if err != nil {
			return agentloop.Result{}, fmt.Errorf("encoding the arguments of %s: %w", name, err)
		}
		n++
		return b.Call(ctx, trader, agentloop.Call{ID: fmt.Sprintf("desk.views.%d", n-1), Name: name, Arguments: raw})
	}
	r, err := call(loadTool, map[string]any{"symbols": d.Portfolio.Symbols, "table": viewTable})
	if err == nil && r.IsError && strings.Contains(r.Text, string(pitwall.UnknownSymbol)) { // one is not listed yet
		if r, err = call(priceTool, map[string]any{}); err == nil && !r.IsError {
			listed := slices.DeleteFunc(slices.Clone(d.Portfolio.Symbols), func(s string) bool { return !strings.Contains(r.Text, "\n"+s+",") })
			r, err = call(loadTool, map[string]any{"symbols": listed, "table": viewTable})
		}
	}
	out = map[[2]string]float64{}
	for page := 0; err == nil && !r.IsError; page++ {
		if r, err = call(queryTool, map[string]any{"limit": viewRows, "sql": fmt.Sprintf(viewQuery, viewTable, viewDays, fewReturns, viewRows, page*viewRows)}); err != nil || r.IsError {
			break
		}
		rows, err := readPairs(out, r.Text)
		if err != nil {
			return nil, err.Error(), nil
		}
		if rows < viewRows {
			return out, "", nil
		}
	}
	return nil, strings.TrimSpace(r.Text), err
}

// readPairs adds the rows of an answer of viewQuery, and returns how many there are.
func readPairs(out map[[2]string]float64, text string) (rows int, err error) {
	_, text, found := strings.Cut(text, "\n"+viewColumns+"\n")
	if !found {
		return 0, fmt.Errorf("the answer of %s has no columns %s", queryTool, viewColumns)
	}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) != 5 {
			continue
		}
		rows++
		var figures [3]float64
		for i := range figures {
			if figures[i], err = strconv.ParseFloat(f[2+i], 64); err != nil {
				return rows, fmt.Errorf("reading the covariance of %s and %s: %w", f[0], f[1], err)
			}
		}
		c, n, days := figures[0], figures[1], math.Max(1, figures[2])
		year := c * n * yearsDays / days
		out[[2]string{f[0], f[1]}], out[[2]string{f[1], f[0]}] = year, year
	}
	return rows, nil
}

// covariance returns that of two symbols whose variances are known. Without enough common
// dates they are taken to move as one.
func covariance(spread map[[2]string]float64, a, b string) float64 {
	if c, ok := spread[[2]string{a, b}]; ok {
		return c
	}
	return math.Sqrt(spread[[2]string{a, a}] * spread[[2]string{b, b}])
}

// weigh returns the plan that views make at a limit of volatility. What is held with a good
// view and no known volatility stays, and the others share the rest of the equity.
func (d *Desk) weigh(v Views, spread map[[2]string]float64, held map[string]agentloop.Holding, limit float64) *TradePlan {
	weights, sum, room := map[string]float64{}, 0.0, 1.0
	by, kept := map[string]View{}, map[string]bool{}
	for _, x := range v.Views {
		by[x.Symbol] = x
		w, have := x.ExpectedReturn*x.Confidence, held[x.Symbol].Percent.Float()
		switch known := spread[[2]string{x.Symbol, x.Symbol}] > 0; {
		case w > 0 && known:
			weights[x.Symbol] = w
			sum += w
		case w > 0 && have > 0:
			kept[x.Symbol] = true
			room = math.Max(0, room-have/100)
		}
	}
	variance := 0.0
	order := slices.Sorted(maps.Keys(weights)) // sums of floats depend on their order
	for _, a := range order {
		for _, b := range order {
			variance += weights[a] / sum * weights[b] / sum * covariance(spread, a, b)
		}
	}
	scale, volatility := room, 100*math.Sqrt(math.Max(0, variance))
	if volatility > limit {
		scale = math.Min(room, limit/volatility)
	}
	p := &TradePlan{Orders: []PlannedOrder{}}
	for _, s := range d.Portfolio.Symbols {
		if kept[s] {
			continue
		}
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
