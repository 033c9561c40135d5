package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"reflect"
	"slices"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// Metrics holds a run's figures, as metrics.json does.
type Metrics runs.Metrics

// CheckMetrics recomputes metrics.json from the run's other files and its manifest. It
// returns the first figure that differs, or "".
func CheckMetrics(run fs.FS, m runs.Manifest) (string, error) {
	written, err := runs.Strict{FS: run}.Metrics()
	if err != nil {
		return "", fmt.Errorf("reading the run: %w", err)
	}
	r, err := Read(run, m)
	if err != nil {
		return "", err
	}
	computed, _, _, err := r.Metrics()
	if err != nil {
		return "", err
	}
	a, b := reflect.ValueOf(written), reflect.ValueOf(computed)
	for i := range a.NumField() {
		if a.Type().Field(i).Tag.Get("json") == "-" {
			continue
		}
		x, errX := json.Marshal(a.Field(i).Interface())
		y, errY := json.Marshal(b.Field(i).Interface())
		if err := errors.Join(errX, errY); err != nil {
			return "", err
		}
		if !bytes.Equal(x, y) {
			return fmt.Sprintf("metrics.json: %s is %s; the run's files give %s", a.Type().Field(i).Tag.Get("json"), x, y), nil
		}
	}
	return "", nil
}

// Read reads what a run's figures need from its folder. What is missing or torn is an
// error.
func Read(run fs.FS, m runs.Manifest) (*Run, error) {
	folder, held := runs.Strict{FS: run}, runs.Held{}
	journal, err := folder.Journal()
	if err != nil {
		return nil, err
	}
	held.Journal = slices.Values(journal)
	rows, err := folder.Equity()
	if err != nil {
		return nil, err
	}
	held.Equity, held.Steps = slices.Values(rows), len(rows)
	if len(m.Traded) > 0 {
		data, err := folder.Data(m)
		if err != nil {
			return nil, err
		}
		held.Series = data.Series()
	}
	return FromHeld(held, m), nil
}

// FromHeld returns a run of what its folder holds.
func FromHeld(held runs.Held, m runs.Manifest) *Run {
	r := &Run{Manifest: m, Journal: held.Journal, Points: pointsOf(held.Equity, held.Steps), Bars: map[string]*pitwall.Series{}}
	for _, s := range held.Series {
		r.Bars[s.Instrument.Symbol] = s
	}
	return r
}

// Metrics computes the metrics of a run, which orders the volume cap left unfilled, and
// the trades, open ones last.
func (r *Run) Metrics() (m Metrics, c Cut, trades []RoundTrip, err error) {
	w, err := r.walk()
	if err != nil {
		return m, c, nil, err
	}
	m, err = headline(r.Manifest.Cash, r.Points, r.Events(), w)
	var s Sheet
	w.trades(&s)
	return m, cutOf(r.Events()), s.Trades, err
}

// priced returns the first point at which the benchmark has a price, or -1; from there on
// a worth of 0 is one.
func priced(points []Point) int {
	return slices.IndexFunc(points, func(p Point) bool { return p.Benchmark > 0 })
}

// headline computes the metrics.
func headline(start pitwall.Dec, points []Point, events []pitwall.Entry, w *walk) (Metrics, error) {
	m := Metrics{Start: start, FinalEquity: start}
	if err := m.count(events); err != nil {
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
	if i := priced(points); i >= 0 {
		m.BenchmarkReturn = finite(last.Benchmark/points[i].Benchmark - 1)
	}
	m.BuyHoldReturn = finite(last.Hold/first.Hold - 1)
	fall := drawdown{peak: start.Float()}
	for _, p := range points {
		fall.add(p.Equity)
	}
	m.MaxDrawdown = fall.worst
	if gross, _ := w.exposure(); gross != nil {
		m.Exposure = *gross
	}
	daily := lastOf(points, time.DateOnly)
	m.Sharpe = Sharpe(returnsOf(values(start.Float(), daily, equityOf)), periods(daily))
	return m, nil
}

// stepsOf counts the steps of a journal.
func stepsOf(journal iter.Seq[pitwall.Entry]) (n int) {
	var whole pitwall.BookSum
	for e := range journal {
		if _, ok := whole.Add(e); ok {
			n++
		}
	}
	return n
}

// MaxDrawdown returns min(E/peak - 1) over an equity curve, 0 when it never
// falls. The first point counts as a peak.
func MaxDrawdown(equity []float64) float64 {
	d := drawdown{peak: math.Inf(-1)}
	for _, e := range equity {
		d.add(e)
	}
	return d.worst
}

// drawdown is the deepest fall of a curve that is not kept.
type drawdown struct{ worst, peak float64 }

func (d *drawdown) add(e float64) {
	if d.peak = max(d.peak, e); d.peak > 0 {
		d.worst = min(d.worst, e/d.peak-1)
	}
}

// noise is how much equal returns differ by rounding, as a share.
const noise = 1e-12

// Sharpe returns mean(r)/stdev(r, n-1)*sqrt(periods) at a risk-free rate of 0,
// nil below two returns or without variance.
func Sharpe(r []float64, periods float64) *float64 {
	if len(r) < 2 {
		return nil
	}
	center := mean(r)
	variance := squares(r, center) / float64(len(r)-1)
	if variance <= float64(noise*noise)*center*center {
		return nil // none, or that of rounding
	}
	return finite(center / math.Sqrt(variance) * math.Sqrt(periods)) // after a total loss there are no returns
}

// reject counts an order that the venue rejected under its reason.
func (m *Metrics) reject(e pitwall.Entry) {
	x := runs.Rejection{Count: 1, Symbol: e.State.Symbol, Date: e.AsOf.Format(time.DateOnly)}
	if e.State.Error != nil {
		x.Code = e.State.Error.Code
	}
	if i := slices.IndexFunc(m.RejectedBy, func(y runs.Rejection) bool { return y.Code == x.Code }); i >= 0 {
		m.RejectedBy[i].Count++
		return
	}
	m.RejectedBy = append(m.RejectedBy, x)
}

// count counts orders and sums what trading cost.
func (m *Metrics) count(events []pitwall.Entry) error {
	var a pitwall.Calc
	denied := map[string]int{}
	for _, e := range events {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Verb == "submit":
			m.Orders++
		case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Rejected:
			m.Rejected++
			m.reject(e)
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
	slices.SortStableFunc(m.RejectedBy, func(x, y runs.Rejection) int { return cmp.Compare(y.Count, x.Count) })
	for limit, n := range denied {
		m.DeniedBy = append(m.DeniedBy, runs.Denial{Limit: limit, Count: n})
	}
	slices.SortFunc(m.DeniedBy, func(x, y runs.Denial) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Limit, y.Limit))
	})
	return a.Err
}
