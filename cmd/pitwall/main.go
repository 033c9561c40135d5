// Command pitwall backtests and serves agents that trade bar by bar.
//
// This package is the only place that wires: it imports everything and holds
// one file per verb. live.go is the only file that reads the host's clock, providers.go
// lists the sources of data and the brokers. The first Ctrl-C asks a verb to end
// (a run after its turn), the second cancels what it is doing: interrupts, stoppable.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/duckdb"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	duckdb.RunWorkerIfChild() // a world's SQL runs in this program again
	os.Exit(run(os.Args[1:]))
}

// run is main with an exit code, so that tests can call it.
func run(args []string) int {
	a := &app{now: hostNow, settings: sync.OnceValues(readSettings), stdout: term.NewOutput(os.Stdout), stderr: os.Stderr, stop: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer a.interrupts(cancel)()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return a.exit(root.ExecuteContext(ctx))
}

// exit says why a verb failed and returns its exit code. A verb whose output could
// not be written failed. A reader that hung up, as head does, needs no message.
func (a *app) exit(err error) int {
	lost := a.stdout.Err()
	if lost != nil && !errors.Is(lost, syscall.EPIPE) {
		fmt.Fprintln(a.stderr, "pitwall: stdout could not be written:", lost)
	}
	switch {
	case err != nil && !errors.Is(err, errSaid) && (lost == nil || !errors.Is(err, lost)):
		p := term.NewPen(a.stderr)
		p.Item(term.Plain, "pitwall: ", 2, strings.ReplaceAll(pitwall.Explain(err), "\n  ", "\n"))
		_ = p.Done() // there is no other place to say it
	case err == nil && lost == nil:
		return exitOK
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// errSaid ends with exit code 1 when the reason was already printed.
var errSaid = errors.New("said")

// usageError is a call with the wrong words.
type usageError struct{ error }

// app is what every verb shares.
type app struct {
	now       func() time.Time
	settings  func() (settings, error) // the environment and .env, read once
	stdout    *term.Output
	stderr    *os.File
	stop      chan struct{}     // closed at the first Ctrl-C
	beside    io.Writer         // stderr while a line of progress is drawn there; empty = stderr
	transport http.RoundTripper // of downloads; empty = the network, a local server in tests

	// sleep waits between two attempts at a model; empty = really, none in tests
	sleep func(context.Context, time.Duration) error
}

// interrupts closes stop at the first Ctrl-C, SIGTERM or SIGHUP and cancels at the
// second. The returned function stops listening. What nohup ignores stays ignored. A
// reader that hung up is an error of the write and does not end a run.
func (a *app) interrupts(cancel func()) func() {
	c := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(c, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-c:
			}
			if n == 0 {
				close(a.stop)
			} else {
				cancel()
			}
		}
	}()
	return func() { signal.Stop(c); close(done) }
}

// stoppable is a context that the first Ctrl-C cancels: for what has no turn to
// finish.
func (a *app) stoppable(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-a.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func (a *app) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:           "pitwall",
		Short:         "Let a language model trade bar by bar: backtest it, or serve the tools over MCP",
		SilenceErrors: true,
		SilenceUsage:  true,
		Example:       "  pitwall demo\n  pitwall backtest examples/momentum\n  pitwall serve",
	}, a.demo(), a.init(), a.doctor(), a.backtest(), a.sweep(), a.fork(), a.ablate(), a.analyze(), a.sql(), a.preflight(), a.trade(), a.drift(), a.serve(), a.trace(), a.why(), a.verify(), a.report(), a.runs(), a.data(), a.cache(), a.leaktest(), a.kill(), a.approve(), a.alpacaFake(), a.docs(), a.version())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w\n  see: %s --help", err, c.CommandPath())}
	})
	fitHelp(root)
	return root
}

// group gives a command others below it. Alone it shows its help.
func group(c *cobra.Command, below ...*cobra.Command) *cobra.Command {
	c.AddCommand(below...)
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		names := []string{}
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		of, hint := " of "+c.Name(), "it has "+strings.Join(names, ", ")
		if !c.HasParent() {
			of, hint = "", "see: pitwall --help"
		}
		if x, is := pitwall.Near(args[0], names); is {
			hint += "; did you mean " + c.CommandPath() + " " + x + "?"
		}
		return &usageError{fmt.Errorf("there is no command %q%s\n  %s", args[0], of, hint)}
	}
	return c
}

// takes refuses a wrong number of arguments with the usage line; most below least is
// any number.
func takes(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		var what string
		switch n := len(args); {
		case n < least:
			what = "missing " + strings.TrimPrefix(c.Use, c.Name()+" ")
		case n > most && most >= least:
			what = fmt.Sprintf("unexpected argument %q", args[most])
		default:
			return nil
		}
		return &usageError{fmt.Errorf("%s\n  usage: %s", what, c.UseLine())}
	}
}

// logger writes to stderr, since stdout belongs to results and to the protocol:
// warnings and errors, or what PITWALL_LOG says (info has a line per turn).
func (a *app) logger() *slog.Logger {
	level := slog.LevelWarn
	if cfg, err := a.settings(); err == nil {
		if err := level.UnmarshalText([]byte(cfg.Log)); err != nil {
			level = slog.LevelWarn // serve and doctor say what is wrong with it
		}
	}
	return slog.New(slog.NewTextHandler(a.errs(), &slog.HandlerOptions{Level: level}))
}

// answer prints a value as JSON, or for a person, unless there is an error.
func (a *app) answer(asJSON bool, value any, write func(*term.Pen), err error) error {
	switch {
	case err != nil:
		return err
	case asJSON:
		return a.printJSON(value)
	}
	p := term.NewPen(a.stdout)
	write(p)
	return p.Done()
}

// printJSON prints one object on stdout, safe to show: JSON leaves the upper control
// characters as they are, and some terminals act on them.
func (a *app) printJSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, term.SafeJSON(body))
	return err
}

// open shows a file in the browser, or says why it could not and where the file is:
// it is written all the same.
func (a *app) open(file string) {
	abs, err := filepath.Abs(file)
	if err == nil {
		err = term.Open(abs)
	}
	if err != nil {
		fmt.Fprintf(a.stderr, "pitwall: the browser could not be opened (%v); the page is %s\n", err, term.OneLine(abs))
	}
}
