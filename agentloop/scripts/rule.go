package scripts

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall/agentloop"
)

// Rule is a strategy's `rule:`: columns over the visible history, of which the last
// is the target weight of each symbol. At a turn it loads the history of all
// symbols, sends one query, and orders where the newest weight differs from what is
// held. It knows only what the account holds, so a rejected order is sent again.
type Rule struct {
	Columns []Column
	Symbols []string // what may be traded: true is an equal part
	Watch   []string // what the columns may read besides: no order
	Band    float64  // least difference of a target to what is held; 0 = order at every turn
	Most    float64  // largest sum of weights without their signs
	Shorts  bool     // weights below 0 are allowed
	Bars    int      // of a symbol before its weight counts: the longest window
}

// Column is a named SQL expression. It may read the bars' columns, the columns
// before it, and two windows: h is the symbol's own history, across all symbols at
// one time.
type Column struct{ Name, SQL string }

// WeightColumn is the name of a rule's last column.
const WeightColumn = "weight"

// Windows are those that a column may name.
const Windows = "WINDOW h AS (PARTITION BY symbol ORDER BY ts), across AS (PARTITION BY ts)"

// HistoryTable is the table that a rule reads.
const HistoryTable = "history"

// Rows returns the history with the first n columns, as what follows FROM in SQL.
func (r Rule) Rows(n int) string {
	from, newest := HistoryTable, ", lead(1) OVER h IS NULL AS newest, row_number() OVER h AS bars"
	for _, c := range r.Columns[:n] {
		from = fmt.Sprintf("(SELECT *, (%s\n) AS \"%s\"%s FROM %s %s)", c.SQL, c.Name, newest, from, Windows)
		newest = ""
	}
	return from
}

// Query selects the newest row of each symbol. JSON has no infinity: finite tells it
// from a value that is missing.
func (r Rule) Query() string {
	names := ""
	for _, c := range r.Columns {
		names += fmt.Sprintf("\"%s\", ", c.Name)
	}
	return "SELECT symbol, ts, bars, " + names + "isfinite(" + WeightColumn + "::DOUBLE) AS finite FROM " + r.Rows(len(r.Columns)) + "\nWHERE newest ORDER BY symbol"
}

// Reply implements agentloop.Model. A rule that cannot be judged ends the run.
func (r Rule) Reply(ctx context.Context, q agentloop.Request) (agentloop.Reply, error) {
	var bad error
	reply, err := script(func(t turn) (out agentloop.Reply) {
		out, bad = r.decide(t)
		return out
	}).Reply(ctx, q)
	if bad != nil {
		return agentloop.Reply{}, &agentloop.ModelError{Kind: agentloop.ErrorConfig, Message: bad.Error()}
	}
	return reply, err
}

// decide asks for all symbols at once, and for those that have listed where some have
// not.
func (r Rule) decide(t turn) (agentloop.Reply, error) {
	if t.step() == 0 {
		return r.ask(slices.Concat(r.Symbols, r.Watch)), nil
	}
	results := t.last()
	switch asked := t.Messages[t.step()].Reply.Calls[0]; {
	case asked.Name == "orders_submit":
		if end, bad := failed("an order failed", results); bad {
			return end, nil
		}
		return done("orders sent: %d; %s", len(results), reason(asked)), nil
	case asked.Name == "market_last_price" && !results[0].IsError:
		var listed []string
		tradable := false
		for _, p := range block(results[0].Text, "prices") {
			if s := p["symbol"]; p["tradable"] == "true" || slices.Contains(r.Watch, s) {
				listed = append(listed, s)
				tradable = tradable || p["tradable"] == "true"
			}
		}
		if !tradable {
			return done("nothing to trade yet"), nil
		}
		return r.ask(listed), nil
	case t.step() == 1 && strings.HasPrefix(results[0].Text, "error UNKNOWN_SYMBOL"):
		return agentloop.Reply{Calls: []agentloop.Call{call("market_last_price", struct{}{})}}, nil
	}
	for _, x := range results {
		if x.IsError {
			return agentloop.Reply{}, fmt.Errorf("rule: %s: %s", x.Name, strings.TrimSpace(x.Text))
		}
	}
	return r.orders(t, query(results[1].Text), strings.Count(value(results[0].Text, "symbols"), ";")+1)
}

// ask loads the history of symbols and sends the query.
func (r Rule) ask(symbols []string) agentloop.Reply {
	return agentloop.Reply{Calls: []agentloop.Call{
		call("market_load_history_table", map[string]any{"symbols": symbols, "table": HistoryTable}),
		call("duckdb_query", map[string]any{"limit": len(symbols), "sql": r.Query()}),
	}}
}

// orders compares the newest weights with what is held: sales come first, since they
// pay for purchases.
func (r Rule) orders(t turn, rows []map[string]string, symbols int) (agentloop.Reply, error) {
	if len(rows) != symbols {
		return agentloop.Reply{}, fmt.Errorf("rule: the query returned %d readable rows for %d symbols; let columns be numbers, true or false", len(rows), symbols)
	}
	weights, err := r.weights(rows)
	if err != nil {
		return agentloop.Reply{}, err
	}
	held, waiting := t.shares(), block(t.Messages[0].User, "open_orders")
	stale, err := t.stale(rows)
	if err != nil {
		return agentloop.Reply{}, err
	}
	var sales, purchases []agentloop.Call
	for _, row := range rows {
		symbol := row["symbol"]
		want, known := weights[symbol]
		have, holds := held[symbol]
		moves := math.Abs(want-have) > r.Band || r.Band == 0 || want == 0
		if !known || !moves || want == 0 && !holds || stale[symbol] ||
			slices.ContainsFunc(waiting, func(o map[string]string) bool { return o["symbol"] == symbol }) {
			continue
		}
		// Four decimals of a percent, cut, so that equal parts never add up to more than all.
		percent := math.Trunc(want*1e6+math.Copysign(1e-3, want)) / 1e4
		order := target(symbol, percent, r.why(row, have))
		if want < have {
			sales = append(sales, order)
		} else {
			purchases = append(purchases, order)
		}
	}
	if orders := append(sales, purchases...); len(orders) > 0 {
		return agentloop.Reply{Calls: orders}, nil
	}
	if len(weights) == 0 {
		return done("not enough history for a weight%s", r.short(rows)), nil
	}
	return done("no order: every weight is within %v of what is held", r.Band), nil
}

// weights reads the weights that are known, and refuses what the account cannot hold.
func (r Rule) weights(rows []map[string]string) (map[string]float64, error) {
	weights, sum, figures := map[string]float64{}, 0.0, []string{}
	for _, row := range rows {
		symbol, text := row["symbol"], row[WeightColumn]
		w := number(text)
		switch {
		case slices.Contains(r.Watch, symbol) || number(row["bars"]) < float64(r.Bars):
			continue
		case row["finite"] == "false":
			return nil, fmt.Errorf("rule: the weight of %s is not finite%s; guard its division, for example with nullif(x, 0)", symbol, figuresOf(r.Columns, row))
		case text == "null":
			continue
		case text == "true":
			w = 1 / float64(len(r.Symbols))
		case text == "false":
			w = 0
		}
		if math.IsNaN(w) {
			return nil, fmt.Errorf("rule: the weight of %s is %s; give a number, true or false", symbol, text)
		}
		if w < 0 && !r.Shorts {
			return nil, fmt.Errorf("rule: the weight of %s is %v and this account does not short%s", symbol, w, figuresOf(r.Columns, row))
		}
		weights[symbol] = w
		sum += math.Abs(w)
		if w != 0 {
			figures = append(figures, fmt.Sprintf("%s %.6g", symbol, w))
		}
	}
	if sum > r.Most+1e-9 {
		return nil, fmt.Errorf("rule: weights add up to %.6g, %.6g %% of equity: 1 is all of it, and this account carries %.6g: %s", sum, sum*100, r.Most, strings.Join(figures, ", "))
	}
	return weights, nil
}

// short says how many bars the symbol with the longest history has when it is too short.
func (r Rule) short(rows []map[string]string) string {
	most, symbol := 0.0, ""
	for _, row := range rows {
		if n := number(row["bars"]); n > most && !slices.Contains(r.Watch, row["symbol"]) {
			most, symbol = n, row["symbol"]
		}
	}
	if most >= float64(r.Bars) {
		return ""
	}
	return fmt.Sprintf(": %s has %.0f of the %d bars that the rule needs", symbol, most, r.Bars)
}

// why is the reason of an order: the weight beside what is held, and what it came of.
func (r Rule) why(row map[string]string, have float64) string {
	w := row[WeightColumn]
	if f := number(w); !math.IsNaN(f) {
		w = fmt.Sprintf("%.6g", f)
	}
	return fmt.Sprintf("weight %s, held %.4g%s", w, have, figuresOf(r.Columns, row))
}

// figuresOf lists the columns before the weight; without any, the rule itself.
func figuresOf(columns []Column, row map[string]string) string {
	if len(columns) == 1 {
		return ": " + columns[0].SQL
	}
	var list []string
	for _, c := range columns[:len(columns)-1] {
		v := row[c.Name]
		if f := number(v); math.Abs(f) >= 1e6 { // a volume, as it stands in the answer
			v = fmt.Sprintf("%.0f", f)
		} else if !math.IsNaN(f) {
			v = fmt.Sprintf("%.6g", f)
		}
		list = append(list, c.Name+" "+v)
	}
	return ": " + strings.Join(list, ", ")
}

// shares are the held positions as parts of equity, as the turn's snapshot says.
func (t turn) shares() map[string]float64 {
	held := map[string]float64{}
	for _, p := range block(t.Messages[0].User, "positions") {
		held[p["symbol"]] = number(p["percent_of_equity"]) / 100
	}
	return held
}

// stale returns the symbols without a recent bar: an order in one would not fill.
// Bars of a month are the longest that there are.
func (t turn) stale(rows []map[string]string) (map[string]bool, error) {
	const day = 24 * time.Hour
	now, err := time.Parse(time.RFC3339, t.asOf())
	bars, newest := map[string]time.Time{}, time.Time{}
	for _, row := range rows {
		ts, bad := time.Parse(time.RFC3339, row["ts"])
		err = errors.Join(err, bad)
		bars[row["symbol"]] = ts
		if ts.After(newest) {
			newest = ts
		}
	}
	stale := map[string]bool{}
	for symbol, ts := range bars {
		stale[symbol] = newest.Sub(ts) > 7*day || now.Sub(ts) > 35*day
	}
	return stale, err
}
