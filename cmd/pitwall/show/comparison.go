package show

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// Names returns what runs are called: the names of their folders, with as much of
// the path before as tells different folders apart. A folder that is given again gets
// its place in the list.
func Names(dirs []string) []string {
	names := make([]string, 0, len(dirs))
	for i, d := range dirs {
		name := lastParts(d, 1)
		alike := func(n int) bool {
			return slices.ContainsFunc(dirs, func(x string) bool { return x != d && lastParts(x, n) == lastParts(d, n) })
		}
		for n := 1; alike(n) && lastParts(d, n) != lastParts(d, n+1); n++ {
			name = lastParts(d, n+1)
		}
		if name = term.OneLine(name); slices.Contains(names, name) {
			name += fmt.Sprintf(" (%d)", i+1)
		}
		names = append(names, name)
	}
	return names
}

// lastParts returns the last n parts of a path, or all of it.
func lastParts(path string, n int) string {
	path = filepath.ToSlash(filepath.Clean(path))
	parts := strings.Split(path, "/")
	if n >= len(parts) {
		return path
	}
	return strings.Join(parts[len(parts)-n:], "/")
}

// Comparison prints what differs and where decisions part.
func Comparison(p *term.Pen, c *report.Comparison, dirs []string) {
	figures(p, c)
	for i, v := range c.Verdicts {
		p.Item(term.Cyan, "  "+c.Names[i]+": ", 4, v)
	}
	for _, w := range c.Warnings {
		p.Note("  warning: ", w)
	}
	settingsThatDiffer(p, c)
	p.Line(term.Bold, "decisions, against %s", c.Names[0])
	for _, x := range c.Partings {
		p.Item(term.Cyan, "  "+c.Names[x.Run]+": ", 4, x.Text)
		departed(p, x, c.Names, dirs[x.Run])
	}
}

// figures prints the table: what differs, and what is always shown.
func figures(p *term.Pen, c *report.Comparison) {
	same := 0
	few := false
	var rows [][]term.Cell
	for _, r := range c.Rows {
		if !r.Differ && !r.Always {
			same++
			continue
		}
		row := []term.Cell{term.Dim.Cell(r.Name)}
		for i, v := range r.Values {
			x := term.Plain.Cell(v.Text)
			if r.Kind == report.Percent && v.Number != nil {
				x.Style = term.Gain(*v.Number)
			}
			if r.Yearly {
				few = markFew(&x, &c.Sheets[i].Strategy) || few
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	t := term.Table{Indent: 2, Columns: []term.Column{{Name: ""}}, Rows: rows}
	for _, name := range c.Names {
		t.Columns = append(t.Columns, term.Column{Name: name, Right: true})
	}
	t.FitNames(p.Width)
	p.Table(t)
	if few {
		p.Line(term.Dim, "  * from under 30 daily returns: figures of a year say little")
	}
	p.Line(term.Dim, "  the same in all %d runs: %s", len(c.Names), term.Plural(same, "figure"))
}

// settingsThatDiffer prints how the runs were set up otherwise.
func settingsThatDiffer(p *term.Pen, c *report.Comparison) {
	settings := 0
	for _, r := range c.Settings {
		if !r.Differ {
			continue
		}
		if settings++; settings == 1 {
			p.Line(term.Bold, "settings that differ")
		}
		first := r.Values[0].Text
		other := slices.IndexFunc(r.Values, func(v report.Value) bool { return v.Text != first })
		for i, v := range r.Values {
			name, text := "", report.Around(first, v.Text)[1]
			if i == 0 {
				name, text = r.Name, report.Around(first, r.Values[other].Text)[0]
			}
			if text == "" {
				text = "none"
			}
			p.Put(term.Dim, fmt.Sprintf("  %-12s %s: ", name, c.Names[i]))
			p.Line(term.Plain, "%s", text)
		}
	}
	if settings == 0 {
		p.Line(term.Dim, "  no setting differs")
	}
}

// departed prints the first differing lines of both runs, and where the rest is.
func departed(p *term.Pen, x report.Parting, names []string, dir string) {
	for _, d := range []*report.Departure{x.First, x.Orders} {
		if d == nil || d == x.Orders && x.First != nil && d.Turns == x.First.Turns && d.What == x.First.What {
			continue
		}
		for i, line := range d.Lines {
			of := []int{0, x.Run}[i]
			if line == "" {
				line = "nothing"
			}
			p.Put(term.Dim, "    "+names[of]+"  ")
			p.Line(term.Plain, "%s", line)
		}
		if n := d.Turns[1]; n > 0 {
			p.Line(term.Dim, "    whole: pitwall trace %s %d", dir, n)
		}
	}
}
