package driver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"pitwall"
	"pitwall/cache/disk"
	"pitwall/cache/runs"
)

// errNoLimits says what a strategy lacks before it may trade on a live clock.
func (s *Strategy) errNoLimits() error {
	return s.bad("risk is missing: a world on a live clock does not start without limits").
		Hintf("add for example risk: {max_order_notional: 5000, max_symbol_percent: 25, max_gross_percent: 100, max_daily_loss_percent: 3, max_orders: {count: 20, per: 1h}, price_collar_percent: 5, stale_price: 30m}; write off for what shall not be limited")
}

// runLive trades a strategy on the live clock into a folder.
func runLive(ctx context.Context, c Config, spec SimSpec, started time.Time) (*Result, error) {
	r, err := openLive(ctx, c, spec, started)
	if err != nil {
		return nil, err
	}
	result, err := r.drive(ctx)
	return result, errors.Join(err, r.closeLive())
}

// closeLive ends a run's world and folder, and lets others have them.
func (r *run) closeLive() error {
	p := r.session.(*LiveSession)
	return errors.Join(p.Close(), r.folder.Close(), p.lease.end())
}

// openLive takes the lease of a run on the live clock, opens its folder and begins its
// world, or goes on with it. What cannot start leaves nothing.
func openLive(ctx context.Context, c Config, spec SimSpec, started time.Time) (_ *run, err error) {
	l := c.Live
	switch {
	case (l.Feed == nil) == (l.Remote == nil) || l.Latch == nil || l.Now == nil || l.Wait == nil:
		return nil, errors.New("driver: a live clock needs Feed or Remote, Latch, Now and Wait")
	case c.Strategy.following() != "":
		return nil, c.Strategy.bad(c.Strategy.following() + " is for backtests: a run on the live clock does not follow one yet").Hintf("list the symbols")
	case c.Strategy.Risk == nil && (l.Remote == nil || l.Remote.Mode != pitwall.Live): // a live run names all that is missing
		return nil, c.Strategy.errNoLimits()
	case c.Cache != nil:
		return nil, pitwall.Errorf(pitwall.Unsupported, "recorded answers on a live clock: an old answer must not send a new order")
	}
	if _, _, err := window(c.Source, SimSpec{Symbols: spec.Symbols}, time.UTC); err != nil { // a symbol without history
		return nil, err
	}
	if err := l.Latch.Prepare(); err != nil {
		return nil, err
	}
	if l.Remote != nil && l.Remote.Mode == pitwall.Live {
		spec.Limits = spec.Limits.Safe()
	}
	zone := zoneOf(c.Source, spec.Symbols)
	p := &LiveSession{Live: *l, store: c.Source, spec: spec, from: midnight(l.Now().In(zone), 0), zone: zone, stop: c.Stop, done: make(chan struct{})}
	p.onHalt = haltPolicies[c.Strategy.OnHalt]
	p.Approve.Orders = stricter(p.Approve.Orders, c.Strategy.Approve)
	if p.disk == nil {
		p.disk = disk.OS{}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.lease.end())
		}
	}()
	folder, past, err := p.occupy(ctx, c)
	if err != nil {
		return nil, err
	}
	folder.Durable = true
	if err := p.begin(ctx, folder, past); err != nil {
		close(p.done)
		p.ended.Wait()
		return nil, errors.Join(err, folder.Close())
	}
	return &run{Config: c, session: p, folder: folder, started: started, past: past}, nil
}

// occupy makes sure that the run may start and that no other process has it, and opens
// its folder.
func (p *LiveSession) occupy(ctx context.Context, c Config) (folder *runs.Folder, past runs.Past, err error) {
	if p.Live.Remote != nil {
		if p.account, err = p.Live.Remote.ID(ctx); err != nil {
			return nil, past, err
		}
	}
	var m runs.Manifest
	if p.Resume {
		if m, err = (runs.Strict{FS: os.DirFS(c.Dir)}).Manifest(); err != nil {
			return nil, past, fmt.Errorf("%s cannot be resumed: %w", c.Dir, err)
		}
	}
	if err := p.claim(c.Dir, m); err != nil {
		return nil, past, err
	}
	if p.Live.Remote != nil {
		if err := p.leaseAccount(c.Dir); err != nil {
			return nil, past, err
		}
		if err := p.mayStart(ctx, c); err != nil {
			return nil, past, err
		}
	}
	reference := func(t time.Time) (benchmark, hold pitwall.Dec) {
		if p.venue == nil {
			return 0, 0
		}
		return references(p.venue.Source(), p.spec, p.from)(t)
	}
	if !p.Resume {
		folder, err = runs.Create(p.disk, c.Dir, reference)
	}
	if err == nil {
		err = p.leaseRun(c.Dir)
	}
	if err == nil && p.Resume {
		folder, past, err = runs.Reopen(ctx, p.disk, c.Dir, reference)
	}
	return folder, past, err
}

// claim names the run at its broker: a new one gets a prefix of its own, one that goes on
// has it from its manifest, with the day that it began.
func (p *LiveSession) claim(dir string, m runs.Manifest) (err error) {
	r := p.Live.Remote
	if !p.Resume {
		if r != nil {
			at := p.Live.Now()
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", p.account, dir, at.UnixNano()))
			p.claimed = &runs.Broker{Name: r.Broker, Account: p.account, Prefix: prefixFamily + hex.EncodeToString(sum[:4]) + "-", Since: at.UTC()}
		}
		return nil
	}
	if p.from, err = time.ParseInLocation(time.DateOnly, m.From, p.zone); err != nil {
		return fmt.Errorf("%s: from: %w", dir, err)
	}
	p.claimed = m.Broker
	switch {
	case (r == nil) != (m.Broker == nil) || m.Mode != string(p.mode()):
		return pitwall.Errorf(pitwall.InvalidInput, "%s is a %s run at %s", dir, m.Mode, nameOf(m.Broker)).Hintf("go on with the same --broker and the same account")
	case r != nil && (m.Broker.Name != r.Broker || m.Broker.Account != p.account):
		return pitwall.Errorf(pitwall.InvalidInput, "%s trades account %s at %s, and this is account %s at %s", dir, m.Broker.Account, m.Broker.Name, p.account, r.Broker).Hintf("use its profile, or start another run")
	}
	return p.fits(m)
}

// prefixFamily begins the client order ids of every run.
const prefixFamily = "pw"

func nameOf(b *runs.Broker) string {
	if b == nil {
		return "no broker"
	}
	return b.Name
}

// fits refuses to go on with a run whose account or costs were others: its books would
// not follow from its journal.
func (p *LiveSession) fits(m runs.Manifest) error {
	if p.Live.Remote != nil { // the money is the broker's
		m.Cash = p.spec.Cash
	}
	now := runs.Manifest{Symbols: p.spec.Symbols, Cash: p.spec.Cash, Costs: p.spec.Costs, Account: effectiveTerms(p.spec.Terms), Fills: p.spec.Rules}
	then := runs.Manifest{Symbols: m.Symbols, Cash: m.Cash, Costs: m.Costs, Account: m.Account, Fills: m.Fills}
	a, err1 := json.Marshal(then)
	b, err2 := json.Marshal(now)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return pitwall.Errorf(pitwall.StrategyError, "the run began with other symbols, cash, costs, account or fills than the strategy says now").Hintf("take the change back, or start another run")
	}
	return nil
}
