package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// Figures have the names and units of the comparison, and one of a thing is one.
func TestSheetNamesFigures(t *testing.T) {
	probability, d := 0.591, 0.42
	s := &report.Sheet{Run: report.Header{ID: "r", Status: "incomplete", Turns: 1, Benchmark: "SPX"}, Curve: make([]report.Point, 1)}
	s.Luck = report.Luck{Probabilistic: &probability, Deflated: &d, Trials: 3, Random: &report.RandomBaseline{Traders: 1000, Beaten: 0.399}}
	s.Headline = report.Metrics{Orders: 1, Fills: 2, TotalReturn: 0.1, BenchmarkReturn: &d}
	a := testApp(t)
	p := term.NewPen(a.stdout)
	show.Sheet(p, s)
	require.NoError(t, p.Done())
	require.NoError(t, a.answer(false, nil, func(p *term.Pen) {
		show.Result(p, &driver.Result{RunID: "r", Digest: "0123456789abcdef", Metrics: report.Metrics{Exposure: 2.0 / 3, FinalEquity: pitwall.One}})
	}, nil))
	raw, err := os.ReadFile(a.stdout.Name())
	require.NoError(t, err)
	for _, line := range []string{"  Did it beat doing nothing? No: it did not beat SPX. The run is incomplete: this is up to its last record.\n", "  luck           probabilistic Sharpe 59 %\n", "                 deflated Sharpe (3 attempts) 42 %\n",
		"  random traders 39 % of 1000 beaten; ", "; 1 order, 2 fills, 1 turn\n", "0, 0   exposure 66.67 %\n"} {
		require.Contains(t, string(raw), line)
	}
	require.Less(t, strings.Index(string(raw), "Did it beat"), strings.Index(string(raw), "CAGR"), "the first line after the head")
}
