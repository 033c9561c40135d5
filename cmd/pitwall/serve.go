package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/examples"
	"pitwall/server"
	"pitwall/tools"
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
	cfg, err := readSettings()
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
		if wire, err = takeStdout(); err != nil {
			return err
		}
	}
	b, err := newBuilder(ctx, file, f.data)
	if err != nil {
		return err
	}
	server.TuneGC()
	registry := server.NewRegistry(b)
	defer registry.Close()
	kept, err := a.openCache(cfg, len(b.outside) == 0) // only their answers are kept
	if err != nil {
		return err
	}
	extra, err := a.outside(ctx, &strategy{Tools: b.outside}, cfg, kept, false)
	if err != nil {
		return err
	}
	defer extra.Close()
	s, err := server.NewWith(version(), registry, slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level})),
		tools.Outside{Mode: pitwall.Sim, Tools: extra.Tools, Recorder: kept.recorder(false)})
	if err != nil {
		return err
	}
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

// newBuilder prepares the worlds: a strategy's, or one over the data given, or
// one over the bundled data.
func newBuilder(ctx context.Context, file string, data []string) (*builder, error) {
	var inputs []history.Input
	b := &builder{}
	if file != "" {
		s, err := backtestFlags{data: data}.strategy(file)
		if err != nil {
			return nil, err
		}
		b.outside = s.Tools
		if b.spec, err = s.spec(); err != nil {
			return nil, err
		}
		if b.store, err = loadFor(ctx, s); err != nil {
			return nil, err
		}
		if inputs, err = s.inputs(); err != nil {
			return nil, err
		}
	}
	if file == "" {
		for _, d := range data {
			inputs = append(inputs, diskInput(d, ""))
		}
		if len(data) == 0 {
			inputs = []history.Input{{FS: examples.FS, Path: "data", Show: "examples/data"}}
		}
	}
	b.load = cached(func(ctx context.Context, size time.Duration) (*history.Store, error) {
		return history.Load(ctx, inputs, history.Options{Size: size})
	})
	if file == "" {
		var err error
		b.store, err = b.load(ctx, 0)
		if err != nil { // several bar sizes of a symbol: daily bars first; sim_start's bar_size chooses others
			daily, second := b.load(ctx, 24*time.Hour)
			if second != nil {
				return nil, err
			}
			b.store = daily
			b.store.Warnings = append(b.store.Warnings, "symbols come in several bar sizes: daily bars are used; sim_start with bar_size chooses others")
		}
		if b.spec, err = defaultSpec(b.store); err != nil {
			return nil, err
		}
	}
	// A default world that cannot be built is an error now, not at the first call.
	_, err := newSim(b.store, b.spec, &pitwall.MemoryJournal{})
	return b, err
}

// cached keeps one store per bar size: worlds share it and never write it.
func cached(load func(context.Context, time.Duration) (*history.Store, error)) func(context.Context, time.Duration) (*history.Store, error) {
	var mu sync.Mutex
	stores := map[time.Duration]*history.Store{}
	return func(ctx context.Context, size time.Duration) (*history.Store, error) {
		mu.Lock()
		defer mu.Unlock()
		if s, ok := stores[size]; ok {
			return s, nil
		}
		s, err := load(ctx, size)
		if err == nil {
			stores[size] = s
		}
		return s, err
	}
}

// defaultSpec trades everything that is not an index, and begins after a year of
// history, so that an agent has something to look back on.
func defaultSpec(store *history.Store) (simSpec, error) {
	cash := pitwall.Int(100_000)
	s := strategy{Cash: &cash}
	spec, err := s.spec()
	if err != nil {
		return spec, err
	}
	var longest *pitwall.Series
	for _, x := range store.Series() {
		if x.Instrument.Kind != pitwall.Index && (longest == nil || x.Len() > longest.Len()) {
			longest = x
		}
	}
	if longest == nil {
		return spec, pitwall.Errorf(pitwall.DataError, "the data holds only indices, and they cannot be traded")
	}
	for _, x := range store.Series() {
		// Bars of another size are only watched: name them in a strategy to trade both.
		if x.Instrument.Kind != pitwall.Index && x.Size == longest.Size {
			spec.Symbols = append(spec.Symbols, x.Instrument.Symbol)
		}
	}
	const year = 250
	spec.From = longest.Bar(min(year, longest.Len()/4)).Start.Format(time.DateOnly)
	return spec, nil
}
