package external

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
)

// server is one MCP server with at most one connection. The connection is made
// when needed, and once more when it is lost.
type server struct {
	spec   Spec
	values *values
	o      Options

	lock sync.Mutex // guards the fields below; who holds it is bounded by a timeout
	conn *conn
	// What the tools were when the process started, and those that differ since.
	listing  map[string]listed // as last listed
	pinned   map[string]string
	disabled map[string]error
	closed   bool

	closing sync.WaitGroup // lost connections that are being closed
}

// conn is one connection.
type conn struct {
	session     *mcp.ClientSession
	cancel      context.CancelFunc // ends every request of it
	listChanged atomic.Bool        // the server said that its list changed
	tooBig      atomic.Bool        // an answer was over the cap
	streamEnded atomic.Bool        // the stream that announces changes has ended
}

func newServer(s Spec, v *values, o Options) *server {
	return &server{spec: s, values: v, o: o, pinned: map[string]string{}, disabled: map[string]error{}}
}

// dial makes a connection. It is given up with ctx even where the SDK waits
// longer.
func (x *server) dial(ctx context.Context) (*conn, error) {
	life, cancel := context.WithCancel(context.Background())
	l := &conn{cancel: cancel}
	// No handlers: a server that asks for sampling, elicitation or roots is refused.
	client := mcp.NewClient(&mcp.Implementation{Name: "pitwall", Version: "1"}, &mcp.ClientOptions{
		Logger:                 slog.New(slog.DiscardHandler), // it would log the server's words
		Capabilities:           &mcp.ClientCapabilities{},
		MultiRoundTrip:         &mcp.MultiRoundTripOptions{Disabled: true},
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { l.listChanged.Store(true) },
	})
	client.AddReceivingMiddleware(refuseRequests)
	type result struct {
		session *mcp.ClientSession
		err     error
	}
	done := make(chan result, 1)
	x.closing.Go(func() {
		session, err := client.Connect(ctx, x.transport(life, l), nil)
		done <- result{session, err}
	})
	select {
	case r := <-done:
		if r.err != nil {
			cancel()
			return nil, r.err
		}
		l.session = r.session
		return l, nil
	case <-ctx.Done():
		cancel()
		x.closing.Go(func() {
			if r := <-done; r.session != nil {
				_ = r.session.Close()
			}
		})
		return nil, ctx.Err()
	}
}

// refuseRequests answers a server that asks for something; the SDK would list no
// roots, which is an answer too.
func refuseRequests(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if method != "ping" && !strings.HasPrefix(method, "notifications/") {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "this client answers no requests"}
		}
		return next(ctx, method, req)
	}
}

func (x *server) transport(life context.Context, l *conn) mcp.Transport {
	if x.spec.MCP.URL != "" {
		hc := sameHost(x.o.Client)
		base := hc.Transport
		if base == nil {
			base = http.DefaultTransport
		}
		hc.Transport = &guarded{life: life, base: base, url: x.spec.MCP.URL, headers: x.values.headers, conn: l}
		return &mcp.StreamableClientTransport{Endpoint: x.spec.MCP.URL, HTTPClient: hc, MaxRetries: 1, MaxEventSize: maxBytes + 1<<20}
	}
	c := x.spec.MCP.Command
	cmd := exec.CommandContext(life, c[0], c[1:]...)
	// Of the environment only what a program needs to run: the rest holds keys.
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG"} {
		if v := x.o.Env(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.values.env)) {
		cmd.Env = append(cmd.Env, name+"="+x.values.env[name])
	}
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would be all of it
	}
	return &mcp.CommandTransport{Command: cmd, TerminateDuration: terminate}
}

// ready returns a connection whose tools are what was pinned. The caller holds
// the lock.
func (x *server) ready(ctx context.Context) (*conn, error) {
	if x.closed {
		return nil, &Error{Message: "its connection was closed", Hint: "decide without it"}
	}
	if x.conn != nil && x.conn.streamEnded.Load() {
		x.drop(x.conn) // it would not see a change any more
	}
	var err error
	switch {
	case x.conn == nil:
		if x.conn, err = x.dial(ctx); err != nil {
			return nil, err
		}
	case !x.conn.listChanged.Load():
		return x.conn, nil
	}
	x.conn.listChanged.Store(false) // before listing: a change during it counts
	list, err := listOf(ctx, x.conn.session)
	if err != nil {
		x.drop(x.conn)
		return nil, err
	}
	x.listing = list
	x.compare(ctx, list)
	return x.conn, nil
}

// compare disables what is no longer what was pinned, for good: a tool that
// changes back may change again.
func (x *server) compare(ctx context.Context, list map[string]listed) {
	for _, name := range slices.Sorted(maps.Keys(x.pinned)) {
		now := "none: it is gone"
		if l, ok := list[name]; ok {
			now = l.digest()
		}
		if now != x.pinned[name] && x.disabled[name] == nil {
			x.disabled[name] = changed(x.spec.local(name), x.pinned[name], now)
			x.o.Log.ErrorContext(ctx, "external tool changed and is disabled", "tool", x.spec.local(name), "old", x.pinned[name], "new", now)
		}
	}
}

// list connects and lists.
func (x *server) list(ctx context.Context) (map[string]listed, error) {
	x.lock.Lock()
	defer x.lock.Unlock()
	_, err := x.ready(ctx)
	return x.listing, err
}

func listOf(ctx context.Context, session *mcp.ClientSession) (map[string]listed, error) {
	list := map[string]listed{}
	n := 0
	for t, err := range session.Tools(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if n++; n > maxListed {
			return nil, &Error{Message: fmt.Sprintf("it lists over %d tools", maxListed), Hint: "decide without it"}
		}
		schema, err := json.Marshal(t.InputSchema)
		if err != nil {
			return nil, fmt.Errorf("a schema cannot be read: %w", err)
		}
		list[t.Name] = listed{t.Name, t.Description, schema}
	}
	return list, nil
}

// call calls a tool; over a new connection once when the old one is lost.
func (x *server) call(ctx context.Context, tool string, args map[string]json.RawMessage) (Payload, error) {
	if err := x.values.need(x.spec.local(tool)); err != nil {
		return Payload{}, err
	}
	for attempt := 1; ; attempt++ {
		l, err := x.acquire(ctx, tool)
		if err != nil {
			return Payload{}, x.values.explain(err)
		}
		r, err := l.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
		if err == nil {
			return x.content(r)
		}
		if answer, ok := errors.AsType[*jsonrpc.Error](err); ok && !isLost(err, answer) {
			return Payload{}, &Error{Message: "it refused the call", Hint: "change the arguments, or decide without it", Quote: x.values.redact(answer.Message)}
		}
		x.lose(l) // also after a timeout: a late answer must not be read as the next one
		switch {
		case l.tooBig.Load() || strings.Contains(err.Error(), "maximum line length"): // of a process; the SDK exports no error for it
			return Payload{}, &Error{Message: fmt.Sprintf("its answer is larger than %d bytes", maxBytes), Hint: "ask for less"}
		case ctx.Err() != nil:
			return Payload{}, ctx.Err()
		case attempt == 2:
			return Payload{}, x.values.explain(err)
		}
		x.o.Log.WarnContext(ctx, "connection lost; connecting once more", "server", x.spec.Name, "err", x.values.redact(err.Error()))
	}
}

// isLost reports whether an error is one of the connection, not an answer of the
// server. The SDK gives both codes: client closing, server closing, rejected by transport.
func isLost(err error, answer *jsonrpc.Error) bool {
	return errors.Is(err, mcp.ErrConnectionClosed) || answer.Code <= -32003 && answer.Code >= -32005
}

// acquire returns a connection for a tool that is still what was pinned.
func (x *server) acquire(ctx context.Context, tool string) (*conn, error) {
	x.lock.Lock()
	defer x.lock.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err // waited too long
	}
	if err := x.disabled[tool]; err != nil {
		return nil, err
	}
	l, err := x.ready(ctx)
	if err == nil {
		err = x.disabled[tool]
	}
	return l, err
}

// lose gives a connection up.
func (x *server) lose(l *conn) {
	x.lock.Lock()
	defer x.lock.Unlock()
	x.drop(l)
}

// drop closes a connection in the background. The caller holds the lock.
func (x *server) drop(l *conn) {
	if x.conn == l {
		x.conn = nil
	}
	l.cancel()
	x.closing.Go(func() { _ = l.session.Close() })
}

// close ends the connection and waits until everything of it has ended.
func (x *server) close() {
	x.lock.Lock()
	l := x.conn
	x.conn, x.closed = nil, true
	x.lock.Unlock()
	if l != nil {
		_ = l.session.Close() // given up anyway
		l.cancel()
	}
	x.closing.Wait()
}

// startError says why a server could not be listed at start.
func (x *server) startError(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*pitwall.Error](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return pitwall.Errorf(pitwall.Timeout, "tool %s: the MCP server did not answer within %v", x.spec.Name, cmp.Or(x.spec.MCP.Timeout, defaultTimeout)).Hintf("check that it runs at %s", x.spec.server())
	}
	return pitwall.Errorf(pitwall.ExternalFailed, "tool %s: the MCP server cannot be used: %.300s", x.spec.Name, x.values.redact(err.Error())).Hintf("check that it runs at %s", x.spec.server())
}
