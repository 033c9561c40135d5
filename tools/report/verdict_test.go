package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/runs"
)

func TestBeat(t *testing.T) {
	f := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		name            string
		points, fills   int
		run             float64
		benchmark, hold *float64
		status          string
		want, verdict   string
	}{
		{"both", 2, 1, 0.2, f(0.1), f(0.15), "complete", "Yes: it did better than SPX and buy and hold.", "beat SPX (+10.0 %) and buy and hold (+15.0 %)"},
		{"neither", 2, 1, 0.2, f(0.67), f(1.903), "complete", "No: it did not beat SPX or buy and hold.", "did not beat SPX (+67.0 %) or buy and hold (+190.3 %)"},
		{"the first", 2, 1, 0.2, f(-0.1), f(0.3), "complete", "It beat SPX, but not buy and hold.", "beat SPX (-10.0 %), but not buy and hold (+30.0 %)"},
		{"the second", 2, 1, 0.2, f(0.3), f(0.1), "complete", "It beat buy and hold, but not SPX.", "beat buy and hold (+10.0 %), but not SPX (+30.0 %)"},
		{"equal is not better", 2, 1, 0.1, f(0.1), nil, "complete", "No: it did not beat SPX.", "did not beat SPX (+10.0 %)"},
		{"only holding", 2, 1, 0.2, nil, f(0.1), "complete", "Yes: it did better than buy and hold.", "beat buy and hold (+10.0 %)"},
		{"no trades", 2, 0, 0, f(0.1), f(-0.1), "complete", "It traded nothing.", "traded nothing, against buy and hold (-10.0 %) and SPX (+10.0 %)"},
		{"no trades, nothing to compare with", 2, 0, 0, nil, nil, "complete", "It traded nothing.", "traded nothing"},
		{"nothing to compare with", 2, 1, 0.1, nil, nil, "complete", "There is nothing to compare with.", "nothing to compare with"},
		{"no curve", 0, 0, 0, nil, nil, "complete", "There is no equity curve to judge.", "no equity curve to judge"},
		{"a world without a folder", 2, 1, 0.2, f(0.1), nil, "", "Yes: it did better than SPX.", "beat SPX (+10.0 %)"},
		{"incomplete", 2, 1, 0.2, f(0.1), nil, "incomplete", "Yes: it did better than SPX. The run is incomplete: this is up to its last record.", "beat SPX (+10.0 %)"},
		{"failed before its first step", 0, 0, 0, nil, nil, "failed", "There is no equity curve to judge. The run is failed: this is up to its last record.", "no equity curve to judge"},
		{"running", 2, 1, 0.05, f(0.1), nil, "running", "No: it did not beat SPX. The run has not ended: this is up to its last record.", "did not beat SPX (+10.0 %)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Sheet{Run: Header{Benchmark: "SPX", Status: c.status}, Curve: make([]Point, c.points),
				Activity: Activity{TimeHeld: f(0)}, Headline: Metrics{TotalReturn: c.run, BenchmarkReturn: c.benchmark, BuyHoldReturn: c.hold, Fills: c.fills}}
			require.Equal(t, c.want, s.Beat())
			require.Equal(t, c.verdict, s.verdict())
		})
	}
}

// A run valued wrongly is not said to have beaten anything, and a benchmark of other
// days is not compared.
func TestBeatWithWarnings(t *testing.T) {
	bench, hold := 0.1, 0.15
	for _, c := range []struct{ code, want, verdict string }{
		{pitwall.SplitUnapplied, "Unknown: a position was valued wrongly; see the warning.", "unknown: X split"},
		{pitwall.SplitMismatch, "Unknown: a position was valued wrongly; see the warning.", "unknown: X split"},
		{pitwall.BenchmarkShort, "Yes: it did better than buy and hold. SPX covers only a part of the run and is not compared.", "beat buy and hold (+15.0 %)"},
		{pitwall.NoDividends, "Yes: it did better than SPX and buy and hold. Dividends are not counted.", "beat SPX (+10.0 %) and buy and hold (+15.0 %)"},
		{pitwall.FillsCapped, "Yes: it did better than SPX and buy and hold.", "beat SPX (+10.0 %) and buy and hold (+15.0 %)"},
	} {
		s := &Sheet{Run: Header{Benchmark: "SPX", Status: "complete"}, Curve: make([]Point, 2), ReadWith: []runs.Reading{{Code: c.code, Text: "X split"}},
			Headline: Metrics{TotalReturn: 0.2, BenchmarkReturn: &bench, BuyHoldReturn: &hold, Fills: 1}}
		require.Equal(t, c.want, s.Beat())
		require.Equal(t, c.verdict, s.verdict())
	}
}

// An order of 100 that the cap leaves at 30 was cut; one that a later bar fills, or
// that lost less than a tenth, was not.
func TestCut(t *testing.T) {
	order := func(id, qty string) pitwall.Entry {
		q, err := pitwall.ParseDec(qty)
		require.NoError(t, err)
		return pitwall.Entry{Kind: pitwall.EntryOrder, State: &pitwall.OrderState{Order: pitwall.Order{ID: id, Symbol: "X", Qty: q}}}
	}
	fill := func(id string, qty, capped int64) pitwall.Entry {
		return pitwall.Entry{Kind: pitwall.EntryFill, Fill: &pitwall.Fill{OrderID: id, Qty: pitwall.Int(qty), Capped: pitwall.Int(capped)}}
	}
	require.Equal(t, Cut{Orders: 1, Symbol: "X", Asked: pitwall.Int(100), Filled: pitwall.Int(30)},
		cutOf([]pitwall.Entry{order("a", "100"), fill("a", 30, 70), order("b", "100"), fill("b", 30, 70), fill("b", 70, 0), order("c", "100"), fill("c", 95, 5), order("d", "100")}))
}

// Without a journal nobody knows what was traded: the curve is judged all the same.
func TestBeatWithoutJournal(t *testing.T) {
	x := 0.1
	s := &Sheet{Run: Header{Benchmark: "SPX", Status: "complete"}, Curve: make([]Point, 2), Headline: Metrics{TotalReturn: 0.2, BenchmarkReturn: &x}}
	require.Equal(t, "Yes: it did better than SPX.", s.Beat())
	require.Equal(t, "beat SPX (+10.0 %)", s.verdict())
}

func TestCompareNothing(t *testing.T) {
	_, err := Compare(nil)
	require.EqualError(t, err, "no run to compare; name at least one")
}

func TestBoughtOnce(t *testing.T) {
	in, out := []float64{0, 0.5, 0.5}, []float64{0, 0, 0}
	of := func(traded float64, held int, tracks ...[]float64) bool {
		w := &walk{}
		for i := range 20 {
			w.steps = append(w.steps, step{equity: 100, held: i >= 20-held})
		}
		w.steps[1].traded = traded
		for _, x := range tracks {
			w.tracks = append(w.tracks, track{after: x})
		}
		return w.boughtOnce()
	}
	require.True(t, of(100, 19, in))
	require.True(t, of(210, 18, in, in), "in and out")
	require.False(t, of(211, 19, in), "more than that")
	require.False(t, of(100, 17, in), "it waited")
	require.False(t, of(100, 19, in, out), "it chose one of two symbols")
}
