package risk

import (
	"cmp"
	"context"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// check returns why an order may not be sent, or nil; of limits, with what they read and
// found.
func (g *Guard) check(ctx context.Context, o pitwall.Order, replaces *pitwall.OrderState) (*pitwall.Error, Snapshot, []Failure) {
	s := Snapshot{Now: g.clock.Now()}
	if !g.limits.none {
		if len(g.limits.unset()) == 0 {
			s = g.snapshot(ctx, o, replaces)
		}
		counted := g.counts(ctx)(pitwall.OrderState{Order: o}).Order
		if failures := g.limits.Check(counted, s); len(failures) > 0 {
			return g.of(ctx, o.Symbol, g.limits.denial(counted, s, failures)), s, failures
		}
	}
	if g.before != nil {
		return g.before(ctx, o), s, nil
	}
	return nil, s, nil
}

// snapshot gathers what checks read. What cannot be read stays out of it, and
// the checks that need it refuse.
func (g *Guard) snapshot(ctx context.Context, o pitwall.Order, replaces *pitwall.OrderState) Snapshot {
	s := Snapshot{Now: g.clock.Now(), Replaces: replaces, Costs: g.costs, Sent: g.sent, Unanswered: g.unanswered}
	if g.onBreach == nil {
		s.Breach = g.breach
	}
	_, back, _ := g.limits.lookBack()
	s.Fills = g.recentFills(ctx, cmp.Or(o.Book, pitwall.MainBook))
	g.look(ctx, &s, o, back)
	return s
}

// look reads the account of an order's book, its open orders, and prices as far back as
// given, of what is held and ordered. Bars are restated for splits: a price that fell by
// one is no loss.
func (g *Guard) look(ctx context.Context, s *Snapshot, o pitwall.Order, back time.Duration) {
	s.Last, s.Bars = map[string]pitwall.Bar{}, map[string][]pitwall.Bar{}
	book := cmp.Or(o.Book, pitwall.MainBook)
	// Orders before the account: a fill in between is counted twice, not missed.
	if open, err := g.broker.Orders(ctx, pitwall.OrderQuery{Book: book, Open: true}); err == nil {
		s.Open = []pitwall.OrderState{}
		counted := g.counts(ctx)
		for _, p := range open {
			if p.Status.Open() && (s.Replaces == nil || p.ID != s.Replaces.ID) {
				s.Open = append(s.Open, counted(p))
			}
		}
	}
	if a, err := g.broker.Account(ctx, book); err == nil {
		s.Account = &a
	}
	if g.instruments != nil {
		s.Instruments = map[string]pitwall.Instrument{}
	}
	for _, symbol := range symbolsOf(s.Account, append(s.Open[:len(s.Open):len(s.Open)], pitwall.OrderState{Order: o})) {
		if g.instruments != nil {
			if i, err := g.instruments.Instrument(symbol); err == nil {
				s.Instruments[symbol] = i
			}
		}
		if g.market == nil {
			continue
		}
		if bar, err := g.market.Last(ctx, symbol); err == nil {
			s.Last[symbol] = bar
		}
		if back > 0 {
			if bars, err := g.market.Bars(ctx, pitwall.BarQuery{Symbol: symbol, After: s.Now.Add(-back), Adjusted: pitwall.SplitAdjusted}); err == nil {
				s.Bars[symbol] = bars
			}
		}
	}
}

// denial returns one error that names every failure: its code is the first one's.
func (l Limits) denial(o pitwall.Order, s Snapshot, failures []Failure) *pitwall.Error {
	e := &pitwall.Error{Code: failures[0].Code}
	var texts, hints, smaller []string
	for n, f := range failures {
		text := f.Text
		if n > 0 { // the first one's code is the error's
			text = string(f.Code) + ": " + text
		}
		f.Check.Name = cmp.Or(f.Key, f.Check.Name) // as the strategy file names it
		texts, e.Checks = append(texts, text), append(e.Checks, f.Check)
		rule := ""
		if f.Key != "" {
			rule = "limit " + f.Key + " (risk:" + f.Key + ")"
		}
		if f.sized {
			smaller = append(smaller, rule)
		}
		switch {
		case f.Hint != "" && rule != "":
			hints = append(hints, f.Hint+": "+rule)
		case f.Hint != "" || rule != "" && !f.sized:
			hints = append(hints, f.Hint+rule)
		}
	}
	if len(smaller) > 0 {
		most := "no quantity would pass: "
		if q := l.most(o, s); q > 0 {
			most = "at most " + q.String() + " would pass: "
		}
		hints = append([]string{most + strings.Join(smaller, ", ")}, hints...)
	}
	e.Message = strings.Join(append(texts, "nothing was sent"), "; ")
	e.Hint = strings.Join(hints, "; ")
	return e
}

// most is the largest quantity, in whole lots, that passes the limits on size. All
// of them grow with the quantity, so it can be searched.
func (l Limits) most(o pitwall.Order, s Snapshot) pitwall.Dec {
	lot := max(s.Instruments[o.Symbol].Lot, 1)
	return lot * pitwall.Dec(sort.Search(int(o.Qty/lot), func(n int) bool {
		try := o
		try.Qty = lot * pitwall.Dec(n+1)
		return len(l.check(try, s, sized)) > 0
	}))
}
