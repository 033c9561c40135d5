package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/server"
	"pitwall/sim"
	"pitwall/sim/wall"
	"pitwall/tools"
	"pitwall/tools/duckdb"
)

// walk is a source of made-up bars: a deterministic walk per symbol.
type walk struct{ series []*pitwall.Series }

func (w walk) Series() []*pitwall.Series { return w.series }
func (w walk) Actions() []pitwall.Action { return nil }

var newYork = func() *time.Location {
	z, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return z
}()

// made returns bars of symbols over n days from 2020-01-01.
func made(n int, symbols ...string) walk {
	var src walk
	for k, symbol := range symbols {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
		price, state := int64(100+10*k), uint64(k+1)
		for d := range n {
			state = state*6364136223846793005 + 1442695040888963407
			open := price
			price = max(10, price+int64(state>>61)-3)
			b := pitwall.Bar{Open: pitwall.Int(open), Close: pitwall.Int(price), High: pitwall.Int(max(open, price) + 1), Low: pitwall.Int(min(open, price) - 1), Volume: 1e6}
			b.Start = time.Date(2020, 1, 1+d, 9, 30, 0, 0, newYork)
			b.End = time.Date(2020, 1, 1+d, 16, 0, 0, 0, newYork)
			b.Known = b.End
			if err := s.Append(b); err != nil {
				panic(err)
			}
		}
		src.series = append(src.series, s)
	}
	return src
}

// builder builds worlds over a source.
type builder struct {
	src     walk
	other   pitwall.Source // instead of src, if given
	symbols []string

	mu    sync.Mutex
	built []*pitwall.World
}

func (b *builder) Build(_ context.Context, _ pitwall.Caller, name string, r tools.StartRequest) (*pitwall.World, error) {
	j := &pitwall.MemoryJournal{}
	src := pitwall.Source(b.src)
	if b.other != nil {
		src = b.other
	}
	cash := pitwall.Int(100_000)
	if r.Cash != nil {
		cash = *r.Cash
	}
	costs := pitwall.Costs{CommissionBps: pitwall.Int(10), SlippageBps: pitwall.Int(5), CashBuffer: pitwall.One / 50}
	v, err := sim.New(sim.Config{Source: src, Symbols: b.symbols, From: time.Date(2020, 1, 5, 0, 0, 0, 0, newYork), Cash: cash, Costs: costs, Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}, Journal: j})
	if err != nil {
		return nil, err
	}
	m := wall.New(src, v.Now, b.symbols)
	w := &pitwall.World{Name: name, Mode: pitwall.Sim, Clock: v, Market: m, Instruments: m, Broker: risk.New(v, j, v, nil, nil, risk.NoLimits()),
		Tables: duckdb.New(m, v.Now, newYork), Journal: j, Costs: costs, Zone: newYork, Attempt: 1}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.built = append(b.built, w)
	return w, nil
}

func (b *builder) Offer() (list []tools.OfferedData) {
	for _, s := range b.symbols {
		list = append(list, tools.OfferedData{Symbol: s, Kind: "equity", Size: "1d"})
	}
	return list
}

// newServerOver is a server over a registry.
func newServerOver(r *server.Registry) *server.Server {
	return server.New("test", r, discard, tools.New(discard, r))
}

var discard = slog.New(slog.DiscardHandler)

// newServer is a server over made-up bars.
func newServer(t testing.TB, days int, symbols ...string) (*server.Server, *server.Registry) {
	t.Helper()
	r := server.NewRegistry(&builder{src: made(days, symbols...), symbols: symbols})
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return newServerOver(r), r
}

// connect opens a client session over a transport pair.
func connect(t testing.TB, s *server.Server, near, far mcp.Transport) *mcp.ClientSession {
	t.Helper()
	return connectAs(t, s, near, far, "")
}

// connectAs is connect with a protocol version.
func connectAs(t testing.TB, s *server.Server, near, far mcp.Transport, version string) *mcp.ClientSession {
	t.Helper()
	ctx := context.Background()
	ss, err := s.Connect(ctx, far)
	require.NoError(t, err)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, near, &mcp.ClientSessionOptions{ProtocolVersion: version})
	require.NoError(t, err)
	t.Cleanup(func() { cs.Close(); ss.Close() })
	return cs
}

// call calls a tool and returns text and structured answer.
func call(t testing.TB, cs *mcp.ClientSession, name string, args map[string]any) (*mcp.CallToolResult, string) {
	t.Helper()
	if args == nil {
		args = map[string]any{}
	}
	r, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: name, Arguments: args})
	require.NoError(t, err, name)
	require.Len(t, r.Content, 1)
	return r, r.Content[0].(*mcp.TextContent).Text
}

// field reads a field of a structured answer.
func field(t testing.TB, r *mcp.CallToolResult, name string) any {
	t.Helper()
	m, ok := r.StructuredContent.(map[string]any)
	if raw, direct := r.StructuredContent.(json.RawMessage); direct {
		ok = json.Unmarshal(raw, &m) == nil
	}
	require.True(t, ok, "%T", r.StructuredContent)
	return m[name]
}

func isError(t testing.TB, r *mcp.CallToolResult, code string) {
	t.Helper()
	require.True(t, r.IsError)
	e, ok := field(t, r, "error").(map[string]any)
	require.True(t, ok)
	require.Equal(t, code, e["code"], fmt.Sprint(e))
}

func TestMain(m *testing.M) {
	duckdb.RunWorkerIfChild()
	os.Exit(m.Run())
}
