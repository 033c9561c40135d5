package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/brokers/alpacafake"
	"pitwall/cache/history"
)

// fakeFlags say what the fake replays.
type fakeFlags struct {
	addr, symbols, from, to string
	data                    []string
	cash                    int64
	margin                  bool
	every                   time.Duration
}

func (a *app) alpacaFake() *cobra.Command {
	var f fakeFlags
	c := &cobra.Command{
		Use:   "alpaca-fake",
		Short: "Serve Alpaca's API over recorded bars, for tests",
		Long: "alpaca-fake answers as Alpaca's paper host does: orders, positions, account, latest prices and the stream of trade updates at\n" +
			"/stream. Orders fill against the bars of --data by the rules of a backtest. The next bar becomes known every --every, or at a\n" +
			"POST to " + alpacafake.StepPath + ". Any keys are accepted. Use it as the base URL of Alpaca's clients, for trading and for data.",
		Example: "  pitwall alpaca-fake --addr 127.0.0.1:8099 --data prices.csv --symbols AAPL\n  curl -X POST http://127.0.0.1:8099" + alpacafake.StepPath,
		Args:    takes(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.serveFake(c.Context(), f) },
	}
	fs := c.Flags()
	fs.StringVar(&f.addr, "addr", "127.0.0.1:8099", "address to serve on")
	fs.StringArrayVar(&f.data, "data", nil, "file or folder of bars (repeatable, needed)")
	fs.StringVar(&f.symbols, "symbols", "", "what may be traded, such as AAPL,MSFT (needed)")
	fs.StringVar(&f.from, "from", "", "first day, 2006-01-02; what is earlier is history")
	fs.StringVar(&f.to, "to", "", "last day")
	fs.Int64Var(&f.cash, "cash", 100_000, "cash of the account")
	fs.BoolVar(&f.margin, "margin", false, "a margin account, which may short")
	fs.DurationVar(&f.every, "every", 0, "time between two bars, such as 1s; 0 = only when asked")
	return c
}

// fake builds the server that the flags describe, with its first bar known.
func (f fakeFlags) fake(ctx context.Context) (*alpacafake.Server, error) {
	if len(f.data) == 0 || f.symbols == "" {
		return nil, &usageError{pitwall.Errorf(pitwall.InvalidInput, "--data or --symbols is missing").Hintf("pitwall alpaca-fake --data prices.csv --symbols AAPL")}
	}
	var inputs []history.Input
	for _, name := range f.data {
		inputs = append(inputs, history.Disk(name))
	}
	s, err := driver.NewFakeAlpaca(ctx, inputs, strings.Split(f.symbols, ","), f.from, f.to, pitwall.Int(f.cash), f.margin)
	if pitwall.CodeOf(err) == pitwall.InvalidInput {
		err = &usageError{err}
	}
	return s, err
}

func (a *app) serveFake(ctx context.Context, f fakeFlags) error {
	ctx, cancel := a.stoppable(ctx)
	defer cancel()
	s, err := f.fake(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.addr)
	if err != nil {
		return fmt.Errorf("serving on %s: %w", f.addr, err)
	}
	fmt.Fprintf(a.stderr, "pitwall: serving http://%s as Alpaca, trade updates at ws://%s/stream: %s at %s\n", l.Addr(), l.Addr(), f.symbols, s.Now().Format(time.RFC3339))
	web := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(l) }()
	stepped := make(chan error, 1)
	go func() { stepped <- f.walk(ctx, s) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	cancel()
	s.Close()
	return errors.Join(err, web.Close(), <-stepped)
}

// walk makes a bar known every so often, until none is left or ctx ends.
func (f fakeFlags) walk(ctx context.Context, s *alpacafake.Server) error {
	for f.every > 0 && hostSleep(ctx, f.every) == nil {
		if err := s.Step(ctx); errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
