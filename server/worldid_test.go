package server_test

import (
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
)

// stating adds the header that states a world's id.
type stating struct{ id string }

func (s *stating) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if s.id != "" {
		r.Header.Set("Pitwall-World-Id", s.id)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Every answer names its world's id, and a call for a world from before a restart or a
// sim_start is refused, by _meta or header, in both eras.
func TestWorldID(t *testing.T) {
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		header := &stating{}
		start := func() *mcp.ClientSession {
			s, _ := newServer(t, 60, "AAA")
			near := &mcp.StreamableClientTransport{Endpoint: serveHTTP(t, s, server.HTTPOptions{}) + "/mcp", HTTPClient: &http.Client{Transport: header}, DisableStandaloneSSE: true}
			cs, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), near, &mcp.ClientSessionOptions{ProtocolVersion: version})
			require.NoError(t, err)
			t.Cleanup(func() { cs.Close() })
			return cs
		}
		cs := start()
		ask := func(tool, stated string) (id, text string) {
			p := &mcp.CallToolParams{Name: tool, Arguments: map[string]any{}}
			if stated != "" {
				p.Meta = mcp.Meta{pitwall.MetaWorld: stated}
			}
			r, err := cs.CallTool(t.Context(), p)
			require.NoError(t, err)
			id, _ = r.Meta[pitwall.MetaWorld].(string)
			require.Regexp(t, `^[a-z2-7]{8}$`, id)
			return id, r.Content[0].(*mcp.TextContent).Text
		}
		first, text := ask("clock_now", "")
		require.NotContains(t, text, first, "what a replay compares does not know it")
		id, text := ask("orders_status", first)
		require.Contains(t, text, "INVALID_INPUT", "an error names it too")
		require.Equal(t, first, id)
		_, text = ask("sim_status", first)
		require.Contains(t, text, "world_id="+first)
		refused := func(old, now, text string) {
			require.Contains(t, text, `error WORLD_CHANGED: this call is for world "`+old+`", and world main is now "`+now+`"`)
		}
		second, text := ask("sim_start", first)
		require.NotEqual(t, first, second)
		require.Contains(t, text, "world_id="+second)
		id, text = ask("clock_next_bar", first)
		refused(first, second, text)
		require.Equal(t, second, id)
		_, text = ask("sim_status", second)
		require.Contains(t, text, "bars=0", "nothing was done")

		cs = start()
		third, text := ask("clock_next_bar", second)
		refused(second, third, text)
		header.id = second
		_, text = ask("clock_next_bar", "")
		refused(second, third, text)
		_, text = ask("clock_next_bar", third)
		require.Contains(t, text, "advanced=1", "what the call says goes before the header")
		header.id = third
		_, text = ask("clock_next_bar", "")
		require.Contains(t, text, "advanced=1")
	}
}

// A run's own world has no id: its answers are the same every time.
func TestRunHasNoWorldID(t *testing.T) {
	s, r := newServer(t, 60, "AAA")
	w, err := (&builder{src: made(60, "AAA"), symbols: []string{"AAA"}}).Build(t.Context(), pitwall.Caller{}, server.Main, tools.StartRequest{})
	require.NoError(t, err)
	require.NoError(t, r.Put(pitwall.Caller{Principal: pitwall.Local}, server.Main, w))
	near, far := server.Pipe()
	result, text := call(t, connect(t, s, near, far), "sim_status", nil)
	require.NotContains(t, result.Meta, pitwall.MetaWorld)
	require.NotContains(t, text, "world_id")
}
