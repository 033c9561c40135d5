package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file makes tables of runs fit a terminal.

const (
	leastName  = 8  // characters of a run's name that are left
	leastModel = 12 // of a model's
)

// runNames are what runs are called: the names of their folders, with as much of the
// path before as tells different folders apart. A folder that is given again gets
// its place in the list.
func runNames(dirs []string) []string {
	names := make([]string, 0, len(dirs))
	for i, d := range dirs {
		name := lastParts(d, 1)
		alike := func(n int) bool {
			return slices.ContainsFunc(dirs, func(x string) bool { return x != d && lastParts(x, n) == lastParts(d, n) })
		}
		for n := 1; alike(n) && lastParts(d, n) != lastParts(d, n+1); n++ {
			name = lastParts(d, n+1)
		}
		if name = oneLine(name); slices.Contains(names, name) {
			name += fmt.Sprintf(" (%d)", i+1)
		}
		names = append(names, name)
	}
	return names
}

// lastParts are the last n parts of a path, or all of it.
func lastParts(path string, n int) string {
	path = filepath.ToSlash(filepath.Clean(path))
	parts := strings.Split(path, "/")
	if n >= len(parts) {
		return path
	}
	return strings.Join(parts[len(parts)-n:], "/")
}

// middle shortens a name to n characters in its middle: runs of one strategy differ at
// their ends.
func middle(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	head := (n - 3) / 2
	return string(r[:head]) + "..." + string(r[len(r)-(n-3-head):])
}

// fitNames shortens the names of columns as far as a table of width characters needs;
// rows begin with their own names. 0 = not at all. Names that would then be alike
// stay.
func fitNames(names []string, rows [][]cell, width int) []string {
	if width <= 0 {
		return names
	}
	most := 0
	for _, n := range names {
		most = max(most, utf8.RuneCountInString(n))
	}
	for n := most; ; n-- {
		short := make([]string, 0, len(names))
		columns := []column{{}}
		for _, name := range names {
			short = append(short, middle(name, n))
			columns = append(columns, column{name: short[len(short)-1]})
		}
		fits := 2+tableWidth(columns, rows) <= width
		if !fits && n > leastName {
			continue
		}
		if len(slices.Compact(slices.Sorted(slices.Values(short)))) < len(names) {
			return names
		}
		return short
	}
}

// columnWidth is how many characters a column takes; one in which no row says anything
// takes none.
func columnWidth(columns []column, rows [][]cell, i int) int {
	w := 0
	for _, r := range rows {
		w = max(w, utf8.RuneCountInString(oneLine(r[i].text)))
	}
	if w > 0 {
		w = max(w, utf8.RuneCountInString(columns[i].name))
	}
	return w
}

// tableWidth is how many characters a line of a table takes.
func tableWidth(columns []column, rows [][]cell) int {
	sum := 0
	for i := range columns {
		if w := columnWidth(columns, rows, i); w > 0 {
			sum += w + 2
		}
	}
	return max(0, sum-2)
}

// fitRuns makes the list of runs fit width characters: what is wrong with a run moves
// below the table, then models are cut, then columns are left out from the right,
// and at last runs' names are cut. It returns what goes below, by row.
func fitRuns(columns []column, rows [][]cell, width int) (below []string) {
	over := func() int { return tableWidth(columns, rows) - width }
	if width <= 0 || over() <= 0 {
		return nil
	}
	each := func(i int, do func(string) string) {
		for _, r := range rows {
			r[i].text = do(oneLine(r[i].text))
		}
	}
	last := len(columns) - 1
	for _, r := range rows {
		below = append(below, r[last].text)
	}
	each(last, func(string) string { return "" })
	if n := over(); n > 0 {
		model := slices.IndexFunc(columns, func(c column) bool { return c.name == "model" })
		least := max(columnWidth(columns, rows, model)-n, leastModel)
		each(model, func(s string) string { return cut(s, least) })
	}
	for i := last; i > 1 && over() > 0; i-- {
		each(i, func(string) string { return "" })
	}
	if n := over(); n > 0 {
		least := max(columnWidth(columns, rows, 0)-n, leastName)
		each(0, func(s string) string { return middle(s, least) })
	}
	return below
}
