package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/cache/disk"
	"pitwall/cache/replay"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
	"pitwall/tools/external"
	"pitwall/tools/report"
)

// backtestFlags are what the command line changes about a strategy.
type backtestFlags struct {
	model, from, to, cash, out            string
	symbols, data, params                 []string
	json, noCache, strictReplay, noReport bool
	dryRun                                bool
	sample, turns                         int

	fork    *driver.Fork // it parts from another run; nil = it does not
	profile string       // file of a broker profile, whose overrides go between the strategy and the flags
}

func (a *app) backtest() *cobra.Command {
	var f backtestFlags
	c := &cobra.Command{
		Use:   "backtest FILE|DIR",
		Short: "Run a strategy over recorded bars and leave a folder of evidence",
		Example: "  pitwall backtest examples/momentum\n" +
			"  pitwall backtest mine.yaml --symbols TQQQ,SHV --data prices.csv\n" +
			"  pitwall backtest mine --json > result.json",
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			if c.Flags().Changed("turns") && f.turns < 1 {
				return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--turns is %d", f.turns).Hintf("use 1 or more")}
			}
			s, err := f.strategy(args[0])
			if err != nil {
				return err
			}
			if f.dryRun {
				return a.dryRun(c.Context(), s, f.json)
			}
			return a.backtestStrategy(c.Context(), s, f)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.model, "model", "", "use this model instead of the strategy's")
	f.worldFlags(fs)
	fs.StringArrayVar(&f.params, "param", nil, "name=value: a value of rule, prompt or script, such as lookback=50 (repeatable)")
	fs.IntVar(&f.turns, "turns", 0, "end before turn N+1: a look before paying for all")
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what was understood of the data, with the first rows, and end without a run")
	fs.StringVar(&f.out, "out", "", "the run's folder (default runs/<name>-<n>)")
	fs.BoolVar(&f.noReport, "no-report", false, "write no report.html at the end: for many runs in a row")
	fs.IntVar(&f.sample, "sample", 0, "number of a repeated run: each has recorded answers of its own")
	return c
}

// worldFlags are those of one run and of many.
func (f *backtestFlags) worldFlags(fs *pflag.FlagSet) {
	fs.StringVar(&f.from, "from", "", "first day, 2006-01-02")
	fs.StringVar(&f.to, "to", "", "last day")
	fs.StringVar(&f.cash, "cash", "", "starting cash")
	fs.StringSliceVar(&f.symbols, "symbols", nil, "what may be traded, comma separated (repeatable)")
	fs.StringArrayVar(&f.data, "data", nil, "data file or folder instead of the strategy's (repeatable)")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	fs.BoolVar(&f.noCache, "no-cache", false, "ask every model again and keep nothing")
	fs.BoolVar(&f.strictReplay, "strict-replay", false, "ask no model: fail at the first answer that is not recorded")
}

// strategy reads the file and the broker profile, and applies the profile, then the flags.
func (f backtestFlags) strategy(name string) (*strategyFile, error) {
	if f.sample < 0 {
		return nil, &usageError{pitwall.Errorf(pitwall.InvalidInput, "--sample is %d", f.sample).Hintf("use 0 or more")}
	}
	if f.strictReplay && f.noCache {
		return nil, &usageError{pitwall.Errorf(pitwall.InvalidInput, "--strict-replay and --no-cache contradict each other").Hintf("leave one out")}
	}
	var account driver.Profile
	if f.profile != "" {
		raw, err := os.ReadFile(f.profile)
		if err != nil {
			return nil, fmt.Errorf("reading the broker profile: %w", err)
		}
		if account, err = driver.ParseProfile(f.profile, raw); err != nil {
			return nil, err
		}
	}
	s, err := readStrategy(name)
	if err != nil {
		return nil, err
	}
	s.account, s.settings = account, s.Layer(account, f.profile, f.model)
	for _, p := range f.params {
		if err := s.SetParam(p); err != nil {
			return nil, &usageError{err}
		}
	}
	s.From, s.To = cmp.Or(f.from, s.From), cmp.Or(f.to, s.To)
	if f.from != "" && f.to == "" && s.To != "" && f.from > s.To {
		s.To = "" // the strategy's last day lies before the first day asked for
	}
	if list := trimmed(f.symbols); len(list) > 0 {
		s.Symbols = list
	}
	if f.cash != "" {
		cash, err := pitwall.ParseDec(f.cash)
		if s.Cash = &cash; err != nil || cash <= 0 {
			return nil, &usageError{pitwall.Errorf(pitwall.InvalidNumber, "--cash is %q", f.cash).Hintf("use a number above 0, like 100000")}
		}
	}
	s.use(f.data)
	return s, s.Check()
}

// backtestStrategy runs a strategy and prints the result.
func (a *app) backtestStrategy(ctx context.Context, s *strategyFile, f backtestFlags) error {
	return a.runAndPrint(ctx, s, f, func(res *driver.Result) error {
		return a.answer(f.json, res, func(p *term.Pen) { show.Result(p, res) }, nil)
	})
}

// runAndPrint runs a strategy, writes its page and prints what came of it.
func (a *app) runAndPrint(ctx context.Context, s *strategyFile, f backtestFlags, write func(*driver.Result) error) error {
	p := show.NewProgress(term.NewScreen(a.stderr), a.now, s.Cash.Float())
	a.beside = p
	res, err := a.runStrategy(ctx, s, f, p)
	var unwritten error
	if res != nil && !f.noReport {
		started := a.now()
		unwritten = a.page(res.Out, res.Report)
		res.WallSeconds += a.now().Sub(started).Seconds()
	}
	p.Done()
	if err != nil {
		return err
	}
	if err := write(res); err != nil {
		return err
	}
	if !res.Complete && !res.Requested {
		fmt.Fprintf(a.stderr, "pitwall: stopped before the end; what there is lies in %s\n", res.Out)
		return errSaid
	}
	return unwritten
}

// runStrategy gathers what a strategy needs of this machine and runs it.
func (a *app) runStrategy(ctx context.Context, s *strategyFile, f backtestFlags, p *show.Progress) (res *driver.Result, err error) {
	err = a.withConfig(ctx, s, f, func(c driver.Config) (err error) {
		if p != nil {
			c.Progress = p.Show
			if p.From, p.To, err = s.Window(c.Source); err != nil {
				return err
			}
		}
		if c.Dir == "" {
			if c.Dir, err = runs.NextDir(runs.Dir, s.Name); err != nil {
				return err
			}
		}
		for _, n := range slices.Concat(c.Notes, s.Notes(c.Agents)) {
			fmt.Fprintln(a.errs(), "note: "+term.OneLine(n))
		}
		defer a.sayStop()()
		res, err = driver.Run(ctx, c)
		return err
	})
	return res, err
}

// withConfig gathers what a strategy needs of this machine for run.
func (a *app) withConfig(ctx context.Context, s *strategyFile, f backtestFlags, run func(driver.Config) error) (err error) {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	c := driver.Config{Strategy: s.Strategy, Dir: f.out, NoCache: f.noCache, Strict: f.strictReplay, Sample: f.sample, Turns: f.turns, Version: version(), Build: build(), Now: a.now, Stop: a.stop, Log: a.logger(), Fork: f.fork}
	if c.Agents, err = a.deciders(s.Strategy, cfg, f.strictReplay); err != nil {
		return err
	}
	var store *replay.Store
	if !f.noCache {
		if store, err = cfg.openCache(replay.Options{Log: c.Log}); err != nil {
			return err
		}
	}
	if store != nil {
		c.Cache = store
		defer func() { // what was answered is in the run; the next one asks again
			if e := store.Close(); e != nil {
				fmt.Fprintln(a.errs(), "note: "+term.OneLine(e.Error())+"; what it could not keep will be asked again")
			}
		}()
	}
	extra, err := a.external(ctx, pitwall.Sim, s.Tools, cfg, recorder(store, f.strictReplay))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, extra.Close()) }()
	c.Tools, c.Notes = extra.Tools, extra.Warnings
	c.Warnings = s.standIn(cfg)
	if c.Source, err = s.Load(ctx, s.files, cfg.store(a.now)); err != nil {
		return err
	}
	return run(c)
}

// deciders makes a strategy's agents ready to run. Strict runs ask no model, so
// they need no key.
func (a *app) deciders(s *driver.Strategy, cfg settings, strict bool) ([]agentloop.Agent, error) {
	prices, err := agentloop.ParsePrices(cfg.Prices)
	if err != nil {
		return nil, err
	}
	var list []driver.Model
	for _, x := range s.Team() {
		m, err := a.model(x, cfg, strict)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return s.Deciders(list, prices)
}

// rehearsing makes a strategy's agents and the tools of others ready for a run whose orders
// reach no account. The caller closes the tools.
func (a *app) rehearsing(ctx context.Context, s *strategyFile, cfg settings) ([]agentloop.Agent, *external.Set, error) {
	agents, err := a.deciders(s.Strategy, cfg, false)
	if err != nil {
		return nil, nil, err
	}
	extra, err := a.external(ctx, pitwall.Paper, s.Tools, cfg, nil)
	return agents, extra, err
}

// model finds an agent's model by its name.
func (a *app) model(x driver.Agent, cfg settings, strict bool) (driver.Model, error) {
	o := models.Options{Env: cfg.get, Sleep: a.sleep}
	if strict && x.Model.Name != "" {
		o.Env = placeholder(cfg.get)
	}
	if a.transport != nil {
		o.Client = &http.Client{Transport: a.transport}
	}
	return driver.NewModel(x, o)
}

// placeholder gives every key that is not set a value that opens nothing.
func placeholder(env func(string) string) func(string) string {
	return func(name string) string {
		if v := env(name); v != "" {
			return v
		}
		return "none"
	}
}

// page writes the page of a run that has ended, however it did. Without one equity
// point there is nothing to show; a fault, a crash of the page's included, is a note,
// and the result stays. held is what the run still has in memory, or nil. It returns errSaid for a fault of this machine: what was asked
// for is not all there.
func (a *app) page(dir string, held *report.Run) error {
	err := func() (err error) {
		defer func() {
			if x := recover(); x != nil {
				err = fmt.Errorf("the page's own fault: %v", x)
			}
		}()
		run, err := held.Ended(os.DirFS(dir))
		if err != nil || len(run.Points) == 0 {
			return err
		}
		sheet, err := run.Sheet()
		if err != nil {
			return err
		}
		return disk.WriteAside(filepath.Join(dir, runs.PageFile), pastReport{dir, run, sheet}.write)
	}()
	if err != nil {
		fmt.Fprintf(a.errs(), "note: the page could not be written (%s); pitwall report %s tries again\n", term.OneLine(err.Error()), term.OneLine(dir))
	}
	if pitwall.MachineFault(err) == nil {
		return nil
	}
	return errSaid
}
