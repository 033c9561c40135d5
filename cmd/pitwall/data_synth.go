package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/disk"
	"pitwall/cache/history"
)

func (a *app) dataSynth() *cobra.Command {
	var from, to, vol, out string
	var seed uint64
	c := &cobra.Command{
		Use:   "synth SYMBOL...",
		Short: "Write made-up daily bars to try things out on",
		Long: "synth writes a geometric random walk without drift for each symbol, from 100, on the sessions of its exchange. The same\n" +
			"seed gives the same bytes on every machine. A column made_up goes with the bars: every result over them says beside its\n" +
			"headline that the prices are made up.",
		Example: "  pitwall data synth AAPL MSFT --from 2020-01-02 --to 2023-12-29 --vol 0.01",
		Args:    takes(1, -1),
		RunE: func(_ *cobra.Command, args []string) error {
			q, err := fetchFlags{from: from, to: cmp.Or(to, a.now().Format(time.DateOnly)), size: "1d"}.request(a.now())
			if err != nil {
				return err
			}
			s := history.Synth{Symbols: args, From: q.From, To: q.To, Seed: seed}
			if s.Volatility, err = pitwall.ParseDec(vol); err != nil {
				return &usageError{fmt.Errorf("--vol is %q; write 0.02 for two percent a day", vol)}
			}
			rows := 0
			if err := disk.WriteAside(out, func(w io.Writer) (err error) {
				rows, err = s.Write(w)
				return err
			}); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: %d made-up daily bars of %d symbols, %s to %s, seed %d\n", out, rows, len(args), q.From.Format(time.DateOnly), q.To.Format(time.DateOnly), seed)
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "", "first day, 2020-01-02 (needed)")
	c.Flags().StringVar(&to, "to", "", "last day (default: today)")
	c.Flags().Uint64Var(&seed, "seed", 1, "random seed")
	c.Flags().StringVar(&vol, "vol", "0.02", "volatility of a day's return")
	c.Flags().StringVarP(&out, "out", "o", "made-up.csv", "the file to write")
	return c
}
