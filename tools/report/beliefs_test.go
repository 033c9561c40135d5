package report_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// The tables of beliefs hold their number, how often they came true and their Brier score.
func TestMemoryTables(t *testing.T) {
	require.Empty(t, report.MemoryTables(nil))
	require.Empty(t, report.MemoryTables(&runs.Memory{}))
	m := &runs.Memory{}
	at := time.Date(2024, 1, 2, 21, 0, 0, 0, time.UTC)
	for i := range 60 { // each tenth of confidence six times, every third came true
		sure, hit := float64(i%10)/10, i%3 == 0
		brier := sure * sure
		if hit {
			brier = (1 - sure) * (1 - sure)
		}
		m.Beliefs = append(m.Beliefs, pitwall.ScoredBelief{Status: pitwall.BeliefMatured, Matured: &at, Hit: &hit, Brier: &brier,
			MemoryItem: pitwall.MemoryItem{ID: fmt.Sprintf("m%d", i), Kind: pitwall.Belief, Known: at, Symbol: "AAA", Direction: "up", Horizon: 5, Confidence: &sure, Text: "it goes on"}})
	}
	sure := 1.0
	m.Beliefs = append(m.Beliefs, pitwall.ScoredBelief{Status: pitwall.BeliefActive, MemoryItem: pitwall.MemoryItem{ID: "m60", Known: at, Confidence: &sure, Horizon: 5, Symbol: "AAA", Direction: "down", Text: "it ends"}})
	list := report.MemoryTables(m)
	require.Len(t, list, 2)
	sum := 0.0
	for i := range 60 {
		x := float64(i%10) / 10
		if i%3 == 0 {
			x = 1 - x
		}
		sum += x * x
	}
	require.Equal(t, fmt.Sprintf("Beliefs: 61 stated, 60 matured, 33.33 %% of these came true, Brier score %.3f (0 is perfect, 0.25 a coin)", sum/60), list[0].Caption)
	require.Len(t, list[0].Rows, 10)
	require.Equal(t, []string{"0.3 to 0.4", "6", "0.30", "33.33 %"}, list[0].Rows[3])
	require.Len(t, list[1].Rows, 50)
	require.Equal(t, []string{"m60", "2024-01-02", "AAA", "down", "5", "1.00", "active", "", "it ends"}, list[1].Rows[49])
	only := report.MemoryTables(&runs.Memory{Beliefs: m.Beliefs[60:]})
	require.Len(t, only, 1)
	require.Equal(t, "Beliefs: 1 stated, 0 matured", only[0].Caption)
}
