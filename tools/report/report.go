// Package report computes a run's figures from its folder alone, which it reads
// through cache/runs, the folder's owner.
//
//	run's folder ──► Read ──► Metrics
//	             └─► Open ──► Run ──► Sheet, Compare, package page
//	a world in memory ─► FromWorld ─┘
//
// Formulas, with the variant named (engines disagree). r are the returns of daily
// closing equity, the starting cash included as the first point, n their number; P
// is periods a year: 252, or 365 when weekends trade. stdev is the sample's (n-1).
// The risk-free rate is 0. [e] is as empyrical computes it, [q] as quantstats does;
// without a mark they agree.
//
//	total return     last equity / starting cash - 1
//	CAGR             (1 + total return)^(P/n) - 1: periods counted, not calendar days;
//	                 -1 for a total loss
//	volatility       stdev(r) * sqrt(P)
//	Sharpe           mean(r) / stdev(r) * sqrt(P)
//	downside dev     sqrt(mean(min(r, 0)^2)) * sqrt(P), all n in the mean
//	Sortino          mean(r) * sqrt(P) / sqrt(mean(min(r, 0)^2))
//	max drawdown     min(E/peak - 1), the starting cash included as a peak; of all
//	                 equity points in the headline, of daily ones in the statistics
//	Calmar           CAGR / |max drawdown|
//	under water      longest run of points below the peak so far
//	ulcer            sqrt(sum(drawdown^2) / (n-1)) [q]
//	omega            sum of r above 0 / |sum of r below 0|
//	win rate         days: r > 0 / r not 0 [q]; trades: won / all closed, zeros too
//	profit factor    sum of wins / |sum of losses|, of days and of trades
//	payoff           mean win / |mean loss| of days
//	percentiles      linear interpolation between ranks, at p*(n-1)
//	tail ratio       |95th percentile of r| / |5th|
//	VaR 95           historical: 5th percentile of r [e]; normal: mean + z*stdev,
//	                 z = -1.645 [q]. A loss is negative
//	ES 95            mean of the floor((n-1)*0.05) + 1 lowest r [e]
//	skew, kurtosis   m3/m2^1.5, m4/m2^2 of population moments (all n in the mean, no
//	                 correction); 3 is normal, not 0
//	beta             cov(r, b) / var(b), b the benchmark's returns
//	alpha            arithmetic: (mean r - beta*mean b) * P [q];
//	                 compound: (1 + mean(r - beta*b))^P - 1 [e]
//	information      mean(r - b) / stdev(r - b), per period, not annualized [q]
//	tracking error   stdev(r - b) * sqrt(P)
//	turnover         mean of a day's traded value / that day's equity (LEAN); times P
//	exposure         share of steps with a position
//	benchmark        the benchmark's close against its close at the first bar, with
//	                 the splits and dividends of raw prices (dividends stay cash)
//	buy and hold     equal parts of every symbol at its first close in the run,
//	                 fractional, no costs, with the splits and dividends of raw
//	                 prices (dividends stay cash); a part waits in cash until then.
//	                 Exact: pitwall.BuyAndHold, also for the rows of doing nothing
//
// How much could be luck. All draws come from the seed that is stated.
//
//	intervals        5th and 95th percentile over resamples by the stationary
//	                 bootstrap (Politis and Romano 1994): blocks of geometric length
//	                 around the end of the run, mean length n^(1/3); from 20 returns
//	probabilistic    Phi((S - S*) / e), S = mean/stdev per period, S* = 0,
//	Sharpe           e^2 = (1 - skew*S + (kurtosis-1)/4*S^2) / (n-1)
//	                 (Bailey and Lopez de Prado 2012)
//	deflated Sharpe  the same with S* = e * ((1-g)*Phi^-1(1 - 1/N) + g*Phi^-1(1 -
//	                 1/(N*e'))), N trials, g = 0.5772 (Euler-Mascheroni), e' = 2.718
//	                 (the same, 2014). The paper's spread of the trials' ratios is not
//	                 known from one run: e stands for it
//	random trader    the run's own positions, shifted around its steps and dealt to
//	                 its symbols at random, at its own turnover and cost rate:
//	                 a night's moves, the open's costs, a day's moves, compounded
//
// Fewer than two returns, or none that differ, give null and not 0. So does every
// figure that would divide by zero: profit factor, payoff, omega and Sortino without
// a loss, Calmar without a drawdown. Equity of zero or less is a total loss: what
// comes after it has no returns. Under 30 returns the yearly figures are marked.
//
// # To add a figure
//
// Add a field to Sheet (to Metrics in cache/runs/schema.go if the folder is to hold
// it), its formula with source above, and a case to the golden test.
//
// # Why not
//
// Why not a schema of its own, so that two implementations read each folder: nothing
// was found by it, and each new field needed two edits. What must be computed twice
// (fills, fees, cash, equity) is in sim/audit. Package tools builds a World and never
// sees the folder's types.
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
