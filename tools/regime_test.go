package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools"
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
	for args, want := range map[string]string{`{"symbol":"X","states":1}`: "use 2 to 4", `{"symbol":"X","states":5}`: "use 2 to 4", `{"symbol":"NOPE"}`: "UNKNOWN_SYMBOL", `{"symbol":"X","last":251}`: "use 1 to 250"} {
		require.Contains(t, asked(t, full, "market_regime", args), want)
	}
}

// The rules' labels and breadth, and the table of all labels, know nothing that is not
// known; labels go by their own names.
func TestRegimeRulesAndTable(t *testing.T) {
	bars := map[string][]pitwall.Bar{}
	for i, s := range []string{"A", "B", "C", "X"} {
		bars[s] = walk(uint64(20+i), 330)
	}
	for _, model := range []pitwall.RegimeModel{pitwall.HiddenMarkov, pitwall.TrendRules} {
		spec := pitwall.RegimeSpec{Symbol: "X", Model: model, Labels: map[string]string{"range": "sideways", "volatile_bear": "bear", "trending_bull": "bull"}}
		full, clock := worldOf(t, last(bars["X"]), bars)
		full.Regime = spec
		table := tools.RegimeTable(full)
		clock.now = bars["X"][9].Known
		rows, err := table.Rows(t.Context(), clock.now)
		require.NoError(t, err)
		require.Empty(t, rows, "nothing can be labeled yet")
		before := [][]any{}
		for _, n := range []int{275, 300, 330} {
			clock.now = bars["X"][n-1].Known
			part := map[string][]pitwall.Bar{}
			for s, list := range bars {
				part[s] = list[:n]
			}
			cut, _ := worldOf(t, clock.now, part)
			cut.Regime = spec
			text := asked(t, full, "market_regime", `{"symbol":"X","last":2}`)
			require.Equal(t, asked(t, cut, "market_regime", `{"symbol":"X","last":2}`), text)
			require.NotRegexp(t, `,(range|volatile_bear|trending_bull),`, text)
			rows, err = table.Rows(t.Context(), clock.now)
			require.NoError(t, err)
			require.Equal(t, before, rows[:len(before)], "later bars change no row")
			before = rows
			newest := rows[len(rows)-1]
			require.Contains(t, text, ","+newest[2].(string)+","+newest[3].(string)+",")
			require.Equal(t, bars["X"][n-1].Known, newest[5])
		}
	}
	w, _ := worldOf(t, last(bars["X"]), bars)
	w.Regime.Model = pitwall.TrendRules
	require.Contains(t, asked(t, w, "market_regime", `{"symbol":"X","states":2}`), "states of trend rules: they have none")
	require.Contains(t, asked(t, w, "market_regime", `{"symbol":"X"}`), "states: none")
}
