package scripts

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pitwall/agentloop"
)

// momentum holds equal parts of the symbols that are above their own average
// close, and cash otherwise, judged at each turn.
type momentum struct{ lookback int }

func newMomentum(given map[string]any) (agentloop.Model, error) {
	if err := onlyParams(given, "lookback"); err != nil {
		return nil, err
	}
	p := params{given: given}
	m := momentum{lookback: p.whole("lookback", 100, 2, 5000, "bars")}
	return m, p.err
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
		return look()
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
	return ordered(t, 2)
}

func (m momentum) decide(t turn) (agentloop.Reply, error) {
	var winners []string
	figures := map[string]string{}
	for _, row := range query(t.results(1)[1].Text) {
		symbol, last, average := row["symbol"], number(row["last"]), number(row["average"])
		figures[symbol] = fmt.Sprintf("close %.2f, average of %d bars %.2f", last, m.lookback, average)
		if row["bars"] == strconv.Itoa(m.lookback) && last > average {
			winners = append(winners, symbol)
		}
	}
	return sees(t).rotate(2, winners, func(symbol string, wanted bool) string {
		if wanted {
			return "above its average: " + figures[symbol]
		}
		return "not above its average: " + figures[symbol]
	})
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
