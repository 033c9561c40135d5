package alpaca_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
)

// watched collects updates until the test ends.
type watched struct {
	mu   sync.Mutex
	list []alpaca.Update
}

func (w *watched) add(u alpaca.Update) { w.mu.Lock(); defer w.mu.Unlock(); w.list = append(w.list, u) }

func (w *watched) count(event string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, u := range w.list {
		if u.Event == event {
			n++
		}
	}
	return n
}

func watch(t *testing.T, b *alpaca.Broker) *watched {
	ctx, cancel := context.WithCancel(context.Background())
	w, ended := &watched{}, make(chan error, 1)
	go func() { ended <- b.Watch(ctx, w.add) }()
	t.Cleanup(func() { cancel(); require.ErrorIs(t, <-ended, context.Canceled) })
	require.Eventually(t, func() bool { return w.count("connected") == 1 }, 10*time.Second, time.Millisecond)
	return w
}

// What the stream loses, repeats, puts off or breaks changes no fill: they are read from
// the account, each once.
func TestStreamFaults(t *testing.T) {
	for _, do := range []alpacafake.Effect{alpacafake.Drop, alpacafake.Lose, alpacafake.Duplicate, alpacafake.Delay} {
		t.Run(string(do), func(t *testing.T) {
			ctx := context.Background()
			w := begin(t, alpacafake.Fault{On: "event fill", Nth: 2, Do: do, Later: 1}, alpacafake.Fault{On: "event partial_fill", Nth: 1, Do: do, Later: 2})
			b := w.broker(t)
			seen := watch(t, b)
			var at pitwall.Cursor
			var ids []string
			for n := range 4 {
				settle(t, b, market(fmt.Sprint("o", n), pitwall.Buy, 30+int64(n%2)*100)) // of 100 a bar: the larger fill in parts
				for range 2 {
					require.NoError(t, w.Step(ctx))
					list, next, err := b.Fills(ctx, at)
					require.NoError(t, err)
					at = next
					for _, f := range list {
						ids = append(ids, f.ID)
					}
				}
			}
			all, _, err := b.Fills(ctx, pitwall.Cursor{})
			require.NoError(t, err)
			require.Len(t, ids, len(all))
			venue, _, err := w.Venue().Fills(ctx, pitwall.Cursor{})
			require.NoError(t, err)
			require.Len(t, all, len(venue), "each fill of the venue once")
			for i, f := range all {
				require.Equal(t, []any{venue[i].Qty, venue[i].Price}, []any{f.Qty, f.Price})
				require.Equal(t, ids[i], f.ID)
			}
			if do == alpacafake.Drop {
				require.Eventually(t, func() bool { return seen.count("connected") >= 2 }, 10*time.Second, time.Millisecond, "it connects again")
			}
			// After a restart the same fills have the same ids.
			again, _, err := w.broker(t).Fills(ctx, pitwall.Cursor{})
			require.NoError(t, err)
			require.Equal(t, all, again)
		})
	}
}

// A stream that breaks at once is not opened in a hot loop: pauses grow.
func TestBackOff(t *testing.T) {
	var mu sync.Mutex
	var pauses []time.Duration
	w := begin(t)
	w.Close() // ends every stream right after its keys were read
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := w.broker(t, func(c *alpaca.Config) {
		c.Sleep = func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if pauses = append(pauses, d); len(pauses) == 8 {
				cancel()
			}
			return ctx.Err()
		}
	})
	require.ErrorIs(t, b.Watch(ctx, func(alpaca.Update) {}), context.Canceled)
	require.Equal(t, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9, 30e9, 30e9}, pauses)
}

// Refused keys end the stream with an error: trying again would not help.
func TestRefusedKeys(t *testing.T) {
	w := beginWith(t, alpacafake.Config{Cash: pitwall.Int(1000), Key: "right", Secret: "s"})
	b := w.broker(t)
	require.Equal(t, pitwall.NotAllowed, pitwall.CodeOf(b.Watch(context.Background(), func(alpaca.Update) {})))
	_, err := b.Account(context.Background(), "")
	require.Equal(t, pitwall.NotAllowed, pitwall.CodeOf(err))
	s, err := b.Submit(context.Background(), market("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.NotAllowed, s.Error.Code)
}

// An order whose answer was lost is found by the stream's reconciliation.
func TestReconcileAfterReconnect(t *testing.T) {
	ctx := context.Background()
	w := begin(t, alpacafake.Fault{On: "POST /v2/orders", Do: alpacafake.CutAfter}, alpacafake.Fault{On: "event new", Nth: 1, Do: alpacafake.Drop})
	var hurry sync.Map
	b := w.broker(t, func(c *alpaca.Config) {
		c.Sleep = func(ctx context.Context, d time.Duration) error {
			if _, on := hurry.Load(true); on {
				return context.Canceled
			}
			return sleep(ctx, d)
		}
	})
	seen := watch(t, b)
	hurry.Store(true, true)
	s, err := b.Submit(ctx, market("a", pitwall.Buy, 1))
	require.NoError(t, err)
	require.Equal(t, pitwall.Unknown, s.Status)
	hurry.Delete(true)
	require.NoError(t, b.Reconcile(ctx))
	list, err := b.Orders(ctx, pitwall.OrderQuery{Open: true})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, pitwall.Working, list[0].Status)
	_ = seen
}
