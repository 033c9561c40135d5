package risk

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"pitwall"
)

// The breakers: what lasts once a limit on losses or on fills was passed.

// Breach is a limit that was passed and whose consequence lasts.
type Breach struct {
	Then   Then
	Reason string
	At     time.Time
}

// OnBreach sets what makes a breach last, such as raising a halt, and what tells whether it
// still does. raise is called under the guard's lock, once for each Then while a breach
// lasts. After it no longer does, the limit that was passed raises again once it was kept
// in between; one of a day also on another day, one of fills with the next fill. Set both
// before the guard is used; without them a breach is journaled and lasts as long as the
// guard.
func (g *Guard) OnBreach(raise func(context.Context, Breach) error, lasts func(Breach) bool) {
	g.onBreach, g.lasts = raise, lasts
}

// Breach returns the breach that lasts, or nil.
func (g *Guard) Breach() *Breach {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.breach
}

// Watches reports whether a limit's breach lasts, so that [Guard.Watch] has something
// to look at.
func (l *Limits) Watches() bool {
	for _, r := range l.rows() {
		if r.state == set && r.then != "" {
			return true
		}
	}
	return false
}

// Watch looks at losses and fills. Call it after each bar: a loss that no order meets
// would pass unseen. What cannot be read is looked at with the next call.
func (g *Guard) Watch(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.watch(ctx)
}

func (g *Guard) watch(ctx context.Context) error {
	if g.limits.none || !g.limits.Watches() {
		return nil
	}
	a, err := g.broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return nil //nolint:nilerr // the checks of the next order refuse without an account
	}
	if g.onBreach != nil && g.breach != nil && !g.lasts(*g.breach) {
		g.breach = nil
	}
	cursor := g.cursor
	t := &trial{limits: g.limits, s: Snapshot{Now: g.clock.Now(), Account: &a, Open: []pitwall.OrderState{}, Fills: g.recentFills(ctx, pitwall.MainBook)}}
	for _, r := range g.limits.rows() {
		if r.state != set || r.then == "" {
			continue
		}
		t.failures, t.calc = nil, pitwall.Calc{}
		if r.when&fills == 0 {
			t.run(r)
		} else {
			cursor = g.newFills(ctx, t)
		}
		if len(t.failures) == 0 {
			delete(g.passed, r.key)
		}
		if day, ok := g.passed[r.key]; ok && (r.key != dailyLossKey || day == a.Day()) {
			continue // a person has seen it
		}
		for _, f := range t.failures {
			if f.Code == MissingInput {
				continue
			}
			raised, err := g.trip(ctx, r.then, fmt.Sprintf("limit %s: %s", cmp.Or(f.Key, r.key), f.Text))
			if err != nil {
				return err // the next look tries again
			}
			if raised && r.when&fills == 0 {
				if g.passed == nil {
					g.passed = map[string]string{}
				}
				g.passed[r.key] = a.Day()
			}
		}
	}
	g.cursor = cursor
	return nil
}

// trip makes a breach last, and reports whether it was raised outside. A second one counts
// when it goes farther.
func (g *Guard) trip(ctx context.Context, then Then, reason string) (raised bool, err error) {
	if then == ThenAlert {
		return false, g.record(ctx, pitwall.Entry{Kind: pitwall.EntryWarning, Book: pitwall.MainBook, Note: reason})
	}
	if g.breach != nil && (g.breach.Then == then || g.breach.Then == ThenHalt) {
		return false, nil
	}
	b := Breach{Then: then, Reason: reason, At: g.clock.Now()}
	if g.onBreach != nil {
		if err := g.onBreach(ctx, b); err != nil {
			return false, err
		}
		g.breach = &b
		return true, nil
	}
	g.breach = &b
	return false, g.record(ctx, pitwall.Entry{Kind: pitwall.EntryHalt, Book: pitwall.MainBook, Note: string(then) + ": " + reason})
}

// newFills compares fills since the last look with the price that their order's sender could
// expect. Orders of other traders and of an earlier process have none, nor have exits
// that the broker made of legs. It returns where the next look begins.
func (g *Guard) newFills(ctx context.Context, t *trial) pitwall.Cursor {
	list, next, err := g.broker.Fills(ctx, g.cursor)
	if err != nil {
		return g.cursor // the next look reads them
	}
	limit := g.limits.MaxFillGap.value.Percent
	for _, f := range list {
		want := g.expected[f.OrderID]
		if want <= 0 {
			continue
		}
		away := t.calc.Sub(f.Price, want)
		if f.Side == pitwall.Sell {
			away = -away
		}
		if away > 0 && above(away, hundred, limit, want) {
			t.fail(FillGap, "", "%", "fill of %s: %s %v %s at %v is %v %% worse than the expected %v; limit %v %%", f.OrderID, f.Side, f.Qty, f.Symbol, f.Price, t.calc.MulDiv(away, hundred, want).Round(2), want, limit)
		}
	}
	return next
}

// expect keeps the price that an order's sender could expect: its own, else the
// reference.
func (g *Guard) expect(ctx context.Context, o pitwall.Order) {
	if g.limits.MaxFillGap.state != set || g.market == nil {
		return
	}
	bar, err := g.market.Last(ctx, o.Symbol)
	if err != nil {
		return
	}
	if g.expected == nil {
		g.expected = map[string]pitwall.Dec{}
	}
	g.expected[o.ID] = cmp.Or(o.Limit, o.Stop, bar.Close)
}

// lasting denies what a breach that lasts does not let through.
func (t *trial) lasting() {
	switch b := t.s.Breach; {
	case b == nil:
	case b.Then == ThenHalt:
		t.fail(pitwall.Halted, string(b.Then), "", "trading is halted since %s: %s", t.time(b.At), b.Reason).Hint = "open orders can be canceled"
	case !t.exit:
		t.fail(pitwall.Halted, string(b.Then), "", "only orders that close or shrink positions pass since %s: %s", t.time(b.At), b.Reason).Hint = "open orders can be canceled"
	}
}
