package halt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
)

// silent is a broker with an order that it does not answer for.
type silent struct {
	pitwall.Broker
	status pitwall.Status
	sent   []string
}

func (s *silent) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	list, err := s.Broker.Orders(ctx, q)
	if q.ID == "" && s.status != "" {
		list = append(list, pitwall.OrderState{Order: order("lost", pitwall.Buy, 5), Status: s.status})
	}
	return list, err
}

func (s *silent) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	if id == "lost" {
		return pitwall.OrderState{}, errors.New("no answer")
	}
	return s.Broker.Cancel(ctx, id)
}

func (s *silent) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	s.sent = append(s.sent, o.ID)
	return s.Broker.Submit(ctx, o)
}

func (s *silent) job(l *halt.Latch, j pitwall.Journal, now func() time.Time) *halt.Job {
	return &halt.Job{Broker: s, Journal: j, Latch: l, Now: now, Host: now, Book: pitwall.MainBook, Instruments: crypto{}, Who: "run desk"}
}

// An order without an answer does not keep its position open: one close is sent beside it,
// and the notice names both. An order that is known to be open still comes first.
func TestFlattenBesideAnUnansweredOrder(t *testing.T) {
	ctx := context.Background()
	for _, x := range []struct {
		status pitwall.Status
		closes int
		want   string
	}{{pitwall.Unknown, 1, "10 A beside order lost without an answer"}, {pitwall.Working, 0, "1 open orders (lost)"}} {
		v, step := venue(t, pitwall.Terms{})
		_, err := v.Submit(ctx, order("buy", pitwall.Buy, 10))
		require.NoError(t, err)
		step(t)
		l, s, j := newLatch(t), &silent{Broker: v, status: x.status}, &pitwall.MemoryJournal{}
		require.NoError(t, l.Raise(raise(halt.Flatten, "test")))
		for range 3 {
			_, err = s.job(l, j, v.Now).Pass(ctx)
			require.ErrorContains(t, err, "canceling lost: no answer")
		}
		require.Len(t, s.sent, x.closes, x.status)
		require.Contains(t, note(j), x.want)
		step(t)
		if s.status = ""; x.closes == 0 {
			continue
		}
		job := s.job(l, j, v.Now)
		done, err := job.Pass(ctx)
		require.NoError(t, err)
		require.True(t, done)
		require.Contains(t, note(j), "flatten: done, read back from the broker; closed: sell 10 A (flatten since ")
		require.Contains(t, note(j), "; run desk; pitwall kill off lets it send orders again")
		lines := len(j.Entries())
		_, err = job.Pass(ctx)
		require.NoError(t, err)
		require.Len(t, j.Entries(), lines, "said once")
	}
}

// note is the newest line about the halt.
func note(j *pitwall.MemoryJournal) (text string) {
	for _, e := range j.Entries() {
		if e.Kind == pitwall.EntryHalt {
			text = e.Note
		}
	}
	return text
}

// What a strategy asks of a halt is done at a halt, and not before.
func TestPolicy(t *testing.T) {
	ctx := context.Background()
	for _, x := range []struct {
		level, policy halt.Level
		open, closes  int
	}{
		{halt.Halt, halt.Off, 1, 0}, {halt.Halt, halt.Cancel, 0, 0}, {halt.Halt, halt.Flatten, 0, 1}, {halt.ReduceOnly, halt.Flatten, 1, 0},
		{halt.Flatten, halt.Cancel, 0, 1}, {halt.Cancel, halt.Off, 0, 0},
	} {
		v, step := venue(t, pitwall.Terms{})
		for _, o := range []pitwall.Order{order("buy", pitwall.Buy, 10), limit("low", pitwall.Buy, 1, 50)} {
			_, err := v.Submit(ctx, o)
			require.NoError(t, err)
		}
		step(t)
		l, s := newLatch(t), &silent{Broker: v}
		require.NoError(t, l.Raise(raise(x.level, "test")))
		job := s.job(l, &pitwall.MemoryJournal{}, v.Now)
		job.Policy = x.policy
		_, err := job.Pass(ctx)
		require.NoError(t, err)
		require.Len(t, s.sent, x.closes, "%+v", x)
		rests, err := v.Orders(ctx, pitwall.OrderQuery{ID: "low"})
		require.NoError(t, err)
		require.Equal(t, x.open == 1, rests[0].Status.Open(), "%+v", x)
	}
}

// A policy does not act on a halt that Pitwall raised in doubt, nor on a latch that cannot be
// read, and does once another raise asks.
func TestPolicyAndDoubt(t *testing.T) {
	l := newLatch(t)
	r := raise(halt.Halt, "the account differs")
	r.Doubt = true
	require.NoError(t, l.Raise(r))
	require.Equal(t, halt.Halt, l.State().Asks(halt.Flatten))
	require.NoError(t, l.Raise(raise(halt.Halt, "test")))
	require.Equal(t, halt.Flatten, l.State().Asks(halt.Flatten))
	require.Equal(t, halt.Halt, halt.New(filepath.Join(t.TempDir(), "none")).State().Asks(halt.Flatten))
}

// A job's own journal is read beside the latch: the newest line of each about a raise that
// is there, half a line of a killed process aside. It does not halt.
func TestReports(t *testing.T) {
	l := newLatch(t)
	require.NoError(t, l.Raise(raise(halt.Flatten, "test")))
	s := l.State()
	at := s.Raises[0].At
	list, err := l.Reports(s)
	require.NoError(t, err)
	require.Empty(t, list)
	for _, r := range []halt.Report{{Who: "run a/b", Raised: at, Text: "first"}, {Who: "run a/b", Raised: at, Text: "second", Done: true}, {Who: "old", Raised: at.Add(-1), Text: "another raise"}} {
		require.NoError(t, l.Report(r))
	}
	files, err := filepath.Glob(filepath.Join(l.Dir()+"-jobs", "*"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, name := range files {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0o644)
		require.NoError(t, err)
		_, err = f.WriteString(`{"who":"run a/b","raised":"` + strings.Repeat("x", 4))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	list, err = l.Reports(s)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "second", list[0].Text)
	require.True(t, list[0].Done)
	require.NoError(t, l.Lower(s))
	require.Equal(t, halt.Off, l.State().Level)
	list, err = l.Reports(l.State())
	require.NoError(t, err)
	require.Empty(t, list, "what off ended is no news")
}
