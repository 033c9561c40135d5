package show

import (
	"fmt"
	"path/filepath"
	"time"

	"pitwall/cache/history"
	"pitwall/cache/replay"
	"pitwall/cmd/pitwall/term"
)

// Answers prints what the replay cache keeps.
func Answers(p *term.Pen, h replay.Summary) {
	t := term.Table{Columns: []term.Column{{Name: "kind"}, {Name: "entries", Right: true}, {Name: "bytes", Right: true}, {Name: "oldest"}, {Name: "newest"}}}
	for _, k := range h.Kinds {
		t.Rows = append(t.Rows, []term.Cell{{Text: k.Kind}, {Text: fmt.Sprint(k.Entries)}, {Text: fmt.Sprint(k.Bytes)}, {Text: k.Oldest.UTC().Format(time.DateOnly)}, {Text: k.Newest.UTC().Format(time.DateOnly)}})
	}
	if len(h.Kinds) > 0 {
		p.Table(t)
	} else {
		p.Line(term.Plain, "nothing is kept yet")
	}
	if h.Quarantined > 0 {
		p.Line(term.Plain, "%s in quarantine: not used; to remove them: pitwall cache clear --kind quarantine", term.Plural(h.Quarantined, "entry"))
	}
	p.Line(term.Plain, "in %s", h.Dir)
}

// AnswersVerified prints what a check of the replay cache in dir found.
func AnswersVerified(p *term.Pen, r replay.Report, dir string) {
	moved := 0
	for _, b := range r.Bad {
		p.Line(term.Plain, "bad: %s: %s", b.Path, b.Why)
		if b.Moved {
			moved++
		}
	}
	p.Line(term.Plain, "%s whole, %d bad, %d moved to %s", term.Plural(r.Whole, "entry"), len(r.Bad), moved, filepath.Join(dir, "quarantine"))
	if r.Other > 0 {
		p.Line(term.Plain, "%s of another version of pitwall, left alone", term.Plural(r.Other, "entry"))
	}
	if r.Strange > 0 {
		p.Line(term.Plain, "%d files that are no entries, left alone", r.Strange)
	}
}

// Held prints what the store of downloads in dir holds.
func Held(p *term.Pen, list []history.Held, dir string) {
	if len(list) == 0 {
		p.Line(term.Plain, "the store at %s is empty\n  pitwall data fetch yahoo AAPL --from 2015-01-01", dir)
		return
	}
	t := term.Table{Columns: []term.Column{{Name: "source"}, {Name: "kind"}, {Name: "size"}, {Name: "symbol"}, {Name: "from"}, {Name: "to"}, {Name: "rows", Right: true}, {Name: "bytes", Right: true}}}
	for _, h := range list {
		var row []term.Cell
		for _, text := range []string{h.Source, string(h.Kind), h.Size, h.Symbol, h.From.Format(time.DateOnly), h.To.Format(time.DateOnly), fmt.Sprint(h.Rows), fmt.Sprint(h.Bytes)} {
			row = append(row, term.Plain.Cell(text))
		}
		t.Rows = append(t.Rows, row)
	}
	p.Table(t)
}
