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
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
	"pitwall/tools/report"
)

// tradeFlags are what the command line says of a run on the live clock.
type tradeFlags struct {
	backtestFlags
	broker, feed, resume string
	speed                float64
}

func (a *app) trade() *cobra.Command {
	var f tradeFlags
	c := &cobra.Command{
		Use:   "trade FILE|DIR",
		Short: "Run a strategy on the live clock, on paper",
		Long: "trade runs the strategy file of a backtest with the same tools on a clock that waits: each bar at its close, by the\n" +
			"exchange's calendar. Orders fill on paper, by the rules of the backtest; no order leaves this machine. The bars are those\n" +
			"of --feed, a recorded file or folder, played at --speed times real time; data: of the strategy is the history before it.\n" +
			"A turn that is missed is recorded and not caught up. The strategy must say risk:. pitwall kill on stops it.",
		Example: "  pitwall trade mine.yaml --feed minutes.csv --speed 60\n  pitwall trade mine.yaml --feed minutes.csv --speed 0 --turns 20\n" +
			"  pitwall trade mine.yaml --feed minutes.csv --resume last",
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			return a.tradeStrategy(c.Context(), args[0], f)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.broker, "broker", "paper", "where orders go: "+strings.Join(brokersOf(pitwall.Paper), ", "))
	fs.StringVar(&f.feed, "feed", "", "file or folder of recorded bars to play (needed)")
	fs.Float64Var(&f.speed, "speed", 1, "how much faster than real time the feed plays; 0 waits for nothing")
	fs.IntVar(&f.turns, "turns", 0, "stop after this many turns; 0 = at the end of the feed")
	fs.StringVar(&f.model, "model", "", "use this model instead of the strategy's")
	fs.StringVar(&f.from, "from", "", "first day of the feed, 2006-01-02")
	fs.StringVar(&f.to, "to", "", "last day of the feed")
	fs.StringArrayVar(&f.data, "data", nil, "history before the feed: file or folder instead of the strategy's (repeatable)")
	fs.StringVar(&f.out, "out", "", "the run's folder (default runs/<name>-<n>)")
	fs.StringVar(&f.resume, "resume", "", "go on with a run that was stopped or killed: its folder, its name or last")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// brokersOf returns the names of the brokers that have a mode and simulate their fills:
// trade sends no order off this machine.
func brokersOf(m pitwall.Mode) (names []string) {
	for _, b := range brokers() {
		if slices.Contains(b.modes, m) && b.open == nil {
			names = append(names, b.name)
		}
	}
	return names
}

func (f tradeFlags) check() error {
	switch {
	case !slices.Contains(brokersOf(pitwall.Paper), f.broker):
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--broker is %q", f.broker).Hintf("use %s", strings.Join(brokersOf(pitwall.Paper), ", "))}
	case f.feed == "":
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--feed is missing").Hintf("name a file or folder of recorded bars to play")}
	case f.speed < 0 || f.turns < 0:
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--speed is %v and --turns %d", f.speed, f.turns).Hintf("use 0 or more")}
	}
	return nil
}

// tradeStrategy runs a strategy on paper and prints the result.
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
	}
	var start time.Time
	if c.Live, start, err = a.played(ctx, s, cfg, f, &c); err != nil {
		return err
	}
	if c.Live.Latch, err = cfg.latch(); err != nil {
		return err
	}
	if c.Dir == "" {
		if c.Dir, err = runs.NextDir(runs.Dir, s.Name); err != nil {
			return err
		}
	}
	line := &statusLine{Screen: term.NewScreen(a.stderr), now: a.now, cash: s.Cash.Float()}
	a.beside = line
	defer line.done()
	stop := make(chan struct{})
	c.Stop, c.Live.Show, c.Progress = stop, line.world, line.turn
	clock := &playedClock{host: a.now, began: a.now(), start: start, speed: f.speed, each: line.draw}
	c.Live.Now, c.Live.Wait = clock.Now, func(ctx context.Context, until time.Time) error { return clock.wait(ctx, until, stop) }
	ended := make(chan struct{})
	defer close(ended)
	if f.speed > 0 {
		c.Live.Tick = hostTick(ended)
	}
	var once sync.Once
	end := func() { once.Do(func() { close(stop) }) }
	go func() {
		select {
		case <-a.stop:
			fmt.Fprintln(a.errs(), "\nfinishing this turn; Ctrl-C again stops at once. Open orders stay open on paper")
			end()
		case <-ended:
		}
	}()
	c.Progress = func(g agentloop.Progress) {
		line.turn(g)
		if f.turns > 0 && g.Turns >= f.turns {
			end()
		}
	}
	res, err := driver.Run(ctx, c)
	line.done()
	if err != nil {
		return err
	}
	unwritten := a.page(res.Out, nil)
	if f.json {
		return errors.Join(a.printJSON(res), unwritten)
	}
	return errors.Join(a.summary(res), unwritten)
}

// played returns the clock of a recorded feed without its times, and when the feed
// begins. c gets the history before it.
func (a *app) played(ctx context.Context, s *strategyFile, cfg settings, f tradeFlags, c *driver.Config) (*driver.Live, time.Time, error) {
	recorded := &strategyFile{new(*s.Strategy), s.files}
	recorded.From, recorded.To = f.from, f.to // those of the strategy are the backtest's
	recorded.use([]string{f.feed})
	source, err := recorded.Load(ctx, recorded.files, cfg.store(a.now))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("--feed %s: %w", f.feed, err)
	}
	from, to, err := recorded.Window(source)
	if err != nil {
		return nil, time.Time{}, err
	}
	if c.Source = source; len(s.Data) > 0 {
		if c.Source, err = s.Load(ctx, s.files, cfg.store(a.now)); err != nil {
			return nil, time.Time{}, err
		}
	}
	for _, x := range c.Source.Series() {
		for _, y := range source.Series() {
			if x.Instrument.Symbol == y.Instrument.Symbol && x.Size != y.Size {
				return nil, from, pitwall.Errorf(pitwall.DataError, "bars of %s are %s in the history and %s in the feed", x.Instrument.Symbol, pitwall.SizeName(x.Size), pitwall.SizeName(y.Size)).Hintf("name history of the same size with --data")
			}
		}
	}
	if f.resume != "" {
		if from, err = reached(c.Dir, from); err != nil {
			return nil, from, err
		}
	}
	c.Warnings = source.MadeUp()
	return &driver.Live{Feed: driver.NewRecorded(source, from, to), Resume: f.resume != ""}, from, nil
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

// statusLine shows where a world on the live clock stands: one line on a terminal, else
// a line every half minute.
type statusLine struct {
	term.Screen
	now  func() time.Time
	cash float64

	mu    sync.Mutex
	at    driver.LiveStatus
	taken time.Time // when at was
	spent pitwall.Dec
	turns int
	last  time.Time
}

func (l *statusLine) world(s driver.LiveStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.taken = s, l.now()
}

func (l *statusLine) turn(g agentloop.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent, l.turns = g.Spent, g.Turns
}

func (l *statusLine) draw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.taken.IsZero() || !l.Terminal && now.Sub(l.last) < plainLine {
		return
	}
	l.last = now
	cells := l.cells()
	if l.Terminal {
		l.Parts(cells)
		return
	}
	var parts []string
	for _, x := range cells {
		parts = append(parts, x.Text)
	}
	fmt.Fprintln(l.Out, strings.Join(parts, "  "))
}

// cells are what the line says, the most wanted first.
func (l *statusLine) cells() (list []term.Cell) {
	add := func(s term.Style, format string, args ...any) {
		list = append(list, s.Cell(fmt.Sprintf(format, args...)))
	}
	s := l.at
	if s.Halt != 0 {
		add(term.Red, "HALT %v", s.Halt)
	}
	if !s.Due.IsZero() {
		add(term.Plain, "next bar %s", s.Due.Format("2006-01-02 15:04:05"))
	}
	add(term.Plain, "equity %s", money(s.Equity.Float()))
	day := s.Day.Float()
	add(term.Gain(day), "today %s", signed(day))
	add(term.Plain, "%d open orders", s.Open)
	add(term.Plain, "turn %d", l.turns)
	if l.spent > 0 {
		add(term.Plain, "%v USD", l.spent.Round(2))
	}
	if s.Missed > 0 {
		add(term.Yellow, "%d times bars were missed", s.Missed)
	}
	return list
}

// signed writes 123.4 as +123.
func signed(f float64) string { return report.Group(fmt.Sprintf("%+.0f", f)) }

// Write writes other words of the run: the line makes room for them.
func (l *statusLine) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Clear()
	return l.Out.Write(b)
}

// done clears the line.
func (l *statusLine) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Clear()
}
