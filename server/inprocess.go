package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
	"pitwall/tools"
)

// ServeInProcess serves a single world to a client in the same process, as a loop needs it.
// The returned function ends both sides. Any client in other processes goes
// through [New] and a transport instead.
func ServeInProcess(ctx context.Context, version string, w *pitwall.World, external []tools.External, log *slog.Logger) (*mcp.ClientSession, func() error, error) {
	registry := NewRegistry(noBuilder{})
	if err := registry.Put(pitwall.Caller{Principal: pitwall.Local}, Main, w); err != nil {
		return nil, nil, err
	}
	set, err := tools.NewWith(log, registry, external)
	if err != nil {
		return nil, nil, err
	}
	if !w.Events {
		set.Remove(tools.EventsTool)
	}
	s := New(version, registry, log, set)
	near, far := Pipe()
	ctx, cancel := context.WithCancel(ctx)
	ss, err := s.Connect(ctx, far)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("starting the server: %w", err)
	}
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "pitwall-loop", Version: version}, nil).
		Connect(ctx, near, &mcp.ClientSessionOptions{ProtocolVersion: LoopProtocol})
	if err != nil {
		cancel()
		return nil, nil, errors.Join(fmt.Errorf("connecting to the server: %w", err), ss.Close())
	}
	return cs, func() error {
		defer cancel()
		return errors.Join(cs.Close(), ss.Close())
	}, nil
}

// noBuilder is the builder of a registry that has its one world already.
type noBuilder struct{}

func (noBuilder) Build(context.Context, pitwall.Caller, string, tools.StartRequest) (*pitwall.World, error) {
	return nil, pitwall.Errorf(pitwall.Unsupported, "a run has one world")
}

func (noBuilder) Offer() []tools.OfferedData { return nil }
