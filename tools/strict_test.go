package tools_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools"
)

// strictly returns what a client with strict schemas (OpenAI: every field required,
// no others) sends for these arguments: null for each that is not given. It fails
// unless the schema allows that.
func strictly(t testing.TB, tool *tools.Tool, given map[string]any) json.RawMessage {
	t.Helper()
	strict := tool.In.CloneSchemas()
	strict.Required = slices.Sorted(maps.Keys(strict.Properties))
	resolved, err := strict.Resolve(&jsonschema.ResolveOptions{})
	require.NoError(t, err)
	args := map[string]any{}
	for name := range strict.Properties {
		args[name] = given[name]
	}
	require.Len(t, args, len(strict.Properties))
	require.Subset(t, slices.Collect(maps.Keys(args)), slices.Collect(maps.Keys(given)))
	require.NoError(t, resolved.Validate(args), "%s %v", tool.Name, given)
	raw, err := json.Marshal(args)
	require.NoError(t, err)
	return raw
}

// A client with strict schemas can place an order of each kind, and gets the order
// that one without them gets.
func TestStrictClientsOrder(t *testing.T) {
	s := newSet()
	submit, _ := s.Find("orders_submit")
	for kind, given := range map[string]map[string]any{
		"market":              {"symbol": "X", "side": "buy", "qty": 1.0},
		"notional":            {"symbol": "X", "side": "buy", "notional": 300.0},
		"target":              {"symbol": "X", "target_percent": 50.0},
		"limit":               {"symbol": "X", "side": "buy", "qty": 1.0, "type": "limit", "limit": 99.0, "tif": "gtc"},
		"stop":                {"symbol": "X", "side": "sell", "qty": 1.0, "type": "stop", "stop": 90.0},
		"stop limit":          {"symbol": "X", "side": "sell", "qty": 1.0, "type": "stop_limit", "stop": 90.0, "limit": 89.0},
		"trail":               {"symbol": "X", "side": "sell", "qty": 1.0, "type": "trailing_stop", "trail": 5.0},
		"trail percent":       {"symbol": "X", "side": "sell", "qty": 1.0, "type": "trailing_stop", "trail_percent": 5.0},
		"good till":           {"symbol": "X", "side": "buy", "qty": 1.0, "type": "limit", "limit": 99.0, "tif": "gtd", "good_till": "2026-01-09"},
		"bracket":             {"symbol": "X", "side": "buy", "qty": 1.0, "take_profit": 120.0, "stop_loss": 90.0},
		"bracket percent":     {"symbol": "X", "side": "buy", "qty": 1.0, "take_profit_percent": 20.0, "stop_loss_percent": 10.0},
		"bracket, stop limit": {"symbol": "X", "side": "buy", "qty": 1.0, "class": "bracket", "take_profit": 120.0, "stop_loss": 90.0, "stop_loss_limit": 89.0},
		"bracket, trail":      {"symbol": "X", "side": "buy", "qty": 1.0, "take_profit": 120.0, "stop_loss_trail_percent": 10.0},
		"oto":                 {"symbol": "X", "side": "buy", "qty": 1.0, "class": "oto", "stop_loss": 90.0},
		"oco":                 {"symbol": "X", "class": "oco", "take_profit": 120.0, "stop_loss": 90.0},
		"group, reduce only":  {"symbol": "X", "side": "sell", "qty": 1.0, "group": "g", "reduce_only": true, "reason": "r", "confidence": 0.5},
	} {
		raw, err := json.Marshal(given)
		require.NoError(t, err)
		var orders []pitwall.OrderState
		for _, args := range []json.RawMessage{raw, strictly(t, submit, given)} {
			w, b := liveWorld()
			b.held = pitwall.Int(2)
			a := s.Call(trader(), w, "orders_submit", args)
			require.False(t, a.IsError, "%s: %s", kind, a.Text)
			orders = append(orders, b.orders...)
		}
		require.Len(t, orders, 2, kind)
		require.Equal(t, orders[0], orders[1], kind)
	}
}

// Null is "not given" to every tool.
func TestNullIsNotGiven(t *testing.T) {
	s := newSet()
	required := map[string]map[string]any{
		"docs_search": {"query": "order"}, "duckdb_query": {"sql": "SELECT 1"}, "fundamentals": {"symbol": "X"}, "market_indicators": {"names": []any{"sma:1"}, "symbols": []any{"X"}},
		"market_load_history_table": {"symbols": []any{"X"}}, "market_regime": {"symbol": "X"}, "portfolio_optimize": {"method": "min_variance"}, "orders_cancel": {"id": "a"}, "orders_modify": {"id": "a", "qty": 2.0}, "orders_status": {"id": "a"},
		"orders_submit": {"symbol": "X", "side": "buy", "qty": 1.0},
	}
	for _, tool := range s.Tools() {
		given := required[tool.Name]
		raw, err := json.Marshal(given)
		require.NoError(t, err)
		var answers []tools.Answer
		for _, args := range []json.RawMessage{raw, strictly(t, tool, given)} {
			w, b := liveWorld()
			b.orders = []pitwall.OrderState{{Order: pitwall.Order{ID: "a", Symbol: "X", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.One}, Status: pitwall.Working}}
			a := s.Call(trader(), w, tool.Name, args)
			if a.IsError && code(t, a) == pitwall.Internal { // its id is a digest of the arguments
				a.Text, a.JSON = "", nil
			}
			answers = append(answers, a)
		}
		require.Equal(t, answers[0], answers[1], tool.Name)
	}
}
