package approval_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/risk"
	"pitwall/cache/disk"
	"pitwall/sim"
)

// quote is a market with one price.
type quote struct{ price pitwall.Dec }

func (q *quote) Last(context.Context, string) (pitwall.Bar, error) {
	if q.price == 0 {
		return pitwall.Bar{}, errors.New("none")
	}
	return pitwall.Bar{Close: q.price}, nil
}

type source []*pitwall.Series

func (s source) Series() []*pitwall.Series { return s }
func (source) Actions() []pitwall.Action   { return nil }

// room is a venue whose orders wait for a person.
type room struct {
	*approval.Desk
	venue   *sim.Venue
	journal *pitwall.MemoryJournal
	market  *quote
	dir     string
	now     time.Time
	told    []approval.Order
	refuse  *pitwall.Error // what the guard says before it sends
	orders  string
	collar  pitwall.Dec
	full    bool    // the desk's lines cannot be written
	under   *faulty // between desk and guard; nil = nothing
}

// book is a room's journal as its desk writes it.
type book struct {
	*pitwall.MemoryJournal
	of *room
}

func (b book) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	if b.of.full {
		return 0, errors.New("no space")
	}
	return b.MemoryJournal.Append(ctx, e)
}

func newRoom(t *testing.T, orders string) *room {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Kind: pitwall.Equity, Lot: pitwall.One, Tick: pitwall.One / 100, Zone: time.UTC, Tradable: true}, Size: 24 * time.Hour}
	for day := range 50 {
		start, p := time.Date(2024, 1, 1+day, 14, 30, 0, 0, time.UTC), pitwall.Int(100)
		require.NoError(t, s.Append(pitwall.Bar{Open: p, High: p, Low: p, Close: p, Volume: 1e9, Start: start, End: start.Add(6 * time.Hour), Known: start.Add(6 * time.Hour)}))
	}
	r := &room{journal: &pitwall.MemoryJournal{}, market: &quote{pitwall.Int(100)}, dir: t.TempDir(), now: time.Date(2024, 1, 2, 21, 0, 0, 0, time.UTC), orders: orders, collar: approval.DefaultCollar}
	var err error
	r.venue, err = sim.New(sim.Config{Source: source{s}, Symbols: []string{"A"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(100_000), Rules: pitwall.Rules{VolumeShare: pitwall.One}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	r.step(t)
	r.start(t)
	return r
}

// start begins with the journal, as a process that starts again does.
func (r *room) start(t *testing.T) {
	var past []pitwall.Entry
	if r.journal.Last() > 0 {
		past = entries(t, r.journal)
	}
	g := risk.New(r.venue, r.journal, r.venue, nil, nil, risk.NoLimits())
	g.Before(func(context.Context, pitwall.Order) *pitwall.Error { return r.refuse })
	r.Desk = approval.New(approval.Config{Broker: r.over(g), Journal: book{r.journal, r}, Orders: r.orders, Collar: r.collar, Dir: r.dir, Now: func() time.Time { return r.now }, World: r.venue.Now, Market: r.market, Tell: func(o approval.Order) { r.told = append(r.told, o) }}, past)
	g.Hold(r.Hold)
}

func (r *room) over(g *risk.Guard) pitwall.Broker {
	if r.under == nil {
		return g
	}
	r.under.Broker = g
	return r.under
}

func entries(t *testing.T, j pitwall.Journal) (list []pitwall.Entry) {
	for e, err := range j.Follow(context.Background(), 1) {
		require.NoError(t, err)
		if list = append(list, e); e.Seq == j.Last() {
			return list
		}
	}
	return list
}

func (r *room) step(t *testing.T) {
	_, err := r.venue.Next(context.Background(), r.venue.Now())
	require.NoError(t, err)
}

func order(id string, side pitwall.Side, qty int64) pitwall.Order {
	return pitwall.Order{ID: id, Book: pitwall.MainBook, Symbol: "A", Side: side, Type: pitwall.MarketOrder, Qty: pitwall.Int(qty), TIF: pitwall.GTC, By: pitwall.Caller{Principal: "local"}, Reason: "a <b>reason</b>"}.WithDefaults()
}

func (r *room) send(t *testing.T, o pitwall.Order) pitwall.OrderState {
	s, err := r.Submit(context.Background(), o)
	require.NoError(t, err)
	return s
}

func (r *room) decide(t *testing.T, hash string, yes bool) {
	require.NoError(t, approval.Decide(disk.OS{}, r.dir, approval.Decision{Hash: hash, Approve: yes, By: "ann"}))
}

// sent is how often an order was about to be sent, by the journal.
func (r *room) sent(t *testing.T, id string) (n int) {
	for _, e := range entries(t, r.journal) {
		if e.Kind == pitwall.EntryIntent && e.Verb == "submit" && e.ID == id {
			n++
		}
	}
	return n
}

func (r *room) status(t *testing.T, id string) pitwall.OrderState {
	list, err := r.Orders(context.Background(), pitwall.OrderQuery{ID: id})
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

func (r *room) work(t *testing.T) { require.NoError(t, r.Work(context.Background())) }

// An order waits, is seen to wait, and is sent once when a person approves it.
func TestApproved(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, approval.Entries)
	s := r.send(t, order("one", pitwall.Buy, 10))
	require.Equal(t, pitwall.Awaiting, s.Status)
	require.Len(t, r.told, 1)
	require.NotContains(t, s.Note, r.told[0].Hash, "the model does not choose an id that looks like it")
	require.Equal(t, "buy 10 A market, gtc; last price 100", r.told[0].String())
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
	open, err := r.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Equal(t, "one", open[0].ID)
	again := r.send(t, order("one", pitwall.Buy, 10))
	require.True(t, again.Repeated)
	_, err = r.Submit(ctx, order("one", pitwall.Buy, 11))
	require.Equal(t, pitwall.IdempotencyConflict, pitwall.CodeOf(err))
	_, err = r.Submit(ctx, order("two", pitwall.Buy, 10))
	require.ErrorContains(t, err, "the same order waits for a person already: one")
	_, err = r.Replace(ctx, "one", pitwall.Change{Qty: pitwall.Int(20)})
	require.Equal(t, approval.Needed, pitwall.CodeOf(err))
	require.False(t, r.Ready(ctx))
	r.decide(t, r.told[0].Hash, true)
	require.True(t, r.Ready(ctx))
	require.ErrorIs(t, approval.Decide(disk.OS{}, r.dir, approval.Decision{Hash: r.told[0].Hash, Approve: true}), approval.ErrDecided)
	r.work(t)
	r.work(t)
	require.Equal(t, 1, r.sent(t, "one"))
	require.Equal(t, pitwall.Working, r.status(t, "one").Status)
	var by string
	for _, e := range entries(t, r.journal) {
		if e.Kind == pitwall.EntryApproval && e.Verb == "approve" {
			by = e.By.Principal
		}
	}
	require.Equal(t, "ann", by)
}

// What can only shrink a position does not wait, unless everything does; what would turn it
// does.
func TestExits(t *testing.T) {
	for _, x := range []struct {
		orders string
		qty    int64
		want   pitwall.Status
	}{{approval.Entries, 10, pitwall.Working}, {approval.Entries, 11, pitwall.Awaiting}, {approval.All, 10, pitwall.Awaiting}, {"", 11, pitwall.Working}} {
		r := newRoom(t, approval.Entries)
		r.send(t, order("in", pitwall.Buy, 10))
		r.decide(t, r.told[0].Hash, true)
		r.work(t)
		r.step(t)
		r.orders = x.orders
		r.start(t)
		o := order("out", pitwall.Sell, x.qty)
		o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(120)
		s, err := r.Submit(context.Background(), o)
		require.NoError(t, err)
		if x.orders == "" {
			require.NotEqual(t, pitwall.Awaiting, s.Status)
			continue
		}
		require.Equal(t, x.want, s.Status, "%+v", x)
		if x.want != pitwall.Working {
			continue
		}
		_, err = r.Replace(context.Background(), "out", pitwall.Change{Limit: pitwall.Int(110)})
		require.NoError(t, err, "an exit's price may move")
	}
}

// A change that a person would have to see is refused, of an entry that was approved.
func TestChanges(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, approval.Entries)
	o := order("in", pitwall.Buy, 10)
	o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(50)
	r.send(t, o)
	r.decide(t, r.told[0].Hash, true)
	r.work(t)
	for _, c := range []pitwall.Change{{Qty: pitwall.Int(11)}, {Limit: pitwall.Int(51)}} {
		_, err := r.Replace(ctx, "in", c)
		require.Equal(t, approval.Needed, pitwall.CodeOf(err), "%+v", c)
	}
	_, err := r.Replace(ctx, "in", pitwall.Change{Qty: pitwall.Int(9)})
	require.NoError(t, err, "smaller is fine")
}

// The limits and the halt say the last word.
func TestRefusedWhenSent(t *testing.T) {
	r := newRoom(t, approval.Entries)
	r.send(t, order("one", pitwall.Buy, 10))
	r.decide(t, r.told[0].Hash, true)
	r.refuse = pitwall.Errorf(pitwall.Halted, "halted")
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
	require.Equal(t, pitwall.Halted, r.status(t, "one").Error.Code)
	require.Zero(t, r.Waiting())
}

// The journal is the state: what waits goes on waiting, what was approved and not sent is
// sent once, and what was sent is not sent again.
func TestRestart(t *testing.T) {
	r := newRoom(t, approval.Entries)
	o := order("one", pitwall.Buy, 10)
	o.Legs = []pitwall.Leg{{Role: pitwall.StopLoss, Stop: pitwall.Int(90)}}
	o.Class, o.Confidence = pitwall.OTO, new(0.25)
	r.send(t, o)
	r.start(t)
	require.Equal(t, 1, r.Waiting())
	r.decide(t, r.told[0].Hash, true) // while no process runs
	_, err := r.journal.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryApproval, Verb: "approve", ID: "one"})
	require.NoError(t, err) // and it ended before the intent
	r.start(t)
	r.work(t)
	require.Equal(t, 1, r.sent(t, "one"))
	r.start(t)
	r.work(t)
	require.Equal(t, 1, r.sent(t, "one"))
	require.Zero(t, r.Waiting())
}

// An approval is of the order that was held: another one under its hash is not sent.
func TestBoundToTheOrder(t *testing.T) {
	r := newRoom(t, approval.Entries)
	r.send(t, order("one", pitwall.Buy, 10))
	w := r.told[0]
	w.Qty = pitwall.Int(1000)
	forged := &pitwall.MemoryJournal{}
	_, err := forged.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryApproval, Verb: "hold", ID: "one", Order: &w.Order, Approval: &w.Approval})
	require.NoError(t, err)
	r.journal = forged
	r.start(t)
	r.decide(t, w.Hash, true)
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
	require.Contains(t, r.status(t, "one").Error.Message, "is not the one of hash")
}

func TestWithdrawn(t *testing.T) {
	r := newRoom(t, approval.Entries)
	r.send(t, order("one", pitwall.Buy, 10))
	s, err := r.Cancel(context.Background(), "one")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, s.Status)
	r.decide(t, r.told[0].Hash, true)
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
	r.start(t)
	require.Zero(t, r.Waiting())
	for i := range int64(20) {
		r.send(t, order(fmt.Sprint(i), pitwall.Buy, 20+i))
	}
	_, err = r.Submit(context.Background(), order("", pitwall.Buy, 50))
	require.ErrorContains(t, err, "needs an id")
	_, err = r.Submit(context.Background(), order("more", pitwall.Buy, 50))
	require.ErrorContains(t, err, "20 orders wait for a person")
}
