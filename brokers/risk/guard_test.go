package risk_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
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

// Reads are the broker's.
func TestGuardPassesReads(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 5})
	d.rest(t, named("o", b("A", "1")))
	d.venue.fills = []pitwall.Fill{{ID: "f"}}
	orders, err := d.Guard.Orders(t.Context(), pitwall.OrderQuery{ID: "o"})
	require.NoError(t, err)
	require.Len(t, orders, 1)
	list, next, err := d.Guard.Fills(t.Context(), pitwall.Cursor{})
	require.NoError(t, err)
	require.Equal(t, []pitwall.Fill{{ID: "f"}}, list)
	require.Equal(t, int64(1), next.Seq)
	a, err := d.Guard.Account(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, d.cash, a.Equity)
}

// What must agree besides is asked after the limits, for orders and for changes that
// limits look at.
func TestBefore(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 5})
	var seen []string
	d.Guard.Before(func(_ context.Context, o pitwall.Order) *pitwall.Error {
		seen = append(seen, o.ID+" "+o.Qty.String())
		if o.Qty == n("4") {
			return pitwall.Errorf(pitwall.Halted, "no")
		}
		return nil
	})
	require.Equal(t, pitwall.Denied, d.submit(t, named("a", b("A", "6"))).Status)
	require.Equal(t, pitwall.Halted, d.submit(t, named("b", b("A", "4"))).Error.Code)
	require.Equal(t, pitwall.Working, d.submit(t, named("c", b("A", "3"))).Status)
	_, err := d.Guard.Replace(t.Context(), "c", pitwall.Change{Qty: n("4")})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err))
	require.Equal(t, []string{"b 4", "c 3", "c 4"}, seen)
	require.Equal(t, 1, d.sent)
	g := risk.New(d.venue, d.journal, d.clock, d.market, d.market, risk.NoLimits())
	g.Before(func(context.Context, pitwall.Order) *pitwall.Error { return pitwall.Errorf(pitwall.Halted, "no") })
	_, err = g.Replace(t.Context(), "c", pitwall.Change{Qty: n("9")})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err), "without limits too")
}

// later is a journal whose disk is full from some line on, and a broker that fails.
type later struct {
	pitwall.MemoryJournal
	left int
	err  error
}

func (l *later) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	if l.left--; l.left < 0 {
		return 0, l.err
	}
	return l.MemoryJournal.Append(ctx, e)
}

type failing struct {
	broker
	ctx error
}

func (f *failing) Submit(ctx context.Context, _ pitwall.Order) (pitwall.OrderState, error) {
	return pitwall.OrderState{}, errors.New("no route")
}

func (f *failing) Replace(ctx context.Context, _ string, _ pitwall.Change) (pitwall.OrderState, error) {
	f.ctx = ctx.Err()
	return pitwall.OrderState{}, nil
}

func (f *failing) Cancel(ctx context.Context, _ string) (pitwall.OrderState, error) {
	f.ctx = ctx.Err()
	return pitwall.OrderState{}, nil
}

// An outcome that cannot be written is said, with the state; the broker's own error goes
// before it. A caller that hangs up cuts no change or cancel in half.
func TestOutcomeThatCannotBeWritten(t *testing.T) {
	g := risk.New(&broker{}, &later{left: 1, err: errors.New("full")}, clock{}, nil, nil, risk.NoLimits())
	state, err := g.Submit(t.Context(), pitwall.Order{ID: "o"})
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	require.Equal(t, pitwall.Working, state.Status)
	require.Equal(t, "the journal could not be written", err.(*pitwall.Error).Message)
	j := &later{left: 2, err: errors.New("full")}
	_, err = risk.New(&failing{}, j, clock{}, nil, nil, risk.NoLimits()).Submit(t.Context(), pitwall.Order{ID: "o"})
	require.EqualError(t, err, "no route")
	require.Equal(t, "no route", j.Entries()[1].Note)
	require.Nil(t, j.Entries()[1].State)
	_, err = risk.New(&failing{}, &later{left: 1, err: errors.New("full")}, clock{}, nil, nil, risk.NoLimits()).Submit(t.Context(), pitwall.Order{ID: "o"})
	require.EqualError(t, err, "no route")
	_, err = risk.New(&broker{}, &later{err: syscall.ENOSPC}, clock{}, nil, nil, risk.NoLimits()).Submit(t.Context(), pitwall.Order{ID: "o"})
	require.Contains(t, err.(*pitwall.Error).Message, "the journal could not be written: ")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &failing{ctx: errors.New("not called")}
	g = risk.New(f, &pitwall.MemoryJournal{}, clock{}, nil, nil, risk.NoLimits())
	_, err = g.Replace(ctx, "o", pitwall.Change{})
	require.NoError(t, err)
	require.NoError(t, f.ctx)
	f.ctx = errors.New("not called")
	_, err = g.Cancel(ctx, "o")
	require.NoError(t, err)
	require.NoError(t, f.ctx)
}

// A change counts for pace like an order, and as what it would be.
func TestChangesArePaced(t *testing.T) {
	d := newDesk(t, limits{"max_orders": limits{"count": 2, "per": "1h"}, "duplicate_window": "1h"})
	require.Equal(t, pitwall.Working, d.submit(t, named("a", bl("A", "1", "90"))).Status)
	_, err := d.Guard.Replace(t.Context(), "a", pitwall.Change{Qty: n("2")})
	require.NoError(t, err)
	require.Equal(t, []string{"max_orders", "duplicate_window"}, codes(d.submit(t, named("b", bl("A", "2", "90")))), "the same as what the change made")
}

func TestSymbolsThatLimitsName(t *testing.T) {
	l, err := risk.Parse(limits{"allow": []any{"A", "B"}, "no_borrow": []any{"C"}, "max_order_qty": 1})
	require.NoError(t, err)
	require.Equal(t, []string{"A", "B", "C"}, l.Symbols())
	l.Allow = risk.Off[[]string]()
	require.Equal(t, []string{"C"}, l.Symbols())
}

// What is held back is neither recorded nor sent by the guard; it answers with the state
// or the error that it got.
func TestHold(t *testing.T) {
	d := newDesk(t, limits{"max_order_qty": 5})
	var held *pitwall.OrderState
	var fault error
	asked := 0
	d.Guard.Hold(func(context.Context, pitwall.Order) (*pitwall.OrderState, error) { asked++; return held, fault })
	require.Equal(t, pitwall.Denied, d.submit(t, b("A", "6")).Status)
	require.Zero(t, asked, "limits go before")
	held = &pitwall.OrderState{Status: pitwall.Held}
	require.Equal(t, *held, d.submit(t, b("A", "1")))
	require.Zero(t, d.sent)
	held, fault = nil, errors.New("no disk")
	_, err := d.Guard.Submit(t.Context(), b("A", "1"))
	require.EqualError(t, err, "no disk")
	require.Zero(t, d.sent)
	require.Len(t, d.journal.Entries(), 1, "the denial")
	fault = nil
	require.Equal(t, pitwall.Working, d.submit(t, b("A", "1")).Status)
	require.Equal(t, 1, d.sent)
	require.Equal(t, 3, asked)
}
