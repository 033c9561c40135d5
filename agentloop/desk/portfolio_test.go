package desk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// Symbols without enough common dates count as moving as one, not as unrelated.
func TestMissingPairsMoveAsOne(t *testing.T) {
	d := &Desk{Portfolio: &Portfolio{Volatility: 10, Symbols: []string{"A", "B"}}}
	v := Views{Views: []View{{Symbol: "A", ExpectedReturn: 10, Confidence: 0.5}, {Symbol: "B", ExpectedReturn: 10, Confidence: 0.5}}}
	p := d.weigh(v, map[[2]string]float64{{"A", "A"}: 0.04, {"B", "B"}: 0.04}, nil, 10)
	require.Len(t, p.Orders, 2)
	for _, o := range p.Orders {
		require.Equal(t, "25", o.TargetPercent.String(), o.Symbol) // 50 % at 20 % a year, to 10 %
	}
}

// What is held with a good view and no known volatility stays, and counts.
func TestHeldWithoutVolatilityStays(t *testing.T) {
	d := &Desk{Portfolio: &Portfolio{Volatility: 200, Symbols: []string{"A", "B", "C"}}}
	v := Views{Views: []View{{Symbol: "A", ExpectedReturn: 10, Confidence: 0.5}, {Symbol: "B", ExpectedReturn: 10, Confidence: 0.5}, {Symbol: "C", ExpectedReturn: -1, Confidence: 0.5}}}
	held := map[string]agentloop.Holding{"A": {Percent: pitwall.Int(40)}, "C": {Percent: pitwall.Int(5)}}
	p := d.weigh(v, map[[2]string]float64{{"B", "B"}: 0.04}, held, 200)
	require.Equal(t, "B 60 %, C 0 %", Sizes(p.Orders))
}

// Each row of an answer is a pair, in both orders.
func TestPairsAreRows(t *testing.T) {
	text := "rows: 1000\n" + viewColumns + "\n"
	for i := range viewRows {
		text += fmt.Sprintf("A,S%d,0.0001,100,146\n", i)
	}
	out := map[[2]string]float64{}
	n, err := readPairs(out, text)
	require.NoError(t, err)
	require.Equal(t, viewRows, n)
	require.InDelta(t, 0.0001*100*yearsDays/146, out[[2]string{"S7", "A"}], 1e-12)
	_, err = readPairs(out, strings.ReplaceAll(text, viewColumns, "x"))
	require.Error(t, err)
}
