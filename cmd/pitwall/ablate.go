package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
)

func (a *app) ablate() *cobra.Command {
	var f backtestFlags
	samples, yes := 1, false
	c := &cobra.Command{
		Use:   "ablate FILE|DIR",
		Short: "Run a desk without each of its parts: what is each worth",
		Long: "ablate backtests a desk as it is and then without debate, without its risk role, with a compact debate and with a judge that tosses\n" +
			"a coin, --samples times each. It says which way each part moved orders (to trade, to hold, larger, smaller), how each way paid\n" +
			"within 20 bars, the difference in return with an interval, the cost beside it, and whether the part earned its money. Plans\n" +
			"that a reviewer rejected or made smaller are run through the engine as they were planned. It asks before it spends, or needs\n--yes. Recorded answers are used; the runs are made in a temporary folder.",
		Example: "  pitwall ablate examples/desk\n  pitwall ablate mine --samples 5 --yes --json",
		Args:    takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			if samples < 1 {
				return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--samples is %d", samples).Hintf("use 1 or more")}
			}
			return a.takeApart(c.Context(), args[0], f, samples, yes)
		},
	}
	fs := c.Flags()
	fs.IntVar(&samples, "samples", 1, "runs of each variant, each with recorded answers of its own")
	fs.BoolVar(&yes, "yes", false, "do not ask")
	fs.StringVar(&f.model, "model", "", "use this model instead of the strategy's")
	fs.StringVar(&f.from, "from", "", "first day, 2006-01-02")
	fs.StringVar(&f.to, "to", "", "last day")
	fs.StringArrayVar(&f.data, "data", nil, "data file or folder instead of the strategy's (repeatable)")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// takeApart runs the variants and prints what each part was worth.
func (a *app) takeApart(ctx context.Context, name string, f backtestFlags, samples int, yes bool) (err error) {
	s, err := f.strategy(name)
	if err != nil {
		return err
	}
	if ok, err := a.consent(yes || s.Deterministic(), "the same command with", s.AblationPlan(samples, os.DirFS(runs.Dir))); err != nil || !ok {
		return err
	}
	if f.out, err = os.MkdirTemp("", "pitwall-ablate-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(f.out)) }()
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	return a.withConfig(ctx, s, f, func(c driver.Config) error {
		out, err := driver.Ablate(ctx, driver.AblateConfig{Run: c, Samples: samples,
			Agents: func(v *driver.Strategy) ([]agentloop.Agent, error) { return a.deciders(v, cfg, false) },
			Told:   func(variant string) { fmt.Fprintln(a.errs(), "run: "+variant) }})
		return a.answer(f.json, out, func(p *term.Pen) { show.Ablation(p, out) }, err)
	})
}
