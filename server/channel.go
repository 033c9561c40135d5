package server

import (
	"context"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// LoopProtocol is the protocol version for a client in the same process. The
// newest one carries and checks client metadata in every request, which costs
// about as much again as the call itself; over a pipe there is nothing in it
// that both ends do not know.
const LoopProtocol = "2025-11-25"

// Pipe returns two connected transports that hand message values over Go
// channels within one process: no bytes, no framing.
func Pipe() (client, server mcp.Transport) {
	a, b := make(chan jsonrpc.Message, 16), make(chan jsonrpc.Message, 16)
	done := &closing{ch: make(chan struct{})}
	return &half{in: a, out: b, done: done}, &half{in: b, out: a, done: done}
}

// closing closes both halves once.
type closing struct {
	once sync.Once
	ch   chan struct{}
}

// half is one end: an mcp.Transport and its only Connection.
type half struct {
	in   <-chan jsonrpc.Message
	out  chan<- jsonrpc.Message
	done *closing
}

func (h *half) Connect(context.Context) (mcp.Connection, error) { return h, nil }

// Read returns what was already sent even when the other end has closed.
func (h *half) Read(ctx context.Context) (jsonrpc.Message, error) {
	select {
	case m := <-h.in:
		return m, nil
	default:
	}
	select {
	case m := <-h.in:
		return m, nil
	case <-h.done.ch:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *half) Write(ctx context.Context, m jsonrpc.Message) error {
	select {
	case <-h.done.ch:
		return io.ErrClosedPipe
	default:
	}
	select {
	case h.out <- m:
		return nil
	case <-h.done.ch:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *half) Close() error {
	h.done.once.Do(func() { close(h.done.ch) })
	return nil
}

func (h *half) SessionID() string { return "" }
