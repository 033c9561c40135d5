package scripts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pitwall/agentloop"
)

// momentum holds equal parts of the symbols that are above their own average
// close, and cash otherwise, judged at each turn.
type momentum struct{ lookback int }

func newMomentum(params map[string]any) (agentloop.Model, error) {
	m := momentum{lookback: 100}
	if err := onlyParams(params, "lookback"); err != nil {
		return nil, err
	}
	if v, given := params["lookback"]; given {
		n, ok := v.(int)
		if !ok || n < 2 || n > 5000 {
			return nil, fmt.Errorf("params: lookback is %v; use a whole number of bars from 2 to 5000", v)
		}
		m.lookback = n
	}
	return m, nil
}

// Reply implements agentloop.Model: look, load, ask SQL, order, say so.
func (m momentum) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	t := turn{r}
	if n := t.step(); n > 0 && n < 3 {
		if e, bad := t.failed(n - 1); bad {
			return done("could not decide: %s", strings.TrimSpace(e.Text))
		}
	}
	switch t.step() {
	case 0:
		return reply(0, "market_last_price", struct{}{}, "account_positions", struct{}{}, "orders_open_orders", struct{}{})
	case 1:
		symbols := tradable(t.results(0)[0])
		if len(symbols) == 0 {
			return done("nothing to trade yet")
		}
		return reply(1, "market_load_history_table", map[string]any{"symbols": symbols, "table": "history"},
			"duckdb_query", map[string]any{"limit": len(symbols), "sql": fmt.Sprintf(
				"SELECT symbol, count(*) AS bars, max_by(close, ts) AS last, avg(close) AS average FROM "+
					"(SELECT symbol, ts, close FROM history QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) <= %d) "+
					"GROUP BY symbol ORDER BY symbol", m.lookback)})
	case 2:
		return m.decide(t)
	}
	if e, bad := t.failed(2); bad {
		return done("an order failed: %s", strings.TrimSpace(e.Text))
	}
	return done("%d orders sent", len(t.results(2)))
}

// decide orders only when the winners are not what is held: sales first.
func (m momentum) decide(t turn) (agentloop.Reply, error) {
	var winners, held []string
	why := map[string]string{}
	for _, row := range query(t.results(1)[1].Text) {
		symbol, last, average := row["symbol"], number(row["last"]), number(row["average"])
		why[symbol] = fmt.Sprintf("close %.2f, average of %d bars %.2f", last, m.lookback, average)
		if row["bars"] == strconv.Itoa(m.lookback) && last > average {
			winners = append(winners, symbol)
		}
	}
	for _, p := range block(t.results(0)[1].Text, "positions") {
		held = append(held, p["symbol"])
	}
	slices.Sort(winners)
	slices.Sort(held)
	if len(block(t.results(0)[2].Text, "open_orders")) > 0 {
		return done("waiting for open orders")
	}
	if slices.Equal(winners, held) {
		return done("no change: holding %s", list(held))
	}
	var c calls
	for _, s := range held {
		if !slices.Contains(winners, s) {
			if err := c.add(2, "orders_submit", map[string]any{"symbol": s, "target_percent": 0, "reason": "not above its average: " + why[s]}); err != nil {
				return agentloop.Reply{}, err
			}
		}
	}
	// What is held first: it may be too much of it now, and sales pay for purchases.
	slices.SortStableFunc(winners, func(a, b string) int {
		return cmp.Compare(count(!slices.Contains(held, a)), count(!slices.Contains(held, b)))
	})
	for _, s := range winners {
		if err := c.add(2, "orders_submit", map[string]any{"symbol": s, "target_percent": part(len(winners)), "reason": "above its average: " + why[s]}); err != nil {
			return agentloop.Reply{}, err
		}
	}
	return agentloop.Reply{Calls: c}, nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func list(symbols []string) string {
	if len(symbols) == 0 {
		return "cash"
	}
	return strings.Join(symbols, ", ")
}

// reply makes a reply of name, arguments pairs.
func reply(step int, pairs ...any) (agentloop.Reply, error) {
	var c calls
	for i := 0; i < len(pairs); i += 2 {
		if err := c.add(step, pairs[i].(string), pairs[i+1]); err != nil {
			return agentloop.Reply{}, err
		}
	}
	return agentloop.Reply{Calls: c}, nil
}
