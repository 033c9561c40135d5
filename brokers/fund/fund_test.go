package fund_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/fund"
	"pitwall/sim"
)

type source struct{ series []*pitwall.Series }

func (s source) Series() []*pitwall.Series { return s.series }
func (source) Actions() []pitwall.Action   { return nil }

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// venue is one of books a and b with 1000 each and main with 500, over bars at 10, 10 and 12.
func venue(t *testing.T) *sim.Venue {
	t.Helper()
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "X", Kind: pitwall.Crypto, Currency: "USD", Calendar: "24/7", Zone: time.UTC, Lot: 1, Multiplier: pitwall.One}, Size: 24 * time.Hour, Adjusted: pitwall.Raw}
	for i, close := range []int64{10, 10, 10, 12} {
		at := start.AddDate(0, 0, i)
		p := pitwall.Int(close)
		require.NoError(t, s.Append(pitwall.Bar{Symbol: "X", Start: at, End: at.AddDate(0, 0, 1), Known: at.AddDate(0, 0, 1), Open: pitwall.Int(10), High: max(p, pitwall.Int(10)), Low: pitwall.Int(10), Close: p, Volume: 1e6}))
	}
	terms := pitwall.Terms{Type: pitwall.MarginAccount}
	v, err := sim.New(sim.Config{Source: source{[]*pitwall.Series{s}}, Symbols: []string{"X"}, From: start, Cash: pitwall.Int(500), Terms: terms,
		Books: []sim.Book{{Name: "a", Cash: pitwall.Int(1000), Terms: terms}, {Name: "b", Cash: pitwall.Int(1000), Terms: terms}}, Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	return v
}

func next(t *testing.T, v *sim.Venue) {
	t.Helper()
	_, err := v.Next(t.Context(), v.Now())
	require.NoError(t, err)
}

func order(id string, side pitwall.Side, qty int64) pitwall.Order {
	return pitwall.Order{ID: id, Symbol: "X", Side: side, Type: pitwall.MarketOrder, Qty: pitwall.Int(qty), TIF: pitwall.GTC}
}

// A book shows its holder his own orders, fills and money, and no other's.
func TestBookShowsItsOwn(t *testing.T) {
	v := venue(t)
	a, b := fund.NewBook(v, v, "a", []string{"X"}), fund.NewBook(v, v, "b", []string{"X"})
	next(t, v)
	ctx := t.Context()
	sent, err := a.Submit(ctx, order("1", pitwall.Buy, 20))
	require.NoError(t, err)
	require.Nil(t, sent.Error)
	waits := order("2", pitwall.Sell, 5)
	waits.Type, waits.Limit = pitwall.LimitOrder, pitwall.Int(50)
	_, err = b.Submit(ctx, waits)
	require.NoError(t, err)
	next(t, v)
	for _, x := range []struct {
		book  *fund.Book
		fills int
		held  pitwall.Dec
		open  int
	}{{a, 1, pitwall.Int(20), 0}, {b, 0, 0, 1}} {
		fills, _, err := x.book.Fills(ctx, pitwall.Cursor{})
		require.NoError(t, err)
		require.Len(t, fills, x.fills)
		acc, err := x.book.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		require.Equal(t, []any{x.held, pitwall.Int(1000)}, []any{acc.Held("X"), acc.Start})
		open, err := x.book.Orders(ctx, pitwall.OrderQuery{Open: true})
		require.NoError(t, err)
		require.Len(t, open, x.open)
	}
	_, err = a.Cancel(ctx, "2")
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	_, err = a.Replace(ctx, "2", pitwall.Change{Limit: pitwall.Int(40)})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	_, err = a.Orders(ctx, pitwall.OrderQuery{ID: "2"})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	_, err = a.Submit(ctx, waits)
	require.Equal(t, pitwall.IdempotencyConflict, pitwall.CodeOf(err))
	_, err = b.Cancel(ctx, "2")
	require.NoError(t, err)
	foreign := order("3", pitwall.Buy, 1)
	foreign.Symbol = "Y"
	state, err := a.Submit(ctx, foreign)
	require.NoError(t, err)
	require.Equal(t, pitwall.Rejected, state.Status)
}

// The sum nets what its books hold; an order that only reduces counts in full where they
// hold opposite sides.
func TestSumNets(t *testing.T) {
	v := venue(t)
	ctx := context.Background()
	sum := fund.NewSum(v, v, []string{"main", "a", "b"}, pitwall.Int(2500))
	next(t, v)
	for _, x := range []struct {
		id, book string
		side     pitwall.Side
		qty      int64
	}{{"1", "a", pitwall.Buy, 30}, {"2", "b", pitwall.Sell, 10}} {
		o := order(x.id, x.side, x.qty)
		o.Book = x.book
		_, err := sum.Submit(ctx, o)
		require.NoError(t, err)
	}
	closes := pitwall.OrderState{Order: order("3", pitwall.Sell, 30)}
	closes.ReduceOnly = true
	require.True(t, sum.Counts(ctx)(closes).ReduceOnly)
	next(t, v)
	require.False(t, sum.Counts(ctx)(closes).ReduceOnly)
	next(t, v)
	next(t, v) // 12
	require.NoError(t, sum.Move(ctx, v.Now()))
	a, err := sum.Account(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.Int(2500), pitwall.Int(2540), pitwall.Int(2300), pitwall.Int(20), pitwall.Int(40), pitwall.Int(240)},
		[]any{a.Start, a.Equity, a.Cash, a.Held("X"), a.Unrealized, a.Positions[0].Notional})
	require.Equal(t, pitwall.Int(2540), a.PeakEquity)
	require.Equal(t, "a 14.17 %, b -4.72 %", sum.Holders(ctx, "X"))
	list, err := sum.Orders(ctx, pitwall.OrderQuery{Book: "a"})
	require.NoError(t, err)
	require.Len(t, list, 2)
	fills, _, err := sum.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Len(t, fills, 2)
	_, err = fund.Whole{Fund: sum}.Submit(ctx, order("9", pitwall.Buy, 1))
	require.Equal(t, pitwall.NotAllowed, pitwall.CodeOf(err))
}
