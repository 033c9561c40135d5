package agentloop_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// memory is a Cache in memory.
type memory struct {
	m      map[string]string
	broken bool
}

func (c *memory) Get(kind, slot string, request []byte) ([]byte, error) {
	if c.broken {
		return nil, errors.New("disk on fire")
	}
	if b, ok := c.m[kind+string(request)]; ok {
		return []byte(b), nil
	}
	return nil, nil
}

func (c *memory) Put(kind, slot string, request, body []byte) error {
	if c.broken {
		return errors.New("disk on fire")
	}
	if _, ok := c.m[kind+string(request)]; !ok {
		c.m[kind+string(request)] = string(body)
	}
	return nil
}

func (c *memory) Differs(kind, slot string, request []byte) (string, error) {
	if len(c.m) == 0 {
		return "", nil
	}
	return "everything", nil
}

// desk is a server that says what its world can show: a clock of n days, prices,
// a tool that reads, one that orders.
type desk struct {
	days, n    int
	closes     func(day int) float64
	salt       string // of the digest
	extra      bool   // one more tool
	silent     bool   // no digest
	answer     string // of an order, after its number
	fills      map[int]bool
	orders     []string
	reads      int
	orderError string
	orderFault pitwall.Code // of orderError, in its structured part
	identity   string       // of look, as an external tool
	lookError  bool
	lookText   string   // what it answers
	version    string   // of the server
	picture    string   // comes with every answer
	roles      []string // that ordered
	sql        bool     // one more tool
}

func (d *desk) at() string {
	return time.Date(2024, 1, 1+d.n, 16, 0, 0, 0, time.UTC).Format(time.RFC3339)
}

func (d *desk) serve(t *testing.T) *mcp.ClientSession {
	s := mcp.NewServer(&mcp.Implementation{Name: "desk", Version: "1" + d.version}, nil)
	answer := func(text string, data any) *mcp.CallToolResult {
		r := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "as_of=" + d.at() + "\n" + text}}, StructuredContent: data, Meta: mcp.Meta{}}
		if d.picture != "" {
			r.Content = append(r.Content, &mcp.ImageContent{MIMEType: "image/png", Data: []byte(d.picture)})
		}
		if !d.silent {
			h := sha256.Sum256([]byte(fmt.Sprint(d.n, d.salt)))
			r.Meta["pitwall/state_digest"] = hex.EncodeToString(h[:])
		}
		return r
	}
	identity := ""
	tool := func(name, effect string, f func(args map[string]any) (*mcp.CallToolResult, error)) {
		schema := json.RawMessage(`{"type":"object"}`)
		meta := mcp.Meta{"pitwall/effect": effect}
		if identity != "" {
			meta["pitwall/identity"] = identity
		}
		s.AddTool(&mcp.Tool{Name: name, InputSchema: schema, Meta: meta}, func(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			args := map[string]any{}
			if err := json.Unmarshal(r.Params.Arguments, &args); err != nil {
				return nil, err
			}
			if role, ok := r.Params.Meta[pitwall.MetaRole].(string); ok && effect == "change" {
				d.roles = append(d.roles, role)
			}
			return f(args)
		})
	}
	tool("clock_now", "read", func(map[string]any) (*mcp.CallToolResult, error) {
		return answer("", map[string]any{"as_of": d.at()}), nil
	})
	tool("clock_next_bar", "step", func(args map[string]any) (*mcp.CallToolResult, error) {
		moved := 0
		if args["after"] == d.at() {
			bars, _ := args["bars"].(float64)
			moved = min(int(bars), d.days-d.n)
			d.n += moved
		}
		closed := 100.0
		if d.closes != nil {
			closed = d.closes(d.n)
		}
		fills := []any{}
		if d.fills[d.n] {
			fills = append(fills, "x")
		}
		return answer(fmt.Sprintf("close=%v orders=%d since=%v", closed, len(d.orders), args["after"]), map[string]any{"as_of": d.at(), "advanced": moved, "ended": d.n == d.days, "equity": 100,
			"fills": fills, "last_bars": []any{map[string]any{"symbol": "AAA", "close": closed}}}), nil
	})
	identity = d.identity
	tool("look", "read", func(map[string]any) (*mcp.CallToolResult, error) {
		d.reads++
		r := answer("seen", nil)
		if r.IsError = d.lookError; d.lookText != "" {
			r.Content = []mcp.Content{&mcp.TextContent{Text: d.lookText}}
		}
		return r, nil
	})
	identity = ""
	tool("news", "read", func(map[string]any) (*mcp.CallToolResult, error) {
		r := answer("no news", nil)
		r.Meta["pitwall/future_dated"] = map[string]any{"removed": 3, "newest": "2030-01-01"}
		return r, nil
	})
	tool("orders_submit", "change", func(args map[string]any) (*mcp.CallToolResult, error) {
		if d.orderError != "" {
			r := answer("", nil)
			r.Content, r.IsError = []mcp.Content{&mcp.TextContent{Text: d.orderError}}, true
			if d.orderFault != "" {
				r.StructuredContent = map[string]any{"error": &pitwall.Error{Code: d.orderFault, Message: "the disk is full", Hint: "free it"}}
			}
			return r, nil
		}
		d.orders = append(d.orders, fmt.Sprint(args["symbol"]))
		return answer(fmt.Sprintf("order o-%d%s", len(d.orders), d.answer), nil), nil
	})
	if d.sql {
		tool("duckdb_query", "read", func(map[string]any) (*mcp.CallToolResult, error) {
			return answer("2 rows", map[string]any{"rows": []any{[]any{1}, []any{2}}}), nil
		})
	}
	if d.extra {
		tool("more", "read", func(map[string]any) (*mcp.CallToolResult, error) { return answer("more", nil), nil })
	}
	near, far := mcp.NewInMemoryTransports()
	ss, err := s.Connect(context.Background(), far, nil)
	require.NoError(t, err)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "loop", Version: "1"}, nil).Connect(context.Background(), near, nil)
	require.NoError(t, err)
	t.Cleanup(func() { cs.Close(); _ = ss.Wait() })
	return cs
}

// trader looks, orders, ends; and counts how often it was asked.
type trader struct {
	asked int
	fail  func(asked int) error
	reply func(r agentloop.Request) (agentloop.Reply, bool) // instead
}

func (m *trader) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	m.asked++
	if m.fail != nil {
		if err := m.fail(m.asked); err != nil {
			return agentloop.Reply{}, err
		}
	}
	if m.reply != nil {
		if x, ok := m.reply(r); ok {
			return x, nil
		}
	}
	usage := agentloop.Usage{Input: 1000, Output: 100}
	switch len(r.Messages) {
	case 1:
		return agentloop.Reply{Calls: []agentloop.Call{call("look", `{}`)}, Usage: usage}, nil
	case 2:
		return agentloop.Reply{Calls: []agentloop.Call{call("orders_submit", `{"symbol":"AAA"}`)}, Usage: usage}, nil
	}
	return agentloop.Reply{Text: "RESULT: bought", Usage: usage}, nil
}

// price is 1 and 10 USD per million: a turn of trader costs 0.006.
var price = agentloop.Price{In: pitwall.Int(1), Out: pitwall.Int(10)}

func (d *desk) run(t *testing.T, m agentloop.Model, c agentloop.Cache, edit func(*agentloop.Config)) (agentloop.Outcome, *kept, error) {
	t.Helper()
	k := &kept{}
	p := price
	cfg := agentloop.Config{Session: d.serve(t), Cache: c, Recorder: k, Now: func() time.Time { return time.Unix(0, 0) },
		Agents: []agentloop.Agent{{Name: "main", Model: m, ModelName: "test/one", Prompt: "be good", Every: agentloop.Every{Bars: 1}, Price: &p, MaxOutput: 1000}}}
	if edit != nil {
		edit(&cfg)
	}
	out, err := agentloop.Run(context.Background(), cfg)
	return out, k, err
}

func TestWarmRunAsksNothing(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	cold, m := &desk{days: 4}, &trader{}
	a, k, err := cold.run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []int{12, 0, 4, 4}, []int{a.ModelCalls, a.CacheHits, cold.reads, len(cold.orders)})
	require.Equal(t, "0.024", a.Cost.String())
	warm := &desk{days: 4}
	b, l, err := warm.run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, 12, m.asked, "no new question")
	require.Equal(t, []int{0, 12, 0, 4}, []int{b.ModelCalls, b.CacheHits, warm.reads, len(warm.orders)}, "reads are not repeated, orders are really sent")
	require.Equal(t, []string{"0", "0.024"}, []string{b.Cost.String(), b.Recorded.String()})
	require.Equal(t, k.bytes, l.bytes)
	require.Equal(t, a.ToolCalls, b.ToolCalls)

	longer := &desk{days: 6}
	c, _, err := longer.run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []int{6, 12}, []int{c.ModelCalls, c.CacheHits}, "newer bars leave older turns as they were")
}

// A picture in an answer is for hosts: no model reads it, no record holds it, and a
// replay does not compare it.
func TestPicturesAreNoPartOfATurn(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	_, plain, err := (&desk{days: 4}).run(t, &trader{}, &memory{m: map[string]string{}}, nil)
	require.NoError(t, err)
	m := &trader{}
	_, cold, err := (&desk{days: 4, picture: "a drawing"}).run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, plain.bytes, cold.bytes)
	out, warm, err := (&desk{days: 4, picture: "another one"}).run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []int{0, 12}, []int{out.ModelCalls, out.CacheHits})
	require.Equal(t, cold.bytes, warm.bytes)
}

// Each part of a turn's key, changed alone, makes every turn a miss.
func TestEachPartOfTheKey(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	run := func(name string, d *desk, edit func(*agentloop.Config), hits int) {
		m := &trader{}
		out, _, err := d.run(t, m, cache, edit)
		require.NoError(t, err, name)
		require.Equal(t, hits, out.CacheHits, name)
		require.Equal(t, 3-hits, m.asked, name)
	}
	agent := func(f func(*agentloop.Agent)) func(*agentloop.Config) {
		return func(c *agentloop.Config) { f(&c.Agents[0]) }
	}
	run("first", &desk{days: 1}, nil, 0)
	run("again", &desk{days: 1}, nil, 3)
	run("prompt", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.Prompt = "be bad" }), 0)
	run("model", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.ModelName = "test/two" }), 0)
	run("fingerprint", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.Fingerprint = "f" }), 0)
	run("params", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.Params = map[string]any{"temperature": 1} }), 0)
	run("max_output", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.MaxOutput = 2000 }), 0)
	run("schema", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.Schema = json.RawMessage(`{"type":"object"}`) }), 0)
	run("sample", &desk{days: 1}, func(c *agentloop.Config) { c.Sample = 1 }, 0)
	run("tools", &desk{days: 1, extra: true}, nil, 0)
	run("context", &desk{days: 1, closes: func(int) float64 { return 7 }}, nil, 0)
	// What the model could not see changes a turn's key and no reply's: replies are
	// found again, and what they call is called again.
	run("state_digest", &desk{days: 1, salt: "other data"}, nil, 3)
	run("identity of an external tool", &desk{days: 1, identity: "another url"}, nil, 3)
	run("server", &desk{days: 1, version: ".1"}, nil, 3)
	run("turn_budget", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.Budget.USDPerTurn = pitwall.Int(1) }), 3)
	run("price of the turn_budget", &desk{days: 1}, agent(func(a *agentloop.Agent) {
		a.Budget.USDPerTurn, a.Price = pitwall.Int(1), &agentloop.Price{In: pitwall.Int(2), Out: pitwall.Int(10)}
	}), 3)
	run("max_steps", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.MaxSteps = 9 }), 3)
	run("agent", &desk{days: 1}, agent(func(a *agentloop.Agent) { a.Name = "other" }), 3)
	turns := 0
	for k := range cache.m {
		if strings.HasPrefix(k, "turn") {
			turns++
		}
	}
	require.Equal(t, 17, turns, "the first run and sixteen that are not it")
}

func TestDivergedReplayStops(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	_, _, err := (&desk{days: 3}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	for k, v := range cache.m { // the answer to the order of turn 2 is edited
		if strings.HasPrefix(k, "turn") && strings.Contains(v, "order o-2") {
			head, turn, _ := strings.Cut(v, "\n")
			cache.m[k] = strings.Replace(head, "order o-2", "order o-9 filled", 1) + "\n" + turn
		}
	}
	d := &desk{days: 3}
	out, k, err := d.run(t, &trader{}, cache, nil)
	require.Equal(t, pitwall.ReplayDiverged, pitwall.CodeOf(err))
	require.ErrorContains(t, err, "turn 2 of main at 2024-01-03T16:00:00Z: call 1 of those that are repeated, orders_submit, answered other than recorded")
	require.ErrorContains(t, err, "- recorded: order o-9 filled\n  + now:      order o-2")
	require.Len(t, d.orders, 2, "nothing after it was done")
	require.Len(t, k.turns, 1)
	require.Equal(t, 1, out.Warnings["replay_diverged"])
}

func TestInterruptedTurnResumes(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	m := &trader{fail: func(n int) error {
		if n == 6 { // the last reply of turn 2
			return errors.New("power cut")
		}
		return nil
	}}
	_, _, err := (&desk{days: 3}).run(t, m, cache, nil)
	require.ErrorContains(t, err, "power cut")
	m.fail = nil
	out, _, err := (&desk{days: 3}).run(t, m, cache, nil)
	require.NoError(t, err)
	require.Equal(t, []int{4, 5}, []int{out.ModelCalls, out.CacheHits}, "turn 1 and two replies of turn 2 were there")
}

func TestServerWithoutDigestKeepsRepliesOnly(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	for _, want := range [][]int{{6, 0, 2}, {0, 6, 2}} {
		d := &desk{days: 2, silent: true}
		out, _, err := d.run(t, &trader{}, cache, nil)
		require.NoError(t, err)
		require.Equal(t, want, []int{out.ModelCalls, out.CacheHits, d.reads}, "its reads are made again")
	}
	for k := range cache.m {
		require.True(t, strings.HasPrefix(k, "reply"), k)
	}
}

// A tool that may have changed unseen, and one that failed, are asked again: only
// the model's replies are kept.
func TestTurnsThatAreNotKept(t *testing.T) {
	for _, d := range []desk{{days: 2, identity: "unknown"}, {days: 2, identity: "some url", lookError: true},
		{days: 2, lookError: true, lookText: "error SQL_EXHAUSTED: of memory"}, {days: 2, lookError: true, lookText: "error TIMEOUT: too long"}, {days: 2, lookError: true, lookText: "error INTERNAL: id 1"}} {
		cache := &memory{m: map[string]string{}}
		for _, asked := range []int{6, 0} {
			d := d
			out, _, err := d.run(t, &trader{}, cache, nil)
			require.NoError(t, err)
			require.Equal(t, []int{asked, 2}, []int{out.ModelCalls, d.reads})
		}
		for k := range cache.m {
			require.False(t, strings.HasPrefix(k, "turn"), k)
		}
	}
}

func TestStrictReplayAsksNoModel(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	strict := func(c *agentloop.Config) { c.Strict = true }
	m := &trader{}
	_, _, err := (&desk{days: 2}).run(t, m, cache, strict)
	require.Equal(t, pitwall.NotRecorded, pitwall.CodeOf(err))
	require.Zero(t, m.asked)
	_, _, err = (&desk{days: 2}).run(t, m, cache, nil)
	require.NoError(t, err)
	_, _, err = (&desk{days: 2}).run(t, &trader{fail: func(int) error { panic("asked") }}, cache, strict)
	require.NoError(t, err)
	_, _, err = (&desk{days: 2, salt: "x", closes: func(int) float64 { return 1 }}).run(t, m, cache, strict)
	require.ErrorContains(t, err, "the nearest one differs in everything")
}

func TestBrokenCacheDoesNotStopARun(t *testing.T) {
	out, k, err := (&desk{days: 2}).run(t, &trader{}, &memory{broken: true}, nil)
	require.NoError(t, err)
	require.True(t, out.Ended)
	require.Contains(t, out.First, "cache_failed: disk on fire")
	require.Empty(t, k.turns[0].Warnings, "the record is the same as with a whole one")
}

// Operators see a turn in one line, and how long its SQL took.
func TestTurnsAreLoggedAndTheirQueriesTimed(t *testing.T) {
	m := &trader{reply: func(r agentloop.Request) (agentloop.Reply, bool) {
		if len(r.Messages) == 1 {
			return agentloop.Reply{Calls: []agentloop.Call{call("duckdb_query", `{}`), call("duckdb.query", `{}`), call("nonsense", `{}`)}}, true
		}
		return agentloop.Reply{}, false
	}}
	cache := &memory{m: map[string]string{}}
	run := func() (*kept, string) {
		var lines bytes.Buffer
		seconds := int64(0)
		_, k, err := (&desk{days: 1, sql: true}).run(t, m, cache, func(c *agentloop.Config) {
			c.Log = slog.New(slog.NewTextHandler(&lines, nil))
			c.Now = func() time.Time { seconds++; return time.Unix(seconds, 0) }
		})
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(lines.String(), "msg=turn"), lines.String())
		return k, lines.String()
	}
	k, line := run()
	require.Equal(t, []agentloop.Query{{Seconds: 1, Rows: 2}, {Seconds: 1}}, k.timings[0].Queries, "and one that failed: this server knows no dotted name")
	for _, want := range []string{"level=INFO", "agent=main", "model=test/one", "cache=none", `calls="duckdb_query duckdb.query nonsense orders_submit"`, `warnings="tool_error`, "result=bought", "status=ordered"} {
		require.Contains(t, line, want)
	}
	k, line = run()
	require.Empty(t, k.timings[0].Queries, "a replayed turn makes none")
	for _, want := range []string{"model=test/one", "cache=turn", `calls="duckdb_query duckdb.query nonsense orders_submit"`, `warnings="tool_error`, "result=bought"} {
		require.Contains(t, line, want)
	}
}
