package scripts

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// switcher trades one of several rules at a time. Each is an SQL expression as in a
// strategy's `rule:`, true or a share from 0 to 1 of an equal part of each symbol. Its
// [monitor] judges the trades that each rule would have made, at the opens after its
// signals, and replaces the active rule; see the page on strategies. by_regime counts trades by
// the regime at their entry and needs `regime:` in the strategy.
type switcher struct {
	monitor  monitor
	rules    map[string]string
	byRegime bool
	warmUp   int
	cost     float64 // of a trade both ways, as a return
	band     float64
}

func newSwitch(given map[string]any) (agentloop.Model, error) {
	p := read(given, "strategies", "start", "window", "min_win_rate", "min_profit", "hysteresis", "by_regime", "warm_up", "cost_bps", "band")
	s := switcher{warmUp: p.whole("warm_up", 100, 1, 5000, "bars"), band: p.share("band", 0.05), cost: 2 * p.number("cost_bps", 15) / 1e4, byRegime: given["by_regime"] == true}
	s.monitor = monitor{window: p.whole("window", 30, 1, 1000, "trades"), least: p.share("min_win_rate", 0.35), between: p.whole("hysteresis", 10, 1, 1000, "trades")}
	switch v := given["min_profit"].(type) {
	case nil:
	case int:
		s.monitor.profit = float64(v)
	case float64:
		s.monitor.profit = v
	default:
		p.bad("min_profit", v, "a sum of returns such as 0 or 0.02")
	}
	if v, ok := given["by_regime"]; ok && v != true && v != false {
		p.bad("by_regime", v, "true or false")
	}
	list, ok := given["strategies"].(map[string]any)
	if !ok || len(list) < 2 {
		p.bad("strategies", given["strategies"], "two or more rules by name, such as {trend: close > avg(close) over (h rows 99 preceding)}")
	}
	s.rules = map[string]string{}
	for name, v := range list {
		text, ok := v.(string)
		if !ok || strings.TrimSpace(text) == "" {
			p.bad("strategies."+name, v, "an SQL expression")
		}
		s.rules[name] = text
		s.monitor.names = append(s.monitor.names, name)
	}
	slices.Sort(s.monitor.names)
	if start := p.text("start", ""); start != "" {
		i := slices.Index(s.monitor.names, start)
		if i < 0 {
			p.bad("start", start, "one of "+strings.Join(s.monitor.names, ", "))
		} else {
			s.monitor.names = append([]string{start}, slices.Delete(s.monitor.names, i, i+1)...)
		}
	}
	return script(s.reply), p.err
}

// weights is what follows FROM: each bar that a rule has a weight for, with the open after it.
func (s switcher) weights(rule string) string {
	return fmt.Sprintf("(SELECT symbol, ts, date, lead(open) OVER h AS price, lead(ts) OVER h AS filled, row_number() OVER h AS bars, CAST((%s\n) AS DOUBLE) AS weight FROM %s %s)", rule, HistoryTable, Windows)
}

// events selects the bars at which a rule went in or out, the newest first.
func (s switcher) events(rule string) string {
	label, join := "''", ""
	if s.byRegime {
		label, join = "coalesce(r.label, '')", " LEFT JOIN regimes r ON r.date = CAST(e.date AS VARCHAR)"
	}
	return fmt.Sprintf("SELECT e.symbol, e.filled, e.price, e.weight > 0 AS entry, %s AS regime FROM (SELECT *, lag(weight) OVER (PARTITION BY symbol ORDER BY ts) AS before FROM %s WHERE weight IS NOT NULL AND bars > %d) e%s "+
		"WHERE e.price IS NOT NULL AND (e.weight > 0) <> coalesce(e.before > 0, false) ORDER BY e.filled DESC, e.symbol", label, s.weights(rule), s.warmUp, join)
}

func (s switcher) reply(t turn) agentloop.Reply {
	return t.inSteps(func(symbols []string) agentloop.Reply {
		if len(block(t.last()[1].Text, "open_orders")) > 0 {
			return done("waiting for open orders")
		}
		calls := []agentloop.Call{call("market_load_history_table", map[string]any{"symbols": symbols, "table": HistoryTable})}
		for _, name := range s.monitor.names {
			calls = append(calls, call("duckdb_query", map[string]any{"limit": 1000, "sql": s.events(s.rules[name])}),
				call("duckdb_query", map[string]any{"limit": len(symbols), "sql": fmt.Sprintf("SELECT symbol, weight FROM %s WHERE filled IS NULL AND bars > %d ORDER BY symbol", s.weights(s.rules[name]), s.warmUp)}))
		}
		return agentloop.Reply{Calls: calls}
	}, s.decide)
}

// decide replays the monitor over the trades of all rules and holds what the active one says.
func (s switcher) decide(t turn) agentloop.Reply {
	var trades []paperTrade
	now := map[string][]map[string]string{} // newest weights by rule
	for i, name := range s.monitor.names {
		trades = append(trades, s.trades(name, query(t.last()[1+2*i].Text))...)
		now[name] = query(t.last()[2+2*i].Text)
	}
	active, log, taken := s.monitor.replay(trades)
	why := "active: " + list(nonEmpty(active))
	if len(log) > 0 {
		x := log[len(log)-1]
		why += fmt.Sprintf(" since %.10s (%s)", x.at, x.why)
	}
	if text := learned(taken, 50); text != "" {
		why += "; " + text
	}
	held := t.shares()
	want := map[string]float64{}
	for symbol := range held {
		want[symbol] = 0
	}
	for _, row := range now[active] {
		if w := number(row["weight"]); !math.IsNaN(w) {
			want[row["symbol"]] = min(1, max(0, w)) / float64(len(tradable(t.results(0)[0])))
		} else {
			delete(want, row["symbol"]) // no opinion: what is held stays
		}
	}
	var sales, purchases []agentloop.Call
	for _, symbol := range slices.Sorted(maps.Keys(want)) {
		w, have := want[symbol], held[symbol]
		switch order := target(symbol, math.Trunc(w*1e6+1e-3)/1e4, why); {
		case w == have || w != 0 && math.Abs(w-have) <= s.band:
		case w < have:
			sales = append(sales, order)
		default:
			purchases = append(purchases, order)
		}
	}
	if orders := append(sales, purchases...); len(orders) > 0 {
		return agentloop.Reply{Calls: orders}
	}
	return done("no order; %s", why)
}

// trades pairs the entries of a rule with its exits; what is still open is none yet.
func (s switcher) trades(name string, rows []map[string]string) (trades []paperTrade) {
	slices.Reverse(rows) // oldest first
	open := map[string]map[string]string{}
	for _, row := range rows {
		symbol := row["symbol"]
		entry := open[symbol]
		switch {
		case row["entry"] == "true":
			open[symbol] = row
		case entry != nil:
			trades = append(trades, paperTrade{name, symbol, entry["regime"], row["filled"], row["regime"], number(row["price"])/number(entry["price"]) - 1 - s.cost})
			delete(open, symbol)
		}
	}
	return trades
}

func nonEmpty(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}
