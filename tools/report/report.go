package report

import (
	"cmp"
	"io/fs"
	"math"
	"slices"

	"pitwall"
	"pitwall/cache/runs"
)

// Metrics are a run's figures, as metrics.json holds them.
type Metrics runs.Metrics

// Read computes the metrics of a run's folder. start is the cash that the run
// began with.
func Read(run fs.FS, start pitwall.Dec) (Metrics, error) {
	folder := runs.Strict{FS: run}
	rows, err := folder.Equity()
	if err != nil {
		return Metrics{}, err
	}
	journal, err := folder.Journal()
	if err != nil {
		return Metrics{}, err
	}
	var points []Point
	for _, p := range rows {
		points = append(points, point(p))
	}
	return headline(start, points, journal)
}

// headline computes the metrics.
func headline(start pitwall.Dec, points []Point, journal []pitwall.Entry) (Metrics, error) {
	m := Metrics{Start: start, FinalEquity: start}
	if err := m.count(journal); err != nil {
		return m, err
	}
	m.Bars = len(points)
	if len(points) == 0 {
		return m, nil
	}
	first, last := points[0], points[len(points)-1]
	m.First, m.Last = &first.At, &last.At
	m.FinalEquity = last.Exact
	if start > 0 {
		m.TotalReturn = last.Equity/start.Float() - 1
	}
	if last.Benchmark != 0 && first.Benchmark != 0 {
		m.BenchmarkReturn = ratio(last.Benchmark, first.Benchmark)
	}
	m.BuyHoldReturn = ratio(last.Hold, first.Hold)
	equity := values(start.Float(), points, equityOf)
	m.MaxDrawdown = MaxDrawdown(equity)
	if x := exposure(heldAt(journal)); x != nil {
		m.Exposure = *x
	}
	daily := days(points)
	m.Sharpe = Sharpe(returnsOf(values(start.Float(), daily, equityOf)), periods(daily))
	return m, nil
}

// heldAt says for each step whether something was held at its end. Equity that
// differs from cash does not say it: a future's gains are cash, and a dividend that
// is not paid yet is not.
func heldAt(journal []pitwall.Entry) (list []bool) {
	var a pitwall.Calc
	held := map[[2]string]pitwall.Dec{}
	set := func(book, symbol string, qty pitwall.Dec) {
		if held[[2]string{book, symbol}] = qty; qty == 0 {
			delete(held, [2]string{book, symbol})
		}
	}
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			qty := e.Fill.Qty
			if e.Fill.Side == pitwall.Sell {
				qty = -qty
			}
			set(e.Fill.Book, e.Fill.Symbol, a.Add(held[[2]string{e.Fill.Book, e.Fill.Symbol}], qty))
		case e.Kind == pitwall.EntryCash && e.Flow != nil:
			switch f := e.Flow; f.Type {
			case "split":
				set(e.Book, f.Symbol, f.Qty)
			case "reinvested":
				set(e.Book, f.Symbol, a.Add(held[[2]string{e.Book, f.Symbol}], f.Qty))
			case "expiry":
				set(e.Book, f.Symbol, 0)
			}
		case isStep(e):
			list = append(list, len(held) > 0)
		}
	}
	return list
}

// isStep says whether an entry is the account's equity at the end of a step.
func isStep(e pitwall.Entry) bool {
	return e.Kind == pitwall.EntryMark && e.Mark != nil && (e.Book == pitwall.MainBook || e.Book == "")
}

func ratio(last, first float64) *float64 {
	if first == 0 {
		return nil
	}
	r := last/first - 1
	return &r
}

// MaxDrawdown returns min(E/peak - 1) over an equity curve, 0 when it never
// falls. The first point counts as a peak.
func MaxDrawdown(equity []float64) float64 {
	worst, peak := 0.0, math.Inf(-1)
	for _, e := range equity {
		if peak = max(peak, e); peak > 0 {
			worst = min(worst, e/peak-1)
		}
	}
	return worst
}

// noise is how much returns that are all alike differ by rounding, as a share.
const noise = 1e-12

// Sharpe returns mean(r)/stdev(r, n-1)*sqrt(periods) at a risk-free rate of 0,
// nil below two returns or without variance.
func Sharpe(r []float64, periods float64) *float64 {
	if len(r) < 2 {
		return nil
	}
	mean := 0.0
	for _, x := range r {
		mean += x
	}
	mean /= float64(len(r))
	variance := 0.0
	for _, x := range r {
		// The conversion keeps this sum the same on machines that fuse
		// multiply and add.
		variance += float64((x - mean) * (x - mean))
	}
	variance /= float64(len(r) - 1)
	if variance <= float64(noise*noise)*mean*mean {
		return nil // none, or that of rounding
	}
	s := mean / math.Sqrt(variance) * math.Sqrt(periods)
	if math.IsNaN(s) || math.IsInf(s, 0) {
		return nil // after a total loss there are no returns
	}
	return &s
}

// count counts orders and sums what trading cost.
func (m *Metrics) count(journal []pitwall.Entry) error {
	var a pitwall.Calc
	denied := map[string]int{}
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Verb == "submit":
			m.Orders++
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Rejected:
			m.Rejected++
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied:
			m.Denied++
			if e.State.Error != nil {
				for _, c := range e.State.Error.Checks {
					denied[c.Name]++
				}
			}
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			m.Fills++
			m.Fees, m.Slippage = a.Add(m.Fees, e.Fill.Fee), a.Add(m.Slippage, e.Fill.Slippage)
		}
	}
	for limit, n := range denied {
		m.DeniedBy = append(m.DeniedBy, runs.Denial{Limit: limit, Count: n})
	}
	slices.SortFunc(m.DeniedBy, func(x, y runs.Denial) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Limit, y.Limit))
	})
	return a.Err
}
