package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/leaktest"
)

func (a *app) leaktest() *cobra.Command {
	o := leaktest.Options{}
	var data []string
	c := &cobra.Command{
		Use:     "leaktest [FILE]",
		Aliases: []string{"dare"},
		Short:   "Try to see the future through every tool, on your own data",
		Long: "leaktest builds worlds over a strategy's data that start at random times, lets\n" +
			"a script call every tool and generated SQL at each step, changes everything\n" +
			"known after some step, and does it again: not a byte up to that step may differ.\n" +
			"Future rows carry canaries, which must not appear before their time. Exit code\n" +
			"1 when a leak was found. Pitwall's own tests plant known leaks and check that\n" +
			"each is caught (go test ./tools/leaktest). What a model remembers of the data\n" +
			"it was trained on is beyond any wall.",
		Example: "  pitwall leaktest\n  pitwall leaktest my/strategy.yaml --mutations 600\n  pitwall leaktest my/strategy.yaml --data bars.csv",
		Args:    takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Mutations < 1 || o.Steps < 2 || o.Queries < 0 {
				return &usageError{fmt.Errorf("--mutations is %d, --steps %d, --queries %d\n  give at least 1, 2 and 0", o.Mutations, o.Steps, o.Queries)}
			}
			name := "examples/momentum"
			if len(args) > 0 {
				name = args[0]
			}
			return a.runLeaktest(c.Context(), name, data, o)
		},
	}
	f := c.Flags()
	f.IntVar(&o.Mutations, "mutations", 60, "how often the future is changed")
	f.IntVar(&o.Steps, "steps", 12, "bars of each world")
	f.IntVar(&o.Queries, "queries", 20, "generated SQL queries at each bar")
	f.Uint64Var(&o.Seed, "seed", 1, "random seed")
	f.StringArrayVar(&data, "data", nil, "files or folders in place of the strategy's data")
	return c
}

// runLeaktest runs the harness over a strategy's data and prints the findings.
func (a *app) runLeaktest(ctx context.Context, name string, data []string, o leaktest.Options) error {
	ctx, cancel := a.stoppable(ctx)
	defer cancel()
	s, err := readStrategy(name)
	if err != nil {
		return err
	}
	s.use(data)
	if err := s.Check(); err != nil {
		return err
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	for _, n := range s.standIn(cfg) {
		fmt.Fprintln(a.stdout, n.Text)
	}
	store, err := s.Load(ctx, s.files, cfg.store(a.now))
	if err != nil {
		return err
	}
	spec, err := s.Spec()
	if err != nil {
		return err
	}
	o.Host = a.now()
	o.Progress = a.counter("mutations")
	rep, err := leaktest.Run(ctx, leaktest.Data{Series: store.Series(), Actions: store.Actions(), Records: store.Records()}, leakWorldBuilder(spec), o)
	if errors.Is(err, context.Canceled) && len(rep.Findings) == 0 {
		fmt.Fprintf(a.stdout, "stopped: 0 bytes of the future seen in %d of %d mutations\n", rep.Mutations, o.Mutations)
		return errSaid
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	for _, f := range rep.Findings {
		fmt.Fprintf(a.stdout, "%s, seed %d, at %s:\n  %s\n", f.Check, f.Seed, f.At.Format(time.RFC3339), f.Text)
	}
	fmt.Fprintf(a.stdout, "%d worlds, %d tool calls, %d SQL queries (%d with rows), %d fills, %.1f MB compared, %d canaries\n",
		rep.Worlds, rep.Calls, rep.Queries, rep.Answered, rep.Fills, float64(rep.Bytes)/1e6, rep.Canaries)
	if len(rep.Findings) > 0 {
		fmt.Fprintf(a.stdout, "the future was seen %d times in %d mutations\n", len(rep.Findings), rep.Mutations)
		return errSaid
	}
	fmt.Fprintf(a.stdout, "0 bytes of the future seen in %d mutations\n", rep.Mutations)
	return nil
}

// counter shows how far something is, on a terminal only.
func (a *app) counter(what string) func(done, of int) {
	on := term.NewScreen(a.stderr)
	if !on.Terminal {
		return nil
	}
	return func(done, of int) {
		on.Text(fmt.Sprintf("%s %d of %d ", what, done, of))
		if done == of {
			on.Clear()
		}
	}
}

// leakWorldBuilder builds the worlds of the leak harness over data whose
// future the harness has changed.
func leakWorldBuilder(spec driver.SimSpec) leaktest.Build {
	return func(d leaktest.Data, from time.Time) (*pitwall.World, error) {
		store := history.NewStore(d.Series, d.Actions, d.Records)
		s := spec
		s.Symbols = slices.DeleteFunc(slices.Clone(spec.Symbols), func(symbol string) bool { return !slices.Contains(store.Symbols(), symbol) })
		s.From, s.To, s.Pods = from.Format(time.DateOnly), "", nil
		w, err := driver.NewSim(store, s, &pitwall.MemoryJournal{})
		if err != nil {
			return nil, err
		}
		return w.World(), nil
	}
}
