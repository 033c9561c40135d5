package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"pitwall"
)

// marker is the environment variable that makes a program a worker.
const marker = "PITWALL_DUCKDB_WORKER"

// mainCalled says that this program calls Main first, so that starting it again
// makes a worker and not a second program.
var mainCalled atomic.Bool

// errGone says that a worker ended before it answered.
var errGone = errors.New("the SQL worker ended")

// errKilled says that a worker was killed, and not by this program: by hand, or by the
// system for lack of memory.
var errKilled = errors.New("the SQL worker was killed")

// worker is a running process that holds one world's rows.
type worker struct {
	cmd    *exec.Cmd
	in     *os.File // requests
	out    *os.File // responses
	stream *stream
	stderr *tail
	ended  chan struct{} // closed once the process was reaped
}

// start runs a worker: command, or this program again.
func start(command, env []string) (*worker, error) {
	if len(command) == 0 {
		if !mainCalled.Load() {
			return nil, pitwall.Errorf(pitwall.NoCoverage, "this program has no SQL worker").Hintf("the program's author calls duckdb.RunWorkerIfChild() first in main (and in TestMain), or names a worker command")
		}
		self, err := itself()
		if err != nil {
			return nil, fmt.Errorf("finding this program to start the SQL worker: %w", err)
		}
		command = []string{self}
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the SQL worker: %w", err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the SQL worker: %w", err), theirIn.Close(), in.Close())
	}
	w := &worker{cmd: exec.Command(command[0], command[1:]...), in: in, out: out, stream: newStream(out, in), stderr: &tail{}, ended: make(chan struct{})}
	w.cmd.Args[0] = "pitwall-sql"
	w.cmd.Env = append([]string{marker + "=1"}, env...) // nothing of ours: no key, no path
	w.cmd.ExtraFiles = []*os.File{theirIn, theirOut}    // descriptors 3 and 4; 1 goes nowhere
	w.cmd.Stderr = w.stderr
	err = w.cmd.Start()
	err = errors.Join(err, theirIn.Close(), theirOut.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the SQL worker: %w", err), in.Close(), out.Close())
	}
	go func() {
		_ = w.cmd.Wait() // how it ended is told by what it did not answer
		close(w.ended)
	}()
	return w, nil
}

// alive reports whether the process is still there.
func (w *worker) alive() bool {
	select {
	case <-w.ended:
		return false
	default:
		return true
	}
}

// call sends one request and waits for its answer. When the time is over, or ctx ends,
// the process is killed. hangUp interrupts a query: the process goes on, unless it does
// not answer within patience.
func (w *worker) call(ctx context.Context, hangUp <-chan struct{}, r request, limit time.Duration) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = w.cmd.Process.Kill() })()
	var a response
	err := w.stream.send(r)
	if err == nil {
		answered, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			w.interrupt(hangUp, answered)
		}()
		err = w.stream.receive(&a)
		close(answered)
		<-done
	}
	if err != nil {
		_ = w.cmd.Process.Kill() // half an answer is no answer
		<-w.ended
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		if hungUp := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE); hungUp && w.cmd.ProcessState.String() == "signal: killed" {
			err = fmt.Errorf("%w: %w", errKilled, err)
		}
		return a, fmt.Errorf("%w: %w: %s", errGone, err, w.stderr)
	}
	if a.Internal != "" {
		return a, errors.New(a.Internal)
	}
	return a, nil
}

// interrupt stops the running query when hangUp is closed before it is answered.
func (w *worker) interrupt(hangUp, answered <-chan struct{}) {
	select {
	case <-answered:
		return
	case <-hangUp:
	}
	if err := w.stream.send(request{Interrupt: true}); err == nil {
		late, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		select {
		case <-answered:
			return
		case <-late.Done():
		}
	}
	_ = w.cmd.Process.Kill()
}

// close ends the process and waits for it.
func (w *worker) close() error {
	err := w.in.Close() // the worker ends at the end of its input
	_ = w.cmd.Process.Kill()
	<-w.ended
	return errors.Join(err, w.out.Close())
}

// tail keeps the last bytes written to it: what a dying worker said.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - most; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}
