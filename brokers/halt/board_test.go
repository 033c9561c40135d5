package halt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
)

// board is a broker that says what a test put on it, and keeps what it is asked to do.
type board struct {
	positions        []pitwall.Position
	orders           []pitwall.OrderState
	accountErr, err  error // of Account, of Orders
	cancelErr        error
	stays            bool // a canceled order stays open
	canceled, placed []string
}

func (b *board) Account(ctx context.Context, _ string) (pitwall.Account, error) {
	return pitwall.Account{Positions: b.positions}, errors.Join(b.accountErr, ctx.Err())
}

func (b *board) Orders(ctx context.Context, q pitwall.OrderQuery) (list []pitwall.OrderState, err error) {
	for _, o := range b.orders {
		if (q.ID == "" || q.ID == o.ID) && (!q.Open || o.Status.Open()) && (q.Symbol == "" || q.Symbol == o.Symbol) {
			list = append(list, o)
		}
	}
	if b.err == nil && q.ID != "" && len(list) == 0 {
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "none")
	}
	return list, errors.Join(b.err, ctx.Err())
}

func (b *board) Submit(_ context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	b.placed = append(b.placed, fmt.Sprint(o.Side, o.Qty, o.Symbol))
	s := pitwall.OrderState{Order: o, Status: pitwall.Working}
	b.orders = append(b.orders, s)
	return s, nil
}

func (b *board) Cancel(_ context.Context, id string) (pitwall.OrderState, error) {
	b.canceled = append(b.canceled, id)
	if b.cancelErr == nil && !b.stays {
		b.orders = slices.DeleteFunc(b.orders, func(o pitwall.OrderState) bool { return o.ID == id })
	}
	return pitwall.OrderState{}, b.cancelErr
}

func (b *board) Replace(_ context.Context, id string, _ pitwall.Change) (pitwall.OrderState, error) {
	b.placed = append(b.placed, "replace "+id)
	return pitwall.OrderState{}, nil
}

func (b *board) Fills(context.Context, pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return nil, pitwall.Cursor{}, nil
}

func held(symbol string, qty int64) pitwall.Position {
	return pitwall.Position{Symbol: symbol, Qty: pitwall.Int(qty)}
}

func open(o pitwall.Order) pitwall.OrderState {
	return pitwall.OrderState{Order: o, Status: pitwall.Working}
}

// An order reduces when it cannot do more than close its position, whatever else is open.
func TestReduces(t *testing.T) {
	long, short := []pitwall.Position{held("A", 10)}, []pitwall.Position{held("A", -10)}
	with := func(o pitwall.Order, change func(*pitwall.Order)) pitwall.Order { change(&o); return o }
	sell, buy := order("x", pitwall.Sell, 10), order("x", pitwall.Buy, 10)
	for name, c := range map[string]struct {
		b      board
		o      pitwall.Order
		except string
		want   bool
	}{
		"all of it":           {board{positions: long}, sell, "", true},
		"one more":            {board{positions: long}, order("x", pitwall.Sell, 11), "", false},
		"more of it":          {board{positions: long}, order("x", pitwall.Buy, 1), "", false},
		"cover":               {board{positions: short}, buy, "", true},
		"more than cover":     {board{positions: short}, order("x", pitwall.Buy, 11), "", false},
		"nothing":             {board{positions: long}, order("x", pitwall.Sell, 0), "", false},
		"beside a sell":       {board{positions: long, orders: []pitwall.OrderState{open(order("o", pitwall.Sell, 1))}}, sell, "", false},
		"in place of a sell":  {board{positions: long, orders: []pitwall.OrderState{open(order("o", pitwall.Sell, 1))}}, sell, "o", true},
		"beside a buy":        {board{positions: long, orders: []pitwall.OrderState{open(order("o", pitwall.Buy, 1))}}, sell, "", true},
		"account unread":      {board{positions: long, accountErr: errors.New("no")}, sell, "", false},
		"orders unread":       {board{positions: long, err: errors.New("no")}, sell, "", false},
		"a bracket":           {board{positions: long}, with(sell, func(o *pitwall.Order) { o.Class = pitwall.Bracket }), "", false},
		"an entry with exits": {board{positions: long}, with(sell, func(o *pitwall.Order) { o.Class = pitwall.OTO }), "", false},
		"legs without a class": {board{positions: long}, with(sell, func(o *pitwall.Order) {
			o.Legs = []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: 1}, {Role: pitwall.StopLoss, Stop: 1}}
		}), "", false},
	} {
		require.Equal(t, c.want, halt.Reduces(context.Background(), &c.b, c.o, c.except), name)
	}
}

// A halted gate answers an order that the broker has, and denies what it does not say.
func TestHaltedGateAnswersWhatIsKnown(t *testing.T) {
	ctx, l := context.Background(), newLatch(t)
	require.NoError(t, l.Raise(raise(halt.Halt, "test")))
	known := &board{orders: []pitwall.OrderState{open(order("a", pitwall.Buy, 1))}}
	s, err := halt.NewGate(known, l).Submit(ctx, order("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.True(t, s.Repeated)
	known.err = errors.New("half an answer")
	s, err = halt.NewGate(known, l).Submit(ctx, order("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Denied, s.Status)
	s, err = halt.NewGate(empty{known}, l).Submit(ctx, order("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Denied, s.Status)
	require.Empty(t, known.placed)
}

// empty answers every question for orders with none and no error.
type empty struct{ *board }

func (empty) Orders(context.Context, pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return nil, nil
}

// Under reduce_only a change passes when it only makes a known order smaller, or leaves it.
func TestChangesUnderReduceOnly(t *testing.T) {
	ctx, l := context.Background(), newLatch(t)
	require.NoError(t, l.Raise(raise(halt.ReduceOnly, "test")))
	b := &board{orders: []pitwall.OrderState{open(order("a", pitwall.Buy, 5))}}
	change := func(b pitwall.Broker, c pitwall.Change) pitwall.Code {
		_, err := halt.NewGate(b, l).Replace(ctx, "a", c)
		if err == nil {
			return "sent"
		}
		return pitwall.CodeOf(err)
	}
	require.Equal(t, pitwall.Code("sent"), change(b, pitwall.Change{Qty: pitwall.Int(5)}))
	require.Equal(t, pitwall.Code("sent"), change(b, pitwall.Change{Qty: pitwall.Int(1)}))
	require.Equal(t, []string{"replace a", "replace a"}, b.placed)
	for _, c := range []pitwall.Change{{Qty: pitwall.Int(6)}, {}, {Qty: -pitwall.One}, {Qty: pitwall.One, Limit: pitwall.One}} {
		require.Equal(t, pitwall.Halted, change(b, c), "%v", c)
	}
	require.Equal(t, pitwall.Halted, change(empty{b}, pitwall.Change{Qty: pitwall.One}))
	b.err = errors.New("no")
	require.Equal(t, pitwall.Halted, change(b, pitwall.Change{Qty: pitwall.One}))
	require.Len(t, b.placed, 2)
}

// job is a flatten over a board and what it has journaled about itself.
func job(t *testing.T, level halt.Level, b pitwall.Broker) (*halt.Job, func() []string) {
	l, j := newLatch(t), &pitwall.MemoryJournal{}
	require.NoError(t, l.Raise(raise(level, "test")))
	now := func() time.Time { return at }
	return &halt.Job{Broker: b, Journal: j, Latch: l, Now: now, Host: now, Book: pitwall.MainBook, Instruments: crypto{}}, func() (notes []string) {
		for _, e := range j.Entries() {
			if e.Kind == pitwall.EntryHalt {
				notes = append(notes, e.Note)
			}
		}
		return notes
	}
}

// What the job journals are changes, each with what is left; a try that changes nothing is
// no line. A caller that gives up does not end what was begun.
func TestJobSaysWhatIsLeft(t *testing.T) {
	const since = " (cancel since 2024-03-04T15:00:00Z by test: test)"
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	b := &board{orders: []pitwall.OrderState{open(limit("a", pitwall.Buy, 1, 50)), open(limit("b", pitwall.Buy, 1, 50))}, stays: true}
	j, notes := job(t, halt.Cancel, b)
	for range 3 {
		done, err := j.Pass(gone)
		require.NoError(t, err)
		require.False(t, done)
	}
	require.Equal(t, []string{"cancel: 2 open orders (a, b)" + since}, notes())
	b.cancelErr = pitwall.Errorf(pitwall.OrderClosed, "it is filled")
	done, err := j.Pass(gone)
	require.NoError(t, err, "a closed order needs no cancel")
	require.False(t, done)
	b.cancelErr = pitwall.Errorf(pitwall.Timeout, "no answer")
	for range 2 {
		done, err = j.Pass(gone)
		require.EqualError(t, err, "canceling a: TIMEOUT: no answer\ncanceling b: TIMEOUT: no answer")
		require.False(t, done)
	}
	require.Equal(t, "cancel: 2 open orders (a, b): canceling a: TIMEOUT: no answer\ncanceling b: TIMEOUT: no answer"+since, notes()[1])
	b.cancelErr, b.err = nil, errors.New("no answer")
	done, err = j.Pass(gone)
	require.EqualError(t, err, "no answer")
	require.False(t, done)
	require.Equal(t, "cancel: open orders are not known: no answer"+since, notes()[2])
	b.err, b.stays = nil, false
	for range 2 {
		done, err = j.Pass(gone)
		require.NoError(t, err)
		require.True(t, done)
	}
	require.Equal(t, []string{"cancel: done, read back from the broker" + since}, notes()[3:])
}

// A position is closed once: not beside its own close, nor beside an order of its symbol
// that stays open; others are. What is held stays in what is left.
func TestJobClosesWhatNothingBlocks(t *testing.T) {
	ctx := context.Background()
	const since = " (flatten since 2024-03-04T15:00:00Z by test: test)"
	own := order("flatten-1-A", pitwall.Sell, 10)
	own.By.Principal = "halt"
	b := &board{positions: []pitwall.Position{held("A", 10), held("B", -5), held("C", 0), held("D", 1)}, stays: true,
		orders: []pitwall.OrderState{open(own), open(pitwall.Order{ID: "d", Symbol: "D", Side: pitwall.Buy, Qty: pitwall.One})}}
	j, notes := job(t, halt.Flatten, b)
	done, err := j.Pass(ctx)
	require.NoError(t, err)
	require.False(t, done)
	require.Equal(t, []string{"buy5B"}, b.placed)
	require.Equal(t, []string{"d"}, b.canceled, "its own close is not canceled")
	require.Equal(t, []string{"flatten: 2 open orders (flatten-1-A, d); 3 positions (10 A, -5 B, 1 D)" + since}, notes())
	b.positions, b.orders = b.positions[3:], nil
	done, err = j.Pass(ctx)
	require.NoError(t, err)
	require.False(t, done)
	require.Equal(t, []string{"buy5B", "sell1D"}, b.placed)
	require.Equal(t, "flatten: 1 positions (1 D)"+since, notes()[1])
	b.accountErr = errors.New("no answer")
	done, err = j.Pass(ctx)
	require.EqualError(t, err, "no answer")
	require.False(t, done)
	require.Equal(t, "flatten: positions are not known: no answer"+since, notes()[2])
	b.accountErr, b.positions, b.orders = nil, nil, nil
	done, err = j.Pass(ctx)
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, "flatten: done, read back from the broker"+since, notes()[3])
}

// An order that a model has given an id like that of a close is canceled, and keeps no
// position open.
func TestOnlyTheJobsOwnClosesStay(t *testing.T) {
	o := order("flatten-1", pitwall.Buy, 1)
	o.By.Principal = "local"
	b := &board{positions: []pitwall.Position{held("A", 10)}, orders: []pitwall.OrderState{open(o)}}
	j, _ := job(t, halt.Flatten, b)
	_, err := j.Pass(context.Background())
	require.NoError(t, err)
	require.Equal(t, []string{"flatten-1"}, b.canceled)
	require.Equal(t, []string{"sell10A"}, b.placed)
}

// hidden is a board whose open orders leave out closes that it answers for by id.
type hidden struct{ *board }

func (h hidden) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID == "" {
		return nil, nil
	}
	return h.board.Orders(ctx, q)
}

// strange knows no instrument.
type strange struct{ crypto }

func (strange) Instrument(string) (pitwall.Instrument, error) {
	return pitwall.Instrument{Kind: pitwall.Crypto}, errors.New("not here")
}

// The id of a close is of the first raise to flatten, its intent has all that a record
// needs, and what is known of it decides whether another is sent.
func TestCloseHasOneID(t *testing.T) {
	ctx := context.Background()
	b := &board{positions: []pitwall.Position{held("A", 10)}}
	j, _ := job(t, halt.Halt, hidden{b})
	j.Instruments = strange{}
	for n, level := range []halt.Level{halt.Flatten, halt.Cancel, halt.Flatten} {
		r := raise(level, fmt.Sprint("reason ", n))
		r.At = at.Add(time.Duration(n+1) * time.Hour)
		require.NoError(t, j.Latch.Raise(r))
	}
	for range 2 { // the second time it is open
		done, err := j.Pass(ctx)
		require.NoError(t, err)
		require.False(t, done)
	}
	const id = "flatten-20240304T160000-A-1"
	require.Equal(t, []string{"sell10A"}, b.placed)
	require.Equal(t, id, b.orders[0].ID)
	require.Equal(t, []any{pitwall.Day, "flatten: reason 0", true}, []any{b.orders[0].TIF, b.orders[0].Reason, b.orders[0].ReduceOnly})
	first := j.Journal.(*pitwall.MemoryJournal).Entries()[0]
	require.Equal(t, []any{pitwall.EntryIntent, "submit", id, pitwall.MainBook, at}, []any{first.Kind, first.Verb, first.ID, first.Book, first.AsOf})
	b.orders[0].Status, b.orders[0].Updated = pitwall.Canceled, at // it ended, and it is no later
	_, err := j.Pass(ctx)
	require.EqualError(t, err, "closing A: "+id+" is canceled; the next try is at a later time")
	b.orders[0].Updated = at.Add(-1)
	_, err = j.Pass(ctx)
	require.NoError(t, err)
	require.Equal(t, "flatten-20240304T160000-A-2", b.orders[1].ID)
	b.err = errors.New("no answer")
	_, err = j.Pass(ctx)
	require.EqualError(t, err, "closing A: whether "+id+" was sent is not known: no answer")
	j.Broker = empty{b}
	_, err = j.Pass(ctx)
	require.ErrorContains(t, err, "whether "+id+" was sent is not known")
	require.Len(t, b.placed, 2)
}
