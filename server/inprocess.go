package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
	"pitwall/tools"
)

// ServeInProcess serves a single world to a client in the same process, as a loop needs it.
// Tools run on the goroutine of their caller, and a result's structured part is a
// [json.RawMessage]; everything else goes over a [Pipe]. The returned function ends both
// sides. Any client in other processes goes through [New] and a transport instead.
func ServeInProcess(ctx context.Context, version string, w *pitwall.World, external []tools.External, log *slog.Logger) (*mcp.ClientSession, func() error, error) {
	registry := NewRegistry(noBuilder{})
	if err := registry.Put(pitwall.Caller{Principal: pitwall.Local}, Main, w); err != nil {
		return nil, nil, err
	}
	set, err := tools.NewWith(log, registry, external)
	if err != nil {
		return nil, nil, err
	}
	set.Fit(tools.UseOf(w))
	s := New(version, registry, log, set)
	near, far := Pipe()
	ctx, cancel := context.WithCancel(ctx)
	ss, err := s.Connect(ctx, far)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("starting the server: %w", err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "pitwall-loop", Version: version}, nil)
	client.AddSendingMiddleware(s.direct(ss))
	cs, err := client.Connect(ctx, near, &mcp.ClientSessionOptions{ProtocolVersion: LoopProtocol})
	if err != nil {
		cancel()
		return nil, nil, errors.Join(fmt.Errorf("connecting to the server: %w", err), ss.Close())
	}
	return cs, func() error {
		defer cancel()
		return errors.Join(cs.Close(), ss.Close())
	}, nil
}

// direct answers a client's tools/call where it is made: what would only be encoded to be
// decoded is handed over, and neither side waits to be woken. What the SDK would refuse
// goes to it.
func (s *Server) direct(ss *mcp.ServerSession) mcp.Middleware {
	serve := s.aliases(s.recover(func(ctx context.Context, _ string, req mcp.Request) (mcp.Result, error) {
		call := req.(*mcp.CallToolRequest)
		t, _ := s.set.Find(call.Params.Name)
		return s.handler(t)(ctx, call)
	}))
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			call, ok := req.GetParams().(*mcp.CallToolParams)
			if !ok {
				return next(ctx, method, req)
			}
			t, ok := s.set.Find(call.Name)
			if !ok || t.Open { // who waits for a tool outside must not depend on when it returns
				return next(ctx, method, req)
			}
			args, ok := encode(call.Arguments)
			if !ok || ctx.Err() != nil {
				return next(ctx, method, req)
			}
			res, err := serve(ctx, method, &mcp.CallToolRequest{Session: ss, Params: &mcp.CallToolParamsRaw{Meta: call.Meta, Name: call.Name, Arguments: args}})
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("calling %q: %w", method, err)
			}
			return asSent(res.(*mcp.CallToolResult))
		}
	}
}

// encode returns arguments as the SDK writes them, and whether it would read them.
func encode(arguments any) (raw json.RawMessage, ok bool) {
	const deep = 1000 // levels; the SDK reads no more
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(arguments)
	raw = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return raw, err == nil && bytes.Count(raw, []byte("{"))+bytes.Count(raw, []byte("[")) < deep
}

// asSent replaces bytes of a text that JSON cannot carry, as the wire does.
func asSent(r *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	for _, c := range r.Content {
		t, ok := c.(*mcp.TextContent)
		if !ok || utf8.ValidString(t.Text) {
			continue
		}
		raw, err := json.Marshal(t.Text)
		if err == nil {
			err = json.Unmarshal(raw, &t.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// noBuilder is the builder of a registry that has its one world already.
type noBuilder struct{}

func (noBuilder) Build(context.Context, pitwall.Caller, string, tools.StartRequest) (*pitwall.World, error) {
	return nil, pitwall.Errorf(pitwall.Unsupported, "a run has one world")
}

func (noBuilder) Offer() []tools.OfferedData { return nil }
