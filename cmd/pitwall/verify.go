package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/sim/audit"
)

// verifyFlags are verify's settings from the command line.
type verifyFlags struct {
	fills     string
	data      []string
	tolerance string
	held      []string
	dates     string
	short     bool
	json      bool
}

func (a *app) verify() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify RUN | verify --fills FILE --data PATH...",
		Short: "Recompute a run, or check somebody's fills against bars",
		Long: "verify RUN computes every fill, fee, cash and equity point of a run again from its journal and its bars, with a second, slow\n" +
			"implementation that shares no code with the first, and says what differs; and it names every file that is not as the run wrote it:\n" +
			"an edited turn, reply, prompt or reason (timing.jsonl and report.html are not covered).\n" +
			"verify --fills checks fills against bars: which of them could not have been. It reads the exports of brokers (Interactive Brokers,\n" +
			"Alpaca, Schwab, Fidelity, Robinhood, TradingView, Binance, Coinbase), a table of timestamp,symbol,side,qty,price,fee, and the\n" +
			"fills.csv of a run, whose slippage is that of the manifest beside it. A row with the side `opening` is a position from before.\n" +
			"Times without a zone are the exchange's. Exit code 1 when something differs or is unexplained.",
		Example: "  pitwall verify last\n  pitwall verify --fills fills.csv --data prices/ --json",
		Args:    takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case (len(args) == 1) == (f.fills != ""):
				return &usageError{fmt.Errorf("give a run's folder, or --fills with --data\n  see: pitwall verify --help")}
			case f.fills != "" && len(f.data) == 0:
				return &usageError{fmt.Errorf("--fills needs --data: the bars to check against")}
			case f.fills != "":
				return a.verifyFills(c, f)
			case len(f.data) > 0 || f.short || f.tolerance != "" || len(f.held) > 0 || f.dates != "":
				return &usageError{fmt.Errorf("--data, --short, --held, --dates and --tolerance-bps go with --fills; a run brings its own bars")}
			}
			dir, err := runs.Find(args[0])
			if err != nil {
				return err
			}
			return a.verifyRun(dir, f.json)
		},
	}
	c.Flags().StringVar(&f.fills, "fills", "", "a broker's export, or timestamp,symbol,side,qty,price,fee")
	c.Flags().StringArrayVar(&f.data, "data", nil, "bars to check against: file or folder (repeatable)")
	c.Flags().StringVar(&f.tolerance, "tolerance-bps", "", "let prices lie so far outside a bar, for slippage (default 0)")
	c.Flags().StringArrayVar(&f.held, "held", nil, "position before the first fill: AAPL=100 (repeatable)")
	c.Flags().StringVar(&f.dates, "dates", "", "order of dates in figures: dmy, mdy or ymd (default: found)")
	c.Flags().BoolVar(&f.short, "short", false, "the book may be short")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// verifyFills checks somebody's fills against bars.
func (a *app) verifyFills(c *cobra.Command, f verifyFlags) error {
	var inputs []history.Input
	for _, d := range f.data {
		inputs = append(inputs, history.Disk(d))
	}
	store, err := history.Load(c.Context(), inputs, history.Options{})
	if err != nil {
		return err
	}
	o := audit.TradeOptions{AllowShort: f.short, Held: map[string]pitwall.Dec{}}
	if f.tolerance != "" {
		if o.ToleranceBps, err = pitwall.ParseDec(f.tolerance); err != nil || o.ToleranceBps < 0 {
			return &usageError{fmt.Errorf("--tolerance-bps is %q; use a number of 0 or more", f.tolerance)}
		}
	}
	for _, h := range f.held {
		symbol, text, _ := strings.Cut(h, "=")
		qty, err := pitwall.ParseDec(text)
		if err != nil || symbol == "" {
			return &usageError{fmt.Errorf("--held is %q; use SYMBOL=QUANTITY, such as AAPL=100", h)}
		}
		o.Held[symbol] = qty
	}
	r, err := driver.CheckFills(c.Context(), driver.Fills{Folder: os.DirFS(filepath.Dir(f.fills)), File: filepath.Base(f.fills), Show: f.fills, Source: store, Dates: f.dates, Options: o})
	if err != nil {
		return err
	}
	err = a.answer(f.json, r, func(p *term.Pen) { show.Fills(p, f.fills, f.tolerance == "", r) }, nil)
	if err == nil && r.Unexplained > 0 {
		err = errSaid
	}
	return err
}

// verifyRun recomputes a run.
func (a *app) verifyRun(dir string, asJSON bool) error {
	v, err := driver.Verify(os.DirFS(dir))
	if v.Sums.Absent {
		fmt.Fprintf(a.stderr, "pitwall: an older version wrote %s, without %s: whether turns, reasons and prompts were edited cannot be told\n", dir, runs.SumsFile)
	}
	if err != nil {
		for _, d := range v.Differences {
			fmt.Fprintf(a.stderr, "%s: %s\n", dir, d)
		}
		return fmt.Errorf("%s: %w", dir, err)
	}
	if v.Status != "complete" {
		fmt.Fprintf(a.stderr, "pitwall: the run is %s: what there is of it is verified, up to its last equity point\n", v.Status)
	}
	err = a.answer(asJSON, v.Result, func(p *term.Pen) { show.Verified(p, dir, v) }, nil)
	if err != nil {
		return err
	}
	if len(v.Differences) > 0 {
		return errSaid
	}
	return nil
}
