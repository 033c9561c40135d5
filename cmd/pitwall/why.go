package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

func (a *app) why() *cobra.Command {
	return &cobra.Command{
		Use:   "why RUN SYMBOL DATE",
		Short: "Say why a run traded a symbol on a day, or why it did not",
		Long: "why goes from the fills of a symbol on a day back to the order and to the turn that decided it: what it had read, what it\n" +
			"thought and what it said. DATE is a day of the exchange; without a fill on it, orders sent on it count, and then fills one day\n" +
			"before or after. When there is none, the nearest fills are named, and what the nearest turn decided instead.\n" +
			"RUN is a run's folder, its name below runs/, or last: the newest in runs/.",
		Example: "  pitwall why last AAPL 2013-10-04\n  pitwall why runs/momentum-1 TQQQ 2020-03-16",
		Args:    takes(3, 3),
		RunE: func(_ *cobra.Command, args []string) error {
			day, err := time.Parse(time.DateOnly, args[2])
			if err != nil {
				return &usageError{fmt.Errorf("DATE is %q; write a day like 2024-03-20", term.OneLine(args[2]))}
			}
			r, err := show.Open(args[0], "")
			if err != nil {
				return err
			}
			symbol, err := r.Symbol(args[1])
			if err != nil {
				return err
			}
			p := term.NewPen(a.stdout)
			r.Why(p, symbol, day)
			return p.Done()
		},
	}
}
