package driver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/tools"
	"pitwall/tools/duckdb"
)

// Worlds makes the simulated worlds that a server offers. It implements
// server.Builder and is safe for concurrent use once [Worlds.Check] has returned.
type Worlds struct {
	// Load reads the data in bars of one size; 0 = whatever there is.
	Load  func(ctx context.Context, size time.Duration) (*history.Store, error)
	Store *history.Store // everything, for the offer and the default; nil = what Load returns
	Spec  SimSpec        // the default world; without symbols it is chosen from the data

	sql duckdb.Workers // of all these worlds

	mu     sync.Mutex
	stores map[time.Duration]*history.Store
	seen   map[string][]reached // per principal: worlds made before
}

// Check reads the data and builds the default world once, so that what cannot work
// is an error now and not at the first call.
func (b *Worlds) Check(ctx context.Context) (err error) {
	if len(b.Spec.Pods) > 0 {
		return pitwall.Errorf(pitwall.Unsupported, "a strategy with pods is not served yet: a host would trade one book").Hintf("pitwall backtest runs it; serve the file of one pod")
	}
	if b.Store == nil {
		if b.Store, err = b.load(ctx, 0); err != nil { // several bar sizes of a symbol: daily bars first
			daily, second := b.load(ctx, 24*time.Hour)
			if second != nil {
				return err
			}
			b.Store = daily
			b.Store.Warnings = append(b.Store.Warnings, "symbols come in several bar sizes: daily bars are used; sim_start with bar_size chooses others")
		}
	}
	if len(b.Spec.Symbols) == 0 {
		if b.Spec, err = defaultSpec(b.Store); err != nil {
			return err
		}
	}
	_, err = NewSim(b.Store, b.Spec, &pitwall.MemoryJournal{})
	return err
}

// Use says which tools the worlds have use for.
func (b *Worlds) Use() tools.Use {
	return tools.Use{Events: b.Store.Has(pitwall.Event), Memory: b.Spec.Memory != nil, Several: len(b.Spec.Symbols) > 1}
}

// load keeps one store per bar size: worlds share it and never write it.
func (b *Worlds) load(ctx context.Context, size time.Duration) (*history.Store, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.stores[size]; s != nil {
		return s, nil
	}
	s, err := b.Load(ctx, size)
	if err != nil {
		return nil, err
	}
	if b.stores == nil {
		b.stores = map[time.Duration]*history.Store{}
	}
	b.stores[size] = s
	return s, nil
}

// defaultSpec trades everything that is not an index, and begins after a year of
// history, so that an agent has something to look back on.
func defaultSpec(store *history.Store) (SimSpec, error) {
	spec, err := (&Strategy{}).Spec()
	if err != nil {
		return spec, err
	}
	var longest *pitwall.Series
	for _, x := range store.Series() {
		if x.Instrument.Kind != pitwall.Index && (longest == nil || x.Len() > longest.Len()) {
			longest = x
		}
	}
	if longest == nil {
		return spec, pitwall.Errorf(pitwall.DataError, "the data holds only indices, and they cannot be traded")
	}
	for _, x := range store.Series() {
		// Bars of another size are only watched: name them in a strategy to trade both.
		if x.Instrument.Kind != pitwall.Index && x.Size == longest.Size {
			spec.Symbols = append(spec.Symbols, x.Instrument.Symbol)
		}
	}
	const year = 250
	spec.From = longest.Bar(min(year, longest.Len()/4)).Start.Format(time.DateOnly)
	return spec, nil
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
		if store, err = b.load(ctx, size); err != nil {
			return nil, err
		}
	}
	session, err := NewSim(store, spec, &pitwall.MemoryJournal{})
	if err != nil {
		return nil, err
	}
	session.tables.Share(&b.sql)
	w := session.World()
	w.Name = name
	w.Attempt = b.attempt(by, session)
	if w.Attempt > 1 {
		w.Warnings = append(w.Warnings, pitwall.Warning{Text: fmt.Sprintf("attempt %d on dates that %s has already seen: repeated tries overfit", w.Attempt, by.Principal)})
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
func (b *Worlds) Offer() (list []tools.OfferedData) {
	for _, s := range b.Store.Series() {
		list = append(list, tools.OfferedData{Symbol: s.Instrument.Symbol, Kind: string(s.Instrument.Kind), Size: pitwall.SizeName(s.Size),
			First: s.Bar(0).Start.Format(time.DateOnly), Last: s.Bar(s.Len() - 1).Start.Format(time.DateOnly)})
	}
	return list
}
