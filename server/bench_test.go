package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall/server"
)

// BenchmarkTransports is a turn of an agent that does nothing ("clock") and of one that
// asks for a price ("price"), beside a call of a typed echo of the same SDK, over each
// transport. A price is two calls. Compare only figures of one run:
//
//	go test ./server -run xxx -bench Transports -benchtime 3000x -count 5
func BenchmarkTransports(b *testing.B) {
	server.TuneGC()
	for _, over := range []string{"inprocess", "stdio", "http"} {
		b.Run(over+"/echo", func(b *testing.B) {
			cs := echo(b, over)
			measure(b, cs, &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"symbols": []string{"AAPL"}}})
		})
		b.Run(over+"/clock", func(b *testing.B) { measure(b, ours(b, over), next) })
		b.Run(over+"/price", func(b *testing.B) { measure(b, ours(b, over), next, last) })
	}
}

var (
	next = &mcp.CallToolParams{Name: "clock_next_bar", Arguments: map[string]any{}}
	last = &mcp.CallToolParams{Name: "market_last_price", Arguments: map[string]any{"symbols": []string{"AAPL"}}}
)

func measure(b *testing.B, cs *mcp.ClientSession, calls ...*mcp.CallToolParams) {
	ctx := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for _, c := range calls {
			r, err := cs.CallTool(ctx, c)
			if err != nil || r.IsError {
				b.Fatal(err, r)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
}

// ours is a client of a simulated world over a transport.
func ours(b *testing.B, over string) *mcp.ClientSession {
	s, r := newServer(b, b.N+10, "AAPL")
	switch over {
	case "inprocess":
		return inProcess(b, r)
	case "stdio":
		r1, w1 := io.Pipe()
		r2, w2 := io.Pipe()
		return connectAs(b, s, &mcp.IOTransport{Reader: r1, Writer: w2}, server.Lines(r2, w1), server.LoopProtocol)
	}
	return dial(b, serveHTTP(b, s, server.HTTPOptions{})+"/mcp", "", server.LoopProtocol)
}

// echo is a client of the SDK's server with one typed tool and nothing else.
func echo(b *testing.B, over string) *mcp.ClientSession {
	type message struct {
		Symbols []string `json:"symbols"`
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, m message) (*mcp.CallToolResult, message, error) {
		return nil, m, nil
	})
	var near, far mcp.Transport
	switch over {
	case "inprocess":
		near, far = mcp.NewInMemoryTransports()
	case "stdio":
		r1, w1 := io.Pipe()
		r2, w2 := io.Pipe()
		near, far = &mcp.IOTransport{Reader: r1, Writer: w2}, &mcp.IOTransport{Reader: r2, Writer: w1}
	case "http":
		h := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil))
		b.Cleanup(h.Close)
		return dial(b, h.URL, "", server.LoopProtocol)
	}
	ss, err := s.Connect(context.Background(), far, nil)
	require.NoError(b, err)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(context.Background(), near, &mcp.ClientSessionOptions{ProtocolVersion: server.LoopProtocol})
	require.NoError(b, err)
	b.Cleanup(func() { _ = cs.Close(); _ = ss.Close() })
	return cs
}
