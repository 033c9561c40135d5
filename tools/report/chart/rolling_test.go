package chart

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools/report"
)

// Where a run stood still its Sharpe ratio says nothing, and there is no line.
func TestRollingLeavesOutWhatStoodStill(t *testing.T) {
	s := &report.Sheet{Run: report.Header{Cash: 100 * pitwall.One}, Strategy: report.Stats{PeriodsAYear: 252}}
	equity := 100.0
	for i := range 200 {
		switch {
		case i < 80:
			equity *= 1 + 0.01*math.Sin(float64(i))
		default:
			equity *= 1.0001 + 0.00001*float64(i%2) // treasury bills
		}
		s.Daily = append(s.Daily, report.Point{At: time.Date(2024, 1, 1, 16, 0, 0, 0, time.UTC).AddDate(0, 0, i), Equity: equity})
	}
	c, window := Rolling(s)
	require.Equal(t, 63, window)
	line := c.Panels[0].Lines[0]
	require.False(t, math.IsNaN(line.Value[0]))
	require.True(t, math.IsNaN(line.Value[len(line.Value)-1]))
	for _, v := range line.Value {
		require.False(t, v > 20, "no spike of a quiet stretch")
	}
}
