package main

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"pitwall/agentloop/driver"
	"pitwall/agentloop/sweep"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
)

func (a *app) sweep() *cobra.Command {
	var (
		f             backtestFlags
		params, model []string
		jobs, samples int
		seed          uint64
	)
	c := &cobra.Command{
		Use:   "sweep FILE|DIR",
		Short: "Run a strategy over many values, and judge the best",
		Long: "sweep runs every combination of values, models and samples, each into a run's folder below --out, and judges the best by how many\n" +
			"were tried: deflated Sharpe ratio, the probability of overfitting, and tests against cash and buying and holding. The same command\n" +
			"again runs only what is missing: with other values in the same folder it goes on.",
		Example: "  pitwall sweep examples/momentum --param lookback=20:200:20\n  pitwall sweep mine --param lookback=20,50 --model a,b --samples 3 --out days",
		Args:    takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			points, err := sweep.Grid(params, model, samples)
			if err != nil {
				return &usageError{err}
			}
			return a.runSweep(c, args[0], f, sweep.Config{Points: points, Dir: f.out, Jobs: jobs, Seed: seed})
		},
	}
	fs := c.Flags()
	fs.StringArrayVar(&params, "param", nil, "name=from:to:step or name=a,b,c: values of rule, prompt or script (repeatable)")
	fs.StringSliceVar(&model, "model", nil, "models in place of the strategy's, comma separated")
	fs.IntVar(&samples, "samples", 1, "runs of each, with recorded answers of their own")
	fs.IntVar(&jobs, "jobs", runtime.GOMAXPROCS(0), "runs at the same time")
	fs.Uint64Var(&seed, "seed", 1, "of the resampling")
	f.worldFlags(fs)
	fs.StringVar(&f.out, "out", "", "the sweep's folder (default runs/<name>-<n>)")
	return c
}

// runSweep runs the points of a sweep and prints what came of them.
func (a *app) runSweep(c *cobra.Command, file string, f backtestFlags, s sweep.Config) error {
	at := func(p sweep.Point, dir string) (*strategyFile, backtestFlags, error) {
		g := f
		g.params, g.model, g.sample, g.out = p.Params, p.Model, p.Sample, dir
		x, err := g.strategy(file)
		return x, g, err
	}
	first, _, err := at(s.Points[0], "")
	if err != nil {
		return err
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if s.Of, err = sweep.OfStrategy(c.Context(), first.Strategy, s.Points[0], first.files, cfg.store(a.now), build()); err != nil {
		return err
	}
	if s.Dir == "" {
		if s.Dir, err = runs.NextDir(runs.Dir, first.Name+"-sweep"); err != nil {
			return err
		}
	}
	p := show.NewSweep(term.NewScreen(a.stderr), a.now)
	a.beside = p
	s.Progress, s.Stop = p.Show, a.stop
	s.Run = func(ctx context.Context, p sweep.Point, dir string) (res *driver.Result, err error) {
		x, g, err := at(p, dir)
		if err != nil {
			return nil, err
		}
		err = a.withConfig(ctx, x, g, func(c driver.Config) (err error) { res, err = driver.Run(ctx, c); return err })
		return res, err
	}
	defer a.sayStop()()
	res, err := sweep.Run(c.Context(), s)
	p.Done()
	if err := a.answer(f.json, res, func(p *term.Pen) { show.SweepResult(p, res) }, err); err != nil {
		return err
	}
	return res.Err()
}
