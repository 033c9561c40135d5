package show

import (
	"fmt"
	"strings"

	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// deskResult prints what a desk cost, slept and reached.
func deskResult(p *term.Pen, s *runs.DeskScore) {
	if s == nil {
		return
	}
	if s.USD != nil && *s.USD > 0 {
		text := fmt.Sprintf("%d decisions, %.4f USD each", s.Decisions, *s.USDPerDecision)
		if s.USDPerPoint != nil {
			text += fmt.Sprintf(", %.4f USD per basis point of return", *s.USDPerPoint)
		}
		p.Figure("desk", term.Plain, "", "%s", text)
	}
	if w := s.Wake; w != nil {
		text := fmt.Sprintf("asleep at %d of %d bars", w.Asleep, w.Looks)
		if w.Sampled > 0 {
			text += fmt.Sprintf("; %d asked all the same, %d would have ordered: %s of equity", w.Sampled, w.Ordered, report.Percent.Write(&w.Missed))
		}
		p.Figure("wake", term.Plain, "", "%s", text)
	}
	met, known := 0, 0
	var failed []string
	for _, g := range s.Goals {
		switch {
		case g.Met == nil:
			continue
		case *g.Met:
			met++
		default:
			failed = append(failed, fmt.Sprintf("%s %.4g", g.Name, *g.Got))
		}
		known++
	}
	if len(s.Goals) > 0 {
		text := fmt.Sprintf("%d of %d met", met, len(s.Goals))
		if len(failed) > 0 {
			text += "; not " + strings.Join(failed, ", ")
		}
		if known < len(s.Goals) {
			text += fmt.Sprintf("; %d not known yet", len(s.Goals)-known)
		}
		p.Figure("goals", term.Plain, "", "%s", text)
	}
}

// textTables prints tables of text.
func textTables(p *term.Pen, list []report.TextTable) {
	for _, x := range list {
		p.Write("\n")
		p.Prose(0, term.Dim, x.Caption)
		t := term.Table{Indent: 2}
		for i, name := range x.Head {
			t.Columns = append(t.Columns, term.Column{Name: name, Right: x.Kinds[i] == 'n', Wide: i == len(x.Head)-1 && x.Kinds[i] == 't'})
		}
		for _, row := range x.Rows {
			cells := []term.Cell{}
			for _, text := range row {
				cells = append(cells, term.Plain.Cell(text))
			}
			t.Rows = append(t.Rows, cells)
		}
		p.Table(t)
	}
}
