package driver

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/halt"
	"pitwall/cache/runs"
)

// A flatten at a live account is carried out by a run that goes on after its process has
// ended: all but the latch must be open, no turn is given, and the account is empty after it.
// A halt that asks for nothing, and one raised in doubt, leave the gate closed.
func TestHaltOfADeadLiveRun(t *testing.T) {
	ctx := context.Background()
	c, s := traded(t)
	s.To = "2014-01-31"
	s.Risk = map[string]any{"max_order_notional": 200_000, "max_gross_percent": 150, "max_symbol_percent": 150, "max_daily_loss_percent": 50, "max_orders": "off", "price_collar_percent": "off", "stale_price": "100h", "safe_mode": false}
	c, x := atBroker(t, c)
	live := func(r *Remote) *Remote {
		r.Mode, r.Clock = pitwall.Live, func(context.Context) (time.Time, error) { return x.Now(), nil }
		return r
	}
	c.Live.Remote = live(c.Live.Remote)
	c.Live.Arming = Arming{Flag: true, Understands: "true", Profile: true, Typed: "PA3FAKE00000"}
	c.Live.Preflights, c.Dir = preflown(t, s, true), filepath.Join(t.TempDir(), "runs", "run")
	held := func() int {
		a, err := x.fake.Venue().Account(ctx, pitwall.MainBook)
		require.NoError(t, err)
		return len(a.Positions)
	}
	require.NoError(t, x.Wait(ctx, x.Now().Add(20*time.Hour)))
	first, stop := c, make(chan struct{})
	first.Stop = stop
	step, ended := x.wait, false
	x.wait = func(now time.Time) { // it ends while it holds something
		step(now)
		if a, err := x.fake.Venue().Account(ctx, pitwall.MainBook); err == nil && !ended && (len(a.Positions) > 0 || !now.Before(x.end)) {
			ended = true
			close(stop)
		}
	}
	before, err := Run(ctx, first)
	require.NoError(t, err)
	require.True(t, ended, before.Turns)
	require.Equal(t, 1, held())

	again := *c.Live
	again.Resume, again.Remote = true, live(x.remote(t))
	c.Live = &again
	raise := halt.Raise{Level: halt.Halt, By: "ann", Reason: "test", At: x.Now()}
	require.NoError(t, again.Latch.Raise(raise))
	_, err = Run(ctx, c)
	require.ErrorContains(t, err, "1 of 10 gates are closed; nothing was started:\n  - the halt latch is halt since")
	raise.Level = halt.Flatten
	require.NoError(t, again.Latch.Raise(raise))
	c.Live.Arming.Flag = false
	_, err = Run(ctx, c)
	require.ErrorContains(t, err, "1 of 10 gates are closed; nothing was started:\n  - --live was not given")
	c.Live.Arming.Flag = true
	host := c
	_, err = Host(ctx, host)
	require.ErrorContains(t, err, "1 of 10 gates are closed; nothing was started:\n  - the halt latch is flatten since")
	require.Equal(t, 1, held())
	after, err := Run(ctx, c)
	require.NoError(t, err)
	require.Zero(t, held())
	require.False(t, after.Complete)
	require.Equal(t, before.Turns, after.Turns, "no turn is given")
	reports, err := again.Latch.Reports(again.Latch.State())
	require.NoError(t, err)
	require.Len(t, reports, 1)
	require.True(t, reports[0].Done, reports[0].Text)
	journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
	require.NoError(t, err)
	for _, e := range journal {
		if e.Kind == pitwall.EntryIntent && e.Verb == "submit" && !e.AsOf.Before(raise.At) {
			require.Equal(t, "halt", e.Order.By.Principal)
		}
	}
	v, err := Verify(os.DirFS(c.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)

	// Lowered, the gates decide as before and turns go on.
	require.NoError(t, again.Latch.Lower(again.Latch.State()))
	again.Remote = live(x.remote(t))
	final, err := Run(ctx, c)
	require.NoError(t, err)
	require.Greater(t, final.Turns, after.Turns)
}

// A world that cannot begin leaves nothing that listens.
func TestListenerOfAWorldThatCannotBegin(t *testing.T) {
	c, _ := traded(t)
	c, x := atBroker(t, c)
	require.NoError(t, x.Wait(context.Background(), x.Now().Add(20*time.Hour)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	c.Live.Approve, c.Dir = Approve{Orders: approval.All, Listen: address}, filepath.Join(t.TempDir(), "run")
	open := c.Live.Remote.Open
	c.Live.Remote.Open = func(ctx context.Context, r RemoteRun) (pitwall.Broker, Feed, error) {
		b, f, err := open(ctx, r)
		return b, &breaksOff{Feed: f}, err
	}
	_, err = Run(context.Background(), c)
	require.ErrorContains(t, err, "the second reading fails")
	l, err = net.Listen("tcp", address)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// breaksOff is a feed whose second reading fails.
type breaksOff struct {
	Feed
	n int
}

func (f *breaksOff) Bars(ctx context.Context, now time.Time) ([]pitwall.Bar, error) {
	if f.n++; f.n > 1 {
		return nil, pitwall.Errorf(pitwall.DataError, "the second reading fails")
	}
	return f.Feed.Bars(ctx, now)
}
