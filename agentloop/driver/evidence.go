package driver

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// This file is what a run's folder says besides its journal and its turns: what was
// run, over which prices, and what buying and holding would have been worth.

// describe returns the manifest of a run that begins.
func (r *run) describe() runs.Manifest {
	s := r.Strategy
	m := runs.Manifest{RunID: filepath.Base(r.Dir), Status: "running", Pitwall: r.Version, Strategy: s.File, Name: s.Name, Symbols: s.Symbols, Benchmark: s.Benchmark, Every: s.Every,
		Model: modelNames(r.Agents), Sample: r.Sample, NoCache: r.NoCache, Notes: slices.Concat(r.Notes, s.Notes(r.Agents))}
	from, to := r.session.Describe(&m)
	m.Agents = describeAgents(s, r.Agents, from, to)
	m.Attempt = runs.Attempt(r.Dir, m)
	if r.Window != nil {
		r.Window(from, to)
	}
	return m
}

// Describe implements [Session].
func (s *Sim) Describe(m *runs.Manifest) (from, to time.Time) {
	m.From, m.To = s.from.Format(time.DateOnly), midnight(s.to, -1).Format(time.DateOnly)
	m.Cash, m.Costs, m.Account, m.Fills, m.Limits = s.spec.Cash, s.spec.Costs, effectiveTerms(s.spec.Terms), s.spec.Rules, s.spec.Limits.String()
	for _, f := range s.store.Files {
		m.Data = append(m.Data, runs.DataFile(f))
	}
	m.Warnings = warningTexts(append(slices.Clone(s.notes), s.world.Warnings...))
	return s.from, s.to
}

// Notes returns what the operator should know of a strategy's tools and triggers in
// a backtest. They are no errors: a live run, or one over other symbols and days,
// may use them.
func (s *Strategy) Notes(agents []agentloop.Agent) (notes []string) {
	notes = s.ruleNotes()
	for _, t := range s.Tools {
		if !t.When.In(pitwall.Sim) {
			notes = append(notes, "tool "+t.Name+" is for live runs only and is not offered")
		}
	}
	for _, a := range agents {
		if p := a.Price; p != nil && p.ListOf != "" {
			notes = append(notes, fmt.Sprintf("%s costs its list price of %s: %v in, %v out, USD per million tokens; prices in the strategy or PITWALL_PRICES override it", a.ModelName, p.ListOf, p.In, p.Out))
		}
		for _, t := range a.Triggers {
			day := t.On.Format(time.DateOnly)
			switch {
			case t.Symbol != "" && !slices.Contains(s.Symbols, t.Symbol) && t.Symbol != s.Benchmark:
				notes = append(notes, fmt.Sprintf("a trigger of agent %s moves with %s, which is not among symbols and benchmark: it never fires", a.Name, t.Symbol))
			case !t.On.IsZero() && (s.From != "" && day < s.From || s.To != "" && day > s.To):
				notes = append(notes, fmt.Sprintf("a trigger of agent %s is at %s, outside of the run: it never fires", a.Name, day))
			}
		}
	}
	return notes
}

// describeAgents returns the agents as the manifest shows them: what the strategy
// says of each, with the model that was found for it.
func describeAgents(s *Strategy, list []agentloop.Agent, from, to time.Time) []runs.Agent {
	out := make([]runs.Agent, 0, len(list))
	for _, y := range list {
		info := runs.Agent{Name: y.Name, Model: y.ModelName, Fingerprint: y.Fingerprint, Prompt: y.Prompt, Params: y.Params, Tools: y.Tools}
		if p := y.Price; p != nil && *p != (agentloop.Price{}) {
			info.Price = &runs.Price{In: p.In, Out: p.Out, CacheRead: p.CacheRead, CacheWrite: p.CacheWrite}
		}
		team := s.Team()
		if i := slices.IndexFunc(team, func(x Agent) bool { return x.Name == y.Name }); i >= 0 {
			x := team[i]
			info.Every, info.Budget, info.Cutoff = x.Every, (*runs.Budget)(x.Budget), x.Cutoff
			for _, t := range x.Triggers {
				info.Triggers = append(info.Triggers, runs.Trigger(t))
			}
			if share, ok := x.inside(from, to); ok {
				info.Inside = &share
			}
		}
		out = append(out, info)
	}
	return out
}

// modelNames lists the models of a run, each once.
func modelNames(list []agentloop.Agent) string {
	var names []string
	for _, a := range list {
		if !slices.Contains(names, a.ModelName) {
			names = append(names, a.ModelName)
		}
	}
	return strings.Join(names, ", ")
}

// Finish implements [Session]: the bars of what the run traded, compared itself with
// or settled against.
func (s *Sim) Finish(folder *runs.Folder, m *runs.Manifest) error {
	until := s.venue.Now()
	shown := map[string]bool{s.spec.Benchmark: true}
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
		in := x.Instrument
		in.Tradable = slices.Contains(s.spec.Symbols, in.Symbol)
		m.Traded = append(m.Traded, runs.Traded{Instrument: in, Zone: in.Location().String(), Size: pitwall.SizeName(x.Size), Adjusted: x.Adjusted})
	}
	for _, a := range s.store.Actions() {
		if (slices.Contains(s.spec.Symbols, a.Symbol) || a.Symbol == s.spec.Benchmark) && !a.Ex.After(until) && !a.Ex.Before(s.from) {
			m.Actions = append(m.Actions, a)
		}
	}
	return nil
}

// Warnings implements [Session].
func (s *Sim) Warnings() []pitwall.Warning {
	until := s.venue.Now()
	list := slices.Clone(s.notes)
	for _, x := range s.world.Warnings {
		if !x.Known.After(until) {
			list = append(list, x)
		}
	}
	return append(list, benchmarkShort(s.store, s.spec, s.from, until)...)
}

// references returns the values of the benchmark and of buy and hold from the bars of
// the run.
func references(store *history.Store, spec SimSpec, from time.Time) pitwall.Reference {
	named := map[string]*pitwall.Series{}
	for _, s := range store.Series() {
		named[s.Instrument.Symbol] = s
	}
	var symbols []*pitwall.Series
	for _, s := range spec.Symbols {
		symbols = append(symbols, named[s])
	}
	return pitwall.NewReference(spec.Cash, named[spec.Benchmark], symbols, store.Actions(), from)
}
