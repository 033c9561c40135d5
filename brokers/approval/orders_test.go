package approval_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
)

// approve sends an order, approves it and lets it go.
func (r *room) approve(t *testing.T, o pitwall.Order) {
	r.send(t, o)
	r.decide(t, r.told[len(r.told)-1].Hash, true)
	r.work(t)
	require.Equal(t, 1, r.sent(t, o.ID))
}

// deny sends an order, denies it and lets it end.
func (r *room) deny(t *testing.T, o pitwall.Order) {
	r.send(t, o)
	r.decide(t, r.told[len(r.told)-1].Hash, false)
	r.work(t)
}

// Each change that makes an entry bigger or moves one of its prices needs a person; one that
// leaves both as they are does not.
func TestEachChange(t *testing.T) {
	n, ctx := pitwall.Int, context.Background()
	for name, x := range map[string]struct {
		kind   pitwall.OrderType
		set    func(*pitwall.Order)
		change pitwall.Change
		needs  bool
	}{
		"as big":            {pitwall.LimitOrder, func(o *pitwall.Order) { o.Limit = n(50) }, pitwall.Change{Qty: n(10)}, false},
		"bigger":            {pitwall.LimitOrder, func(o *pitwall.Order) { o.Limit = n(50) }, pitwall.Change{Qty: n(10) + 1}, true},
		"the same limit":    {pitwall.LimitOrder, func(o *pitwall.Order) { o.Limit = n(50) }, pitwall.Change{Qty: n(9), Limit: n(50)}, false},
		"another limit":     {pitwall.LimitOrder, func(o *pitwall.Order) { o.Limit = n(50) }, pitwall.Change{Limit: n(49)}, true},
		"the same stop":     {pitwall.StopOrder, func(o *pitwall.Order) { o.Stop = n(150) }, pitwall.Change{Qty: n(9), Stop: n(150)}, false},
		"another stop":      {pitwall.StopOrder, func(o *pitwall.Order) { o.Stop = n(150) }, pitwall.Change{Stop: n(151)}, true},
		"another trail":     {pitwall.TrailingStop, func(o *pitwall.Order) { o.Trail = n(20) }, pitwall.Change{Trail: n(21)}, true},
		"another trail (%)": {pitwall.TrailingStop, func(o *pitwall.Order) { o.TrailPercent = n(20) }, pitwall.Change{TrailPercent: n(21)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, approval.Entries)
			o := order("in", pitwall.Buy, 10)
			o.Type = x.kind
			x.set(&o)
			r.approve(t, o)
			_, err := r.Replace(ctx, "in", x.change)
			if !x.needs {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, "APPROVAL_NEEDED: a change that makes order in bigger or moves its price needs a person; cancel it and send another one, which a person can approve")
		})
	}
}

// An exit's price may move before its entry fills and after, its size may not grow; where all
// orders wait, it may not move either. Without approvals the venue alone decides.
func TestChangesOfExits(t *testing.T) {
	n, ctx := pitwall.Int, context.Background()
	for name, x := range map[string]struct {
		orders string
		filled bool
		change pitwall.Change
		needs  bool
	}{
		"moved":                  {approval.Entries, false, pitwall.Change{Stop: n(41)}, false},
		"moved, as big":          {approval.Entries, false, pitwall.Change{Stop: n(41), Qty: n(10)}, false},
		"bigger":                 {approval.Entries, false, pitwall.Change{Stop: n(41), Qty: n(11)}, true},
		"moved after the fill":   {approval.Entries, true, pitwall.Change{Stop: n(41)}, false},
		"bigger after the fill":  {approval.Entries, true, pitwall.Change{Qty: n(11)}, true},
		"all wait":               {approval.All, true, pitwall.Change{Stop: n(41)}, true},
		"all wait, and as it is": {approval.All, true, pitwall.Change{Stop: n(40), Qty: n(10)}, false},
		"none wait":              {"", true, pitwall.Change{Stop: n(41)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, approval.All)
			o := order("in", pitwall.Buy, 10)
			o.Legs = []pitwall.Leg{{Role: pitwall.StopLoss, Stop: n(40)}}
			o.Class = pitwall.OTO
			if !x.filled {
				o.Type, o.Limit = pitwall.LimitOrder, n(50)
			}
			r.approve(t, o)
			r.step(t)
			r.orders = x.orders
			r.start(t)
			_, err := r.Replace(ctx, "in.sl", x.change)
			require.Equal(t, x.needs, pitwall.CodeOf(err) == approval.Needed, "%v", err)
		})
	}
	r := newRoom(t, approval.Entries)
	_, err := r.Replace(ctx, "none", pitwall.Change{Qty: n(1)})
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	r.send(t, order("one", pitwall.Buy, 10))
	_, err = r.Replace(ctx, "one", pitwall.Change{Qty: n(1)})
	require.EqualError(t, err, "APPROVAL_NEEDED: order one waits for a person; cancel it and send another one")
}

// A cancel withdraws what waits, and passes to the broker what was sent or may have been.
func TestCancels(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, approval.Entries)
	r.under = &faulty{}
	r.start(t)
	o := order("sent", pitwall.Buy, 10)
	o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(50)
	r.approve(t, o)
	r.send(t, order("one", pitwall.Buy, 20))
	s, err := r.Cancel(ctx, "sent")
	require.NoError(t, err)
	require.Equal(t, []any{"sent", pitwall.Canceled, ""}, []any{s.ID, s.Status, s.Note})
	_, err = r.Cancel(ctx, "none")
	require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err))
	r.full = true
	_, err = r.Cancel(pitwall.WithCaller(ctx, pitwall.Caller{Principal: "model"}), "one")
	require.Equal(t, pitwall.JournalFailed, pitwall.CodeOf(err))
	require.Equal(t, 1, r.Waiting(), "no record, no change")
	r.full = false
	s, err = r.Cancel(pitwall.WithCaller(ctx, pitwall.Caller{Principal: "model"}), "one")
	require.NoError(t, err)
	require.Equal(t, "it was withdrawn before it was sent", s.Note)
	require.Equal(t, r.venue.Now(), s.Updated)
	require.Equal(t, s, r.status(t, "one"), "what became of it can be asked")
	all := entries(t, r.journal)
	last := all[len(all)-1]
	require.Equal(t, []any{pitwall.EntryApproval, "withdraw", "one", "model"}, []any{last.Kind, last.Verb, last.ID, last.By.Principal})
	r.send(t, order("two", pitwall.Buy, 30))
	r.decide(t, r.told[2].Hash, true)
	r.under.err = pitwall.Errorf(pitwall.Timeout, "no")
	r.work(t)
	require.Equal(t, 1, r.Waiting(), "approved, and not known to be sent")
	s, err = r.Cancel(ctx, "two")
	require.NoError(t, err, "the broker does not have it")
	require.Equal(t, []any{"two", pitwall.Canceled}, []any{s.ID, s.Status})
	require.Zero(t, r.Waiting())
	r.under.err = nil
	r.send(t, order("three", pitwall.Buy, 40))
	r.decide(t, r.told[3].Hash, true)
	r.under.err, r.under.sends = pitwall.Errorf(pitwall.Timeout, "no"), true
	r.work(t)
	require.Equal(t, 1, r.Waiting(), "and this one was sent")
	s, err = r.Cancel(ctx, "three")
	require.NoError(t, err)
	require.Equal(t, []any{"three", pitwall.Canceled, ""}, []any{s.ID, s.Status, s.Note})
	require.Equal(t, 1, r.Waiting(), "until the broker has answered for it")
	r.under.err = nil
	r.work(t)
	r.start(t)
	require.Equal(t, []int{0, 0, 1}, []int{r.Waiting(), r.sent(t, "two"), r.sent(t, "three")})
}

// ids are those of a list of orders.
func (r *room) ids(t *testing.T, q pitwall.OrderQuery) (list string) {
	orders, err := r.Orders(context.Background(), q)
	require.NoError(t, err)
	for _, s := range orders {
		list += s.ID + " " + string(s.Status) + ", "
	}
	return list
}

// Orders that wait are listed as open by symbol and book; those that were never sent by their
// id, the newest under it, or by when they ended.
func TestOrdersThatWaitAndEnded(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, approval.Entries)
	resting := order("sent", pitwall.Buy, 10)
	resting.Type, resting.Limit = pitwall.LimitOrder, pitwall.Int(50)
	r.approve(t, resting)
	r.deny(t, order("no", pitwall.Buy, 5))
	r.deny(t, order("not", pitwall.Buy, 6))
	r.send(t, order("one", pitwall.Buy, 20))
	noBook := order("bare", pitwall.Buy, 30)
	noBook.Book = ""
	s, err := r.Hold(ctx, noBook)
	require.NoError(t, err)
	require.Equal(t, pitwall.Awaiting, s.Status)
	now := r.venue.Now()
	for _, x := range []struct {
		q    pitwall.OrderQuery
		want string
	}{
		{pitwall.OrderQuery{}, "sent working, one awaiting_approval, bare awaiting_approval, "},
		{pitwall.OrderQuery{Open: true}, "sent working, one awaiting_approval, bare awaiting_approval, "},
		{pitwall.OrderQuery{Symbol: "A"}, "sent working, one awaiting_approval, bare awaiting_approval, "},
		{pitwall.OrderQuery{Symbol: "B"}, ""},
		{pitwall.OrderQuery{Book: pitwall.MainBook}, "sent working, one awaiting_approval, bare awaiting_approval, "},
		{pitwall.OrderQuery{Book: "other"}, "bare awaiting_approval, "},
		{pitwall.OrderQuery{ID: "one"}, "one awaiting_approval, "},
		{pitwall.OrderQuery{ID: "no"}, "no denied, "},
		{pitwall.OrderQuery{ID: "sent"}, "sent working, "},
		{pitwall.OrderQuery{After: now.Add(-time.Second)}, "sent working, no denied, not denied, "},
		{pitwall.OrderQuery{After: now.Add(-time.Second), Symbol: "B"}, ""},
		{pitwall.OrderQuery{After: now.Add(time.Second)}, ""},
	} {
		got := r.ids(t, x.q)
		require.Equal(t, x.want, got, "%+v", x.q)
	}
	for _, q := range []pitwall.OrderQuery{{ID: "none"}, {ID: "no", Open: true}} {
		list, err := r.Orders(ctx, q)
		require.Equal(t, pitwall.UnknownOrder, pitwall.CodeOf(err), "%+v %v", q, list)
	}
	r.send(t, order("no", pitwall.Buy, 7))
	require.Equal(t, "no awaiting_approval, ", r.ids(t, pitwall.OrderQuery{ID: "no"}), "what waits now goes before what ended")
	r.now = r.now.Add(approval.Window + 1)
	r.work(t)
	require.Equal(t, approval.Lapsed, r.status(t, "no").Error.Code, "the newest")
	r.approve(t, order("no", pitwall.Buy, 8))
	require.Equal(t, pitwall.Working, r.status(t, "no").Status, "what was sent goes before what ended")
}

// A list that cannot be read is an error, whatever waits.
func TestOrdersThatCannotBeRead(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, approval.Entries)
	r.under = &faulty{}
	r.start(t)
	r.send(t, order("one", pitwall.Buy, 20))
	for _, code := range []pitwall.Code{pitwall.Timeout, pitwall.UnknownOrder} {
		r.under.reads = pitwall.Errorf(code, "no answer")
		_, err := r.Orders(ctx, pitwall.OrderQuery{})
		require.Equal(t, r.under.reads, err)
	}
	r.under.reads = pitwall.Errorf(pitwall.Timeout, "no answer")
	_, err := r.Orders(ctx, pitwall.OrderQuery{ID: "one"})
	require.Equal(t, r.under.reads, err)
	_, err = r.Replace(ctx, "sent", pitwall.Change{Qty: pitwall.One})
	require.Equal(t, r.under.reads, err)
	r.under.reads = nil
	r.decide(t, r.told[0].Hash, true)
	r.under.err, r.under.empty = pitwall.Errorf(pitwall.DataError, "no"), true
	r.work(t)
	require.Equal(t, 1, r.Waiting(), "an empty list is no answer that the broker does not have it")
	r.under.empty = false
	r.work(t)
	require.Zero(t, r.Waiting())
	require.Equal(t, "it was approved, and could not be sent: DATA_ERROR: no; nothing was sent", r.status(t, "one").Error.Message)
}

// What the desk does not keep passes as it is.
func TestDeskPassesOn(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, approval.Entries)
	r.approve(t, order("in", pitwall.Buy, 10))
	r.step(t)
	fills, next, err := r.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	require.Len(t, fills, 1)
	again, _, err := r.Fills(ctx, next)
	require.NoError(t, err)
	require.Empty(t, again)
	a, err := r.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, []pitwall.Dec{pitwall.Int(10), pitwall.Int(99_000)}, []pitwall.Dec{a.Held("A"), a.Cash})
}

// Only the same order twice is the same: every field that a person judges by tells two apart.
func TestTheSameOrder(t *testing.T) {
	n, ctx := pitwall.Int, context.Background()
	first := order("one", pitwall.Buy, 10)
	first.Type, first.Limit, first.Stop = pitwall.StopLimit, n(130), n(120)
	for name, change := range map[string]func(*pitwall.Order){
		"symbol": func(o *pitwall.Order) { o.Symbol = "B" },
		"side":   func(o *pitwall.Order) { o.Side = pitwall.Sell },
		"qty":    func(o *pitwall.Order) { o.Qty = n(11) },
		"type":   func(o *pitwall.Order) { o.Type = pitwall.StopOrder },
		"limit":  func(o *pitwall.Order) { o.Limit = n(131) },
		"stop":   func(o *pitwall.Order) { o.Stop = n(121) },
	} {
		r := newRoom(t, approval.All)
		_, err := r.Hold(ctx, first)
		require.NoError(t, err)
		second := first
		second.ID = "two"
		_, err = r.Hold(ctx, second)
		require.EqualError(t, err, "APPROVAL_NEEDED: the same order waits for a person already: one; do not send it again; orders_status one says what became of it")
		change(&second)
		_, err = r.Hold(ctx, second)
		require.NoError(t, err, name)
		require.Equal(t, 2, r.Waiting(), name)
	}
}
