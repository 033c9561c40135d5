package scripts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// monitor watches strategies by their closed trades and says which one is active: one that
// loses too often or on the whole makes way for the best other one of the regime of then, or
// for cash. It is a function of the trades alone, so it keeps nothing between turns.
type monitor struct {
	names   []string // of strategies; the first is active at first
	window  int      // newest trades that count
	least   float64  // win rate
	profit  float64  // sum of returns
	between int      // trades before another switch, and before a strategy is judged in a regime
}

// paperTrade is a trade of a strategy as it would have been, by known prices.
type paperTrade struct {
	strategy, symbol string
	regime           string // at its entry
	end, then        string // when it was closed, and the regime at that time
	profit           float64
}

// switched is a change of the active strategy; an empty name is cash.
type switched struct{ at, from, to, why string }

// record is the newest trades of a strategy.
type record struct{ profits []float64 }

func (r record) wins() (n int) {
	for _, p := range r.profits {
		if p > 0 {
			n++
		}
	}
	return n
}

func (r record) rate() float64 { return float64(r.wins()) / float64(max(1, len(r.profits))) }

func (r record) net() (sum float64) {
	for _, p := range r.profits {
		sum += p
	}
	return sum
}

func (r record) String() string {
	return fmt.Sprintf("%d of %d trades won, net %+.2f %%", r.wins(), len(r.profits), 100*r.net())
}

// newest is the last n trades of a strategy, in one regime or (empty) in all.
func newest(past []paperTrade, strategy, regime string, n int) (r record) {
	for i := len(past) - 1; i >= 0 && len(r.profits) < n; i-- {
		if past[i].strategy == strategy && (regime == "" || past[i].regime == regime) {
			r.profits = append(r.profits, past[i].profit)
		}
	}
	return r
}

// enough reports whether a record is good enough to trade by.
func (m monitor) enough(r record) bool { return r.rate() >= m.least && r.net() >= m.profit }

// best is the other strategy with the highest mean profit of its newest trades in a regime;
// empty, which is cash, when none is good enough.
func (m monitor) best(past []paperTrade, active, regime string) (name, why string) {
	high := math.Inf(-1)
	why = "no other one is good enough in " + orAny(regime)
	for _, s := range m.names {
		r := newest(past, s, regime, m.window)
		if s == active || len(r.profits) < m.between || !m.enough(r) {
			continue
		}
		if mean := r.net() / float64(len(r.profits)); mean > high {
			high, name, why = mean, s, fmt.Sprintf("%s in %s: %s", s, orAny(regime), r)
		}
	}
	return name, why
}

func orAny(regime string) string { return cmp.Or(regime, "any regime") }

// replay goes through the trades in order and returns the active strategy, the switches and
// the trades that were made while their strategy was active.
func (m monitor) replay(trades []paperTrade) (active string, log []switched, taken []paperTrade) {
	slices.SortStableFunc(trades, func(a, b paperTrade) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.strategy, b.strategy), cmp.Compare(a.symbol, b.symbol))
	})
	active = m.names[0]
	since := 0 // trades of the active one; in cash, of all
	for i, t := range trades {
		if active != "" && t.strategy != active {
			continue
		}
		if since++; active != "" {
			taken = append(taken, t)
		}
		past := trades[:i+1]
		why := "in cash"
		if active != "" {
			r := newest(past, active, "", m.window)
			if m.enough(r) {
				continue
			}
			why = fmt.Sprintf("%s: %s; at least %.0f %% and %+.2f %% are asked", active, r, 100*m.least, 100*m.profit)
		}
		if since < m.between {
			continue
		}
		to, reason := m.best(past, active, t.then)
		if to != active {
			log = append(log, switched{t.end, active, to, why + "; " + reason})
			active, since = to, 0
		}
	}
	return active, log, taken
}

// learned compares the win rate of the trades after the first n with that of the first n. The
// interval is Newcombe's, by the scores of both rates: "Interval estimation for the difference
// between independent proportions", Statistics in Medicine 17 (1998), method 10.
func learned(taken []paperTrade, n int) string {
	if len(taken) <= n {
		return ""
	}
	rate := func(list []paperTrade) (p, low, high float64) {
		wins, count := 0.0, float64(len(list))
		for _, t := range list {
			if t.profit > 0 {
				wins++
			}
		}
		const z = 1.959963984540054
		p = wins / count
		middle, half := p+z*z/(2*count), z*math.Sqrt(p*(1-p)/count+z*z/(4*count*count))
		return p, (middle - half) / (1 + z*z/count), (middle + half) / (1 + z*z/count)
	}
	p1, l1, u1 := rate(taken[:n])
	p2, l2, u2 := rate(taken[n:])
	d := p2 - p1
	return fmt.Sprintf("win rate %.0f %% of the first %d trades, %.0f %% of the %d after: %+.0f points (95 %%: %+.0f to %+.0f)", 100*p1, n, 100*p2, len(taken)-n,
		100*d, 100*(d-math.Hypot(p2-l2, u1-p1)), 100*(d+math.Hypot(u2-p2, p1-l1)))
}
