package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools"
)

var update = flag.Bool("update", false, "rewrite testdata/*.json")

// The fake live world below shares nothing with the simulator: another clock,
// another broker, another market. The same tools must run on it unchanged.

type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time { return c.now }
func (c *fakeClock) Next(ctx context.Context, after time.Time) (time.Time, error) {
	if c.now.After(after) {
		return c.now, nil
	}
	if ctx.Err() != nil {
		return c.now, ctx.Err()
	}
	c.now = c.now.Add(time.Minute)
	return c.now, nil
}

type fakeMarket struct{ clock *fakeClock }

func (m fakeMarket) bar() pitwall.Bar {
	p := pitwall.Int(100)
	return pitwall.Bar{Symbol: "X", Start: m.clock.now.Add(-time.Minute), End: m.clock.now, Known: m.clock.now, Open: p, High: p, Low: p, Close: p, Volume: 10}
}
func (m fakeMarket) Last(_ context.Context, s string) (pitwall.Bar, error) {
	if s == "PANIC" {
		panic("boom")
	}
	if s != "X" {
		return pitwall.Bar{}, pitwall.Errorf(pitwall.UnknownSymbol, "no %s", s)
	}
	return m.bar(), nil
}
func (m fakeMarket) Bars(context.Context, pitwall.BarQuery) ([]pitwall.Bar, error) {
	return []pitwall.Bar{m.bar()}, nil
}
func (m fakeMarket) Count(context.Context, string) (int, error) { return 1, nil }
func (m fakeMarket) Digest() string                             { return "" }
func (m fakeMarket) Instrument(s string) (pitwall.Instrument, error) {
	switch s {
	case "X", "PANIC":
		return pitwall.Instrument{Symbol: s, Lot: pitwall.One, Tradable: true}, nil
	case "IDX":
		return pitwall.Instrument{Symbol: s, Kind: pitwall.Index}, nil
	}
	return pitwall.Instrument{}, pitwall.Errorf(pitwall.UnknownSymbol, "%q is not in this world as of now", s)
}
func (m fakeMarket) Instruments() []pitwall.Instrument {
	return []pitwall.Instrument{{Symbol: "X", Lot: pitwall.One, Tradable: true}}
}

// fakeBroker takes every order and keeps it open.
type fakeBroker struct {
	orders []pitwall.OrderState
	cash   pitwall.Dec
	err    error
	reject *pitwall.Error
	held   pitwall.Dec

	lookups int // questions for one order's id
}

func (b *fakeBroker) Submit(_ context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if b.err != nil {
		return pitwall.OrderState{}, b.err
	}
	for _, x := range b.orders {
		if x.ID == o.ID {
			if !x.SameAs(o) {
				return x, pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q", o.ID)
			}
			x.Repeated = true
			return x, nil
		}
	}
	s := pitwall.OrderState{Order: o, Status: pitwall.Working}
	if b.reject != nil {
		s.Status, s.Error = pitwall.Rejected, b.reject
	}
	b.orders = append(b.orders, s)
	return s, nil
}
func (b *fakeBroker) Replace(context.Context, string, pitwall.Change) (pitwall.OrderState, error) {
	return pitwall.OrderState{}, errors.New("dial tcp 10.0.0.1: key=SECRET refused")
}
func (b *fakeBroker) Cancel(_ context.Context, id string) (pitwall.OrderState, error) {
	return pitwall.OrderState{Order: pitwall.Order{ID: id}, Status: pitwall.Canceled}, nil
}
func (b *fakeBroker) Orders(_ context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID != "" {
		b.lookups++
		for _, o := range b.orders {
			if o.ID == q.ID {
				return []pitwall.OrderState{o}, nil
			}
		}
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "no order %q", q.ID)
	}
	return b.orders, nil
}
func (b *fakeBroker) Fills(context.Context, pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	return nil, pitwall.Cursor{}, nil
}
func (b *fakeBroker) Account(context.Context, string) (pitwall.Account, error) {
	a := pitwall.Account{Book: "main", Currency: "USD", Cash: b.cash, Equity: b.cash + 100*b.held, BuyingPower: b.cash, Positions: []pitwall.Position{}}
	if b.held != 0 {
		a.Positions = append(a.Positions, pitwall.Position{Symbol: "X", Qty: b.held, Value: 100 * b.held})
	}
	return a, nil
}

func liveWorld() (*pitwall.World, *fakeBroker) {
	c := &fakeClock{now: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)}
	b := &fakeBroker{cash: pitwall.Int(1000)}
	m := fakeMarket{c}
	return &pitwall.World{Name: "main", Mode: pitwall.Live, Clock: c, Market: m, Instruments: m, Broker: b, Journal: &pitwall.MemoryJournal{},
		Costs: pitwall.Costs{CommissionBps: pitwall.Int(10), CashBuffer: pitwall.One / 50}}, b
}

func newSet() *tools.Set { return tools.New(slog.New(slog.DiscardHandler), nil) }

func trader() context.Context {
	return pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: "local"})
}

func code(t testing.TB, a tools.Answer) pitwall.Code {
	t.Helper()
	var e struct{ Error pitwall.Error }
	require.True(t, a.IsError, a.Text)
	require.NoError(t, json.Unmarshal(a.JSON, &e))
	return e.Error.Code
}

func TestLiveWorldRunsTheSameTools(t *testing.T) {
	w, b := liveWorld()
	s := newSet()
	a := s.Call(trader(), w, "clock_next_bar", nil)
	require.False(t, a.IsError, a.Text)
	require.Contains(t, a.Text, "mode=live as_of=2026-01-05T10:01:00Z\nadvanced=1 ended=false")
	require.Contains(t, string(a.JSON), `{"mode":"live","as_of":"2026-01-05T10:01:00Z","advanced":1`)
	a = s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","target_percent":50,"client_order_id":"k1"}`))
	require.False(t, a.IsError, a.Text)
	require.Len(t, b.orders, 1)
	require.Equal(t, "4", b.orders[0].Qty.String(), "half of what is left after the buffer, costs included")
	a = s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","target_percent":50,"client_order_id":"k1"}`))
	require.Contains(t, a.Text, "sent=false")
	require.Contains(t, a.Text, "nothing was sent again")
	a = s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","side":"buy","qty":1,"client_order_id":"k2"}`))
	require.Contains(t, a.Text, "sent=true")
	a = s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","side":"buy","qty":1,"client_order_id":"k2"}`))
	require.Contains(t, a.Text, "sent=false")
	require.Equal(t, 1, b.lookups, "the broker knows its ids; only the repeat that could not be sized asks")
	b.orders = b.orders[:1]
	require.Equal(t, pitwall.InvalidInput, code(t, s.Call(trader(), w, "clock_next_bar", json.RawMessage(`{"bars":0}`))))
	require.Equal(t, pitwall.InvalidInput, code(t, s.Call(trader(), w, "account_history", json.RawMessage(`{"limit":0}`))))
	require.Len(t, b.orders, 1, "the same id twice is one order, even though the account has moved")
	for _, name := range []string{"clock_now", "account_positions", "account_portfolio", "account_history", "market_last_price", "orders_open_orders"} {
		a := s.Call(trader(), w, name, nil)
		require.False(t, a.IsError, name+a.Text)
	}
	require.Equal(t, pitwall.Unsupported, code(t, s.Call(trader(), w, "sim_start", nil)))
	require.Equal(t, pitwall.Unsupported, code(t, s.Call(trader(), w, "sim_status", nil)))
	require.Equal(t, pitwall.NoCoverage, code(t, s.Call(trader(), w, "duckdb_query", json.RawMessage(`{"sql":"SELECT 1"}`))))
}

func TestBadArguments(t *testing.T) {
	w, b := liveWorld()
	s := newSet()
	for args, want := range map[string]string{
		`{"symbol":"X","side":"buy","qty":0}`:                                                     "INVALID_NUMBER",
		`{"symbol":"X","side":"buy","qty":-1}`:                                                    "INVALID_NUMBER",
		`{"symbol":"X","side":"buy","qty":"NaN"}`:                                                 "INVALID_NUMBER",
		`{"symbol":"X","side":"buy","qty":1e30}`:                                                  "INVALID_NUMBER",
		`{"symbol":"X","side":"buy","qty":1.123456789}`:                                           "INVALID_NUMBER",
		`{"symbol":"X","side":"buy","qty":true}`:                                                  "INVALID_NUMBER",
		`{"symbol":"X","side":"buy","qty":1,"notional":5}`:                                        "exactly one",
		`{"symbol":"X","side":"buy"}`:                                                             "exactly one",
		`{"symbol":"X","qty":1}`:                                                                  "side is missing",
		`{"symbol":"X","side":"buy","target_percent":5}`:                                          "target_percent finds the side itself",
		`{"symbol":"X","target_percent":101}`:                                                     "use 0 to 100",
		`{"symbol":"X","side":"hold","qty":1}`:                                                    "error INVALID_INPUT: argument side is \"hold\"; use one of [buy sell]",
		`{"symbol":"X","side":"buy","qty":1,"type":"stopp"}`:                                      "did you mean stop? use one of [market limit stop",
		`{"symbol":"X","side":"buy","qty":1,"type":"stop"}`:                                       "stop a stop",
		`{"symbol":"X","side":"buy","qty":1,"type":"stop_limit","stop":5}`:                        "stop_limit both",
		`{"symbol":"X","side":"sell","qty":1,"type":"trailing_stop","trail":1,"trail_percent":2}`: "one of trail and trail_percent",
		`{"symbol":"X","side":"sell","qty":1,"trail":1}`:                                          "market takes no price",
		`{"symbol":"X","side":"sell","qty":1,"type":"stop","stop":-1}`:                            "use prices above 0",
		`{"symbol":"X","side":"sell","qty":1,"tif":"gtd"}`:                                        "good_till",
		`{"symbol":"X","side":"buy","qty":1,"type":"limit"}`:                                      "limit needs a limit price",
		`{"symbol":"X","side":"buy","qty":1,"limit":5}`:                                           "limit needs a limit price",
		`{"symbol":"X","side":"buy","qty":1,"confidence":1.5}`:                                    "use 0 to 1",
		`{"symbol":"X","side":"buy","qty":1,"client_order_id":"flatten-1"}`:                       "starts with a prefix that Pitwall's own ids have",
		`{"symbol":"X","side":"buy","qty":1,"client_order_id":"external:1"}`:                      "starts with a prefix that Pitwall's own ids have",
		`{"symbol":"X","side":"buy","qty":1,"client_order_id":"a b"}`:                             "printable ASCII",
		`{"symbol":"X","side":"buy","qty":1,"client_order_id":"a\u202eb"}`:                        "printable ASCII",
		`{"symbol":"NOPE","side":"buy","qty":1}`:                                                  "UNKNOWN_SYMBOL",
		`{"symbol":"IDX","side":"buy","qty":1}`:                                                   "NOT_TRADABLE",
		`{"symbol":"X","side":"buy","qty":1,"qty":2}`:                                             "duplicate argument",
		`{"symbol":"X","Side":"buy","qty":1}`:                                                     "unknown argument \"Side\"; did you mean side? it takes",
		`{"symbol":"X","side":"buy","quantity":1}`:                                                "unknown argument \"quantity\"; it takes",
		`{"symbol":"X","side":"buy","qty":1,"clientOrderId":"a"}`:                                 "unknown argument \"clientOrderId\"; did you mean client_order_id? it takes",
		`{"symbol":"X","side":"SELLL","qty":1}`:                                                   "argument side is \"SELLL\"; did you mean sell? use one of",
		`{"side":"buy","qty":1}`:                                                                  "missing argument \"symbol\"",
		`{"symbol":5,"side":"buy","qty":1}`:                                                       "`symbol` must be a string; got a number",
		`{"symbol":"X","side":"buy","qty":1} {}`:                                                  "text after",
		`[1]`:                                                                                     "not a JSON object",
		`{"symbol":"X"`:                                                                           "not valid JSON",
		`{"symbol":"X","side":"buy","notional":1}`:                                                "less than one lot",
		`{"symbol":"X","side":"buy","qty":1,"reason":"` + strings.Repeat("x", 5000) + `"}`:        "at most 4000",
	} {
		a := s.Call(trader(), w, "orders_submit", json.RawMessage(args))
		require.True(t, a.IsError, args)
		require.Contains(t, a.Text, want, args)
		require.NotContains(t, a.Text, "goroutine")
		require.NotEqual(t, pitwall.Internal, code(t, a), args)
	}
	require.Empty(t, b.orders, "nothing was sent")
	require.False(t, s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","side":"buy","qty":"5","limit":null}`)).IsError, "a number in quotes and a null are understood")
	require.Equal(t, "5", b.orders[0].Qty.String())
}

func TestFailuresHideWhatIsInside(t *testing.T) {
	w, b := liveWorld()
	var log strings.Builder
	s := tools.New(slog.New(slog.NewTextHandler(&log, nil)), nil)
	a := s.Call(trader(), w, "market_last_price", json.RawMessage(`{"symbols":["PANIC"]}`))
	require.Equal(t, pitwall.Internal, code(t, a), "a panic is an answer, not the end of the process")
	require.Contains(t, log.String(), "boom")
	require.NotContains(t, a.Text, "boom")
	a = s.Call(trader(), w, "orders_modify", json.RawMessage(`{"id":"x","qty":1}`))
	require.Equal(t, pitwall.Internal, code(t, a))
	require.NotContains(t, a.Text+string(a.JSON), "SECRET")
	b.err = &pitwall.Error{Code: pitwall.BuyingPower, Message: "needs 5", Hint: "sell", Checks: []pitwall.Check{{Name: "R19", Observed: "5", Limit: "4"}}}
	a = s.Call(trader(), w, "orders_submit", json.RawMessage(`{"symbol":"X","side":"buy","qty":1}`))
	require.JSONEq(t, `{"error":{"code":"BUYING_POWER","message":"needs 5","hint":"sell","checks":[{"name":"R19","observed":"5","limit":"4"}]}}`, string(a.JSON))
	a = s.Call(trader(), w, "no_such_tool", nil)
	require.Equal(t, pitwall.UnknownTool, code(t, a))
	require.Contains(t, a.Text, "orders_submit")
}

func TestReadersMayNotChange(t *testing.T) {
	w, b := liveWorld()
	s := newSet()
	reader := pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: "ann", ReadOnly: true})
	for _, tool := range s.Tools() {
		a := s.Call(reader, w, tool.Name, nil)
		if tool.Effect >= tools.Change {
			require.Equal(t, pitwall.NotAllowed, code(t, a), tool.Name)
		} else {
			require.NotContains(t, a.Text, "NOT_ALLOWED", tool.Name)
		}
	}
	require.Equal(t, pitwall.NotAllowed, code(t, s.Call(context.Background(), w, "orders_submit", nil)), "no caller, no trade")
	require.Empty(t, b.orders)
}

func TestDottedNamesAreAliases(t *testing.T) {
	w, _ := liveWorld()
	s := newSet()
	for _, tool := range s.Tools() {
		found, ok := s.Find(strings.Replace(tool.Name, "_", ".", 1))
		require.True(t, ok)
		require.Equal(t, tool, found)
	}
	require.False(t, s.Call(trader(), w, "account.positions", nil).IsError)
}

var toolName = regexp.MustCompile(`^[a-z][a-z0-9_]{2,39}$`)

// Snapshots of what is advertised: a change of the surface shows in a diff.
func TestSchemas(t *testing.T) {
	seen := map[string]bool{}
	total := 0
	set := newSet()
	set.AddMemory() // not in every list: a strategy asks for it
	for _, tool := range set.Tools() {
		require.Regexp(t, toolName, tool.Name)
		require.NotEmpty(t, tool.Title, tool.Name)
		require.NotEmpty(t, tool.Description, tool.Name)
		in, err := json.Marshal(tool.In)
		require.NoError(t, err)
		out, err := json.Marshal(tool.Out)
		require.NoError(t, err)
		for _, schema := range []string{string(in), string(out)} {
			for _, bad := range []string{"$ref", "$defs", "anyOf", "oneOf", "allOf"} {
				require.NotContains(t, schema, bad, tool.Name)
			}
			require.Contains(t, schema, `{"type":"object","properties":{`, tool.Name)
		}
		require.NotContains(t, string(out), "null", "%s: no answer holds a null list", tool.Name)
		body, err := json.MarshalIndent(map[string]any{"name": tool.Name, "title": tool.Title, "description": tool.Description, "effect": tool.Effect, "destructive": tool.Destructive,
			"idempotent": tool.Idempotent, "input": json.RawMessage(in), "output": json.RawMessage(out)}, "", "  ")
		require.NoError(t, err)
		if !strings.HasPrefix(tool.Name, "memory_") && tool.Name != tools.PortfolioTool { // listed only in worlds of several symbols
			total += len(tool.Name) + len(tool.Title) + len(tool.Description) + len(in) + len(out)
		}
		file := filepath.Join("testdata", tool.Name+".json")
		seen[file] = true
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, append(body, '\n'), 0o644))
			continue
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err, "run go test ./tools -run Schemas -update")
		require.Equal(t, string(want), string(body)+"\n", "the surface of %s changed: go test ./tools -run Schemas -update", tool.Name)
	}
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, seen[f], "%s describes no tool", f)
	}
	fmt.Printf("tool list: %d tools, %d characters without the envelope, about %d tokens at 4 characters a token\n", len(seen), total, total/4)
	require.Less(t, total/4, 4000, "a model pays for the list on every turn: cut words, not tools")
}

// What the tools answer is what their output schema says.
func TestAnswersMatchTheirSchemas(t *testing.T) {
	w, _ := liveWorld()
	s := newSet()
	args := map[string]string{"market_last_price": `{"symbols":["X"]}`, "orders_submit": `{"symbol":"X","side":"buy","qty":1,"client_order_id":"a"}`, "orders_cancel": `{"id":"a"}`,
		"orders_status": `{"id":"a"}`, "docs_search": `{"query":"order"}`}
	for _, name := range []string{"clock_now", "clock_next_bar", "account_positions", "account_portfolio", "account_history", "market_last_price", "orders_submit", "orders_open_orders", "orders_status", "orders_cancel", "docs_search"} {
		a := s.Call(trader(), w, name, json.RawMessage(args[name]))
		require.False(t, a.IsError, name+": "+a.Text)
		tool, _ := s.Find(name)
		resolved, err := tool.Out.Resolve(&jsonschema.ResolveOptions{})
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(a.JSON, &v))
		require.NoError(t, resolved.Validate(v), name)
		require.NotContains(t, string(a.JSON), "null", name+": no null where a list belongs")
	}
}

func FuzzSubmit(f *testing.F) {
	for _, s := range []string{`{"symbol":"X","side":"buy","qty":1}`, `{"symbol":"X","target_percent":"1e400"}`, `{"qty":{"a":[`, `{"symbol":"X","qty":1,"qty":2}`, "null", `{"legs":[]}`} {
		f.Add(s)
	}
	w, _ := liveWorld()
	s := newSet()
	f.Fuzz(func(t *testing.T, args string) {
		a := s.Call(trader(), w, "orders_submit", json.RawMessage(args))
		if a.IsError && code(t, a) == pitwall.Internal {
			t.Fatalf("%q: %s", args, a.Text)
		}
		if !json.Valid(a.JSON) {
			t.Fatalf("%q: answer is not JSON: %s", args, a.JSON)
		}
	})
}
