package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxFrame bounds one line of the protocol.
const maxFrame = 16 << 20

// Lines returns the transport of one JSON-RPC message a line. A line that is not a
// message is answered with JSON-RPC's own error and dropped, where the SDK alone would
// end the server and its worlds. At the end of input, requests already read are answered
// before the connection ends.
func Lines(in io.Reader, out io.Writer) mcp.Transport {
	return &lines{in: in, out: out, open: map[jsonrpc.ID]bool{}, read: make(chan jsonrpc.Message), ended: make(chan struct{}), answered: make(chan struct{}, 1), closed: make(chan struct{})}
}

// lines is an mcp.Transport and its only Connection.
type lines struct {
	in   io.Reader
	out  io.Writer
	read chan jsonrpc.Message

	ended chan struct{} // closed after the last message of read; then err is set
	err   error

	answered chan struct{} // signals that open has become empty
	closed   chan struct{}
	once     sync.Once

	mu   sync.Mutex          // one line at a time
	open map[jsonrpc.ID]bool // requests without an answer
}

func (l *lines) Connect(context.Context) (mcp.Connection, error) {
	go func() {
		l.err = l.scan()
		close(l.ended)
	}()
	return l, nil
}

// scan reads lines until the end of input.
func (l *lines) scan() error {
	r := bufio.NewReaderSize(l.in, 64<<10)
	for {
		line, long, err := readLine(r)
		if long {
			err = errors.Join(err, l.send(invalid(nil, "a line of input is longer than 16 MiB").bytes()))
		} else if len(line) > 0 {
			if e := l.take(line); e != nil {
				return e
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine returns the next line without its end; what is longer than maxFrame is
// skipped.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxFrame; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(line), long, err
		}
	}
}

// take hands one line to the server, or answers it with an error.
func (l *lines) take(line []byte) error {
	if !json.Valid(line) {
		return l.send(refuse(nil, jsonrpc.CodeParseError, "Parse error: a line of input is not JSON").bytes())
	}
	if messages, batch := split(line); batch {
		return l.refuseBatch(messages)
	}
	if _, r := checkID(line); r != nil {
		return l.send(r.bytes())
	}
	m, err := jsonrpc.DecodeMessage(line)
	if err != nil {
		return l.send(invalid(nil, "a line of input is not a JSON-RPC 2.0 message").bytes())
	}
	if r, ok := m.(*jsonrpc.Request); ok && r.IsCall() && r.Method != "subscriptions/listen" { // it is answered when it is canceled
		l.mu.Lock()
		used := l.open[r.ID]
		l.open[r.ID] = true
		l.mu.Unlock()
		if used {
			return l.send(invalid(nil, "a request with this id is still running").bytes())
		}
	}
	select {
	case l.read <- m:
		return nil
	case <-l.closed:
		return io.ErrClosedPipe
	}
}

// refuseBatch answers every request of a batch, so that no caller waits for one.
func (l *lines) refuseBatch(messages []json.RawMessage) error {
	const why = "batches are not supported; send one message a line"
	asked := 0
	for _, m := range messages {
		id, _ := checkID(m)
		if id == nil {
			continue
		}
		asked++
		if err := l.send(invalid(id, why).bytes()); err != nil {
			return err
		}
	}
	if asked > 0 {
		return nil
	}
	return l.send(invalid(nil, why).bytes())
}

func (l *lines) send(message []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.out.Write(append(message, '\n'))
	return err
}

// Read returns the next message; after the last one it waits for the answers that are
// still due, since the SDK drops them once Read has failed.
func (l *lines) Read(ctx context.Context) (jsonrpc.Message, error) {
	for ended := l.ended; ; {
		select {
		case m := <-l.read:
			return m, nil
		case <-ended:
			ended = nil
		case <-l.answered:
		case <-l.closed:
			return nil, io.EOF
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if ended != nil {
			continue
		}
		l.mu.Lock()
		due := len(l.open)
		l.mu.Unlock()
		switch {
		case due > 0:
		case l.err != nil:
			return nil, l.err
		default:
			return nil, io.EOF
		}
	}
}

func (l *lines) Write(_ context.Context, m jsonrpc.Message) error {
	body, err := jsonrpc.EncodeMessage(m)
	if err != nil {
		return err
	}
	if r, ok := m.(*jsonrpc.Response); ok {
		l.mu.Lock()
		delete(l.open, r.ID) // before the line is out: the client may use the id again
		due := len(l.open)
		l.mu.Unlock()
		if due == 0 {
			defer func() {
				select {
				case l.answered <- struct{}{}:
				default:
				}
			}()
		}
	}
	return l.send(body)
}

func (l *lines) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *lines) SessionID() string { return "" }
