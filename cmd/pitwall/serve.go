package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/cache/replay"
	"pitwall/examples"
	"pitwall/server"
	"pitwall/tools"
	"pitwall/tools/external"
)

// serveFlags are serve's settings from the command line.
type serveFlags struct {
	http string
	data []string
}

func (a *app) serve() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve [FILE]",
		Short: "Serve the tools over MCP: stdio, or HTTP with --http",
		Long: "Serve the tools over MCP. Without --http it speaks on stdin and stdout, as hosts such as Claude Desktop start it.\n" +
			"Without FILE or --data it offers a simulated world over the bundled data.",
		Example: "  pitwall serve\n  pitwall serve examples/momentum\n  pitwall serve --data prices/ --http 127.0.0.1:8080",
		Args:    takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			file := ""
			if len(args) == 1 {
				file = args[0]
			}
			return a.serveWorlds(c.Context(), file, f)
		},
	}
	c.Flags().StringVar(&f.http, "http", "", "address to serve on, such as 127.0.0.1:8080; other than loopback needs PITWALL_TOKEN")
	c.Flags().StringArrayVar(&f.data, "data", nil, "data file or folder (repeatable)")
	return c
}

func (a *app) serveWorlds(ctx context.Context, file string, f serveFlags) error {
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
	worlds, specs, err := a.newWorlds(ctx, file, f.data, cfg)
	if err != nil {
		return err
	}
	server.TuneGC()
	registry := server.NewRegistry(worlds)
	defer registry.Close()
	var store *replay.Store
	if len(specs) > 0 { // only their answers are kept
		if store, err = cfg.openCache(replay.Options{Log: a.logger()}); err != nil {
			return err
		}
	}
	if store != nil {
		defer store.Close()
	}
	extra, err := a.external(ctx, pitwall.Sim, specs, cfg, recorder(store, false))
	if err != nil {
		return err
	}
	defer extra.Close()
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	set, err := tools.NewWith(log, registry, extra.Tools)
	if err != nil {
		return err
	}
	if !worlds.Store.Has(pitwall.Event) {
		set.Remove(tools.EventsTool)
	}
	s := server.New(version(), registry, log, set)
	for _, w := range extra.Warnings {
		fmt.Fprintln(a.stderr, "pitwall: "+w)
	}
	if wire != nil {
		if err := s.Run(ctx, wire); err != nil && ctx.Err() == nil {
			return fmt.Errorf("serving on stdio: %w", err)
		}
		return nil
	}
	o := server.HTTPOptions{Hosts: cfg.Hosts}
	if cfg.Token != "" {
		o.Tokens = map[string]string{cfg.Token: "token"}
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

// newWorlds prepares the worlds of a server: a strategy's, with its external tools,
// or those over the data given, or over the bundled data.
func (a *app) newWorlds(ctx context.Context, file string, data []string, cfg settings) (*driver.Worlds, []external.Spec, error) {
	local := cfg.store(a.now)
	s, w := &strategyFile{&driver.Strategy{Data: []driver.DataEntry{{Path: "data"}}}, examples.FS}, &driver.Worlds{}
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
