package show

import (
	"fmt"

	"pitwall"
	"pitwall/cmd/pitwall/term"
)

// Rows prints what a query returned.
func Rows(p *term.Pen, r pitwall.Result, notes []string) {
	var t term.Table
	for _, name := range r.Columns {
		t.Columns = append(t.Columns, term.Column{Name: term.OneLine(name)})
	}
	for _, row := range r.Rows {
		var cells []term.Cell
		for _, v := range row {
			text := ""
			if v != nil {
				text = fmt.Sprint(v)
			}
			cells = append(cells, term.Plain.Cell(term.OneLine(text)))
		}
		t.Rows = append(t.Rows, cells)
	}
	p.Table(t)
	if r.Truncated {
		p.Note("  ", fmt.Sprintf("only the first %d rows", len(r.Rows)))
	}
	for _, n := range notes {
		p.Note("  note: ", n)
	}
}
