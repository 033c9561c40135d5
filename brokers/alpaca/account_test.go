package alpaca_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
)

// Orders of others on the account are listed as external, count, and can be canceled;
// their fills come too.
func TestExternalOrders(t *testing.T) {
	ctx := context.Background()
	w := begin(t)
	ours := w.broker(t, func(c *alpaca.Config) { c.Prefix = "one-" })
	other := w.broker(t, func(c *alpaca.Config) { c.Prefix = "two-" })
	settle(t, other, resting("a", 1))
	settle(t, other, market("b", pitwall.Buy, 2))
	settle(t, ours, resting("a", 3))
	open, err := ours.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	var ids []string
	for _, o := range open {
		ids = append(ids, o.ID+" "+o.By.Principal)
	}
	require.Equal(t, []string{"external:two-a external", "external:two-b external", "a "}, ids)
	require.NoError(t, w.Step(ctx))
	fills, _, err := ours.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Equal(t, "external:two-b", fills[0].OrderID)
	s, err := ours.Cancel(ctx, "external:two-a")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, s.Status)
}

// After a restart the exits of a bracket and of an OCO order have their names, can be
// changed and canceled, and reduce only.
func TestExitsAfterRestart(t *testing.T) {
	ctx := context.Background()
	w := begin(t)
	settle(t, w.broker(t), bracket("b"))
	require.NoError(t, w.Step(ctx))
	b := w.broker(t)
	open, err := b.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Len(t, open, 2)
	require.Equal(t, []string{"b.tp", "b.sl"}, []string{open[0].ID, open[1].ID})
	require.Equal(t, []any{"b", pitwall.StopLoss, true, pitwall.Sell}, []any{open[1].Parent, open[1].Role, open[1].ReduceOnly, open[1].Side})
	s, err := w.broker(t).Replace(ctx, "b.sl", pitwall.Change{Stop: pitwall.Int(60)})
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(60), s.Stop)
	s, err = w.broker(t).Replace(ctx, "b.sl", pitwall.Change{Stop: pitwall.Int(70)})
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(70), s.Stop)
	all, err := w.broker(t).Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	require.Len(t, all, 3, "an entry and two exits, however often they changed")
	s, err = w.broker(t).Cancel(ctx, "b.tp")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, s.Status)
	oco := pitwall.Order{ID: "x", Symbol: "AAPL", Side: pitwall.Sell, Class: pitwall.OCO, Qty: pitwall.Int(10), TIF: pitwall.GTC, Legs: bracket("").Legs}
	require.Equal(t, pitwall.Working, settle(t, w.broker(t), oco).Status)
	b = w.broker(t)
	open, err = b.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Len(t, open, 3)
	for i, id := range []string{"x", "x.tp", "x.sl"} {
		require.Equal(t, id, open[i].ID)
		list, err := w.broker(t).Orders(ctx, pitwall.OrderQuery{ID: id})
		require.NoError(t, err)
		require.Equal(t, []any{pitwall.Working, open[i].Class, open[i].Limit, open[i].Stop}, []any{list[0].Status, list[0].Class, list[0].Limit, list[0].Stop}, id)
	}
	_, err = b.Cancel(ctx, "x")
	require.NoError(t, err)
	open, err = b.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Empty(t, open)
	_, err = b.Orders(ctx, pitwall.OrderQuery{ID: "nope.sl"})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
}

// A reduce-only order passes up to what is held, in either direction.
func TestReduceOnly(t *testing.T) {
	ctx := context.Background()
	w := beginWith(t, alpacafake.Config{Cash: pitwall.Int(100_000), Terms: pitwall.Terms{Type: pitwall.MarginAccount}})
	b := w.broker(t)
	settle(t, b, market("short", pitwall.Sell, 10))
	require.NoError(t, w.Step(ctx))
	a, err := b.Account(ctx, "")
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.MarginAccount, -pitwall.Int(10), -pitwall.Int(1000)}, []any{a.Type, a.Held("AAPL"), a.Positions[0].Value})
	require.Equal(t, a.Equity, a.Cash+a.Positions[0].Value)
	require.Equal(t, a.Equity, a.Start+a.Realized+a.Unrealized)
	for id, qty := range map[string]int64{"all": 10, "more": 11} {
		o := market(id, pitwall.Buy, qty)
		o.ReduceOnly = true
		s, err := b.Submit(ctx, o)
		require.NoError(t, err)
		require.Equal(t, qty == 11, s.Status == pitwall.Rejected, id)
	}
}

// A list that could not be read is an error, never empty.
func TestFailedReads(t *testing.T) {
	ctx := context.Background()
	for _, do := range []alpacafake.Effect{alpacafake.ErrorFirst, alpacafake.CutBefore, alpacafake.HangBefore, alpacafake.Garbled, alpacafake.TooMany} {
		w := begin(t, alpacafake.Fault{On: "GET /", Do: do})
		b := w.broker(t)
		_, err := b.Orders(ctx, pitwall.OrderQuery{})
		require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%s", do)
		_, err = b.Orders(ctx, pitwall.OrderQuery{ID: "a"})
		require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%s", do)
		_, _, err = b.Fills(ctx, pitwall.Cursor{})
		require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%s", do)
		_, err = b.Account(ctx, "")
		require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%s", do)
		_, err = b.Bars(ctx, "AAPL", 24*3600e9, w.Now())
		require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%s", do)
	}
}

// More orders than a page of Alpaca's are all listed, in the order of submission.
func TestPages(t *testing.T) {
	ctx := context.Background()
	w := beginWith(t, alpacafake.Config{Cash: pitwall.Int(1_000_000)})
	b := w.broker(t)
	var want, got []string
	for n := range 600 {
		want = append(want, fmt.Sprint("o", n))
		settle(t, b, resting(want[n], 1))
		if n%100 == 99 {
			require.NoError(t, w.Step(ctx))
		}
	}
	all, err := w.broker(t).Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	for _, o := range all {
		got = append(got, o.ID)
	}
	require.Equal(t, want, got)
}
