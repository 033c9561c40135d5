package main

import (
	"errors"

	"github.com/spf13/cobra"

	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// traceFlags are trace's settings.
type traceFlags struct {
	agent      string
	full, json bool
}

func (a *app) trace() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:   "trace RUN [TURN]",
		Short: "Show a run's turns, or everything about one turn",
		Long: "RUN is a run's folder, its name below runs/, or last: the newest in runs/. It may still be running, or have crashed.\n" +
			"TURN is a number, a day (2024-03-20: the last turn up to its end), or last. Without it there is a line per turn; columns in\n" +
			"which nothing stands are hidden. With it: what the turn was given, every reply with its reasoning, every call\n" +
			"with its answer, and the orders and fills that followed.",
		Example: "  pitwall trace last\n  pitwall trace last last\n  pitwall trace momentum-1 21 --full | less -R\n  pitwall trace runs/desk-3 --agent risk --json",
		Args:    takes(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := show.Open(args[0], f.agent)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				o, err := r.Overview()
				return a.answer(f.json, o, o.Print, err)
			}
			t, err := r.Pick(args[1])
			if e, ok := errors.AsType[*show.TurnError](err); ok {
				return &usageError{e}
			}
			if err != nil {
				return err
			}
			x, err := r.Turn(t)
			return a.answer(f.json, x, func(p *term.Pen) { x.Print(p, f.full) }, err)
		},
	}
	c.Flags().StringVar(&f.agent, "agent", "", "only this agent's turns")
	c.Flags().BoolVar(&f.full, "full", false, "of a turn: whole answers, and the system prompt")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}
