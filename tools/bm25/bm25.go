// Package bm25 ranks a few short texts by how well they match a query, for docs_search
// and memory_search.
//
//	x := bm25.New([]string{"orders wait at a limit", "stops trigger at a price"})
//	x.Scores("limit order")   // 0.8..., 0
//
// # To add a common word
//
// Add it to common: words that say nothing about what a text is about.
//
// # Why not
//
// Why not a search library: bleve is heavy and did not resolve; DuckDB's fts
// extension needs a download. Okapi BM25 (k1 = 1.2, b = 0.75; Robertson and
// Zaragoza, The Probabilistic Relevance Framework, 2009) is a page of code and
// gives the same order on every machine.
package bm25

import (
	"math"
	"strings"
	"unicode"
)

// Index holds the words of texts. It is read-only after New.
type Index struct {
	texts   []counted
	holding map[string]int // term -> texts that hold it
	average float64
}

type counted struct {
	terms  map[string]int
	length int
}

// New counts the words of texts.
func New(texts []string) *Index {
	x := &Index{holding: map[string]int{}}
	total := 0
	for _, text := range texts {
		c := counted{terms: map[string]int{}}
		for _, w := range words(text) {
			c.terms[w]++
			c.length++
		}
		for w := range c.terms {
			x.holding[w]++
		}
		total += c.length
		x.texts = append(x.texts, c)
	}
	x.average = float64(total) / float64(max(1, len(texts)))
	return x
}

// Scores returns how well each text matches a query: 0 for one that holds none of its
// words.
func (x *Index) Scores(query string) []float64 {
	const k1, b = 1.2, 0.75
	score := make([]float64, len(x.texts))
	for _, w := range words(query) {
		n := float64(x.holding[w])
		idf := math.Log(1 + (float64(len(x.texts))-n+0.5)/(n+0.5))
		for i, c := range x.texts {
			if tf := float64(c.terms[w]); tf > 0 {
				score[i] += idf * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(c.length)/x.average))
			}
		}
	}
	return score
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
