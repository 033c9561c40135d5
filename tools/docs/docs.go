// Package docs is Pitwall's documentation: the pages beside this file, which
// people read as they are, and an index over their sections for docs_search. The corpus
// is fixed at build time and holds no market facts.
//
// # To add a page
//
// Add <name>.md; every "## " heading becomes a section that can be found.
package docs

import (
	"embed"
	"sort"
	"strings"

	"pitwall/tools/bm25"
)

//go:embed *.md
var pages embed.FS

// Hit is a section that matches a query.
type Hit struct {
	Page  string `json:"page"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Index finds sections. It is read-only after New.
type Index struct {
	sections []Hit
	ranking  *bm25.Index
}

// Pages lists the pages by name.
func Pages() []string {
	entries, err := pages.ReadDir(".")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".md"))
	}
	return names
}

// New reads the embedded pages.
func New() *Index {
	x := &Index{}
	var texts []string
	for _, page := range Pages() {
		raw, err := pages.ReadFile(page + ".md")
		if err != nil {
			panic(err) // embedded: cannot fail
		}
		for _, part := range strings.Split("\n"+string(raw), "\n## ")[1:] {
			title, body, _ := strings.Cut(part, "\n")
			x.sections = append(x.sections, Hit{Page: page, Title: title, Text: strings.TrimSpace(body)})
			// A word in the title counts three times: it is what the section is about.
			texts = append(texts, strings.Repeat(title+" ", 3)+page+" "+body)
		}
	}
	x.ranking = bm25.New(texts)
	return x
}

// Sections returns the sections of a page in their order; none without such a page.
func Sections(page string) (list []Hit) {
	for _, s := range New().sections {
		if s.Page == page {
			list = append(list, s)
		}
	}
	return list
}

// Search returns the best sections, best first, ties by page order.
func (x *Index) Search(query string, limit int) []Hit {
	score := x.ranking.Scores(query)
	order := make([]int, 0, len(score))
	for i := range score {
		if score[i] > 0 {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return score[order[i]] > score[order[j]] })
	hits := []Hit{}
	for _, i := range order[:min(limit, len(order))] {
		hits = append(hits, x.sections[i])
	}
	return hits
}
