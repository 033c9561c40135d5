package alpaca_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
)

// requestFaults are the effects on a request that may break it.
var requestFaults = []alpacafake.Effect{alpacafake.HangBefore, alpacafake.CutBefore, alpacafake.TooMany, alpacafake.ErrorFirst, alpacafake.HangAfter, alpacafake.CutAfter, alpacafake.ErrorAfter, alpacafake.Garbled}

func bracket(id string) pitwall.Order {
	o := market(id, pitwall.Buy, 10)
	o.Legs = []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: pitwall.Int(200)}, {Role: pitwall.StopLoss, Stop: pitwall.Int(50)}}
	return o
}

// settle submits an order as a careful caller does: the same order under the same id
// until it is known what became of it.
func settle(t testing.TB, b *alpaca.Broker, o pitwall.Order) pitwall.OrderState {
	for range 10 {
		s, err := b.Submit(context.Background(), o)
		if err == nil && s.Status != pitwall.Unknown {
			return s
		}
		require.True(t, err == nil || pitwall.CodeOf(err) == pitwall.Timeout, "%v", err)
	}
	require.Fail(t, "order "+o.ID+" stays unknown")
	return pitwall.OrderState{}
}

// Every fault of a request, at each of the steps of placing an order, alone and with reads
// that fail after it: as many orders at Alpaca as intents, none lost and none doubled.
func TestFaultMatrixOfSubmit(t *testing.T) {
	var cases, orders atomic.Int32
	reads := [][]alpacafake.Fault{nil,
		{{On: "GET /v2/orders:by", Nth: 1, Do: alpacafake.ErrorFirst}},
		{{On: "GET /v2/orders:by", Nth: 1, Do: alpacafake.HangBefore}, {On: "GET /v2/orders:by", Nth: 2, Do: alpacafake.Garbled}},
		{{On: "POST /v2/orders", Nth: 2, Do: alpacafake.CutAfter}}}
	posts := []alpacafake.Fault{}
	for _, do := range requestFaults {
		posts = append(posts, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: do})
	}
	for later := range 8 {
		posts = append(posts, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.ActLater, Later: later})
	}
	t.Run("cases", func(t *testing.T) {
		each(t, posts, reads, func(t *testing.T, faults []alpacafake.Fault, o pitwall.Order) {
			cases.Add(1)
			w := begin(t, faults...)
			s := settle(t, w.broker(t), o)
			require.True(t, s.Status.Open(), "%s", s.Status)
			for range 10 { // what was put off arrives at last
				_, err := w.broker(t).Orders(context.Background(), pitwall.OrderQuery{})
				require.NoError(t, err)
			}
			require.Len(t, sent(t, w), 1)
			orders.Add(1)
			require.NoError(t, w.Step(context.Background()))
			if o.Type == pitwall.MarketOrder {
				a, err := w.broker(t).Account(context.Background(), "")
				require.NoError(t, err)
				require.Equal(t, pitwall.Int(10), a.Held("AAPL"))
			}
		})
	})
	t.Logf("%d cases, %d orders: 0 lost, 0 doubled", cases.Load(), orders.Load())
	require.Equal(t, cases.Load(), orders.Load())
}

// each runs a case for every fault of a submission with every one of reads, and three orders.
func each(t *testing.T, posts []alpacafake.Fault, reads [][]alpacafake.Fault, run func(*testing.T, []alpacafake.Fault, pitwall.Order)) {
	for _, post := range posts {
		for n, more := range reads {
			for _, o := range []pitwall.Order{market("a", pitwall.Buy, 10), resting("a", 10), bracket("a")} {
				t.Run(fmt.Sprint(post.Do, post.Later, "/", n, "/", o.Type, len(o.Legs)), func(t *testing.T) {
					t.Parallel()
					run(t, append([]alpacafake.Fault{post}, more...), o)
				})
			}
		}
	}
}

// Every fault of a cancel and of a change, over an order in each state it can be in.
func TestFaultMatrixOfChanges(t *testing.T) {
	ctx := context.Background()
	states := map[string]func(t *testing.T, w *world, b *alpaca.Broker){
		"working": func(t *testing.T, _ *world, b *alpaca.Broker) { settle(t, b, resting("a", 10)) },
		"held": func(t *testing.T, _ *world, b *alpaca.Broker) {
			o := bracket("a")
			o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(60)
			settle(t, b, o)
		},
		"partly filled": func(t *testing.T, w *world, b *alpaca.Broker) {
			settle(t, b, market("a", pitwall.Buy, 150))
			require.NoError(t, w.Step(ctx))
		},
		"filled": func(t *testing.T, w *world, b *alpaca.Broker) {
			settle(t, b, market("a", pitwall.Buy, 10))
			require.NoError(t, w.Step(ctx))
		},
		"canceled": func(t *testing.T, _ *world, b *alpaca.Broker) {
			settle(t, b, resting("a", 10))
			_, err := b.Cancel(ctx, "a")
			require.NoError(t, err)
		},
	}
	cases := 0
	for name, prepare := range states {
		for _, do := range requestFaults {
			for _, method := range []string{"DELETE", "PATCH"} {
				cases++
				t.Run(name+"/"+string(do)+"/"+method, func(t *testing.T) {
					nth := 1
					if name == "canceled" && method == "DELETE" {
						nth = 2 // of preparing
					}
					w := begin(t, alpacafake.Fault{On: method + " /v2/orders/", Nth: nth, Do: do})
					b := w.broker(t)
					prepare(t, w, b)
					if method == "DELETE" {
						s, err := b.Cancel(ctx, "a")
						if name == "filled" {
							require.Equal(t, pitwall.OrderClosed, pitwall.CodeOf(err))
						} else {
							require.NoError(t, err)
							require.Equal(t, pitwall.Canceled, s.Status)
						}
					} else {
						s, err := b.Replace(ctx, "a", pitwall.Change{Limit: pitwall.Int(55)})
						if name != "working" && name != "held" {
							require.Error(t, err, "%s", s.Status)
						} else {
							require.NoError(t, err)
							require.Equal(t, pitwall.Int(55), s.Limit)
							again, err := b.Replace(ctx, "a", pitwall.Change{Limit: pitwall.Int(55)})
							require.NoError(t, err)
							require.Equal(t, s.Limit, again.Limit)
							require.LessOrEqual(t, w.Requests("PATCH /v2/orders/"), 2)
						}
					}
					require.Len(t, sent(t, w), 1, "no change makes an order")
				})
			}
		}
	}
	t.Logf("%d cases: 0 lost, 0 doubled", cases)
}

// A refusal that is proven is a reject, and sends nothing more.
func TestRejects(t *testing.T) {
	ctx := context.Background()
	w := begin(t)
	b := w.broker(t)
	s, err := b.Submit(ctx, market("poor", pitwall.Buy, 1_000_000))
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.Rejected, pitwall.BuyingPower}, []any{s.Status, s.Error.Code})
	s, err = b.Submit(ctx, market("poor", pitwall.Buy, 1_000_000))
	require.NoError(t, err)
	require.True(t, s.Repeated)
	require.Equal(t, 1, w.Requests("POST /v2/orders"))
	s, err = b.Submit(ctx, market("short", pitwall.Sell, 1))
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.Rejected, pitwall.ShortNotAllowed}, []any{s.Status, s.Error.Code})
	// Accepted, and rejected after: the state says so as soon as Alpaca does.
	w = begin(t, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.RejectIt})
	b = w.broker(t)
	_, err = b.Submit(ctx, market("late", pitwall.Buy, 1))
	require.NoError(t, err)
	list, err := b.Orders(ctx, pitwall.OrderQuery{ID: "late"})
	require.NoError(t, err)
	require.Equal(t, pitwall.Rejected, list[0].Status)
	// The server is not there at all: nothing can have arrived.
	gone := w.broker(t, func(c *alpaca.Config) { c.BaseURL = "http://127.0.0.1:1" })
	s, err = gone.Submit(ctx, market("gone", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, []any{pitwall.Rejected, pitwall.Timeout}, []any{s.Status, s.Error.Code})
	// Too many requests, each time: nothing was accepted.
	w = begin(t, alpacafake.Fault{On: "POST /v2/orders", Do: alpacafake.TooMany})
	s, err = w.broker(t).Submit(ctx, market("many", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Rejected, s.Status)
	require.Empty(t, sent(t, w))
}

// An order whose first request got no answer is not rejected when the second one is: the
// first may arrive later.
func TestRefusedAgainIsUnknown(t *testing.T) {
	ctx := context.Background()
	faults := []alpacafake.Fault{{On: "POST /v2/orders", Nth: 1, Do: alpacafake.ActLater, Later: 8}}
	for nth := 2; nth <= 5; nth++ { // all tries of the second request
		faults = append(faults, alpacafake.Fault{On: "POST /v2/orders", Nth: nth, Do: alpacafake.TooMany})
	}
	b := begin(t, faults...).broker(t)
	s, err := b.Submit(ctx, market("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Unknown, s.Status)
	require.ErrorContains(t, s.Error, "it was sent again and refused: rate limit exceeded")
	for range 3 {
		list, err := b.Orders(ctx, pitwall.OrderQuery{ID: "a"})
		require.NoError(t, err)
		s = list[0]
	}
	require.Equal(t, pitwall.Working, s.Status)
}

// Without an answer an order is UNKNOWN and open: it is listed, cannot be canceled on
// trust, and no other id is ever sent for it. When Alpaca answers again it is found.
func TestUnknownCounts(t *testing.T) {
	ctx := context.Background()
	w := begin(t, alpacafake.Fault{On: "POST /v2/orders", Do: alpacafake.CutAfter}, alpacafake.Fault{On: "GET /v2/orders:by", Nth: 1, Do: alpacafake.HangBefore})
	b := w.broker(t, func(c *alpaca.Config) {
		c.Sleep = func(ctx context.Context, d time.Duration) error { return context.Canceled } // no time to wait
	})
	s, err := b.Submit(ctx, market("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Unknown, s.Status)
	require.Equal(t, pitwall.Timeout, s.Error.Code)
	_, err = b.Submit(ctx, market("a", pitwall.Buy, 2))
	require.Equal(t, pitwall.IdempotencyConflict, pitwall.CodeOf(err))
	open, err := b.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, "a", open[0].ID)
	list, err := b.Orders(ctx, pitwall.OrderQuery{ID: "a"})
	require.NoError(t, err)
	require.Equal(t, pitwall.Unknown, list[0].Status, "the read hung")
	list, err = b.Orders(ctx, pitwall.OrderQuery{ID: "a"})
	require.NoError(t, err)
	require.Equal(t, pitwall.Working, list[0].Status)
	require.Equal(t, 1, w.Requests("POST /v2/orders"))
}

// seeds is how many random sessions are tried; PITWALL_ALPACA_SEEDS runs more.
func seeds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("PITWALL_ALPACA_SEEDS"))
	if err != nil {
		n = 15
	}
	if testing.Short() {
		n = min(n, 5)
	}
	return n
}

// Random sessions with random faults on every request, restarts included: in the end
// Alpaca has exactly the orders that were meant, and the broker's fills add up to the
// venue's position.
func TestRandomFaults(t *testing.T) {
	ctx := context.Background()
	total, faulty := 0, 0
	for seed := range seeds(t) {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		var faults []alpacafake.Fault
		for _, on := range []string{"POST /v2/orders", "GET /v2/orders:by", "GET /v2/orders", "GET /v2/account", "DELETE /v2/orders/"} {
			for nth := 1; nth < 60; nth += 1 + r.IntN(6) {
				f := alpacafake.Fault{On: on, Nth: nth, Do: requestFaults[r.IntN(len(requestFaults))], Later: r.IntN(6)}
				if on == "POST /v2/orders" && r.IntN(4) == 0 {
					f.Do = alpacafake.ActLater
				}
				faults = append(faults, f)
			}
		}
		w := begin(t, faults...)
		quick := func(c *alpaca.Config) { c.Timeout = 40 * time.Millisecond }
		b := w.broker(t, quick)
		want := map[string]bool{}
		for n := range 12 {
			o := market(fmt.Sprint("o", n), pitwall.Buy, int64(1+r.IntN(5)))
			if r.IntN(3) == 0 {
				o = resting(o.ID, 1)
			}
			s := settle(t, b, o)
			total++
			if s.Status == pitwall.Rejected {
				faulty++ // 429 until the tries were used up
			} else {
				want[o.ID] = true
			}
			if r.IntN(4) == 0 { // a restart: the new process submits from its journal what the old one did
				b = w.broker(t, quick)
				s = settle(t, b, o)
				if s.Status != pitwall.Rejected {
					want[o.ID] = true
				}
			}
			if r.IntN(3) == 0 {
				require.NoError(t, w.Step(ctx))
			}
		}
		require.NoError(t, w.Step(ctx))
		last := w.broker(t)
		fills, _, err := last.Fills(ctx, pitwall.Cursor{})
		for range 20 { // reads may still meet faults
			if err != nil {
				fills, _, err = last.Fills(ctx, pitwall.Cursor{})
			}
		}
		require.NoError(t, err)
		require.Len(t, sent(t, w), len(want), "seed %d", seed)
		var sum pitwall.Dec
		for _, f := range fills {
			require.True(t, want[f.OrderID], "seed %d: %s", seed, f.OrderID)
			sum += f.Qty
		}
		a, err := w.Venue().Account(ctx, "")
		require.NoError(t, err)
		require.Equal(t, a.Held("AAPL"), sum, "seed %d", seed)
	}
	t.Logf("%d intents (%d rejected by 429): orders at the venue = intents accepted", total, faulty)
}

// An order that never arrived and whose second request was refused is given up in the same
// process: after 15 answers that Alpaca does not have it, over 30 s at least.
func TestUnknownIsGivenUp(t *testing.T) {
	ctx := context.Background()
	for _, x := range []struct {
		reads int
		over  time.Duration
		want  pitwall.Status
	}{{14, time.Minute, pitwall.Unknown}, {15, 29 * time.Second, pitwall.Unknown}, {15, 30 * time.Second, pitwall.Rejected}} {
		faults := []alpacafake.Fault{{On: "POST /v2/orders", Nth: 1, Do: alpacafake.CutBefore}}
		for nth := 2; nth <= 5; nth++ {
			faults = append(faults, alpacafake.Fault{On: "POST /v2/orders", Nth: nth, Do: alpacafake.TooMany})
		}
		w := begin(t, faults...)
		var later time.Duration
		b := w.broker(t, func(c *alpaca.Config) { c.Now = func() time.Time { return w.Now().Add(later) } })
		s, err := b.Submit(ctx, market("a", pitwall.Buy, 1))
		require.NoError(t, err)
		require.Equal(t, pitwall.Unknown, s.Status)
		for n := range x.reads {
			if n == x.reads-1 {
				later = x.over
			}
			list, err := b.Orders(ctx, pitwall.OrderQuery{ID: "a"})
			require.NoError(t, err)
			s = list[0]
		}
		require.Equal(t, x.want, s.Status, "%+v", x)
		open, err := b.Orders(ctx, pitwall.OrderQuery{Open: true})
		require.NoError(t, err)
		if x.want == pitwall.Rejected {
			require.Empty(t, open)
		}
	}
}

// A position in a symbol that the run does not trade can be closed, and nothing else done
// there.
func TestCloseWhatIsNotTraded(t *testing.T) {
	ctx := context.Background()
	w := begin(t)
	all := w.broker(t)
	_, err := all.Submit(ctx, pitwall.Order{ID: "in", Symbol: "BTC/USD", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC})
	require.NoError(t, err)
	require.NoError(t, w.Step(ctx))
	b := w.broker(t, func(c *alpaca.Config) { c.Instruments = c.Instruments[:1] })
	o := pitwall.Order{ID: "more", Symbol: "BTC/USD", Side: pitwall.Sell, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC}
	s, err := b.Submit(ctx, o)
	require.NoError(t, err)
	require.Equal(t, pitwall.NotTradable, s.Error.Code)
	o.ID, o.ReduceOnly = "out", true
	s, err = b.Submit(ctx, o)
	require.NoError(t, err)
	require.True(t, s.Status.Open(), s.Error)
	o.ID, o.Symbol = "none", "NONE"
	s, err = b.Submit(ctx, o)
	require.NoError(t, err)
	require.Equal(t, pitwall.NotTradable, s.Error.Code)
}
