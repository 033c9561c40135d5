package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
)

// tradeFlags are what the command line says of a run on the live clock.
type tradeFlags struct {
	backtestFlags
	broker, feed, resume, record string
	speed                        float64
	live, adopt                  bool
}

func (a *app) trade() *cobra.Command {
	var f tradeFlags
	c := &cobra.Command{
		Use:   "trade FILE|DIR",
		Short: "Run a strategy on the live clock, on paper or at a broker",
		Long: "trade runs the strategy file of a backtest with the same tools on a clock that waits: each bar at its close, by the\n" +
			"exchange's calendar. With --broker paper orders fill by the rules of the backtest and none leaves this machine; the bars are\n" +
			"those of --feed, a recorded file or folder, played at --speed times real time. With --broker alpaca bars and fills are the\n" +
			"broker's, in its paper account unless --live and the profile say otherwise. data: of the strategy is the history before it.\n" +
			"A turn that is missed is recorded and not caught up. The strategy must say risk:. pitwall kill on stops it.",
		Example: "  pitwall trade mine.yaml --feed minutes.csv --speed 60\n  pitwall trade mine.yaml --feed minutes.csv --speed 0 --turns 20\n" +
			"  pitwall trade mine.yaml --feed minutes.csv --resume last\n  pitwall trade mine.yaml --broker alpaca --profile paper.yaml",
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			return a.tradeStrategy(c.Context(), args[0], f)
		},
	}
	fs := c.Flags()
	f.onAccount(c, "paper")
	fs.IntVar(&f.turns, "turns", 0, "stop after this many turns; 0 = at the end of the feed")
	fs.StringVar(&f.model, "model", "", "use this model instead of the strategy's")
	fs.StringArrayVar(&f.data, "data", nil, "history before the feed: file or folder instead of the strategy's (repeatable)")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// onAccount adds the flags that say which account or feed a run on the live clock has.
func (f *tradeFlags) onAccount(c *cobra.Command, broker string) {
	fs := c.Flags()
	fs.StringVar(&f.broker, "broker", broker, "where orders go: "+strings.Join(brokersOf(pitwall.Paper), ", "))
	fs.StringVar(&f.profile, "profile", "", "file that says which account, with the names of the variables that hold its keys")
	fs.BoolVar(&f.live, "live", false, "trade real money; the profile and I_UNDERSTAND_LIVE_TRADING must say so too")
	fs.BoolVar(&f.adopt, "adopt", false, "with --resume: take over what differs in the broker's account")
	fs.StringVar(&f.feed, "feed", "", "file or folder of recorded bars to play (needed with --broker paper)")
	fs.Float64Var(&f.speed, "speed", 1, "how much faster than real time the feed plays; 0 waits for nothing")
	fs.StringVar(&f.from, "from", "", "first day of the feed, 2006-01-02")
	fs.StringVar(&f.to, "to", "", "last day of the feed")
	fs.StringVar(&f.out, "out", "", "the run's folder (default runs/<name>-<n>)")
	fs.StringVar(&f.resume, "resume", "", "go on with a run that was stopped or killed: its folder, its name or last")
	fs.StringVar(&f.record, "record", "", "folder for the bars, news and filings that the run sees, with when: data of your own for a backtest")
}

// brokersOf returns the names of the brokers that have a mode.
func brokersOf(m pitwall.Mode) (names []string) {
	for _, b := range brokers() {
		if slices.Contains(b.modes, m) {
			names = append(names, b.name)
		}
	}
	return names
}

func (f tradeFlags) check() error {
	wrong := func(hint, format string, args ...any) error {
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, format, args...).Hintf("%s", hint)}
	}
	simulated := f.broker == "paper"
	switch {
	case !slices.Contains(brokersOf(pitwall.Paper), f.broker):
		return wrong("use "+strings.Join(brokersOf(pitwall.Paper), ", "), "--broker is %q", f.broker)
	case simulated && f.feed == "":
		return wrong("name a file or folder of recorded bars to play", "--feed is missing")
	case simulated && (f.live || f.profile != "" || f.adopt):
		return wrong("name a broker with --broker", "--live, --profile and --adopt are for an account at a broker")
	case !simulated && (f.feed != "" || f.from != "" || f.to != "" || f.speed != 1):
		return wrong("leave them out: the bars are the broker's", "--feed, --from, --to and --speed play recorded bars")
	case f.adopt && f.resume == "":
		return wrong("add --resume last", "--adopt is for a run that goes on")
	case f.speed < 0 || f.turns < 0:
		return wrong("use 0 or more", "--speed is %v and --turns %d", f.speed, f.turns)
	}
	return nil
}

// tradeStrategy runs a strategy on the live clock and prints the result.
func (a *app) tradeStrategy(ctx context.Context, name string, f tradeFlags) (err error) {
	line := show.NewStatus(term.NewScreen(a.stderr), a.now)
	stop, ended := make(chan struct{}), make(chan struct{})
	defer close(ended)
	c, done, err := a.onLiveClock(ctx, name, f, line.Draw, stop)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	a.beside = line
	defer line.Done()
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if c.Agents, err = a.deciders(c.Strategy, cfg, false); err != nil {
		return err
	}
	c.Stop, c.Live.Show = stop, line.World
	if f.speed > 0 {
		c.Live.Tick = hostTick(ended)
	}
	end := sync.OnceFunc(func() { close(stop) })
	go func() {
		select {
		case <-a.stop:
			fmt.Fprintln(a.errs(), "\nfinishing this turn; Ctrl-C again stops at once. Open orders stay open")
			end()
		case <-ended:
		}
	}()
	c.Progress = func(g agentloop.Progress) {
		line.Turn(g)
		if f.turns > 0 && g.Turns >= f.turns {
			end()
		}
	}
	res, err := driver.Run(ctx, c)
	line.Done()
	if err != nil {
		return err
	}
	unwritten := a.page(res.Out, nil)
	return errors.Join(a.answer(f.json, res, func(p *term.Pen) { show.Result(p, res) }, nil), unwritten)
}

// onLiveClock reads what a run on the live clock needs: strategy, tools, folder, latch and
// account or feed. done waits until alerts are sent and ends the tools.
func (a *app) onLiveClock(ctx context.Context, name string, f tradeFlags, each func(), stop <-chan struct{}) (c driver.Config, done func() error, err error) {
	if err := f.check(); err != nil {
		return c, nil, err
	}
	cfg, err := a.settings()
	if err != nil {
		return c, nil, err
	}
	s, err := f.strategy(name)
	if err != nil {
		return c, nil, err
	}
	c = driver.Config{Strategy: s.Strategy, Dir: f.out, NoCache: true, Version: version(), Build: build(), Now: a.now, Log: a.logger()}
	if f.resume != "" {
		if c.Dir, err = runs.Find(f.resume); err != nil {
			return c, nil, err
		}
	} else if c.Dir == "" {
		if c.Dir, err = runs.NextDir(runs.Dir, s.Name); err != nil {
			return c, nil, err
		}
	}
	latch, err := cfg.latch()
	if err != nil {
		return c, nil, err
	}
	told := func() {}
	if f.broker == "paper" {
		err = a.played(ctx, s, cfg, f, &c, each, stop)
	} else {
		told, err = a.atBroker(ctx, s, cfg, f, &c, each)
	}
	if err != nil {
		return c, nil, err
	}
	c.Live.Latch, c.Live.Resume = latch, f.resume != ""
	if f.record != "" {
		if c.Live.Record, err = history.OpenRecording(f.record, c.Live.Now()); err != nil {
			return c, nil, err
		}
	}
	if c.Live.Alert == nil && (s.Approve != "" || c.Live.Approve.Orders != "") {
		c.Live.Alert = func(text string) { fmt.Fprintln(a.errs(), "pitwall: "+text) }
	}
	mode := pitwall.Paper
	if c.Live.Remote != nil {
		mode = c.Live.Remote.Mode
	}
	extra, err := a.external(ctx, mode, s.Tools, cfg, nil)
	if err != nil {
		return c, nil, err
	}
	c.Tools, c.Notes = extra.Tools, extra.Warnings
	return c, func() error { told(); return extra.Close() }, nil
}

// played gives c the clock of a recorded feed, and the history before it.
func (a *app) played(ctx context.Context, s *strategyFile, cfg settings, f tradeFlags, c *driver.Config, each func(), stop <-chan struct{}) error {
	recorded := &strategyFile{Strategy: new(*s.Strategy), files: s.files}
	recorded.From, recorded.To = f.from, f.to // those of the strategy are the backtest's
	recorded.use([]string{f.feed})
	source, err := recorded.Load(ctx, recorded.files, cfg.store(a.now))
	if err != nil {
		return fmt.Errorf("--feed %s: %w", f.feed, err)
	}
	from, to, err := recorded.Window(source)
	if err != nil {
		return err
	}
	if c.Source = source; len(s.Data) > 0 {
		if c.Source, err = s.Load(ctx, s.files, cfg.store(a.now)); err != nil {
			return err
		}
	}
	var past fs.FS // of the run that goes on
	if f.resume != "" {
		past = os.DirFS(c.Dir)
	}
	feed, from, err := driver.PlayAfter(c.Source, source, past, from, to)
	if err != nil {
		return err
	}
	c.Warnings = source.MadeUp()
	c.Live = &driver.Live{Feed: feed}
	c.Live.Now, c.Live.Wait = driver.HostClock{Now: a.now, Sleep: hostSleep, While: each}.Played(from, f.speed, stop)
	return nil
}
