package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/cache/runs"
)

// By hand: a label that is known at a day's close counts from the next day on. Up holds on
// the 3rd and 4th (+10 %, then -10 %: 0.99), down on the 5th (+50 %); the 2nd has none.
func TestRegimes(t *testing.T) {
	s := &Sheet{}
	equity, benchmark := []float64{100, 110, 99, 148.5}, []float64{50, 50, 60, 30}
	for i := range equity {
		s.Daily = append(s.Daily, Point{At: time.Date(2024, 1, 2+i, 16, 0, 0, 0, time.UTC), Equity: equity[i], Benchmark: benchmark[i]})
	}
	s.regimes(runs.Manifest{Regimes: []runs.Regime{{Symbol: "SPY", From: "2024-01-02", Label: "up"}, {Symbol: "SPY", From: "2024-01-04", Label: "down"}}}, Point{Equity: 80, Benchmark: 50})
	require.Equal(t, "SPY", s.RegimeOf)
	require.Equal(t, []RegimeSpan{{"up", "2024-01-02", "2024-01-04"}, {"down", "2024-01-04", ""}}, s.Spans)
	require.Len(t, s.Regimes, 2)
	up, down := s.Regimes[0], s.Regimes[1]
	require.Equal(t, []any{"up", 2, "down", 1}, []any{up.Label, up.Days, down.Label, down.Days})
	require.InDelta(t, 2.0/3, up.Share, 1e-12)
	require.InDelta(t, -0.01, up.Return, 1e-12)
	require.InDelta(t, 0.5, down.Return, 1e-12)
	require.InDelta(t, 0.2, *up.Benchmark, 1e-12)
	require.InDelta(t, -0.5, *down.Benchmark, 1e-12)
	none := &Sheet{Daily: s.Daily}
	none.regimes(runs.Manifest{}, Point{Equity: 80})
	require.Empty(t, none.Regimes)
	for i := range s.Daily {
		s.Daily[i].Benchmark = 0
	}
	s.Regimes, s.Spans = nil, nil
	s.regimes(runs.Manifest{Regimes: []runs.Regime{{Symbol: "SPY", From: "2024-01-02", Label: "up"}}}, Point{Equity: 80})
	require.Nil(t, s.Regimes[0].Benchmark)
}
