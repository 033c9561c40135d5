package driver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/tools"
)

// Worlds makes the simulated worlds that a server offers. It implements
// server.Builder and is safe for concurrent use.
type Worlds struct {
	Spec  SimSpec        // the default world
	Store *history.Store // everything, for the offer and the default
	// Load returns the data in bars of one size, for worlds that ask for it.
	Load func(ctx context.Context, size time.Duration) (*history.Store, error)

	mu   sync.Mutex
	seen map[string][]reached // per principal: worlds made before
}

// reached is how far a world has seen: up to its venue's clock, or, once it has
// ended, up to a time, so that nothing of it stays in memory.
type reached struct {
	session *Sim
	until   time.Time
}

// Build implements server.Builder.
func (b *Worlds) Build(ctx context.Context, by pitwall.Caller, name string, r tools.StartRequest) (*pitwall.World, error) {
	spec := b.Spec
	if len(r.Symbols) > 0 {
		spec.Symbols = r.Symbols
	}
	if r.From != "" {
		spec.From = r.From
	}
	if r.To != "" {
		spec.To = r.To
	}
	if r.Cash != nil {
		spec.Cash = *r.Cash
	}
	store := b.Store
	if r.BarSize != "" {
		size, err := pitwall.ParseSize(r.BarSize)
		if err != nil {
			return nil, err
		}
		if store, err = b.Load(ctx, size); err != nil {
			return nil, err
		}
	}
	session, err := NewSim(store, spec, &pitwall.MemoryJournal{})
	if err != nil {
		return nil, err
	}
	w := session.World()
	w.Name = name
	w.Attempt = b.attempt(by, session)
	if w.Attempt > 1 {
		w.Warnings = append(w.Warnings, pitwall.Warning{Text: fmt.Sprintf("attempt %d over dates that %s has already seen: trying again is a way to look ahead", w.Attempt, by.Principal)})
	}
	return w, nil
}

// attempt counts the worlds of a principal that have seen days of this one, this
// one included. A world shows all history up to its clock.
func (b *Worlds) attempt(by pitwall.Caller, w *Sim) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[string][]reached{}
	}
	n := 1
	for i, old := range b.seen[by.Principal] {
		if old.session != nil {
			old.until = old.session.venue.Now()
			if old.session.world.Ended() {
				old.session = nil
			}
			b.seen[by.Principal][i] = old
		}
		if w.from.Before(old.until) {
			n++
		}
	}
	b.seen[by.Principal] = append(b.seen[by.Principal], reached{session: w})
	return n
}

// Offer implements server.Builder.
func (b *Worlds) Offer() tools.Offer {
	o := tools.Offer{Defaults: tools.StartRequest{Symbols: b.Spec.Symbols, From: b.Spec.From, To: b.Spec.To, Cash: &b.Spec.Cash}}
	for _, s := range b.Store.Series() {
		o.Data = append(o.Data, tools.OfferedData{Symbol: s.Instrument.Symbol, Kind: string(s.Instrument.Kind), Size: pitwall.SizeName(s.Size),
			First: s.Bar(0).Start.Format(time.DateOnly), Last: s.Bar(s.Len() - 1).Start.Format(time.DateOnly)})
	}
	return o
}
