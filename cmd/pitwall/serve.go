package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/cache/replay"
	"pitwall/cache/runs"
	"pitwall/examples"
	"pitwall/server"
	"pitwall/tools"
	"pitwall/tools/external"
)

// serveFlags are serve's settings from the command line.
type serveFlags struct {
	tradeFlags
	http string
}

func (a *app) serve() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve [FILE]",
		Short: "Serve the tools over MCP: stdio, or HTTP with --http",
		Long: "Serve the tools over MCP. Without --http it speaks on stdin and stdout, as hosts such as Claude Desktop start it.\n" +
			"Without FILE or --data it offers a simulated world over the bundled data.\n" +
			"With --broker the world of FILE goes on with real time, as that of pitwall trade does, with the same limits, halt, gates and\n" +
			"journal, and the host decides. --out names its folder: a run that is there goes on, so a host can start the same line again.",
		Example: "  pitwall serve\n  pitwall serve examples/momentum\n  pitwall serve --data prices/ --http 127.0.0.1:8080\n" +
			"  pitwall serve mine.yaml --broker alpaca --profile paper.yaml --out runs/desk",
		Args: takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			file := ""
			if len(args) == 1 {
				file = args[0]
			}
			if f.broker == "" {
				for _, name := range []string{"profile", "live", "adopt", "feed", "speed", "from", "to", "out", "resume", "record"} {
					if c.Flags().Changed(name) {
						return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--%s is for a world on the live clock", name).Hintf("add --broker paper or --broker alpaca")}
					}
				}
			} else if file == "" {
				return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--broker needs a strategy FILE").Hintf("its symbols and risk: say what may be traded")}
			}
			return a.serveWorlds(c.Context(), file, f)
		},
	}
	c.Flags().StringVar(&f.http, "http", "", "address to serve on, such as 127.0.0.1:8080; other than loopback needs PITWALL_TOKEN")
	c.Flags().StringArrayVar(&f.data, "data", nil, "data file or folder (repeatable)")
	f.onAccount(c, "")
	return c
}

// tokenPrincipal is who calls with PITWALL_TOKEN.
const tokenPrincipal = "token"

func (a *app) serveWorlds(ctx context.Context, file string, f serveFlags) (err error) {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log)); err != nil {
		return fmt.Errorf("PITWALL_LOG is %q; use debug, info, warn or error", cfg.Log)
	}
	ctx, cancel := a.stoppable(ctx)
	defer cancel()
	// Before anything else can write there, stdout becomes the protocol's.
	var wire mcp.Transport
	if f.http == "" {
		if a.stdout.Closed() {
			return errors.New("serving on stdio: stdout is closed; --http serves without it")
		}
		if wire, err = server.Stdio(); err != nil {
			return err
		}
	}
	server.TuneGC()
	var w offered
	if f.broker != "" {
		w, err = a.liveWorld(ctx, file, f, cfg)
	} else {
		w, err = a.simWorlds(ctx, file, f.data, cfg)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.done()) }()
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	set, err := tools.NewWith(log, w.registry, w.tools)
	if err != nil {
		return err
	}
	set.Fit(w.use)
	s := server.New(version(), w.registry, log, set)
	for _, n := range w.notes {
		fmt.Fprintln(a.stderr, "pitwall: "+n)
	}
	if wire != nil {
		if err := s.Run(ctx, wire); err != nil && ctx.Err() == nil {
			return fmt.Errorf("serving on stdio: %w", err)
		}
		return nil
	}
	o := server.HTTPOptions{Hosts: cfg.Hosts}
	if cfg.Token != "" {
		o.Tokens = map[string]string{cfg.Token: tokenPrincipal}
	}
	l, err := server.Listen(f.http, o)
	if err != nil {
		return err
	}
	access := "loopback only, no token"
	if cfg.Token != "" {
		access = "bearer token required"
	}
	fmt.Fprintf(a.stderr, "pitwall: serving http://%s/mcp (%s); Ctrl-C ends\n", l.Addr(), access)
	return s.Serve(ctx, l, o)
}

// offered is what a server offers.
type offered struct {
	registry *server.Registry
	tools    []tools.External
	notes    []string
	use      tools.Use
	done     func() error // ends it
}

// simWorlds offers simulated worlds.
func (a *app) simWorlds(ctx context.Context, file string, data []string, cfg settings) (w offered, err error) {
	worlds, specs, err := a.newWorlds(ctx, file, data, cfg)
	if err != nil {
		return w, err
	}
	var store *replay.Store
	if len(specs) > 0 { // only their answers are kept
		if store, err = cfg.openCache(replay.Options{Log: a.logger()}); err != nil {
			return w, err
		}
	}
	extra, err := a.external(ctx, pitwall.Sim, specs, cfg, recorder(store, false))
	if err != nil {
		return w, err
	}
	w = offered{registry: server.NewRegistry(worlds), tools: extra.Tools, notes: extra.Warnings, use: worlds.Use()}
	w.done = func() error {
		err := errors.Join(extra.Close(), w.registry.Close())
		if store != nil {
			err = errors.Join(err, store.Close())
		}
		return err
	}
	return w, nil
}

// liveWorld offers the one world of a run on the live clock. A run that is in the folder of
// --out goes on.
func (a *app) liveWorld(ctx context.Context, file string, f serveFlags, cfg settings) (w offered, err error) {
	if _, err := os.Stat(filepath.Join(f.out, runs.ManifestFile)); f.out != "" && err == nil {
		f.resume, f.out = f.out, ""
	}
	clocks, stop := context.WithCancel(ctx)
	c, done, err := a.onLiveClock(ctx, file, f.tradeFlags, nil, clocks.Done())
	if err != nil {
		stop()
		return w, err
	}
	c.Live.Tick = hostTick(clocks.Done())
	host, err := driver.Host(ctx, c)
	if err != nil {
		stop()
		return w, errors.Join(err, done())
	}
	world := host.World()
	w = offered{registry: server.NewRegistry(host), tools: c.Tools, use: tools.UseOf(world), notes: append(c.Notes, "the run is in "+c.Dir)}
	for _, n := range world.Warnings {
		w.notes = append(w.notes, n.Text)
	}
	w.done = func() error {
		stop()
		_, err := host.Close(ctx)
		return errors.Join(err, done())
	}
	principal := pitwall.Local
	if f.http != "" && cfg.Token != "" {
		principal = tokenPrincipal
	}
	return w, w.registry.Put(pitwall.Caller{Principal: principal}, server.Main, world)
}

// newWorlds prepares the worlds of a server: a strategy's, with its external tools,
// or those over the data given, or over the bundled data.
func (a *app) newWorlds(ctx context.Context, file string, data []string, cfg settings) (*driver.Worlds, []external.Spec, error) {
	local := cfg.store(a.now)
	s, w := &strategyFile{Strategy: &driver.Strategy{Data: []driver.DataEntry{{Path: "data"}}}, files: examples.FS}, &driver.Worlds{}
	s.use(data)
	if file != "" {
		var err error
		if s, err = (backtestFlags{data: data}).strategy(file); err != nil {
			return nil, nil, err
		}
		if w.Spec, err = s.Spec(); err != nil {
			return nil, nil, err
		}
		for _, n := range s.standIn(cfg) {
			fmt.Fprintln(a.stderr, "pitwall: "+n.Text)
		}
		if w.Store, err = s.Load(ctx, s.files, local); err != nil {
			return nil, nil, err
		}
	}
	inputs, err := s.Inputs(ctx, s.files, local)
	if err != nil {
		return nil, nil, err
	}
	w.Load = func(ctx context.Context, size time.Duration) (*history.Store, error) {
		return history.Load(ctx, inputs, history.Options{Size: size})
	}
	return w, s.Tools, w.Check(ctx)
}
