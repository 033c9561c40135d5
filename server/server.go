package server

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
	"pitwall/tools"
)

// worldHeader carries the world's name from the URL to the handler. The HTTP
// handler overwrites whatever a client sends under this name.
const worldHeader = "Pitwall-World"

// worldIDHeader states a world's id for clients that cannot send _meta.
const worldIDHeader = "Pitwall-World-Id"

// requestHeader carries the number of the HTTP request that a call came with.
const requestHeader = "Pitwall-Request"

// Server is one *mcp.Server over a registry of worlds.
type Server struct {
	MCP      *mcp.Server
	set      *tools.Set
	registry *Registry
	log      *slog.Logger

	count    atomic.Uint64
	requests sync.Map // of HTTP: number -> context.Context, until it is answered
}

// New builds the server: every tool of the set and every prompt, recovery first.
func New(version string, r *Registry, log *slog.Logger, set *tools.Set) *Server {
	s := &Server{registry: r, log: log, set: set}
	s.MCP = mcp.NewServer(&mcp.Implementation{Name: "pitwall", Title: "Pitwall", Version: version}, &mcp.ServerOptions{
		Instructions: instructions,
		Logger:       log,
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}, Prompts: &mcp.PromptCapabilities{}, Resources: &mcp.ResourceCapabilities{}},
		// What a caller sees is the caller's own.
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) { c.CacheScope = "private" },
	})
	s.MCP.AddReceivingMiddleware(s.aliases, s.recover)
	for _, t := range s.set.Tools() {
		s.MCP.AddTool(describe(t), s.handler(t))
	}
	s.addPrompts()
	s.addViews()
	return s
}

// Connect serves one connection in the background, until ctx ends or the other
// side closes.
func (s *Server) Connect(ctx context.Context, t mcp.Transport) (*mcp.ServerSession, error) {
	return s.MCP.Connect(ctx, t, nil)
}

// Run serves one connection until it closes.
func (s *Server) Run(ctx context.Context, t mcp.Transport) error { return s.MCP.Run(ctx, t) }

// describe turns a tool into what MCP lists.
func describe(t *tools.Tool) *mcp.Tool {
	open, destructive := t.Open, t.Destructive
	meta := mcp.Meta{pitwall.MetaEffect: t.Effect.String()}
	if t.Identity != "" {
		meta[pitwall.MetaIdentity] = t.Identity
	}
	if t.View != "" {
		meta[uiKey] = map[string]any{"resourceUri": t.View}
	}
	return &mcp.Tool{Meta: meta, Name: t.Name, Title: t.Title, Description: t.Description, InputSchema: t.In, OutputSchema: t.Out,
		Annotations: &mcp.ToolAnnotations{Title: t.Title, ReadOnlyHint: t.Effect <= tools.Setup, IdempotentHint: t.Idempotent, DestructiveHint: &destructive, OpenWorldHint: &open}}
}

// handler resolves the caller's world on every call.
func (s *Server) handler(t *tools.Tool) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		by, name := caller(req)
		ctx = pitwall.WithCause(pitwall.WithCaller(ctx, by), cause(req.Params.Meta))
		if t.Effect < tools.Change { // what has an effect is finished
			var stop func()
			ctx, stop = s.untilHangUp(ctx, req)
			defer stop()
		}
		ctx, end := progress(ctx, req)
		defer end()
		w, err := s.registry.World(ctx, by, name)
		if err == nil {
			err = checkWorld(req, w)
		}
		var a tools.Answer
		if err != nil {
			a = s.set.Explain(ctx, w, t.Name, req.Params.Arguments, err)
		} else {
			a = s.set.Call(ctx, w, t.Name, req.Params.Arguments)
		}
		r := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: a.Text}}, StructuredContent: a.JSON, IsError: a.IsError}
		for _, i := range a.Images {
			r.Content = append(r.Content, &mcp.ImageContent{MIMEType: i.MIME, Data: i.Data})
		}
		r.Meta = mcp.Meta{}
		if a.Digest != "" {
			r.Meta[pitwall.MetaDigest] = a.Digest
		}
		if a.World != "" {
			r.Meta[pitwall.MetaWorld] = a.World
		}
		if a.FutureDated != nil {
			r.Meta[pitwall.MetaFuture] = a.FutureDated
		}
		return r, nil
	}
}

// untilHangUp ends a call's context when its HTTP caller hangs up: the SDK ends it only
// for a notification that cancels it.
func (s *Server) untilHangUp(ctx context.Context, req *mcp.CallToolRequest) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if req.Extra != nil {
		if r, ok := s.requests.Load(req.Extra.Header.Get(requestHeader)); ok {
			stop := context.AfterFunc(r.(context.Context), cancel)
			return ctx, func() { stop(); cancel() }
		}
	}
	return ctx, cancel
}

// caller says who calls, and about which world.
func caller(req *mcp.CallToolRequest) (pitwall.Caller, string) {
	by, name := pitwall.Caller{Principal: pitwall.Local, Role: "trader"}, Main
	if req.Params != nil {
		by.Shadow = gives(req.Params.Meta, pitwall.MetaShadow)
		by.ReadOnly = by.Shadow || gives(req.Params.Meta, pitwall.MetaReadOnly)
	}
	if x := req.Extra; x != nil {
		if x.TokenInfo != nil {
			by.Principal = x.TokenInfo.UserID
		}
		if n := x.Header.Get(worldHeader); n != "" {
			name = n
		}
	}
	return by, name
}

// gives reports whether a call gives up a right: only false keeps it.
func gives(meta mcp.Meta, right string) bool {
	value, given := meta[right]
	keep, isBool := value.(bool)
	return given && (keep || !isBool)
}

// checkWorld refuses a call that states another world than the one that would answer:
// its caller may have traded in one that a restart or sim_start ended.
func checkWorld(req *mcp.CallToolRequest, w *pitwall.World) error {
	stated, _ := req.Params.Meta[pitwall.MetaWorld].(string)
	if stated == "" && req.Extra != nil {
		stated = req.Extra.Header.Get(worldIDHeader)
	}
	if stated == "" || stated == w.ID {
		return nil
	}
	return pitwall.Errorf(pitwall.WorldChanged, "this call is for world %q, and world %s is now %q: the server restarted or sim_start began it again; nothing was done", tools.OneLine(stated, 40), w.Name, w.ID).
		Hintf("sim_status says where the new world stands; then state %s, or no world", w.ID)
}

// cause reads the turn and role that the caller says its call belongs to; zero: it
// says none.
func cause(meta mcp.Meta) pitwall.Cause {
	n, _ := meta[pitwall.MetaTurn].(float64)
	if i, ok := meta[pitwall.MetaTurn].(int); ok { // of a client in this process
		n = float64(i)
	}
	if n < 1 || n > math.MaxInt32 || n != math.Trunc(n) {
		return pitwall.Cause{}
	}
	role, _ := meta[pitwall.MetaRole].(string)
	return pitwall.Cause{Turn: int(n), Role: role}
}

// aliases accepts dotted tool names (account.positions), which are never listed:
// some hosts drop a whole list for one dot.
func (s *Server) aliases(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if call, ok := req.(*mcp.CallToolRequest); ok {
			if t, ok := s.set.Find(call.Params.Name); ok {
				call.Params.Name = t.Name
			}
		}
		return next(ctx, method, req)
	}
}

// recover keeps one broken request from ending the process and every agent's
// session with it.
func (s *Server) recover(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("panic", "method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				res, err = nil, fmt.Errorf("%s failed unexpectedly; the operator finds the details in the server's log", method)
			}
		}()
		return next(ctx, method, req)
	}
}
