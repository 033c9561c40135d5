package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/cmd/pitwall/term"
)

// store opens the local store of downloads.
func (a *app) store() (*history.Local, error) {
	cfg, err := a.settings()
	return cfg.store(a.now), err
}

// store is PITWALL_DATA_DIR, else in the user's cache folder.
func (s settings) store(now func() time.Time) *history.Local {
	l := &history.Local{Dir: s.DataDir, Now: now, Sources: map[string][]history.Offer{}}
	if dir, err := os.UserCacheDir(); l.Dir == "" && err == nil {
		l.Dir = filepath.Join(dir, "pitwall", "data")
	}
	for _, x := range sources() {
		l.Sources[x.name] = x.open(history.RemoteOptions{}).Offers()
	}
	return l
}

func (a *app) data() *cobra.Command {
	return group(&cobra.Command{
		Use:   "data",
		Short: "Download, import and check prices and records",
		Long: "The local store holds what the sources gave, downloaded once: PITWALL_DATA_DIR, else the cache folder of the user.\n" +
			"A strategy reads it with data: [yahoo]; sources are " + strings.Join(sourceNames(), ", ") + " and files (what import copied).",
		Example: "  pitwall data fetch yahoo AAPL MSFT --from 2015-01-01\n  pitwall data ls\n  pitwall data check",
	}, a.dataFetch(), a.dataList(), a.dataImport(), a.dataCheck(), a.dataSynth())
}

func sourceNames() (names []string) {
	for _, s := range sources() {
		names = append(names, s.name)
	}
	return names
}

// fetchFlags are fetch's settings.
type fetchFlags struct {
	from, to, size string
	kinds          []string
	refresh        bool
}

func (a *app) dataFetch() *cobra.Command {
	var f fetchFlags
	var list strings.Builder
	for _, x := range sources() {
		fmt.Fprintf(&list, "  %-13s %s\n", x.name, x)
	}
	c := &cobra.Command{
		Use:   "fetch SOURCE SYMBOL...",
		Short: "Download what the store lacks",
		Long: "fetch asks a source for bars and corporate actions (news, macro, statements and filings where it has them), in chunks: a year of days, a month of\n" +
			"minutes. Stored data is not downloaded again, so an interrupted fetch resumes; days that were not over when they were fetched\n" +
			"are. Every chunk is checked before it is stored. Keys come from the environment or .env:\n" + list.String() +
			"These were tested against recorded answers and local servers only.",
		Example: "  pitwall data fetch yahoo AAPL MSFT SPY --from 2015-01-01\n  pitwall data fetch alpaca AAPL --from 2024-01-01 --size 1m --kind bars\n" +
			"  pitwall data fetch fred CPIAUCSL UNRATE --from 2000-01-01",
		Args: takes(2, -1),
		RunE: func(c *cobra.Command, args []string) error { return a.fetch(c.Context(), args[0], args[1:], f) },
	}
	c.Flags().StringVar(&f.from, "from", "", "first day, 2015-01-01 (needed)")
	c.Flags().StringVar(&f.to, "to", "", "last day (default: today)")
	c.Flags().StringVar(&f.size, "size", "1d", "size of bars: 1d, 1h, 5m, 1m")
	c.Flags().StringSliceVar(&f.kinds, "kind", nil, "bars, actions, news, macro, statements, filings (default: all but news that the source has)")
	c.Flags().BoolVar(&f.refresh, "refresh", false, "ask for everything again, after a split of adjusted prices")
	return c
}

// request turns the flags into a request without kind and symbol.
func (f fetchFlags) request(now time.Time) (history.Request, error) {
	var q history.Request
	var err error
	if f.from == "" {
		return q, &usageError{fmt.Errorf("--from is missing: give the first day, for example --from 2015-01-01")}
	}
	if f.to == "" {
		f.to = now.AddDate(0, 0, 1).UTC().Format(time.DateOnly) // cut to today by the store
	}
	if q.From, err = time.Parse(time.DateOnly, f.from); err != nil {
		return q, &usageError{fmt.Errorf("--from is %q; write 2015-01-31", f.from)}
	}
	if q.To, err = time.Parse(time.DateOnly, f.to); err != nil {
		return q, &usageError{fmt.Errorf("--to is %q; write 2015-01-31", f.to)}
	}
	if q.From.After(q.To) {
		return q, &usageError{fmt.Errorf("--from %s is after --to %s", f.from, f.to)}
	}
	if q.Size, err = pitwall.ParseSize(f.size); err != nil {
		return q, &usageError{fmt.Errorf("--size is %q; write 1d, 1h, 5m or 1m", f.size)}
	}
	return q, nil
}

// fetch downloads symbol by symbol. A symbol that a source does not have does
// not stop the others; a refusal or a stop does.
func (a *app) fetch(ctx context.Context, name string, symbols []string, f fetchFlags) error {
	ctx, cancel := a.stoppable(ctx)
	defer cancel()
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(sources(), func(s source) bool { return s.name == name })
	if i < 0 {
		names := sourceNames()
		return &usageError{fmt.Errorf("there is no source %q; did you mean %q? the sources are %s", name, pitwall.Nearest(name, names), strings.Join(names, ", "))}
	}
	row, local := sources()[i], cfg.store(a.now)
	remote := row.connect(cfg, history.RemoteOptions{Now: a.now, Sleep: hostSleep, Transport: a.transport})
	q, err := f.request(a.now())
	if err != nil {
		return err
	}
	kinds, err := history.Kinds(remote, f.kinds)
	if err != nil {
		return &usageError{err}
	}
	p := fetchProgress{Screen: term.NewScreen(a.stderr), now: a.now}
	failed := 0
	for i, symbol := range symbols {
		for _, k := range kinds {
			q.Symbol, q.Kind = symbol, k
			p.symbol = fmt.Sprintf("%d/%d", i+1, len(symbols))
			done, err := local.Fetch(ctx, remote, q, f.refresh, p.show)
			p.Clear()
			if err == nil {
				line := done.String()
				if done.Kind == history.KindRevised {
					line += ": set " + row.keys.String() + " for vintages"
				}
				fmt.Fprintln(a.stdout, symbol, line)
				continue
			}
			code := pitwall.CodeOf(err)
			if errors.Is(err, context.Canceled) || code != pitwall.NoCoverage && code != pitwall.DataError || len(symbols) == 1 {
				return err
			}
			failed++
			fmt.Fprintln(a.stderr, "pitwall:", pitwall.Explain(err))
			break
		}
	}
	if failed > 0 {
		fmt.Fprintf(a.stderr, "pitwall: %d of %d symbols failed; what came is stored\n", failed, len(symbols))
		return errSaid
	}
	return nil
}

// fetchLine is how often a fetch says where it stands when it is no terminal that
// reads it.
const fetchLine = 5 * time.Second

// fetchProgress shows where a fetch stands: one line on a terminal, else a line
// every few seconds.
type fetchProgress struct {
	term.Screen
	now    func() time.Time
	symbol string // 3/20
	last   time.Time
}

func (p *fetchProgress) show(s history.Step) {
	line := fmt.Sprintf("%s %s %s %s  %s..%s  %d/%d  %d rows", s.Source, p.symbol, s.Symbol, s.Kind, s.From.Format(time.DateOnly), s.To.Format(time.DateOnly), s.Done, s.Total, s.Rows)
	if p.Terminal {
		p.Text(line)
		return
	}
	if now := p.now(); now.Sub(p.last) >= fetchLine {
		p.last = now
		fmt.Fprintln(p.Out, line)
	}
}
