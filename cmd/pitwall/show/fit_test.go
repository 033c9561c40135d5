package show

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

func TestRunNames(t *testing.T) {
	for _, c := range [][2][]string{
		{{"runs/a", "runs/b"}, {"a", "b"}},
		{{"runs/a", "old/a", "runs/b"}, {"runs/a", "old/a", "b"}},
		{{"x/runs/a", "y/runs/a"}, {"x/runs/a", "y/runs/a"}},
		{{"a", "x/a"}, {"a", "x/a"}},
		{{"runs/a", "runs/b", "runs/a"}, {"a", "b", "a (3)"}},
		{{"runs/a\x1b[1m\nb"}, {"a[1m b"}},
	} {
		require.Equal(t, c[1], Names(c[0]))
	}
}

// The list of runs is never wider than the terminal, and says what is wrong with a
// run in any width.
func TestRunsFit(t *testing.T) {
	text := rapid.StringMatching(`[a-zé/.-]{0,40}`)
	rapid.Check(t, func(t *rapid.T) {
		ratio := 0.123
		var list []runs.Listed
		for i := range rapid.IntRange(1, 4).Draw(t, "runs") {
			list = append(list, runs.Listed{Run: fmt.Sprint("r", i, text.Draw(t, "run")), Status: "complete", Strategy: text.Draw(t, "strategy"), Model: text.Draw(t, "model"),
				From: "2024-01-02", To: "2024-02-01", TotalReturn: &ratio, BuyHoldReturn: &ratio, MaxDrawdown: &ratio, Sharpe: &ratio, Damaged: text.Draw(t, "damaged")})
		}
		width := rapid.IntRange(24, 250).Draw(t, "width")
		var b bytes.Buffer
		p := term.To(&b, width)
		List(p, list, "runs")
		require.NoError(t, p.Done())
		for line := range strings.SplitSeq(strings.TrimSpace(b.String()), "\n") {
			if strings.Contains(line, ": ") {
				continue // below the table: one long word may not break
			}
			require.LessOrEqual(t, utf8.RuneCountInString(line), width, "%d: %s", width, line)
		}
		said := strings.Join(strings.Fields(b.String()), "")
		for _, x := range list {
			require.Contains(t, said, x.Damaged)
		}
	})
}

// What gives way first: trouble goes below, then the model is cut, then columns go
// from the right.
func TestRunsGiveWay(t *testing.T) {
	ratio := 0.123
	list := []runs.Listed{{Run: "momentum-1", Status: "failed", Strategy: "examples/momentum/strategy.yaml", Model: "some-provider/some-long-model-1.5", From: "2024-01-02", To: "2024-02-01",
		TotalReturn: &ratio, MaxDrawdown: &ratio, Sharpe: &ratio, Written: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Damaged: "metrics.json: it is not there"}}
	shown := func(width int) string {
		var b bytes.Buffer
		p := term.To(&b, width)
		List(p, list, "runs")
		require.NoError(t, p.Done())
		return b.String()
	}
	require.Contains(t, shown(0), "  some-provider/some-long-model-1.5  momentum  2026-01-01 00:00  metrics.json: it is not there\n")
	require.Contains(t, shown(170), "  some-provider/some-long-model-1.5  momentum  2026-01-01 00:00  metrics.json: it is not there\n")
	require.Contains(t, shown(140), "  some-provider/some-long-model-1.5  momentum  2026-01-01 00:00\n  momentum-1: metrics.json: it is not there\n")
	require.Contains(t, shown(120), "  some-provider/some...  momentum  2026-01-01 00:00\n")
	require.Contains(t, shown(100), "  some-prov...  momentum\n")
	require.Contains(t, shown(80), "  2024-02-01\n  momentum-1: metrics.json: it is not there\n")
}

func TestStrategyName(t *testing.T) {
	for path, want := range map[string]string{"examples/momentum": "momentum", "s.yaml": "s.yaml", "mine/strategy.yaml": "mine", "strategy.yaml": "strategy.yaml", "a/b/own.yaml": "own.yaml", "": ""} {
		require.Equal(t, want, strategyName(path))
	}
}

// compared prints a comparison.
func compared(t *testing.T, c *report.Comparison, dirs ...string) string {
	t.Helper()
	var b strings.Builder
	p := term.To(&b, 0)
	Comparison(p, c, dirs)
	require.NoError(t, p.Done())
	return b.String()
}

// A comparison shows what every run is held against and its status where they are
// the same, marks figures of a year from a few days, and warns.
func TestComparisonSays(t *testing.T) {
	f := func(x float64) *float64 { return &x }
	row := func(r report.Row, values ...string) report.Row {
		for _, v := range values {
			r.Values = append(r.Values, report.Value{Number: f(1), Text: v})
		}
		return r
	}
	sheets := []*report.Sheet{{}, {}}
	sheets[1].Strategy.FewForYearly = true
	out := compared(t, &report.Comparison{Names: []string{"a", "b"}, Sheets: sheets, Verdicts: []string{"beat SPX (+1.0 %)", "did not beat SPX (+2.0 %)"}, Warnings: []string{"the periods differ"},
		Rows: []report.Row{row(report.Row{Name: "status", Kind: report.Text, Always: true}, "failed", "failed"), row(report.Row{Name: "Sharpe", Yearly: true, Differ: true}, "1.00", "2.00"),
			row(report.Row{Name: "Sortino", Yearly: true, Differ: true}, "1.00", "n/a"), row(report.Row{Name: "turns"}, "7", "7")},
		Partings: []report.Parting{{Run: 1, Text: "no turn in common: a is 2020, b 2021"}}}, "runs/a", "runs/b")
	require.Equal(t, strings.Join([]string{
		"                a       b",
		"  status   failed  failed",
		"  Sharpe     1.00   2.00*",
		"  Sortino    1.00     n/a",
		"  * from under 30 daily returns: figures of a year say little",
		"  the same in all 2 runs: 1 figure",
		"  a: beat SPX (+1.0 %)",
		"  b: did not beat SPX (+2.0 %)",
		"  warning: the periods differ",
		"  no setting differs",
		"decisions, against a",
		"  b: no turn in common: a is 2020, b 2021", ""}, "\n"), out)
}

// Arguments are shown without the escapes that JSON has for HTML's sake.
func TestTraceShowsSigns(t *testing.T) {
	require.Equal(t, `{"sql":"a <= b","n":1.10}`, compact([]byte(`{"sql": "a \u003c= b", "n": 1.10}`)))
	require.Equal(t, "{\n  \"sql\": \"a <= b\"\n}", indented([]byte(`{"sql": "a \u003c= b"}`)))
}
