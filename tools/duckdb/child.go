package duckdb

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// RunWorkerIfChild turns this process into a SQL worker when a world's tables started it as
// one; otherwise it returns at once. Call it first in main and in TestMain.
func RunWorkerIfChild() {
	mainCalled.Store(true)
	if os.Getenv(marker) == "" {
		return
	}
	serve(func(e *engine, ctx context.Context, q query) response { return e.query(ctx, q) })
}

// serve answers requests from descriptor 3 on descriptor 4 until the other end
// is closed. It does not return.
func serve(answer func(*engine, context.Context, query) response) {
	// A Ctrl-C at the terminal, or its end, is meant for the program that started us; that we
	// are not needed any more we learn from the end of the input.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	s := newStream(os.NewFile(3, "requests"), os.NewFile(4, "responses"))
	type job struct {
		request
		ctx    context.Context
		cancel context.CancelFunc
	}
	jobs := make(chan job)
	go func() {
		interrupt := func() {}
		for {
			var r request
			if err := s.receive(&r); err != nil {
				os.Exit(0) // even in the middle of a query
			}
			if r.Interrupt {
				interrupt()
				continue
			}
			ctx, cancel := context.WithCancel(context.Background())
			interrupt = cancel
			jobs <- job{r, ctx, cancel}
		}
	}()
	ctx := context.Background()
	e := &engine{}
	for r := range jobs {
		var a response
		switch {
		case r.Open != nil:
			a = failed("opening the SQL engine", e.open(ctx, *r.Open))
			if a.Internal == "" {
				a = failed("limiting the SQL worker's memory", limitMemory(memoryBudget))
			}
		case r.Load != nil:
			a = failed("loading known bars into SQL", e.load(ctx, *r.Load))
		case r.Query != nil:
			a = answer(e, r.ctx, *r.Query)
		}
		r.cancel()
		if err := s.send(a); err != nil {
			fmt.Fprintln(os.Stderr, "answering:", err)
			os.Exit(1)
		}
	}
}

// failed is the answer to what should not fail.
func failed(doing string, err error) response {
	if err == nil {
		return response{}
	}
	return response{Internal: doing + ": " + err.Error()}
}
