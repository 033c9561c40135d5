package driver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/halt"
	"pitwall/brokers/mirror"
	"pitwall/brokers/paper"
)

// This file is an account at a broker as the venue of a [LiveSession].

// Remote is an account at a broker that orders go to. Every field but Server, Watch,
// Calendar, Fee and Every must be given.
type Remote struct {
	Broker string       // its name
	Mode   pitwall.Mode // paper or live, as the broker's host
	Server string       // host of a server on this machine that stands for the broker; empty = the broker's own
	// ID reads the account's id.
	ID func(context.Context) (string, error)
	// Open connects for one run.
	Open func(context.Context, RemoteRun) (pitwall.Broker, Feed, error)
	// Clock reads the broker's clock.
	Clock func(context.Context) (time.Time, error)
	// Calendar reads the sessions of a span of days as the broker has them; nil = those of
	// the instruments count.
	Calendar func(ctx context.Context, from, to time.Time) (*pitwall.Calendar, error)
	// Watch follows the broker's stream and calls changed until ctx ends; nil = the broker
	// is only read now and then.
	Watch func(ctx context.Context, b pitwall.Broker, changed func()) error
	// Fee is the part that the broker may take out of what a fill of an instrument brings; nil
	// = nothing.
	Fee func(pitwall.Instrument) pitwall.Dec
	// Every is how often the account is compared between bars; 0 = a minute.
	Every time.Duration
}

// RemoteRun is what a broker is opened with.
type RemoteRun struct {
	Now         func() time.Time
	Symbols     []string // that may be traded
	Prefix      string   // of every client order id
	Since       time.Time
	Instruments []pitwall.Instrument // of all symbols with bars
	Size        time.Duration        // of bars
	From        map[string]time.Time // where each symbol's bars begin that the history lacks
}

// venue is where the orders of a live session fill.
type venue interface {
	pitwall.Broker
	pitwall.SimClock
	Now() time.Time         // when the newest bar became known
	Source() pitwall.Source // the bars so far
	// Take makes the steps that bars bring; with an error it has taken none.
	Take(ctx context.Context, bars []pitwall.Bar) (steps int, err error)
	// Glance returns the account as last read, and how many orders are open.
	Glance(ctx context.Context) (pitwall.Account, int, error)
}

// simulated is a venue that fills by the matcher of the backtest.
type simulated struct{ *paper.Venue }

// Glance implements venue.
func (s simulated) Glance(ctx context.Context) (pitwall.Account, int, error) {
	a, err := s.Account(ctx, pitwall.MainBook)
	if err != nil {
		return a, 0, err
	}
	open, err := s.Orders(ctx, pitwall.OrderQuery{Open: true})
	return a, len(open), err
}

// remote is a venue at a broker. What happens there becomes lines of the journal at
// each step; what differs from the journal halts.
type remote struct {
	*mirror.Mirror
	keep   func([]pitwall.Bar) error
	differ func(ctx context.Context, list []string) error

	mu     sync.Mutex
	now    time.Time
	source *paper.Source
}

// Now implements venue.
func (r *remote) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Source implements venue.
func (r *remote) Source() pitwall.Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source
}

// Take implements venue. The account is read before the bars count: no turn sees new
// prices beside an account that could not be read.
func (r *remote) Take(ctx context.Context, bars []pitwall.Bar) (steps int, err error) {
	r.mu.Lock()
	next, at := r.source.Copy(), r.now
	r.mu.Unlock()
	for _, b := range bars {
		if err := next.Add(b); err != nil {
			return 0, err
		}
		if b.Known.After(at) {
			at, steps = b.Known, steps+1
		}
	}
	if err := r.compare(ctx, at, true); err != nil {
		return 0, err
	}
	if err := r.keep(bars); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source, r.now = next.Copy(), at
	return steps, nil
}

// compare reads the account and halts when it differs.
func (r *remote) compare(ctx context.Context, at time.Time, mark bool) error {
	list, err := r.Sync(ctx, at, mark)
	if err != nil || len(list) == 0 {
		return err
	}
	return r.differ(ctx, list)
}

// Glance implements venue.
func (r *remote) Glance(context.Context) (pitwall.Account, int, error) {
	a, open := r.Last()
	return a, open, nil
}

// differ halts trading and says what differs, once for each finding.
func (p *LiveSession) differ(ctx context.Context, list []string) error {
	text := strings.Join(list, "; ")
	p.mu.Lock()
	known := p.differs == text
	p.differs = text
	p.mu.Unlock()
	if known && p.Latch.State().Level >= halt.Halt {
		return nil
	}
	return p.raise(ctx, halt.Halt, "pitwall", "the broker's account differs from the journal: "+text, true)
}

// raise stops trading and journals why.
func (p *LiveSession) raise(ctx context.Context, level halt.Level, by, why string, doubt bool) error {
	err := p.Latch.Raise(halt.Raise{Level: level, By: by, Reason: why, At: p.Live.Now(), Doubt: doubt})
	return errors.Join(err, p.sayHalt(ctx))
}

// unwritten halts trading at a broker: what is sent from now on would have no record. The
// latch counts at once, if not across a loss of power, where its file can be made at all.
func (p *LiveSession) unwritten(err error) {
	if p.Live.Remote == nil || p.Latch.State().Level >= halt.Halt {
		return
	}
	if e := p.Latch.Raise(halt.Raise{Level: halt.Halt, By: "pitwall", Reason: "the journal of " + p.folder.Dir + " cannot be written: " + err.Error(), At: p.Live.Now(), Doubt: true}); e != nil && p.Alert != nil {
		p.Alert("the halt could not be raised for certain: " + e.Error())
	}
}

// sayHalt journals the latch when it has changed.
func (p *LiveSession) sayHalt(ctx context.Context) error {
	s := p.Latch.State()
	p.mu.Lock()
	known := p.halt == s.String()
	p.halt = s.String()
	p.mu.Unlock()
	if known {
		return nil
	}
	_, err := p.journal.Append(ctx, pitwall.Entry{AsOf: p.Now(), Kind: pitwall.EntryHalt, Book: pitwall.MainBook, Note: "the latch is " + s.String()})
	return err
}

// transient reports whether an error may pass: no answer of the broker's. It is
// journaled once, and no turn begins while it lasts.
func (p *LiveSession) transient(ctx context.Context, err error) bool {
	if p.remote == nil || pitwall.CodeOf(err) != pitwall.Timeout {
		return false
	}
	if ctx.Err() == nil && p.troubled() == "" {
		p.mu.Lock()
		p.trouble = err.Error()
		p.mu.Unlock()
		_, _ = p.journal.Append(ctx, pitwall.Entry{AsOf: p.Now(), Kind: pitwall.EntryWarning, Note: "the broker cannot be read, so no turn begins: " + err.Error()})
	}
	return true
}

func (p *LiveSession) troubled() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// fine notes that the account was read.
func (p *LiveSession) fine() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble, p.synced = "", p.Live.Now()
}

// openRemote connects to the account, brings the history up to now and reads the journal.
func (p *LiveSession) openRemote(ctx context.Context) error {
	if err := p.brokersHours(ctx); err != nil {
		return err
	}
	source, clock := paper.NewSource(until(p.store, p.Live.Now())), p.from
	run := p.remoteRun(source)
	for _, s := range source.Series() {
		run.From[s.Instrument.Symbol] = p.from
		if n := s.Len(); n > 0 {
			run.From[s.Instrument.Symbol] = s.Bar(n - 1).End
		}
		if run.Size != 0 && run.Size != s.Size {
			return pitwall.Errorf(pitwall.DataError, "bars of %s and of %s: a broker's bars are of one size", pitwall.SizeName(run.Size), pitwall.SizeName(s.Size)).Hintf("say bar_size in the strategy")
		}
		run.Size = s.Size
	}
	broker, feed, err := p.Live.Remote.Open(ctx, run)
	if err != nil {
		return err
	}
	missed, err := feed.Bars(ctx, p.Live.Now())
	if err != nil {
		return fmt.Errorf("reading the bars since the history: %w", err)
	}
	if len(p.past) > 0 {
		clock = lastMark(p.past)
	}
	for _, b := range missed {
		if len(p.past) > 0 && b.Known.After(clock) {
			p.held = append(p.held, b)
		} else if err := source.Add(b); err != nil {
			return err
		}
	}
	for _, s := range source.Series() {
		if n := s.Len(); len(p.past) == 0 && n > 0 && s.Bar(n-1).Known.After(clock) {
			clock = s.Bar(n - 1).Known
		}
	}
	m, err := mirror.Open(ctx, p.mirrored(broker, p.journal), clock)
	if err != nil {
		return err
	}
	p.spec.Cash, p.below = m.Start(), broker
	p.Feed = &together{Feed: feed, symbols: len(source.Series()), grace: p.Lag + lateness, given: clock}
	p.remote = &remote{Mirror: m, keep: p.keep, differ: p.differ, now: clock, source: source}
	p.venue = p.remote
	if p.Adopt {
		_, err = m.Adopt(ctx, clock)
		return err
	}
	differences, err := m.Sync(ctx, clock, false)
	if err == nil && len(differences) > 0 {
		err = errors.Join(p.differ(ctx, differences), pitwall.Errorf(pitwall.Ledger, "the broker's account differs from the journal: %s", strings.Join(differences, "; ")).
			Hintf("look at the account; pitwall kill off and --adopt take over what the broker says"))
	}
	return err
}

// remoteRun is what the broker is opened with, for the instruments of a source.
func (p *LiveSession) remoteRun(source pitwall.Source) RemoteRun {
	run := RemoteRun{Now: p.Live.Now, Symbols: p.spec.Symbols, Prefix: p.claimed.Prefix, Since: p.claimed.Since, From: map[string]time.Time{}}
	for _, s := range source.Series() {
		in := s.Instrument
		in.Tradable = slices.Contains(p.spec.Symbols, in.Symbol)
		run.Instruments = append(run.Instruments, in)
	}
	return run
}

// follow follows the broker's stream until the session ends.
func (p *LiveSession) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	p.ended.Go(func() {
		defer cancel()
		err := p.Live.Remote.Watch(ctx, p.below, func() {
			p.stale.Store(true)
			p.wake()
		})
		if err != nil && ctx.Err() == nil {
			_, _ = p.journal.Append(ctx, pitwall.Entry{AsOf: p.Now(), Kind: pitwall.EntryWarning, Note: "the broker's stream has ended, so the account is only read now and then: " + err.Error()})
		}
	})
	go func() { <-p.done; cancel() }()
}

// mode is what kind of world it is.
func (p *LiveSession) mode() pitwall.Mode {
	if r := p.Live.Remote; r != nil {
		return r.Mode
	}
	return pitwall.Paper
}

// about says where orders go.
func (p *LiveSession) about() string {
	switch r := p.Live.Remote; {
	case r == nil:
		return "paper: live prices, simulated fills; no order leaves this machine"
	case r.Server != "":
		return fmt.Sprintf("%s: orders go to account %s at a server of your own (%s), not to %s", r.Mode, p.account, r.Server, r.Broker)
	case r.Mode == pitwall.Live:
		return fmt.Sprintf("live: orders go to account %s at %s and trade real money", p.account, r.Broker)
	default:
		return fmt.Sprintf("paper: orders go to the paper account %s at %s", p.account, r.Broker)
	}
}

// conditions are what a trader should know: at a broker the account's own terms count.
func (p *LiveSession) conditions() []string {
	list := conditions(p.spec)
	if r := p.Live.Remote; r != nil {
		list = []string{fmt.Sprintf("account: %s at %s, by its own rules", p.account, r.Broker), "fills: by the market, at " + r.Broker, list[len(list)-1]}
	}
	switch p.Approve.Orders {
	case approval.Entries:
		list = append(list, "approval: an order that can open or enlarge a position waits until a person approves it")
	case approval.All:
		list = append(list, "approval: each order waits until a person approves it")
	}
	return list
}

// reread is how long after a reading that differs the broker is read again. An order that
// it does not have counts as never sent after 14 of these pauses.
const reread = 2 * time.Second

// lateness is how long a bar may come after others of its time.
const lateness = 10 * time.Second

// lastMark returns the time of the newest equity point, else that of the start.
func lastMark(past []pitwall.Entry) (at time.Time) {
	for _, e := range past {
		if e.Kind == pitwall.EntryMark || e.Kind == pitwall.EntryStart {
			at = e.AsOf
		}
	}
	return at
}

// overslept refuses an order whose symbol has a newer bar than the session knows: the
// turn that sends it has taken too long.
func (p *LiveSession) overslept(o pitwall.Order) *pitwall.Error {
	for _, s := range p.venue.Source().Series() {
		if s.Instrument.Symbol != o.Symbol || s.Len() == 0 {
			continue
		}
		newest := s.Bar(s.Len() - 1)
		if due := nextClose(s.Instrument, s.Size, newest.End); !due.IsZero() && p.Live.Now().After(due.Add(p.Lag+lateness)) {
			return pitwall.Errorf(pitwall.NoPrice, "the newest bar of %s ended at %s, and the next one was due at %s: it is %s", o.Symbol, p.world.Time(newest.End), p.world.Time(due), p.world.Time(p.Live.Now())).
				Hintf("let the clock go to the next bar and decide again")
		}
	}
	return nil
}
