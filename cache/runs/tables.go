package runs

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"pitwall"
)

// Tables returns what the folder holds as tables for SQL: turns, fills, equity, trades,
// ratios and, of a run that has them, books, decisions, memory_trades, memory_lessons and beliefs.
// Files are read by the first query of their table.
func (r *Run) Tables() []pitwall.ComputedTable {
	list := []pitwall.ComputedTable{
		sqlTable("turns", "turn n, as_of t, agent s, model s, why s, status s, equity n, orders n, result s, asked n, cached n, usd n, seconds n", r.turnRows),
		sqlTable("fills", "time t, symbol s, side s, qty n, price n, fee n, book s, turn n, order_id s, reason s, confidence n", r.csvRows(FillsFile, 11)),
		sqlTable("equity", "time t, equity n, cash n, benchmark n, buy_and_hold n", r.csvRows(EquityFile, 5)),
		sqlTable("trades", "symbol s, side s, qty n, entry_time t, entry_price n, exit_time t, exit_price n, fees n, profit n, return n, days n, "+
			"entry_turn n, entry_order s, entry_reason s, entry_confidence n, exit_turn n, exit_order s, exit_reason s, exit_confidence n", r.csvRows(TradesFile, 19)),
		sqlTable("ratios", "turn n, as_of t, role s, symbol s, ratio s, value n, how s", r.ratioRows),
	}
	if _, err := fs.Stat(r, BooksFile); !errors.Is(err, fs.ErrNotExist) {
		list = append(list, sqlTable("books", "time t, book s, equity n, cash n", r.csvRows(BooksFile, 4)))
	}
	if _, err := fs.Stat(r, DecisionsFile); !errors.Is(err, fs.ErrNotExist) {
		list = append(list, sqlTable("decisions", "type s, trade_id s, turn n, as_of t, symbol s, side s, qty n, price n, fee n, order_id s, pnl n, return_pct n, exit_reason s, role s, error s, "+
			"analysts s, debate s, plan s, risk s, manager s, shadow s", r.decisionRows))
	}
	return append(list, r.memoryTables()...)
}

// sqlTable is a table; columns are named with the first character of their type.
func sqlTable(name, columns string, rows func() [][]any) pitwall.ComputedTable {
	t := pitwall.ComputedTable{Name: name}
	types := map[string]pitwall.ColumnType{"n": pitwall.NumberColumn, "s": pitwall.TextColumn, "t": pitwall.TimeColumn}
	for column := range strings.SplitSeq(columns, ", ") {
		name, kind, _ := strings.Cut(column, " ")
		t.Columns = append(t.Columns, pitwall.TableColumn{Name: name, Type: types[kind]})
	}
	read := sync.OnceValue(func() [][]any {
		list := rows()
		for _, row := range list { // texts of files as their columns want them
			for i := range t.Columns {
				row[i] = sqlValue(row[i], t.Columns[i].Type)
			}
		}
		return list
	})
	t.Rows = func(context.Context, time.Time) ([][]any, error) { return read(), nil }
	return t
}

// sqlValue turns a text into what its column holds; what is no such value is null.
func sqlValue(v any, kind pitwall.ColumnType) any {
	if d, ok := v.(*pitwall.Dec); ok {
		if d == nil {
			return nil
		}
		return d.Float()
	}
	text, ok := v.(string)
	switch {
	case !ok || kind == pitwall.TextColumn && text != "":
		return v
	case text == "":
		return nil
	case kind == pitwall.NumberColumn:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	case kind == pitwall.TimeColumn:
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	}
	return nil
}

// csvRows returns the first columns of a CSV file.
func (r *Run) csvRows(file string, columns int) func() [][]any {
	return func() (rows [][]any) {
		for _, line := range r.Rows(file) {
			row := make([]any, columns)
			for i := range row {
				if i < len(line) {
					row[i] = line[i]
				}
			}
			rows = append(rows, row)
		}
		return rows
	}
}

func (r *Run) turnRows() (rows [][]any) {
	for _, t := range r.Turns() {
		y := t.Timed()
		var equity any
		if t.Equity != nil {
			equity = *t.Equity
		}
		rows = append(rows, []any{float64(t.Turn), t.AsOf, t.Agent, t.Model, t.Why, string(t.Status), equity, float64(t.Orders), t.Result, float64(y.Asked), float64(y.Cached), y.USD, y.Seconds})
	}
	return rows
}

func (r *Run) decisionRows() (rows [][]any) {
	list, err := linesOf[Decision](r, DecisionsFile, r.leave)
	r.missing(err)
	for _, d := range list {
		var percent any
		if d.ReturnPercent != nil {
			percent = *d.ReturnPercent
		}
		rows = append(rows, []any{d.Type, d.TradeID, float64(d.Turn), d.AsOf, d.Symbol, string(d.Side), d.Qty, d.Price, d.Fee, d.Order, d.Profit, percent, d.ExitReason, d.Role, d.Error,
			string(d.Analysts), string(d.Researchers), string(d.Plan), string(d.Risk), string(d.Manager), strconv.FormatBool(d.Shadow)})
	}
	return rows
}

// memoryTables returns nothing for a run without a memory.
func (r *Run) memoryTables() []pitwall.ComputedTable {
	m, err := r.Memory()
	if err != nil {
		r.Note("%v", err)
	}
	if m == nil {
		return nil
	}
	number := func(f *float64) any {
		if f == nil {
			return nil
		}
		return *f
	}
	var trades, lessons, beliefs [][]any
	for _, t := range m.Trades {
		trades = append(trades, []any{t.ID, t.Symbol, t.Side, t.Strategy, t.Regime, t.Known, float64(t.Turn), &t.Qty, &t.Profit, number(t.Return), t.Days, number(t.Confidence), t.Reason, t.ExitReason, t.Expected, t.Lesson})
	}
	for _, x := range m.Items {
		lessons = append(lessons, []any{x.ID, string(x.Kind), x.Symbol, x.Strategy, x.Regime, x.Known, x.Text, x.Trade, x.Expected, x.Why, x.Role})
	}
	for _, b := range m.Beliefs {
		var matured, hit any
		if b.Matured != nil {
			matured = *b.Matured
		}
		if b.Hit != nil {
			hit = map[bool]float64{true: 1}[*b.Hit]
		}
		beliefs = append(beliefs, []any{b.ID, b.Of, b.Symbol, b.Direction, b.Regime, b.Status, b.Known, matured, float64(b.Horizon), number(b.Confidence), hit, number(b.Brier), b.Text})
	}
	given := func(rows [][]any) func() [][]any { return func() [][]any { return rows } }
	return []pitwall.ComputedTable{
		sqlTable("memory_trades", "id s, symbol s, side s, strategy s, regime s, known t, turn n, qty n, profit n, return n, days n, confidence n, reason s, exit_reason s, expected s, lesson s", given(trades)),
		sqlTable("memory_lessons", "id s, kind s, symbol s, strategy s, regime s, known t, text s, trade s, expected s, why s, role s", given(lessons)),
		sqlTable("beliefs", "id s, of s, symbol s, direction s, regime s, status s, known t, matured t, horizon n, confidence n, hit n, brier n, text s", given(beliefs)),
	}
}
