package agentloop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A call of orders_submit that sent nothing (the position is there, or the id has its
// order already) is no order: not in the turn's status, nor in its line.
func TestAnOrderThatWasNotNeededIsNone(t *testing.T) {
	for _, c := range []struct {
		name, text string
		isError    bool
		status     Status
		orders     int
	}{
		{"orders_submit", "mode=sim as_of=2024-01-02T16:00:00-05:00\nsent=true\norder: id", false, StatusOrdered, 1},
		{"orders_submit", "mode=sim as_of=2024-01-02T16:00:00-05:00\nsent=false\nnote=the position is already there", false, StatusNoAction, 0},
		{"orders.submit", "sent=false", false, StatusNoAction, 0},
		{"orders_submit", "error MAX_ORDER_QTY: denied", true, StatusToolError, 1},
		{"orders_cancel", "order: id", false, StatusOrdered, 1},
		{"account_history", "sent=true", false, StatusNoAction, 0},
	} {
		turn := Turn{Messages: []Message{{Reply: &Reply{Calls: []Call{{ID: "1", Name: c.name}}}, Results: []Result{{ID: "1", Name: c.name, Text: c.text, IsError: c.isError}}}, {Reply: &Reply{Text: "RESULT: done"}}}}
		turn.finish(nil, nil)
		require.Equal(t, c.status, turn.Status, c.text)
		require.Equal(t, c.orders, turn.Line().Orders, c.text)
	}
}
