package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// What is asked at a time through the wall over all bars is what the bars up to then give.
func TestRegime(t *testing.T) {
	bars := walk(11, 240)
	full, clock := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	for _, n := range []int{137, 180, 239} {
		clock.now = bars[n-1].Known
		cut, _ := worldOf(t, clock.now, map[string][]pitwall.Bar{"X": bars[:n]})
		args := `{"symbol":"X","last":2}`
		text := asked(t, full, "market_regime", args)
		require.Equal(t, asked(t, cut, "market_regime", args), text)
		require.Contains(t, text, "\ndays: start,label,leader,since,p1,p2,p3\n")
	}
	clock.now = bars[135].Known
	require.Contains(t, asked(t, full, "market_regime", `{"symbol":"X"}`), "NO_COVERAGE: X has 136 daily bars; a regime needs 137")
	for args, want := range map[string]string{`{"symbol":"X","states":1}`: "use 2 to 4", `{"symbol":"X","states":5}`: "use 1 to 4", `{"symbol":"NOPE"}`: "UNKNOWN_SYMBOL", `{"symbol":"X","last":251}`: "use 1 to 250"} {
		require.Contains(t, asked(t, full, "market_regime", args), want)
	}
}
