package driver

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/server"
	"pitwall/tools"
	"pitwall/tools/duckdb"
)

// Session is a world of any mode, with what only its maker knows of it. [Run] sees
// nothing else of the difference between a backtest and a live run.
type Session interface {
	// World returns the world. It is the same for the whole session.
	World() *pitwall.World
	// Status returns how far the world has come.
	Status() pitwall.SimProgress
	// Describe fills in what the manifest says of the world before the first turn, and
	// returns the run's days as instants, to exclusive.
	Describe(m *runs.Manifest) (from, to time.Time)
	// Finish adds to the folder and the manifest of a run what only the session
	// knows: the prices that the run passed, its instruments and corporate actions. It is
	// called once, after the last turn, also of a run that failed.
	Finish(folder *runs.Folder, m *runs.Manifest) error
	// Warnings returns what is to be said of the world and its data up to now.
	Warnings() []pitwall.Warning
	// Close ends the world.
	Close() error
}

// Config is a run. Strategy, Agents, Dir, Now and either Source or Files are
// required; the rest may be left out.
type Config struct {
	Strategy *Strategy
	Source   *history.Store    // the data
	Files    fs.FS             // without Source: where the data paths of Strategy are read
	Agents   []agentloop.Agent // who decides, in the order of their turns
	Tools    []tools.External  // besides Pitwall's own
	Dir      string            // the run's folder: new or empty

	Cache   agentloop.Cache // what models answered before
	NoCache bool            // the caller asked to keep no answers: the manifest says so
	Strict  bool            // ask no model: what is not recorded ends the run
	Sample  int             // tells repeated runs of the same thing apart
	Turns   int             // end before a further turn, as asked; 0 = no limit

	Version  string            // of the program, for the manifest
	Build    string            // what tells two builds of a version apart: a part of every replay key
	Notes    []string          // about this machine, for the manifest
	Warnings []pitwall.Warning // about the data, besides those of the session
	Now      func() time.Time  // host time, for timing only
	Stop     <-chan struct{}   // closed: end after the turn
	Log      *slog.Logger
	Progress func(agentloop.Progress) // called after each move of the clock

	Live *Live // the clock of the host instead of a replay; nil = a backtest
	Fork *Fork // the run parts from an earlier backtest; nil = it does not
}

// Run backtests a strategy, or trades it on paper, into a folder that pitwall report,
// trace, why and verify accept. A strategy that cannot run leaves no folder and has no result. A run that
// began has a result, and an error too when it failed; Result.Complete reports
// whether it came to its end.
func Run(ctx context.Context, c Config) (*Result, error) {
	spec, err := c.prepare(ctx)
	if err != nil {
		return nil, err
	}
	started := c.Now()
	if c.Live != nil {
		return runLive(ctx, c, spec, started)
	}
	from, _, err := c.Strategy.Window(c.Source)
	if err != nil {
		return nil, err
	}
	journal := &newFolder{create: func() (*runs.Folder, error) { return runs.Create(disk.OS{}, c.Dir, references(c.Source, spec, from)) }}
	session, err := NewSim(c.Source, spec, journal)
	if err != nil {
		return nil, errors.Join(err, journal.close())
	}
	r := &run{Config: c, session: session, folder: journal.Folder, started: started}
	result, err := r.drive(ctx)
	return result, errors.Join(err, session.Close(), journal.close())
}

// prepare checks what a run is given, fills in what was left out and returns the world
// that the strategy asks for.
func (c *Config) prepare(ctx context.Context) (spec SimSpec, err error) {
	if c.Fork != nil && (c.Fork.run == nil || c.Live != nil) {
		return spec, errors.New("driver: Fork.Prepare comes first, and only a backtest forks")
	}
	if c.Strategy == nil || c.Source == nil && c.Files == nil || c.Dir == "" || c.Now == nil {
		return spec, errors.New("driver: a run needs Strategy, Source or Files, Dir and Now")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := c.Strategy
	if err := s.Check(); err != nil {
		return spec, err
	}
	if err := s.onlyBacktests(c); err != nil {
		return spec, err
	}
	bars, err := s.windows(ctx)
	if err = errors.Join(s.CheckTools(c.Tools), s.CheckWake(ctx), err); err != nil {
		return spec, err
	}
	c.Agents = withWindow(c.Agents, bars)
	if c.Source == nil {
		if c.Source, err = s.Load(ctx, c.Files, &history.Local{}); err != nil {
			return spec, err
		}
	}
	if c.Source, err = c.Fork.source(c.Source); err != nil {
		return spec, err
	}
	return s.Spec()
}

// newFolder is the journal of a run whose folder is made with its first entry: a
// world that cannot be built leaves no folder behind.
type newFolder struct {
	*runs.Folder // nil before the first entry
	create       func() (*runs.Folder, error)
}

// Append implements pitwall.Journal.
func (j *newFolder) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	if j.Folder == nil {
		var err error
		if j.Folder, err = j.create(); err != nil {
			return 0, err
		}
	}
	return j.Folder.Append(ctx, e)
}

func (j *newFolder) close() error {
	if j.Folder == nil {
		return nil
	}
	return j.Folder.Close()
}

// run is a run in progress.
type run struct {
	Config
	session  Session
	folder   *runs.Folder
	started  time.Time
	manifest runs.Manifest
	memory   pitwall.Memory // nil: the strategy has none
	past     runs.Past      // of a run that goes on
	warm     *warmup        // of its rule
}

// drive writes the manifest, connects the loop to a server of its own, runs it and
// closes the evidence.
func (r *run) drive(ctx context.Context) (*Result, error) {
	r.manifest = r.describe()
	if err := r.folder.WriteJSON("manifest.json", r.manifest); err != nil {
		return nil, err
	}
	r.warm = r.warmup()
	if p, ok := r.session.(*LiveSession); ok && p.obeys {
		if err := p.obey(ctx); err != nil {
			return r.finish(agentloop.Outcome{}, err)
		}
		over := make(chan struct{})
		close(over)
		r.Stop = over // before a turn
	}
	progress := func(p agentloop.Progress) {
		r.warm.pass(p)
		if r.Progress != nil {
			r.Progress(p)
		}
	}
	agents, unseat, err := r.seat(ctx)
	if err != nil {
		return r.finish(agentloop.Outcome{}, errors.Join(err, unseat()))
	}
	out, err := Drive(ctx, r.session.World(), r.Build, r.Tools, agentloop.Config{Agents: agents, Recorder: r.folder, Cache: r.Cache, Strict: r.Strict, Sample: r.Sample, Turns: r.Turns, Now: r.Now, Progress: progress, Stop: r.Stop, Log: r.Log, Made: r.past.Turns, Past: r.past.Agents, Fork: r.Fork.loop()})
	return r.finish(out, errors.Join(err, unseat()))
}

// Drive runs the loop over a world through an MCP server of its own, in process.
// build names the program in replay keys. Recorded answers are refused where orders
// are real: an old answer must not send a new order.
func Drive(ctx context.Context, w *pitwall.World, build string, external []tools.External, c agentloop.Config) (agentloop.Outcome, error) {
	if w.Mode != pitwall.Sim && c.Cache != nil {
		return agentloop.Outcome{}, pitwall.Errorf(pitwall.Unsupported, "recorded answers in a %s world: an old answer must not send a new order", w.Mode)
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	session, done, err := server.ServeInProcess(ctx, build, w, external, log)
	if err != nil {
		return agentloop.Outcome{}, err
	}
	c.Session = session
	out, err := agentloop.Run(ctx, c)
	return out, errors.Join(err, done())
}

// RunWorkerIfChild must be the first call of main: the SQL of a world runs in a child
// process of the same program.
func RunWorkerIfChild() { duckdb.RunWorkerIfChild() }
