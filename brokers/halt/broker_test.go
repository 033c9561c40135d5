package halt_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/brokertest"
	"pitwall/brokers/halt"
	"pitwall/sim"
)

// source is twenty flat days of one symbol at 100.
type source struct{ series *pitwall.Series }

func (s source) Series() []*pitwall.Series { return []*pitwall.Series{s.series} }
func (source) Actions() []pitwall.Action   { return nil }

func venue(t *testing.T, terms pitwall.Terms) (*sim.Venue, func(*testing.T)) {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Kind: pitwall.Equity, Lot: pitwall.One}, Size: 24 * time.Hour}
	for d := range 20 {
		p, start := pitwall.Int(100), time.Date(2024, 1, 2+d, 9, 30, 0, 0, time.UTC)
		end := start.Add(6*time.Hour + 30*time.Minute)
		require.NoError(t, s.Append(pitwall.Bar{Open: p, High: p, Low: p, Close: p, Volume: 1e6, Start: start, End: end, Known: end}))
	}
	v, err := sim.New(sim.Config{Source: source{s}, Symbols: []string{"A"}, From: time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(20_000),
		Terms: terms, Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	step := func(t *testing.T) {
		_, err := v.Next(context.Background(), v.Now())
		require.NoError(t, err)
	}
	step(t)
	return v, step
}

func TestGateIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Harness {
		v, step := venue(t, pitwall.Terms{})
		return brokertest.Harness{Broker: halt.NewGate(v, newLatch(t)), Symbol: "A", Far: pitwall.Int(50), Step: step}
	})
}

func order(id string, side pitwall.Side, qty int64) pitwall.Order {
	return pitwall.Order{ID: id, Symbol: "A", Side: side, Type: pitwall.MarketOrder, Qty: pitwall.Int(qty), TIF: pitwall.GTC}
}

func limit(id string, side pitwall.Side, qty, price int64) pitwall.Order {
	o := order(id, side, qty)
	o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(price)
	return o
}

// What each level sends: nothing above reduce_only, and there only what shrinks.
func TestLevels(t *testing.T) {
	ctx := context.Background()
	v, step := venue(t, pitwall.Terms{Type: pitwall.MarginAccount})
	l := newLatch(t)
	g := halt.NewGate(v, l)
	sent := func(o pitwall.Order) bool {
		s, err := g.Submit(ctx, o)
		require.NoError(t, err)
		if s.Status == pitwall.Denied {
			require.Equal(t, pitwall.Halted, s.Error.Code)
		}
		return s.Status != pitwall.Denied
	}
	require.True(t, sent(order("buy", pitwall.Buy, 10)))
	step(t)
	require.True(t, sent(limit("rests", pitwall.Sell, 4, 200)))
	require.NoError(t, l.Raise(raise(halt.ReduceOnly, "test")))
	require.False(t, sent(order("more", pitwall.Buy, 1)))
	require.False(t, sent(order("too much", pitwall.Sell, 7)), "4 of 10 are being sold already")
	require.True(t, sent(limit("all", pitwall.Sell, 6, 201)))
	require.False(t, sent(order("one over", pitwall.Sell, 1)))
	huge := order("huge", pitwall.Sell, 1)
	huge.Qty = 1<<63 - 1
	require.False(t, sent(huge), "a sum that overflows is not small")
	bracket := order("bracket", pitwall.Sell, 1)
	bracket.Class = pitwall.Bracket
	require.False(t, sent(bracket))
	_, err := g.Replace(ctx, "all", pitwall.Change{Qty: pitwall.Int(7)})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err))
	_, err = g.Replace(ctx, "all", pitwall.Change{Limit: pitwall.Int(150)})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err))
	_, err = g.Replace(ctx, "all", pitwall.Change{Qty: pitwall.Int(5)})
	require.NoError(t, err)

	require.NoError(t, l.Raise(raise(halt.Halt, "test")))
	require.False(t, sent(order("exit", pitwall.Sell, 1)))
	_, err = g.Replace(ctx, "all", pitwall.Change{Qty: pitwall.Int(4)})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err))
	s, err := g.Submit(ctx, limit("all", pitwall.Sell, 6, 201))
	require.NoError(t, err)
	require.True(t, s.Repeated, "an order that is there is not denied")
	require.Equal(t, pitwall.Working, s.Status)
	_, err = g.Cancel(ctx, "rests")
	require.NoError(t, err, "cancels pass")
}

// faulty fails on request.
type faulty struct {
	pitwall.Broker
	orders, account bool
	reject, lost    int // submissions
	sent            []string
}

func (f *faulty) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if f.orders {
		return nil, errors.New("timeout")
	}
	return f.Broker.Orders(ctx, q)
}

func (f *faulty) Account(ctx context.Context, book string) (pitwall.Account, error) {
	if f.account {
		return pitwall.Account{}, errors.New("timeout")
	}
	return f.Broker.Account(ctx, book)
}

func (f *faulty) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	f.sent = append(f.sent, o.ID)
	if f.reject > 0 {
		f.reject--
		o.Qty = 0 // refused inside an answer without an error
		return f.Broker.Submit(ctx, o)
	}
	s, err := f.Broker.Submit(ctx, o)
	if f.lost > 0 {
		f.lost--
		return pitwall.OrderState{}, errors.New("timeout after it was accepted")
	}
	return s, err
}

// crypto says that everything is.
type crypto struct{}

func (crypto) Instrument(symbol string) (pitwall.Instrument, error) {
	return pitwall.Instrument{Symbol: symbol, Kind: pitwall.Crypto}, nil
}
func (crypto) Instruments() []pitwall.Instrument { return nil }

// The job is done when the broker's lists say so, and sends no second close.
func TestFlatten(t *testing.T) {
	ctx := context.Background()
	v, step := venue(t, pitwall.Terms{Type: pitwall.MarginAccount})
	l, f, j := newLatch(t), &faulty{Broker: v}, &pitwall.MemoryJournal{}
	again := func() *halt.Job { // a process that starts again knows nothing
		return &halt.Job{Broker: f, Journal: j, Latch: l, Now: v.Now, Host: v.Now, Book: pitwall.MainBook, Instruments: crypto{}}
	}
	pass := func(job *halt.Job, want string) bool {
		t.Helper()
		done, err := job.Pass(ctx)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
			require.False(t, done)
		}
		return done
	}
	for _, o := range []pitwall.Order{order("buy", pitwall.Buy, 10), limit("low", pitwall.Buy, 1, 50)} {
		_, err := v.Submit(ctx, o)
		require.NoError(t, err)
	}
	step(t)
	require.True(t, pass(again(), ""), "off: nothing to do")
	require.NoError(t, l.Raise(raise(halt.Halt, "test")))
	require.True(t, pass(again(), ""), "halt: open orders stay")
	require.NoError(t, l.Raise(raise(halt.Flatten, "test")))
	f.orders = true
	pass(again(), "timeout")
	require.Empty(t, f.sent)
	f.orders, f.account = false, true
	pass(again(), "timeout")
	f.account, f.reject = false, 1
	pass(again(), "INVALID_NUMBER")
	for range 3 {
		pass(again(), "the next try is at a later time")
	}
	require.Len(t, f.sent, 1)
	step(t)
	f.lost = 1
	pass(again(), "after it was accepted")
	job := again()
	for range 3 {
		require.False(t, pass(job, ""), "the close is open")
		require.False(t, pass(again(), ""))
	}
	require.Len(t, f.sent, 2)
	step(t)
	require.True(t, pass(job, ""))
	require.True(t, pass(again(), ""))
	require.Len(t, f.sent, 2)
	a, err := v.Account(ctx, "")
	require.NoError(t, err)
	require.Empty(t, a.Positions)
	open, err := v.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Empty(t, open)
	said := 0
	for _, e := range j.Entries() {
		if e.Kind == pitwall.EntryHalt {
			said++
			require.Contains(t, e.Note, "by test: test")
		}
		if e.Verb == "submit" {
			require.True(t, e.Order.ReduceOnly)
			require.Equal(t, pitwall.GTC, e.Order.TIF, "crypto has no day orders")
		}
	}
	require.Less(t, said, 18, "changes, not tries")
}

// A close that was refused is sent again by the host's clock, without a new bar.
func TestFlattenRetriesByTheHost(t *testing.T) {
	ctx := context.Background()
	v, step := venue(t, pitwall.Terms{})
	_, err := v.Submit(ctx, order("buy", pitwall.Buy, 10))
	require.NoError(t, err)
	step(t)
	later := time.Duration(0)
	f, l := &faulty{Broker: v, reject: 1}, newLatch(t)
	job := &halt.Job{Broker: f, Journal: &pitwall.MemoryJournal{}, Latch: l, Now: v.Now, Host: func() time.Time { return v.Now().Add(later) }, Retry: time.Minute, Book: pitwall.MainBook, Instruments: crypto{}}
	require.NoError(t, l.Raise(raise(halt.Flatten, "test")))
	_, err = job.Pass(ctx)
	require.ErrorContains(t, err, "INVALID_NUMBER")
	later = time.Minute
	_, err = job.Pass(ctx)
	require.ErrorContains(t, err, "the next try is at a later time")
	later++
	_, err = job.Pass(ctx)
	require.NoError(t, err)
	require.Len(t, f.sent, 2)
}
