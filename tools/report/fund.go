package report

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Fund sets the pods of a fund side by side.
type Fund struct {
	Pods        []PodFigures `json:"pods"`
	Cash        pitwall.Dec  `json:"cash"`        // that no pod had at the end
	Correlation [][]*float64 `json:"correlation"` // of daily returns, in the order of Pods; null: not defined
}

// Whole returns the sheet as pitwall report prints it as JSON: with the pods, which the
// world of one trader has not.
func (s *Sheet) Whole() any {
	if s.Fund == nil {
		return s
	}
	return struct {
		*Sheet
		Fund *Fund `json:"fund"`
	}{s, s.Fund}
}

// PodFigures are those of one pod. Returns are time-weighted.
type PodFigures struct {
	Name       string        `json:"name"`
	Start      pitwall.Dec   `json:"start_cash"`
	Moved      pitwall.Dec   `json:"moved"` // capital that came less what went
	Final      pitwall.Dec   `json:"final_equity"`
	Gain       pitwall.Dec   `json:"gain"`
	Share      *float64      `json:"share"` // gain / the fund's starting cash
	Return     *float64      `json:"total_return"`
	Volatility *float64      `json:"volatility"`
	Sharpe     *float64      `json:"sharpe"`
	Drawdown   *float64      `json:"max_drawdown"`
	Exposure   float64       `json:"exposure"`
	Fills      int           `json:"fills"`
	Fees       pitwall.Dec   `json:"fees"`
	Symbols    []Attribution `json:"symbols"`
	Central    Central       `json:"fund_limits"`
}

// Central is what the limits on the sum of the books did to a pod. What they refused is
// valued from the next open to the first open after the pod's next turn, which could have
// changed it, without costs.
type Central struct {
	Denied  int     `json:"denied"`
	Trimmed int     `json:"trimmed"`
	Cost    float64 `json:"cost"`  // gains of what was refused
	Saved   float64 `json:"saved"` // losses of it
}

// fundLimit begins the names of limits on the sum of a fund's books.
const fundLimit = "fund."

// fund computes the figures of a fund's pods, nil for a run without any.
func (r *Run) fund() (*Fund, error) {
	if len(r.Manifest.Pods) == 0 || r.Journal == nil {
		return nil, nil
	}
	f := &Fund{Pods: []PodFigures{}, Correlation: [][]*float64{}}
	var c pitwall.Calc
	var returns [][]float64
	all := pitwall.Dec(0)
	for _, p := range r.Manifest.Pods {
		own, err := r.Pod(p.Name)
		if err != nil {
			return nil, err
		}
		x, daily, err := own.podFigures(&c, r.Manifest.Cash)
		if err != nil {
			return nil, fmt.Errorf("pod %s: %w", p.Name, err)
		}
		x.Name = p.Name
		all = c.Add(all, x.Final)
		f.Pods, returns = append(f.Pods, x), append(returns, daily)
	}
	if n := len(r.Points); n > 0 {
		f.Cash = c.Sub(r.Points[n-1].Exact, all)
	}
	for i := range returns {
		row := make([]*float64, len(returns))
		for k := range returns {
			row[k] = correlated(returns[i], returns[k])
		}
		f.Correlation = append(f.Correlation, row)
	}
	return f, c.Err
}

// podFigures computes a pod's figures and its daily returns.
func (r *Run) podFigures(c *pitwall.Calc, fundCash pitwall.Dec) (x PodFigures, returns []float64, err error) {
	w, err := r.walk()
	if err != nil {
		return x, nil, err
	}
	h, err := headline(r.Manifest.Cash, r.Points, r.Events(), w)
	if err != nil {
		return x, nil, err
	}
	s := &Sheet{Headline: h, Symbols: []Attribution{}}
	w.attribution(s)
	daily := lastOf(r.Points, time.DateOnly)
	curve := values(r.Manifest.Cash.Float(), daily, equityOf)
	stats := figures(curve, periods(daily))
	x = PodFigures{Start: h.Start, Final: h.FinalEquity, Return: stats.TotalReturn, Volatility: stats.Volatility, Sharpe: stats.Sharpe, Drawdown: stats.MaxDrawdown,
		Exposure: h.Exposure, Fills: h.Fills, Fees: h.Fees, Symbols: s.Symbols}
	for _, e := range r.Events() {
		if e.Flow != nil && e.Flow.Type == transfer {
			x.Moved = c.Add(x.Moved, e.Flow.Amount)
		}
		r.central(&x.Central, e)
	}
	x.Gain = c.Sub(c.Sub(x.Final, x.Start), x.Moved)
	if fundCash > 0 {
		x.Share = new(x.Gain.Float() / fundCash.Float())
	}
	return x, returnsOf(curve), nil
}

var trimmedBy = regexp.MustCompile(`limit (fund\.[^:]*): ([0-9.]+) of ([0-9.]+)$`)

// central counts an order that a limit of the fund denied or trimmed.
func (r *Run) central(x *Central, e pitwall.Entry) {
	var o pitwall.Order
	var refused pitwall.Dec
	switch {
	case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied && e.State.Error != nil && len(e.State.Error.Checks) > 0 && strings.HasPrefix(e.State.Error.Checks[0].Name, fundLimit):
		x.Denied++
		o, refused = e.State.Order, e.State.Qty
	case e.Kind == pitwall.EntryIntent && e.Order != nil && e.Order.Sizing != nil:
		m := trimmedBy.FindStringSubmatch(e.Order.Sizing.Limited)
		if m == nil {
			return
		}
		x.Trimmed++
		sent, err1 := pitwall.ParseDec(m[2])
		asked, err2 := pitwall.ParseDec(m[3])
		if err1 != nil || err2 != nil {
			return
		}
		o, refused = *e.Order, asked-sent
	default:
		return
	}
	if o.Side == pitwall.Sell {
		refused = -refused
	}
	move := r.openAfter(o.Symbol, r.nextTurn(e.AsOf)) - r.openAfter(o.Symbol, e.AsOf)
	gain := float64(refused.Float()*move) * max(1, r.traded(o.Symbol).Multiplier.Float())
	x.Cost, x.Saved = x.Cost+max(0, gain), x.Saved+max(0, -gain)
}

// nextTurn returns when the first turn after a time is, zero for none.
func (r *Run) nextTurn(at time.Time) (next time.Time) {
	for _, t := range r.Turns {
		if when, err := time.Parse(time.RFC3339, t.AsOf); err == nil && when.After(at) {
			return when
		}
	}
	return next
}

// openAfter returns the open of a symbol's first bar that begins at or after a time, its
// last close without one or for the zero time.
func (r *Run) openAfter(symbol string, at time.Time) float64 {
	s := r.Bars[symbol]
	if s == nil || s.Len() == 0 {
		return 0
	}
	for i := s.KnownAt(at.UnixNano()); !at.IsZero() && i < s.Len(); i++ {
		if s.Start[i] >= at.UnixNano() {
			return s.Open[i].Float()
		}
	}
	return s.Close[s.Len()-1].Float()
}

// correlated returns the correlation of two series of one length, nil where one does not
// vary.
func correlated(a, b []float64) *float64 {
	n := min(len(a), len(b))
	if n < 2 {
		return nil
	}
	ma, mb := mean(a[:n]), mean(b[:n])
	var both, aa, bb float64
	for i := range n {
		both += (a[i] - ma) * (b[i] - mb)
		aa += (a[i] - ma) * (a[i] - ma)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	return finite(both / math.Sqrt(aa*bb))
}

// mostGains is how many rows the gains by pod and symbol have at most.
const mostGains = 100

// FundTables writes the pods of a fund as tables.
func FundTables(f *Fund) []TextTable {
	if f == nil {
		return nil
	}
	text := func(k Kind, v *float64) string {
		if v == nil {
			return unknownFigure
		}
		return k.Write(v)
	}
	pods := TextTable{ID: "fund-pods", Caption: "Pods side by side; returns are time-weighted, share is of the fund's starting cash", Kinds: "tnnnnnnnnnn",
		Head: []string{"Pod", "Start", "Moved", "End", "Gain", "Share", "Return", "Volatility", "Sharpe", "Max drawdown", "Fills"}}
	by := TextTable{ID: "fund-symbols", Caption: "Gain by pod and symbol", Kinds: "ttnnn", Head: []string{"Pod", "Symbol", "Gain", "Fees", "Fills"}}
	corr := TextTable{ID: "fund-correlation", Caption: "Correlation of the pods' daily returns", Kinds: "t" + strings.Repeat("n", len(f.Pods)), Head: []string{"Pod"}}
	central := TextTable{ID: "fund-limits", Caption: "What the fund's limits refused, valued from the next open to the first open after the pod's next turn, without costs", Kinds: "tnnnn",
		Head: []string{"Pod", "Denied", "Trimmed", "Cost", "Saved"}}
	for i, p := range f.Pods {
		pods.Rows = append(pods.Rows, []string{p.Name, p.Start.Round(0).String(), p.Moved.Round(0).String(), p.Final.Round(0).String(), p.Gain.Round(0).String(), text(Percent, p.Share), text(Percent, p.Return),
			text(Share, p.Volatility), text(Ratio, p.Sharpe), text(Percent, p.Drawdown), fmt.Sprint(p.Fills)})
		for _, s := range p.Symbols {
			by.Rows = append(by.Rows, []string{p.Name, s.Symbol, s.Gain.Round(0).String(), s.Fees.Round(0).String(), fmt.Sprint(s.Fills)})
		}
		row := []string{p.Name}
		for _, v := range f.Correlation[i] {
			row = append(row, text(Ratio, v))
		}
		corr.Head, corr.Rows = append(corr.Head, p.Name), append(corr.Rows, row)
		if x := p.Central; x.Denied+x.Trimmed > 0 {
			central.Rows = append(central.Rows, []string{p.Name, fmt.Sprint(x.Denied), fmt.Sprint(x.Trimmed), fmt.Sprintf("%.0f", x.Cost), fmt.Sprintf("%.0f", x.Saved)})
		}
	}
	if n := len(by.Rows); n > mostGains {
		gains := func(row []string) pitwall.Dec {
			d, _ := pitwall.ParseDec(row[2]) // it was written above
			return d.Abs()
		}
		slices.SortStableFunc(by.Rows, func(x, y []string) int { return cmp.Compare(gains(y), gains(x)) })
		by.Rows, by.Caption = by.Rows[:mostGains], fmt.Sprintf("%s: the %d largest of %d", by.Caption, mostGains, n)
	}
	list := []TextTable{pods, by}
	if len(f.Pods) > 1 {
		list = append(list, corr)
	}
	if len(central.Rows) > 0 {
		list = append(list, central)
	}
	return list
}
