package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pitwall"
	"pitwall/server"
)

// conversation is a scripted trading conversation; it returns the run's digest.
func conversation(t testing.TB, cs *mcp.ClientSession) string {
	t.Helper()
	for i := range 20 {
		r, text := call(t, cs, "clock_next_bar", map[string]any{"bars": 2})
		require.False(t, r.IsError, text)
		r, text = call(t, cs, "market_load_history_table", map[string]any{"symbols": []string{"AAA", "BBB"}, "table": "h"})
		require.False(t, r.IsError, text)
		r, text = call(t, cs, "duckdb_query", map[string]any{"sql": "SELECT symbol, avg(close) AS a, max_by(close, ts) AS l FROM h GROUP BY symbol ORDER BY symbol"})
		require.False(t, r.IsError, text)
		for _, row := range field(t, r, "rows").([]any) {
			cells := row.([]any)
			target := 0
			if cells[2].(float64) > cells[1].(float64) {
				target = 50
			}
			r, text := call(t, cs, "orders.submit", map[string]any{"symbol": cells[0], "target_percent": target, "client_order_id": fmt.Sprintf("k%d-%s", i, cells[0]), "reason": "r"})
			require.False(t, r.IsError, text)
		}
	}
	r, _ := call(t, cs, "sim_status", nil)
	require.EqualValues(t, 40, field(t, r, "bars"))
	require.Greater(t, field(t, mustCall(t, cs, "account_history"), "total_fills"), 5.0)
	return field(t, r, "digest").(string)
}

func mustCall(t testing.TB, cs *mcp.ClientSession, name string) *mcp.CallToolResult {
	r, text := call(t, cs, name, nil)
	require.False(t, r.IsError, text)
	return r
}

// serveHTTP serves on a loopback port until the test ends.
func serveHTTP(t testing.TB, s *server.Server, o server.HTTPOptions) string {
	t.Helper()
	l, err := server.Listen("127.0.0.1:0", o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, o) }()
	t.Cleanup(func() { cancel(); <-done })
	return "http://" + l.Addr().String()
}

// withToken adds a bearer token to every request.
type withToken struct{ token string }

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+w.token)
	return http.DefaultTransport.RoundTrip(r)
}

func dial(t testing.TB, url, token, version string) *mcp.ClientSession {
	t.Helper()
	hc := &http.Client{}
	if token != "" {
		hc.Transport = withToken{token}
	}
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(context.Background(),
		&mcp.StreamableClientTransport{Endpoint: url, HTTPClient: hc, DisableStandaloneSSE: true}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	require.NoError(t, err)
	t.Cleanup(func() { cs.Close() })
	return cs
}

// One conversation, every transport and both protocol eras, one digest. Stdio is
// covered with the built binary in cmd/pitwall.
func TestTransportsAgree(t *testing.T) {
	digests := map[string]string{}
	s, _ := newServer(t, 60, "AAA", "BBB")
	near, far := server.Pipe()
	digests["channel"] = conversation(t, connectAs(t, s, near, far, server.LoopProtocol))
	_, r := newServer(t, 60, "AAA", "BBB")
	digests["in process"] = conversation(t, inProcess(t, r))
	s, _ = newServer(t, 60, "AAA", "BBB")
	a, b := mcp.NewInMemoryTransports()
	digests["memory"] = conversation(t, connect(t, s, a, b))
	s, _ = newServer(t, 60, "AAA", "BBB")
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	digests["stream"] = conversation(t, connect(t, s, &mcp.IOTransport{Reader: r1, Writer: w2}, &mcp.IOTransport{Reader: r2, Writer: w1}))
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		s, _ := newServer(t, 60, "AAA", "BBB")
		cs := dial(t, serveHTTP(t, s, server.HTTPOptions{})+"/mcp", "", version)
		if v := cs.InitializeResult(); v != nil {
			require.Equal(t, version, v.ProtocolVersion)
		}
		digests["http "+version] = conversation(t, cs)
	}
	for name, d := range digests {
		require.Equal(t, digests["channel"], d, name)
	}
	require.Len(t, digests, 6)
}

// post sends one raw request and returns the status and the answer.
func post(t *testing.T, url, body string, header map[string]string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for k, v := range header {
		if k == "Host" {
			req.Host = v
		} else {
			req.Header.Set(k, v)
		}
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if res.Header.Get("Content-Type") == "text/event-stream" { // one event with the answer
		_, data, ok := strings.Cut(string(text), "data: ")
		require.True(t, ok, string(text))
		return res.StatusCode, data
	}
	return res.StatusCode, string(text)
}

const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`

func TestHTTPRefuses(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	open := serveHTTP(t, s, server.HTTPOptions{})
	locked := serveHTTP(t, s, server.HTTPOptions{Tokens: map[string]string{"a-long-secret-token": "ann"}, Hosts: []string{"trade.example"}})
	token := map[string]string{"Authorization": "Bearer a-long-secret-token"}
	with := func(more map[string]string) map[string]string {
		h := map[string]string{"Authorization": token["Authorization"]}
		for k, v := range more {
			h[k] = v
		}
		return h
	}
	for name, c := range map[string]struct {
		url    string
		body   string
		header map[string]string
		want   int
	}{
		"fine":                      {open + "/mcp", hello, nil, 200},
		"fine with a name":          {open + "/mcp/two", hello, nil, 200},
		"fine with a token":         {locked + "/mcp", hello, token, 200},
		"fine under a public name":  {locked + "/mcp", hello, with(map[string]string{"Host": "trade.example"}), 200},
		"fine under localhost":      {open + "/mcp", hello, map[string]string{"Host": "localhost:80"}, 200},
		"foreign origin":            {open + "/mcp", hello, map[string]string{"Origin": "https://evil.example"}, 403},
		"foreign origin typed in":   {open + "/mcp", hello, map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "none"}, 403},
		"same origin":               {open + "/mcp", hello, map[string]string{"Origin": open, "Sec-Fetch-Site": "same-origin"}, 200},
		"null origin":               {open + "/mcp", hello, map[string]string{"Origin": "null"}, 403},
		"cross-site":                {open + "/mcp", hello, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"foreign origin with token": {locked + "/mcp", hello, with(map[string]string{"Origin": "https://evil.example"}), 403},
		"rebound host":              {open + "/mcp", hello, map[string]string{"Host": "evil.example"}, 403},
		"rebound host with token":   {locked + "/mcp", hello, with(map[string]string{"Host": "evil.example"}), 403},
		"no token":                  {locked + "/mcp", hello, nil, 401},
		"wrong token":               {locked + "/mcp", hello, map[string]string{"Authorization": "Bearer a-long-secret-tokeN"}, 401},
		"token of another kind":     {locked + "/mcp", hello, map[string]string{"Authorization": "Basic a-long-secret-token"}, 401},
		"token in the address":      {locked + "/mcp?token=a-long-secret-token", hello, nil, 401},
		"another path":              {open + "/", hello, nil, 404},
		"a name that is a path":     {open + "/mcp/a/b", hello, nil, 404},
		"a bad name":                {open + "/mcp/A%20B", hello, nil, 404},
		"another content type":      {open + "/mcp", hello, map[string]string{"Content-Type": "text/plain"}, 415},
		"a body too large":          {open + "/mcp", strings.Replace(hello, `"x"`, `"`+strings.Repeat("x", 2<<20)+`"`, 1), nil, 413},
		"not JSON":                  {open + "/mcp", "{", nil, 400},
		"an unknown session":        {open + "/mcp", hello, map[string]string{"Mcp-Session-Id": "nope"}, 404},
	} {
		got, text := post(t, c.url, c.body, c.header)
		require.Equal(t, c.want, got, "%s: %.200s", name, text)
		require.NotContains(t, text, "goroutine")
		require.NotContains(t, text, "a-long-secret")
	}
}

func TestListenRefusesWithoutToken(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		_, err := server.Listen(addr, server.HTTPOptions{})
		require.Equal(t, pitwall.NotAllowed, pitwall.CodeOf(err), addr)
		require.ErrorContains(t, err, "PITWALL_TOKEN")
	}
	_, err := server.Listen("8080", server.HTTPOptions{})
	require.ErrorContains(t, err, "is not an address")
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} {
		l, err := server.Listen(addr, server.HTTPOptions{})
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}

// A client may not choose its world by header: the URL does.
func TestWorldIsInTheURL(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	url := serveHTTP(t, s, server.HTTPOptions{})
	one := dial(t, url+"/mcp/one", "", "2025-11-25")
	mustCall(t, one, "clock_next_bar")
	hc := &http.Client{Transport: header{"Pitwall-World", "one"}}
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(context.Background(), &mcp.StreamableClientTransport{Endpoint: url + "/mcp/two", HTTPClient: hc, DisableStandaloneSSE: true}, nil)
	require.NoError(t, err)
	defer cs.Close()
	r := mustCall(t, cs, "sim_status")
	require.Equal(t, "two", field(t, r, "world"))
	require.EqualValues(t, 0, field(t, r, "bars"))
}

type header struct{ name, value string }

func (h header) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(h.name, h.value)
	return http.DefaultTransport.RoundTrip(r)
}

// One server value, two principals, three worlds, calls in parallel: nothing
// crosses, and every world comes to the figures that it has alone.
func TestWorldsDoNotCross(t *testing.T) {
	s, _ := newServer(t, 60, "AAA", "BBB")
	url := serveHTTP(t, s, server.HTTPOptions{Tokens: map[string]string{"token-of-ann": "ann", "token-of-bob": "bob"}})
	type who struct {
		token, name string
		cash        int
	}
	worlds := []who{{"token-of-ann", "main", 50_000}, {"token-of-ann", "second", 70_000}, {"token-of-bob", "main", 90_000}}
	var wg sync.WaitGroup
	for _, w := range worlds {
		for _, version := range []string{"2025-11-25", "2026-07-28"} { // two clients of one world
			cs := dial(t, url+"/mcp/"+w.name, w.token, version)
			if version == "2025-11-25" {
				r, text := call(t, cs, "sim_start", map[string]any{"cash": w.cash})
				require.False(t, r.IsError, text)
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range 15 {
					r, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: "clock_next_bar", Arguments: map[string]any{}})
					if err != nil || r.IsError {
						t.Errorf("%v: %v %v", w, err, r)
						return
					}
					id := fmt.Sprintf("%s-%s-%d", w.token, version, i)
					_, err = cs.CallTool(context.Background(), &mcp.CallToolParams{Name: "orders_submit", Arguments: map[string]any{"symbol": "AAA", "side": "buy", "qty": 1, "client_order_id": id}})
					if err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
	}
	wg.Wait()
	for _, w := range worlds {
		cs := dial(t, url+"/mcp/"+w.name, w.token, "2026-07-28")
		r := mustCall(t, cs, "sim_status")
		require.EqualValues(t, 30, field(t, r, "bars"), "%v: 15 steps of each of its two clients and of no other", w)
		require.Equal(t, w.name, field(t, r, "world"))
		require.EqualValues(t, w.cash, field(t, mustCall(t, cs, "account_portfolio"), "start_cash"))
		for _, other := range worlds {
			r, _ := call(t, cs, "orders_status", map[string]any{"id": other.token + "-2025-11-25-3"})
			if other.token == w.token {
				require.False(t, r.IsError)
			} else {
				isError(t, r, "UNKNOWN_ORDER")
			}
		}
	}
}

func TestSimStartReplacesTheWorld(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	mustCall(t, cs, "clock_next_bar")
	r, text := call(t, cs, "sim_start", map[string]any{"cash": 500})
	require.False(t, r.IsError, text)
	require.EqualValues(t, 0, field(t, r, "bars"))
	require.Contains(t, text, "as_of=2020-01-05T00:00:00-05:00", "the answer speaks of the new world")
	require.EqualValues(t, 500, field(t, mustCall(t, cs, "account_portfolio"), "cash"))
	r, _ = call(t, cs, "sim_start", map[string]any{"cash": -1})
	require.True(t, r.IsError)
	require.EqualValues(t, 500, field(t, mustCall(t, cs, "account_portfolio"), "cash"), "a bad request changes nothing")
}

func TestStateDigestComesWithEveryAnswer(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	one := mustCall(t, cs, "clock_now").Meta["pitwall/state_digest"]
	two := mustCall(t, cs, "clock_next_bar").Meta["pitwall/state_digest"]
	require.Len(t, one, 64)
	require.NotEqual(t, one, two)
	require.Equal(t, two, mustCall(t, cs, "account_portfolio").Meta["pitwall/state_digest"])
}

func TestPromptsAndInstructions(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	near, far := server.Pipe()
	cs := connect(t, s, near, far)
	require.Contains(t, cs.InitializeResult().Instructions, "bar by bar")
	p, err := cs.GetPrompt(context.Background(), &mcp.GetPromptParams{Name: "trade_turn", Arguments: map[string]string{"strategy": "Buy low."}})
	require.NoError(t, err)
	text := p.Messages[0].Content.(*mcp.TextContent).Text
	require.Contains(t, text, "Mode: sim")
	require.True(t, strings.HasSuffix(text, "The strategy (it overrides the policy):\nBuy low.\n"))
	p, err = cs.GetPrompt(context.Background(), &mcp.GetPromptParams{Name: "backtest_idea", Arguments: map[string]string{"idea": "golden cross", "symbols": "AAA"}})
	require.NoError(t, err)
	require.Contains(t, p.Messages[0].Content.(*mcp.TextContent).Text, "golden cross")
	_, err = cs.GetPrompt(context.Background(), &mcp.GetPromptParams{Name: "backtest_idea"})
	require.Error(t, err)
}

func TestTooManyWorlds(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	url := serveHTTP(t, s, server.HTTPOptions{})
	for i := range 33 {
		cs := dial(t, fmt.Sprintf("%s/mcp/w%d", url, i), "", "2026-07-28")
		r, _ := call(t, cs, "clock_now", nil)
		if i == 32 {
			isError(t, r, "TOO_MANY_WORLDS")
		} else {
			require.False(t, r.IsError)
		}
	}
}

// A slow body is cut off by the read timeout, a closed pipe ends both sides.
func TestPipeEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, _ := newServer(t, 60, "AAA")
	near, far := server.Pipe()
	ctx := context.Background()
	ss, err := s.Connect(ctx, far)
	require.NoError(t, err)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(ctx, near, nil)
	require.NoError(t, err)
	_, err = cs.CallTool(ctx, &mcp.CallToolParams{Name: "clock_now", Arguments: map[string]any{}})
	require.NoError(t, err)
	require.NoError(t, cs.Close())
	_ = ss.Wait()
	_, err = cs.CallTool(ctx, &mcp.CallToolParams{Name: "clock_now"})
	require.Error(t, err)
}

func TestServeStops(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, server.HTTPOptions{}) }()
	code, _ := post(t, "http://"+l.Addr().String()+"/mcp", hello, nil)
	require.Equal(t, 200, code)
	spare, err := net.Dial("tcp", l.Addr().String()) // as clients open ahead of need
	require.NoError(t, err)
	defer spare.Close()
	time.Sleep(50 * time.Millisecond) // the server takes it
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the server did not stop")
	}
	_, err = http.Post("http://"+l.Addr().String()+"/mcp", "application/json", bytes.NewReader(nil))
	require.Error(t, err)
}
