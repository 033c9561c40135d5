package risk

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestLookBackIsThatOfTheRowThatLooksFarthest(t *testing.T) {
	look := func(l Limits) []time.Duration {
		sent, bars, fills := l.lookBack()
		return []time.Duration{sent, bars, fills}
	}
	day := 24 * time.Hour
	require.Equal(t, []time.Duration{0, 0, 0}, look(Limits{}))
	require.Equal(t, []time.Duration{time.Hour, 0, 0}, look(Limits{MaxOrders: At(Rate{1, time.Hour})}))
	require.Equal(t, []time.Duration{0, 0, day}, look(Limits{MaxLossesInARow: At(Streak{Rate: Rate{1, day}})}))
	require.Equal(t, []time.Duration{day, 70 * day, 0}, look(Limits{MaxOrders: At(Rate{1, time.Hour}), DuplicateWindow: At(day), MaxVolatility: At(Measured{Days: 20})}))
	require.Equal(t, []time.Duration{time.Hour, 0, 0}, look(Limits{MaxOrders: At(Rate{1, time.Hour}), DuplicateWindow: Limit[time.Duration]{value: day, state: off}}))
}

// A row that forgot to state its look-back must not judge by too few submissions.
func TestUnstatedLookBackRefuses(t *testing.T) {
	now := time.Date(2024, 6, 3, 12, 0, 0, 0, time.UTC)
	s := Snapshot{Now: now, Sent: []Submission{{Time: now.Add(-time.Hour)}, {Time: now.Add(-time.Minute)}}, Bars: map[string][]pitwall.Bar{"A": {{Known: now.Add(-time.Hour)}, {Known: now}}}}
	x := &trial{s: s, row: row{key: "toy"}}
	x.sent()
	x.bars("A")
	require.Len(t, x.failures, 2)
	require.Equal(t, MissingInput, x.failures[0].Code)
	x = &trial{s: s, row: row{}.looks(time.Hour, time.Hour)}
	require.Equal(t, s.Sent[1:], x.sent())
	require.Equal(t, s.Bars["A"][1:], x.bars("A"))
	x.row = x.row.looks(2*time.Hour, 2*time.Hour)
	require.Equal(t, s.Sent, x.sent())
	require.Equal(t, s.Bars["A"], x.bars("A"))
	require.Empty(t, x.failures)
}

func TestDocumentationNamesEveryLimit(t *testing.T) {
	page, err := os.ReadFile("../../tools/docs/orders.md")
	require.NoError(t, err)
	for _, key := range Keys() {
		require.Contains(t, string(page), key)
	}
}
