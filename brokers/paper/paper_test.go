package paper_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/brokertest"
	"pitwall/brokers/halt"
	"pitwall/brokers/paper"
	"pitwall/brokers/risk"
	"pitwall/sim"
)

type source []*pitwall.Series

func (s source) Series() []*pitwall.Series { return s }
func (source) Actions() []pitwall.Action   { return nil }

var first = time.Date(2024, 1, 2, 9, 30, 0, 0, time.UTC)

// days are bars of one symbol; price gives each day's.
func days(n int, price func(day int) pitwall.Dec) (list []pitwall.Bar) {
	for d := range n {
		p, start := price(d), first.AddDate(0, 0, d)
		end := start.Add(6*time.Hour + 30*time.Minute)
		list = append(list, pitwall.Bar{Symbol: "A", Open: p, High: p + pitwall.One, Low: p - pitwall.One, Close: p, Volume: 1e6, Start: start, End: end, Known: end})
	}
	return list
}

func flat(int) pitwall.Dec { return pitwall.Int(100) }

func config(j pitwall.Journal) paper.Config {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Kind: pitwall.Equity, Lot: pitwall.One}, Size: 24 * time.Hour}
	return paper.Config{Sim: sim.Config{Source: source{s}, Symbols: []string{"A"}, From: first, Cash: pitwall.Int(20_000), Costs: pitwall.Costs{CommissionBps: pitwall.Int(10)},
		Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}, Journal: j}}
}

func harness(t *testing.T) (*paper.Venue, *pitwall.MemoryJournal, brokertest.Harness) {
	j := &pitwall.MemoryJournal{}
	v, err := paper.Open(context.Background(), config(j))
	require.NoError(t, err)
	bars := days(20, flat)
	step := func(t *testing.T) {
		n, err := v.Take(context.Background(), bars[:1])
		require.NoError(t, err)
		require.Equal(t, 1, n)
		bars = bars[1:]
	}
	step(t)
	return v, j, brokertest.Harness{Broker: v, Symbol: "A", Far: pitwall.Int(50), Step: step}
}

func TestPaperIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness { _, _, h := harness(t); return h })
}

func TestGuardedPaperIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		v, j, h := harness(t)
		l := halt.New(t.TempDir())
		h.Broker = risk.New(halt.NewGate(v, l), j, v, nil, nil, risk.NoLimits())
		return h
	})
}

// world is a paper world whose journal and bars may be cut off anywhere.
type world struct {
	*paper.Venue
	guard *risk.Guard
	j     pitwall.MemoryJournal
	kept  []pitwall.Bar
	at    []int // bars kept when each line of the journal was written
}

func (w *world) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	w.at = append(w.at, len(w.kept))
	return w.j.Append(ctx, e)
}
func (w *world) Last() int64 { return w.j.Last() }

// journal is a world as a pitwall.Journal.
type journal struct {
	*world
	*pitwall.MemoryJournal
}

func (j journal) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	return j.world.Append(ctx, e)
}
func (j journal) Last() int64 { return j.world.Last() }

func open(past []pitwall.Entry, kept []pitwall.Bar) (*world, error) {
	w := &world{kept: kept}
	for _, e := range past {
		if _, err := w.Append(context.Background(), e); err != nil {
			return nil, err
		}
	}
	j := journal{w, &w.j}
	c := config(j)
	c.Past, c.Bars = past, kept
	c.Keep = func(bars []pitwall.Bar) error { w.kept = append(slices.Clip(w.kept), bars...); return nil }
	var err error
	w.Venue, err = paper.Open(context.Background(), c)
	if err == nil {
		w.guard = risk.New(w.Venue, j, w.Venue, nil, nil, risk.NoLimits())
	}
	return w, err
}

// trade passes the bars that are left and sends the same orders at the same bars.
func (w *world) trade(t *testing.T, bars []pitwall.Bar) {
	ctx := pitwall.WithCause(context.Background(), pitwall.Cause{Turn: 1})
	if n := len(w.kept); n > 0 {
		w.orders(t, ctx, n-1) // those of the bar that was kept last, if they were not sent
	}
	for i := len(w.kept); i < len(bars); i++ {
		_, err := w.Take(ctx, bars[i:i+1])
		require.NoError(t, err)
		w.orders(t, ctx, i)
	}
}

func (w *world) orders(t *testing.T, ctx context.Context, day int) {
	send := func(o pitwall.Order) {
		_, err := w.guard.Submit(ctx, o)
		require.NoError(t, err)
	}
	id := fmt.Sprint("o", day)
	switch day % 4 {
	case 0:
		send(pitwall.Order{ID: id, Symbol: "A", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(5), TIF: pitwall.GTC, Class: pitwall.Bracket,
			Legs: []pitwall.Leg{{Role: pitwall.TakeProfit, Percent: pitwall.Int(3)}, {Role: pitwall.StopLoss, Percent: pitwall.Int(2)}}})
	case 1:
		send(pitwall.Order{ID: id, Symbol: "A", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.Int(98), Qty: pitwall.Int(3), TIF: pitwall.GTC})
	case 2:
		if list, err := w.Orders(ctx, pitwall.OrderQuery{ID: fmt.Sprint("o", day-1)}); err == nil && list[0].Status == pitwall.Working && list[0].Qty == pitwall.Int(3) {
			_, err := w.guard.Replace(ctx, list[0].ID, pitwall.Change{Qty: pitwall.Int(2)})
			require.NoError(t, err)
		}
	case 3:
		send(pitwall.Order{ID: id, Symbol: "A", Side: pitwall.Sell, Type: pitwall.MarketOrder, Qty: pitwall.Int(900), TIF: pitwall.Day}) // rejected
	}
}

// A world that is cut off after any line of its journal, between the intent and the
// order and inside a step too, goes on to the same digest.
func TestRestartReachesTheSameDigest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	at := pitwall.Int(100)
	bars := days(40, func(int) pitwall.Dec { at += pitwall.Int(r.Int64N(5) - 2); return at })
	whole, err := open(nil, nil)
	require.NoError(t, err)
	whole.trade(t, bars)
	want, lines := whole.Progress().Digest, whole.j.Entries()
	require.Greater(t, len(lines), 150)
	for cut := range len(lines) + 1 {
		kept := len(bars)
		if cut < len(lines) {
			kept = whole.at[cut] // a bar is kept before the line that it brings
		}
		w, err := open(slices.Clone(lines[:cut]), slices.Clone(bars[:kept]))
		require.NoError(t, err, cut)
		w.trade(t, bars)
		require.Equal(t, want, w.Progress().Digest, "cut after line %d", cut)
		fills := func(list []pitwall.Entry) (out []pitwall.Fill) {
			for _, e := range list {
				if e.Fill != nil {
					out = append(out, *e.Fill)
				}
			}
			return out
		}
		require.Equal(t, len(fills(lines)), len(fills(w.j.Entries())), "no fill is lost or written twice (cut after line %d)", cut)
		answered := map[string]bool{}
		for _, e := range w.j.Entries() {
			if e.Kind == pitwall.EntryOrder {
				answered[e.ID] = true
			}
		}
		for _, e := range w.j.Entries() {
			if e.Kind == pitwall.EntryIntent {
				require.True(t, answered[e.ID], "%s has an answer (cut after line %d)", e.ID, cut)
			}
		}
	}
}

// A journal that does not follow from its bars is refused.
func TestAChangedJournalIsRefused(t *testing.T) {
	bars := days(10, flat)
	w, err := open(nil, nil)
	require.NoError(t, err)
	w.trade(t, bars)
	lines := w.j.Entries()
	i := slices.IndexFunc(lines, func(e pitwall.Entry) bool { return e.Fill != nil })
	f := *lines[i].Fill
	f.Price++
	lines[i].Fill = &f
	_, err = open(lines, bars)
	require.ErrorContains(t, err, "does not follow from its bars")
	lines = w.j.Entries()
	_, err = open(lines, bars[:5])
	require.ErrorContains(t, err, "does not follow from its bars")
}

func TestTakeRefusesBadBars(t *testing.T) {
	_, _, h := harness(t)
	v := h.Broker.(*paper.Venue)
	before := v.Progress().Digest
	bars := days(5, flat)
	other := bars[1]
	other.Symbol = "B"
	bad := bars[1]
	bad.High = 1
	for _, b := range []pitwall.Bar{other, bad, bars[0]} {
		_, err := v.Take(context.Background(), []pitwall.Bar{bars[1], b})
		require.Error(t, err)
	}
	require.Equal(t, before, v.Progress().Digest)
	require.Equal(t, 1, v.Source().Series()[0].Len(), "nothing of a refused batch stays")
}

// Bars that come one by one fill as bars that were there from the start.
func TestGrowingIsTheBacktest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	at := pitwall.Int(100)
	bars := days(60, func(int) pitwall.Dec { at += pitwall.Int(r.Int64N(5) - 2); return at })
	grown, err := open(nil, nil)
	require.NoError(t, err)
	grown.trade(t, bars)
	c := config(&pitwall.MemoryJournal{}).Sim
	for _, b := range bars {
		require.NoError(t, c.Source.Series()[0].Append(b))
	}
	got, err := sim.Repeat(c, grown.j.Entries())
	require.NoError(t, err)
	require.Equal(t, grown.Progress().Digest, got)
}
