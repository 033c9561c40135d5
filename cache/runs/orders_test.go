package runs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// An order's life: who sent it, what was changed and by whom, its fills, and its legs;
// the id of a denied order is free for the next.
func TestOrdersOf(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2024, 1, day, 21, 0, 0, 0, time.UTC) }
	state := func(id string, status pitwall.Status, parent string) *pitwall.OrderState {
		return &pitwall.OrderState{Order: pitwall.Order{ID: id, Symbol: "A", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(5), Parent: parent}, Status: status, Updated: at(3)}
	}
	o := OrdersOf([]pitwall.Entry{
		{Kind: pitwall.EntryOrder, ID: "x", Cause: pitwall.Cause{Turn: 1}, AsOf: at(1), State: state("x", pitwall.Denied, "")},
		{Kind: pitwall.EntryIntent, ID: "x", Cause: pitwall.Cause{Turn: 2}, AsOf: at(2), Verb: "submit", Order: &pitwall.Order{ID: "x", Symbol: "A"}},
		{Kind: pitwall.EntryOrder, ID: "x", Cause: pitwall.Cause{Turn: 2}, AsOf: at(2), State: state("x", pitwall.Working, "")},
		{Kind: pitwall.EntryIntent, ID: "x", Cause: pitwall.Cause{Turn: 3}, AsOf: at(2), Verb: "cancel"},
		{Kind: pitwall.EntryOrder, ID: "x", Cause: pitwall.Cause{Turn: 3}, AsOf: at(2), Note: "too late"},
		{Kind: pitwall.EntryIntent, ID: "never", Cause: pitwall.Cause{Turn: 3}, AsOf: at(2), Verb: "cancel"},
		{Kind: pitwall.EntryFill, Cause: pitwall.Cause{Turn: 2}, AsOf: at(3), Fill: &pitwall.Fill{OrderID: "x", Symbol: "A", Side: pitwall.Buy, Qty: pitwall.Int(5), Price: pitwall.Int(10), Time: at(3)}},
		{Kind: pitwall.EntryOrder, ID: "x", Cause: pitwall.Cause{Turn: 2}, AsOf: at(3), State: state("x", pitwall.Filled, "")},
		{Kind: pitwall.EntryOrder, ID: "leg", Cause: pitwall.Cause{Turn: 2}, AsOf: at(3), State: state("leg", pitwall.Working, "x")},
		{Kind: pitwall.EntryCash, AsOf: at(4), Flow: &pitwall.CashFlow{Type: "dividend", Symbol: "A", Time: at(4)}},
	})
	require.Len(t, o.List, 3)
	denied, x, leg := o.List[0], o.List[1], o.List[2]
	require.Equal(t, pitwall.Denied, denied.Status)
	require.Equal(t, pitwall.Filled, x.Status)
	require.Equal(t, 2, x.Turn)
	require.Equal(t, at(2), x.Sent)
	require.Len(t, x.Fills, 1)
	require.Equal(t, "cancel by turn 3: too late", ChangeText(x.Changes[0]))
	require.Equal(t, x, o.Entry(leg))
	require.Equal(t, []*Order{x}, o.ByTurn(3), "it changed the order")
	require.Equal(t, []string{"A"}, o.Symbols())

	turns := Turns{{TurnLine: agentloop.TurnLine{Turn: 1, AsOf: "2024-01-01T21:00:00Z"}}, {TurnLine: agentloop.TurnLine{Turn: 2, AsOf: "2024-01-02T21:00:00Z"}}, {TurnLine: agentloop.TurnLine{Turn: 4, AsOf: "2024-01-09T21:00:00Z"}}}
	require.Equal(t, "1 to 2, 4", turns.String())
	w := o.Why(turns, "A", "2024-01-03")
	require.Equal(t, []*Order{x}, w.Orders)
	require.Len(t, w.Fills, 1)
	w = o.Why(turns, "A", "2024-01-02")
	require.Equal(t, []*Order{x}, w.Orders, "sent on the day")
	require.Empty(t, w.Fills)
	require.Equal(t, "2024-01-03", w.Day)
	w = o.Why(turns, "A", "2024-01-04")
	require.Equal(t, "2024-01-03", w.Day, "beside the day")
	require.Len(t, w.Flows, 1)
	w = o.Why(turns, "A", "2024-01-06")
	require.Empty(t, w.Orders)
	require.Equal(t, []*Order{leg}, w.Open)
	require.Equal(t, at(3), w.Before.Time)
	require.Nil(t, w.After)
	require.Equal(t, 2, w.Held[0].Turn)
	require.Equal(t, 4, w.Next[0].Turn)
	require.Equal(t, []*Order{denied}, o.Why(turns, "A", "2024-01-01").Refused)
}
