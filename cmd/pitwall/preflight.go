package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/server"
)

func (a *app) preflight() *cobra.Command {
	var f backtestFlags
	c := &cobra.Command{
		Use:   "preflight FILE|DIR",
		Short: "Try a strategy in a bad week at a fake broker",
		Long: "preflight runs the strategy as pitwall trade --live would, behind the same limits, gates, halt and journal, against a fake Alpaca\n" +
			"on this machine: a made-up week of losses behind the strategy's own history, once for each drill (a halt in mid-order, 429s,\n" +
			"old prices, a split, a headline that says to ignore limits, a wrong clock, a model that ignores everything). Extra scripted\n" +
			"members see to it that there are orders to refuse. The strategy's own model is asked at each bar of each drill, which may\n" +
			"cost money. The page, also runs/preflight-NAME-N/preflight.txt, says what was done, refused and lost; trade --live asks for a passed preflight of\n" +
			"the strategy as it is. No broker is reached.",
		Example: "  pitwall preflight mine.yaml\n  pitwall preflight mine.yaml --model script/buyhold --json",
		Args:    takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			return a.preflightStrategy(c.Context(), args[0], f)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.model, "model", "", "use this model instead of the strategy's, as trade will")
	fs.StringArrayVar(&f.data, "data", nil, "history before the week: file or folder instead of the strategy's (repeatable), as trade will")
	fs.StringVar(&f.profile, "profile", "", "broker profile whose changes to the strategy count, as for trade")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// preflightStrategy tries a strategy and prints the page.
func (a *app) preflightStrategy(ctx context.Context, name string, f backtestFlags) (err error) {
	ctx, cancel := a.stoppable(ctx)
	defer cancel()
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	s, err := f.strategy(name)
	if err != nil {
		return err
	}
	c := driver.PreflightConfig{Local: cfg.store(a.now), Progress: func(drill string) { fmt.Fprintln(a.errs(), "drill: "+drill) },
		Run: driver.Config{Strategy: s.Strategy, Files: s.files, Version: version(), Build: build(), Now: a.now, Log: a.logger()}}
	agents, extra, err := a.rehearsing(ctx, s, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, extra.Close()) }()
	c.Run.Agents, c.Run.Tools, c.Run.Notes = agents, extra.Tools, extra.Warnings
	if c.Run.Dir, err = runs.NextDir(runs.Dir, "preflight-"+s.Name); err != nil {
		return err
	}
	p, err := driver.Preflight(ctx, c)
	if err != nil {
		return err
	}
	if f.json {
		err = a.printJSON(p)
	} else {
		_, err = fmt.Fprint(a.stdout, driver.PreflightText(p))
	}
	if err == nil && !p.Passed {
		err = errSaid
	}
	return err
}
