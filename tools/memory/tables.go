package memory

import (
	"context"
	"strings"
	"time"

	"pitwall"
)

// maxRows is how many of the newest rows a table holds.
const maxRows = 2000

// Tables returns memory_trades, memory_lessons and beliefs, for SQL.
func (s *Store) Tables() []pitwall.ComputedTable {
	text := func(names ...string) (list []pitwall.TableColumn) {
		for _, n := range names {
			list = append(list, pitwall.TableColumn{Name: n, Type: pitwall.TextColumn})
		}
		return list
	}
	of := func(kind pitwall.ColumnType, names ...string) []pitwall.TableColumn {
		list := text(names...)
		for i := range list {
			list[i].Type = kind
		}
		return list
	}
	join := func(parts ...[]pitwall.TableColumn) (list []pitwall.TableColumn) {
		for _, p := range parts {
			list = append(list, p...)
		}
		return list
	}
	recalled := func(rows func(pitwall.Memories) [][]any) func(context.Context, time.Time) ([][]any, error) {
		return func(ctx context.Context, now time.Time) ([][]any, error) {
			m, err := s.recall(ctx, now)
			list := rows(m)
			return list[max(0, len(list)-maxRows):], err
		}
	}
	return []pitwall.ComputedTable{
		{Name: "memory_trades", Columns: join(text("id", "run", "symbol", "side", "strategy", "regime"), of(pitwall.TimeColumn, "known", "entry_time", "exit_time"),
			of(pitwall.NumberColumn, "qty", "entry_price", "exit_price", "profit", "return", "days", "confidence"), text("reason", "exit_reason", "expected", "lesson")),
			Rows: recalled(func(m pitwall.Memories) (rows [][]any) {
				for _, t := range m.Trades {
					rows = append(rows, []any{t.ID, t.Run, t.Symbol, t.Side, t.Strategy, t.Regime, t.Known, t.Entry, t.Exit,
						t.Qty.Float(), t.EntryPrice.Float(), t.ExitPrice.Float(), t.Profit.Float(), number(t.Return), t.Days, number(t.Confidence), t.Reason, t.ExitReason, t.Expected, t.Lesson})
				}
				return rows
			})},
		{Name: "memory_lessons", Columns: join(text("id", "run", "kind", "symbol", "strategy", "regime"), of(pitwall.TimeColumn, "known"), text("text", "trade", "expected", "why", "role")),
			Rows: recalled(func(m pitwall.Memories) (rows [][]any) {
				for _, x := range m.Items {
					rows = append(rows, []any{x.ID, x.Run, string(x.Kind), x.Symbol, x.Strategy, x.Regime, x.Known, x.Text, x.Trade, x.Expected, x.Why, x.Role})
				}
				return rows
			})},
		{Name: "beliefs", Columns: join(text("id", "run", "of", "symbol", "direction", "regime", "status", "roles"), of(pitwall.TimeColumn, "known", "matured"),
			of(pitwall.NumberColumn, "horizon", "confidence", "hit", "brier", "from_price", "to_price"), text("text")),
			Rows: recalled(func(m pitwall.Memories) (rows [][]any) {
				for _, b := range m.Beliefs {
					var matured, hit, from, to any
					if b.Matured != nil {
						matured, hit, from, to = *b.Matured, 0.0, b.From.Float(), b.To.Float()
						if *b.Hit {
							hit = 1.0
						}
					}
					rows = append(rows, []any{b.ID, b.Run, b.Of, b.Symbol, b.Direction, b.Regime, b.Status, strings.Join(b.Roles, ";"), b.Known, matured,
						float64(b.Horizon), number(b.Confidence), hit, number(b.Brier), from, to, b.Text})
				}
				return rows
			})},
	}
}

// number returns a number that may be unknown.
func number(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}
