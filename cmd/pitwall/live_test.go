package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/brokers/risk"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/replay"
	"pitwall/cache/runs"
	"pitwall/sim"
)

// liveClock is a live clock whose bars come when they come: every other call runs
// into its deadline first. It says nothing of a replay.
type liveClock struct {
	feed interface {
		Now() time.Time
		Next(context.Context, time.Time) (time.Time, error)
	}
	calls int
}

func (c *liveClock) Now() time.Time { return c.feed.Now() }

func (c *liveClock) Next(ctx context.Context, after time.Time) (time.Time, error) {
	if c.calls++; c.calls%2 == 1 {
		return c.feed.Now(), context.DeadlineExceeded
	}
	return c.feed.Next(ctx, after)
}

// vendor is a broker of another kind: it numbers what it is sent, and fills as the
// venue behind it does.
type vendor struct {
	venue pitwall.Broker
	sent  []string
}

func (b *vendor) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	b.sent = append(b.sent, o.ID)
	return b.venue.Submit(ctx, o)
}

func (b *vendor) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	return b.venue.Replace(ctx, id, c)
}

func (b *vendor) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	return b.venue.Cancel(ctx, id)
}

func (b *vendor) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return b.venue.Orders(ctx, q)
}

func (b *vendor) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return b.venue.Fills(ctx, since)
}

func (b *vendor) Account(ctx context.Context, book string) (pitwall.Account, error) {
	return b.venue.Account(ctx, book)
}

// quotes is a market without a digest: a live one is not replayed.
type quotes struct{ pitwall.Market }

func (quotes) Digest() string { return "" }

// The same strategy file, unchanged, drives a backtest and a live world with
// another clock and broker: the same orders, the same fills. Answers of the past
// are refused there.
func TestSameFileDrivesALiveWorld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, errs, code := command(t, dir, nil, "init", "mine")
	require.Equal(t, 0, code, errs)
	file := filepath.Join(dir, "mine")
	backtestJSON(t, dir, nil, "mine", "--to", aYear(), "--out", "backtest")

	a := testApp(t)
	s, err := backtestFlags{to: aYear()}.strategy(file)
	require.NoError(t, err)
	agents, err := a.deciders(s.Strategy, settings{}, false)
	require.NoError(t, err)
	store, err := s.Load(t.Context(), s.files, &history.Local{})
	require.NoError(t, err)
	spec, err := s.Spec()
	require.NoError(t, err)
	folder, err := runs.Create(disk.OS{}, filepath.Join(dir, "live"), nil)
	require.NoError(t, err)
	session, err := driver.NewSim(store, spec, folder)
	require.NoError(t, err)
	defer session.Close()
	behind := session.World()
	venue := behind.Clock.(*sim.Venue)
	broker := &vendor{venue: venue}
	guard := risk.New(broker, folder, venue, behind.Market, behind.Instruments, spec.Limits)
	guard.SetCosts(spec.Costs)
	live := &pitwall.World{Name: "main", Mode: pitwall.Live, Clock: &liveClock{feed: venue}, Market: quotes{behind.Market}, Instruments: behind.Instruments,
		Journal: folder, Broker: guard, Tables: behind.Tables, Records: behind.Records, Costs: behind.Costs, Zone: behind.Zone, Conditions: behind.Conditions}
	cfg := agentloop.Config{Agents: agents, Recorder: folder, Now: a.now, Stop: a.stop}
	kept, err := replay.Open(t.TempDir(), replay.Options{})
	require.NoError(t, err)
	cfg.Cache = kept
	_, err = driver.Drive(t.Context(), live, "test", nil, cfg)
	require.Equal(t, pitwall.Unsupported, pitwall.CodeOf(err), "an old answer must not send a new order")
	cfg.Cache = nil
	out, err := driver.Drive(t.Context(), live, "test", nil, cfg)
	require.NoError(t, err)
	require.True(t, out.Ended)
	require.NoError(t, folder.Close())
	require.NotEmpty(t, broker.sent)
	fills := func(run string) string {
		raw, err := os.ReadFile(filepath.Join(dir, run, "fills.csv"))
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, fills("backtest"), fills("live"))
	require.Equal(t, len(broker.sent), strings.Count(fills("live"), "\n")-1, "every order went through the broker")
	turns := readTurns(t, filepath.Join(dir, "live"))
	require.Contains(t, turns[0].System, "Mode: live")
	require.Empty(t, turns[0].StateDigest)
}
