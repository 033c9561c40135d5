package show

import (
	"fmt"

	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// Ablation prints what each part of a desk was worth.
func Ablation(p *term.Pen, a *driver.Ablation) {
	branch := func(b driver.Branch) []term.Cell {
		cost := "not known"
		if b.USD != nil {
			cost = b.USD.String()
		}
		return []term.Cell{term.Plain.Cell(b.Name), term.Gain(b.Return).Cell(report.Percent.Write(&b.Return)), term.Plain.Cell(fmt.Sprintf("%.4g", b.Orders)), term.Plain.Cell(cost)}
	}
	t := term.Table{Columns: []term.Column{{Name: a.Strategy}, {Name: "return", Right: true}, {Name: "orders", Right: true}, {Name: "USD", Right: true}}, Rows: [][]term.Cell{branch(a.Base)}}
	for _, x := range a.Parts {
		t.Rows = append(t.Rows, branch(x.Branch))
	}
	p.Table(t)
	for _, x := range a.Parts {
		p.Section(x.Name)
		p.Item(term.Plain, "  ", 4, x.Verdict)
		for _, m := range x.Moves {
			if m.Count == 0 {
				continue
			}
			between := ""
			if m.Interval != nil {
				between = fmt.Sprintf(" (90 %% between %s and %s)", report.Percent.Write(&m.Interval.Low), report.Percent.Write(&m.Interval.High))
			}
			p.Item(term.Dim, "  ", 4, fmt.Sprintf("%s: %s, mean %s of equity within %d bars%s", m.Direction, term.Plural(m.Count, "order"), report.Percent.Write(&m.Paid), a.Horizon, between))
		}
	}
	for _, text := range a.LeftOut {
		p.Item(term.Dim, "left out: ", 2, text)
	}
	if len(a.Vetoes) == 0 {
		p.Line(term.Plain, "no plan was rejected or made smaller")
		return
	}
	p.Section(fmt.Sprintf("vetoes, and what they saved within %d bars", a.Horizon))
	t = term.Table{Indent: 2, Columns: []term.Column{{Name: "turn", Right: true}, {Name: "by"}, {Name: "planned"}, {Name: "left"}, {Name: "saved", Right: true}}}
	var saved float64
	for _, v := range a.Vetoes {
		left := v.Left
		if left == "" {
			left = "nothing"
		}
		saved += v.Saved.Float()
		t.Rows = append(t.Rows, []term.Cell{term.Plain.Cell(fmt.Sprint(v.Turn)), term.Plain.Cell(v.Role + ": " + v.Decision), term.Plain.Cell(term.OneLine(v.Planned)), term.Plain.Cell(term.OneLine(left)), term.Gain(v.Saved.Float()).Cell(Money(v.Saved.Float()))})
	}
	p.Table(t)
	p.Line(term.Plain, "  all together: %s; what was planned at turns beside each other counts each time", Money(saved))
}
