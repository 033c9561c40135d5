package mirror_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
)

// paying is a broker that lists money which moved without an order.
type paying struct {
	*tampered
	flows []pitwall.Entry
	lost  pitwall.Dec
}

func (b *paying) CashFlows(context.Context) ([]pitwall.Entry, error) { return b.flows, nil }

func (b *paying) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := b.tampered.Account(ctx, book)
	a.Equity += b.cash - b.lost
	return a, err
}

// A deposit hides no loss from the limits on losses, a withdrawal is none, and a dividend
// is a gain.
func TestTransfersAreNoGain(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		kind   string
		amount int64
		loss   string // of the day, in percent; empty = none
	}{{"csd", 50_000, "10"}, {"csw", -50_000, "10"}, {"jnlc", 1000, "10"}, {"div", 50_000, ""}, {"csd", 0, "10"}} {
		d := newDesk(t)
		b := &paying{tampered: d.b}
		m, err := mirror.Open(ctx, mirror.Config{Broker: b, Journal: &pitwall.MemoryJournal{}, Since: b.Now().Add(1), Pause: func(context.Context) error { return nil }}, b.Now())
		require.NoError(t, err)
		_, err = m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		before, err := m.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		b.flows = []pitwall.Entry{{ID: "f", Flow: &pitwall.CashFlow{Type: c.kind, Amount: pitwall.Int(c.amount)}}}
		b.cash, b.lost = pitwall.Int(c.amount), pitwall.Int(10_000)
		list, err := m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		require.Empty(t, list)
		a, err := m.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		transfer := pitwall.Int(c.amount)
		if c.kind == "div" {
			transfer = 0
		}
		require.Equal(t, []pitwall.Dec{before.Start + transfer, before.DayEquity + transfer, before.DayBalance + transfer},
			[]pitwall.Dec{a.Start, a.DayEquity, a.DayBalance}, "%+v", c)
		if c.kind != "div" {
			require.Equal(t, before.PeakEquity+transfer, a.PeakEquity)
		}
		limits, err := risk.Parse(map[string]any{"max_daily_loss_percent": 5})
		require.NoError(t, err)
		failures := limits.Check(pitwall.Order{ID: "x", Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One}, risk.Snapshot{Account: &a, Open: []pitwall.OrderState{},
			Instruments: map[string]pitwall.Instrument{"AAPL": {Symbol: "AAPL"}}})
		require.Len(t, failures, map[bool]int{true: 0, false: 1}[c.loss == ""], "%+v", c)
	}
}

// split is a broker whose account is that of a split: other quantities at other prices, and
// the same equity.
type split struct {
	*tampered
	by pitwall.Dec // 2 doubles the shares
}

func (b *split) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := b.tampered.Account(ctx, book)
	var c pitwall.Calc
	for i := range a.Positions {
		p := &a.Positions[i]
		p.Qty, p.Last = c.Mul(p.Qty, b.by), c.Div(p.Last, b.by)
	}
	return a, err
}

// Taking over a split moves no mark, and hides no loss. Cash alone is put in.
func TestAdoptedSplitIsNoTransfer(t *testing.T) {
	ctx := context.Background()
	for _, by := range []string{"0.1", "2"} {
		d := newDesk(t)
		ratio, err := pitwall.ParseDec(by)
		require.NoError(t, err)
		b := &split{tampered: d.b, by: pitwall.One}
		m, err := mirror.Open(ctx, mirror.Config{Broker: b, Journal: &pitwall.MemoryJournal{}, Since: b.Now().Add(1), Pause: func(context.Context) error { return nil }}, b.Now())
		require.NoError(t, err)
		_, err = m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		before, err := m.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		b.by = ratio
		taken, err := m.Adopt(ctx, b.Now())
		require.NoError(t, err)
		require.Len(t, taken, 1, "the position")
		after, err := m.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		require.Equal(t, before.Equity, after.Equity)
		require.Equal(t, []any{before.Start, before.Marks}, []any{after.Start, after.Marks}, by)
		list, err := m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		require.Empty(t, list)
		b.cash = pitwall.Int(5_000)
		_, err = m.Adopt(ctx, b.Now())
		require.NoError(t, err)
		after, err = m.Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		require.Equal(t, []pitwall.Dec{before.Start + pitwall.Int(5_000), before.DayEquity + pitwall.Int(5_000)}, []pitwall.Dec{after.Start, after.DayEquity}, "put in")
	}
}

// Money that moved before the run is in its first cash, and counts as 0; what moves later is
// journaled once, each with its id, at the time it was seen.
func TestFlowsAreJournaledOnce(t *testing.T) {
	ctx := context.Background()
	d, j := newDesk(t), &pitwall.MemoryJournal{}
	flow := func(id string, amount int64) pitwall.Entry {
		return pitwall.Entry{ID: id, Flow: &pitwall.CashFlow{Type: "div", Symbol: "AAPL", Amount: pitwall.Int(amount)}}
	}
	b := &paying{tampered: d.b, flows: []pitwall.Entry{flow("old", 7), flow("older", 8)}}
	open := func() *mirror.Mirror {
		m, err := mirror.Open(ctx, mirror.Config{Broker: b, Journal: j, Since: b.Now().Add(1), Pause: func(context.Context) error { return nil }}, b.Now())
		require.NoError(t, err)
		return m
	}
	m := open()
	require.Empty(t, m.Flows(time.Time{}))
	b.flows = append(b.flows, flow("one", 20), flow("two", 30))
	b.cash = pitwall.Int(50)
	for range 2 {
		list, err := m.Sync(ctx, b.Now(), true)
		require.NoError(t, err)
		require.Empty(t, list)
		m = open() // what is paid is in the journal
	}
	var lines []string
	for _, e := range j.Entries() {
		if e.Kind == pitwall.EntryCash {
			lines = append(lines, fmt.Sprint(e.ID, " ", e.Flow.Type, " ", e.Flow.Amount, " ", e.Flow.Time.Equal(b.Now())))
		}
	}
	require.Equal(t, []string{"old div 0 true", "older div 0 true", "one div 20 true", "two div 30 true"}, lines)
	require.Len(t, m.Flows(time.Time{}), 2)
	require.Equal(t, pitwall.Int(100_000), m.Start(), "a dividend is no money put in")
}
