// Package docs is Pitwall's documentation: the pages beside this file, which
// people read as they are, and a small BM25 index over their sections for
// docs_search. The corpus is fixed at build time and holds no market facts.
//
// # To add a page
//
// Add <name>.md; every "## " heading becomes a section that can be found.
//
// # Why not
//
// Why not a search library: bleve is heavy and did not resolve; DuckDB's fts
// extension needs a download. Okapi BM25 (k1 = 1.2, b = 0.75; Robertson and
// Zaragoza, The Probabilistic Relevance Framework, 2009) is a page of code and
// gives the same order on every machine.
package docs

import (
	"embed"
	"math"
	"sort"
	"strings"
	"unicode"
)

//go:embed *.md
var pages embed.FS

// Hit is a section that matches a query.
type Hit struct {
	Page  string `json:"page"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

type section struct {
	Hit
	terms  map[string]int
	length int
}

// Index finds sections. It is read-only after New.
type Index struct {
	sections []section
	holding  map[string]int // term -> sections that hold it
	average  float64
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
	x := &Index{holding: map[string]int{}}
	total := 0
	for _, page := range Pages() {
		raw, err := pages.ReadFile(page + ".md")
		if err != nil {
			panic(err)
		}
		for _, part := range strings.Split("\n"+string(raw), "\n## ")[1:] {
			title, body, _ := strings.Cut(part, "\n")
			s := section{Hit: Hit{Page: page, Title: title, Text: strings.TrimSpace(body)}, terms: map[string]int{}}
			// A word in the title counts three times: it is what the section is about.
			for _, w := range words(strings.Repeat(title+" ", 3) + page + " " + body) {
				s.terms[w]++
				s.length++
			}
			for w := range s.terms {
				x.holding[w]++
			}
			total += s.length
			x.sections = append(x.sections, s)
		}
	}
	x.average = float64(total) / float64(len(x.sections))
	return x
}

// Sections returns the sections of a page in their order; none without such a page.
func Sections(page string) (list []Hit) {
	for _, s := range New().sections {
		if s.Page == page {
			list = append(list, s.Hit)
		}
	}
	return list
}

// Search returns the best sections, best first, ties by page order.
func (x *Index) Search(query string, limit int) []Hit {
	const k1, b = 1.2, 0.75
	score := make([]float64, len(x.sections))
	for _, w := range words(query) {
		n := float64(x.holding[w])
		idf := math.Log(1 + (float64(len(x.sections))-n+0.5)/(n+0.5))
		for i, s := range x.sections {
			if tf := float64(s.terms[w]); tf > 0 {
				score[i] += idf * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(s.length)/x.average))
			}
		}
	}
	order := make([]int, 0, len(score))
	for i := range score {
		if score[i] > 0 {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return score[order[i]] > score[order[j]] })
	hits := []Hit{}
	for _, i := range order[:min(limit, len(order))] {
		hits = append(hits, x.sections[i].Hit)
	}
	return hits
}

// common words say nothing about what a section is about.
const common = " a an and are as at be by can do does for from has have how i if in is it its me my not of on or so than that the then there this to was what when which who why will with you your use "

// words splits text into lower-case terms; plural s goes, so that "orders"
// finds "order".
func words(text string) []string {
	list := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	})
	var out []string
	for _, w := range list {
		if strings.Contains(common, " "+w+" ") {
			continue
		}
		parts := []string{w}
		if strings.Contains(w, "_") { // either half of orders_submit finds it
			parts = append(parts, strings.FieldsFunc(w, func(r rune) bool { return r == '_' })...)
		}
		for _, part := range parts {
			if len(part) > 3 {
				part = strings.TrimSuffix(part, "s")
			}
			out = append(out, part)
		}
	}
	return out
}
