package driver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/brokers/fund"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools/duckdb"
)

// SimSpec says what a simulated world replays.
type SimSpec struct {
	Symbols   []string // what may be traded
	Benchmark string
	From, To  string // days; empty = the data's
	Cash      pitwall.Dec
	Costs     pitwall.Costs
	Terms     pitwall.Terms
	Rules     pitwall.Rules
	Limits    risk.Limits
	Revised   bool // macro values of later vintages may be shown
	Policy    string
	OwnPolicy bool // see [pitwall.World]

	Regime pitwall.RegimeSpec `json:",omitzero"`

	Members  []pitwall.Membership `json:"-"` // of the index that Symbols are of; nil = none
	Survived string               `json:"-"` // why a universe is one of survivors; empty = it is not
	Lacking  string               `json:"-"` // which members have no data
	Memory   *remembers           `json:"-"` // nil = none; the world's digest has what it is made of
	Allocate *Allocate            `json:"-"` // moves capital between Pods; nil = nothing does
	Pods     []PodSpec            `json:"-"` // each a world of its own over the venue; none = one trader
}

// Spec returns the simulated world that the strategy asks for.
func (s *Strategy) Spec() (SimSpec, error) {
	c, share, err := s.costs()
	if err != nil {
		return SimSpec{}, err
	}
	terms, err := s.terms()
	if err != nil {
		return SimSpec{}, err
	}
	l, err := s.limits()
	spec := SimSpec{Symbols: s.Symbols, Benchmark: s.Benchmark, From: s.From, To: s.To, Costs: c, Terms: terms, Rules: s.rules(share), Limits: l, Revised: s.AllowRevised, Policy: s.policy(), OwnPolicy: s.InvestorPolicy != nil && !*s.InvestorPolicy, Members: s.members, Lacking: s.lacking, Survived: s.survived, Regime: s.regimeSpec()}
	if spec.Cash = defaultCash; s.Cash != nil {
		spec.Cash = *s.Cash
	}
	if err == nil {
		spec.Memory, err = s.remembers()
	}
	if err == nil {
		spec.Allocate = s.Allocate
		spec.Pods, err = s.podSpecs()
	}
	return spec, err
}

// Sim is a simulated world. It implements [Session].
type Sim struct {
	world    *pitwall.World
	venue    *sim.Venue
	guard    *risk.Guard
	tables   *duckdb.Tables
	store    *history.Store
	spec     SimSpec
	market   *wall.Wall
	journal  pitwall.Journal
	pods     []podWorld
	levels   map[string]*risk.Guard // of pods that have pods, by name
	notes    []pitwall.Warning      // about the data as a whole, for the operator: they count the future in
	from, to time.Time              // to is exclusive
}

// NewSim composes a simulated world. Its journal begins with the cash of each book,
// written only once everything else has been checked.
func NewSim(store *history.Store, spec SimSpec, j pitwall.Journal) (*Sim, error) {
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
	end := to
	if spec.To == "" {
		end = time.Time{} // a world must not know where its data end
	}
	cash, books := spec.books()
	v, err := sim.New(sim.Config{Source: store, Symbols: spec.Symbols, From: from, To: end, Cash: cash, Books: books, Terms: spec.Terms, Costs: spec.Costs, Rules: spec.Rules, Journal: j})
	if err != nil {
		return nil, err
	}
	s := &Sim{levels: map[string]*risk.Guard{}, venue: v, store: store, spec: spec, market: wall.New(store, v.Now, spec.Symbols), journal: j, notes: notes(store, spec, from, to), from: from, to: to}
	s.market.Follow(spec.Members)
	clock := pitwall.Clock(v)
	var shared *fundClock
	if len(spec.Pods) > 0 {
		if shared, err = s.share(v); err != nil {
			return nil, err
		}
		clock = shared
	} else if s.guard = risk.New(v, j, v, s.market, s.market, spec.Limits); spec.Limits.Watches() {
		clock = watched{v, s.guard}
	}
	s.guard.SetCosts(spec.Costs)
	if s.world, s.tables, err = worldOf(store, spec, clock, v.Now, s.market, j, s.guard, from, to); err != nil {
		return nil, err
	}
	engines := &sqlEngines{}
	for _, p := range spec.Pods {
		s.world.Broker = fund.Whole{Fund: s.guard}
		if err := s.openPod(p, shared, engines); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// watched is the clock of a world whose limits look at each bar.
type watched struct {
	*sim.Venue
	guard *risk.Guard
}

// Next implements pitwall.Clock.
func (w watched) Next(ctx context.Context, after time.Time) (time.Time, error) {
	now, err := w.Venue.Next(ctx, after)
	if err == nil {
		err = w.guard.Watch(ctx)
	}
	return now, err
}

// setup is a digest of all that a world is built with. What is left out shows in
// no answer, or does as soon as it matters: the policy is a part of the prompt, the
// benchmark of reports, symbols of their first bar, revised values of each record,
// the first day of the clock, an index's members of the day on which they come or go; the
// last day lies in the future.
func (s SimSpec) setup() (string, error) {
	limits := s.Limits.String()
	s.Policy, s.OwnPolicy, s.Benchmark, s.Symbols, s.Revised, s.From, s.To, s.Limits = "", false, "", nil, false, "", "", risk.Limits{}
	s.Terms = effectiveTerms(s.Terms)
	body, err := json.Marshal([]any{s, limits})
	if err != nil {
		return "", fmt.Errorf("encoding what the simulation is built with: %w", err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

// World implements [Session].
func (s *Sim) World() *pitwall.World { return s.world }

// Status implements [Session].
func (s *Sim) Status() pitwall.SimProgress { return s.venue.Progress() }

// Describe implements [Session].
func (s *Sim) Describe(m *runs.Manifest) (from, to time.Time) {
	m.From, m.To = s.from.Format(time.DateOnly), midnight(s.to, -1).Format(time.DateOnly)
	m.Cash, m.Costs, m.Account, m.Fills, m.Limits = s.spec.Cash, s.spec.Costs, effectiveTerms(s.spec.Terms), s.spec.Rules, s.spec.Limits.String()
	for _, f := range s.store.Files {
		m.Data = append(m.Data, runs.DataFile(f))
	}
	m.Warnings = pitwall.WarningTexts(append(slices.Clone(s.notes), s.world.Warnings...))
	return s.from, s.to
}

// Finish implements [Session]: the bars of what the run traded, compared itself with
// or settled against.
func (s *Sim) Finish(folder *runs.Folder, m *runs.Manifest) error {
	until := s.venue.Now()
	shown := map[string]bool{s.spec.Benchmark: true}
	divided := map[string]bool{} // prices and dividends in which later splits are, those after the run too
	for _, x := range s.store.Series() {
		if slices.Contains(s.spec.Symbols, x.Instrument.Symbol) {
			shown[x.Instrument.Symbol], shown[x.Instrument.Underlying] = true, true
		}
	}
	for _, x := range s.store.Series() {
		if !shown[x.Instrument.Symbol] || x.Known[0] > until.UnixNano() {
			continue
		}
		if err := folder.Prices(x, s.from, until); err != nil {
			return err
		}
		divided[x.Instrument.Symbol] = x.Adjusted == pitwall.SplitAdjusted
		in := x.Instrument
		in.Tradable = slices.Contains(s.spec.Symbols, in.Symbol)
		m.Traded = append(m.Traded, runs.Traded{Instrument: in, Zone: in.Location().String(), Size: pitwall.SizeName(x.Size), Adjusted: x.Adjusted})
	}
	for _, a := range s.store.Actions() {
		later := a.Ex.After(until) && (a.Type != "split" || !divided[a.Symbol])
		if (slices.Contains(s.spec.Symbols, a.Symbol) || a.Symbol == s.spec.Benchmark) && !later && !a.Ex.Before(s.from) {
			m.Actions = append(m.Actions, a)
		}
	}
	var err error
	m.Regimes, err = regimesOf(s.world, s.from, until)
	return err
}

// Warnings implements [Session].
func (s *Sim) Warnings() []pitwall.Warning {
	list := s.warnings(s.venue.Now())
	guards, whose := []*risk.Guard{s.guard}, []string{""}
	for _, p := range s.pods {
		guards, whose = append(guards, p.guard), append(whose, " of pod "+p.Name)
	}
	for i, g := range guards {
		b := g.Breach()
		if b == nil {
			continue
		}
		list = append(list, pitwall.Warning{Text: fmt.Sprintf("from %s on the risk limits%s let only %s pass: %s", s.world.Time(b.At), whose[i], map[risk.Then]string{risk.ThenHalt: "cancels", risk.ThenReduceOnly: "closing orders"}[b.Then], b.Reason)})
	}
	return list
}

// warnings returns what is to be said of the days until a time.
func (s *Sim) warnings(until time.Time) []pitwall.Warning {
	list := slices.Clone(s.notes)
	for _, x := range s.world.Warnings {
		if !x.Known.After(until) {
			list = append(list, x)
		}
	}
	list = append(list, s.store.DividendWarnings(append(slices.Clone(s.spec.Symbols), s.spec.Benchmark), s.from, until)...)
	return slices.Concat(list, benchmarkShort(s.store, s.spec, s.from, until), survivors(s.store, s.spec, s.from, until))
}

// Close implements [Session]. It lets go of the venue: the curve of a long run is not
// kept while its figures are computed.
func (s *Sim) Close() error {
	if s.world == nil {
		return nil
	}
	err := s.world.Close()
	for _, p := range s.pods {
		err = errors.Join(err, p.world.Close())
	}
	s.world, s.venue, s.guard, s.tables, s.market, s.pods = nil, nil, nil, nil, nil, nil
	return err
}

// references returns the values of the benchmark and of buy and hold from the bars of
// the run.
func references(store pitwall.Source, spec SimSpec, from time.Time) pitwall.Reference {
	named := map[string]*pitwall.Series{}
	for _, s := range store.Series() {
		named[s.Instrument.Symbol] = s
	}
	var symbols []*pitwall.Series
	for _, s := range spec.held(from) {
		symbols = append(symbols, named[s])
	}
	return pitwall.NewReference(spec.Cash, named[spec.Benchmark], symbols, store.Actions(), spec.Terms.Reinvest, from)
}

// held are the symbols that buying and holding buys: of an index those that were members
// when the run began.
func (s SimSpec) held(from time.Time) []string {
	if s.Members == nil {
		return s.Symbols
	}
	return slices.DeleteFunc(pitwall.MembersBetween(s.Members, from, from.Add(1)), func(x string) bool { return !slices.Contains(s.Symbols, x) })
}

// zoneOf returns the zone of the first symbol.
func zoneOf(store *history.Store, symbols []string) *time.Location {
	for _, s := range store.Series() {
		if len(symbols) > 0 && s.Instrument.Symbol == symbols[0] {
			return s.Instrument.Location()
		}
	}
	return time.UTC
}

// Window returns the run's days over the data as instants, to exclusive.
func (s *Strategy) Window(store *history.Store) (from, to time.Time, err error) {
	spec, err := s.Spec()
	if err != nil {
		return from, to, err
	}
	return window(store, spec, zoneOf(store, spec.Symbols))
}

// window turns the days of spec into instants, to exclusive. Without days it is all
// that the symbols have.
func window(store *history.Store, spec SimSpec, zone *time.Location) (from, to time.Time, err error) {
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

// midnight returns the start of the day that holds t, days later.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, t.Location())
}
