package scripts

import (
	"fmt"
	"strconv"

	"pitwall/agentloop"
)

// momentum holds equal parts of the symbols that are above their own average
// close, and cash otherwise, judged at each turn.
type momentum struct{ lookback int }

func newMomentum(given map[string]any) (agentloop.Model, error) {
	p := read(given, "lookback")
	return rotating(momentum{lookback: p.whole("lookback", 100, 2, 5000, "bars")}), p.err
}

func (m momentum) look(turn) []agentloop.Call { return nil }

func (m momentum) ask(t turn, _ holdings) agentloop.Reply {
	symbols := tradable(t.last()[0])
	if len(symbols) == 0 {
		return done("nothing to trade yet")
	}
	return agentloop.Reply{Calls: []agentloop.Call{
		call("market_load_history_table", map[string]any{"symbols": symbols, "table": "history"}),
		call("duckdb_query", map[string]any{"limit": len(symbols), "sql": fmt.Sprintf(
			"SELECT symbol, count(*) AS bars, max_by(close, ts) AS last, avg(close) AS average FROM "+
				"(SELECT symbol, ts, close FROM history QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) <= %d) "+
				"GROUP BY symbol ORDER BY symbol", m.lookback)}),
	}}
}

func (m momentum) decide(t turn, s holdings) agentloop.Reply {
	if end, bad := failed("could not decide", t.last()); bad {
		return end
	}
	var winners []string
	figures := map[string]string{}
	for _, row := range query(t.last()[1].Text) {
		symbol, last, average := row["symbol"], number(row["last"]), number(row["average"])
		figures[symbol] = fmt.Sprintf("close %.2f, average of %d bars %.2f", last, m.lookback, average)
		if row["bars"] == strconv.Itoa(m.lookback) && last > average {
			winners = append(winners, symbol)
		}
	}
	return s.rotate(winners, func(symbol string, wanted bool) string {
		if wanted {
			return "above its average: " + figures[symbol]
		}
		return "not above its average: " + figures[symbol]
	})
}
