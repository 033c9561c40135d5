package mirror_test

import (
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

// taking is a broker that takes fees out of what fills bring, and names those of sales later.
type taking struct {
	*sim.Venue
	coins, money pitwall.Dec
	flows        []pitwall.Entry
	since        time.Time // of the run
}

func (b *taking) CashFlows(context.Context) ([]pitwall.Entry, error) { return b.flows, nil }

func (b *taking) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := b.Venue.Account(ctx, book)
	a.Cash -= b.money
	for i := range a.Positions {
		a.Positions[i].Qty -= b.coins
	}
	if len(a.Positions) == 1 && a.Positions[0].Qty == 0 {
		a.Positions = nil
	}
	return a, err
}

// coins is a venue that trades one pair at 100.
func coins(t *testing.T) *taking {
	x := flat()
	x.Instrument.Symbol, x.Instrument.Kind, x.Instrument.Lot = "BTC/USD", pitwall.Crypto, 1
	v, err := sim.New(sim.Config{Source: source{x}, Symbols: []string{"BTC/USD"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(1_000_000),
		Rules: pitwall.Rules{VolumeShare: pitwall.One}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	_, err = v.Next(context.Background(), v.Now())
	require.NoError(t, err)
	return &taking{Venue: v}
}

// rate is the highest fee.
const rate = pitwall.One / 400

func (b *taking) mirror(t *testing.T, j pitwall.Journal) *mirror.Mirror {
	m, err := mirror.Open(context.Background(), mirror.Config{Broker: b, Journal: j, Since: b.since, Cash: pitwall.One / 100, Pause: func(context.Context) error { return nil },
		Fee: func(symbol string) pitwall.Dec { return map[string]pitwall.Dec{"BTC/USD": rate}[symbol] }}, b.Now())
	require.NoError(t, err)
	return m
}

func (b *taking) trade(t *testing.T, j pitwall.Journal, id string, side pitwall.Side, qty pitwall.Dec) {
	ctx := context.Background()
	o := pitwall.Order{ID: id, Symbol: "BTC/USD", Side: side, Type: pitwall.MarketOrder, Qty: qty, TIF: pitwall.GTC, Book: pitwall.MainBook}
	_, err := j.Append(ctx, pitwall.Entry{AsOf: b.Now(), Kind: pitwall.EntryIntent, Verb: "submit", ID: o.ID, Book: o.Book, Order: &o})
	require.NoError(t, err)
	s, err := b.Submit(ctx, o)
	require.NoError(t, err)
	require.Nil(t, s.Error)
	_, err = b.Next(ctx, b.Now())
	require.NoError(t, err)
}

// A fee up to the rate of what was traded is booked, one more is a difference; of coins as of
// money. What is booked too early is given back.
func TestFeesOfCoins(t *testing.T) {
	ctx := context.Background()
	for _, x := range []struct {
		coins, money pitwall.Dec
		differs      int
	}{{0, 0, 0}, {rate + 1, 0, 0}, {rate + 2, 0, 1}, {-1, 0, 1}, {0, 50*rate + pitwall.One/50, 0}, {0, 50*rate + pitwall.One/50 + 1, 1}, {rate, 30 * rate, 0}} {
		b, j := coins(t), &pitwall.MemoryJournal{}
		m := b.mirror(t, j)
		sync := func() []string {
			list, err := m.Sync(ctx, b.Now(), true)
			require.NoError(t, err)
			return list
		}
		b.trade(t, j, "a", pitwall.Buy, pitwall.One)
		b.coins = x.coins
		if x.money != 0 {
			require.Empty(t, sync())
			b.trade(t, j, "b", pitwall.Sell, pitwall.One/2)
			b.money = x.money
		}
		list := sync()
		require.Len(t, list, x.differs, "%+v: %v", x, list)
		if x.differs > 0 {
			continue
		}
		before := j.Last()
		require.Empty(t, sync())
		require.EqualValues(t, before+1, j.Last(), "booked once: one more mark")
		b.coins, b.money = 0, max(0, x.money-50*rate-pitwall.One/100) // but for what is no fee
		require.Empty(t, sync(), "what came late")
		var taken, money pitwall.Dec
		for _, e := range j.Entries() {
			if e.Fill != nil && e.Fill.Rule == "coin_fee" {
				taken += map[pitwall.Side]pitwall.Dec{pitwall.Buy: -1, pitwall.Sell: 1}[e.Fill.Side] * e.Fill.Qty
			}
			if e.Flow != nil && e.Flow.Type == "sale_fee" {
				money += e.Flow.Amount
			}
		}
		require.Zero(t, taken)
		require.Zero(t, money)
	}
}

// What the broker names of a sale's fee is no longer booked, and uses up what may be.
func TestFeesOfSalesAreNamedOnce(t *testing.T) {
	ctx := context.Background()
	for _, late := range []bool{false, true} {
		b, j := coins(t), &pitwall.MemoryJournal{}
		m := b.mirror(t, j)
		sync := func() []string {
			list, err := m.Sync(ctx, b.Now(), true)
			require.NoError(t, err)
			return list
		}
		b.trade(t, j, "a", pitwall.Buy, pitwall.One)
		require.Empty(t, sync())
		b.trade(t, j, "b", pitwall.Sell, pitwall.One/2)
		b.money = 50 * rate
		if late {
			require.Empty(t, sync())
		}
		b.flows = []pitwall.Entry{{ID: "f", Flow: &pitwall.CashFlow{Type: "cfee", Amount: -b.money}}}
		require.Empty(t, sync())
		b.money += pitwall.One/50 + 1
		require.Len(t, sync(), 1, "late %v", late)
	}
}

// A process that was killed between the two lines of a coin fee goes on where it was.
func TestFeeBetweenItsLines(t *testing.T) {
	ctx := context.Background()
	b, j, cut := coins(t), &pitwall.MemoryJournal{}, &pitwall.MemoryJournal{}
	m := b.mirror(t, j)
	b.trade(t, j, "a", pitwall.Buy, pitwall.Int(100))
	b.coins = 100 * rate
	_, err := m.Sync(ctx, b.Now(), false)
	require.NoError(t, err)
	for _, e := range j.Entries() {
		if e.Flow != nil {
			break
		}
		_, err := cut.Append(ctx, e)
		require.NoError(t, err)
	}
	require.Equal(t, j.Last()-1, cut.Last())
	list, err := b.mirror(t, cut).Sync(ctx, b.Now(), false)
	require.NoError(t, err)
	require.Empty(t, list)
	require.Equal(t, j.Entries()[j.Last()-1].Flow, cut.Entries()[cut.Last()-1].Flow)
}

// Random purchases and sales with fees up to the highest, named some days later or never,
// differ nowhere: in one process, and in one that begins with any line of the journal.
func TestFeesDifferNowhere(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(5, 6))
	b, j := coins(t), &pitwall.MemoryJournal{}
	m := b.mirror(t, j)
	var unnamed pitwall.Dec
	sawCoins, sawMoney, sawNamed := 0, 0, 0
	for i := range 300 {
		a, err := b.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		held, share := a.Held("BTC/USD"), rate*pitwall.Dec(r.IntN(101))/100
		var c pitwall.Calc
		if held > 0 && r.IntN(2) == 0 {
			qty := held
			if r.IntN(3) > 0 {
				qty = pitwall.Dec(1 + r.Int64N(int64(held)))
			}
			b.trade(t, j, fmt.Sprint("o", i), pitwall.Sell, qty)
			fee := c.Mul(c.Mul(qty, pitwall.Int(100)), share)
			b.money, unnamed, sawMoney = b.money+fee, unnamed+fee, sawMoney+1
		} else {
			qty := pitwall.Dec(1 + r.Int64N(int64(10*pitwall.One)))
			b.trade(t, j, fmt.Sprint("o", i), pitwall.Buy, qty)
			b.coins, sawCoins = b.coins+c.Mul(qty, share), sawCoins+1
		}
		if r.IntN(5) == 0 && unnamed > 0 { // the broker names what it took
			b.flows = append(b.flows, pitwall.Entry{ID: fmt.Sprint("f", i), Flow: &pitwall.CashFlow{Type: "cfee", Amount: -unnamed}})
			unnamed, sawNamed = 0, sawNamed+1
		}
		if r.IntN(4) == 0 { // killed: the journal ends anywhere behind the last intent
			cut := &pitwall.MemoryJournal{}
			list := j.Entries()
			last := len(list)
			for last > 0 && list[last-1].Kind != pitwall.EntryIntent {
				last--
			}
			_, err := m.Sync(ctx, b.Now(), false)
			require.NoError(t, err)
			list = j.Entries()
			for _, e := range list[:last+r.IntN(len(list)-last+1)] {
				_, err := cut.Append(ctx, e)
				require.NoError(t, err)
			}
			j = cut
			m = b.mirror(t, j)
		}
		list, err := m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		require.Empty(t, list, "step %d", i)
	}
	require.Positive(t, min(sawCoins, sawMoney, sawNamed))
}

// What the broker names after the start may be of a sale before it, beside one of the run: the
// first cash is without that fee already. It is counted once, and so is a later one.
func TestFeesOfSalesBeforeTheRun(t *testing.T) {
	ctx := context.Background()
	for _, sells := range []bool{false, true} {
		b, j := coins(t), &pitwall.MemoryJournal{}
		b.trade(t, &pitwall.MemoryJournal{}, "a", pitwall.Buy, pitwall.Int(10))
		b.trade(t, &pitwall.MemoryJournal{}, "b", pitwall.Sell, pitwall.Int(2))
		b.money, b.since = 200*rate, b.Now()
		m := b.mirror(t, j)
		sync := func() []string {
			list, err := m.Sync(ctx, b.Now(), true)
			require.NoError(t, err)
			return list
		}
		require.Empty(t, sync())
		sell := func(id string) {
			b.trade(t, j, id, pitwall.Sell, pitwall.One)
			b.money += 60 * rate
			require.Empty(t, sync())
		}
		fee := 200 * rate
		if sells {
			sell("c")
			fee += 60 * rate
		}
		name := func(id string, fee pitwall.Dec) {
			b.flows = append(b.flows, pitwall.Entry{ID: id, Flow: &pitwall.CashFlow{Type: "cfee", Amount: -fee}})
			require.Empty(t, sync(), "sells %v", sells)
		}
		name("f", fee)
		sell("d")
		name("g", 60*rate)
		b.money += pitwall.Int(3)
		require.Len(t, sync(), 1)
		b.money -= pitwall.Int(5)
		require.Len(t, sync(), 1, "money that no fee explains")
		for _, e := range j.Entries() {
			require.False(t, e.Flow != nil && (e.Flow.Transfer() || e.Flow.Type == "unexplained"))
		}
	}
}
