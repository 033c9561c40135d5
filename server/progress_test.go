package server_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
)

// slowClock takes its time for a bar.
type slowClock struct{ pitwall.Clock }

func (c slowClock) Next(ctx context.Context, after time.Time) (time.Time, error) {
	time.Sleep(30 * time.Millisecond)
	return c.Clock.Next(ctx, after)
}

// slowServer serves a world whose bars take 30 ms.
func slowServer(t *testing.T) *server.Server {
	s, r := newServer(t, 400, "AAA")
	by := pitwall.Caller{Principal: pitwall.Local}
	w, err := (&builder{src: made(400, "AAA"), symbols: []string{"AAA"}}).Build(t.Context(), by, server.Main, tools.StartRequest{})
	require.NoError(t, err)
	w.Clock = slowClock{w.Clock}
	require.NoError(t, r.Put(by, server.Main, w))
	return s
}

// A client that asks for it reads how far a long call has come, before its answer; one
// that does not reads nothing.
func TestProgress(t *testing.T) {
	for _, transport := range []string{"pipe", "lines", "http 2025-11-25", "http 2026-07-28"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := slowServer(t)
			var mu sync.Mutex
			var got []string
			stop := func() {} // ends a query that has no end
			client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ClientOptions{
				ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, fmt.Sprintf("%v %s %v", r.Params.ProgressToken, r.Params.Message, r.Params.Total))
					stop()
					if r.Params.Message == "bars passed" && (r.Params.Progress < 1 || r.Params.Progress > 39) {
						t.Errorf("%v bars passed", r.Params.Progress)
					}
				}})
			near, version := serveOver(t, s, transport)
			cs, err := client.Connect(t.Context(), near, &mcp.ClientSessionOptions{ProtocolVersion: version})
			require.NoError(t, err)
			defer cs.Close()
			ask := func(tool, token string, args map[string]any) []string {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				mu.Lock()
				got = nil
				if tool == "duckdb_query" {
					stop = cancel
				}
				mu.Unlock()
				p := &mcp.CallToolParams{Name: tool, Arguments: args}
				if token != "" {
					p.SetProgressToken(token)
				}
				if _, err := cs.CallTool(ctx, p); tool != "duckdb_query" {
					require.NoError(t, err)
				}
				mu.Lock()
				defer mu.Unlock()
				return slices.Compact(got)
			}
			require.Equal(t, []string{"bars-1 bars passed 40"}, ask("clock_next_bar", "bars-1", map[string]any{"bars": 40}))
			require.Empty(t, ask("clock_now", "quick", nil), "it is over at once")
			switch transport {
			case "pipe":
				require.Equal(t, []string{"until bars passed 0"}, ask("clock_next_bar", "until", map[string]any{"until": "2020-03-25"}), "the end is not known")
			case "lines":
				require.Empty(t, ask("clock_next_bar", "", map[string]any{"bars": 40}))
			default:
				require.Equal(t, []string{"sql running 0"}, ask("duckdb_query", "sql", map[string]any{"sql": endless}))
			}
		})
	}
}

// serveOver serves over a kind of transport, and returns the client's side of it.
func serveOver(t *testing.T, s *server.Server, kind string) (mcp.Transport, string) {
	if len(kind) > 5 && kind[:4] == "http" {
		return &mcp.StreamableClientTransport{Endpoint: serveHTTP(t, s, server.HTTPOptions{}) + "/mcp", DisableStandaloneSSE: true}, kind[5:]
	}
	near, far := server.Pipe()
	if kind == "lines" {
		r1, w1 := io.Pipe()
		r2, w2 := io.Pipe()
		near, far = &mcp.IOTransport{Reader: r1, Writer: w2}, server.Lines(r2, w1)
	}
	ss, err := s.Connect(context.Background(), far)
	require.NoError(t, err)
	t.Cleanup(func() { ss.Close() })
	return near, server.LoopProtocol
}
