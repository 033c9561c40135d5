package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools"
	"pitwall/tools/duckdb"
	"pitwall/tools/external"
)

// simSpec says what a simulated world replays.
type simSpec struct {
	Symbols   []string // what may be traded
	Benchmark string
	From, To  string // days; empty = the data's
	Cash      pitwall.Dec
	Costs     simCosts
	Terms     pitwall.Terms
	Rules     pitwall.Rules
	Limits    risk.Limits
	Revised   bool // macro values of later vintages may be shown
	Policy    string
}

// simWorld is a simulated world with its parts at hand.
type simWorld struct {
	*pitwall.World
	venue    *sim.Venue
	store    *history.Store
	notes    []string  // about the data as a whole, for the operator: they count the future in
	from, to time.Time // to is exclusive
}

// newSim composes a simulated world: this is the only difference between worlds.
func newSim(store *history.Store, spec simSpec, j pitwall.Journal) (*simWorld, error) {
	zone := zoneOf(store, spec.Symbols)
	from, to, err := window(store, spec, zone)
	if err != nil {
		return nil, err
	}
	for _, symbol := range spec.Terms.NoBorrow {
		if !slices.Contains(spec.Symbols, symbol) {
			return nil, pitwall.Errorf(pitwall.UnknownSymbol, "account: no_borrow names %s, which is not traded here", symbol).Hintf("traded are %s", strings.Join(spec.Symbols, ", "))
		}
	}
	for _, symbol := range spec.Limits.Symbols() {
		if !slices.Contains(store.Symbols(), symbol) {
			return nil, pitwall.Errorf(pitwall.UnknownSymbol, "risk: names %s, and there is no data for it", symbol).Hintf("there is %s", strings.Join(store.Symbols(), ", "))
		}
	}
	asked := to
	if spec.To == "" {
		asked = time.Time{} // where the data end is not to be known
	}
	v, err := sim.New(sim.Config{Source: store, Symbols: spec.Symbols, From: from, To: asked, Cash: spec.Cash, Terms: spec.Terms, Costs: spec.Costs.Costs, Rules: spec.Rules, Journal: j})
	if err != nil {
		return nil, err
	}
	market := wall.New(store, v.Now, spec.Symbols)
	guard := risk.New(v, j, v, market, market, spec.Limits)
	guard.Assume(spec.Costs.Costs)
	w := &pitwall.World{Name: "main", Mode: pitwall.Sim, Clock: v, Market: market, Instruments: market, Journal: j,
		Broker: guard, Tables: duckdb.New(market, v.Now, zone), Records: wall.NewRecords(store.Records(), v.Now, spec.Revised),
		Costs: spec.Costs.Costs, Zone: zone, Policy: spec.Policy, Attempt: 1}
	if first := firstRevised(store); spec.Revised && !first.IsZero() {
		w.Warnings = append(w.Warnings, pitwall.Warning{Known: first, Text: "macro series of which only revised values exist are shown after their usual release lag: the values hold later knowledge"})
	}
	if t := spec.Terms.Usual(); t.Type == pitwall.MarginAccount && (t.BorrowRate == 0 || t.MarginRate == 0) {
		w.Warnings = append(w.Warnings, pitwall.Warning{Text: fmt.Sprintf("a margin account at borrow_rate %v and margin_rate %v a year: what costs nothing here costs something at a broker", t.BorrowRate, t.MarginRate)})
	}
	w.Warnings = append(w.Warnings, adjusted(store, spec)...)
	w.Warnings = append(w.Warnings, store.DatedWarnings(spec.Symbols, from, to)...)
	w.Warnings = append(w.Warnings, stale(store, spec, from, to)...)
	w.Conditions = conditions(spec)
	return &simWorld{World: w, venue: v, store: store, notes: append(slices.Clone(store.Warnings), short(store, spec, to)...), from: from, to: to}, nil
}

// conditions are what a trader should know of its account and rules before it
// orders.
func conditions(spec simSpec) []string {
	t := stated(spec.Terms)
	account := "account: cash; neither borrows nor shorts"
	if t.Reinvest && t.Type == pitwall.CashAccount {
		account += "; dividends are reinvested"
	}
	if t.SettleDays > 0 {
		account += fmt.Sprintf("; sales settle after %d sessions", t.SettleDays)
	}
	if t.Type == pitwall.MarginAccount {
		account = fmt.Sprintf("account: margin; to open %v of the notional, to keep %v long and %v short; borrow_rate %v and margin_rate %v a year", t.Initial, t.LongMaintenance, t.ShortMaintenance, t.BorrowRate, t.MarginRate)
		if t.NoShorts {
			account += "; no shorts"
		}
		if t.Reinvest {
			account += "; dividends are reinvested"
		}
		if len(t.NoBorrow) > 0 {
			account += "; not to be shorted: " + strings.Join(t.NoBorrow, ", ")
		}
	}
	path := spec.Rules.Path
	if path == "" {
		path = pitwall.Provable
	}
	fills := fmt.Sprintf("fills: %s", path)
	if spec.Rules.VolumeShare != pitwall.NoVolumeLimit {
		fills += fmt.Sprintf("; at most %v of a bar's volume", spec.Rules.VolumeShare)
	}
	if spec.Rules.Touch {
		fills += "; a touch fills a limit"
	}
	if spec.Rules.Latency != 0 {
		fills += fmt.Sprintf("; orders are under way for %v", spec.Rules.Latency)
	}
	return []string{account, fills, "risk: " + spec.Limits.String()}
}

// adjusted warns of prices that a vendor scaled by splits or dividends that came
// later than the prices.
func adjusted(store *history.Store, spec simSpec) (list []pitwall.Warning) {
	for _, s := range store.Series() {
		if slices.Contains(spec.Symbols, s.Instrument.Symbol) && s.Adjusted != pitwall.Raw && s.Adjusted != "" {
			right := "returns are right"
			if s.Adjusted == pitwall.SplitAdjusted {
				right += " but for dividends, which are in no price"
			}
			list = append(list, pitwall.Warning{Known: s.Bar(0).Known, Text: fmt.Sprintf("prices of %s came adjusted (%s) for later splits or dividends: %s; levels, share counts and fees per share are not what they were", s.Instrument.Symbol, s.Adjusted, right)})
		}
	}
	return list
}

// firstRevised is when the first revised value counts as known, zero without one.
func firstRevised(store *history.Store) (first time.Time) {
	for _, r := range store.Records() {
		if r.Revised && (first.IsZero() || r.Known.Before(first)) {
			first = r.Known
		}
	}
	return first
}

// quiet is how long a symbol may be without a bar before that is worth saying.
const quiet = 5 * 24 * time.Hour // a long weekend

// stale warns of symbols that have had no bar for a while, be it for good or not:
// their last price goes on valuing them. It is known some days after the last
// bar, not before, and says nothing of whether there will be another.
func stale(store *history.Store, spec simSpec, from, to time.Time) []pitwall.Warning {
	var list []pitwall.Warning
	for _, s := range store.Series() {
		symbol := s.Instrument.Symbol
		if !slices.Contains(spec.Symbols, symbol) {
			continue
		}
		for i := range s.Len() {
			known := s.End[i] + int64(quiet)
			if known < from.UnixNano() || known > to.UnixNano() || i+1 < s.Len() && s.Known[i+1] <= known {
				continue
			}
			end := s.Bar(i).End
			list = append(list, pitwall.Warning{Known: end.Add(quiet), Text: fmt.Sprintf("%s has had no bar since %s: nothing of it fills, and its last price goes on valuing it", symbol, end.Format(time.DateOnly))})
		}
	}
	return list
}

// short notes when the data stop well before the day that was asked for: no news
// for a trader, who cannot know it.
func short(store *history.Store, spec simSpec, to time.Time) []string {
	var last time.Time
	for _, s := range store.Series() {
		if end := s.Bar(s.Len() - 1).End; slices.Contains(spec.Symbols, s.Instrument.Symbol) && end.After(last) {
			last = end
		}
	}
	if spec.To == "" || to.Sub(last) < quiet {
		return nil
	}
	return []string{fmt.Sprintf("the data end on %s, before the last day asked for (%s)", last.Format(time.DateOnly), spec.To)}
}

// zoneOf is the zone of the first symbol.
func zoneOf(store *history.Store, symbols []string) *time.Location {
	for _, s := range store.Series() {
		if len(symbols) > 0 && s.Instrument.Symbol == symbols[0] {
			return s.Instrument.Location()
		}
	}
	return time.UTC
}

// window turns days into instants. Without days it is all that the symbols have.
func window(store *history.Store, spec simSpec, zone *time.Location) (from, to time.Time, err error) {
	for _, want := range spec.Symbols {
		if !slices.Contains(store.Symbols(), want) {
			return from, to, pitwall.Errorf(pitwall.UnknownSymbol, "there is no data for %s", want).Hintf("there is %s", strings.Join(store.Symbols(), ", "))
		}
	}
	for _, s := range store.Series() {
		for _, want := range spec.Symbols {
			if s.Instrument.Symbol != want {
				continue
			}
			first, last := s.Bar(0).Start, s.Bar(s.Len()-1).Start
			if from.IsZero() || first.Before(from) {
				from = first
			}
			if last.After(to) {
				to = last
			}
		}
	}
	from, to = midnight(from.In(zone), 0), midnight(to.In(zone), 1)
	if spec.From != "" {
		if from, err = time.ParseInLocation(time.DateOnly, spec.From, zone); err != nil {
			return from, to, pitwall.Errorf(pitwall.InvalidInput, "from is %q", spec.From).Hintf("write 2020-01-31")
		}
	}
	if spec.To != "" {
		day, err := time.ParseInLocation(time.DateOnly, spec.To, zone)
		if err != nil {
			return from, to, pitwall.Errorf(pitwall.InvalidInput, "to is %q", spec.To).Hintf("write 2020-01-31")
		}
		to = midnight(day, 1)
	}
	if last := midnight(to, -1).Format(time.DateOnly); !from.Before(to) && spec.To == "" {
		return from, to, pitwall.Errorf(pitwall.InvalidInput, "from %s is after the last bar (%s)", from.Format(time.DateOnly), last)
	} else if !from.Before(to) {
		return from, to, pitwall.Errorf(pitwall.InvalidInput, "from %s is after to %s", from.Format(time.DateOnly), last)
	}
	return from, to, nil
}

// midnight is the beginning of the day that holds t, some days on.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, t.Location())
}

// builder makes the worlds that a server offers. It implements server.Builder.
type builder struct {
	load  func(ctx context.Context, size time.Duration) (*history.Store, error)
	store *history.Store // everything, for the offer and the default
	spec  simSpec        // the default world

	external []external.Spec // the strategy's external tools

	mu   sync.Mutex
	seen map[string][]reached // per principal: worlds made before
}

// reached is how far a world has seen: up to its venue's clock, or, once it was
// ended, up to a time, so that nothing of it stays in memory.
type reached struct {
	world *simWorld
	until time.Time
}

// Build implements server.Builder.
func (b *builder) Build(ctx context.Context, by pitwall.Caller, name string, r tools.StartRequest) (*pitwall.World, error) {
	spec := b.spec
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
	store := b.store
	if r.BarSize != "" {
		size, err := pitwall.ParseSize(r.BarSize)
		if err != nil {
			return nil, err
		}
		if store, err = b.load(ctx, size); err != nil {
			return nil, err
		}
	}
	w, err := newSim(store, spec, &pitwall.MemoryJournal{})
	if err != nil {
		return nil, err
	}
	w.Name = name
	w.Attempt = b.attempt(by, w)
	if w.Attempt > 1 {
		w.Warnings = append(w.Warnings, pitwall.Warning{Text: fmt.Sprintf("attempt %d over dates that %s has already seen: trying again is a way to look ahead", w.Attempt, by.Principal)})
	}
	return w.World, nil
}

// attempt counts the worlds of a principal that have seen days of this one, this
// one included. A world shows all history up to its clock.
func (b *builder) attempt(by pitwall.Caller, w *simWorld) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[string][]reached{}
	}
	n := 1
	for i, old := range b.seen[by.Principal] {
		if old.world != nil {
			old.until = old.world.venue.Now()
			if old.world.Ended() {
				old.world = nil
			}
			b.seen[by.Principal][i] = old
		}
		if w.from.Before(old.until) {
			n++
		}
	}
	b.seen[by.Principal] = append(b.seen[by.Principal], reached{world: w})
	return n
}

// Offer implements server.Builder.
func (b *builder) Offer() tools.Offer {
	o := tools.Offer{Defaults: tools.StartRequest{Symbols: b.spec.Symbols, From: b.spec.From, To: b.spec.To, Cash: &b.spec.Cash}}
	for _, s := range b.store.Series() {
		o.Data = append(o.Data, tools.OfferedData{Symbol: s.Instrument.Symbol, Kind: string(s.Instrument.Kind), Size: pitwall.SizeName(s.Size),
			First: s.Bar(0).Start.Format(time.DateOnly), Last: s.Bar(s.Len() - 1).Start.Format(time.DateOnly)})
	}
	return o
}
