package memory

import (
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/bm25"
)

// Query says what is looked for. Empty fields match everything.
type Query struct {
	Words   string // BM25 over all texts of a memory
	Symbols []string
	Regime  string
	Limit   int // of each kind
}

// matches reports whether a memory is about what is looked for.
func (q Query) matches(symbol, regime string) bool {
	return (len(q.Symbols) == 0 || slices.Contains(q.Symbols, symbol)) && (q.Regime == "" || q.Regime == regime)
}

// Best returns what matches a query, best first: with words by their BM25 score times the
// weight of its age, without by age. The weight halves with each half-life; ties stand
// newest first.
func Best[T any](q Query, now time.Time, halfLife float64, list []T, facts func(T) (known time.Time, symbol, regime, text string)) []T {
	type ranked struct {
		of    T
		score float64
	}
	var found []ranked
	var texts []string
	for _, x := range slices.Backward(list) { // newest first
		known, symbol, regime, text := facts(x)
		if q.matches(symbol, regime) {
			age := now.Sub(known).Hours() / 24
			found, texts = append(found, ranked{x, math.Exp2(-age / halfLife)}), append(texts, text)
		}
	}
	if strings.TrimSpace(q.Words) != "" {
		for i, score := range bm25.New(texts).Scores(q.Words) {
			found[i].score *= score
		}
		found = slices.DeleteFunc(found, func(r ranked) bool { return r.score == 0 })
	}
	slices.SortStableFunc(found, func(a, b ranked) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	out := make([]T, 0, q.Limit)
	for _, r := range found[:min(q.Limit, len(found))] {
		out = append(out, r.of)
	}
	return out
}

// Item is what Best ranks an item by.
func Item(x pitwall.MemoryItem) (time.Time, string, string, string) {
	return x.Known, x.Symbol, x.Regime, strings.Join([]string{x.Symbol, x.Text, x.Expected, x.Why, x.Strategy, x.Regime}, " ")
}

// Trade is what Best ranks a trade by.
func Trade(x pitwall.MemoryTrade) (time.Time, string, string, string) {
	return x.Known, x.Symbol, x.Regime, strings.Join([]string{x.Symbol, x.Side, x.Reason, x.ExitReason, x.Expected, x.Strategy, x.Regime}, " ")
}

// Belief is what Best ranks a belief by.
func Belief(x pitwall.ScoredBelief) (time.Time, string, string, string) {
	return Item(x.MemoryItem)
}

// Recent keeps the newest n trades of each symbol.
func Recent(trades []pitwall.MemoryTrade, n int) (list []pitwall.MemoryTrade) {
	seen := map[string]int{}
	for _, t := range slices.Backward(trades) {
		if seen[t.Symbol]++; seen[t.Symbol] <= n {
			list = append(list, t)
		}
	}
	slices.Reverse(list)
	return list
}
