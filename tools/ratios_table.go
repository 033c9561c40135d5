package tools

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pitwall"
)

// RatiosTable is the SQL table ratios of a world: each ratio of each symbol of which a
// statement is known, as `fundamentals` with ratios gives it now. A ratio that cannot be
// computed is null. A world whose data hold no statement has the table too: that there will
// be none is not known.
func RatiosTable(w *pitwall.World) pitwall.ComputedTable {
	return pitwall.ComputedTable{
		Name: "ratios",
		Columns: []pitwall.TableColumn{{Name: "symbol", Type: pitwall.TextColumn}, {Name: "ratio", Type: pitwall.TextColumn}, {Name: "value", Type: pitwall.NumberColumn},
			{Name: "statement_end", Type: pitwall.TextColumn}, {Name: "known", Type: pitwall.TimeColumn}},
		Rows: func(ctx context.Context, _ time.Time) (rows [][]any, err error) {
			var symbols []string
			for _, i := range w.Instruments.Instruments() {
				symbols = append(symbols, i.Symbol)
			}
			slices.Sort(symbols)
			for _, symbol := range symbols {
				found, err := w.Records.Find(ctx, pitwall.RecordQuery{Kind: pitwall.Fundamental, Symbols: []string{symbol}})
				if err != nil {
					return nil, fmt.Errorf("reading statements of %s: %w", symbol, err)
				}
				all := statementsOf(found)
				if len(all) == 0 {
					continue
				}
				known := slices.MaxFunc(found, func(a, b pitwall.Record) int { return a.Known.Compare(b.Known) }).Known
				list, _ := ratios(ctx, w, symbol, found)
				for _, x := range list {
					var value any
					if x.Value != nil {
						if value, err = strconv.ParseFloat(*x.Value, 64); err != nil {
							return nil, fmt.Errorf("%s of %s: %w", x.Name, symbol, err)
						}
					}
					rows = append(rows, []any{symbol, x.Name, value, all[0].end.Format(time.DateOnly), known})
				}
			}
			return rows, nil
		},
	}
}
