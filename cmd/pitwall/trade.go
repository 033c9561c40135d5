package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

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
	broker, feed, resume, profile, record string
	speed                                 float64
	live, adopt                           bool
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
	fs.StringVar(&f.broker, "broker", "paper", "where orders go: "+strings.Join(brokersOf(pitwall.Paper), ", "))
	fs.StringVar(&f.profile, "profile", "", "file that says which account, with the names of the variables that hold its keys")
	fs.BoolVar(&f.live, "live", false, "trade real money; the profile and I_UNDERSTAND_LIVE_TRADING must say so too")
	fs.BoolVar(&f.adopt, "adopt", false, "with --resume: take over what differs in the broker's account")
	fs.StringVar(&f.feed, "feed", "", "file or folder of recorded bars to play (needed with --broker paper)")
	fs.Float64Var(&f.speed, "speed", 1, "how much faster than real time the feed plays; 0 waits for nothing")
	fs.IntVar(&f.turns, "turns", 0, "stop after this many turns; 0 = at the end of the feed")
	fs.StringVar(&f.model, "model", "", "use this model instead of the strategy's")
	fs.StringVar(&f.from, "from", "", "first day of the feed, 2006-01-02")
	fs.StringVar(&f.to, "to", "", "last day of the feed")
	fs.StringArrayVar(&f.data, "data", nil, "history before the feed: file or folder instead of the strategy's (repeatable)")
	fs.StringVar(&f.out, "out", "", "the run's folder (default runs/<name>-<n>)")
	fs.StringVar(&f.resume, "resume", "", "go on with a run that was stopped or killed: its folder, its name or last")
	fs.StringVar(&f.record, "record", "", "folder for the bars, news and filings that the run sees, with when: data of your own for a backtest")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
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
	if err := f.check(); err != nil {
		return err
	}
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	s, err := f.strategy(name)
	if err != nil {
		return err
	}
	c := driver.Config{Strategy: s.Strategy, Dir: f.out, NoCache: true, Version: version(), Build: build(), Now: a.now, Log: a.logger()}
	if c.Agents, err = a.deciders(s.Strategy, cfg, false); err != nil {
		return err
	}
	extra, err := a.external(ctx, pitwall.Paper, s.Tools, cfg, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, extra.Close()) }()
	c.Tools, c.Notes = extra.Tools, extra.Warnings
	if f.resume != "" {
		if c.Dir, err = runs.Find(f.resume); err != nil {
			return err
		}
	} else if c.Dir == "" {
		if c.Dir, err = runs.NextDir(runs.Dir, s.Name); err != nil {
			return err
		}
	}
	latch, err := cfg.latch()
	if err != nil {
		return err
	}
	line := show.NewStatus(term.NewScreen(a.stderr), a.now)
	a.beside = line
	defer line.Done()
	stop, ended := make(chan struct{}), make(chan struct{})
	defer close(ended)
	told := func() {}
	if f.broker == "paper" {
		err = a.played(ctx, s, cfg, f, &c, line.Draw, stop)
	} else {
		told, err = a.atBroker(ctx, s, cfg, f, &c, line.Draw)
	}
	if err != nil {
		return err
	}
	c.Stop, c.Live.Show, c.Live.Latch, c.Live.Resume = stop, line.World, latch, f.resume != ""
	if f.record != "" {
		if c.Live.Record, err = history.OpenRecording(f.record, c.Live.Now()); err != nil {
			return err
		}
	}
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
	told()
	line.Done()
	if err != nil {
		return err
	}
	unwritten := a.page(res.Out, nil)
	if f.json {
		return errors.Join(a.printJSON(res), unwritten)
	}
	return errors.Join(a.summary(res), unwritten)
}

// played gives c the clock of a recorded feed, and the history before it.
func (a *app) played(ctx context.Context, s *strategyFile, cfg settings, f tradeFlags, c *driver.Config, each func(), stop <-chan struct{}) error {
	recorded := &strategyFile{new(*s.Strategy), s.files}
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
	for _, x := range c.Source.Series() {
		for _, y := range source.Series() {
			if x.Instrument.Symbol == y.Instrument.Symbol && x.Size != y.Size {
				return pitwall.Errorf(pitwall.DataError, "bars of %s are %s in the history and %s in the feed", x.Instrument.Symbol, pitwall.SizeName(x.Size), pitwall.SizeName(y.Size)).Hintf("name history of the same size with --data")
			}
		}
	}
	if f.resume != "" {
		if from, err = reached(c.Dir, from); err != nil {
			return err
		}
	}
	c.Warnings = source.MadeUp()
	clock := &playedClock{host: a.now, began: a.now(), start: from, speed: f.speed, each: each}
	c.Live = &driver.Live{Feed: driver.NewRecorded(source, from, to), Now: clock.Now, Wait: func(ctx context.Context, until time.Time) error { return clock.wait(ctx, until, stop) }}
	return nil
}

// reached returns the time of the newest bar that a run has kept, else from.
func reached(dir string, from time.Time) (time.Time, error) {
	past, err := runs.Strict{FS: os.DirFS(dir)}.Kept()
	if err != nil {
		return from, fmt.Errorf("reading %s: %w", dir, err)
	}
	for _, b := range past {
		if b.Known.After(from) {
			from = b.Known
		}
	}
	return from, nil
}

// playedClock is the host's clock as a recorded feed sees it: it begins at the feed's
// first day and runs speed times as fast, or jumps where speed is 0.
type playedClock struct {
	host  func() time.Time
	began time.Time
	start time.Time
	speed float64
	each  func() // while it waits

	mu     sync.Mutex
	jumped time.Duration
}

func (p *playedClock) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.start.Add(p.jumped + time.Duration(float64(p.host().Sub(p.began))*p.speed))
}

// wait waits until a time of the feed, or until the run is to stop.
func (p *playedClock) wait(ctx context.Context, until time.Time, stop <-chan struct{}) error {
	if p.speed == 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.jumped = max(p.jumped, until.Sub(p.start))
		return ctx.Err()
	}
	for {
		p.each()
		left := time.Duration(float64(until.Sub(p.Now())) / p.speed)
		if left <= 0 {
			return ctx.Err()
		}
		select {
		case <-stop:
			return ctx.Err()
		default:
		}
		if err := hostSleep(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
}
