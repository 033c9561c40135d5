package term

import (
	"slices"
	"strings"
)

// Table is columns and rows. Columns in which every row is empty are hidden.
type Table struct {
	Indent  int
	Columns []Column
	Rows    [][]Cell
}

// Column is a column of a table.
type Column struct {
	Name  string
	Right bool // numbers
	Wide  bool // takes what is left of the line, and is cut there
	Least int  // characters to which Fit may cut it before it hides columns
}

// Cell is a field of a table.
type Cell struct {
	Text  string
	Style Style
}

// Cell returns a cell in a style.
func (s Style) Cell(text string) Cell { return Cell{text, s} }

// leastName is how many characters of a run's name are left.
const leastName = 8

// width is how many characters column i takes; 0 = it is hidden.
func (t Table) width(i int) int {
	w := 0
	for _, r := range t.Rows {
		w = max(w, width(OneLine(r[i].Text)))
	}
	if w > 0 {
		w = max(w, width(t.Columns[i].Name))
	}
	return w
}

// total is how many characters a line of the table takes.
func (t Table) total() int {
	sum := t.Indent - 2
	for i := range t.Columns {
		if w := t.width(i); w > 0 {
			sum += w + 2
		}
	}
	return max(0, sum)
}

// Table writes a table, names first.
func (p *Pen) Table(t Table) {
	head := make([]Cell, len(t.Columns))
	widths, used := make([]int, len(t.Columns)), t.Indent
	for i, c := range t.Columns {
		head[i] = Cell{c.Name, Dim}
		if widths[i] = t.width(i); widths[i] > 0 && !c.Wide {
			used += widths[i] + 2
		}
	}
	for _, r := range append([][]Cell{head}, t.Rows...) {
		space := strings.Repeat(" ", t.Indent) // written before the next text: no line ends in spaces
		for i, c := range r {
			if widths[i] == 0 {
				continue
			}
			text := OneLine(c.Text)
			before, after := "", strings.Repeat(" ", max(0, widths[i]-width(text)))
			switch {
			case t.Columns[i].Wide && p.Width > 0:
				text = Cut(text, max(p.Width-used, 8))
			case t.Columns[i].Wide:
				text = Cut(text, 200)
			case t.Columns[i].Right:
				before, after = after, ""
			}
			space += before
			if text != "" {
				p.Write(space)
				p.Put(c.Style, text)
				space = ""
			}
			space += after + "  "
		}
		p.Write("\n")
	}
}

// FitNames shortens the names of all columns but the first in their middle, as far as
// most characters need; 0 = not at all. Names that would then be alike stay.
func (t Table) FitNames(most int) {
	if most <= 0 {
		return
	}
	columns := t.Columns[1:]
	names, longest := make([]string, len(columns)), 0
	for i, c := range columns {
		names[i], longest = c.Name, max(longest, width(c.Name))
	}
	cut := func(n int) (short []string) {
		for i := range columns {
			columns[i].Name = middle(names[i], n)
			short = append(short, columns[i].Name)
		}
		return slices.Compact(slices.Sorted(slices.Values(short)))
	}
	n := longest
	for cut(n); t.total() > most && n > leastName; cut(n) {
		n--
	}
	if len(cut(n)) < len(names) {
		cut(longest)
	}
}

// Fit cuts a table to most characters; 0 = not at all. The last column moves below
// the table, then columns are cut to their Least, then hidden from the right, and
// at last the first is cut in its middle. It returns what goes below, by row.
func (t Table) Fit(most int) (below []string) {
	if most <= 0 || t.total() <= most {
		return nil
	}
	each := func(i int, do func(string) string) {
		for _, r := range t.Rows {
			r[i].Text = do(OneLine(r[i].Text))
		}
	}
	hide := func(string) string { return "" }
	last := len(t.Columns) - 1
	each(last, func(s string) string { below = append(below, s); return "" })
	for i, c := range t.Columns {
		if n := t.total() - most; n > 0 && c.Least > 0 {
			least := max(t.width(i)-n, c.Least)
			each(i, func(s string) string { return Cut(s, least) })
		}
	}
	for i := last; i > 1 && t.total() > most; i-- {
		each(i, hide)
	}
	if n := t.total() - most; n > 0 {
		least := max(t.width(0)-n, leastName)
		each(0, func(s string) string { return middle(s, least) })
	}
	return below
}
