package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/halt"
	"pitwall/brokers/paper"
	"pitwall/brokers/risk"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools/duckdb"
)

// Live is what a run needs that goes on with the time of the host instead of replaying.
// Feed or Remote, Latch, Now and Wait are required: a broker has bars of its own.
type Live struct {
	Feed    Feed
	Latch   *halt.Latch
	Now     func() time.Time                                 // the host's time, or that of a recorded feed
	Wait    func(ctx context.Context, until time.Time) error // for that time, or until ctx ends
	Lag     time.Duration                                    // how long after its close a bar is asked for
	Tick    <-chan time.Time                                 // now and then: a halt is seen to while a model thinks; nil = between bars alone
	Resume  bool                                             // go on with the run in Dir
	Show    func(LiveStatus)                                 // called before each wait; may be nil
	Alert   func(text string)                                // tells a person what cannot wait; must not block; may be nil
	Remote  *Remote                                          // the account that orders go to; nil = fills are simulated
	Arming  Arming                                           // of a live account: what the caller knows
	Adopt   bool                                             // take over what differs at the broker, when a run goes on
	Approve Approve                                          // which orders wait for a person
	Record  *history.Recording                               // where what the run sees is written; nil = nowhere

	// Preflights is the folder of runs with the preflights that a live run needs one of; nil =
	// there is none.
	Preflights fs.FS

	rehearsal bool      // a preflight's run, at a fake of its own: it needs no preflight before it
	disk      disk.Disk // where the run's folder is written; nil = the machine's
}

// LiveSession is a world on the live clock, on paper or at a broker. It implements
// [Session].
type LiveSession struct {
	Live
	world   *pitwall.World
	journal pitwall.Journal
	venue   venue
	remote  *remote        // the same, at a broker; else nil
	below   pitwall.Broker // of remote: what its stream is followed with
	store   *history.Store
	spec    SimSpec
	from    time.Time
	zone    *time.Location
	past    []pitwall.Entry // of an earlier process
	account string          // its id at the broker
	claimed *runs.Broker    // at a broker: under which name
	lease   lease
	folder  *runs.Folder
	guard   *risk.Guard
	job     *halt.Job
	onHalt  halt.Level      // what the strategy asks of a halt
	obeys   bool            // it only does what a halt asks for, and gives no turn
	desk    *approval.Desk  // nil = no order waits for a person
	links   *approval.Links // nil = alerts have none
	stop    <-chan struct{}
	done    chan struct{}
	ended   sync.WaitGroup // what follows the stream

	market atomic.Pointer[wall.Wall]
	stale  atomic.Bool   // the stream says that something changed
	held   []pitwall.Bar // that could not be taken yet
	synced time.Time     // when the account was last compared, in the host's time

	mu      sync.Mutex // guards what follows
	due     time.Time  // of the next bar
	missed  []string
	hours   []string // days on which the broker's calendar is another
	late    int
	differs string // what differed last
	halt    string // the latch as last journaled
	trouble string // why the broker could not be read
	wakeUp  context.CancelFunc
}

// begin composes the world, or goes on with one: past and bars are what the earlier
// process left in its folder.
func (p *LiveSession) begin(ctx context.Context, folder *runs.Folder, past runs.Past) error {
	p.folder, p.past, p.halt = folder, past.Journal, halt.Off.String()
	p.journal = alerted{folder, p.tell, p.unwritten}
	before := until(p.store, p.from)
	if len(past.Journal) == 0 {
		if err := p.keep(lastOf(before)); err != nil { // whose closes were the first prices
			return err
		}
	}
	if err := p.open(ctx, before, past); err != nil {
		return err
	}
	p.publish()
	setup, err := p.spec.setup()
	if err != nil {
		return err
	}
	gate := halt.NewGate(p.venue, p.Latch)
	guard := risk.New(gate, p.journal, p, p, p, p.spec.Limits)
	guard.SetCosts(p.spec.Costs)
	guard.Recall(ctx, past.Journal)
	level := map[risk.Then]halt.Level{risk.ThenReduceOnly: halt.ReduceOnly, risk.ThenHalt: halt.Halt}
	raise := func(ctx context.Context, b risk.Breach) error {
		return p.raise(ctx, level[b.Then], "breaker", b.Reason, false)
	}
	guard.OnBreach(raise, func(b risk.Breach) bool { return p.Latch.State().Level >= level[b.Then] })
	p.guard = guard
	guard.Before(func(ctx context.Context, o pitwall.Order) *pitwall.Error {
		if p.remote != nil {
			if e := p.overslept(o); e != nil {
				return e
			}
		}
		return gate.Check(ctx, o)
	})
	broker, err := p.await(guard)
	if err != nil {
		return err
	}
	p.job = &halt.Job{Broker: p.venue, Journal: p.journal, Latch: p.Latch, Now: p.venue.Now, Host: p.venue.Now, Book: pitwall.MainBook, Instruments: p, Policy: p.onHalt, Who: p.who()}
	if p.remote != nil {
		p.job.Host, p.job.Retry = p.Live.Now, time.Minute
	}
	tables := duckdb.New(p, p.venue.Now, p.zone)
	p.world = &pitwall.World{Name: "main", Mode: p.mode(), Clock: p, Market: p, Instruments: p, Journal: p.journal,
		Broker: patient{broker, p}, Risk: guard, Tables: tables, Records: wall.NewRecords(p.store.Records(), p.venue.Now, p.spec.Revised), Events: p.store.Has(pitwall.Event), Regime: p.spec.Regime, Several: len(p.spec.Symbols) > 1,
		Costs: p.spec.Costs, Zone: p.zone, Policy: p.spec.Policy, OwnPolicy: p.spec.OwnPolicy, Attempt: 1, Setup: setup, Conditions: p.conditions(),
		Warnings: append(sectorless(p.store, p.spec), pitwall.Warning{Text: p.about()})}
	if err := p.spec.Memory.remember(p.world, tables, p.venue.Now, p.from); err != nil {
		return err
	}
	tables.Compute(computedTables(p.world)...)
	first, err := p.poll(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(past.Journal) > 0 {
		p.miss(ctx, first, "while this program was not running")
	}
	if p.Tick != nil {
		go p.watch()
	}
	if p.remote != nil && p.Live.Remote.Watch != nil {
		p.follow()
	}
	return nil
}

// open opens the venue: at the broker, or the simulated one.
func (p *LiveSession) open(ctx context.Context, before pitwall.Source, past runs.Past) error {
	if p.Live.Remote != nil {
		return p.openRemote(ctx)
	}
	v, err := paper.Open(ctx, paper.Config{Sim: sim.Config{Source: before, Symbols: p.spec.Symbols, From: p.from, Cash: p.spec.Cash, Terms: p.spec.Terms, Costs: p.spec.Costs, Rules: p.spec.Rules, Journal: p.journal},
		Keep: p.keep, Past: past.Journal, Bars: after(past.Bars, p.from)})
	p.venue = simulated{v}
	return err
}

// keep puts bars on the disk.
func (p *LiveSession) keep(list []pitwall.Bar) error { return p.folder.Bars(list, p.size) }

// size returns how long the bars of a symbol are.
func (p *LiveSession) size(symbol string) time.Duration {
	for _, s := range p.store.Series() {
		if s.Instrument.Symbol == symbol {
			return s.Size
		}
	}
	return 0
}

// lastOf returns the newest bar of each symbol.
func lastOf(src pitwall.Source) (list []pitwall.Bar) {
	for _, s := range src.Series() {
		if n := s.Len(); n > 0 {
			list = append(list, s.Bar(n-1))
		}
	}
	return list
}

// after returns the bars that became known after a time.
func after(bars []pitwall.Bar, at time.Time) []pitwall.Bar {
	return slices.DeleteFunc(slices.Clone(bars), func(b pitwall.Bar) bool { return !b.Known.After(at) })
}

// publish shows what the venue has taken.
func (p *LiveSession) publish() {
	p.market.Store(wall.New(p.venue.Source(), p.venue.Now, p.spec.Symbols))
}

// Now implements pitwall.Clock: when the newest bar became known.
func (p *LiveSession) Now() time.Time { return p.venue.Now() }

// Next implements pitwall.Clock: it waits for the next bar. Bars that came while it
// was not asked are passed at once, and the turns that they would have been are missed.
func (p *LiveSession) Next(ctx context.Context, after time.Time) (time.Time, error) {
	for {
		if now := p.venue.Now(); now.After(after) {
			return now, nil
		}
		steps, err := p.poll(ctx)
		if err != nil && p.transient(ctx, err) {
			err = nil
		}
		if steps > 1 {
			p.miss(ctx, steps-1, "while the turn before was under way or the machine slept")
		}
		if err != nil || steps > 0 {
			return p.venue.Now(), err
		}
		select {
		case <-p.stop:
			return p.venue.Now(), context.DeadlineExceeded // the loop asks whether to stop after each wait
		default:
		}
		if err := p.between(ctx); err != nil {
			return p.venue.Now(), err
		}
		until := p.nextLook()
		if p.Show != nil {
			s, err := p.LiveStatus(ctx)
			if err != nil {
				return p.venue.Now(), err
			}
			p.Show(s)
		}
		if err := p.rest(ctx, until); err != nil {
			return p.venue.Now(), err
		}
	}
}

// rest waits, until the run is to stop or the broker's stream says that something changed
// at the latest.
func (p *LiveSession) rest(ctx context.Context, until time.Time) error {
	if p.remote == nil && p.desk == nil {
		return p.Wait(ctx, until)
	}
	if p.remote != nil {
		now := p.Live.Now()
		next := p.synced.Add(cmp.Or(p.Live.Remote.Every, time.Minute))
		if p.troubled() != "" {
			next = now.Add(askAgain)
		}
		if next.Before(until) && next.After(now) {
			until = next
		}
	}
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	p.wakeUp = cancel
	p.mu.Unlock()
	go func() {
		select {
		case <-p.stop:
			cancel()
		case <-wait.Done():
		}
	}()
	if p.remote != nil && p.stale.Load() && p.troubled() == "" {
		return nil
	}
	if err := p.Wait(wait, until); err != nil && ctx.Err() != nil {
		return err
	}
	return ctx.Err()
}

// nextLook returns when to look again: when the next bar is due, and after that often.
func (p *LiveSession) nextLook() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Live.Now()
	var size time.Duration
	next, expected := time.Time{}, time.Time{}
	for _, s := range p.store.Series() {
		if !slices.Contains(p.spec.Symbols, s.Instrument.Symbol) {
			continue
		}
		if end := nextClose(s.Instrument, s.Size, now.Add(-p.Lag)); !end.IsZero() && (next.IsZero() || end.Before(next)) {
			next, size = end, s.Size
			expected = nextClose(s.Instrument, s.Size, p.venue.Now())
		}
	}
	p.due = time.Time{}
	if !next.IsZero() {
		p.due = next.Add(p.Lag)
	}
	if next.IsZero() || expected.Before(next) && p.trading(now) {
		return now.Add(min(time.Minute, max(time.Second, size/60))) // the bar before is late, or no session is known
	}
	return p.due
}

// patience is how long after a session's close its last bar is asked for.
const patience = 30 * time.Minute

// trading reports whether a symbol's session has begun and not long ended.
func (p *LiveSession) trading(now time.Time) bool {
	for _, s := range p.store.Series() {
		opens, closes, ok := s.Instrument.Session(s.Instrument.Day(now))
		if ok && slices.Contains(p.spec.Symbols, s.Instrument.Symbol) && !now.Before(opens) && !now.After(closes.Add(p.Lag+patience)) {
			return true
		}
	}
	return false
}

// poll takes what the feed has and returns how many steps the world made. Bars that
// could not be taken are tried again.
func (p *LiveSession) poll(ctx context.Context) (steps int, err error) {
	seen := p.Live.Now()
	bars, err := p.Feed.Bars(ctx, seen)
	if p.Record != nil {
		if e := errors.Join(p.Record.Bars(bars, seen, p.size), p.Record.Records(p.store.Records(), seen)); e != nil {
			return 0, e
		}
	}
	now := p.venue.Now()
	fresh := slices.DeleteFunc(slices.Clone(bars), func(b pitwall.Bar) bool { return !b.Known.After(now) })
	if late := len(bars) - len(fresh); late > 0 {
		p.mu.Lock()
		p.late += late
		p.mu.Unlock()
	}
	p.held = append(p.held, fresh...)
	if err != nil || len(p.held) == 0 {
		return 0, err
	}
	if steps, err = p.venue.Take(ctx, p.held); err != nil {
		return 0, err
	}
	p.held = nil
	p.publish()
	p.fine()
	return steps, p.guard.Watch(ctx)
}

// miss records bars that passed without a turn.
func (p *LiveSession) miss(ctx context.Context, bars int, why string) {
	if bars == 0 {
		return
	}
	text := fmt.Sprintf("%d bars up to %s passed without a turn %s: missed turns are not caught up", bars, p.world.Time(p.venue.Now()), why)
	p.mu.Lock()
	p.missed = append(p.missed, text)
	p.mu.Unlock()
	_, _ = p.journal.Append(ctx, pitwall.Entry{AsOf: p.venue.Now(), Kind: pitwall.EntryWarning, Note: text}) // a journal that fails ends the run with its next line
}
