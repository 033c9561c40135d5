package layout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// The columns of fills, in the order that [Trades] returns them after [Timestamp] and
// [Symbol].
const (
	Side  = "side"
	Qty   = "qty"
	Price = "price"
	Fee   = "fee"

	status = "status" // of an order that stands in a list of orders
	detail = "level of detail"
	class  = "asset class"
)

// tradeColumns are the columns of the rows that [Trades] returns.
var tradeColumns = []string{Timestamp, Symbol, Side, Qty, Price, Fee}

// tradeNames are the columns' names in brokers' exports, as names has those of bars.
var tradeNames = map[string][]string{
	Timestamp: {"timestamp", "transaction_time", "filled_at", "fill_time", "filled_time", "time_filled", "exec_time", "execution_time", "executed_at", "date_time", "datetime", "date_and_time", "closing_time", "exit_time",
		"date_utc", "time_utc", "trade_date", "trade_time", "tradedate", "run_date", "activity_date", "transaction_date", "transactiondate", "created_at", "date", "time", "day"},
	clock:  {"tradetime", "trade_time", "time", "time_of_day", "uhrzeit"},
	Symbol: {"symbol", "ticker", "instrument", "product", "market", "pair", "asset", "security", "contract", "code", "isin"},
	Qty: {"filled_qty", "filled_quantity", "executed_qty", "exec_qty", "qty", "quantity", "filled", "executed", "quantity_transacted", "shares", "no_of_shares", "number_of_shares", "position_size_qty", "size_qty",
		"units", "contracts", "vol", "volume", "size", "amount"},
	Price: {"filled_avg_price", "fill_price", "filled_price", "exec_price", "execution_price", "executed_price", "avg_fill_price", "average_fill_price", "avg_price", "trade_price", "tradeprice", "t_price", "price", "price_at_transaction",
		"spot_price_at_transaction", "price_share", "price_per_share", "share_price", "average_price"},
	Fee:    {"fee", "fees", "commission", "comm_fee", "ibcommission", "ib_commission", "fees_comm", "commissions", "commission_fees", "trading_fee", "fees_and_or_spread"},
	status: {"status", "order_status", "state"},
	detail: {"levelofdetail", "datadiscriminator"},
	class:  {"assetclass", "asset_class", "asset_category", "assetcategory", "instrument_type", "security_type", "securitytype", "sec_type"},
}

// sideNames are the columns that may say what was bought and what was sold: the first in
// which a row says so is read. Without one the sign of the quantity does.
var sideNames = []string{"side", "buy_sell", "buysell", "b_s", "action", "trans_code", "transaction_type", "transactiontype", "trade_type", "order_side", "direction", "type", "description", "transaction"}

// americanNames are columns of brokers that write the month before the day.
var americanNames = []string{"run_date", "activity_date", "trans_code", "fees_comm", "reg_fee", "transactiondate"}

// tradeColumnsOf finds the columns of fills in a header.
func tradeColumnsOf(header []string) map[string]int {
	at, folded := find(tradeNames, header)
	if _, ok := at[Price]; !ok { // Price USD
		if i := slices.IndexFunc(folded, func(f string) bool { return len(f) == 9 && strings.HasPrefix(f, "price_") }); i >= 0 {
			at[Price] = i
		}
	}
	if i, ok := at[clock]; ok && (i == at[Timestamp] || strings.Contains(folded[at[Timestamp]], "time")) {
		delete(at, clock)
	}
	return at
}

// isTrades reports whether a header names the columns of fills.
func isTrades(header []string) bool {
	at := tradeColumnsOf(header)
	_, time := at[Timestamp]
	_, qty := at[Qty]
	_, price := at[Price]
	return time && qty && price && at[Timestamp] != at[Qty]
}

// Trades reads the fills of a broker's export, of any container. Its rows have the
// columns timestamp, symbol, side, qty, price and fee, in this order; a side is buy, sell
// or opening, which is a position that was there before. Symbols are as the broker writes
// them, and empty where the file has none.
func Trades(ctx context.Context, name string, raw []byte, hints Hints) (*Table, error) {
	hints.trades = true
	raw, others := statement(raw)
	t, err := read(ctx, name, raw, hints)
	if err != nil {
		return nil, err
	}
	t.skip("row of trades with other columns", others)
	at := tradeColumnsOf(t.Header)
	var missing []string
	for _, c := range []string{Timestamp, Qty, Price} {
		if _, ok := at[c]; !ok {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		return nil, pitwall.Errorf(pitwall.DataError, "%s: no column %s", name, strings.Join(missing, ", ")).
			Hintf("the header is %q; needed are %s, under these names or those of a broker's export", strings.Join(t.Header, ","), strings.Join(tradeColumns[:5], ", "))
	}
	american := slices.ContainsFunc(t.Header, func(h string) bool { return slices.Contains(americanNames, fold(h)) }) ||
		slices.ContainsFunc(t.Rows, func(row []string) bool {
			when := row[at[Timestamp]]
			return strings.Contains(row[at[Price]], "$") || strings.HasSuffix(when, " EST") || strings.HasSuffix(when, " EDT")
		})
	if t.Layout.Zone = hints.Zone; t.Layout.Zone == nil && slices.Contains(utcNames, fold(t.Header[at[Timestamp]])) {
		t.Layout.Zone = time.UTC
	}
	if err := t.fills(at); err != nil {
		return nil, err
	}
	return t, t.tradeText(hints, american)
}

// tradeText writes times and numbers of fills as they are read everywhere.
func (t *Table) tradeText(hints Hints, american bool) error {
	at := map[string]int{}
	for i, c := range t.Header {
		at[c] = i
	}
	m, err := t.marks(at, []string{Qty, Price, Fee}, hints.Decimal)
	if err != nil {
		return err
	}
	times, err := t.times(at, hints.Dates)
	if err != nil && american && hints.Dates == "" {
		if list, again := t.times(at, "mdy"); again == nil {
			times, err = list, nil
		}
	}
	if err != nil {
		return err
	}
	for i, row := range t.Rows {
		when := times[i]
		if when.clock && !when.instant && t.Layout.Zone != nil {
			y, mo, d := when.t.Date()
			since := when.t.Sub(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC))
			when.t, when.instant = time.Date(y, mo, d, 0, 0, 0, int(since), t.Layout.Zone), true
		}
		out := []string{when.text(), row[at[Symbol]], row[at[Side]]}
		if c := row[at[Timestamp]]; when.instant && len(c) > 19 && yearFirst(c) && c[11:19] == "00:00:00" {
			out[0] = c[:10] + " 00:00:00" // a date, whatever the offset
		}
		for _, c := range tradeColumns[3:] {
			text, err := m.number(row[at[c]], c == Qty)
			if err != nil {
				return t.bad(i, c, err)
			}
			out = append(out, text)
		}
		t.Rows[i] = out
	}
	t.Header = tradeColumns
	return nil
}

// detailed leaves the single fills of a statement that also holds their sums.
func (t *Table) detailed(at map[string]int) (keep func(row []string) bool) {
	i, ok := at[detail]
	if !ok {
		return func([]string) bool { return true }
	}
	level := "order"
	for _, row := range t.Rows {
		if c := strings.ToLower(row[i]); c == "execution" || c == "trade" {
			level = c
		}
	}
	return func(row []string) bool { return strings.EqualFold(row[i], level) }
}

// fills leaves the rows that are fills, with their columns' cells and the side.
func (t *Table) fills(at map[string]int) error {
	side := t.sideColumn()
	signed := slices.ContainsFunc(t.Rows, func(row []string) bool { return isNegative(row[at[Qty]]) })
	if side < 0 && !signed {
		return pitwall.Errorf(pitwall.DataError, "%s: no column says what was bought and what was sold", t.Name).Hintf("the header is %q; add a column side with buy or sell, or write sales with a minus", strings.Join(t.Header, ","))
	}
	detailed, n := t.detailed(at), 0
	name := fold(t.Header[at[Qty]])
	filled := strings.HasPrefix(name, "filled") || strings.HasPrefix(name, "exec")
	header := []string{Timestamp, Symbol, Side, Qty, Price, Fee}
	if _, ok := at[clock]; ok {
		header = append(header, clock)
	}
	for i, row := range t.Rows {
		get := func(column string) string {
			if k, ok := at[column]; ok {
				return strings.TrimSpace(row[k])
			}
			return ""
		}
		how, what := "buy", ""
		if side >= 0 {
			what = strings.TrimSpace(row[side])
			how = sideOf(what)
		} else if isNegative(get(Qty)) {
			how = "sell"
		}
		why, err := t.noFill(how, what, get, detailed(row), filled)
		if err != nil {
			return t.bad(i, Side, err)
		}
		if why != "" {
			t.skip(why, 1)
			continue
		}
		qty := quantity(get(Qty), get(Symbol))
		if how == "sell" || side < 0 {
			qty = strings.TrimLeft(qty, "-+−")
		}
		out := []string{tradeTime(get(Timestamp)), get(Symbol), how, qty, get(Price), ""}
		if fee := quantity(get(Fee), get(Symbol)); looksNumeric(fee) {
			out[5] = fee
		}
		if len(header) > len(out) {
			out = append(out, get(clock))
		}
		t.Rows[n] = out
		if len(t.Lines) > 0 {
			t.Lines[n] = t.Lines[i]
		}
		n++
	}
	t.Header, t.Rows, t.Lines = header, t.Rows[:n], t.Lines[:min(n, len(t.Lines))]
	return nil
}

// noFill says why a row is left out, or returns an error for one that may be a fill and
// says neither buy nor sell. An order that ended otherwise counts for what was filled of it,
// where the column says that it is that.
func (t *Table) noFill(how, what string, get func(string) string, detailed, filled bool) (why string, err error) {
	state := strings.ToLower(get(status))
	ended := slices.Contains([]string{"canceled", "cancelled", "rejected", "expired", "failed"}, state)
	switch {
	case !detailed:
		return "row with a sum of others", nil
	case slices.Contains([]string{"pending", "new", "working", "open", "placed", "accepted", "done_for_day"}, state) && !hasValue(get(Qty), get(Price)), ended && (!filled || !hasValue(get(Qty), get(Price))):
		return "order that is " + state, nil
	case isOption(what, get(class)):
		return "row about an option", nil
	case how == "opening" && hasValue(get(Qty)) && !isNegative(get(Qty)):
		return "", nil
	case (how == "" || how == "opening") && (isOther(what) || !hasValue(get(Qty), get(Price))):
		return fmt.Sprintf("row that is no trade (%s)", what), nil
	case how == "" || how == "opening":
		return "", fmt.Errorf("%q is neither buy nor sell", what)
	case get(Timestamp) == "", isNull(get(Qty)), isNull(get(Price)):
		return "row without a time, a quantity or a price", nil
	}
	return "", nil
}
