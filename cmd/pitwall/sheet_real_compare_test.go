package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// skip is a figure that checkLuck checks.
type skip struct{}

// differences lists where two JSON values differ: numbers by more than 1e-9.
func differences(path string, want, got any) (list []string) {
	switch w := want.(type) {
	case skip:
	case obj:
		g, ok := got.(obj)
		if !ok {
			return []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				list = append(list, fmt.Sprintf("%s.%s: %v is not expected", path, k, g[k]))
			}
		}
		for k := range w {
			list = append(list, differences(path+"."+k, w[k], g[k])...)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			list = append(list, fmt.Sprintf("%s: %d of them, not %d", path, len(g), len(w)))
		}
		for i := range min(len(w), len(g)) {
			list = append(list, differences(fmt.Sprintf("%s.%d", path, i), w[i], g[i])...)
		}
	case float64:
		g, ok := got.(float64)
		if !ok || math.Abs(g-w) > tolerance(path, w) {
			list = []string{fmt.Sprintf("%s: %v, not %v (%.2g)", path, got, want, math.Abs(g/w-1))}
		}
	case string:
		if g, ok := got.(string); !ok || strings.TrimSpace(g) != strings.TrimSpace(w) {
			list = []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
	default:
		if got != want {
			list = []string{fmt.Sprintf("%s: %v, not %v", path, got, want)}
		}
	}
	slices.Sort(list)
	return list
}

// tolerance is 1e-12 of a figure, and 1e-14 where sums cancel; money is rounded to
// 1e-8 at each step, and what is computed from it can be no nearer.
func tolerance(path string, v float64) float64 {
	switch path[strings.LastIndex(path, ".")+1:] {
	case "profit", "fees", "gain", "expectancy", "average_win", "average_loss", "largest_win", "largest_loss", "slippage", "commission", "entry_price", "exit_price", "other":
		return 1e-12*math.Abs(v) + 2e-8
	case "return", "share", "profit_factor", "cash_left":
		return 1e-9*math.Abs(v) + 1e-13
	}
	return 1e-12*math.Abs(v) + 1e-14
}
