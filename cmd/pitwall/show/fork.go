package show

import (
	"fmt"
	"strings"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// Evidence prints which answers an order rested on.
func Evidence(p *term.Pen, e *driver.Evidence) {
	p.Line(term.Bold, "order %s of turn %d, %s: %s %v", e.Order, e.Turn, e.AsOf, e.Symbol, e.Qty)
	t := term.Table{Indent: 2, Columns: []term.Column{{Name: "without"}, {Name: "answer of"}, {Name: "ordered", Right: true}, {Name: "changed"}}}
	for _, x := range e.Rows {
		style := term.Yellow
		if x.Changed == "none" {
			style = term.Dim
		}
		t.Rows = append(t.Rows, []term.Cell{term.Plain.Cell(fmt.Sprint(x.Call)), term.Plain.Cell(term.Cut(strings.TrimSpace(term.OneLine(x.Role+" "+x.Tool+" "+x.Arguments)), 60)), term.Plain.Cell(x.Qty.String()), style.Cell(x.Changed)})
	}
	p.Table(t)
	if len(e.Rows) == 0 {
		p.Line(term.Plain, "  the turn had no answer that could be left out")
	}
	p.Line(term.Dim, "  %s asked%s", term.Plural(e.Asked, "reply"), CostOf(", ", e.USD))
}

// AskedByRole says how many replies of each role of a desk were asked for; empty without a
// desk.
func AskedByRole(s *runs.DeskScore) string {
	if s == nil {
		return ""
	}
	var asked []string
	for _, x := range s.Roles {
		if x.Replies > 0 {
			asked = append(asked, fmt.Sprintf("%s %d of %d", x.Role, x.Asked, x.Replies))
		}
	}
	return "replies asked for: " + strings.Join(asked, ", ") + "\n"
}

// CostOf writes what models cost behind a text: nothing where they cost nothing.
func CostOf(text string, usd *pitwall.Dec) string {
	switch {
	case usd == nil:
		return text + "a sum that is not known"
	case *usd == 0:
		return ""
	}
	return text + fmt.Sprintf("%.4f USD", usd.Float())
}
