package risk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

type clock struct{}

func (clock) Now() time.Time { return time.Unix(1_700_000_000, 0).UTC() }
func (clock) Next(context.Context, time.Time) (time.Time, error) {
	return time.Time{}, errors.New("no")
}

// broker remembers what reached it, and whether its context was canceled then.
type broker struct {
	sent     []string
	canceled bool
	lookups  int // questions for one order's id
}

func (b *broker) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	b.sent = append(b.sent, "submit "+o.ID)
	b.canceled = ctx.Err() != nil
	return pitwall.OrderState{Order: o, Status: pitwall.Working}, nil
}
func (b *broker) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	b.sent = append(b.sent, "replace "+id)
	return pitwall.OrderState{Order: pitwall.Order{ID: id}, Status: pitwall.Working}, nil
}
func (b *broker) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	b.sent = append(b.sent, "cancel "+id)
	return pitwall.OrderState{}, pitwall.Errorf(pitwall.UnknownOrder, "no order %q", id)
}
func (b *broker) Orders(_ context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID != "" {
		b.lookups++
	}
	return nil, pitwall.Errorf(pitwall.UnknownOrder, "no order %q", q.ID)
}
func (b *broker) Fills(context.Context, pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return nil, pitwall.Cursor{}, nil
}
func (b *broker) Account(context.Context, string) (pitwall.Account, error) {
	return pitwall.Account{}, nil
}

// full is a journal on a full disk.
type full struct{ pitwall.MemoryJournal }

func (*full) Append(context.Context, pitwall.Entry) (int64, error) { return 0, errors.New("disk full") }

func TestIntentIsWrittenBeforeSending(t *testing.T) {
	b, j := &broker{}, &pitwall.MemoryJournal{}
	g := risk.New(b, j, clock{}, nil, nil, risk.NoLimits())
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a caller that hung up must not cut the order in half
	_, err := g.Submit(ctx, pitwall.Order{ID: "o1", Symbol: "A"})
	require.NoError(t, err)
	require.False(t, b.canceled)
	require.Equal(t, 1, b.lookups)
	_, err = g.Replace(ctx, "o1", pitwall.Change{Qty: pitwall.One})
	require.NoError(t, err)
	_, err = g.Cancel(ctx, "nope")
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	kinds := []string{}
	for _, e := range j.Entries() {
		kinds = append(kinds, string(e.Kind)+" "+e.Verb+" "+e.ID)
	}
	require.Equal(t, []string{"intent submit o1", "order  o1", "intent replace o1", "order  o1", "intent cancel nope", "order  nope"}, kinds)
	require.Contains(t, j.Entries()[5].Note, "UNKNOWN_ORDER")
}

func TestNoRecordNoOrder(t *testing.T) {
	b := &broker{}
	g := risk.New(b, &full{}, clock{}, nil, nil, risk.NoLimits())
	ctx := context.Background()
	_, err := g.Submit(ctx, pitwall.Order{ID: "o1"})
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	_, err = g.Cancel(ctx, "o1")
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	_, err = g.Replace(ctx, "o1", pitwall.Change{})
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	require.Empty(t, b.sent)
}

func TestZeroLimitsRefuse(t *testing.T) {
	b := &broker{}
	g := risk.New(b, &pitwall.MemoryJournal{}, clock{}, nil, nil, risk.Limits{})
	state, err := g.Submit(context.Background(), pitwall.Order{ID: "o1"})
	require.NoError(t, err)
	require.Equal(t, pitwall.Denied, state.Status)
	require.Empty(t, b.sent)
	require.Equal(t, "no limits", risk.NoLimits().String())
	require.Equal(t, "nothing allowed", risk.Limits{}.String())
}

// Whatever the guard writes has the turn of the call that asked for it: what passes,
// what is denied, a change and a change that is denied, a cancel.
func TestEveryEntryHasItsTurn(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 5})
	turn := 0
	ctx := func() context.Context {
		turn++
		return pitwall.WithCause(t.Context(), pitwall.Cause{Turn: turn})
	}
	_, err := d.Guard.Submit(ctx(), named("denied", b("A", "6")))
	require.NoError(t, err)
	_, err = d.Guard.Submit(ctx(), named("x", bl("A", "5", "100")))
	require.NoError(t, err)
	_, err = d.Guard.Replace(ctx(), "x", pitwall.Change{Qty: n("6")})
	require.Equal(t, risk.MaxOrderQty, pitwall.CodeOf(err))
	_, err = d.Guard.Replace(ctx(), "x", pitwall.Change{Qty: n("4")})
	require.NoError(t, err)
	_, err = d.Guard.Cancel(ctx(), "x")
	require.NoError(t, err)
	var got []string
	for _, e := range d.journal.Entries() {
		got = append(got, fmt.Sprintf("%d %s %s %s", e.Turn, e.ID, e.Kind, e.Verb))
	}
	require.Equal(t, []string{"1 denied order ", "2 x intent submit", "2 x order ", "3 x order ", "4 x intent replace", "4 x order ", "5 x intent cancel", "5 x order "}, got)
}

// deaf is a venue that does not answer whether it has an order.
type deaf struct{ *venue }

func (deaf) Orders(context.Context, pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return nil, pitwall.Errorf(pitwall.Timeout, "no answer")
}

// While it cannot be read whether an order was sent before, nothing is sent and nothing is
// recorded: an order has one intent.
func TestNoSecondIntent(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 10})
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "10")).Status)
	lines := len(d.journal.Entries())
	g := risk.New(deaf{d.venue}, d.journal, d.clock, d.market, d.market, risk.NoLimits())
	_, err := g.Submit(t.Context(), b("A", "10"))
	require.EqualError(t, err, "whether order x was sent before is not known, so nothing was sent: TIMEOUT: no answer")
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err))
	require.Equal(t, 1, d.sent)
	require.Len(t, d.journal.Entries(), lines)
}
