package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
	"pitwall/tools/external"
)

func externalTool(name string, e tools.Effect) external.Tool {
	return external.Tool{Name: name, Description: "d", Effect: e, Time: external.TimePolicy{Known: "at"},
		Call: func(context.Context, external.Moment, map[string]json.RawMessage) (external.Payload, error) {
			return external.Payload{Form: external.JSON, Body: []byte(`[{"at":"2019-12-31","n":9007199254740993},{"at":"2031-01-01","n":1}]`)}, nil
		}}
}

// External tools through MCP: effects and annotations of all tools, and what the
// wall removed in _meta only.
func TestExternalTools(t *testing.T) {
	r := server.NewRegistry(&builder{src: made(60, "AAA"), symbols: []string{"AAA"}})
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	log := slog.New(slog.DiscardHandler)
	newServer := func(list ...external.Tool) (*server.Server, error) {
		ready, err := external.New(external.Options{Mode: pitwall.Sim}, list...)
		require.NoError(t, err)
		set, err := tools.NewWith(log, r, ready)
		if err != nil {
			return nil, err
		}
		return server.New("test", r, log, set), nil
	}
	_, err := newServer(externalTool("orders_submit", tools.Read))
	require.ErrorContains(t, err, "STRATEGY_ERROR")
	s, err := newServer(externalTool("reads_outside", tools.Read), externalTool("keeps_state", tools.Change))
	require.NoError(t, err)
	near, far := server.Pipe()
	cs := connectAs(t, s, near, far, server.LoopProtocol)
	want := map[string]string{"reads_outside": "read", "keeps_state": "change", "orders_submit": "change", "clock_next_bar": "step", "market_load_history_table": "setup", "account_positions": "read", "sim_start": "change"}
	seen := 0
	for tool, err := range cs.Tools(context.Background(), nil) {
		require.NoError(t, err)
		require.Contains(t, []any{"read", "setup", "change", "step"}, tool.Meta["pitwall/effect"], tool.Name)
		if e, ok := want[tool.Name]; ok {
			seen++
			require.Equal(t, e, tool.Meta["pitwall/effect"], tool.Name)
		}
		open := tool.Name == "reads_outside" || tool.Name == "keeps_state"
		require.Equal(t, open, *tool.Annotations.OpenWorldHint, tool.Name)
		require.Equal(t, tool.Meta["pitwall/effect"] == "read" || tool.Meta["pitwall/effect"] == "setup", tool.Annotations.ReadOnlyHint, tool.Name)
	}
	require.Equal(t, len(want), seen)
	res, text := call(t, cs, "reads_outside", nil)
	require.False(t, res.IsError, text)
	require.Contains(t, text, "2019-12-31,9007199254740993")
	require.NotContains(t, text, "2031")
	require.Equal(t, map[string]any{"removed": 1.0, "newest": "2031-01-02T00:00:00-05:00"}, res.Meta["pitwall/future_dated"])
	require.NotEmpty(t, res.Meta["pitwall/state_digest"])
	body, err := json.Marshal(res.StructuredContent)
	require.NoError(t, err)
	require.NotContains(t, string(body), "2031")
	require.NotContains(t, string(body), "removed")
}

// Every input schema that leaves is a full object schema, external tools included:
// OpenAI and LM Studio refuse a whole list for one without properties.
func TestInputSchemasAreWhole(t *testing.T) {
	ready, err := external.New(external.Options{Mode: pitwall.Sim}, externalTool("takes_nothing", tools.Read))
	require.NoError(t, err)
	r := server.NewRegistry(&builder{src: made(60, "AAA"), symbols: []string{"AAA"}})
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	log := slog.New(slog.DiscardHandler)
	set, err := tools.NewWith(log, r, ready)
	require.NoError(t, err)
	s := server.New("test", r, log, set)
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	url := serveHTTP(t, s, server.HTTPOptions{}) + "/mcp"
	for transport, cs := range map[string]*mcp.ClientSession{
		"stream":          connect(t, s, &mcp.IOTransport{Reader: r1, Writer: w2}, &mcp.IOTransport{Reader: r2, Writer: w1}),
		"http 2025-11-25": dial(t, url, "", "2025-11-25"),
		"http 2026-07-28": dial(t, url, "", "2026-07-28"),
	} {
		empty := []string{}
		for tool, err := range cs.Tools(context.Background(), nil) {
			require.NoError(t, err)
			in, ok := tool.InputSchema.(map[string]any)
			require.True(t, ok, tool.Name)
			require.Equal(t, "object", in["type"], "%s over %s", tool.Name, transport)
			require.Equal(t, false, in["additionalProperties"], "%s over %s", tool.Name, transport)
			properties, ok := in["properties"].(map[string]any)
			require.True(t, ok, "%s over %s has no properties", tool.Name, transport)
			if len(properties) == 0 {
				empty = append(empty, tool.Name)
			}
		}
		require.ElementsMatch(t, []string{"clock_now", "sim_status", "takes_nothing"}, empty, transport)
	}
}
