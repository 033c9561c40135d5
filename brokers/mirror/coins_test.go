package mirror_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// realized returns what the sale of an order realized by the journal.
func realized(t *testing.T, m pitwall.Broker, order string) pitwall.Dec {
	list, _, err := m.Fills(context.Background(), pitwall.Cursor{})
	require.NoError(t, err)
	for _, f := range list {
		if f.OrderID == order {
			return f.Realized
		}
	}
	t.Fatalf("no fill of %s", order)
	return 0
}

// A sale of coins at the price of their purchase lost its own fee, and that of the purchase;
// of coins that were all sold before the fee of the purchase showed, too.
func TestFeesOfCoinsAreLosses(t *testing.T) {
	ctx := context.Background()
	b, j := coins(t), &pitwall.MemoryJournal{}
	m := b.mirror(t, j)
	sync := func() {
		list, err := m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		require.Empty(t, list)
	}
	b.trade(t, j, "a", pitwall.Buy, pitwall.One)
	b.trade(t, j, "b", pitwall.Sell, pitwall.One-rate)
	b.coins = rate
	sync()
	require.Equal(t, -100*rate-(100*rate-rate/4), realized(t, m, "b"))
	b.trade(t, j, "c", pitwall.Buy, pitwall.One)
	sync()
	b.trade(t, j, "d", pitwall.Sell, pitwall.One)
	sync()
	require.Equal(t, -100*rate, realized(t, m, "d"), "nothing is left of the first purchase")
}

// Coins that differ by a fee alone are a fee when a person takes a deposit over: it is no gain.
func TestAdoptBesideAFee(t *testing.T) {
	ctx := context.Background()
	b, j := coins(t), &pitwall.MemoryJournal{}
	m := b.mirror(t, j)
	b.trade(t, j, "a", pitwall.Buy, pitwall.One)
	b.coins, b.money = rate, -pitwall.Int(1000)
	list, err := m.Adopt(ctx, b.Now())
	require.NoError(t, err)
	require.Len(t, list, 1)
	var flows []pitwall.CashFlow
	for _, e := range j.Entries() {
		if e.Flow != nil {
			flows = append(flows, *e.Flow)
		}
		if e.Fill != nil && e.Fill.Side == pitwall.Sell {
			require.Equal(t, "coin_fee", e.Fill.Rule)
		}
	}
	require.Equal(t, []pitwall.CashFlow{{Time: b.Now(), Symbol: "BTC/USD", Type: "coin_fee", Amount: -100 * rate}, {Time: b.Now(), Type: "external", Amount: pitwall.Int(1000)}}, flows)
}
