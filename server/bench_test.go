package server_test

import (
	"context"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall/server"
)

// The loops that the best-known Python framework publishes: 1,298 bars/s for an
// empty loop and 752 with one price lookup per bar (its own machine). Run with
//
//	go test ./server -run xxx -bench Bars -benchtime 20000x
func BenchmarkBars(b *testing.B) {
	transports := map[string]func() (mcp.Transport, mcp.Transport){
		"channel": func() (mcp.Transport, mcp.Transport) { return server.Pipe() },
		"stock":   func() (mcp.Transport, mcp.Transport) { a, b := mcp.NewInMemoryTransports(); return a, b },
	}
	for _, transport := range []string{"channel", "stock"} {
		for _, version := range []string{server.LoopProtocol, "2026-07-28"} {
			for _, price := range []bool{false, true} {
				name := transport + "/" + version + "/clock"
				if price {
					name += "+price"
				}
				b.Run(name, func(b *testing.B) { bars(b, transports[transport], version, price) })
			}
		}
	}
}

func bars(b *testing.B, pipe func() (mcp.Transport, mcp.Transport), version string, price bool) {
	server.TuneGC()
	s, _ := newServer(b, b.N+10, "AAPL")
	near, far := pipe()
	cs := connectAs(b, s, near, far, version)
	ctx := context.Background()
	next := &mcp.CallToolParams{Name: "clock_next_bar", Arguments: map[string]any{}}
	last := &mcp.CallToolParams{Name: "market_last_price", Arguments: map[string]any{"symbols": []string{"AAPL"}}}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r, err := cs.CallTool(ctx, next)
		if err != nil || r.IsError {
			b.Fatal(err, r)
		}
		if price {
			if r, err = cs.CallTool(ctx, last); err != nil || r.IsError {
				b.Fatal(err, r)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bars/s")
}
