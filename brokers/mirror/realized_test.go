package mirror_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/mirror"
	"pitwall/sim"
)

// unsaid is a broker whose fills do not say what they realized, as Alpaca's do not.
type unsaid struct{ *sim.Venue }

func (b unsaid) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	list, next, err := b.Venue.Fills(ctx, since)
	for i := range list {
		list[i].Realized = 0
	}
	return list, next, err
}

// What a fill realized is computed from the journal: that of the venue's own books, through
// random purchases, sales and turns of a position.
func TestFillsSayWhatTheyRealized(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(3, 4))
	x := flat()
	for i := range x.Open {
		p := x.Open[i] + pitwall.One/100*pitwall.Dec(r.IntN(4001)-2000)
		x.Open[i], x.High[i], x.Low[i], x.Close[i] = p, p, p, p
	}
	v, err := sim.New(sim.Config{Source: source{x}, Symbols: []string{"AAPL"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(1_000_000),
		Terms: pitwall.Terms{Type: pitwall.MarginAccount}, Rules: pitwall.Rules{VolumeShare: pitwall.One}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	_, err = v.Next(ctx, v.Now())
	require.NoError(t, err)
	j := &pitwall.MemoryJournal{}
	m, err := mirror.Open(ctx, mirror.Config{Broker: unsaid{v}, Journal: j, Pause: func(context.Context) error { return nil }}, v.Now())
	require.NoError(t, err)
	for i := range 300 {
		o := pitwall.Order{ID: fmt.Sprint("o", i), Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(int64(1 + r.IntN(50))), TIF: pitwall.GTC, Book: pitwall.MainBook}
		if r.IntN(2) == 0 {
			o.Side = pitwall.Sell
		}
		_, err := j.Append(ctx, pitwall.Entry{AsOf: v.Now(), Kind: pitwall.EntryIntent, Verb: "submit", ID: o.ID, Book: o.Book, Order: &o})
		require.NoError(t, err)
		_, err = m.Submit(ctx, o)
		require.NoError(t, err)
		_, err = v.Next(ctx, v.Now())
		require.NoError(t, err)
	}
	early, _, err := m.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	for _, f := range early {
		require.Zero(t, f.Realized, "not in the journal yet")
	}
	list, err := m.Sync(ctx, v.Now(), false)
	require.NoError(t, err)
	require.Empty(t, list)
	want, _, err := v.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	got, _, err := m.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Equal(t, want, got)
	kinds := map[int]bool{}
	for _, f := range got {
		kinds[cmp.Compare(f.Realized, 0)] = true
	}
	require.Len(t, kinds, 3)
}

// What entered without an order, such as the shares of a split, counts from its price then,
// and so does all of its symbol: a sale at that price is no loss.
func TestTakenOverCountsFromItsPrice(t *testing.T) {
	ctx, j := context.Background(), &pitwall.MemoryJournal{}
	d := newDesk(t) // bought 10 at 100
	for _, e := range d.j.Entries() {
		_, err := j.Append(ctx, e)
		require.NoError(t, err)
	}
	sale := pitwall.Fill{ID: "s@20", OrderID: "s", Symbol: "AAPL", Side: pitwall.Sell, Qty: pitwall.Int(20), Price: pitwall.Int(51)}
	for _, f := range []pitwall.Fill{{ID: "external:1", OrderID: "external:1", Symbol: "AAPL", Side: pitwall.Buy, Qty: pitwall.Int(10), Price: pitwall.Int(50)}, sale} {
		_, err := j.Append(ctx, pitwall.Entry{Kind: pitwall.EntryFill, ID: f.OrderID, Fill: &f})
		require.NoError(t, err)
	}
	m, err := mirror.Open(ctx, mirror.Config{Broker: one{d.b, sale}, Journal: j}, d.b.Now())
	require.NoError(t, err)
	got, _, err := m.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(20), got[0].Realized)
}

// one is a broker with one fill.
type one struct {
	pitwall.Broker
	fill pitwall.Fill
}

func (b one) Fills(context.Context, pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return []pitwall.Fill{b.fill}, pitwall.Cursor{}, nil
}
