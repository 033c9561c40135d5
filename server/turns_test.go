package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
)

// turnsOf returns the turns of a world's journal as "kind id status: turn".
func turnsOf(t *testing.T, r *server.Registry) (list []string) {
	t.Helper()
	w, err := r.World(t.Context(), pitwall.Caller{Principal: pitwall.Local}, server.Main)
	require.NoError(t, err)
	for _, e := range w.Journal.(*pitwall.MemoryJournal).Entries() {
		what := string(e.Kind)
		if e.ID != "" {
			what += " " + e.ID
		}
		if e.State != nil {
			what += " " + string(e.State.Status)
		}
		if e.Turn == 0 && (e.Kind == pitwall.EntryMark || e.Kind == pitwall.EntryStart) {
			continue // what no turn caused
		}
		list = append(list, strings.TrimSuffix(fmt.Sprintf("%s: %d %s", what, e.Turn, e.Role), " "))
	}
	return list
}

// A host that numbers no turns begins one with each call that moves the clock. The
// turn of an order is the one that submitted it, whenever it fills.
func TestHostsHaveTurns(t *testing.T) {
	s, r := newServer(t, 30, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	order := func(id, more string) {
		t.Helper()
		var args map[string]any
		require.NoError(t, json.Unmarshal([]byte(`{"symbol":"AAA","side":"buy","client_order_id":"`+id+`",`+more+`}`), &args))
		res, text := call(t, cs, "orders_submit", args)
		require.False(t, res.IsError, text)
	}
	order("early", `"qty":1`)
	call(t, cs, "clock_next_bar", map[string]any{"bars": 3})
	call(t, cs, "clock_next_bar", map[string]any{"bars": 2})
	order("low", `"qty":1,"type":"limit","limit":1,"tif":"gtc"`)
	call(t, cs, "clock_now", nil)
	call(t, cs, "clock_next_bar", nil)
	res, text := call(t, cs, "orders_cancel", map[string]any{"id": "low"})
	require.False(t, res.IsError, text)
	require.Equal(t, []string{"intent early: 1", "order early working: 1", "fill early: 1", "order early filled: 1",
		"intent low: 2", "order low working: 2", "intent low: 3", "order low canceled: 3"}, turnsOf(t, r))
}

// A loop says the turn of each call; several may have one at the same bar. What is
// no number of a turn counts as none.
func TestCallsSayTheirTurn(t *testing.T) {
	s, r := newServer(t, 30, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	say := func(turn any, name string, args map[string]any) {
		t.Helper()
		_, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: name, Arguments: args, Meta: mcp.Meta{pitwall.MetaTurn: turn}})
		require.NoError(t, err)
	}
	bracket := func(id string) map[string]any {
		return map[string]any{"symbol": "AAA", "side": "buy", "qty": 1, "client_order_id": id, "take_profit": 1000, "stop_loss": 1}
	}
	call(t, cs, "clock_next_bar", nil)
	say(41, "orders_submit", bracket("a"))
	say(42, "orders_submit", bracket("b"))
	say(42, "orders_submit", map[string]any{"symbol": "AAA", "side": "sell", "qty": 5, "client_order_id": "short"})
	call(t, cs, "clock_next_bar", nil)
	say(43, "orders_modify", map[string]any{"id": "a.sl", "stop": 2})
	say(44, "orders_cancel", map[string]any{"id": "a.tp"})
	rest := bracket("rest")
	rest["type"], rest["limit"], rest["stop_loss"], rest["tif"] = "limit", 2, 1, "gtc"
	say(45, "orders_submit", rest)
	say(46, "orders_modify", map[string]any{"id": "rest", "qty": 2})
	say(47, "orders_cancel", map[string]any{"id": "rest"})
	require.Equal(t, []string{
		"intent a: 41", "order a.tp held: 41", "order a.sl held: 41", "order a working: 41",
		"intent b: 42", "order b.tp held: 42", "order b.sl held: 42", "order b working: 42",
		"intent short: 42", "order short rejected: 42",
		"fill a: 41", "order a.tp working: 41", "order a.sl working: 41", "order a filled: 41",
		"fill b: 42", "order b.tp working: 42", "order b.sl working: 42", "order b filled: 42",
		"intent a.sl: 43", "order a.sl working: 43", "intent a.tp: 44", "order a.tp canceled: 44",
		"intent rest: 45", "order rest.tp held: 45", "order rest.sl held: 45", "order rest working: 45",
		"intent rest: 46", "order rest.tp held: 46", "order rest.sl held: 46", "order rest working: 46",
		"intent rest: 47", "order rest.tp canceled: 47", "order rest.sl canceled: 47", "order rest canceled: 47",
	}, turnsOf(t, r))
	for i, no := range []any{-1, 0, 1.5, 1e300, "7", nil, []int{1}} {
		say(no, "orders_submit", map[string]any{"symbol": "AAA", "side": "buy", "qty": 1, "client_order_id": fmt.Sprint("x", i)})
		require.Contains(t, turnsOf(t, r), fmt.Sprintf("intent x%d: 2", i), "%v", no)
	}
}

// A call may name its role too; what its order does later belongs to it.
func TestCallsSayTheirRole(t *testing.T) {
	s, r := newServer(t, 30, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	call(t, cs, "clock_next_bar", nil)
	_, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: "orders_submit", Arguments: map[string]any{"symbol": "AAA", "side": "buy", "qty": 1, "client_order_id": "a"},
		Meta: mcp.Meta{pitwall.MetaTurn: 3, pitwall.MetaRole: "judge"}})
	require.NoError(t, err)
	call(t, cs, "clock_next_bar", nil)
	require.Equal(t, []string{"intent a: 3 judge", "order a working: 3 judge", "fill a: 3 judge", "order a filled: 3 judge"}, turnsOf(t, r))
}

// A call may give up the right to change the world, and no call can gain it.
func TestCallsMayBeReadOnly(t *testing.T) {
	s, r := newServer(t, 30, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	call(t, cs, "clock_next_bar", nil)
	submit := func(id string, readOnly any) string {
		res, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "orders_submit", Arguments: map[string]any{"symbol": "AAA", "side": "buy", "qty": 1, "client_order_id": id},
			Meta: mcp.Meta{pitwall.MetaTurn: 1, pitwall.MetaRole: "technical", pitwall.MetaReadOnly: readOnly}})
		require.NoError(t, err)
		return res.Content[0].(*mcp.TextContent).Text
	}
	require.Contains(t, submit("a", true), "error NOT_ALLOWED: orders_submit changes the world")
	require.Empty(t, turnsOf(t, r))
	require.Contains(t, submit("b", false), "sent=true")
	for _, odd := range []any{"yes", "false", "", 1, 0, nil, []string{}, map[string]any{}} { // only false keeps the right
		require.Contains(t, submit("c", odd), "error NOT_ALLOWED: orders_submit changes the world", "%v", odd)
	}
	require.Equal(t, []string{"intent b: 1 technical", "order b working: 1 technical"}, turnsOf(t, r))
}
