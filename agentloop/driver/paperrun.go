package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// errNoLimits says what a strategy lacks before it may trade on a live clock.
func (s *Strategy) errNoLimits() error {
	return s.bad("risk is missing: a world on a live clock does not start without limits").
		Hintf("add for example risk: {max_order_notional: 5000, max_symbol_percent: 25, max_gross_percent: 100, max_daily_loss_percent: 3, max_orders: {count: 20, per: 1h}, price_collar_percent: 5, stale_price: 30m}; write off for what shall not be limited")
}

// runPaper trades a strategy on paper into a folder.
func runPaper(ctx context.Context, c Config, spec SimSpec, started time.Time) (*Result, error) {
	l := c.Live
	switch {
	case l.Feed == nil || l.Latch == nil || l.Now == nil || l.Wait == nil:
		return nil, errors.New("driver: a live clock needs Feed, Latch, Now and Wait")
	case c.Strategy.Index != "":
		return nil, c.Strategy.bad("index is for backtests: a paper run does not follow one yet").Hintf("list the symbols")
	case c.Strategy.Risk == nil:
		return nil, c.Strategy.errNoLimits()
	case c.Cache != nil:
		return nil, pitwall.Errorf(pitwall.Unsupported, "recorded answers in a paper world: an old answer must not send a new order")
	}
	if _, _, err := window(c.Source, SimSpec{Symbols: spec.Symbols}, time.UTC); err != nil { // a symbol without history
		return nil, err
	}
	if err := l.Latch.Prepare(); err != nil {
		return nil, err
	}
	zone := zoneOf(c.Source, spec.Symbols)
	from := midnight(l.Now().In(zone), 0)
	if l.Resume {
		m, err := runs.Strict{FS: os.DirFS(c.Dir)}.Manifest()
		if err != nil {
			return nil, fmt.Errorf("%s cannot be gone on with: %w", c.Dir, err)
		}
		if from, err = time.ParseInLocation(time.DateOnly, m.From, zone); err != nil {
			return nil, fmt.Errorf("%s: from: %w", c.Dir, err)
		}
	}
	p := &Paper{Live: *l, store: c.Source, spec: spec, from: from, zone: from.Location(), stop: c.Stop, done: make(chan struct{})}
	reference := func(t time.Time) (benchmark, hold pitwall.Dec) {
		if p.venue == nil {
			return 0, 0
		}
		return references(p.venue.Source(), spec, from)(t)
	}
	var folder *runs.Folder
	var past runs.Past
	var err error
	if l.Resume {
		folder, past, err = runs.Reopen(ctx, c.Dir, reference)
	} else {
		folder, err = runs.Create(c.Dir, reference)
	}
	if err != nil {
		return nil, err
	}
	folder.Durable = true
	if l.Resume {
		err = p.fits(past.Manifest)
	}
	if err == nil {
		err = p.begin(ctx, folder, past.Journal, past.Bars)
	}
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	r := &run{Config: c, session: p, folder: folder, started: started, past: past}
	result, err := r.drive(ctx)
	return result, errors.Join(err, p.Close(), folder.Close())
}

// fits refuses to go on with a run whose account or costs were others: its books would
// not follow from its journal.
func (p *Paper) fits(m runs.Manifest) error {
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
