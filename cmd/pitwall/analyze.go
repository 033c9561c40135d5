package main

import (
	"strings"

	"github.com/spf13/cobra"

	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

func (a *app) analyze() *cobra.Command {
	var f backtestFlags
	var day, desk string
	c := &cobra.Command{
		Use:   "analyze SYMBOL",
		Short: "Let a desk decide about a symbol at a date, without an order",
		Long: "analyze shows a desk the data up to a date and prints what it says: reports, debate, plan and verdicts. Nothing is ordered. Answers\n" +
			"are recorded, so the same question costs once. The turn stays in runs/analyze-SYMBOL-N for pitwall trace.",
		Example: "  pitwall analyze AAPL\n  pitwall analyze AAPL --date 2016-03-01 --desk examples/desk\n  pitwall analyze TQQQ --data prices.csv --model openai/gpt-5-mini",
		Args:    takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			f.symbols = args
			s, err := f.strategy(desk)
			if err != nil {
				return err
			}
			if err := s.OnlyPlans(); err != nil {
				return err
			}
			return a.withConfig(c.Context(), s, f, func(c2 driver.Config) (err error) {
				if c2.Dir, err = runs.NextDir(runs.Dir, "analyze-"+strings.ReplaceAll(args[0], "/", "-")); err != nil {
					return err
				}
				out, err := driver.Analyze(c.Context(), c2, day)
				if err != nil {
					return err
				}
				r, err := show.Open(out.Out, "")
				if err != nil {
					return err
				}
				t, err := r.Pick("last")
				if err != nil {
					return err
				}
				x, err := r.Turn(t)
				return a.answer(f.json, x, func(p *term.Pen) { x.Print(p, false) }, err)
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&day, "date", "", "the day at whose close it decides (default: the last that the data have)")
	fs.StringVar(&desk, "desk", "examples/desk", "strategy whose desk decides")
	fs.StringVar(&f.model, "model", "", "use this model for every role")
	fs.StringArrayVar(&f.data, "data", nil, "data file or folder instead of the strategy's (repeatable)")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}
