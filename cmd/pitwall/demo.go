package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pitwall/server"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Backtest the bundled example on real prices, without a key",
		Args:  takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			server.TuneGC()
			s, err := readStrategy("examples/momentum")
			if err == nil {
				err = s.Check()
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(a.stdout, "A scripted agent trades Apple, 2013 to 2018, over MCP: it moves bar by bar,")
			fmt.Fprintln(a.stdout, "loads the price table, asks SQL for the 100-day average, reads its account, and")
			fmt.Fprintln(a.stdout, "orders. It can see nothing later than its clock.")
			fmt.Fprintln(a.stdout)
			return a.backtestStrategy(c.Context(), s, backtestFlags{noCache: true}) // a first result should not wait for a disk
		},
	}
}
