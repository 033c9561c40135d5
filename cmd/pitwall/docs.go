package main

import (
	"strings"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/docs"
)

func (a *app) docs() *cobra.Command {
	return &cobra.Command{
		Use:     "docs [QUERY]",
		Short:   "Search the documentation, as the tool docs_search does",
		Long:    "docs prints the three sections of the documentation that fit QUERY best. Without QUERY it lists the pages; the name of a page prints all of it.",
		Example: "  pitwall docs\n  pitwall docs rule moving average\n  pitwall docs strategy",
		Args:    takes(0, 100),
		RunE: func(_ *cobra.Command, words []string) error {
			query := strings.Join(words, " ")
			hits := docs.Sections(query)
			if len(hits) == 0 {
				hits = docs.New().Search(query, 3)
			}
			p := term.NewPen(a.stdout)
			const width = 80
			if p.Width == 0 || p.Width > width {
				p.Width = width
			}
			switch {
			case query == "":
				for _, page := range docs.Pages() {
					titles := []string{}
					for _, h := range docs.Sections(page) {
						titles = append(titles, h.Title)
					}
					p.Item(term.Cyan, page+": ", 2, strings.Join(titles, "; "))
				}
			case len(hits) == 0:
				return pitwall.Errorf(pitwall.InvalidInput, "no section fits %q", query).Hintf("use other words; pitwall docs lists the pages")
			}
			for i, h := range hits {
				if i > 0 {
					p.Line(term.Plain, "")
				}
				p.Line(term.Bold, "%s: %s", h.Page, h.Title)
				p.Prose(2, term.Plain, h.Text)
			}
			return p.Done()
		},
	}
}
