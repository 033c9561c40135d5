package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

func (a *app) dataList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List what the store holds",
		Example: "  pitwall data ls\n  pitwall data ls --json",
		Args:    takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			local, err := a.store()
			if err != nil {
				return err
			}
			list, err := local.List(c.Context())
			if err != nil {
				return err
			}
			return a.answer(asJSON, append([]history.Held{}, list...), func(p *term.Pen) { show.Held(p, list, local.Dir) }, nil)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON list on stdout")
	return c
}

const symbolsHelp = "symbols that a file without a column of symbols may be of"

func (a *app) dataImport() *cobra.Command {
	var adjusted string
	var symbols []string
	var m history.Mapping
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Check files of your own and copy them into the store",
		Long: "import reads files of bars of any usual layout, actions (symbol,ex_date,type,value), news or macro, told apart by their\n" +
			"header, checks every row and copies them into the store, where data: [files] finds them. FILE.yaml may say more of a file:\n" +
			"adjusted, columns, timezone, session, dates, decimal, stamps, sundays. So may flags: all but adjusted are remembered for files of the same\n" +
			"header, in mappings.yaml in the store, so that the next import needs none. A backtest reads what was imported, with data:\n" +
			"[files], and never that file.\n" +
			"A file with one wrong row is refused whole.",
		Example: "  pitwall data import prices.csv actions.csv\n  pitwall data import --adjusted total closes.parquet\n" +
			"  pitwall data import a.csv --columns timestamp=zeit,close=schluss --dates dmy",
		Args: takes(1, -1),
		RunE: func(c *cobra.Command, args []string) error {
			local, err := a.store()
			if err != nil {
				return err
			}
			for _, name := range args {
				in := history.Disk(name)
				in.Adjusted, in.Mapping = pitwall.Adjustment(adjusted), m
				done, err := local.Import(c.Context(), in, symbols...)
				if err != nil {
					return err
				}
				if len(done) > 0 && done[0].Note != "" {
					fmt.Fprintf(a.stdout, "%s: %s\n", name, done[0].Note)
				}
				for _, d := range done {
					fmt.Fprintf(a.stdout, "%s: %s %s, %d rows\n", name, d.Symbol, d.Kind, d.Rows)
				}
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&symbols, "symbols", nil, symbolsHelp)
	c.Flags().StringToStringVar(&m.Columns, "columns", nil, "names of columns that are not understood: timestamp=zeit,close=schluss")
	c.Flags().StringVar(&m.Timezone, "timezone", "", "zone of times without an offset, such as Europe/Berlin")
	c.Flags().StringVar(&m.Session, "session", "", "calendar of the symbols: 24/7 or a market's code, such as XNYS")
	c.Flags().StringVar(&m.Dates, "dates", "", "order of dates in figures: dmy, mdy or ymd")
	c.Flags().StringVar(&m.Decimal, "decimal", "", "decimal mark: . or ,")
	c.Flags().StringVar(&m.Stamps, "stamps", "", "what times are of a bar: start or end")
	c.Flags().StringVar(&m.Sundays, "sundays", "", "what a Sunday is of the week of a weekly bar: start or end")
	c.Flags().StringVar(&adjusted, "adjusted", "", "what was done to prices: raw, split or total (default: what FILE.yaml says)")
	return c
}

func (a *app) dataCheck() *cobra.Command {
	var asJSON bool
	var symbols []string
	c := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Report gaps, duplicates, impossible bars, jumps and other faults",
		Long: "check reads every file of data below the paths (default: the store), shows what the columns of each were taken for where\n" +
			"anything was guessed, and reports what the backtest will reject and what it cannot see: missing days and bars, jumps like a missing split, adjusted prices, dividends without a pay date, revised macro and\n" +
			"so on. It changes nothing. Exit code 1 when a file would be refused or prices look wrong.",
		Example: "  pitwall data check\n  pitwall data check prices/ actions.csv --json",
		RunE: func(c *cobra.Command, args []string) error {
			r, err := a.check(c.Context(), args, symbols)
			if err != nil {
				return err
			}
			if err := a.answer(asJSON, r, func(p *term.Pen) { p.Write(r.String()) }, nil); err != nil {
				return err
			}
			if r.Rejected() {
				return errSaid
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on stdout, one finding per symbol")
	c.Flags().StringSliceVar(&symbols, "symbols", nil, symbolsHelp)
	return c
}

// check reads the paths, or what the store holds.
func (a *app) check(ctx context.Context, paths, symbols []string) (*history.Checked, error) {
	if len(paths) == 0 {
		local, err := a.store()
		if err != nil {
			return nil, err
		}
		return local.Check(ctx)
	}
	var inputs []history.Input
	for _, p := range paths {
		inputs = append(inputs, history.Disk(p))
	}
	return history.Check(ctx, inputs, symbols...)
}
