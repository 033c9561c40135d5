// Package report computes a run's figures from its folder alone: equity.csv,
// fills.csv and journal.jsonl. It shares no code with what wrote them.
//
//	run's folder ──► Read ──► Metrics
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
//	                 prices (dividends stay cash); a part waits in cash until then
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
// Add a field to Metrics, its formula with source above, and a case to the
// golden test.
package report

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"time"

	"pitwall"
)

// Metrics are a run's figures. Returns and drawdown are fractions; nil means
// that the figure is not defined for this run.
type Metrics struct {
	Start           pitwall.Dec `json:"start_cash"`
	FinalEquity     pitwall.Dec `json:"final_equity"`
	TotalReturn     float64     `json:"total_return"`
	BenchmarkReturn *float64    `json:"benchmark_return"`
	BuyHoldReturn   *float64    `json:"buy_and_hold_return"`
	MaxDrawdown     float64     `json:"max_drawdown"`
	Sharpe          *float64    `json:"sharpe"`
	Bars            int         `json:"bars"`
	Orders          int         `json:"orders"`
	Rejected        int         `json:"orders_rejected"`
	Denied          int         `json:"orders_denied"`
	DeniedBy        []Denial    `json:"denied_by,omitempty"` // which limits, most often first
	Fills           int         `json:"fills"`
	Fees            pitwall.Dec `json:"fees"`
	Slippage        pitwall.Dec `json:"slippage"`
	Exposure        float64     `json:"exposure"` // share of bars with something held, long or short
	First           *time.Time  `json:"first"`
	Last            *time.Time  `json:"last"`
}

// Denial is how often a limit said no.
type Denial struct {
	Limit string `json:"limit"`
	Count int    `json:"count"`
}

// Read computes the metrics of a run's folder. start is the cash that the run
// began with.
func Read(run fs.FS, start pitwall.Dec) (Metrics, error) {
	points, err := readEquity(run)
	if err != nil {
		return Metrics{}, err
	}
	journal, err := readJournal(run)
	if err != nil {
		return Metrics{}, err
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

// readEquity reads equity.csv as it must be: every line whole.
func readEquity(run fs.FS) ([]Point, error) {
	f, err := run.Open("equity.csv")
	if err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading equity.csv: %w", err)
	}
	return points(rows[min(1, len(rows)):])
}

// points reads the rows of equity.csv.
func points(rows [][]string) ([]Point, error) {
	var list []Point
	for i, row := range rows {
		if len(row) != 5 {
			continue
		}
		var p Point
		var errs [3]error
		p.At, errs[0] = time.Parse(time.RFC3339, row[0])
		p.Exact, errs[1] = pitwall.ParseDec(row[1])
		p.Cash, errs[2] = number(row[2])
		p.Equity = p.Exact.Float()
		for k, to := range []*float64{&p.Benchmark, &p.Hold} {
			if text := row[3+k]; text != "" {
				var err error
				*to, err = number(text)
				errs[0] = errors.Join(errs[0], err)
			}
		}
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("equity.csv line %d: %w", i+2, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// number reads a figure: what is none would spoil all that is computed from it.
func number(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && finite(f) == nil {
		err = fmt.Errorf("%s is no figure", text)
	}
	return f, err
}

// readJournal reads journal.jsonl as it must be: every line whole.
func readJournal(run fs.FS) ([]pitwall.Entry, error) {
	f, err := run.Open("journal.jsonl")
	if err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	defer f.Close()
	var list []pitwall.Entry
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var e pitwall.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("journal.jsonl line %d: %w", n, err)
		}
		list = append(list, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading journal.jsonl: %w", err)
	}
	return list, nil
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
		m.DeniedBy = append(m.DeniedBy, Denial{limit, n})
	}
	slices.SortFunc(m.DeniedBy, func(x, y Denial) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Limit, y.Limit))
	})
	return a.Err
}
