package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"pitwall/tools/report"
	"pitwall/tools/report/page"
)

// reportMany sets runs side by side.
func (a *app) reportMany(names []string, f reportFlags) error {
	if f.png != "" {
		return &usageError{fmt.Errorf("--png is a picture of one run; %d are given", len(names))}
	}
	var list []*report.Run
	var dirs []string
	for _, name := range names {
		r, err := readReport(name)
		if err != nil {
			return err
		}
		list, dirs = append(list, r.run), append(dirs, r.dir)
	}
	c, err := report.Compare(list, runNames(dirs)...)
	if err != nil {
		return err
	}
	file := f.out
	if file == "" && (!f.json || f.open) {
		file = compareName(dirs)
	}
	if file != "" {
		if err := writeAside(file, func(w io.Writer) error { return page.Compare(w, list, c) }); err != nil {
			return err
		}
	}
	if f.json {
		err = a.printSafeJSON(c)
	} else {
		err = a.comparison(c, dirs, file)
	}
	if err == nil && f.open {
		a.open(file)
	}
	return err
}

// compareName names a comparison's file after its runs.
func compareName(dirs []string) string {
	name := "compare"
	for i, d := range dirs {
		if i == 3 && len(dirs) > 4 {
			name += fmt.Sprintf("-and-%d-more", len(dirs)-i)
			break
		}
		name += "-" + strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r) {
				return r
			}
			return '_'
		}, filepath.Base(d))
	}
	return name + ".html"
}

// comparison prints what differs and where decisions part.
func (a *app) comparison(c *report.Comparison, dirs []string, file string) error {
	p := a.newPen()
	p.figures(c)
	for i, v := range c.Verdicts {
		p.put(cyan, "  "+c.Names[i]+": ")
		p.hang(4, plainText, v)
	}
	for _, w := range c.Warnings {
		p.put(yellow, "  warning: ")
		p.hang(4, plainText, w)
	}
	p.settings(c)
	p.linef(bold, "decisions, against %s", c.Names[0])
	for _, x := range c.Partings {
		p.put(cyan, "  "+c.Names[x.Run]+": ")
		p.hang(4, plainText, x.Text)
		p.departed(x, c.Names, dirs[x.Run])
	}
	p.linef(plainText, "Page: %s", file)
	return p.done()
}

// figures prints the table: what differs, and what is always shown.
func (p *pen) figures(c *report.Comparison) {
	same := 0
	few := false
	var rows [][]cell
	for _, r := range c.Rows {
		if !r.Differ && !r.Always {
			same++
			continue
		}
		row := []cell{{r.Name, dim}}
		for i, v := range r.Values {
			x := cell{text: v.Text}
			if r.Kind == report.Percent && v.Number != nil {
				x.style = gain(*v.Number)
			}
			if r.Yearly {
				few = x.mark(&c.Sheets[i].Strategy) || few
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	columns := []column{{name: ""}}
	for _, name := range fitNames(c.Names, rows, p.width) {
		columns = append(columns, column{name: name, right: true})
	}
	p.indent = 2
	p.table(columns, rows)
	if few {
		p.linef(dim, "  * from under 30 daily returns: figures of a year say little")
	}
	p.linef(dim, "  the same in all %d runs: %s", len(c.Names), plural(same, "figure"))
}

// settings prints how the runs were set up otherwise.
func (p *pen) settings(c *report.Comparison) {
	settings := 0
	for _, r := range c.Settings {
		if !r.Differ {
			continue
		}
		if settings++; settings == 1 {
			p.linef(bold, "settings that differ")
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
			p.put(dim, fmt.Sprintf("  %-12s %s: ", name, c.Names[i]))
			p.linef(plainText, "%s", text)
		}
	}
	if settings == 0 {
		p.linef(dim, "  no setting differs")
	}
}

// departed prints the first differing lines of both runs, and where the rest is.
func (p *pen) departed(x report.Parting, names []string, dir string) {
	for _, d := range []*report.Departure{x.First, x.Orders} {
		if d == nil || d == x.Orders && x.First != nil && d.Turns == x.First.Turns && d.What == x.First.What {
			continue
		}
		for i, line := range d.Lines {
			of := []int{0, x.Run}[i]
			if line == "" {
				line = "nothing"
			}
			p.put(dim, "    "+names[of]+"  ")
			p.linef(plainText, "%s", line)
		}
		if n := d.Turns[1]; n > 0 {
			p.linef(dim, "    whole: pitwall trace %s %d", dir, n)
		}
	}
}
