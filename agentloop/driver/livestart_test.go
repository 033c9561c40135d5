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
