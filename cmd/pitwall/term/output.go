package term

import (
	"errors"
	"os"
	"sync"
)

// Output is stdout. It remembers the first write that failed, so that no verb ends
// well without its output, whatever it prints with. It is safe for concurrent use.
type Output struct {
	file   *os.File
	closed bool // from the start: Go has opened the null device in its place

	mu  sync.Mutex
	err error
}

var errClosed = errors.New("it is closed")

// NewOutput returns the output that f is.
func NewOutput(f *os.File) *Output {
	return &Output{file: f, closed: f.Fd() == 1 && stdoutWasClosed()}
}

// Write implements io.Writer. After the first write that failed each one returns its
// error.
func (o *Output) Write(b []byte) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	if o.Closed() {
		o.err = errClosed
		return 0, o.err
	}
	n, o.err = o.file.Write(b)
	return n, o.err
}

// Err returns the error of the first write that failed.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Closed reports whether the program was started without a stdout.
func (o *Output) Closed() bool { return o.closed }

// Fd returns the descriptor, to ask whether it is a terminal.
func (o *Output) Fd() uintptr { return o.file.Fd() }

// Name returns the file's name.
func (o *Output) Name() string { return o.file.Name() }
