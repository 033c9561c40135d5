package driver

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// A feed that is at its end when a run begins is no fault; one that fails is, and another
// run may have the folder's lease then.
func TestFeedAtTheStart(t *testing.T) {
	c, _ := momentum(t)
	c, _ = onPaper(t, c)
	c.Live.Feed, c.Dir = &offered{err: io.EOF}, filepath.Join(t.TempDir(), "run")
	r, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.Zero(t, r.Turns)
	c.Live.Feed, c.Dir = &offered{err: io.ErrClosedPipe}, filepath.Join(t.TempDir(), "run")
	_, err = Run(context.Background(), c)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	var l lease
	require.NoError(t, l.take(filepath.Join(c.Dir, runs.LeaseFile), "the run", "this test"), "it was given back")
	require.NoError(t, l.end())
}

// pondering is a model whose answers take as long as it is told.
type pondering struct {
	agentloop.Model
	before func()
}

func (s pondering) Reply(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
	s.before()
	return s.Model.Reply(ctx, r)
}

// At a broker an order of a turn that has slept through a bar is denied before it is recorded
// as about to be sent, and the run goes on.
func TestOversleptAtABroker(t *testing.T) {
	c, s := traded(t)
	s.To, s.Every = "2013-10-31", "1"
	c, x := atBroker(t, c)
	m, err := NewModel(s.Team()[0], models.Options{})
	require.NoError(t, err)
	asleep, awake := time.Date(2013, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2013, 10, 12, 0, 0, 0, 0, time.UTC)
	m.Model = pondering{m.Model, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.now.After(asleep) && x.now.Before(awake) { // each turn takes two days
			x.now = x.now.Add(48 * time.Hour)
		}
	}}
	c.Agents, err = s.Deciders([]Model{m}, nil)
	require.NoError(t, err)
	c.Agents[0].Every.Bars = 1
	c.Dir = filepath.Join(t.TempDir(), "run")
	_, err = Run(context.Background(), c)
	require.NoError(t, err)
	journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
	require.NoError(t, err)
	denied, sent := 0, 0
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryIntent:
			sent++
			require.False(t, e.AsOf.Before(awake.AddDate(0, 0, -4)), "%v", e.AsOf)
		case e.State != nil && e.State.Status == pitwall.Denied:
			denied++
			require.Equal(t, pitwall.NoPrice, e.State.Error.Code)
			require.True(t, strings.HasPrefix(e.State.Error.Message, "the newest bar of AAPL ended at 2013-"), e.State.Error.Message)
		}
	}
	require.Positive(t, denied)
	require.Positive(t, sent)
}

// The status line of a run says what the account holds, on paper and at a broker.
func TestStatusWhileWaiting(t *testing.T) {
	for _, where := range []string{"paper", "broker"} {
		c, s := traded(t)
		s.To = "2013-05-24"
		if where == "paper" {
			c, _ = onPaper(t, c)
		} else {
			c, _ = atBroker(t, c)
		}
		var seen []LiveStatus
		c.Live.Show = func(s LiveStatus) { seen = append(seen, s) }
		c.Dir = filepath.Join(t.TempDir(), "run")
		_, err := Run(context.Background(), c)
		require.NoError(t, err)
		require.NotEmpty(t, seen, where)
		last := seen[len(seen)-1]
		require.Equal(t, []any{pitwall.Int(100_000), pitwall.Dec(0), 0, 0, 0, "off", ""}, []any{last.Equity, last.Day, last.Open, last.Missed, last.Waiting, last.Halt.String(), last.Trouble}, where)
	}
}

// What a run says of itself at its beginning and end: its days, and the actions that went ex
// in them.
func TestDescribeAndFinish(t *testing.T) {
	p := newPart(t, coin(t, "H", time.Hour))
	var m runs.Manifest
	from, to := p.Describe(&m)
	require.Equal(t, []time.Time{noon.Add(-12 * time.Hour), noon.Add(12 * time.Hour)}, []time.Time{from, to})
	require.Equal(t, []string{"paper", "2024-12-02", "2024-12-02"}, []string{m.Mode, m.From, m.To})
	require.Len(t, m.Traded, 1)
	require.True(t, m.Traded[0].Tradable)
	ex := func(at time.Time) pitwall.Action { return pitwall.Action{Symbol: "H", Type: "split", Ex: at} }
	p.store = history.NewStore(nil, []pitwall.Action{ex(p.from.Add(-1)), ex(p.from), ex(noon), ex(noon.Add(1))}, nil)
	m.Actions = []pitwall.Action{ex(noon)}
	require.NoError(t, p.Finish(nil, &m))
	require.Equal(t, []pitwall.Action{ex(p.from), ex(noon)}, m.Actions)
	require.Equal(t, "2024-12-02", m.To)
}

// A broker's stream that changes something makes the account be read; one that ends is said.
func TestFollow(t *testing.T) {
	p := newPart(t)
	p.Live.Remote = &Remote{Watch: func(_ context.Context, _ pitwall.Broker, changed func()) error { changed(); return io.ErrUnexpectedEOF }}
	p.follow()
	p.ended.Wait()
	require.True(t, p.stale.Load())
	require.Equal(t, []string{"warning: the broker's stream has ended, so the account is only read now and then: unexpected EOF"}, p.notes())
	p.Live.Remote.Watch = func(ctx context.Context, _ pitwall.Broker, _ func()) error { <-ctx.Done(); return ctx.Err() }
	p.follow()
	close(p.done)
	p.ended.Wait()
	require.Len(t, p.notes(), 1, "its end is not said when the session ends")
}

// Where even the halt cannot be written, a person is told.
func TestUnwrittenHalt(t *testing.T) {
	p := newPart(t)
	p.Live.Remote, p.Latch.Disk = &Remote{}, unwritable{}
	var alerts told
	p.Alert = alerts.tell
	p.unwritten(io.ErrShortWrite)
	require.Len(t, alerts.list, 1)
	require.True(t, strings.HasPrefix(alerts.list[0], "the halt could not be raised for certain: "), alerts.list[0])
}

// unwritable is a disk on which no file can be made.
type unwritable struct{ disk.OS }

func (unwritable) Open(string, int) (disk.File, error) { return nil, io.ErrNoProgress }
