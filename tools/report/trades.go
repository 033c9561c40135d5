package report

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"pitwall"
)

// ClosedTrades returns the trades that the entries of a journal closed, in the order in
// which each first closed. multipliers are those of contracts, by symbol.
func ClosedTrades(journal iter.Seq[pitwall.Entry], multipliers map[string]pitwall.Dec) ([]RoundTrip, error) {
	w := newWalk(&Run{Journal: journal})
	w.lots.many = multipliers
	if err := w.all(); err != nil {
		return nil, fmt.Errorf("going through the journal: %w", err)
	}
	closed := w.lots.closed
	for i := range closed {
		w.complete(&closed[i], *closed[i].ExitTime)
	}
	return closed, nil
}

// TradeRows returns trades as rows of trades.csv. An open trade has neither an exit
// nor a profit.
func TradeRows(trades []RoundTrip) (rows [][]string) {
	number := func(f *float64, digits int) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'g', digits, 64)
	}
	turn := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	for _, t := range trades {
		end, price, profit, gain := "", "", "", ""
		if t.ExitTime != nil {
			end, price, profit, gain = t.ExitTime.UTC().Format(time.RFC3339), t.ExitPrice.String(), t.Profit.String(), number(t.Return, 10)
		}
		rows = append(rows, []string{t.Symbol, t.Side, t.Qty.String(), t.EntryTime.UTC().Format(time.RFC3339), t.EntryPrice.String(), end, price,
			t.Fees.String(), profit, gain, fmt.Sprintf("%.4g", t.Days),
			turn(t.EntryTurn), t.EntryOrder, t.EntryReason, number(t.EntryConfidence, -1), turn(t.ExitTurn), t.ExitOrder, t.ExitReason, number(t.ExitConfidence, -1)})
	}
	return rows
}
