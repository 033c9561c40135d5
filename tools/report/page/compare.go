package page

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// comparing is the data of compare.html.
type comparing struct {
	Names    []string
	Dates    string
	Verdicts []fact // did each beat doing nothing
	Warnings []string
	Curves   *figure
	Settings table
	Figures  table
	Partings []parting
}

// parting is a report.Parting as text.
type parting struct {
	Name, Text string
	Facts      []fact
	Lines      []string // of the first run and of this one; empty: none
	First      string   // name of the first run
}

// Compare writes the page that sets runs side by side. c is what report.Compare
// gave for the same runs, in the same order.
func Compare(w io.Writer, runs []*report.Run, c *report.Comparison) error {
	if len(runs) != len(c.Sheets) || len(runs) != len(c.Names) || len(runs) == 0 {
		return fmt.Errorf("writing a comparison: %d runs and %d sheets; give the runs that were compared", len(runs), len(c.Sheets))
	}
	v := &comparing{Names: cleaned(c.Names), Warnings: cleaned(c.Warnings)}
	for i, text := range c.Verdicts {
		v.Verdicts = append(v.Verdicts, fact{Name: v.Names[i], Value: clean(text)})
	}
	from, to := c.Sheets[0].Run.From, c.Sheets[0].Run.To
	for _, s := range c.Sheets {
		from, to = min(from, s.Run.From), max(to, s.Run.To)
	}
	v.Dates = clean(from + " to " + to)
	if x := chart.Compare(v.Names, c.Sheets); !x.Empty() {
		v.Curves = &figure{ID: "curves-chart", Wide: svg(x, chart.Wide(420)), Narrow: svg(x, chart.Narrow(320)), Legend: x.Legend(),
			Caption: "Return of each run since its own start."}
	}
	v.Settings = rows("settings", "What was run, and the dates reached", "Setting", v.Names, c.Settings)
	v.Figures = rows("compared", "Figures; differences in bold"+little(c), "Figure", v.Names, c.Rows)
	for _, p := range c.Partings {
		v.Partings = append(v.Partings, newParting(p, v.Names))
	}
	return write(w, compareHTML, "Runs side by side: "+strings.Join(v.Names, ", "), v.Dates, v, nil)
}

// little names the runs that are too short for figures of a year.
func little(c *report.Comparison) string {
	var weak []string
	for i, s := range c.Sheets {
		if s.Strategy.FewForYearly {
			weak = append(weak, clean(c.Names[i]))
		}
	}
	if len(weak) == 0 {
		return ""
	}
	return "; under 30 daily returns figures of a year say little: " + strings.Join(weak, ", ")
}

// rows returns a table with a column for each run.
func rows(id, caption, first string, names []string, list []report.Row) table {
	t := table{ID: id, Caption: caption, Head: []column{{first, "text"}}}
	for _, n := range names {
		t.Head = append(t.Head, column{n, "side"})
	}
	for _, r := range list {
		row := []cell{{Text: clean(r.Name)}}
		for _, x := range r.Values {
			c := cell{Text: clean(x.Text)}
			if r.Kind != report.Text {
				c.Text, c.Class = report.Minus(c.Text), "figure"
			}
			if r.Differ {
				c.Class += " differs"
			}
			row = append(row, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func newParting(p report.Parting, names []string) parting {
	out := parting{Name: names[p.Run], First: names[0], Text: clean(p.Text)}
	if p.Common == 0 {
		return out // the text says all
	}
	out.Facts = append(out.Facts, fact{Name: "Common turns", Value: fmt.Sprint(p.Common)}, fact{Name: "Identical before the first difference", Value: fmt.Sprint(p.Alike)})
	at := func(name string, d *report.Departure) {
		if d == nil {
			out.Facts = append(out.Facts, fact{Name: name, Value: "none"})
			return
		}
		out.Facts = append(out.Facts, fact{Name: name, Value: clean(string(d.What)), Note: clean(strings.TrimSpace(fmt.Sprintf("%s %s, %s and %s", d.AsOf, d.Agent, turnName(d.Turns[0]), turnName(d.Turns[1]))))})
	}
	at("First difference", p.First)
	at("First different orders", p.Orders)
	if d := p.First; d != nil && (d.Lines[0] != "" || d.Lines[1] != "") {
		for _, line := range d.Lines {
			out.Lines = append(out.Lines, clean(cmp.Or(line, "(nothing)")))
		}
	}
	return out
}

func turnName(n int) string {
	if n == 0 {
		return "no turn"
	}
	return fmt.Sprintf("turn %d", n)
}
