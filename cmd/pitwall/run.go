package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/server"
	"pitwall/tools"
	"pitwall/tools/report"
)

// runOptions are a backtest's settings from the command line.
type runOptions struct {
	out      string
	window   func(from, to time.Time) // told once it is known
	progress func(agentloop.Progress)
	noCache  bool // ask every model again, keep nothing
	strict   bool // ask no model at all
	sample   int  // tells repeated runs of the same thing apart
	page     bool // write report.html at the end
}

// result is what a backtest prints with --json.
type result struct {
	RunID           string       `json:"run_id"`
	Mode            string       `json:"mode"`
	Model           string       `json:"model"`
	Bars            int          `json:"bars"`
	Turns           int          `json:"turns"`
	ModelCalls      int          `json:"model_calls"`
	CacheHits       int          `json:"cache_hits"`
	Orders          int          `json:"orders"`
	Fills           int          `json:"fills"`
	FinalEquity     pitwall.Dec  `json:"final_equity"`
	TotalReturn     float64      `json:"total_return"`
	BenchmarkReturn *float64     `json:"benchmark_return"`
	MaxDrawdown     float64      `json:"max_drawdown"`
	Sharpe          *float64     `json:"sharpe"`
	CostUSD         *pitwall.Dec `json:"cost_usd"` // null = a price is not known
	CostUSDRecorded *pitwall.Dec `json:"cost_usd_recorded"`
	Warnings        []string     `json:"warnings"`
	Digest          string       `json:"digest"`
	WallSeconds     float64      `json:"wall_seconds"`
	Out             string       `json:"out"`

	page      string // report.html; empty = there is none
	complete  bool
	attempt   int
	usage     runs.Usage
	metrics   report.Metrics
	costs     simCosts
	benchmark string
	symbols   []string
}

// runStrategy backtests a strategy into a run's folder.
func (a *app) runStrategy(ctx context.Context, s *strategy, o runOptions) (res *result, err error) {
	started := a.now()
	who, err := a.deciders(ctx, s, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, who.extra.Close()) }()
	local, err := a.store()
	if err != nil {
		return nil, err
	}
	store, err := loadFor(ctx, s, local)
	if err != nil {
		return nil, err
	}
	spec, err := s.spec()
	if err != nil {
		return nil, err
	}
	// The world is built once into memory first, so that a strategy that cannot
	// run leaves no folder behind.
	if _, err := newSim(store, spec, &pitwall.MemoryJournal{}); err != nil {
		return nil, err
	}
	dir, err := runFolder(o.out, s.Name)
	if err != nil {
		return nil, err
	}
	from, to, err := window(store, spec, zoneOf(store, spec.Symbols))
	if err != nil {
		return nil, err
	}
	if o.window != nil {
		o.window(from, to)
	}
	folder, err := runs.Create(dir, references(store, spec, from))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	defer a.sayStop()()
	w, err := newSim(store, spec, folder)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	m := runs.Manifest{RunID: filepath.Base(dir), Status: "running", Pitwall: version(), Strategy: s.show, Name: s.Name, Symbols: s.Symbols, Benchmark: s.Benchmark,
		From: from.Format(time.DateOnly), To: midnight(to, -1).Format(time.DateOnly), Every: s.Every, Cash: spec.Cash, Costs: spec.Costs.Costs, Account: stated(spec.Terms), Fills: spec.Rules,
		Limits: spec.Limits.String(), Model: modelNames(who.agents), Agents: describeAgents(s, who.agents, from, to), Sample: o.sample, NoCache: o.noCache, Data: dataFiles(store.Files), Warnings: append(slices.Clone(w.notes), texts(w.Warnings)...)}
	w.Attempt = runs.Attempt(dir, m)
	m.Attempt = w.Attempt
	m.Notes = slices.Concat(who.extra.Warnings, elsewhereOnly(s), s.idleTriggers(who.agents))
	for _, n := range m.Notes {
		fmt.Fprintln(a.errs(), "note: "+oneLine(n))
	}
	if err := folder.WriteJSON("manifest.json", m); err != nil {
		return nil, err
	}
	outcome, runErr := a.drive(ctx, w.World, agentloop.Config{Agents: who.agents, Recorder: folder, Cache: who.kept.cache(), Strict: o.strict, Sample: o.sample, Now: a.now, Progress: o.progress, Stop: a.stop, Log: a.logger()}, who.extra.Tools)
	res, err = a.finish(folder, w, m, outcome, runErr, started, spec)
	if o.page {
		file := a.page(dir)
		if res != nil {
			res.page, res.WallSeconds = file, a.now().Sub(started).Seconds()
		}
	}
	return res, err
}

// stated are an account's terms as they hold: of a cash account without margins.
func stated(t pitwall.Terms) pitwall.Terms {
	if u := t.Usual(); u.Type == pitwall.MarginAccount {
		return u
	}
	t.Type = pitwall.CashAccount
	return t
}

// texts are all warnings, those of later days included: a manifest is read after
// the run.
func texts(list []pitwall.Warning) []string {
	out := []string{}
	for _, w := range list {
		out = append(out, w.Text)
	}
	return out
}

// drive connects the loop to a server of its own and runs it.
func (a *app) drive(ctx context.Context, w *pitwall.World, cfg agentloop.Config, external []tools.External) (agentloop.Outcome, error) {
	if w.Mode != pitwall.Sim && cfg.Cache != nil {
		return agentloop.Outcome{}, pitwall.Errorf(pitwall.Unsupported, "recorded answers in a %s world: an old answer must not send a new order", w.Mode)
	}
	session, done, err := server.One(ctx, build(), w, external, a.logger())
	if err != nil {
		return agentloop.Outcome{}, err
	}
	defer done()
	cfg.Session = session
	return agentloop.Run(ctx, cfg)
}

// finish writes what a run leaves, whether it came to its end or not.
func (a *app) finish(folder *runs.Folder, w *simWorld, m runs.Manifest, out agentloop.Outcome, runErr error, started time.Time, spec simSpec) (*result, error) {
	flushed := folder.Flush()
	m.Status = "complete"
	switch {
	case flushed != nil: // also of a run that was stopped: what it says is not all there
		runErr = errors.Join(runErr, flushed)
		m.Status, m.Error = "failed", runErr.Error()
	case runErr == nil && out.Turns > 0 && out.Answered == 0 && out.Stopped == "":
		runErr = pitwall.Errorf(pitwall.NoCoverage, "the model answered in none of %d turns: %s", out.Turns, strings.TrimPrefix(out.First, "model_skipped: ")).Hintf("pitwall doctor %s says what is missing; pitwall trace %s shows the attempts", m.Strategy, folder.Dir)
		m.Status, m.Error = "failed", runErr.Error()
	case errors.Is(runErr, context.Canceled):
		m.Status, runErr = "incomplete", nil
	case runErr != nil:
		m.Status, m.Error = "failed", runErr.Error()
	case !out.Ended:
		m.Status = "incomplete"
	}
	if _, err := folder.Append(context.Background(), pitwall.Entry{AsOf: w.Clock.Now(), Kind: pitwall.EntryEnd, Note: m.Status + ", digest " + w.venue.Replay().Digest}); err != nil {
		return nil, errors.Join(runErr, err)
	}
	if err := w.prices(folder, spec, &m); err != nil {
		return nil, errors.Join(runErr, err)
	}
	metrics, err := report.Read(os.DirFS(folder.Dir), spec.Cash)
	if err != nil {
		return nil, errors.Join(runErr, err)
	}
	m.Digest = w.venue.Replay().Digest
	m.Attempt = runs.Attempt(folder.Dir, m)         // a repeat of a known run is no try
	m.Warnings = append(m.Warnings[:0], w.notes...) // those of days that were not reached did not happen
	for _, x := range w.Warnings {
		if !x.Known.After(w.Clock.Now()) {
			m.Warnings = append(m.Warnings, x.Text)
		}
	}
	m.Warnings = append(m.Warnings, toldOf(out)...)
	m.Warnings = append(m.Warnings, trained(m.Agents)...)
	if metrics.Rejected > 0 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%d orders were rejected: see journal.jsonl", metrics.Rejected))
	}
	if metrics.Denied > 0 {
		by := []string{}
		for _, d := range metrics.DeniedBy {
			by = append(by, fmt.Sprintf("%s %d", d.Limit, d.Count))
		}
		m.Warnings = append(m.Warnings, fmt.Sprintf("%d orders were denied by the risk limits (%s): nothing was sent", metrics.Denied, strings.Join(by, ", ")))
	}
	if m.Status == "complete" && metrics.Orders == 0 && metrics.Denied == 0 && out.Turns > 0 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("nothing was ordered in %d turns: pitwall trace says what they said", out.Turns))
	}
	if m.Status == "incomplete" {
		m.Warnings = append(m.Warnings, "the run was stopped before its end"+because(out.Stopped))
	}
	if err := errors.Join(folder.WriteJSON("metrics.json", metrics), folder.WriteJSON("usage.json", runs.UsageOf(out)), folder.WriteJSON("manifest.json", m)); err != nil {
		return nil, errors.Join(runErr, err)
	}
	if runErr != nil {
		return nil, fmt.Errorf("%w\n  what happened until then is in %s", runErr, folder.Dir)
	}
	return &result{RunID: m.RunID, Mode: string(pitwall.Sim), Model: m.Model, Bars: out.Bars, Turns: out.Turns, ModelCalls: out.ModelCalls, CacheHits: out.CacheHits, CostUSD: out.Cost, CostUSDRecorded: out.Recorded, Orders: metrics.Orders, Fills: metrics.Fills,
		FinalEquity: metrics.FinalEquity, TotalReturn: metrics.TotalReturn, BenchmarkReturn: metrics.BenchmarkReturn, MaxDrawdown: metrics.MaxDrawdown, Sharpe: metrics.Sharpe,
		Warnings: append([]string{}, m.Warnings...), Digest: m.Digest, WallSeconds: a.now().Sub(started).Seconds(), Out: folder.Dir,
		complete: m.Status == "complete", usage: runs.UsageOf(out), attempt: m.Attempt, metrics: metrics, costs: spec.Costs, benchmark: spec.Benchmark, symbols: spec.Symbols}, nil
}

// loadFor loads what a strategy names.
func loadFor(ctx context.Context, s *strategy, local *history.Local) (*history.Store, error) {
	inputs, err := s.inputs(ctx, local)
	if err != nil {
		return nil, err
	}
	opts := history.Options{Symbols: append([]string{}, s.Symbols...)}
	if s.Benchmark != "" {
		opts.Symbols = append(opts.Symbols, s.Benchmark)
	}
	if s.BarSize != "" {
		if opts.Size, err = pitwall.ParseSize(s.BarSize); err != nil {
			return nil, err
		}
	}
	store, err := history.Load(ctx, inputs, opts)
	if e, ok := errors.AsType[*pitwall.Error](err); ok && e.Code == pitwall.UnknownSymbol && s.benchmarkOptional && s.Benchmark != "" {
		opts.Symbols = s.Symbols
		if store, err = history.Load(ctx, inputs, opts); err == nil {
			store.Warnings = append(store.Warnings, "the data given has no "+s.Benchmark+": the run has no benchmark")
			s.Benchmark = ""
		}
	}
	return store, err
}

func (s *strategy) spec() (simSpec, error) {
	c, err := s.costs()
	if err != nil {
		return simSpec{}, err
	}
	terms, err := s.terms()
	if err != nil {
		return simSpec{}, err
	}
	l, err := s.limits()
	return simSpec{Symbols: s.Symbols, Benchmark: s.Benchmark, From: s.From, To: s.To, Cash: *s.Cash, Costs: c, Terms: terms, Rules: s.rules(c.volumeShare), Limits: l, Revised: s.AllowRevised, Policy: s.policy()}, err
}

// logger writes to stderr, since stdout belongs to results and to the protocol:
// warnings and errors, or what PITWALL_LOG says (info has a line per turn).
func (a *app) logger() *slog.Logger {
	level := slog.LevelWarn
	if cfg, err := a.settings(); err == nil {
		if err := level.UnmarshalText([]byte(cfg.Log)); err != nil {
			level = slog.LevelWarn // serve and doctor say what is wrong with it
		}
	}
	return slog.New(slog.NewTextHandler(a.errs(), &slog.HandlerOptions{Level: level}))
}

// printJSON prints one object on stdout.
func (a *app) printJSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, string(body))
	return err
}
