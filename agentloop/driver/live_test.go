package driver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models"
	"pitwall/brokers/halt"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/examples"
)

// hostTime is a host's clock that moves only while it is waited on.
type hostTime struct {
	mu   sync.Mutex
	now  time.Time
	wait func(time.Time) // called with each time that is waited for; may be nil
}

func (h *hostTime) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hostTime) Wait(ctx context.Context, until time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.now) {
		h.now = until
	}
	if h.wait != nil {
		h.wait(h.now)
	}
	return ctx.Err()
}

// momentum is the bundled strategy, every two bars and with limits, over a year.
func momentum(t *testing.T) (Config, *Strategy) {
	raw, err := examples.FS.ReadFile("momentum/strategy.yaml")
	require.NoError(t, err)
	s, err := Parse("strategy.yaml", append(raw, "\nrisk: {max_gross_percent: 150, max_order_notional: 200000, stale_price: 100h}\n"...))
	require.NoError(t, err)
	s.Dir, s.From, s.To, s.Every = "momentum", "2013-05-13", "2014-05-12", "2"
	require.NoError(t, s.Check())
	c := Config{Strategy: s, Now: func() time.Time { return time.Unix(0, 0) }}
	c.Source, err = s.Load(context.Background(), examples.FS, &history.Local{})
	require.NoError(t, err)
	m, err := NewModel(s.Team()[0], models.Options{})
	require.NoError(t, err)
	c.Agents, err = s.Deciders([]Model{m}, nil)
	require.NoError(t, err)
	return c, s
}

// onPaper makes a config a paper run over its own recorded bars.
func onPaper(t *testing.T, c Config) (Config, *hostTime) {
	from, to, err := c.Strategy.Window(c.Source)
	require.NoError(t, err)
	h := &hostTime{now: from}
	c.Live = &Live{Feed: NewRecorded(c.Source, from, to), Latch: halt.New(filepath.Join(t.TempDir(), "halt")), Now: h.Now, Wait: h.Wait}
	return c, h
}

// asked are the orders of a run: what, when, and at which turn.
func asked(t *testing.T, dir string) (list []string) {
	journal, err := runs.Strict{FS: os.DirFS(dir)}.Journal()
	require.NoError(t, err)
	for _, e := range journal {
		if e.Kind == pitwall.EntryIntent {
			list = append(list, fmt.Sprint(e.AsOf, e.Turn, e.Verb, e.Order.Symbol, e.Order.Side, e.Order.Qty, e.Order.Type, e.Order.Reason))
		}
	}
	return list
}

// One strategy file gives the same orders at the same bars, and the same digest, in a
// backtest and on the live clock over the same recorded days.
func TestPaperIsTheBacktest(t *testing.T) {
	ctx := context.Background()
	c, _ := momentum(t)
	c.Dir = filepath.Join(t.TempDir(), "backtest")
	backtest, err := Run(ctx, c)
	require.NoError(t, err)
	live, _ := onPaper(t, c)
	live.Dir = filepath.Join(t.TempDir(), "paper")
	paper, err := Run(ctx, live)
	require.NoError(t, err)
	require.True(t, paper.Complete)
	require.Equal(t, "paper", paper.Mode)
	require.Greater(t, len(asked(t, c.Dir)), 5)
	require.Equal(t, asked(t, c.Dir), asked(t, live.Dir))
	require.Equal(t, backtest.Digest, paper.Digest)
	require.Equal(t, []any{backtest.Turns, backtest.Bars, backtest.Fills, backtest.FinalEquity, backtest.BenchmarkReturn}, []any{paper.Turns, paper.Bars, paper.Fills, paper.FinalEquity, paper.BenchmarkReturn})
	v, err := Verify(os.DirFS(live.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
}

func TestPaperNeedsLimits(t *testing.T) {
	c, s := momentum(t)
	c, _ = onPaper(t, c)
	s.Risk = nil
	c.Dir = filepath.Join(t.TempDir(), "run")
	_, err := Run(context.Background(), c)
	require.ErrorContains(t, err, "risk is missing")
	require.NoDirExists(t, c.Dir)
}

// A turn that takes too long costs the turns of the bars that pass meanwhile: they are
// recorded and not caught up.
func TestMissedTurns(t *testing.T) {
	c, s := momentum(t)
	s.To, s.Every = "2013-07-11", "1"
	c.Agents[0].Every = agentloop.Every{Bars: 1}
	c, h := onPaper(t, c)
	n := 0
	c.Progress = func(agentloop.Progress) {
		if n++; n == 10 {
			h.mu.Lock()
			h.now = h.now.Add(9 * 24 * time.Hour)
			h.mu.Unlock()
		}
	}
	c.Dir = filepath.Join(t.TempDir(), "run")
	r, err := Run(context.Background(), c)
	require.NoError(t, err)
	journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
	require.NoError(t, err)
	var notes []string
	marks := 0
	for _, e := range journal {
		switch e.Kind {
		case pitwall.EntryWarning:
			notes = append(notes, e.Note)
		case pitwall.EntryMark:
			marks++
		}
	}
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "bars up to 2013-05-")
	require.Contains(t, notes[0], "are not caught up")
	require.Less(t, r.Turns, marks)
	require.Contains(t, r.Warnings, notes[0])
}

// A halt that is raised while a run goes on: no order is sent from then, what is held is
// closed, and the run goes on to its end.
func TestHaltInAPaperRun(t *testing.T) {
	c, _ := momentum(t)
	c, h := onPaper(t, c)
	at := time.Date(2013, 11, 4, 12, 0, 0, 0, time.UTC) // it holds the stock
	raised := false
	h.wait = func(now time.Time) {
		if !raised && now.After(at) {
			raised = true
			if err := c.Live.Latch.Raise(halt.Raise{Level: halt.Flatten, Reason: "test", By: "test", At: now}); err != nil {
				t.Error(err)
			}
		}
	}
	c.Dir = filepath.Join(t.TempDir(), "run")
	r, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.True(t, r.Complete)
	journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
	require.NoError(t, err)
	closes, denied, done, sold := 0, 0, false, pitwall.Dec(0)
	for _, e := range journal {
		if !e.AsOf.After(at) {
			continue
		}
		switch {
		case e.Verb == "submit":
			closes++
			sold = e.Order.Qty
			require.Equal(t, "halt", e.Order.By.Principal)
		case e.State != nil && e.State.Status == pitwall.Denied:
			denied++
			require.Equal(t, pitwall.Halted, e.State.Error.Code)
		case e.Kind == pitwall.EntryHalt:
			done = done || e.Note == fmt.Sprintf("flatten: done, read back from the broker; closed: sell %v AAPL (%v); run run; pitwall kill off lets it send orders again", sold, c.Live.Latch.State())
		}
	}
	require.Equal(t, 1, closes, "one close of the one position")
	require.Positive(t, denied)
	require.True(t, done)
	v, err := Verify(os.DirFS(c.Dir))
	require.NoError(t, err)
	require.Empty(t, v.Differences)
}

// The next bar ends by the exchange's sessions: holidays, early closes, weekends and
// breaks; day and night where it never closes.
func TestNextClose(t *testing.T) {
	zone, err := pitwall.LoadZone("America/New_York")
	require.NoError(t, err)
	at := func(text string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		require.NoError(t, err)
		return x
	}
	hours := pitwall.Hours{Open: 9*time.Hour + 30*time.Minute, Close: 16 * time.Hour}
	stock := pitwall.Instrument{Zone: zone, Calendar: "XNYS", Hours: &pitwall.Calendar{Name: "XNYS", Zone: zone, Regular: hours,
		Days: map[int]pitwall.Hours{20241128: {}, 20241129: {Open: hours.Open, Close: 13 * time.Hour}}}}
	pausing := stock
	pausing.Hours = &pitwall.Calendar{Zone: zone, Regular: pitwall.Hours{Open: 9 * time.Hour, Close: 15 * time.Hour, BreakStart: 11*time.Hour + 30*time.Minute, BreakEnd: 12*time.Hour + 30*time.Minute}}
	coin := pitwall.Instrument{Calendar: pitwall.AlwaysOpen}
	day, hour := 24*time.Hour, time.Hour
	for _, x := range []struct {
		in          pitwall.Instrument
		size        time.Duration
		after, want string
	}{
		{stock, day, "2024-11-27 15:59", "2024-11-27 16:00"},
		{stock, day, "2024-11-27 16:00", "2024-11-29 13:00"}, // a holiday, then an early close
		{stock, day, "2024-11-29 13:00", "2024-12-02 16:00"}, // a weekend
		{stock, hour, "2024-11-29 12:45", "2024-11-29 13:00"},
		{stock, hour, "2024-11-29 13:00", "2024-12-02 10:30"},
		{stock, hour, "2024-12-02 15:30", "2024-12-02 16:00"}, // the last bar is short
		{stock, time.Minute, "2024-12-02 09:30", "2024-12-02 09:31"},
		{stock, time.Minute, "2024-12-02 09:31", "2024-12-02 09:32"},
		{stock, pitwall.OneWeek, "2024-11-26 12:00", "2024-11-29 13:00"},
		{pausing, hour, "2024-12-02 11:00", "2024-12-02 11:30"},
		{pausing, hour, "2024-12-02 11:30", "2024-12-02 13:30"},
		{coin, hour, "2024-11-30 23:10", "2024-12-01 00:00"},
		{coin, hour, "2024-11-28 00:00", "2024-11-28 01:00"},
	} {
		require.Equal(t, at(x.want), nextClose(x.in, x.size, at(x.after)).In(zone), "%v after %s", x.size, x.after)
	}
	require.Equal(t, time.Date(2024, 12, 2, 0, 0, 0, 0, time.UTC), nextClose(coin, day, time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)).UTC())
}
