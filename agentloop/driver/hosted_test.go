package driver

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/cache/runs"
	"pitwall/server"
	"pitwall/tools"
)

// Without a bar clock_next_bar ends with its caller's patience and says that no time
// passed; a second world does not exist.
func TestHostedWorldWaits(t *testing.T) {
	c, _ := momentum(t)
	c, _ = onPaper(t, c)
	c.Live.Wait = func(ctx context.Context, _ time.Time) error { <-ctx.Done(); return ctx.Err() }
	c.Dir = filepath.Join(t.TempDir(), "run")
	h, err := Host(context.Background(), c)
	require.NoError(t, err)
	registry := server.NewRegistry(h)
	set := tools.New(slog.New(slog.DiscardHandler), registry)
	trader := pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: pitwall.Local, Role: "trader"})
	ctx, cancel := context.WithTimeout(trader, 100*time.Millisecond)
	defer cancel()
	a := set.Call(ctx, h.World(), "clock_next_bar", nil)
	require.False(t, a.IsError, a.Text)
	require.Contains(t, a.Text, "advanced=0")
	require.Contains(t, a.Text, "mode=paper")
	_, err = registry.World(context.Background(), pitwall.Caller{Principal: "someone"}, server.Main)
	require.ErrorContains(t, err, "this server has one paper world")
	_, err = h.Close(context.Background())
	require.NoError(t, err)
	a = set.Call(trader, h.World(), "orders_submit", []byte(`{"symbol":"AAPL","side":"buy","qty":1}`))
	require.Contains(t, a.Text, "WORLD_ENDED", "a world that has ended takes no order")
}

// While no host calls, the account is compared all the same: an order of another run halts.
func TestHostedWorldIsTended(t *testing.T) {
	ctx := context.Background()
	c, _ := traded(t)
	c, x := atBroker(t, c)
	require.NoError(t, x.Wait(ctx, x.Now().Add(72*time.Hour)))
	tick := make(chan time.Time)
	c.Live.Tick, c.Dir = tick, filepath.Join(t.TempDir(), "run")
	h, err := Host(ctx, c)
	require.NoError(t, err)
	in := c.Source.Series()[0].Instrument
	in.Tradable = true
	b, _, err := c.Live.Remote.Open(ctx, RemoteRun{Now: func() time.Time { return x.fake.Now() }, Symbols: []string{"AAPL"}, Prefix: "pw9999-", Instruments: []pitwall.Instrument{in}})
	require.NoError(t, err)
	s, err := b.Submit(ctx, pitwall.Order{ID: "a", Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Limit: pitwall.One, Qty: pitwall.One, TIF: pitwall.GTC})
	require.NoError(t, err)
	require.True(t, s.Status.Open(), s.Error)
	h.run.session.(*LiveSession).stale.Store(true) // as the stream says
	tick <- time.Time{}
	tick <- time.Time{}
	require.Equal(t, halt.Halt, c.Live.Latch.State().Level)
	require.Contains(t, c.Live.Latch.State().String(), "pw9999-a is of another run")
	r, err := h.Close(ctx)
	require.NoError(t, err)
	require.Equal(t, "incomplete", r.Manifest.Status)
	m, err := runs.Strict{FS: os.DirFS(c.Dir)}.Manifest()
	require.NoError(t, err)
	require.Equal(t, hostModel, m.Model)
}
