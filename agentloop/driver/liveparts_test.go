package driver

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/halt"
	"pitwall/brokers/paper"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// part is a live session without a world around it: a host's clock, coins of hourly bars,
// a journal and a latch.
type part struct {
	*LiveSession
	now     time.Time // of the host
	journal *pitwall.MemoryJournal
	steps   *stepping
}

// stepping is a venue that takes bars and nothing else.
type stepping struct {
	venue
	now    time.Time
	source pitwall.Source
	taken  [][]pitwall.Bar
	err    error
}

func (s *stepping) Now() time.Time         { return s.now }
func (s *stepping) Source() pitwall.Source { return s.source }
func (s *stepping) Take(_ context.Context, list []pitwall.Bar) (int, error) {
	s.taken = append(s.taken, list)
	return len(list), s.err
}

// offered is a feed that gives the bars that the test sets.
type offered struct {
	bars []pitwall.Bar
	err  error
}

func (o *offered) Bars(context.Context, time.Time) ([]pitwall.Bar, error) { return o.bars, o.err }

// noon is when tests of parts begin.
var noon = time.Date(2024, 12, 2, 12, 0, 0, 0, time.UTC)

func coin(t *testing.T, symbol string, size time.Duration, ends ...time.Time) *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Crypto, Calendar: pitwall.AlwaysOpen, Lot: pitwall.One, Zone: time.UTC}, Size: size}
	for _, end := range ends {
		require.NoError(t, s.Append(barAt(symbol, end, size)))
	}
	return s
}

func barAt(symbol string, end time.Time, size time.Duration) pitwall.Bar {
	p := pitwall.Int(100)
	return pitwall.Bar{Symbol: symbol, Open: p, High: p, Low: p, Close: p, Volume: 1, Start: end.Add(-size), End: end, Known: end}
}

func newPart(t *testing.T, series ...*pitwall.Series) *part {
	x := &part{now: noon, journal: &pitwall.MemoryJournal{}, steps: &stepping{now: noon, source: bars{list: series}}}
	x.LiveSession = &LiveSession{venue: x.steps, journal: x.journal, zone: time.UTC, store: history.NewStore(series, nil, nil), done: make(chan struct{}), halt: "off",
		folder: &runs.Folder{Dir: "runs/one"}, world: &pitwall.World{Zone: time.UTC}, from: noon.Add(-12 * time.Hour)}
	x.Live.Now = func() time.Time { return x.now }
	x.Latch = halt.New(filepath.Join(t.TempDir(), "halt"))
	require.NoError(t, x.Latch.Prepare())
	for _, s := range series {
		x.spec.Symbols = append(x.spec.Symbols, s.Instrument.Symbol)
	}
	x.guard = risk.New(nil, x.journal, x.LiveSession, nil, nil, risk.NoLimits())
	return x
}

func (x *part) notes() (list []string) {
	for _, e := range x.journal.Entries() {
		list = append(list, string(e.Kind)+": "+e.Note)
	}
	return list
}

// When to look again: at the close of the next bar and its lag; soon while the bar before is
// late; at the earliest of several; a second on where no session is known.
func TestNextLook(t *testing.T) {
	hour, five := coin(t, "H", time.Hour), coin(t, "F", 5*time.Minute)
	day, quick := coin(t, "D", 24*time.Hour), coin(t, "Q", 30*time.Second)
	for name, x := range map[string]struct {
		series     []*pitwall.Series
		host, last time.Duration // after noon
		want, due  time.Duration // -1: none
	}{
		"in its lag":          {[]*pitwall.Series{hour}, time.Second, -time.Hour, 2 * time.Second, 2 * time.Second},
		"late":                {[]*pitwall.Series{hour}, 2 * time.Second, -time.Hour, 62 * time.Second, time.Hour + 2*time.Second},
		"taken":               {[]*pitwall.Series{hour}, 2 * time.Second, 0, time.Hour + 2*time.Second, time.Hour + 2*time.Second},
		"late, of 5 minutes":  {[]*pitwall.Series{five}, 3 * time.Second, -5 * time.Minute, 8 * time.Second, 5*time.Minute + 2*time.Second},
		"late, of 30 seconds": {[]*pitwall.Series{quick}, 3 * time.Second, -30 * time.Second, 4 * time.Second, 32 * time.Second},
		"late, of a day":      {[]*pitwall.Series{day}, 12*time.Hour + 3*time.Second, -12 * time.Hour, 12*time.Hour + 63*time.Second, 36*time.Hour + 2*time.Second},
		"the earlier of two":  {[]*pitwall.Series{hour, five}, 2 * time.Second, 0, 5*time.Minute + 2*time.Second, 5*time.Minute + 2*time.Second},
		"in any order":        {[]*pitwall.Series{five, hour}, 2 * time.Second, 0, 5*time.Minute + 2*time.Second, 5*time.Minute + 2*time.Second},
		"none":                {nil, 0, 0, time.Second, -1},
	} {
		p := newPart(t, x.series...)
		p.Lag, p.due = 2*time.Second, noon.Add(99*time.Hour) // of the look before
		p.now, p.steps.now = noon.Add(x.host), noon.Add(x.last)
		require.Equal(t, noon.Add(x.want), p.nextLook().UTC(), name)
		if x.due < 0 {
			require.Zero(t, p.due, name)
			continue
		}
		require.Equal(t, noon.Add(x.due), p.due.UTC(), name)
	}
	p := newPart(t, hour, five)
	p.spec.Symbols = []string{"H"}
	require.Equal(t, noon.Add(time.Hour), p.nextLook().UTC(), "another symbol's bars are not waited for")
}

// A late bar is asked for often from the open of its session to half an hour after its close
// and its lag.
func TestTradingHours(t *testing.T) {
	hours := pitwall.Hours{Open: 9 * time.Hour, Close: 15 * time.Hour}
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "S", Kind: pitwall.Equity, Lot: pitwall.One, Zone: time.UTC, Calendar: "X", Hours: &pitwall.Calendar{Name: "X", Zone: time.UTC, Regular: hours}}, Size: 24 * time.Hour}
	p := newPart(t, s)
	p.Lag = 2 * time.Second
	day := noon.Add(-12 * time.Hour)
	last := day.Add(15*time.Hour + 30*time.Minute + 2*time.Second)
	for at, want := range map[time.Time]bool{day.Add(9*time.Hour - 1): false, day.Add(9 * time.Hour): true, last: true, last.Add(1): false} {
		require.Equal(t, want, p.trading(at), at)
	}
	p.steps.now = day.AddDate(0, 0, -3).Add(15 * time.Hour) // Friday's bar
	p.now = last
	require.Equal(t, last.Add(time.Minute), p.nextLook(), "Monday's is late")
	p.now = last.Add(1)
	require.Equal(t, day.Add(39*time.Hour+2*time.Second), p.nextLook(), "it is no longer waited for")
	p.spec.Symbols = []string{"other"}
	require.False(t, p.trading(day.Add(10*time.Hour)))
}

// Bars that are not newer than the world are left out and counted; what could not be taken is
// tried again with what comes; the turns that pass are listed once.
func TestPoll(t *testing.T) {
	ctx := context.Background()
	p := newPart(t, coin(t, "H", time.Hour))
	feed := &offered{bars: []pitwall.Bar{barAt("H", noon.Add(-time.Hour), time.Hour), barAt("H", noon, time.Hour), barAt("H", noon.Add(time.Hour), time.Hour)}}
	p.Feed, p.trouble, p.now = feed, "no answer", noon.Add(time.Hour)
	steps, err := p.poll(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, steps)
	require.Equal(t, [][]pitwall.Bar{feed.bars[2:]}, p.steps.taken)
	require.Equal(t, []any{2, "", p.now}, []any{p.late, p.trouble, p.synced})
	require.Empty(t, p.held)
	feed.bars, p.steps.err = []pitwall.Bar{barAt("H", noon.Add(2*time.Hour), time.Hour)}, errors.New("no")
	_, err = p.poll(ctx)
	require.EqualError(t, err, "no")
	require.Len(t, p.held, 1)
	feed.bars, p.steps.err = []pitwall.Bar{barAt("H", noon.Add(3*time.Hour), time.Hour)}, nil
	steps, err = p.poll(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, steps)
	require.Len(t, p.steps.taken, 3)
	feed.bars = nil
	steps, err = p.poll(ctx)
	require.NoError(t, err)
	require.Zero(t, steps)
	feed.err = io.EOF
	_, err = p.poll(ctx)
	require.ErrorIs(t, err, io.EOF)
	require.Len(t, p.steps.taken, 3, "nothing was there to take")
	p.miss(ctx, 0, "x")
	p.miss(ctx, 3, "while testing")
	const text = "3 bars up to 2024-12-02T12:00:00Z passed without a turn while testing: missed turns are not caught up"
	require.Equal(t, []string{"warning: " + text}, p.notes())
	require.Equal(t, []pitwall.Warning{{Text: text}, {Text: "2 bars came after a later one and are left out"}}, p.Warnings())
}

// A turn that has slept through a bar may not order it: from the moment that the next bar and
// ten seconds over its lag are past, and only in a symbol that has bars.
func TestOverslept(t *testing.T) {
	p := newPart(t, coin(t, "H", time.Hour, noon), coin(t, "NEW", time.Hour))
	p.Lag = 2 * time.Second
	o := pitwall.Order{Symbol: "H"}
	edge := noon.Add(time.Hour + 12*time.Second)
	p.now = edge
	require.Nil(t, p.overslept(o))
	p.now = edge.Add(1)
	require.EqualError(t, p.overslept(o), "NO_REFERENCE_PRICE: the newest bar of H ended at 2024-12-02T12:00:00Z, and the next one was due at 2024-12-02T13:00:00Z: it is 2024-12-02T13:00:12Z; let the clock go to the next bar and decide again")
	require.Nil(t, p.overslept(pitwall.Order{Symbol: "NEW"}))
	require.Nil(t, p.overslept(pitwall.Order{Symbol: "none"}))
}

// An error without an answer of the broker's is said once and passes; any other ends the run,
// and on paper each does.
func TestTransient(t *testing.T) {
	ctx := context.Background()
	p, lost := newPart(t), pitwall.Errorf(pitwall.Timeout, "no answer")
	require.False(t, p.transient(ctx, lost), "paper")
	p.remote = &remote{}
	require.False(t, p.transient(ctx, pitwall.Errorf(pitwall.DataError, "x")))
	require.False(t, p.transient(ctx, errors.New("x")))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.True(t, p.transient(ended, lost), "a call that was ended")
	require.Empty(t, p.troubled())
	require.True(t, p.transient(ctx, lost))
	require.True(t, p.transient(ctx, pitwall.Errorf(pitwall.Timeout, "another")))
	require.Equal(t, "TIMEOUT: no answer", p.troubled())
	require.Equal(t, []string{"warning: the broker cannot be read, so no turn begins: TIMEOUT: no answer"}, p.notes())
	p.fine()
	require.Equal(t, []any{"", noon}, []any{p.troubled(), p.synced})
}

// A difference halts and is journaled once for each finding, and again when a person lowered
// the latch and it is still there.
func TestDiffer(t *testing.T) {
	ctx := context.Background()
	p := newPart(t)
	require.NoError(t, p.sayHalt(ctx), "off is not news")
	require.NoError(t, p.differ(ctx, []string{"cash", "AAPL"}))
	require.NoError(t, p.differ(ctx, []string{"cash", "AAPL"}))
	const first = "halt since 2024-12-02T12:00:00Z by pitwall: the broker's account differs from the journal: cash; AAPL"
	require.Equal(t, []string{"halt: the latch is " + first}, p.notes())
	require.True(t, p.Latch.State().Raises[0].Doubt)
	require.NoError(t, p.differ(ctx, []string{"MSFT"}))
	require.Len(t, p.Latch.State().Raises, 2)
	require.NoError(t, p.Latch.Lower(p.Latch.State()))
	require.NoError(t, p.differ(ctx, []string{"MSFT"}))
	require.Equal(t, halt.Halt, p.Latch.State().Level)
	require.Len(t, p.Latch.State().Raises, 1)
	require.NoError(t, p.Latch.Lower(p.Latch.State()))
	require.NoError(t, p.raise(ctx, halt.ReduceOnly, "breaker", "a loss", false))
	require.NoError(t, p.differ(ctx, []string{"MSFT"}))
	require.Equal(t, halt.Halt, p.Latch.State().Level, "less than a halt does not hold it")
}

// A journal that cannot be written halts at a broker, once, and alerts where even that fails.
func TestUnwritten(t *testing.T) {
	p := newPart(t)
	p.unwritten(io.ErrShortWrite)
	require.Equal(t, halt.Off, p.Latch.State().Level, "on paper nothing is sent")
	p.Live.Remote = &Remote{}
	p.unwritten(io.ErrShortWrite)
	p.unwritten(io.ErrShortWrite)
	require.Equal(t, "halt since 2024-12-02T12:00:00Z by pitwall: the journal of runs/one cannot be written: short write", p.Latch.State().String())
	require.True(t, p.Latch.State().Raises[0].Doubt)
}

// Where orders go, and what is known of the account, in every mode.
func TestWhereOrdersGo(t *testing.T) {
	p := newPart(t)
	p.account = "PA1"
	require.Equal(t, pitwall.Paper, p.mode())
	require.Equal(t, "paper: live prices, simulated fills; no order leaves this machine", p.about())
	require.Equal(t, conditions(p.spec), p.conditions())
	for want, r := range map[string]*Remote{
		"paper: orders go to the paper account PA1 at alpaca":                                  {Broker: "alpaca", Mode: pitwall.Paper},
		"live: orders go to account PA1 at alpaca and trade real money":                        {Broker: "alpaca", Mode: pitwall.Live},
		"live: orders go to account PA1 at a server of your own (127.0.0.1:1), not to alpaca":  {Broker: "alpaca", Mode: pitwall.Live, Server: "127.0.0.1:1"},
		"paper: orders go to account PA1 at a server of your own (127.0.0.1:1), not to alpaca": {Broker: "alpaca", Mode: pitwall.Paper, Server: "127.0.0.1:1"},
	} {
		p.Live.Remote = r
		require.Equal(t, want, p.about())
		require.Equal(t, r.Mode, p.mode())
		all := conditions(p.spec)
		require.Equal(t, []string{"account: PA1 at alpaca, by its own rules", "fills: by the market, at alpaca", all[len(all)-1]}, p.conditions())
	}
	for orders, want := range map[string]string{approval.Entries: "approval: an order that can open or enlarge a position waits until a person approves it", approval.All: "approval: each order waits until a person approves it"} {
		p.Approve.Orders = orders
		list := p.conditions()
		require.Equal(t, []any{4, want}, []any{len(list), list[3]})
	}
}

// A run has a name of its own at its broker, and goes on only with the same broker, account,
// money, costs and symbols.
func TestClaim(t *testing.T) {
	p := newPart(t)
	p.account = "PA1"
	require.NoError(t, p.claim("runs/one", runs.Manifest{}))
	require.Nil(t, p.claimed, "on paper")
	p.Live.Remote = &Remote{Broker: "alpaca", Mode: pitwall.Paper}
	names := map[string]bool{}
	for _, x := range []struct {
		dir string
		at  time.Time
	}{{"runs/one", noon}, {"runs/two", noon}, {"runs/one", noon.Add(1)}} {
		p.now = x.at
		require.NoError(t, p.claim(x.dir, runs.Manifest{}))
		require.Regexp(t, "^pw[0-9a-f]{8}-$", p.claimed.Prefix)
		require.Equal(t, runs.Broker{Name: "alpaca", Account: "PA1", Prefix: p.claimed.Prefix, Since: x.at}, *p.claimed)
		names[p.claimed.Prefix] = true
	}
	require.Len(t, names, 3)

	p.Resume, p.spec.Symbols, p.spec.Cash = true, []string{"A"}, pitwall.Int(5)
	p.spec.Costs = pitwall.Costs{Fixed: pitwall.One}
	was := func(change func(*runs.Manifest)) runs.Manifest {
		m := runs.Manifest{Mode: "paper", From: "2024-11-29", Broker: &runs.Broker{Name: "alpaca", Account: "PA1", Prefix: "pwx-"}, Symbols: []string{"A"}, Cash: pitwall.Int(5), Costs: p.spec.Costs, Account: effectiveTerms(p.spec.Terms), Fills: p.spec.Rules}
		change(&m)
		return m
	}
	require.NoError(t, p.claim("runs/one", was(func(m *runs.Manifest) { m.Cash = pitwall.Int(7) })), "the money is the broker's")
	require.Equal(t, []any{"pwx-", "2024-11-29T00:00:00Z"}, []any{p.claimed.Prefix, p.from.Format(time.RFC3339)})
	const others = "STRATEGY_ERROR: the run began with other symbols, cash, costs, account or fills than the strategy says now; take the change back, or start another run"
	for want, change := range map[string]func(*runs.Manifest){
		`runs/one: from: parsing time "x" as "2006-01-02": cannot parse "x" as "2006"`:                                                   func(m *runs.Manifest) { m.From = "x" },
		"INVALID_INPUT: runs/one is a paper run at no broker; go on with the same --broker and the same account":                         func(m *runs.Manifest) { m.Broker = nil },
		"INVALID_INPUT: runs/one is a live run at alpaca; go on with the same --broker and the same account":                             func(m *runs.Manifest) { m.Mode = "live" },
		"INVALID_INPUT: runs/one trades account PA1 at other, and this is account PA1 at alpaca; use its profile, or start another run":  func(m *runs.Manifest) { m.Broker.Name = "other" },
		"INVALID_INPUT: runs/one trades account PA2 at alpaca, and this is account PA1 at alpaca; use its profile, or start another run": func(m *runs.Manifest) { m.Broker.Account = "PA2" },
		others: func(m *runs.Manifest) { m.Costs.Fixed++ },
	} {
		require.EqualError(t, p.claim("runs/one", was(change)), want)
	}
	for _, change := range []func(*runs.Manifest){
		func(m *runs.Manifest) { m.Symbols = []string{"A", "B"} },
		func(m *runs.Manifest) { m.Account.SettleDays++ },
		func(m *runs.Manifest) { m.Fills.VolumeShare++ },
	} {
		require.EqualError(t, p.claim("runs/one", was(change)), others)
	}
	p.Live.Remote = nil
	require.EqualError(t, p.claim("runs/one", was(func(*runs.Manifest) {})), "INVALID_INPUT: runs/one is a paper run at alpaca; go on with the same --broker and the same account")
	require.NoError(t, p.claim("runs/one", was(func(m *runs.Manifest) { m.Broker = nil })))
	require.EqualError(t, p.claim("runs/one", was(func(m *runs.Manifest) { m.Broker, m.Cash = nil, pitwall.Int(7) })), others)
}

// What a restart reads of a journal and of bars: the newest mark, else the start; the newest
// bar of each symbol; those after a time.
func TestWhatARestartReads(t *testing.T) {
	line := func(kind pitwall.EntryKind, hours int) pitwall.Entry {
		return pitwall.Entry{Kind: kind, AsOf: noon.Add(time.Duration(hours) * time.Hour)}
	}
	require.Zero(t, lastMark(nil))
	require.Equal(t, noon, lastMark([]pitwall.Entry{line(pitwall.EntryStart, 0), line(pitwall.EntryFill, 1)}))
	require.Equal(t, noon.Add(2*time.Hour), lastMark([]pitwall.Entry{line(pitwall.EntryStart, 0), line(pitwall.EntryMark, 1), line(pitwall.EntryMark, 2), line(pitwall.EntryOrder, 3)}))
	a, b := coin(t, "A", time.Hour, noon, noon.Add(time.Hour)), coin(t, "B", 5*time.Minute)
	require.Equal(t, []pitwall.Bar{a.Bar(1)}, lastOf(bars{list: []*pitwall.Series{a, b}}))
	require.Equal(t, []pitwall.Bar{a.Bar(1)}, after([]pitwall.Bar{a.Bar(0), a.Bar(1)}, noon))
	p := newPart(t, a, b)
	require.Equal(t, []time.Duration{time.Hour, 5 * time.Minute, 0}, []time.Duration{p.size("A"), p.size("B"), p.size("C")})
	p.claimed, p.spec.Symbols = &runs.Broker{Prefix: "pwx-", Since: noon}, []string{"B"}
	run := p.remoteRun(paper.NewSource(bars{list: []*pitwall.Series{a, b}}))
	require.Equal(t, []any{"pwx-", noon, false, true}, []any{run.Prefix, run.Since, run.Instruments[0].Tradable, run.Instruments[1].Tradable})
}

// A wait ends at the next look at the account, soon after one that failed, and at once where
// the stream says that something changed.
func TestRest(t *testing.T) {
	ctx := context.Background()
	for name, x := range map[string]struct {
		set  func(*part)
		want time.Duration // after noon; 0 = no wait
	}{
		"on paper":                 {func(*part) {}, time.Hour},
		"a minute":                 {func(p *part) { p.remote = &remote{} }, time.Minute},
		"as told":                  {func(p *part) { p.remote, p.Live.Remote.Every = &remote{}, 7*time.Minute }, 7 * time.Minute},
		"the bar comes before":     {func(p *part) { p.remote, p.Live.Remote.Every = &remote{}, 2*time.Hour }, time.Hour},
		"the look is past":         {func(p *part) { p.remote, p.synced = &remote{}, noon.Add(-time.Minute) }, time.Hour},
		"the look is next":         {func(p *part) { p.remote, p.synced = &remote{}, noon.Add(1-time.Minute) }, 1},
		"it failed":                {func(p *part) { p.remote, p.trouble = &remote{}, "x" }, askAgain},
		"changed":                  {func(p *part) { p.remote = &remote{}; p.stale.Store(true) }, 0},
		"changed, and it failed":   {func(p *part) { p.remote, p.trouble = &remote{}, "x"; p.stale.Store(true) }, askAgain},
		"orders wait for a person": {func(p *part) { p.desk = &approval.Desk{} }, time.Hour},
	} {
		p := newPart(t)
		p.Live.Remote, p.synced = &Remote{}, noon
		waited := time.Duration(0)
		p.Wait = func(_ context.Context, until time.Time) error { waited = until.Sub(noon); return nil }
		x.set(p)
		require.NoError(t, p.rest(ctx, noon.Add(time.Hour)), name)
		require.Equal(t, x.want, waited, name)
	}
	p := newPart(t)
	p.remote, p.Live.Remote = &remote{}, &Remote{}
	ended, cancel := context.WithCancel(ctx)
	p.Wait = func(context.Context, time.Time) error { cancel(); return io.ErrClosedPipe }
	require.ErrorIs(t, p.rest(ended, noon.Add(time.Hour)), io.ErrClosedPipe)
	p.Wait = func(context.Context, time.Time) error { return nil }
	require.ErrorIs(t, p.rest(ended, noon.Add(time.Hour)), context.Canceled)
	p.Wait = func(ctx context.Context, _ time.Time) error { p.wake(); <-ctx.Done(); return ctx.Err() }
	require.NoError(t, p.rest(ctx, noon.Add(time.Hour)), "woken")
}
