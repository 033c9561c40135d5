package layout

import (
	"slices"
	"strings"
)

// fieldNames are columns that say which column of bars the number beside them is of, and
// valueNames those with that number.
var (
	fieldNames = []string{"field", "variable", "metric", "measure", "attribute", "item", "price_type", "type"}
	valueNames = []string{"value", "val", "px"}
)

// isLong finds the field and the value in a header with a row for each figure of a bar.
func isLong(header []string) (field, value int, ok bool) {
	field, value = -1, -1
	for i, h := range header {
		switch f := fold(h); {
		case slices.Contains(fieldNames, f):
			field = i
		case slices.Contains(valueNames, f):
			value = i
		}
	}
	_, dated := columnsOf(header)[Timestamp]
	return field, value, dated && field >= 0 && value >= 0
}

// pivot makes one row of the rows of a bar: 2024-01-02,AAPL,open,100 and those after it.
func (t *Table) pivot() {
	field, value, ok := isLong(t.Header)
	if !ok {
		return
	}
	meaning := map[string]int{}
	list := []string{Open, High, Low, Close, Volume, AdjClose}
	for k, m := range list {
		for _, n := range names[m] {
			meaning[n] = k
		}
	}
	var rows [][]string
	var lines []int
	at := map[string]int{} // of each bar, by its other cells
	var seen [4]bool
	for i, row := range t.Rows {
		k, ok := meaning[fold(row[field])]
		if !ok {
			continue
		}
		if k < len(seen) {
			seen[k] = true
		}
		rest := others(row, field, value)
		key := strings.Join(rest, "\x1f")
		n, ok := at[key]
		if !ok || rows[n][k] != "" { // another bar; the reader of bars says that it is a duplicate
			n = len(rows)
			at[key], rows = n, append(rows, append(make([]string, len(list)), rest...))
			if i < len(t.Lines) {
				lines = append(lines, t.Lines[i])
			}
		}
		rows[n][k] = row[value]
	}
	if seen == [4]bool{true, true, true, true} {
		t.Header, t.Rows, t.Lines = append(list, others(t.Header, field, value)...), rows, lines
	}
}

// others returns a row without two of its cells.
func others(row []string, field, value int) []string {
	var list []string
	for i, c := range row {
		if i != field && i != value {
			list = append(list, c)
		}
	}
	return list
}
