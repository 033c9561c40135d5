package tools

import (
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Exits by percent say where they lie: of a buy limit at 80 the target 10 % above is 88,
// the stop 5 % below 76; of a short at the last price of 100 they are 90 and 105; below 0
// percents are of the magnitude: 10 % above -40 is -36.
func TestExitsHavePrices(t *testing.T) {
	legs := []pitwall.Leg{{ID: "a.tp", Role: pitwall.TakeProfit, Percent: pitwall.Int(10)}, {ID: "a.sl", Role: pitwall.StopLoss, Percent: pitwall.Int(5)}}
	for _, c := range []struct {
		order pitwall.Order
		last  int64
		want  [2]int64
	}{
		{pitwall.Order{Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(80), Legs: legs}, 100, [2]int64{88, 76}},
		{pitwall.Order{Side: pitwall.Sell, Type: pitwall.MarketOrder, Legs: legs}, 100, [2]int64{90, 105}},
		{pitwall.Order{Side: pitwall.Sell, Type: pitwall.MarketOrder, Class: pitwall.OCO, Legs: legs}, 100, [2]int64{110, 95}},
		{pitwall.Order{Side: pitwall.Buy, Type: pitwall.StopOrder, Stop: pitwall.Int(-40), Legs: legs}, -60, [2]int64{-36, -42}},
	} {
		list := viewExits(pitwall.OrderState{Order: c.order}, pitwall.Int(c.last))
		require.Equal(t, []pitwall.Dec{pitwall.Int(c.want[0]), pitwall.Int(c.want[1])}, []pitwall.Dec{list[0].About, list[1].About})
	}
	var out text
	out.exits(viewExits(pitwall.OrderState{Order: pitwall.Order{Side: pitwall.Buy, Legs: []pitwall.Leg{{ID: "b.tp", Role: pitwall.TakeProfit, Limit: pitwall.Int(110)}, {ID: "b.sl", Role: pitwall.StopLoss, TrailPercent: pitwall.Int(5)}}}}, pitwall.Int(100)))
	require.Equal(t, "exits: id,type,limit,stop,percent,about\nb.tp,limit,110,,,\nb.sl,trailing_stop,,,5,95\n", out.String())
	require.Empty(t, viewExits(pitwall.OrderState{}, pitwall.One))
}
