package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/sim"
	"pitwall/sim/audit"
	"pitwall/tools/report"
)

// verifyFlags are verify's settings from the command line.
type verifyFlags struct {
	fills     string
	data      []string
	tolerance string
	short     bool
	json      bool
}

func (a *app) verify() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify RUN | verify --fills FILE --data PATH...",
		Short: "Recompute a run, or check somebody's fills against bars",
		Long: "verify RUN computes every fill, fee, cash and equity point of a run again from its journal and its bars, with a second, slow\n" +
			"implementation that shares no code with the first, and says what differs.\n" +
			"verify --fills checks any list of fills (timestamp,symbol,side,qty,price,fee) against bars: which of them could not have been.\n" +
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
			case len(f.data) > 0 || f.short || f.tolerance != "":
				return &usageError{fmt.Errorf("--data, --short and --tolerance-bps go with --fills; a run brings its own bars")}
			}
			dir, err := findRun(args[0])
			if err != nil {
				return err
			}
			return a.verifyRun(dir, f.json)
		},
	}
	c.Flags().StringVar(&f.fills, "fills", "", "CSV of fills: timestamp,symbol,side,qty,price,fee")
	c.Flags().StringArrayVar(&f.data, "data", nil, "bars to check against: file or folder (repeatable)")
	c.Flags().StringVar(&f.tolerance, "tolerance-bps", "", "let prices lie so far outside a bar, for slippage (default 0)")
	c.Flags().BoolVar(&f.short, "short", false, "the book may be short")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// verifyFills checks somebody's fills against bars.
func (a *app) verifyFills(c *cobra.Command, f verifyFlags) error {
	var inputs []history.Input
	for _, d := range f.data {
		inputs = append(inputs, diskInput(d, ""))
	}
	store, err := history.Load(c.Context(), inputs, history.Options{})
	if err != nil {
		return err
	}
	o := audit.TradeOptions{AllowShort: f.short}
	if f.tolerance != "" {
		if o.ToleranceBps, err = pitwall.ParseDec(f.tolerance); err != nil || o.ToleranceBps < 0 {
			return &usageError{fmt.Errorf("--tolerance-bps is %q; use a number of 0 or more", f.tolerance)}
		}
	}
	file, err := os.Open(f.fills)
	if err != nil {
		return fmt.Errorf("reading the fills: %w", err)
	}
	defer file.Close()
	zones := map[string]*time.Location{}
	for _, s := range store.Series() {
		zones[s.Instrument.Symbol] = s.Instrument.Location()
	}
	exchange, err := time.LoadLocation("America/New_York")
	if err != nil {
		return err
	}
	trades, err := audit.ReadTrades(f.fills, file, func(symbol string) *time.Location {
		if z := zones[symbol]; z != nil {
			return z
		}
		return exchange
	})
	if err != nil {
		return err
	}
	r := audit.CheckTrades(trades, store, o)
	if f.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		for _, x := range r.Findings {
			fmt.Fprintf(a.stdout, "%s:%d: %s %s %s %s at %s: %s\n", f.fills, x.Line, x.Time, x.Side, x.Qty, x.Symbol, x.Price, x.Reason)
		}
		fmt.Fprintf(a.stdout, "%d fills: %d explained by a bar, %d unexplained\n", r.Fills, r.Explained, r.Unexplained)
		if r.Unexplained > 0 && f.tolerance == "" {
			fmt.Fprintln(a.stdout, "prices with slippage may lie just outside a bar: --tolerance-bps 5 allows that much; splits need the file of actions in --data")
		}
	}
	if r.Unexplained > 0 {
		return errSaid
	}
	return nil
}

// runData is a run's own bars and actions, as verify sees them.
type runData struct {
	series  []*pitwall.Series
	actions []pitwall.Action
}

func (d runData) Series() []*pitwall.Series { return d.series }
func (d runData) Actions() []pitwall.Action { return d.actions }

// verifyRun recomputes a run.
func (a *app) verifyRun(dir string, asJSON bool) error {
	var m runs.Manifest
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return pitwall.Errorf(pitwall.InvalidInput, "%s is not a run's folder: it has no manifest.json", dir).Hintf("pitwall backtest leaves one in runs/")
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("reading %s/manifest.json: %w", dir, err)
	}
	if len(m.Traded) == 0 {
		return pitwall.Errorf(pitwall.InvalidInput, "%s (%s) has no bars to verify: it was made by another version or did not end in order", dir, m.Status)
	}
	data, err := readPrices(filepath.Join(dir, "prices.csv"), m)
	if err != nil {
		return err
	}
	journal, err := readJournal(filepath.Join(dir, "journal.jsonl"))
	if err != nil {
		return err
	}
	zone := data.series[0].Instrument.Location()
	from, err1 := time.ParseInLocation(time.DateOnly, m.From, zone)
	to, err2 := time.ParseInLocation(time.DateOnly, m.To, zone)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%s/manifest.json: from %q, to %q", dir, m.From, m.To)
	}
	v, err := audit.Verify(audit.Run{Data: data, Symbols: m.Symbols, From: from, To: to.AddDate(0, 0, 1), Terms: m.Account, Costs: m.Costs, Rules: m.Fills, Journal: journal})
	if err != nil {
		return err
	}
	files, err := report.CheckFiles(os.DirFS(dir), journal, m.Cash)
	if err != nil {
		return err
	}
	v.Differences = append(v.Differences, files...)
	again, err := playAgain(data, m, journal, from, to.AddDate(0, 0, 1))
	if err != nil {
		v.Differences = append(v.Differences, "replaying the journal's orders: "+explain(err))
	} else if m.Status == "complete" && again != m.Digest {
		v.Differences = append(v.Differences, fmt.Sprintf("the digest is said to be %s; the same orders on the same bars give %s", m.Digest, again))
	}
	v.Differences = append(v.Differences, ending(m, data, journal, from)...)
	if m.Status != "complete" {
		fmt.Fprintf(a.stderr, "pitwall: the run is %s: what there is of it is verified, up to its last equity point\n", m.Status)
	}
	if asJSON {
		if err := a.printJSON(v); err != nil {
			return err
		}
	} else if len(v.Differences) == 0 {
		fmt.Fprintf(a.stdout, "%s: verified: %d orders, %d fills, %d cash flows, %d equity points follow from the journal and the bars\n", dir, v.Orders, v.Fills, v.Flows, v.Points)
	} else {
		for _, d := range v.Differences {
			fmt.Fprintf(a.stdout, "%s: %s\n", dir, d)
		}
	}
	if len(v.Differences) > 0 {
		return errSaid
	}
	return nil
}

// playAgain sends the journal's orders to a venue again and returns its digest.
func playAgain(data runData, m runs.Manifest, journal []pitwall.Entry, from, to time.Time) (string, error) {
	ctx := context.Background()
	v, err := sim.New(sim.Config{Source: data, Symbols: m.Symbols, From: from, To: to, Cash: m.Cash, Terms: m.Account, Costs: m.Costs, Rules: m.Fills, Journal: &pitwall.MemoryJournal{}})
	if err != nil {
		return "", err
	}
	pass := func(until time.Time) error {
		for v.Now().Before(until) {
			if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range journal {
		if e.Kind != pitwall.EntryIntent && e.Kind != pitwall.EntryMark {
			continue
		}
		if err := pass(e.AsOf); err != nil {
			return "", err
		}
		switch { // refusals are part of the record, and were compared before
		case e.Verb == "submit" && e.Order != nil:
			_, _ = v.Submit(ctx, *e.Order)
		case e.Verb == "replace" && e.Change != nil:
			_, _ = v.Replace(ctx, e.ID, *e.Change)
		case e.Verb == "cancel":
			_, _ = v.Cancel(ctx, e.ID)
		}
	}
	return v.Replay().Digest, nil
}

// ending compares a complete run's end: its journal must reach the last bar that
// it brought along, and say the digest of its manifest.
func ending(m runs.Manifest, data runData, journal []pitwall.Entry, from time.Time) []string {
	if m.Status != "complete" {
		return nil
	}
	var bars, marks time.Time
	for _, s := range data.series {
		if last := s.Bar(s.Len() - 1); slices.Contains(m.Symbols, s.Instrument.Symbol) && last.Known.After(bars) && !last.Start.Before(from) {
			bars = last.Known
		}
	}
	note := ""
	for _, e := range journal {
		if e.Kind == pitwall.EntryMark {
			marks = e.AsOf
		}
		if e.Kind == pitwall.EntryEnd {
			note = e.Note
		}
	}
	var list []string
	if !marks.Equal(bars) {
		list = append(list, fmt.Sprintf("the manifest says complete and the bars go to %s; the journal's last equity point is of %s", bars.Format(time.RFC3339), marks.Format(time.RFC3339)))
	}
	if want := m.Status + ", digest " + m.Digest; note != want {
		list = append(list, fmt.Sprintf("the journal ends with %q, the manifest says %q", note, want))
	}
	return list
}

// readJournal reads journal.jsonl up to its last whole line.
func readJournal(name string) ([]pitwall.Entry, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	var list []pitwall.Entry
	for n := 1; lines.Scan(); n++ {
		var e pitwall.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", name, n, err)
		}
		list = append(list, e)
	}
	return list, lines.Err()
}

// readPrices reads prices.csv into the series that the manifest describes.
func readPrices(name string, m runs.Manifest) (runData, error) {
	d := runData{actions: m.Actions}
	by := map[string]*pitwall.Series{}
	for _, t := range m.Traded {
		zone, err := time.LoadLocation(t.Zone)
		if err != nil {
			return d, fmt.Errorf("zone of %s: %w", t.Symbol, err)
		}
		size, err := pitwall.ParseSize(t.Size)
		if err != nil {
			return d, err
		}
		s := &pitwall.Series{Instrument: t.Instrument, Size: size, Adjusted: t.Adjusted, File: name}
		s.Instrument.Zone = zone
		by[t.Symbol] = s
		d.series = append(d.series, s)
	}
	file, err := os.Open(name)
	if err != nil {
		return d, fmt.Errorf("reading the bars: %w", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return d, fmt.Errorf("reading %s: %w", name, err)
	}
	for i, r := range rows[min(1, len(rows)):] {
		s := by[r[0]]
		if s == nil || len(r) != 10 {
			return d, fmt.Errorf("%s line %d: %d fields, symbol %q", name, i+2, len(r), r[0])
		}
		b := pitwall.Bar{Volume: pitwall.NoVolume}
		var errs [8]error
		for k, to := range []*pitwall.Dec{&b.Open, &b.High, &b.Low, &b.Close} {
			*to, errs[k] = pitwall.ParseDec(r[2+k])
		}
		if r[6] != "" {
			b.Volume, errs[4] = strconv.ParseFloat(r[6], 64)
		}
		for k, to := range []*time.Time{&b.Start, &b.End, &b.Known} {
			*to, errs[5+k] = time.Parse(time.RFC3339, r[7+k])
		}
		for _, err := range errs {
			if err != nil {
				return d, fmt.Errorf("%s line %d: %w", name, i+2, err)
			}
		}
		if err := s.Append(b); err != nil {
			return d, fmt.Errorf("%s line %d: %w", name, i+2, err)
		}
	}
	return d, nil
}
