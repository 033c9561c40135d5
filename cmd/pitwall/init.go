package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/examples"
)

// initFlags are what a new strategy begins with.
type initFlags struct {
	symbols, data []string
	model, rule   string
	baseURL       string
}

func (a *app) init() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init NAME",
		Short: "Write a strategy of your own, with comments, into the folder NAME",
		Long: "init writes NAME/strategy.yaml. Without flags it is the momentum example with its data. With --data it trades the symbols of\n" +
			"your files, by a rule (SQL that returns a target weight, no model needed) or, with --model, by a model and its prompt.",
		Example: "  pitwall init mine\n" +
			"  pitwall init mine --data prices.csv\n" +
			"  pitwall init mine --data prices.csv --rule \"close > lag(close, 20) over h\"\n" +
			"  pitwall init mine --data prices.csv --symbols A,B --model gpt-5-mini",
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error { return a.initStrategy(c.Context(), args[0], f) },
	}
	fs := c.Flags()
	fs.StringSliceVar(&f.symbols, "symbols", nil, "what it trades, comma separated (default: what the data hold)")
	fs.StringArrayVar(&f.data, "data", nil, "file or folder of prices, or a source such as yahoo (repeatable)")
	fs.StringVar(&f.model, "model", "", "let this model decide")
	fs.StringVar(&f.baseURL, "base-url", "", "where the model answers, for example http://127.0.0.1:8000/v1")
	fs.StringVar(&f.rule, "rule", "", "let this SQL expression decide")
	return c
}

func (a *app) initStrategy(ctx context.Context, dir string, f initFlags) error {
	if _, err := os.Stat(dir); err == nil {
		return pitwall.Errorf(pitwall.InvalidInput, "%s exists already", dir).Hintf("choose another name")
	}
	if f.model != "" && f.rule != "" {
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--model and --rule are both given").Hintf("leave one out")}
	}
	if f.baseURL != "" && f.model == "" {
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--base-url without --model").Hintf("add --model openai/NAME, with the name that the server gives its model")}
	}
	var text string
	var err error
	bundled := len(f.data) == 0
	if bundled && len(f.symbols) == 0 && f.model == "" && f.rule == "" {
		text, err = examples.Momentum(dir)
	} else {
		text, err = a.ownStrategy(ctx, dir, f)
	}
	if err != nil {
		return err
	}
	if bundled {
		data, err := fs.Sub(examples.FS, "data")
		if err == nil {
			err = os.CopyFS(filepath.Join(dir, "data"), data)
		}
		if err != nil {
			return fmt.Errorf("writing the data: %w", err)
		}
	}
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "strategy.yaml"), []byte(text), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the strategy: %w", err)
	}
	wrote := dir + "/strategy.yaml"
	if bundled {
		wrote += " and " + dir + "/data"
	}
	fmt.Fprintf(a.stdout, "Wrote %s. Run it:\n\n  pitwall backtest %s\n\nThen change its symbols, dates, rule, prompt or data.\n", wrote, dir)
	return nil
}

// ownStrategy is a strategy over the data of the flags, which can be loaded, and
// whose rule the SQL engine takes.
func (a *app) ownStrategy(ctx context.Context, dir string, f initFlags) (string, error) {
	s := &strategyFile{Strategy: &driver.Strategy{Symbols: trimmed(f.symbols)}, files: os.DirFS("/")}
	paths := []string{"data"}
	if len(f.data) > 0 {
		paths = s.useFor(dir, f.data)
	} else {
		s.files, s.Data = examples.FS, []driver.DataEntry{{Path: "data"}}
	}
	local, err := a.store()
	if err != nil {
		return "", err
	}
	store, err := s.Load(ctx, s.files, local)
	if err != nil {
		return "", err
	}
	var symbols []string
	var first, last time.Time
	for _, x := range store.Series() {
		if x.Instrument.Kind == pitwall.Index {
			continue
		}
		symbols = append(symbols, x.Instrument.Symbol)
		if t := x.Bar(0).Start; first.IsZero() || t.Before(first) {
			first = t
		}
		if t := x.Bar(x.Len() - 1).Start; t.After(last) {
			last = t
		}
	}
	const most = 50
	switch {
	case len(s.Symbols) > 0:
		symbols = s.Symbols
	case len(symbols) == 0 || len(symbols) > most:
		return "", pitwall.Errorf(pitwall.InvalidInput, "the data hold %d symbols that can be traded", len(symbols)).Hintf("name some with --symbols A,B")
	}
	text := examples.Own{Dir: dir, Symbols: symbols, Data: paths, First: first, Last: last, Rule: f.rule, Model: f.model, BaseURL: f.baseURL}.Strategy()
	own, err := driver.Parse(dir, []byte(text))
	if err == nil {
		err = own.Check()
	}
	if err == nil {
		_, err = own.CheckRule(ctx)
	}
	return text, err
}

// useFor reads the data of the command line, and returns how a strategy in dir names
// them: files by their way from there, sources by name.
func (s *strategyFile) useFor(dir string, data []string) (paths []string) {
	base, err := filepath.Abs(dir)
	for _, d := range data {
		entry := d
		if abs, bad := filepath.Abs(d); err == nil && bad == nil {
			if _, bad := os.Stat(abs); bad == nil {
				entry = abs
				if d, bad = filepath.Rel(base, abs); bad != nil {
					d = abs
				}
			}
		}
		s.Data = append(s.Data, driver.DataEntry{Path: entry})
		paths = append(paths, filepath.ToSlash(d))
	}
	return paths
}

// trimmed are a list's words without the blanks around them.
func trimmed(list []string) []string {
	var out []string
	for _, x := range list {
		if x = strings.TrimSpace(x); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
