package risk_test

import (
	"context"
	"fmt"

	"pitwall"
	"pitwall/brokers/risk"
)

// A guard wraps any broker. The fake venue here takes every order.
func Example() {
	limits, err := risk.Parse(map[string]any{"max_order_qty": 100, "duplicate_window": "1m"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(limits)
	guard := deskWith(limits).Guard // risk.New(broker, journal, clock, market, instruments, limits)
	for _, o := range []pitwall.Order{
		{ID: "a", Symbol: "A", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(10)},
		{ID: "b", Symbol: "A", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(200)},
	} {
		state, err := guard.Submit(context.Background(), o)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(state.ID, state.Status)
		if state.Error != nil {
			fmt.Println(state.Error)
		}
	}
	// Output:
	// max_order_qty 100; duplicate_window 1m
	// a working
	// b denied
	// MAX_ORDER_QTY: qty 200 exceeds 100 for A; nothing was sent; at most 100 would pass: limit max_order_qty (risk:max_order_qty)
}
