package driver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/brokers/fund"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/server"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools/duckdb"
)

// This file is a simulated world of several books: a world for each pod over one venue,
// and the fund's own over their sum.

// PodSpec is a pod's part of a simulated world: its symbols, cash, limits and policy.
type PodSpec struct {
	Name   string
	levels []level  // the pods that it is within, the outermost first
	Watch  []string // shown besides its symbols
	rule   bool     // SQL of the strategy decides, and nothing else asks its tables
	SimSpec
}

// level is a pod that has pods: limits on the sum of their books.
type level struct {
	name   string
	limits risk.Limits
}

// podWorld is a pod in a session.
type podWorld struct {
	PodSpec
	world *pitwall.World
	guard *risk.Guard
}

// podSpecs returns the pods of the simulated world that the strategy asks for, and the cash
// that no pod has.
func (s *Strategy) podSpecs() (list []PodSpec, err error) {
	for _, p := range s.leaves() {
		if p.own == nil || p.own.Cash == nil {
			return nil, s.bad("pod %s was not checked", p.Name)
		}
		spec, err := p.own.Spec()
		if err != nil {
			return nil, err
		}
		x := PodSpec{Name: p.Name, Watch: p.own.Watch, rule: len(p.own.Rule) > 0, SimSpec: spec}
		for _, outer := range p.within {
			limits, err := outer.own.limits()
			if err != nil {
				return nil, err
			}
			x.levels = append(x.levels, level{outer.Name, limits})
		}
		list = append(list, x)
	}
	return list, nil
}

// onlyBacktests refuses a fund where several books are not supported.
func (s *Strategy) onlyBacktests(c *Config) error {
	switch {
	case len(s.Pods) == 0:
		return nil
	case c.Live != nil:
		return pitwall.Errorf(pitwall.Unsupported, "pods are for backtests: on the live clock there is one book yet").Hintf("run the file of one pod")
	case c.Fork != nil:
		return pitwall.Errorf(pitwall.Unsupported, "a fork of a run with pods is not supported yet").Hintf("fork a run of one pod's file")
	}
	return nil
}

// books returns what the venue opens: the main book holds what no pod has.
func (s SimSpec) books() (main pitwall.Dec, books []sim.Book) {
	main = s.Cash
	for _, p := range s.Pods {
		main -= p.Cash
		books = append(books, sim.Book{Name: p.Name, Cash: p.Cash, Terms: s.Terms})
	}
	return main, books
}

// fundClock moves the venue, and has the fund's and the pods' limits look at each bar.
type fundClock struct {
	*sim.Venue
	sum    *fund.Sum
	inner  []*fund.Sum // of pods that have pods
	moves  *allocation // nil = no capital moves
	guards []*risk.Guard
}

// Next implements pitwall.Clock.
func (c *fundClock) Next(ctx context.Context, after time.Time) (time.Time, error) {
	before := c.Venue.Now()
	now, err := c.Venue.Next(ctx, after)
	if now.Equal(before) { // nothing has passed
		return now, err
	}
	if err == nil {
		err = c.sum.Move(ctx, now)
	}
	for _, sum := range c.inner {
		if err == nil {
			err = sum.Move(ctx, now)
		}
	}
	if err == nil && c.moves != nil {
		err = c.moves.pass(ctx, c.sum, now)
	}
	for _, g := range c.guards {
		if err == nil {
			err = g.Watch(ctx)
		}
	}
	return now, err
}

// podClock is the clock of a pod: it moves all of the fund.
type podClock struct {
	*sim.BookClock
	fund pitwall.Clock
}

// Next implements pitwall.Clock.
func (c podClock) Next(ctx context.Context, after time.Time) (time.Time, error) {
	return c.fund.Next(ctx, after)
}

// share makes the guard of a world one over the sum of the fund's books, and returns the
// fund's clock.
func (s *Sim) share(v *sim.Venue) (*fundClock, error) {
	names := []string{pitwall.MainBook}
	for _, p := range s.spec.Pods {
		names = append(names, p.Name)
	}
	sum := fund.NewSum(v, v, names, s.spec.Cash)
	s.guard = risk.New(sum, s.journal, v, s.market, s.market, s.spec.Limits)
	s.guard.Share(risk.Shared{Name: fundName, Counts: sum.Counts, Holders: sum.Holders})
	moves, err := newAllocation(s.spec, v)
	clock := &fundClock{Venue: v, sum: sum, moves: moves}
	if s.spec.Limits.Watches() {
		clock.guards = append(clock.guards, s.guard)
	}
	return clock, err
}

// within returns the guard that a pod's orders go to: that of the innermost pod that it is
// within, else the fund's.
func (s *Sim) within(p PodSpec, clock *fundClock) *risk.Guard {
	guard := s.guard
	for _, l := range p.levels {
		if s.levels[l.name] == nil {
			var books []string
			var start pitwall.Dec
			for _, x := range s.spec.Pods {
				if slices.ContainsFunc(x.levels, func(y level) bool { return y.name == l.name }) {
					books, start = append(books, x.Name), start+x.Cash
				}
			}
			sum := fund.NewSum(clock.Venue, guard, books, start)
			g := risk.New(sum, s.journal, clock.Venue, s.market, s.market, l.limits)
			g.SetCosts(s.spec.Costs)
			g.Within()
			g.Share(risk.Shared{Name: l.name, Counts: sum.Counts, Holders: sum.Holders})
			clock.inner = append(clock.inner, sum)
			if l.limits.Watches() {
				clock.guards = append(clock.guards, g)
			}
			s.levels[l.name] = g
		}
		guard = s.levels[l.name]
	}
	return guard
}

// openPod composes the world of a pod. Its tools see what they would in a run of its own:
// the pod's symbols and book.
func (s *Sim) openPod(p PodSpec, clock *fundClock, engines *sqlEngines) error {
	own, err := clock.Venue.Clock(p.Name)
	if err != nil {
		return err
	}
	now := clock.Venue.Now
	store := s.store.Only(append(slices.Clone(p.Symbols), append(slices.Clone(p.Watch), p.Benchmark)...))
	market := wall.New(store, now, p.Symbols)
	journal := fund.NewJournal(s.journal, p.Name)
	guard := risk.New(fund.NewBook(clock.Venue, s.within(p, clock), p.Name, p.Symbols), journal, own, market, market, p.Limits)
	guard.SetCosts(p.Costs)
	guard.Within()
	if p.Limits.Watches() {
		clock.guards = append(clock.guards, guard)
	}
	w, tables, err := worldOf(store, p.SimSpec, podClock{own, clock}, now, market, journal, guard, s.from, s.to)
	if err != nil {
		return err
	}
	engines.use(p, w, tables)
	w.Conditions = append(w.Conditions, "fund: other pods trade beside you in books of their own; limits on the sum of all books may deny or trim an order")
	s.pods = append(s.pods, podWorld{p, w, guard})
	return nil
}

// sqlEngines are those of a fund's pods. Rules over the same symbols ask one engine: they
// read one table, of what each of them may see.
type sqlEngines struct {
	workers duckdb.Workers
	rules   map[string]*duckdb.Tables // by symbols
}

// use gives a pod's world its tables.
func (e *sqlEngines) use(p PodSpec, w *pitwall.World, own *duckdb.Tables) {
	own.Share(&e.workers)
	if !p.rule {
		return
	}
	key := fmt.Sprintf("%q %q %q", p.Symbols, p.Watch, p.Benchmark)
	if e.rules[key] == nil {
		if e.rules == nil {
			e.rules = map[string]*duckdb.Tables{}
		}
		e.rules[key] = own
	}
	w.Tables = e.rules[key]
}

// podOf returns the world that an agent trades in.
func (s *Sim) podOf(agent agentloop.Agent, strategy *Strategy) *podWorld {
	for _, p := range strategy.leaves() {
		if len(p.agents([]agentloop.Agent{agent})) > 0 {
			i := slices.IndexFunc(s.pods, func(x podWorld) bool { return x.Name == p.Name })
			return &s.pods[i]
		}
	}
	return nil
}

// describePods returns the pods as the manifest shows them.
func (s *Strategy) describePods(agents []agentloop.Agent) (list []runs.Pod) {
	for _, p := range s.leaves() {
		x := runs.Pod{Name: p.Name, Strategy: p.Strategy, Cash: *p.own.Cash, Symbols: p.own.Symbols, Agents: []string{}}
		for _, outer := range p.within {
			x.Within = append(x.Within, outer.Name)
		}
		if l, err := p.own.limits(); err == nil { // Check returned the error
			x.Limits = l.String()
		}
		for _, a := range p.agents(agents) {
			x.Agents = append(x.Agents, a.Name)
		}
		list = append(list, x)
	}
	return list
}

// seat gives each agent of a fund a session in the world of its pod. The returned function
// ends the sessions.
func (r *run) seat(ctx context.Context) (agents []agentloop.Agent, done func() error, err error) {
	agents = slices.Clone(r.Agents)
	session, ok := r.session.(*Sim)
	if !ok || len(session.pods) == 0 {
		return agents, func() error { return nil }, nil
	}
	log := r.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	var ends []func() error
	done = func() error {
		var errs []error
		for _, end := range ends {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}
	open := map[string]agentloop.Agent{} // whose session it is, by pod
	for i, a := range agents {
		p := session.podOf(a, r.Strategy)
		if p == nil {
			return nil, done, fmt.Errorf("agent %s belongs to no pod", a.Name)
		}
		if _, is := open[p.Name]; !is {
			cs, end, err := server.ServeInProcess(ctx, r.Build, p.world, r.Tools, log)
			if err != nil {
				return nil, done, fmt.Errorf("pod %s: %w", p.Name, err)
			}
			open[p.Name], ends = agentloop.Agent{Session: cs}, append(ends, end)
		}
		agents[i].Session = open[p.Name].Session
	}
	return agents, done, nil
}

// worldOf composes what the worlds of a run and of a pod have in common.
func worldOf(store *history.Store, spec SimSpec, clock pitwall.Clock, now func() time.Time, market *wall.Wall, j pitwall.Journal, guard *risk.Guard, from, to time.Time) (*pitwall.World, *duckdb.Tables, error) {
	setup, err := spec.setup()
	if err != nil {
		return nil, nil, err
	}
	zone := zoneOf(store, spec.Symbols)
	tables := duckdb.New(market, now, zone)
	w := &pitwall.World{Name: "main", Mode: pitwall.Sim, Clock: clock, Market: market, Instruments: market, Journal: j,
		Broker: guard, Risk: guard, Tables: tables, Records: wall.NewRecords(store.Records(), now, spec.Revised), Events: store.Has(pitwall.Event), Regime: spec.Regime, Several: len(spec.Symbols) > 1,
		Costs: spec.Costs, Zone: zone, Policy: spec.Policy, OwnPolicy: spec.OwnPolicy, Attempt: 1, Setup: setup,
		Conditions: conditions(spec), Warnings: warnings(store, spec, from, to)}
	if err := spec.Memory.remember(w, tables, now, from); err != nil {
		return nil, nil, err
	}
	tables.Compute(computedTables(w)...)
	return w, tables, nil
}
