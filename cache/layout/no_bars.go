package layout

import (
	"fmt"
	"slices"
	"strings"
)

// noBars says why a file that holds prices holds no bars, and what makes bars of it; empty
// where it holds something else.
func (t *Table) noBars(at map[string]int) string {
	const beside = "beside the file's path in the strategy, or in FILE.yaml"
	name := func(meaning string) string { return strings.TrimSpace(t.Header[at[meaning]]) }
	_, dated := at[Timestamp]
	var has, lacks []string
	for _, p := range []string{Open, High, Low, Close} {
		if _, ok := at[p]; ok {
			has = append(has, p)
		} else {
			lacks = append(lacks, p)
		}
	}
	_, single := at[Close]
	all := func(c string) string { return fmt.Sprintf("{open: %[1]s, high: %[1]s, low: %[1]s, close: %[1]s}", c) }
	switch others := t.columnsOfNumbers(at); {
	case isTrades(t.Header) && slices.ContainsFunc(t.Header, func(h string) bool { return slices.Contains(sideNames[:4], fold(h)) }):
		return "it holds trades, not bars"
	case dated && len(has) == 1 && single:
		return fmt.Sprintf("it has no open, high and low; to trade at closes alone, write columns: %s %s", all(name(Close)), beside)
	case dated && len(has) > 0:
		return fmt.Sprintf("no column %s was found; write columns: {%s: NAME} %s", strings.Join(lacks, ", "), lacks[0], beside)
	case dated && len(has) == 0 && len(others) >= 4 && strings.HasSuffix(fold(others[0]), "open"):
		return fmt.Sprintf("its prices are not those of trades; to take some of them, write columns: {open: %s, high: %s, low: %s, close: %s} %s", others[0], others[1], others[2], others[3], beside)
	case dated && len(has) == 0 && len(others) > 0 && len(others) == len(t.Header)-len(at):
		return fmt.Sprintf("it has one number a row for %s; if these are closes, write columns: %s %s, once for each symbol", strings.Join(others[:min(3, len(others))], ", "), all(others[0]), beside)
	case !dated && len(t.Header) < 6 && t.Layout.Container == "csv" && numbersIn(t.Header) >= 2:
		return "it has no header; rows of fewer than five numbers are quotes or trades, not bars"
	}
	return ""
}

// columnsOfNumbers returns the columns without a meaning that hold numbers.
func (t *Table) columnsOfNumbers(at map[string]int) (list []string) {
	used := map[int]bool{}
	for _, i := range at {
		used[i] = true
	}
	for i, h := range t.Header {
		if !used[i] && len(t.Rows) > 0 && i < len(t.Rows[0]) && !slices.ContainsFunc(t.Rows[:min(3, len(t.Rows))], func(row []string) bool { return !isNull(row[i]) && !looksNumeric(row[i]) }) {
			list = append(list, strings.TrimSpace(h))
		}
	}
	return list
}

// numbersIn counts the cells that are numbers.
func numbersIn(cells []string) (n int) {
	for _, c := range cells {
		if looksNumeric(c) {
			n++
		}
	}
	return n
}
