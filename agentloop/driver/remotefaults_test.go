package driver

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models"
	"pitwall/brokers/alpacafake"
	"pitwall/brokers/halt"
	"pitwall/cache/disk"
	"pitwall/cache/disk/disktest"
	"pitwall/cache/runs"
)

// told keeps what a run tells a person.
type told struct {
	mu   sync.Mutex
	list []string
}

func (l *told) tell(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, text)
}

func (l *told) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.list, func(s string) bool { return strings.Contains(s, text) })
}

// at calls f once, when a host's clock has passed a time.
func at(x *exchange, when time.Time, f func()) {
	before, done := x.wait, false
	x.wait = func(now time.Time) {
		before(now)
		if !done && !now.Before(when) {
			done = true
			f()
		}
	}
}

// soon makes a momentum strategy order within days: by its own 5-day average.
func soon(t *testing.T, c Config, s *Strategy) Config {
	a := s.Team()[0]
	a.Params = map[string]any{"lookback": 5}
	m, err := NewModel(a, models.Options{})
	require.NoError(t, err)
	c.Agents, err = s.Deciders([]Model{m}, nil)
	require.NoError(t, err)
	c.Agents[0].Every.Bars = 1
	return c
}

// A person sells in the broker's app, and another run of Pitwall trades the account: the
// first enters as external, the second halts and alerts.
func TestOthersInTheAccount(t *testing.T) {
	ctx := context.Background()
	c, s := traded(t)
	s.To, s.Every, c.Agents[0].Every.Bars = "2013-11-29", "1", 1
	c, x := atBroker(t, c)
	var alerts told
	c.Live.Alert = alerts.tell
	c.Dir = filepath.Join(t.TempDir(), "run")
	in := c.Source.Series()[0].Instrument
	in.Tradable = true
	send := func(prefix, id string, side pitwall.Side) {
		b, _, err := c.Live.Remote.Open(ctx, RemoteRun{Now: func() time.Time { return x.fake.Now() }, Symbols: []string{"AAPL"}, Prefix: prefix, Instruments: []pitwall.Instrument{in}})
		if err == nil {
			_, err = b.Submit(ctx, pitwall.Order{ID: id, Symbol: "AAPL", Side: side, Type: pitwall.MarketOrder, Qty: pitwall.One, TIF: pitwall.GTC})
		}
		if err != nil {
			t.Error(err)
		}
	}
	day := func(d int) time.Time { return time.Date(2013, 11, d, 23, 0, 0, 0, time.UTC) }
	var before halt.Level
	at(x, day(5), func() { send("", "person-1", pitwall.Sell) })
	at(x, day(12), func() { before = c.Live.Latch.State().Level; send("pw1234-", "a", pitwall.Sell) })
	r, err := Run(ctx, c)
	require.NoError(t, err)
	require.Equal(t, halt.Off, before, "what a person does is no difference")
	require.Contains(t, c.Live.Latch.State().String(), "order pw1234-a is of another run (sell 1 AAPL")
	require.True(t, alerts.has("run (paper): the latch is halt since"), "%v", alerts.list)
	journal, err := runs.Strict{FS: os.DirFS(r.Out)}.Journal()
	require.NoError(t, err)
	external := 0
	for _, e := range journal {
		if e.ID == "external:person-1" {
			require.Zero(t, e.Turn)
			external++
		}
	}
	require.GreaterOrEqual(t, external, 2, "the order and its fill")
	v, err := Verify(os.DirFS(r.Out))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
}

// While the broker does not answer no turn begins; the run goes on when it does, and an
// order whose answer was lost is one order.
func TestBrokerWithoutAnswers(t *testing.T) {
	c, s := traded(t)
	s.To, s.Every = "2013-08-30", "1"
	c = soon(t, c, s)
	c.Dir = filepath.Join(t.TempDir(), "backtest")
	_, err := Run(context.Background(), c)
	require.NoError(t, err)
	var faults []alpacafake.Fault
	for n := 60; n < 66; n++ { // more than the adapter's own tries
		faults = append(faults, alpacafake.Fault{On: "GET /v2/positions", Nth: n, Do: alpacafake.ErrorFirst})
	}
	faults = append(faults, alpacafake.Fault{On: "POST /v2/orders", Nth: 1, Do: alpacafake.CutAfter}, alpacafake.Fault{On: "GET /v2/account/activities", Nth: 20, Do: alpacafake.Garbled})
	live, x := atBroker(t, c, faults...)
	var alerts told
	live.Live.Alert = alerts.tell
	live.Dir = filepath.Join(t.TempDir(), "run")
	_, err = Run(context.Background(), live)
	require.NoError(t, err)
	require.True(t, alerts.has("the broker cannot be read"), "%v", alerts.list)
	require.Greater(t, len(asked(t, c.Dir)), 5)
	require.Equal(t, asked(t, c.Dir), asked(t, live.Dir))
	sent, err := x.fake.Venue().Orders(context.Background(), pitwall.OrderQuery{})
	require.NoError(t, err)
	require.Len(t, sent, len(asked(t, live.Dir)))
	require.Equal(t, halt.Off, live.Live.Latch.State().Level)
}

// A run at a broker that is stopped goes on with the same account; a difference that came
// meanwhile refuses it and halts, and a person can take it over. A second process is
// refused while the first one trades.
func TestResumeAtABroker(t *testing.T) {
	ctx := context.Background()
	c, s := traded(t)
	s.Every, c.Agents[0].Every.Bars = "1", 1
	c, x := atBroker(t, c)
	c.Dir = filepath.Join(t.TempDir(), "run")
	second := c
	second.Dir = filepath.Join(t.TempDir(), "second")
	var busy error
	first := stopAfter(c, 30)
	stopping, n := first.Progress, 0
	first.Progress = func(g agentloop.Progress) {
		if n++; n == 10 {
			_, busy = Run(ctx, second)
		}
		stopping(g)
	}
	r, err := Run(ctx, first)
	require.NoError(t, err)
	require.ErrorContains(t, busy, "account PA3FAKE00000 at alpaca is in use by another process of this machine (process ")
	require.NoDirExists(t, second.Dir)

	again := c
	live := *c.Live
	live.Resume = true
	again.Live = &live
	r2, err := Run(ctx, stopAfter(again, 30))
	require.NoError(t, err)
	require.Greater(t, r2.Turns, 0)
	require.Equal(t, r.Manifest.Broker.Prefix, r2.Manifest.Broker.Prefix, "one name at the broker")

	live.Remote = x.remote(t)
	open := live.Remote.Open
	live.Remote.Open = func(ctx context.Context, r RemoteRun) (pitwall.Broker, Feed, error) {
		b, f, err := open(ctx, r)
		return richer{b}, f, err
	}
	_, err = Run(ctx, stopAfter(again, 10))
	require.ErrorContains(t, err, "cash: the journal has ")
	require.Contains(t, live.Latch.State().String(), "the broker's account differs from the journal: cash")
	require.NoError(t, live.Latch.Lower(live.Latch.State()))
	live.Adopt = true
	_, err = Run(ctx, stopAfter(again, 10))
	require.NoError(t, err)
	require.Equal(t, halt.Off, live.Latch.State().Level)
}

// richer is an account to which someone has paid in.
type richer struct{ pitwall.Broker }

func (b richer) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := b.Broker.Account(ctx, book)
	a.Cash += pitwall.Int(5000)
	a.Equity += pitwall.Int(5000)
	return a, err
}

// A run that is to stop ends the wait for a bar at once; the pause between two readings
// of the account stays, so that they are not one.
func TestLiveStopEndsOnlyTheWaitForABar(t *testing.T) {
	stop, now := make(chan struct{}), time.Unix(0, 0)
	close(stop)
	waits := 0
	p := &LiveSession{remote: &remote{}, stop: stop, claimed: &runs.Broker{}, Live: Live{Remote: &Remote{}, Now: func() time.Time { return now },
		Wait: func(ctx context.Context, until time.Time) error {
			if until.Sub(now) > reread {
				<-ctx.Done()
			}
			waits++
			return ctx.Err()
		}}}
	require.NoError(t, p.rest(context.Background(), now.Add(time.Hour)))
	require.NoError(t, p.mirrored(nil, nil).Pause(context.Background()))
	require.Equal(t, 2, waits)
}

// A cancel without an answer alerts, one that was refused does not.
func TestAlertsOfACancel(t *testing.T) {
	folder, err := runs.Create(disk.OS{}, filepath.Join(t.TempDir(), "run"), nil)
	require.NoError(t, err)
	var alerts told
	j := alerted{folder, alerts.tell, nil}
	for id, code := range map[string]pitwall.Code{"a": pitwall.Timeout, "b": pitwall.OrderClosed} {
		_, err := j.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryOrder, ID: id, Note: pitwall.Errorf(code, "x").Error()})
		require.NoError(t, err)
	}
	require.NoError(t, folder.Close())
	require.Equal(t, []string{"a change or cancel of order a has no answer, and may or may not have been made: TIMEOUT: x"}, alerts.list)
}

// A look at the account that failed is repeated soon, not at the next bar.
func TestBrokerIsAskedAgain(t *testing.T) {
	now, waited := time.Unix(1_000, 0), time.Duration(0)
	p := &LiveSession{remote: &remote{}, trouble: "no answer", synced: now.Add(-time.Hour), Live: Live{Remote: &Remote{}, Now: func() time.Time { return now },
		Wait: func(_ context.Context, until time.Time) error { waited = until.Sub(now); return nil }}}
	require.NoError(t, p.rest(context.Background(), now.Add(time.Hour)))
	require.Equal(t, askAgain, waited)
}

// A dividend is money that the broker tells of: it is journaled, and no difference, also
// after a restart.
func TestDividendAtABroker(t *testing.T) {
	ctx := context.Background()
	c, s := traded(t)
	s.To, s.Every, c.Agents[0].Every.Bars = "2013-12-31", "1", 1
	day := func(m time.Month, d int) time.Time { return time.Date(2013, m, d, 0, 0, 0, 0, time.UTC) }
	x := newExchange(t, c, []pitwall.Action{{Symbol: "AAPL", Type: "dividend", Ex: day(11, 6), Pay: day(11, 14), Value: pitwall.Int(3)}})
	c, _ = atExchange(t, c, x)
	c.Dir = filepath.Join(t.TempDir(), "run")
	_, err := Run(ctx, stopAfter(c, 140))
	require.NoError(t, err)
	live := *c.Live
	live.Resume, c.Live = true, &live
	r, err := Run(ctx, c)
	require.NoError(t, err)
	require.Equal(t, halt.Off, c.Live.Latch.State().Level, c.Live.Latch.State().String())
	journal, err := runs.Strict{FS: os.DirFS(r.Out)}.Journal()
	require.NoError(t, err)
	var paid []pitwall.Dec
	for _, e := range journal {
		if e.Flow != nil && e.Flow.Type == "div" {
			paid = append(paid, e.Flow.Amount)
		}
	}
	require.Len(t, paid, 1)
	require.Greater(t, paid[0], pitwall.Int(1000), "beyond the tolerance")
	a, err := x.fake.Venue().Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, a.Equity, r.FinalEquity)
}

// T10: a disk that is full or broken at any line of the journal halts trading and ends the
// run: nothing is sent that has no record, the latch says why, and the run goes on once
// there is room and a person has resumed.
func TestJournalCannotBeWritten(t *testing.T) {
	ctx := context.Background()
	for n, line := range []int{3, 4, 5, 9, 12, 23} { // of the journal: before, at and after intents
		c, s := traded(t)
		s.To, s.Every = "2013-07-31", "1"
		c, x := atBroker(t, soon(t, c, s))
		root := t.TempDir()
		d, written, why := disktest.New(root), 0, []error{syscall.ENOSPC, syscall.EIO}[n%2]
		c.Dir, c.Live.disk = filepath.Join(root, "run"), d
		d.Before = func(op disktest.Op) error {
			if op.Do == "write" && filepath.Base(op.Path) == runs.JournalFile {
				written++
			}
			if written >= line {
				return why
			}
			return nil
		}
		var alerts told
		c.Live.Alert = alerts.tell
		_, err := Run(ctx, c)
		require.ErrorIs(t, err, why, "line %d", line)
		require.Contains(t, c.Live.Latch.State().String(), "the journal of "+c.Dir+" cannot be written: ", "line %d", line)
		require.True(t, alerts.has("so nothing is sent"))
		d.Before = nil
		if _, err := (runs.Strict{FS: os.DirFS(c.Dir)}).Journal(); err != nil { // half a line, which a resume cuts
			require.ErrorContains(t, err, "journal.jsonl line ")
		}
		journal := runs.Open(os.DirFS(c.Dir)).Journal()
		intents := 0
		for _, e := range journal {
			if e.Kind == pitwall.EntryIntent && e.Order != nil {
				intents++
			}
		}
		sent, err := x.fake.Venue().Orders(ctx, pitwall.OrderQuery{})
		require.NoError(t, err)
		require.LessOrEqual(t, len(sent), intents, "line %d: an order without a record", line)
		require.Equal(t, line > 9, intents > 0, "line %d", line)
		live := *c.Live
		live.Resume, live.Remote, c.Live = true, x.remote(t), &live
		require.NoError(t, live.Latch.Lower(live.Latch.State()))
		_, err = Run(ctx, c)
		require.NoError(t, err, "line %d", line)
		require.Equal(t, halt.Off, live.Latch.State().Level, live.Latch.State().String())
		sent, err = x.fake.Venue().Orders(ctx, pitwall.OrderQuery{})
		require.NoError(t, err)
		require.Greater(t, len(sent), 5, "line %d", line)
		require.Len(t, sent, len(asked(t, c.Dir)), "line %d: each intent is one order", line)
	}
}
