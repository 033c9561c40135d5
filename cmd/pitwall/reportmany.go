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
	c, err := report.Compare(list)
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
	columns := []column{{name: ""}}
	for _, d := range dirs {
		columns = append(columns, column{name: filepath.Base(d), right: true})
	}
	same := 0
	var rows [][]cell
	for _, r := range c.Rows {
		if !r.Differ {
			same++
			continue
		}
		row := []cell{{r.Name, dim}}
		for _, v := range r.Values {
			x := cell{text: v.Text}
			if r.Kind == report.Percent && v.Number != nil {
				x.style = gain(*v.Number)
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		p.indent = 2
		p.table(columns, rows)
	}
	p.linef(dim, "  the same in all %d runs: %s", len(dirs), plural(same, "figure"))
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
			p.put(dim, fmt.Sprintf("  %-12s %s: ", name, filepath.Base(dirs[i])))
			p.linef(plainText, "%s", text)
		}
	}
	if settings == 0 {
		p.linef(dim, "  no setting differs")
	}
	p.linef(bold, "decisions, against %s", filepath.Base(dirs[0]))
	for _, x := range c.Partings {
		p.put(cyan, "  "+filepath.Base(dirs[x.Run])+": ")
		p.hang(4, plainText, x.Text)
		departed(p, x, dirs)
	}
	p.linef(plainText, "Page: %s", file)
	return p.done()
}

// departed prints the first differing lines of both runs.
func departed(p *pen, x report.Parting, dirs []string) {
	for _, d := range []*report.Departure{x.First, x.Orders} {
		if d == nil || d == x.Orders && x.First != nil && d.Turns == x.First.Turns && d.What == x.First.What {
			continue
		}
		for i, line := range d.Lines {
			of := []int{0, x.Run}[i]
			if line == "" {
				line = "nothing"
			}
			p.put(dim, "    "+filepath.Base(dirs[of])+"  ")
			p.linef(plainText, "%s", line)
		}
		if n := d.Turns[1]; n > 0 {
			p.linef(dim, "    whole: pitwall trace %s %d", dirs[x.Run], n)
		}
	}
}
