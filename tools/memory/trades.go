package memory

import (
	"fmt"
	"math"
	"slices"
	"time"

	"pitwall"
	"pitwall/tools/report"
)

// trades returns the closed trades known at a time, with their plans and lessons, in the
// order in which they closed. The caller has the lock.
func (s *Store) trades(now time.Time, items []pitwall.MemoryItem) ([]pitwall.MemoryTrade, error) {
	n := len(s.entries)
	for n > 0 && s.entries[n-1].AsOf.After(now) {
		n--
	}
	if n != s.booked || s.trips == nil {
		var err error
		if s.trips, err = report.ClosedTrades(slices.Values(s.entries[:n]), s.Multipliers); err != nil {
			return nil, err
		}
		s.booked = n
	}
	known := map[string]time.Time{} // of the last fill, by order
	for _, e := range s.entries[:n] {
		if e.Kind == pitwall.EntryFill && e.Fill != nil {
			known[e.Fill.OrderID] = e.AsOf
		}
	}
	list := slices.Clone(s.Carried.Trades)
	ids := map[string]int{}
	for _, t := range s.trips {
		id := fmt.Sprintf("%d-%s", t.EntryTurn, t.Symbol)
		if ids[id]++; ids[id] > 1 { // parts of a position that closed apart
			id = fmt.Sprintf("%s-%d", id, ids[id])
		}
		x := pitwall.MemoryTrade{ID: id, Known: *t.ExitTime, Symbol: t.Symbol, Side: t.Side, Entry: t.EntryTime, Exit: *t.ExitTime, Turn: t.EntryTurn, Qty: t.Qty, EntryPrice: t.EntryPrice,
			ExitPrice: *t.ExitPrice, Profit: t.Profit, Return: t.Return, Days: t.Days, Reason: t.EntryReason, ExitReason: t.ExitReason, Confidence: t.EntryConfidence}
		if at, is := known[t.ExitOrder]; is {
			x.Known = at
		}
		for _, p := range items {
			if p.Kind == pitwall.Plan && p.Run == "" && p.Turn == x.Turn && p.Symbol == x.Symbol {
				x.Strategy, x.Regime, x.Expected = p.Strategy, p.Regime, p.Expected
			}
		}
		list = append(list, x)
	}
	for _, x := range items {
		if x.Kind != pitwall.Lesson {
			continue
		}
		if i := slices.IndexFunc(list, func(t pitwall.MemoryTrade) bool { return t.ID == x.Trade }); i >= 0 {
			list[i].Lesson = x.ID
		}
	}
	slices.SortStableFunc(list, func(a, b pitwall.MemoryTrade) int { return a.Known.Compare(b.Known) })
	return list, nil
}

// Statistic sums up the closed trades of a strategy in a regime.
type Statistic struct {
	Strategy     string   `json:"strategy"` // empty: no plan named one
	Regime       string   `json:"regime"`
	Trades       int      `json:"trades"`
	WinRate      float64  `json:"win_rate"`
	MeanReturn   float64  `json:"mean_return"`
	Sharpe       *float64 `json:"sharpe_proxy"`   // mean of the returns over their standard deviation, of trades; nil with fewer than two
	RewardToRisk *float64 `json:"reward_to_risk"` // mean gain over mean loss; nil without both
}

// Statistics sums up trades by strategy and regime, and all of them as the last row.
// Trades without a return are left out.
func Statistics(trades []pitwall.MemoryTrade) (list []Statistic) {
	type group struct{ strategy, regime string }
	returns, order := map[group][]float64{}, []group{}
	var all []float64
	for _, t := range trades {
		if t.Return == nil {
			continue
		}
		g := group{t.Strategy, t.Regime}
		if returns[g] == nil {
			order = append(order, g)
		}
		returns[g] = append(returns[g], *t.Return)
		all = append(all, *t.Return)
	}
	for _, g := range order {
		if g != (group{}) {
			list = append(list, statistic(g.strategy, g.regime, returns[g]))
		}
	}
	if len(all) > 0 {
		list = append(list, statistic("all", "all", all))
	}
	return list
}

func statistic(strategy, regime string, returns []float64) Statistic {
	x := Statistic{Strategy: strategy, Regime: regime, Trades: len(returns)}
	var sum, gains, losses float64
	won, lost := 0, 0
	for _, r := range returns {
		sum += r
		switch {
		case r > 0:
			won, gains = won+1, gains+r
		case r < 0:
			lost, losses = lost+1, losses-r
		}
	}
	n := float64(len(returns))
	x.WinRate, x.MeanReturn = float64(won)/n, sum/n
	if won > 0 && lost > 0 {
		ratio := gains / float64(won) / (losses / float64(lost))
		x.RewardToRisk = &ratio
	}
	squares := 0.0
	for _, r := range returns {
		squares += (r - x.MeanReturn) * (r - x.MeanReturn)
	}
	if len(returns) > 1 && squares > 0 {
		sharpe := x.MeanReturn / math.Sqrt(squares/(n-1))
		x.Sharpe = &sharpe
	}
	return x
}
