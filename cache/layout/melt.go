package layout

import (
	"slices"
	"strings"
)

// melt reads the two lines of names that yfinance writes, one with prices and one with
// symbols, and the line that names the dates; several symbols side by side become rows
// below each other.
//
//	Price,Close,High,Low,Open,Volume
//	Ticker,AAPL,AAPL,AAPL,AAPL,AAPL
//	Date,,,,,
func (t *Table) melt() bool {
	if len(t.Rows) < 3 || len(t.Rows[0]) < 5 {
		return false
	}
	fields, symbols, from := t.Rows[0], t.Rows[1], 2
	if !isFields(fields) {
		fields, symbols = symbols, fields
	}
	if !isFields(fields) || !isSymbols(symbols, len(fields)) {
		return false
	}
	date := Timestamp
	if third := t.Rows[2]; len(third) <= len(fields) && !slices.ContainsFunc(third[1:], func(c string) bool { return c != "" }) && !looksNumeric(third[0]) {
		date, from = third[0], 3
	}
	var order []string
	columns := map[string][]int{}
	for i, s := range symbols {
		if i == 0 {
			continue
		}
		if columns[s] == nil {
			order = append(order, s)
		}
		columns[s] = append(columns[s], i)
	}
	rows, lines := t.Rows[from:], t.Lines[from:]
	header := []string{Symbol, date}
	for _, i := range columns[order[0]] {
		header = append(header, fields[i])
	}
	var out [][]string
	var at []int
	for _, s := range order {
		for k, row := range rows {
			cells := append(make([]string, 0, len(header)), s, row[0])
			for _, name := range header[2:] {
				cell := ""
				if i := slices.IndexFunc(columns[s], func(i int) bool { return fields[i] == name }); i >= 0 && columns[s][i] < len(row) {
					cell = row[columns[s][i]]
				}
				cells = append(cells, cell)
			}
			out, at = append(out, cells), append(at, lines[k])
		}
	}
	t.Header, t.Rows, t.Lines = header, out, at
	return true
}

// isFields reports whether a line names prices, all but its first cell.
func isFields(line []string) bool {
	for _, c := range line[1:] {
		known := false
		for _, list := range names {
			known = known || slices.Contains(list, fold(c))
		}
		if !known {
			return false
		}
	}
	return isBars(line, columnsOf(line))
}

// isSymbols reports whether a line names symbols, all but its first cell, which is no time.
func isSymbols(line []string, width int) bool {
	return len(line) == width && width > 4 && !looksNumeric(line[0]) && !slices.ContainsFunc(line[1:], func(c string) bool {
		return c == "" || looksNumeric(c) || strings.ContainsAny(c, " ,")
	})
}
