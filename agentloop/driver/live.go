package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/brokers/paper"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools/duckdb"
)

// Live is what a run needs that goes on with the time of the host instead of replaying.
// Every field but Lag, Tick, Resume and Show is required.
type Live struct {
	Feed   Feed
	Latch  *halt.Latch
	Now    func() time.Time                                 // the host's time, or that of a recorded feed
	Wait   func(ctx context.Context, until time.Time) error // for that time; may return early
	Lag    time.Duration                                    // how long after its close a bar is asked for
	Tick   <-chan time.Time                                 // now and then: a halt is seen to while a model thinks; nil = between bars alone
	Resume bool                                             // go on with the run in Dir
	Show   func(LiveStatus)                                 // called before each wait; may be nil
}

// Paper is a world on the live clock whose orders fill as a backtest's do. It implements
// [Session].
type Paper struct {
	Live
	world *pitwall.World
	venue *paper.Venue
	store *history.Store
	spec  SimSpec
	from  time.Time
	zone  *time.Location
	job   *halt.Job
	stop  <-chan struct{}
	done  chan struct{}

	market atomic.Pointer[wall.Wall]
	mu     sync.Mutex // guards what follows
	due    time.Time  // of the next bar
	missed []string
	late   int
}

// begin composes the world, or goes on with one: past and bars are what the earlier
// process left in its folder.
func (p *Paper) begin(ctx context.Context, folder *runs.Folder, past []pitwall.Entry, bars []pitwall.Bar) error {
	store, spec, from := p.store, p.spec, p.from
	before := until(store, from)
	keep := func(list []pitwall.Bar) error { return folder.Bars(list, p.size) }
	if len(past) == 0 {
		if err := keep(lastOf(before)); err != nil { // whose closes were the first prices
			return err
		}
	}
	var err error
	p.venue, err = paper.Open(ctx, paper.Config{Sim: sim.Config{Source: before, Symbols: spec.Symbols, From: from, Cash: spec.Cash, Terms: spec.Terms, Costs: spec.Costs, Rules: spec.Rules, Journal: folder},
		Keep: keep, Past: past, Bars: after(bars, from)})
	if err != nil {
		return err
	}
	p.publish()
	setup, err := spec.setup()
	if err != nil {
		return err
	}
	gate := halt.NewGate(p.venue, p.Latch)
	guard := risk.New(gate, folder, p.venue, p, p, spec.Limits)
	guard.SetCosts(spec.Costs)
	guard.Before(gate.Check)
	p.job = &halt.Job{Broker: p.venue, Journal: folder, Latch: p.Latch, Now: p.venue.Now, Book: pitwall.MainBook}
	p.world = &pitwall.World{Name: "main", Mode: pitwall.Paper, Clock: p, Market: p, Instruments: p, Journal: folder,
		Broker: guard, Tables: duckdb.New(p, p.venue.Now, p.zone), Records: wall.NewRecords(store.Records(), p.venue.Now, spec.Revised), Events: store.Has(pitwall.Event),
		Costs: spec.Costs, Zone: p.zone, Policy: spec.Policy, OwnPolicy: spec.OwnPolicy, Attempt: 1, Setup: setup, Conditions: conditions(spec),
		Warnings: []pitwall.Warning{{Text: "paper: live prices, simulated fills; no order leaves this machine"}}}
	first, err := p.poll(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(past) > 0 {
		p.miss(ctx, first, "while this program was not running")
	}
	if p.Tick != nil {
		go p.watch()
	}
	return nil
}

// size returns how long the bars of a symbol are.
func (p *Paper) size(symbol string) time.Duration {
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
func (p *Paper) publish() {
	p.market.Store(wall.New(p.venue.Source(), p.venue.Now, p.spec.Symbols))
}

// watch sees to a halt while a model thinks.
func (p *Paper) watch() {
	for {
		select {
		case <-p.done:
			return
		case <-p.Tick:
			_, _ = p.job.Pass(context.Background()) // the job journals what it meets and goes on
		}
	}
}

// Now implements pitwall.Clock: when the newest bar became known.
func (p *Paper) Now() time.Time { return p.venue.Now() }

// Next implements pitwall.Clock: it waits for the next bar. Bars that came while it
// was not asked are passed at once, and the turns that they would have been are missed.
func (p *Paper) Next(ctx context.Context, after time.Time) (time.Time, error) {
	for {
		if now := p.venue.Now(); now.After(after) {
			return now, nil
		}
		steps, err := p.poll(ctx)
		if steps > 1 {
			p.miss(ctx, steps-1, "while the turn before was under way or the machine slept")
		}
		if err != nil || steps > 0 {
			return p.venue.Now(), err
		}
		if _, err := p.job.Pass(ctx); err != nil && pitwall.CodeOf(err) == pitwall.JournalFailed {
			return p.venue.Now(), err
		}
		select {
		case <-p.stop:
			return p.venue.Now(), context.DeadlineExceeded // the loop asks whether to stop after each wait
		default:
		}
		until := p.wake()
		if p.Show != nil {
			s, err := p.LiveStatus(ctx)
			if err != nil {
				return p.venue.Now(), err
			}
			p.Show(s)
		}
		if err := p.Wait(ctx, until); err != nil {
			return p.venue.Now(), err
		}
	}
}

// wake returns when to look again: when the next bar is due, and after that often.
func (p *Paper) wake() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Live.Now()
	var size time.Duration
	next := time.Time{}
	for _, s := range p.store.Series() {
		if !slices.Contains(p.spec.Symbols, s.Instrument.Symbol) {
			continue
		}
		if end := nextClose(s.Instrument, s.Size, now.Add(-p.Lag)); !end.IsZero() && (next.IsZero() || end.Before(next)) {
			next, size = end, s.Size
		}
	}
	p.due = time.Time{}
	if retry := now.Add(min(time.Minute, max(time.Second, size/60))); next.IsZero() || now.Sub(p.venue.Now()) >= size && p.open(now) {
		p.dueAt(next)
		return retry // the bar before is late, or no session is known
	}
	p.dueAt(next)
	return p.due
}

// dueAt notes when the next bar is due.
func (p *Paper) dueAt(end time.Time) {
	if !end.IsZero() {
		p.due = end.Add(p.Lag)
	}
}

// patience is how long after a session's close its last bar is asked for.
const patience = 30 * time.Minute

// open reports whether a symbol's session has begun and not long ended.
func (p *Paper) open(now time.Time) bool {
	for _, s := range p.store.Series() {
		opens, closes, ok := s.Instrument.Session(s.Instrument.Day(now))
		if ok && slices.Contains(p.spec.Symbols, s.Instrument.Symbol) && !now.Before(opens) && !now.After(closes.Add(p.Lag+patience)) {
			return true
		}
	}
	return false
}

// poll takes what the feed has and returns how many steps the world made.
func (p *Paper) poll(ctx context.Context) (steps int, err error) {
	bars, err := p.Feed.Bars(ctx, p.Live.Now())
	if err != nil {
		return 0, err
	}
	now := p.venue.Now()
	fresh := slices.DeleteFunc(slices.Clone(bars), func(b pitwall.Bar) bool { return !b.Known.After(now) })
	if late := len(bars) - len(fresh); late > 0 {
		p.mu.Lock()
		p.late += late
		p.mu.Unlock()
	}
	if len(fresh) == 0 {
		return 0, nil
	}
	steps, err = p.venue.Take(ctx, fresh)
	p.publish()
	return steps, err
}

// miss records bars that passed without a turn.
func (p *Paper) miss(ctx context.Context, bars int, why string) {
	if bars == 0 {
		return
	}
	text := fmt.Sprintf("%d bars up to %s passed without a turn %s: missed turns are not caught up", bars, p.world.Time(p.venue.Now()), why)
	p.mu.Lock()
	p.missed = append(p.missed, text)
	p.mu.Unlock()
	_, _ = p.world.Journal.Append(ctx, pitwall.Entry{AsOf: p.venue.Now(), Kind: pitwall.EntryWarning, Note: text}) // a journal that fails ends the run with its next line
}
