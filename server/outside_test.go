package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
)

func outsideTool(name string, e tools.Effect) tools.Foreign {
	return tools.Foreign{Name: name, Description: "d", Effect: e, Wall: tools.Wall{Known: "at"},
		Call: func(context.Context, tools.Moment, map[string]json.RawMessage) (tools.Payload, error) {
			return tools.Payload{Form: tools.JSON, Body: []byte(`[{"at":"2019-12-31","n":9007199254740993},{"at":"2031-01-01","n":1}]`)}, nil
		}}
}

// Outside tools through MCP: effects and annotations of all tools, and what the
// wall removed in _meta only.
func TestOutsideTools(t *testing.T) {
	r := server.NewRegistry(&builder{src: made(60, "AAA"), symbols: []string{"AAA"}})
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	log := slog.New(slog.DiscardHandler)
	_, err := server.NewWith("test", r, log, tools.Outside{Mode: pitwall.Sim, Tools: []tools.Foreign{outsideTool("orders_submit", tools.Read)}})
	require.ErrorContains(t, err, "STRATEGY_ERROR")
	s, err := server.NewWith("test", r, log, tools.Outside{Mode: pitwall.Sim, Tools: []tools.Foreign{outsideTool("reads_outside", tools.Read), outsideTool("keeps_state", tools.Change)}})
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
		foreign := tool.Name == "reads_outside" || tool.Name == "keeps_state"
		require.Equal(t, foreign, *tool.Annotations.OpenWorldHint, tool.Name)
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
