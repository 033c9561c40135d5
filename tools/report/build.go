package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"pitwall"
)

// What makes the figures about luck repeatable.
const (
	luckSeed  = 1
	resamples = 1000
	traders   = 1000
	floorWork = 40_000_000 // positions that all random traders together pass: a fifth of a second
)

// Sheet computes the figures of a run.
func (r *Run) Sheet() (*Sheet, error) {
	m := r.Manifest
	s := &Sheet{Curve: r.Points, Daily: days(r.Points), Warnings: append([]string{}, m.Warnings...), Notes: append(append([]string{}, m.Notes...), r.Notes...),
		Passive: []Passive{}, Symbols: []Attribution{}, Months: []Month{}, Years: []Month{}, Trades: []RoundTrip{}}
	var err error
	if s.Headline, err = headline(m.Cash, r.Points, r.Journal); err != nil {
		return nil, err
	}
	w := newWalk(r)
	if err := w.all(); err != nil {
		return nil, fmt.Errorf("going through the journal: %w", err)
	}
	s.Run = r.header()
	s.compare(m)
	r.passive(s)
	w.activity(s)
	w.trades(s)
	w.attribution(s)
	s.luck(r, w)
	s.costs(r, w)
	if len(s.Daily) > 0 {
		start := s.Curve[0]
		start.Equity = m.Cash.Float()
		s.Months, s.Years = calendar(start, s.Daily, "2006-01"), calendar(start, s.Daily, "2006")
	}
	return s, nil
}

func (r *Run) header() Header {
	m := r.Manifest
	h := Header{ID: m.RunID, Name: m.Name, Status: m.Status, Model: m.Model, Symbols: append([]string{}, m.Symbols...), Benchmark: m.Benchmark, From: m.From, To: m.To, Every: m.Every, Cash: m.Cash,
		Turns: len(r.Turns), Attempt: m.Attempt, Digest: m.Digest, Pitwall: m.Pitwall, Error: m.Error, Agents: append([]Agent{}, m.Agents...)}
	if n := len(r.Points); n > 0 {
		h.From, h.To = dateOf(r.Points[0].At), dateOf(r.Points[n-1].At)
	}
	return h
}

// periods is how many daily returns a year has: 365 when weekends trade.
func periods(daily []Point) float64 {
	if slices.ContainsFunc(daily, func(p Point) bool { return inDay(p.At).Weekday() == time.Sunday }) {
		return 365
	}
	return 252
}

// values are a curve with what it began with.
func values(start float64, daily []Point, of func(Point) float64) []float64 {
	list := make([]float64, 0, len(daily)+1)
	list = append(list, start)
	for _, p := range daily {
		list = append(list, of(p))
	}
	return list
}

func equityOf(p Point) float64    { return p.Equity }
func benchmarkOf(p Point) float64 { return p.Benchmark }
func holdOf(p Point) float64      { return p.Hold }

// compare fills the figures of the three curves.
func (s *Sheet) compare(m Manifest) {
	p := periods(s.Daily)
	mine := values(m.Cash.Float(), s.Daily, equityOf)
	s.Strategy = figures(mine, p)
	s.dates(&s.Strategy, mine)
	if len(s.Daily) == 0 {
		return
	}
	if s.Daily[0].Benchmark > 0 && s.Curve[0].Benchmark > 0 {
		curve := values(s.Curve[0].Benchmark, s.Daily, benchmarkOf)
		f := figures(curve, p)
		s.dates(&f, curve)
		rel := relative(returnsOf(mine), returnsOf(curve), p)
		rel.Against = m.Benchmark
		if s.Strategy.TotalReturn != nil && f.TotalReturn != nil {
			x := *s.Strategy.TotalReturn - *f.TotalReturn
			rel.Excess = &x
		}
		s.Benchmark, s.Relative = &f, &rel
	}
	if s.Daily[0].Hold > 0 && s.Curve[0].Hold > 0 {
		curve := values(s.Curve[0].Hold, s.Daily, holdOf)
		f := figures(curve, p)
		s.dates(&f, curve)
		s.BuyHold = &f
	}
}

// dates says when the deepest drawdown was.
func (s *Sheet) dates(f *Stats, curve []float64) {
	if f.MaxDrawdown == nil || *f.MaxDrawdown == 0 {
		return
	}
	day := func(i int) string { // 0 is the start
		if i < 0 {
			return ""
		}
		return dateOf(s.Daily[max(i-1, 0)].At)
	}
	peak, trough, recovered := drawdownSpan(curve)
	f.MaxDDFrom, f.MaxDDTo, f.MaxDDRecovery = day(peak), day(trough), day(recovered)
}

// passive adds what doing nothing would have given.
func (r *Run) passive(s *Sheet) {
	m := r.Manifest
	if len(r.Points) == 0 {
		return
	}
	from, err := time.Parse(time.DateOnly, m.From)
	if err != nil {
		from = r.Points[0].At
	}
	raw := map[string]bool{}
	for _, t := range m.Traded {
		raw[t.Symbol] = t.Adjusted == pitwall.Raw || t.Adjusted == ""
	}
	var actions []pitwall.Action
	for _, a := range m.Actions {
		if raw[a.Symbol] && slices.Contains(m.Symbols, a.Symbol) {
			actions = append(actions, a)
		}
	}
	to := r.Points[len(r.Points)-1].At
	for _, opens := range []bool{true, false} {
		for _, whole := range []bool{false, true} {
			if whole && m.Cash <= 0 {
				continue
			}
			if p := r.passiveRow(from, to, actions, whole, opens); p != nil {
				s.Passive = append(s.Passive, *p)
			}
		}
	}
}

// activity fills how much was held and traded.
func (w *walk) activity(s *Sheet) {
	if len(w.steps) == 0 {
		return
	}
	held := make([]bool, 0, len(w.steps))
	gross, net := 0.0, 0.0
	var traded, equity []float64
	sum := 0.0
	for i, x := range w.steps {
		held = append(held, x.held)
		gross, net = gross+share(x.gross, x.equity), net+share(x.net, x.equity)
		s.Activity.Traded += x.traded
		sum += x.traded
		if i+1 == len(w.steps) || dateOf(w.steps[i+1].at) != dateOf(x.at) {
			traded, equity = append(traded, sum), append(equity, x.equity)
			sum = 0
		}
	}
	s.Activity.Exposure = exposure(held)
	if len(w.names) > 0 {
		n := float64(len(w.steps))
		gross, net = gross/n, net/n
		s.Activity.GrossExposure, s.Activity.NetExposure = &gross, &net
	}
	if s.Activity.Turnover = turnover(traded, equity); s.Activity.Turnover != nil {
		y := *s.Activity.Turnover * periods(s.Daily)
		s.Activity.TurnoverYearly = &y
	}
}

// trades fills the list of trades and the figures over the closed ones.
func (w *walk) trades(s *Sheet) {
	closed := w.lots.ended()
	open := w.lots.open(func(symbol string) pitwall.Dec { return w.price(symbol) })
	var profits, held []float64
	for _, t := range closed {
		profits = append(profits, t.Profit.Float())
	}
	s.Trading = trading(profits)
	s.Trading.Open = len(open)
	end := time.Time{}
	if n := len(w.steps); n > 0 {
		end = w.steps[n-1].at
	}
	for i, t := range append(closed, open...) {
		t.EntryTurn, t.EntryReason = w.cause(t.EntryOrder)
		until := end
		if t.ExitTime != nil {
			until = *t.ExitTime
			t.ExitTurn, t.ExitReason = w.cause(t.ExitOrder)
		}
		t.Days = max(0, until.Sub(t.EntryTime).Hours()/24)
		if value := math.Abs(t.Qty.Float() * t.EntryPrice.Float() * w.lots.multiplier(t.Symbol).Float()); value > 0 {
			x := t.Profit.Float() / value
			t.Return = &x
		}
		if i < len(closed) {
			held = append(held, t.Days)
		}
		s.Trades = append(s.Trades, t)
	}
	if n := len(held); n > 0 {
		sum := 0.0
		for _, d := range held {
			sum += d
		}
		mean := sum / float64(n)
		slices.Sort(held)
		median := (held[(n-1)/2] + held[n/2]) / 2
		s.Activity.HoldingMean, s.Activity.HoldingMedian = &mean, &median
	}
}

// cause says which turn sent an order and why: of a leg, the order that it
// belongs to.
func (w *walk) cause(order string) (turn int, reason string) {
	switch order {
	case "":
		return 0, "dividend reinvested"
	case expired:
		return 0, expired
	}
	o, is := w.run.Origins[order]
	if is && (o.Turn > 0 || o.Reason != "") {
		return o.Turn, o.Reason
	}
	leg, is := w.known[order]
	if !is {
		return o.Turn, o.Reason
	}
	parent := w.run.Origins[leg.Parent]
	return parent.Turn, string(leg.Role) + " of " + leg.Parent
}

// price is the last price of a symbol that was known at the last step.
func (w *walk) price(symbol string) pitwall.Dec {
	s := w.symbols[symbol]
	if s == nil || s.next == 0 {
		return 0
	}
	return s.bars[s.next-1].Close
}

// attribution says which symbol gave what. What the symbols and the flows do not
// explain is said.
func (w *walk) attribution(s *Sheet) {
	a := &w.lots.a
	total := pitwall.Dec(0)
	held := map[string]pitwall.Dec{} // in all books
	for _, key := range w.lots.keys() {
		held[key[1]] = a.Add(held[key[1]], w.lots.held[key].qty)
	}
	for _, name := range w.order {
		g := *w.gains[name]
		g.Qty = a.Add(g.Qty, held[name])
		if g.Qty != 0 {
			if g.Price = w.price(name); g.Price == 0 {
				s.Notes = append(s.Notes, fmt.Sprintf("%v %s are still held and no price of it is in prices.csv: its gain is not whole", g.Qty, name))
			}
			g.Gain = a.Add(g.Gain, a.Mul(a.Mul(g.Qty, g.Price), w.lots.multiplier(name)))
		}
		total = a.Add(total, g.Gain)
		if cash := w.run.Manifest.Cash.Float(); cash > 0 {
			x := g.Gain.Float() / cash
			g.Share = &x
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
		s.Notes = append(s.Notes, fmt.Sprintf("the symbols' gains and the cash flows do not add up to the run's gain: %v is not explained", off.Round(2)))
	}
}

// luck fills how much of the result could be luck.
func (s *Sheet) luck(r *Run, w *walk) {
	l := &s.Luck
	l.Seed, l.Resamples, l.Trials = luckSeed, resamples, max(1, r.Manifest.Attempt)
	curve := values(r.Manifest.Cash.Float(), s.Daily, equityOf)
	x := returnsOf(curve)
	l.Return, l.Sharpe, l.Drawdown, l.Block = resample(x, periods(s.Daily), luckSeed, resamples)
	l.Probabilistic, l.Deflated = probabilisticSharpe(x, 0), deflatedSharpe(x, l.Trials)
	if s.Activity.Traded > 0 && s.Strategy.TotalReturn != nil && len(w.names) > 0 {
		rate := (s.Headline.Fees.Float() + s.Headline.Slippage.Float()) / s.Activity.Traded
		l.Random = w.floor(*s.Strategy.TotalReturn, rate)
	}
	for _, a := range r.Manifest.Agents {
		if a.Inside != nil && (l.Inside == nil || *a.Inside > *l.Inside) {
			l.Inside, l.InsideOf = a.Inside, a.Model
		}
	}
}

// floor is the random floor. What the run paid to be short or on margin its random
// traders pay too: as a share of mean equity, once at the end.
func (w *walk) floor(actual, rate float64) *Random {
	equity := 0.0
	for _, x := range w.steps {
		equity += x.equity / float64(len(w.steps))
	}
	kept := 1 - share(w.carry(), equity)
	if kept <= 0 {
		return nil
	}
	f := randomFloor(w.tracks, (1+actual)/kept-1, rate, luckSeed, w.traders())
	if f == nil || kept == 1 {
		return f
	}
	for _, x := range []*float64{&f.Low, &f.Median, &f.High, &f.Check} {
		*x = (1+*x)*kept - 1
	}
	f.Rule += fmt.Sprintf(", less the %.2f %% that the run paid to borrow", (1-kept)*100)
	return f
}

// carry is what borrowing shares and cash cost.
func (w *walk) carry() float64 { return w.costs.Borrow.Float() + max(0, -w.costs.Interest.Float()) }

// traders is how many random traders are worth their time: fewer in a run that
// held hundreds of positions at once.
func (w *walk) traders() int {
	held := 1
	for _, t := range w.tracks {
		for i := range t.after {
			if t.before[i] != 0 || t.after[i] != 0 {
				held++
			}
		}
	}
	return min(traders, max(floorWork/held, traders/10))
}

// costs fills what trading and deciding cost.
func (s *Sheet) costs(r *Run, w *walk) {
	c := w.costs
	cash := r.Manifest.Cash.Float()
	if u := r.Usage; u != nil {
		c.ModelsNew, c.ModelsRecorded, c.TokensIn, c.TokensOut = u.CostUSD, u.CostUSDRecorded, u.Tokens.Input, u.Tokens.Output
		if u.CostUSD != nil && u.CostUSDRecorded != nil {
			sum := w.lots.a.Add(*u.CostUSD, *u.CostUSDRecorded)
			c.Models = &sum
		}
	}
	c.ReturnBefore = s.Strategy.TotalReturn
	if c.ReturnBefore != nil && cash > 0 {
		if c.Models != nil {
			x := *c.ReturnBefore - c.Models.Float()/cash
			c.ReturnAfter = &x
		}
		x := *c.ReturnBefore + (c.Commission.Float()+c.Slippage.Float()+w.carry())/cash
		c.ReturnWithout = &x
	}
	if s.Activity.Traded > 0 {
		x := (c.Commission.Float() + c.Slippage.Float()) / s.Activity.Traded * 10_000
		c.CostOfTradedBps = &x
	}
	var stated pitwall.Costs
	if len(r.Manifest.Costs) > 0 && json.Unmarshal(r.Manifest.Costs, &stated) == nil {
		c.StatedCommission = stated.String()
	}
	s.Costs = c
}
