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
	"pitwall/tools/dare"
)

func (a *app) dare() *cobra.Command {
	o := dare.Options{}
	var data []string
	var plants bool
	c := &cobra.Command{
		Use:   "dare [FILE]",
		Short: "Try to see the future through every tool, on your own data",
		Long: "dare builds worlds over a strategy's data that start at random times, lets a script call every tool and generated SQL at each step,\n" +
			"changes all that is known after some step, and does it again: not a byte up to that step may differ. Future rows carry canaries,\n" +
			"which must not turn up before their time. First it puts known leaks into worlds over made-up data, to show that it would see them.\n" +
			"What a model remembers of the data it was trained on is beyond any wall. Exit code 1 when a byte was seen or a planted leak was not.",
		Example: "  pitwall dare\n  pitwall dare my/strategy.yaml --mutations 600\n  pitwall dare my/strategy.yaml --data bars.csv --plants=false",
		Args:    takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Mutations < 1 || o.Steps < 2 || o.Queries < 0 {
				return &usageError{fmt.Errorf("--mutations is %d, --steps %d, --queries %d\n  give at least 1, 2 and 0", o.Mutations, o.Steps, o.Queries)}
			}
			name := "examples/momentum"
			if len(args) > 0 {
				name = args[0]
			}
			return a.runDare(c.Context(), name, data, plants, o)
		},
	}
	f := c.Flags()
	f.IntVar(&o.Mutations, "mutations", 60, "how often the future is changed")
	f.IntVar(&o.Steps, "steps", 12, "bars of each world")
	f.IntVar(&o.Queries, "queries", 20, "generated SQL queries at each bar")
	f.Uint64Var(&o.Seed, "seed", 1, "of all that is drawn")
	f.StringArrayVar(&data, "data", nil, "files or folders in place of the strategy's data")
	f.BoolVar(&plants, "plants", true, "first prove that planted leaks are caught")
	return c
}

// runDare proves the harness, runs it, and says in one line what came of it.
func (a *app) runDare(ctx context.Context, name string, data []string, plants bool, o dare.Options) error {
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
	store, err := s.load(ctx)
	if err != nil {
		return err
	}
	spec, err := s.Spec()
	if err != nil {
		return err
	}
	o.Host = a.now()
	line, missed := "", false
	if plants {
		of, err := usual("AAA", "BBB", "GONE", "LATE") // what the sample trades
		if err != nil {
			return err
		}
		caught, err := dare.Prove(ctx, dared(of), dare.Options{Seed: o.Seed, Host: o.Host, Progress: a.counter("planted leaks")})
		if err != nil {
			return err
		}
		n := 0
		for _, c := range caught {
			if c.By != "" {
				n++
			} else {
				fmt.Fprintf(a.stdout, "not caught: %s (%s)\n", c.Plant.Name, c.Plant.What)
			}
		}
		line = fmt.Sprintf("%d of %d planted leaks caught, ", n, len(caught))
		missed = n < len(caught)
	}
	o.Progress = a.counter("mutations")
	rep, err := dare.Run(ctx, dare.Data{Series: store.Series(), Actions: store.Actions(), Records: store.Records()}, dared(spec), o)
	if errors.Is(err, context.Canceled) && len(rep.Findings) == 0 {
		fmt.Fprintf(a.stdout, "%sstopped: 0 bytes of the future seen in %d of %d mutations\n", line, rep.Mutations, o.Mutations)
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
		fmt.Fprintf(a.stdout, "%sthe future was seen %d times in %d mutations\n", line, len(rep.Findings), rep.Mutations)
		return errSaid
	}
	fmt.Fprintf(a.stdout, "%s0 bytes of the future seen in %d mutations\n", line, rep.Mutations)
	if missed {
		return errSaid
	}
	return nil
}

// counter shows how far something is, on a terminal only.
func (a *app) counter(what string) func(done, of int) {
	on := screenOf(a.stderr)
	if !on.terminal {
		return nil
	}
	return func(done, of int) {
		on.drawText(fmt.Sprintf("%s %d of %d ", what, done, of))
		if done == of {
			on.clear()
		}
	}
}

// usual is what a strategy says that states nothing but its symbols.
func usual(symbols ...string) (driver.SimSpec, error) {
	return (&driver.Strategy{Symbols: symbols}).Spec()
}

// dared is what the leak harness builds its worlds of: newSim over data whose
// future it has changed.
func dared(spec driver.SimSpec) dare.Build {
	return func(d dare.Data, from time.Time) (*pitwall.World, error) {
		store := history.Of(d.Series, d.Actions, d.Records)
		s := spec
		s.Symbols = slices.DeleteFunc(slices.Clone(spec.Symbols), func(symbol string) bool { return !slices.Contains(store.Symbols(), symbol) })
		s.From, s.To = from.Format(time.DateOnly), ""
		w, err := driver.NewSim(store, s, &pitwall.MemoryJournal{})
		if err != nil {
			return nil, err
		}
		return w.World(), nil
	}
}
