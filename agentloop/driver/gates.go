package driver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
	"pitwall/cache/runs"
)

// This file gathers what decides whether a run at a broker may start, before anything of
// it is written.

// mayStart refuses an account that is not the profile's or that another run trades, and a live one unless every gate
// of [Arming] is open.
func (p *LiveSession) mayStart(ctx context.Context, c Config) error {
	r, a := p.Live.Remote, p.Live.Arming
	if r.Mode != pitwall.Live && a.Typed != "" && a.Typed != p.account {
		return pitwall.Errorf(pitwall.NotAllowed, "the profile says account %q, and the broker answers %q", a.Typed, p.account).Hintf("use the keys of that account, or correct account in the profile")
	}
	others, differences, compared := p.rehearse(ctx, c.Dir)
	if r.Mode != pitwall.Live {
		if compared == nil && len(others) > 0 {
			compared = pitwall.Errorf(pitwall.NotAllowed, "another run of Pitwall has open orders in account %s: %s", p.account, strings.Join(others, ", ")).
				Hintf("resume that run (--resume), or cancel them at the broker")
		}
		return compared
	}
	a.Account, a.Limits = p.account, c.Strategy.Risk != nil // one that is not understood is an error before
	a.Unstated = unstatedLimits(c.Strategy.Risk, p.spec.Limits)
	a.Journal, a.JournalDone = probe(c.Dir, p.Resume), true
	a.Compared, a.Differences = compared == nil, differences
	if p.Adopt && compared == nil {
		a.Differences = nil
	}
	for _, id := range others { // which nothing takes over
		a.Differences = append([]string{"another run of Pitwall has the open order " + id}, a.Differences...)
	}
	a.Halt, a.HaltRead = p.Latch.State(), true
	p.obeys = p.Resume && c.Agents != nil && a.Halt.Asks(p.onHalt) >= halt.Cancel // a host's calls are not held back
	a.Obeys = p.obeys
	if at, err := r.Clock(ctx); err == nil {
		a.Skew, a.SkewKnown = p.Live.Now().Sub(at), true
	}
	digest, err := c.Strategy.Digest()
	if err != nil {
		return err
	}
	a.Preflight = p.rehearsal || p.Preflights != nil && runs.PassedPreflight(p.Preflights, digest, c.Build)
	list := a.Missing()
	if len(list) == 0 {
		return nil
	}
	return errors.Join(pitwall.Errorf(pitwall.NotAllowed, "live trading is not armed, %d of %d gates are closed; nothing was started:\n  - %s", len(list), gateCount, strings.Join(list, "\n  - ")), compared)
}

// unstatedLimits says what a live run and a preflight ask of a strategy's risk section and
// it does not say: the keys of [risk.Unstated], and a loss that it may be held to.
func unstatedLimits(raw map[string]any, l risk.Limits) (list []string) {
	if keys := risk.Unstated(raw); len(keys) > 0 {
		list = append(list, "does not state "+strings.Join(keys, ", ")+"; set each, or write off")
	}
	if len(budgetOf(l)) == 0 {
		list = append(list, "limits no loss: one of max_daily_loss_percent, max_drawdown_percent, max_trailing_loss_percent and max_loss_percent needs a value")
	}
	return list
}

// rehearse reads the journal and the account, and compares them in memory.
func (p *LiveSession) rehearse(ctx context.Context, dir string) (others, differences []string, err error) {
	broker, _, err := p.Live.Remote.Open(ctx, p.remoteRun(until(p.store, p.Live.Now())))
	if err != nil {
		return nil, nil, err
	}
	var past pitwall.MemoryJournal
	if p.Resume {
		for _, e := range runs.Open(os.DirFS(dir)).Journal() {
			if _, err := past.Append(ctx, e); err != nil {
				return nil, nil, err
			}
		}
	}
	m, err := mirror.Open(ctx, p.mirrored(broker, &past), p.from)
	if err != nil {
		return nil, nil, err
	}
	if differences, err = m.Sync(ctx, p.from, false); err != nil {
		return nil, nil, err
	}
	open, err := broker.Orders(ctx, pitwall.OrderQuery{Open: true})
	return strangers(open), differences, err
}

// mirrored is the mirror of a broker's account over a journal.
func (p *LiveSession) mirrored(b pitwall.Broker, j pitwall.Journal) mirror.Config {
	fee := func(symbol string) (f pitwall.Dec) {
		for _, s := range p.store.Series() {
			if s.Instrument.Symbol == symbol && p.Live.Remote.Fee != nil {
				f = p.Live.Remote.Fee(s.Instrument)
			}
		}
		return f
	}
	return mirror.Config{Broker: b, Journal: j, Since: p.claimed.Since, Rivals: prefixFamily, Fee: fee, Pause: func(ctx context.Context) error { return p.Wait(ctx, p.Live.Now().Add(reread)) }}
}

// probe writes beside, or into, a run's folder and waits for the disk.
func probe(dir string, there bool) (err error) {
	if !there {
		dir = filepath.Dir(dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making the folder of runs: %w", err)
		}
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	_, err = f.WriteString("{}\n")
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}
