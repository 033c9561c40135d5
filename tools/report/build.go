package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// Sheet computes the figures of a run.
func (r *Run) Sheet() (*Sheet, error) {
	m := r.Manifest
	s := &Sheet{ReadWith: m.ReadWith, Curve: r.Points, Daily: lastOf(r.Points, time.DateOnly), Warnings: append([]string{}, m.Warnings...), Notes: append(append([]string{}, m.Notes...), r.Notes...),
		Passive: []Passive{}, Symbols: []Attribution{}, Months: []Month{}, Years: []Month{}, Trades: []RoundTrip{}}
	w, err := r.walk()
	if err != nil {
		return nil, err
	}
	if s.Headline, err = headline(m.Cash, r.Points, r.Events(), w); err != nil {
		return nil, err
	}
	s.Run = r.header()
	s.compare(r)
	r.passive(s)
	w.activity(s)
	w.trades(s)
	w.attribution(s)
	if s.Fund, err = r.fund(); err != nil {
		return nil, err
	}
	s.luck(r, w)
	s.costs(r, w)
	if len(s.Daily) > 0 {
		start := s.Curve[0]
		start.Equity = m.Cash.Float()
		s.regimes(m, start)
		s.Months, s.Years = calendar(start, s.Daily, "2006-01"), calendar(start, s.Daily, "2006")
	}
	if w.lots.a.Err != nil {
		return nil, fmt.Errorf("adding up the trades: %w", w.lots.a.Err)
	}
	return s, nil
}

func (r *Run) header() Header {
	m := r.Manifest
	h := Header{ID: m.RunID, Name: m.Name, Status: m.Status, Model: m.Model, Symbols: append([]string{}, m.Symbols...), Benchmark: m.Benchmark, From: m.From, To: m.To, Every: m.Every, Cash: m.Cash,
		Turns: len(r.Turns), Attempt: m.Attempt, Digest: m.Digest, Pitwall: m.Pitwall, Error: m.Error, Agents: []Agent{}}
	if m.Fork != nil {
		h.Fork = m.Fork.String()
	}
	for _, a := range m.Agents {
		h.Agents = append(h.Agents, Agent{Name: a.Name, Model: a.Model, Every: a.Every, Prompt: a.Prompt, Params: a.Params, Cutoff: a.Cutoff, Inside: a.Inside})
	}
	if n := len(r.Points); n > 0 {
		h.From, h.To = runs.DateOf(r.Points[0].At), runs.DateOf(r.Points[n-1].At)
	}
	return h
}

// values returns a curve with its starting value.
func values(start float64, daily []Point, of func(Point) float64) []float64 {
	list := make([]float64, 0, len(daily)+1)
	list = append(list, start)
	for _, p := range daily {
		list = append(list, of(p))
	}
	return list
}

func equityOf(p Point) float64 { return p.Equity }

// compare fills the figures of the three curves.
func (s *Sheet) compare(r *Run) {
	m, p := r.Manifest, periods(s.Daily)
	mine := values(m.Cash.Float(), s.Daily, equityOf)
	s.Strategy = *s.curve(mine, p)
	if len(s.Daily) == 0 {
		return
	}
	if i := priced(s.Daily); i >= 0 {
		s.Relative = new(r.relative(s))
		s.Relative.Against = m.Benchmark
		if i == 0 && s.Curve[0].Benchmark > 0 {
			s.Benchmark = s.curve(values(s.Curve[0].Benchmark, s.Daily, func(p Point) float64 { return p.Benchmark }), p)
			if a, b := s.Strategy.TotalReturn, s.Benchmark.TotalReturn; a != nil && b != nil {
				s.Relative.Excess = new(*a - *b)
			}
		} else {
			s.Notes = append(s.Notes, fmt.Sprintf("the benchmark %s has no price before %s: beta, alpha, correlation and tracking error are of the days from there on", m.Benchmark, runs.DateOf(s.Daily[i].At)))
		}
	}
	if s.Daily[0].Hold > 0 && s.Curve[0].Hold > 0 {
		s.BuyHold = s.curve(values(s.Curve[0].Hold, s.Daily, func(p Point) float64 { return p.Hold }), p)
	}
}

// curve computes the figures of a curve, with the dates of its deepest drawdown.
func (s *Sheet) curve(curve []float64, periods float64) *Stats {
	f := figures(curve, periods)
	if f.MaxDrawdown == nil || *f.MaxDrawdown == 0 {
		return &f
	}
	day := func(i int) string { // 0 is the start
		if i < 0 {
			return ""
		}
		return runs.DateOf(s.Daily[max(i-1, 0)].At)
	}
	peak, trough, recovered := drawdownSpan(curve)
	f.MaxDDFrom, f.MaxDDTo, f.MaxDDRecovery = day(peak), day(trough), day(recovered)
	return &f
}

// exposure returns the means of what was held over equity, longs and shorts added and
// netted; nil without a step, or where something was held and no price is known.
func (w *walk) exposure() (gross, net *float64) {
	n := float64(len(w.steps))
	if n == 0 || len(w.names) == 0 && slices.ContainsFunc(w.steps, func(x step) bool { return x.held }) {
		return nil, nil
	}
	gross, net = new(0.0), new(0.0)
	for _, x := range w.steps {
		*gross, *net = *gross+share(x.gross, x.equity)/n, *net+share(x.net, x.equity)/n
	}
	return gross, net
}

// activity fills how much was held and traded.
func (w *walk) activity(s *Sheet) {
	if len(w.steps) == 0 {
		return
	}
	held, from := 0, 0
	var traded, equity []float64
	for _, end := range periodEnds(len(w.steps), time.DateOnly, func(i int) time.Time { return w.steps[i].at() }) {
		sum := 0.0
		for _, x := range w.steps[from:end] {
			if x.held {
				held++
			}
			s.Activity.Traded += x.traded
			sum += x.traded
		}
		traded, equity = append(traded, sum), append(equity, w.steps[end-1].equity)
		from = end
	}
	s.Activity.TimeHeld = new(float64(held) / float64(len(w.steps)))
	s.Activity.Exposure, s.Activity.NetExposure = w.exposure()
	if s.Activity.Turnover = turnover(traded, equity); s.Activity.Turnover != nil {
		s.Activity.TurnoverYearly = new(*s.Activity.Turnover * periods(s.Daily))
	}
}

// trades fills the list of trades and the figures over the closed ones.
func (w *walk) trades(s *Sheet) {
	closed := w.lots.ended()
	open := w.lots.open(w.price)
	var profits, held []float64
	for _, t := range closed {
		profits = append(profits, t.Profit.Float())
	}
	s.Trading = trading(profits)
	s.Trading.Open = len(open)
	end := time.Time{}
	if n := len(w.steps); n > 0 {
		end = w.steps[n-1].at()
	}
	for i, t := range append(closed, open...) {
		until := end
		if t.ExitTime != nil {
			until = *t.ExitTime
		}
		w.complete(&t, until)
		if i < len(closed) {
			held = append(held, t.Days)
		}
		s.Trades = append(s.Trades, t)
	}
	if n := len(held); n > 0 {
		s.Activity.HoldingMean = new(mean(held))
		slices.Sort(held)
		s.Activity.HoldingMedian = new((held[(n-1)/2] + held[n/2]) / 2)
	}
}

// complete fills in whose orders a trade was made of, and what it gave until a time.
func (w *walk) complete(t *RoundTrip, until time.Time) {
	t.EntryTurn, t.EntryReason = w.cause(t.EntryOrder)
	t.EntryConfidence = w.known[t.EntryOrder].Confidence
	if t.ExitTime != nil {
		t.ExitTurn, t.ExitReason = w.cause(t.ExitOrder)
		t.ExitConfidence = w.known[t.ExitOrder].Confidence
	}
	t.Days = max(0, until.Sub(t.EntryTime).Hours()/24)
	if value := math.Abs(t.Qty.Float() * t.EntryPrice.Float() * w.lots.multiplier(t.Symbol).Float()); value > 0 {
		t.Return = new(t.Profit.Float() / value)
	}
}

// cause returns the turn that sent an order and the reason: a leg's is the order that
// it belongs to.
func (w *walk) cause(order string) (turn int, reason string) {
	switch order {
	case "":
		return 0, "dividend reinvested"
	case expired:
		return 0, expired
	case writtenOff:
		return 0, "written off at 0"
	}
	o := w.known[order]
	if o.Parent != "" && o.Reason == "" {
		return w.turns[order], string(o.Role) + " of " + o.Parent
	}
	return w.turns[order], o.Reason
}

// price returns a symbol's last price at the last step: its last bar's close, without
// bars its last fill's price, or 0.
func (w *walk) price(symbol string) pitwall.Dec {
	s := w.symbols[symbol]
	if s == nil || s.next == 0 {
		return w.filled[symbol]
	}
	return s.bars.Close[s.next-1]
}

// attribution fills each symbol's gain. A note states what the symbols and the cash
// flows do not explain.
func (w *walk) attribution(s *Sheet) {
	a := &w.lots.a
	total := pitwall.Dec(0)
	held := map[string]pitwall.Dec{} // in all books
	for _, key := range w.lots.keys() {
		held[key[1]] = a.Add(held[key[1]], w.lots.held[key].qty)
	}
	for _, g := range w.gains {
		name := g.Symbol
		g.Qty = a.Add(g.Qty, held[name])
		if g.Qty != 0 {
			switch x := w.symbols[name]; {
			case w.price(name) == 0:
				s.Notes = append(s.Notes, fmt.Sprintf("%v %s are still held and prices.csv has no price of it: the gain is incomplete", g.Qty, name))
			case x == nil || x.next == 0:
				s.Notes = append(s.Notes, fmt.Sprintf("%v %s are still held and prices.csv has no price of it: valued at the last fill, %v", g.Qty, name, w.price(name)))
			}
			g.Price = w.price(name)
			g.Gain = a.Add(g.Gain, a.Mul(a.Mul(g.Qty, g.Price), w.lots.multiplier(name)))
		}
		total = a.Add(total, g.Gain)
		if cash := w.run.Manifest.Cash.Float(); cash > 0 {
			g.Share = new(g.Gain.Float() / cash)
		}
		s.Symbols = append(s.Symbols, g)
	}
	slices.SortStableFunc(s.Symbols, func(x, y Attribution) int {
		return cmp.Or(cmp.Compare(y.Gain, x.Gain), cmp.Compare(x.Symbol, y.Symbol))
	})
	if len(w.steps) == 0 {
		return
	}
	s.Other = a.Sub(a.Sub(s.Headline.FinalEquity, s.Headline.Start), total)
	if off := a.Sub(s.Other, w.other); off.Abs() > pitwall.One/100 {
		s.Notes = append(s.Notes, fmt.Sprintf("the symbols' gains and the cash flows do not add up to the run's gain: %v is unexplained", off.Round(2)))
	}
}

// costs fills what trading and deciding cost.
func (s *Sheet) costs(r *Run, w *walk) {
	c := w.costs
	cash := r.Manifest.Cash.Float()
	if u := r.Usage; u != nil {
		c.ModelsNew, c.ModelsRecorded, c.TokensIn, c.TokensOut = u.CostUSD, u.CostUSDRecorded, int64(u.Tokens.Input), int64(u.Tokens.Output)
		if u.CostUSD != nil && u.CostUSDRecorded != nil {
			c.Models = new(w.lots.a.Add(*u.CostUSD, *u.CostUSDRecorded))
		}
	}
	c.ReturnBefore = s.Strategy.TotalReturn
	if c.ReturnBefore != nil && cash > 0 {
		if c.Models != nil {
			c.ReturnAfter = new(*c.ReturnBefore - c.Models.Float()/cash)
		}
		c.ReturnWithout = new(*c.ReturnBefore + (c.Commission.Float()+c.Slippage.Float()+w.carry())/cash)
	}
	if s.Activity.Traded > 0 {
		c.CostOfTradedBps = new((c.Commission.Float() + c.Slippage.Float()) / s.Activity.Traded * 10_000)
	}
	c.StatedCommission = r.Manifest.Costs.String()
	s.Costs = c
}
