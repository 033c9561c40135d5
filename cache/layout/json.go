package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"pitwall"
)

// group is the rows of one symbol in a JSON file; without a header they are lists.
type group struct {
	symbol string
	header []string
	rows   [][]string
}

// wrappers are names inside JSON that are no symbols.
var wrappers = strings.Fields("day days week month minute hour stock_prices stockprices stock bars results result data candles values historical history quotes prices chart ohlc ohlcv rows klines items response series list price time_series_daily time_series_daily_adjusted")

// json reads rows of JSON: lists of objects or of lists, one object a line, columns of
// lists, objects by time, and what vendors wrap around them.
func (t *Table) json(text []byte, hints Hints) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var values []any
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return pitwall.Errorf(pitwall.DataError, "%s: is not whole JSON: %v", t.Name, err).Hintf("the file may be cut off: download it again")
		}
		values = append(values, v)
	}
	var found []group
	if len(values) == 1 {
		found = hints.groupsOf(values[0], "")
	} else {
		found = hints.groupsOf(values, "")
	}
	if len(found) == 0 {
		return pitwall.Errorf(pitwall.DataError, "%s: no rows of prices were found in the JSON", t.Name).Hintf("give a list of objects with %s, or CSV", strings.Join(bars, ", "))
	}
	named := slices.ContainsFunc(found, func(g group) bool { return g.symbol != "" })
	for _, g := range found {
		part := Table{Name: t.Name, Header: g.header, Rows: g.rows}
		if part.Header == nil {
			if err := part.withoutHeader(); err != nil {
				return err
			}
			if part.Header == nil || slices.ContainsFunc(part.Rows, func(row []string) bool { return len(row) != len(part.Header) }) {
				return pitwall.Errorf(pitwall.DataError, "%s: the JSON holds lists that are no bars", t.Name)
			}
			t.Layout.Headerless = part.Layout.Headerless
		}
		if _, has := columnsOf(part.Header)[Symbol]; named && !has {
			part.Header = append(slices.Clone(part.Header), Symbol)
			for i, row := range part.Rows {
				part.Rows[i] = append(slices.Clone(row), g.symbol)
			}
		}
		if t.Header != nil && !slices.Equal(t.Header, part.Header) {
			return pitwall.Errorf(pitwall.DataError, "%s: the JSON holds rows of different columns: %q and %q", t.Name, strings.Join(t.Header, ","), strings.Join(part.Header, ","))
		}
		t.Header, t.Rows = part.Header, append(t.Rows, part.Rows...)
	}
	return nil
}

// groupsOf finds rows of prices anywhere in a value; symbol is what is known of it.
func (h Hints) groupsOf(v any, symbol string) []group {
	switch v := v.(type) {
	case []any:
		if g, ok := h.listRows(v, symbol); ok {
			return []group{g}
		}
		var all []group
		for _, x := range v {
			all = append(all, h.groupsOf(x, symbol)...)
		}
		return all
	case map[string]any:
		for _, name := range []string{"symbol", "ticker", "dataset_code"} {
			if s, ok := v[name].(string); ok {
				symbol = s
			}
		}
		if g, ok := h.chartRows(v); ok {
			return []group{g}
		}
		if g, ok := h.objectRows(v, symbol); ok {
			return []group{g}
		}
		var all []group
		for _, k := range slices.Sorted(maps.Keys(v)) {
			inside := symbol
			if inside == "" && !slices.Contains(wrappers, fold(k)) && !strings.HasPrefix(fold(k), "time_series") {
				inside = k
			}
			all = append(all, h.groupsOf(v[k], inside)...)
		}
		return all
	}
	return nil
}

// listRows reads a list of objects or of lists.
func (h Hints) listRows(list []any, symbol string) (g group, ok bool) {
	if len(list) == 0 {
		return g, false
	}
	g.symbol = symbol
	if row, isList := list[0].([]any); isList {
		if len(row) < 5 || slices.ContainsFunc(row, isNested) {
			return g, false
		}
		for _, x := range list {
			row, _ := x.([]any) // else empty, which no order fits
			cells := make([]string, len(row))
			for i, c := range row {
				cells[i] = cellText(c)
			}
			g.rows = append(g.rows, cells)
		}
		return g, true
	}
	keys := map[string]bool{}
	for _, x := range list {
		o, isObject := x.(map[string]any)
		if !isObject {
			return g, false
		}
		unfold(o)
		for k := range o {
			keys[k] = true
		}
	}
	g.header = slices.Sorted(maps.Keys(keys))
	if !h.heads(g.header) {
		return g, false
	}
	for _, x := range list {
		o := x.(map[string]any) // seen above
		cells := make([]string, len(g.header))
		for i, k := range g.header {
			cells[i] = cellText(o[k])
		}
		g.rows = append(g.rows, cells)
	}
	return g, true
}

// unfold moves what OANDA and Databento keep in an object of its own beside the rest: the
// prices between bid and ask, and the time.
func unfold(o map[string]any) {
	for _, name := range []string{"mid", "hd"} {
		inner, _ := o[name].(map[string]any)
		for k, v := range inner {
			if _, has := o[k]; !has {
				o[k] = v
			}
		}
	}
}

// objectRows reads columns of lists, columns or rows of objects, and the `split` form of
// pandas.
func (h Hints) objectRows(o map[string]any, symbol string) (g group, ok bool) {
	g.symbol = symbol
	keys := slices.Sorted(maps.Keys(o))
	for _, k := range []string{"columns", "column_names", "fields"} {
		if names, isSplit := o[k].([]any); isSplit {
			return h.splitRows(names, o, symbol)
		}
	}
	if h.heads(keys) {
		return h.columnRows(o, keys, symbol)
	}
	if len(keys) == 0 { // rows by their times
		return g, false
	}
	var list []any
	for _, k := range keys {
		row, isObject := o[k].(map[string]any)
		if !isObject || !looksNumeric(k) {
			return g, false
		}
		row[Timestamp] = k
		list = append(list, row)
	}
	return h.listRows(list, symbol)
}

// columnRows reads columns that are lists, or objects by row; then the row's key is the
// time where no column is.
func (h Hints) columnRows(o map[string]any, keys []string, symbol string) (g group, ok bool) {
	g.symbol = symbol
	n := 0
	var index []string
	for _, k := range keys {
		switch c := o[k].(type) {
		case []any:
			g.header, n = append(g.header, k), len(c)
		case map[string]any:
			g.header = append(g.header, k)
			if n = len(c); index == nil {
				index = slices.SortedFunc(maps.Keys(c), func(a, b string) int {
					return 2*(len(a)-len(b)) + strings.Compare(a, b)
				})
			}
		}
	}
	if !h.heads(g.header) {
		return g, false
	}
	g.rows = make([][]string, n)
	for _, k := range g.header {
		list, _ := o[k].([]any)
		byKey, _ := o[k].(map[string]any)
		if len(list)+len(byKey) != n {
			return g, false
		}
		for i := range n {
			if list != nil {
				g.rows[i] = append(g.rows[i], cellText(list[i]))
			} else {
				g.rows[i] = append(g.rows[i], cellText(byKey[index[i]]))
			}
		}
	}
	if _, has := columnsOf(g.header)[Timestamp]; !has && index != nil {
		g.header = append(g.header, Timestamp)
		for i := range g.rows {
			g.rows[i] = append(g.rows[i], index[i])
		}
	}
	return g, true
}

// splitRows reads {"columns": [...], "index": [...], "data": [[...], ...]}.
func (h Hints) splitRows(names []any, o map[string]any, symbol string) (g group, ok bool) {
	index, _ := o["index"].([]any)
	data, _ := o["data"].([]any)
	g.symbol = symbol
	for _, n := range names {
		if o, isObject := n.(map[string]any); isObject {
			n = o["name"]
		}
		g.header = append(g.header, cellText(n))
	}
	_, dated := columnsOf(g.header)[Timestamp]
	for i, x := range data {
		row, _ := x.([]any)
		if len(row) != len(names) {
			return g, false
		}
		var cells []string
		for _, c := range row {
			cells = append(cells, cellText(c))
		}
		if !dated && i < len(index) {
			cells = append(cells, cellText(index[i]))
		}
		g.rows = append(g.rows, cells)
	}
	if !dated && len(index) == len(data) {
		g.header = append(g.header, Timestamp)
	}
	return g, len(data) > 0 && h.heads(g.header)
}

// chartRows reads what Yahoo's charts answer: times beside indicators.
func (h Hints) chartRows(o map[string]any) (g group, ok bool) {
	times, _ := o["timestamp"].([]any)
	indicators, _ := o["indicators"].(map[string]any)
	quotes, _ := indicators["quote"].([]any)
	if times == nil || len(quotes) != 1 {
		return g, false
	}
	columns, _ := quotes[0].(map[string]any)
	columns = maps.Clone(columns)
	if columns == nil {
		return g, false
	}
	columns[Timestamp] = times
	if adj, _ := indicators["adjclose"].([]any); len(adj) == 1 {
		if a, isObject := adj[0].(map[string]any); isObject {
			columns["adjclose"] = a["adjclose"]
		}
	}
	meta, _ := o["meta"].(map[string]any)
	symbol, _ := meta["symbol"].(string)
	return h.columnRows(columns, slices.Sorted(maps.Keys(columns)), symbol)
}

func isNested(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// cellText writes a value as the file has it; null and what is nested are empty.
func cellText(v any) string {
	if v == nil || isNested(v) {
		return ""
	}
	return fmt.Sprint(v)
}
