package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
)

// inProcess is a client of the main world of a registry, on the caller's goroutine.
func inProcess(t testing.TB, r *server.Registry, external ...tools.External) *mcp.ClientSession {
	t.Helper()
	w, err := r.World(t.Context(), pitwall.Caller{Principal: pitwall.Local}, server.Main)
	require.NoError(t, err)
	cs, done, err := server.ServeInProcess(context.Background(), "test", w, external, discard)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, done()) })
	return cs
}

// oddTools are external tools with an answer for operators, or that fail.
func oddTools() []tools.External {
	tool := func(name string, answer func() (tools.ExternalAnswer, error)) tools.External {
		return tools.External{Name: name, Title: "Odd", Description: "An odd tool.", In: &jsonschema.Schema{Type: "object"},
			Call: func(context.Context, *pitwall.World, json.RawMessage) (tools.ExternalAnswer, error) { return answer() }}
	}
	value := json.RawMessage(`{"n":1e2,"of":["<&>",null,true]}`)
	return []tools.External{
		tool("odd_future", func() (tools.ExternalAnswer, error) {
			return tools.ExternalAnswer{Value: value, Text: "x", FutureDated: &tools.FutureDated{Removed: 3, Newest: "2030-01-01"}}, nil
		}),
		tool("odd_panic", func() (tools.ExternalAnswer, error) { panic("odd") }),
		tool("odd_error", func() (tools.ExternalAnswer, error) { return tools.ExternalAnswer{}, errors.New("odd") }),
	}
}

// A client in the same process has what a client at the other end of a pipe has: text,
// structured part, metadata and errors, also where arguments or answers are odd.
func TestInProcessAnswersAsTheWireDoes(t *testing.T) {
	const odd = "B\xff\xfeB <&> \u2028"
	_, direct := newServer(t, 60, "AAA", odd)
	near := inProcess(t, direct, oddTools()...)
	_, r := newServer(t, 60, "AAA", odd)
	set, err := tools.NewWith(discard, r, oddTools())
	require.NoError(t, err)
	a, b := server.Pipe()
	far := connectAs(t, server.New("test", r, discard, set), a, b, server.LoopProtocol)
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for _, c := range []mcp.CallToolParams{
		{Name: "clock_next_bar", Arguments: map[string]any{"bars": 3}},
		{Name: "clock.next_bar"},
		{Name: "orders_submit", Arguments: raw(` { "symbol" : "AAA", "side":"buy", "qty": 1, "client_order_id":"<a&b>" } `), Meta: mcp.Meta{pitwall.MetaTurn: 7, pitwall.MetaRole: "judge"}},
		{Name: "orders_submit", Arguments: map[string]any{"symbol": "AAA", "side": "buy", "qty": "much"}},
		{Name: "orders_submit", Arguments: raw(`[1]`)},
		{Name: "orders_submit", Arguments: raw(`{"symbol":`)},
		{Name: "market_last_price", Arguments: raw(`{"symbols":["A\u2028"]}`)},
		{Name: "market_last_price", Arguments: raw("{\"symbols\":[\"A\xff\"]}")},
		{Name: "account_history", Arguments: raw(strings.Repeat("[", 2000) + strings.Repeat("]", 2000))},
		{Name: "nothing"}, {Name: ""},
		{Name: "odd_future"}, {Name: "odd_panic"},
		{Name: "odd_error", Arguments: raw(`{ "a" : "<" }`)}, // its id is a digest of the arguments
		{Name: "account_history"}, {Name: "account_positions"}, {Name: "market_last_price"}, {Name: "clock_next_bar"}, {Name: "orders_open_orders"},
	} {
		want, got := told(far, c), told(near, c)
		require.Equal(t, want, got, "%.100s", fmt.Sprintf("%s %s", c.Name, c.Arguments))
	}
	require.Equal(t, turnsOf(t, r), turnsOf(t, direct))
	require.Contains(t, turnsOf(t, r), "fill <a&b>: 7 judge")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = near.CallTool(gone, &mcp.CallToolParams{Name: "clock_next_bar"})
	require.ErrorIs(t, err, context.Canceled)
}

// told is all that a client reads of an answer, but for the world's random id.
func told(cs *mcp.ClientSession, c mcp.CallToolParams) string {
	r, err := cs.CallTool(context.Background(), &c)
	if err != nil {
		return "error: " + err.Error()
	}
	delete(r.Meta, pitwall.MetaWorld)
	var structured any
	body, err := json.Marshal(r.StructuredContent)
	if err == nil {
		err = json.Unmarshal(body, &structured)
	}
	return fmt.Sprintf("%q %#v %#v %v %v", r.Content[0].(*mcp.TextContent).Text, structured, r.Meta, r.IsError, err)
}
