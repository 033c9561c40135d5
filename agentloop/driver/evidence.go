package driver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// This file is the first and the last word of a run's folder: the manifest as the run
// begins, and what is written at its end.

// Result is what came of a run. Its JSON is what pitwall backtest --json prints;
// returns and the drawdown are fractions.
type Result struct {
	// ReadWith holds the warnings that change how the rest must be read.
	ReadWith        []runs.Reading `json:"read_with"`
	RunID           string         `json:"run_id"`
	Mode            string         `json:"mode"`
	Model           string         `json:"model"`
	Bars            int            `json:"bars"`
	Turns           int            `json:"turns"`
	ModelCalls      int            `json:"model_calls"`
	CacheHits       int            `json:"cache_hits"`
	Orders          int            `json:"orders"`
	Fills           int            `json:"fills"`
	FinalEquity     pitwall.Dec    `json:"final_equity"`
	TotalReturn     float64        `json:"total_return"`
	BenchmarkReturn *float64       `json:"benchmark_return"`
	MaxDrawdown     float64        `json:"max_drawdown"`
	Sharpe          *float64       `json:"sharpe"`
	CostUSD         *pitwall.Dec   `json:"cost_usd"` // null = a price is not known
	CostUSDRecorded *pitwall.Dec   `json:"cost_usd_recorded"`
	Warnings        []string       `json:"warnings"`
	Digest          string         `json:"digest"`
	WallSeconds     float64        `json:"wall_seconds"`
	Out             string         `json:"out"`

	Desk         *runs.DeskScore `json:"-"` // nil: no desk
	Complete     bool            `json:"-"` // the run came to its end
	Requested    bool            `json:"-"` // it ended before that because Config.Turns asked for it
	AssumedCosts bool            `json:"-"` // the strategy states no costs: the defaults
	Manifest     runs.Manifest   `json:"-"`
	Usage        runs.Usage      `json:"-"`
	Metrics      report.Metrics  `json:"-"`
	Report       *report.Run     `json:"-"` // what the figures were computed from
}

// describe returns the manifest of a run that begins.
func (r *run) describe() runs.Manifest {
	r.memory = r.session.World().Memory
	s := r.Strategy
	m := runs.Manifest{RunID: filepath.Base(r.Dir), Status: "running", Pitwall: r.Version, Strategy: s.File, Name: s.Name, Symbols: s.Symbols, Benchmark: s.Benchmark, Every: s.Every, Params: s.Params,
		Model: modelNames(r.Agents), Sample: r.Sample, NoCache: r.NoCache, Notes: slices.Concat(r.Notes, s.Notes(r.Agents))}
	if r.Live != nil {
		m.StrategyDigest, _ = s.Digest() // it was encoded before
	}
	if s.Approve != "" && r.Live == nil {
		m.Notes = append(m.Notes, "approve is for runs on the live clock: this backtest sent each order at once")
	}
	from, to := r.session.Describe(&m)
	m.Pods = s.describePods(r.Agents)
	m.Agents = describeAgents(s, r.Agents, from, to)
	m.Fork = r.Fork.describe(m.Agents)
	m.Attempt = runs.Attempt(r.Dir, m)
	return m
}

// Notes returns what the operator should know of a strategy's tools and triggers in
// a backtest. They are no errors: a live run, or one over other symbols and days,
// may use them.
func (s *Strategy) Notes(agents []agentloop.Agent) (notes []string) {
	notes = append(s.ruleNotes(), s.podNotes()...)
	if m, err := s.remembers(); err == nil { // else Check returned the error
		notes = append(notes, m.note()...)
	}
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
			case t.Symbol != "" && !slices.Contains(slices.Concat(s.Symbols, s.Watch), t.Symbol) && t.Symbol != s.Benchmark:
				notes = append(notes, fmt.Sprintf("a trigger of agent %s moves with %s, which is not among symbols, watch and benchmark: it never fires", a.Name, t.Symbol))
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
	if len(s.Pods) > 0 {
		for _, p := range s.active() {
			out = append(out, describeAgents(p.own, p.agents(list), from, to)...)
		}
		return out
	}
	for _, y := range list {
		info := runs.Agent{Name: y.Name, Model: y.ModelName, Fingerprint: y.Fingerprint, Prompt: y.Prompt, Params: y.Params, Tools: y.Tools}
		if y.Gate != nil {
			info.Gate = s.gateText()
		}
		if p := y.Price; p != nil && *p != (agentloop.Price{}) {
			info.Price = &runs.Price{In: p.In, Out: p.Out, CacheRead: p.CacheRead, CacheWrite: p.CacheWrite}
		}
		team := s.Team()
		if s.Desk != nil {
			team = append(team, s.main())
		}
		for _, r := range y.Roles {
			info.Roles = append(info.Roles, describeAgents(s, []agentloop.Agent{{Name: r.Name, ModelName: r.ModelName, Fingerprint: r.Fingerprint, Prompt: r.Prompt, Params: r.Params, Tools: r.Tools, Price: r.Price}}, from, to)...)
		}
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

// finish writes what a run leaves, whether it came to its end or not.
func (r *run) finish(out agentloop.Outcome, runErr error) (*Result, error) {
	m, status := &r.manifest, r.session.Status()
	if err := r.folder.Flush(); err != nil { // also of a run that was stopped: what it says is not all there
		runErr = errors.Join(runErr, err)
		m.Status, m.Error = "failed", runErr.Error()
	} else {
		m.Status, runErr = r.ended(out, runErr)
		if runErr != nil {
			m.Error = runErr.Error()
		}
	}
	fail := func(err error) (*Result, error) { // the manifest says so if it can still be written
		err = errors.Join(runErr, err)
		m.Status, m.Error = "failed", err.Error()
		_ = r.folder.WriteJSON("manifest.json", m)
		return nil, err
	}
	m.Digest = status.Digest
	if _, err := r.folder.Append(context.Background(), pitwall.Entry{AsOf: r.session.World().Clock.Now(), Kind: pitwall.EntryEnd, Note: m.Status + ", digest " + m.Digest}); err != nil {
		return fail(err)
	}
	if err := r.session.Finish(r.folder, m); err != nil {
		return fail(err)
	}
	mode, said, closed, early := r.session.World().Mode, r.session.Warnings(), closedWarnings(r.session.World().Clock), append(r.warm.warnings(r.session.World().Zone), r.podWindows()...)
	if err := r.remembered(); err != nil { // while there is a world
		return fail(err)
	}
	if r.Live == nil { // a long run's world is large, and its figures need none
		if err := r.session.Close(); err != nil {
			return fail(err)
		}
	}
	figures, err := r.figures()
	if err != nil {
		return fail(err)
	}
	metrics, cut, trades, err := figures.Metrics()
	if err != nil {
		return fail(err)
	}
	m.Attempt = runs.Attempt(r.Dir, *m) // a repeat of a known run is no try
	warnings := slices.Concat(r.Warnings, said, early, turnWarnings(out), cutoffWarnings(m.Agents), cutWarnings(cut), closed, resultWarnings(m, metrics, out))
	m.Warnings, m.ReadWith = pitwall.WarningTexts(warnings), runs.ReadWith(warnings)
	usage := runs.UsageOf(out)
	if err := errors.Join(r.folder.WriteJSON("metrics.json", metrics), r.folder.WriteJSON("usage.json", usage), r.folder.Trades(report.TradeRows(trades)), r.decisions(figures, trades)); err != nil {
		return fail(err)
	}
	score, err := r.deskScore(figures, metrics, trades, out)
	if err != nil {
		return fail(err)
	}
	if len(m.Pods) > 0 {
		if err := r.folder.Books(); err != nil {
			return fail(err)
		}
	}
	if err := r.folder.Seal(m); err != nil {
		return fail(err)
	}
	if runErr != nil {
		runErr = fmt.Errorf("%w\n  what happened until then is in %s", runErr, r.Dir)
	}
	return &Result{ReadWith: append([]runs.Reading{}, m.ReadWith...), RunID: m.RunID, Mode: string(mode), Model: m.Model, Bars: out.Bars, Turns: out.Turns, ModelCalls: out.ModelCalls, CacheHits: out.CacheHits, CostUSD: out.Cost, CostUSDRecorded: out.Recorded, Orders: metrics.Orders, Fills: metrics.Fills,
		FinalEquity: metrics.FinalEquity, TotalReturn: metrics.TotalReturn, BenchmarkReturn: metrics.BenchmarkReturn, MaxDrawdown: metrics.MaxDrawdown, Sharpe: metrics.Sharpe,
		Warnings: append([]string{}, m.Warnings...), Digest: m.Digest, WallSeconds: r.Now().Sub(r.started).Seconds(), Out: r.Dir,
		Desk: score, Complete: m.Status == "complete", Requested: out.Requested, AssumedCosts: r.Strategy.Costs == nil, Manifest: *m, Usage: usage, Metrics: metrics, Report: figures}, runErr
}

// figures returns what the run's figures are computed from. A run on the host's time may
// have begun in another process: its folder is read.
func (r *run) figures() (*report.Run, error) {
	if r.Live != nil {
		return report.Read(os.DirFS(r.Dir), r.manifest)
	}
	return report.FromHeld(r.folder.Held(), r.manifest), nil
}

// askingRule is how the loop introduces an error of a rule.
const askingRule = "asking the model " + ruleModel + ": " + string(agentloop.ErrorConfig) + ": "

// ended returns how a run ended, and the error that it ended with.
func (r *run) ended(out agentloop.Outcome, err error) (status string, _ error) {
	switch {
	case err == nil && out.Failed*2 > out.Turns:
		return "failed", pitwall.Errorf(pitwall.NoCoverage, "the model failed in %d of %d turns: %s", out.Failed, out.Turns, strings.TrimPrefix(out.First, "model_skipped: ")).
			Hintf("pitwall doctor %s says what is missing; pitwall trace %s shows the attempts", r.manifest.Strategy, r.Dir)
	case errors.Is(err, context.Canceled):
		return "incomplete", nil
	case err != nil:
		if text := err.Error(); strings.Contains(text, askingRule) { // no model was asked
			err = pitwall.Errorf(pitwall.StrategyError, "%s", strings.Replace(text, askingRule, "", 1))
		}
		return "failed", err
	case !out.Ended:
		return "incomplete", nil
	}
	return "complete", nil
}
