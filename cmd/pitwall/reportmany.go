package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"

	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
	"pitwall/tools/report/page"
)

// reportMany sets runs side by side.
func (a *app) reportMany(runs []pastReport, f reportFlags) error {
	if f.png != "" {
		return &usageError{fmt.Errorf("--png is a picture of one run; %d are given", len(runs))}
	}
	var list []*report.Run
	var dirs []string
	for _, r := range runs {
		list, dirs = append(list, r.run), append(dirs, r.dir)
	}
	c, err := report.Compare(list, show.Names(dirs)...)
	if err != nil {
		return err
	}
	return a.deliver(f, delivery{file: compareName(dirs), value: c,
		page:  func(w io.Writer) error { return page.Compare(w, list, c) },
		print: func(p *term.Pen) { show.Comparison(p, c, dirs) }})
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
