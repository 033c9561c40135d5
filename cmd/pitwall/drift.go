package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
)

// driftFlags say what a run is compared with.
type driftFlags struct {
	backtestFlags
	strategyFile, feed string
	ask                bool
}

func (a *app) drift() *cobra.Command {
	var f driftFlags
	c := &cobra.Command{
		Use:   "drift RUN",
		Short: "Compare a live or paper run with the backtest over what it saw",
		Long: "drift replays what a run of pitwall trade saw (its journal, bars and fills) through the backtest and lists, fill by fill, where\n" +
			"price, quantity, fee or decision differ, each with its cause: data, latency, fees, model, a halt, others in the account, or an\n" +
			"account that differed before. Causes are found by trying: its orders over the same bars without costs, and over the bars of\n" +
			"--feed, which are those known now. Decisions of scripts and rules are made again; a model is asked again only with --ask.",
		Example: "  pitwall drift last\n  pitwall drift last --feed recorded",
		Args:    takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			return a.findDrift(c.Context(), args[0], f)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.strategyFile, "strategy", "", "the run's strategy (default: the file that its manifest names)")
	fs.StringVar(&f.model, "model", "", "the model, where the run was started with --model")
	fs.StringArrayVar(&f.data, "data", nil, "history before the run, where it was started with --data (repeatable)")
	fs.StringVar(&f.feed, "feed", "", "file or folder of the bars as they are known now, such as that of trade --record")
	fs.BoolVar(&f.ask, "ask", false, "ask the models again, which may cost money")
	fs.StringVar(&f.profile, "profile", "", "broker profile whose changes to the strategy count, as for trade")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// findDrift compares a run and prints what differs.
func (a *app) findDrift(ctx context.Context, name string, f driftFlags) (err error) {
	ctx, cancel := a.stoppable(ctx)
	defer cancel()
	dir, err := runs.Find(name)
	if err != nil {
		return err
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	c := driver.DriftConfig{Folder: os.DirFS(dir), Now: a.now}
	if f.strategyFile == "" {
		f.strategyFile = runs.Open(c.Folder).Manifest.Strategy
	}
	s, err := f.strategy(f.strategyFile)
	if err != nil {
		return fmt.Errorf("the run's strategy: %w", err)
	}
	c.Strategy = s.Strategy
	if f.feed != "" {
		fed := &strategyFile{Strategy: new(*s.Strategy), files: s.files}
		fed.From, fed.To = "", ""
		fed.use([]string{f.feed})
		if c.Feed, err = fed.Load(ctx, fed.files, cfg.store(a.now)); err != nil {
			return fmt.Errorf("--feed %s: %w", f.feed, err)
		}
	}
	if f.ask || s.Deterministic() {
		agents, extra, failed := a.rehearsing(ctx, s, cfg)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, extra.Close()) }()
		c.Agents, c.Tools = agents, extra.Tools
		if c.History, err = s.Load(ctx, s.files, cfg.store(a.now)); err != nil {
			return err
		}
		if c.Dir, err = os.MkdirTemp("", "pitwall-drift-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.Dir)) }()
	}
	d, err := driver.FindDrift(ctx, c)
	if err != nil {
		return err
	}
	return a.answer(f.json, d, func(p *term.Pen) { p.Write(driver.DriftText(d)) }, nil)
}
