package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpacafake"
	"pitwall/cache/runs"
)

// host is an MCP host with a server of its own.
type host struct {
	cmd *exec.Cmd
	cs  *mcp.ClientSession
}

// startHost starts the binary as an MCP host does, and connects.
func startHost(t *testing.T, dir string, env []string, args ...string) *host {
	t.Helper()
	h := &host{cmd: exec.Command(binary, append([]string{"serve"}, args...)...)}
	h.cmd.Dir, h.cmd.Stderr, h.cmd.Env = dir, os.Stderr, append(os.Environ(), env...)
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(context.Background(), &mcp.CommandTransport{Command: h.cmd, TerminateDuration: 20 * time.Second}, nil)
	require.NoError(t, err)
	h.cs = cs
	t.Cleanup(func() { _ = cs.Close() })
	return h
}

// call calls a tool that answers; its structured part says the mode.
func (h *host) call(t *testing.T, name string, args map[string]any) map[string]any {
	t.Helper()
	r, err := h.cs.CallTool(context.Background(), &mcp.CallToolParams{Name: name, Arguments: args})
	require.NoError(t, err)
	answer := r.StructuredContent.(map[string]any)
	require.False(t, r.IsError, answer)
	require.Equal(t, "paper", answer["mode"], name)
	return answer
}

// refused calls a tool that must fail and returns its code and message.
func (h *host) refused(t *testing.T, name string, args map[string]any) (code, message string) {
	t.Helper()
	r, err := h.cs.CallTool(context.Background(), &mcp.CallToolParams{Name: name, Arguments: args})
	require.NoError(t, err)
	require.True(t, r.IsError, r.StructuredContent)
	e := r.StructuredContent.(map[string]any)["error"].(map[string]any)
	return e["code"].(string), e["message"].(string)
}

// until steps the clock until the account holds a quantity of AAPL; a fake's next bar comes
// before each step.
func (h *host) until(t *testing.T, held float64, fake *alpacafake.Server) {
	t.Helper()
	for range 20 {
		if fake != nil {
			require.NoError(t, fake.Step(t.Context()))
		}
		for _, p := range h.call(t, "clock_next_bar", nil)["positions"].([]any) {
			if p.(map[string]any)["qty"] == held {
				return
			}
		}
	}
	require.Fail(t, "no fill in 20 bars")
}

// An MCP host trades at the fake broker: limits, halt and journal act, a host that goes
// away leaves a whole run, and the same command line goes on with it, also after a kill.
func TestHostTradesAtABroker(t *testing.T) {
	t.Parallel()
	dir, env, fake := brokerFolder(t, 0)
	line := []string{"mine.yaml", "--broker", "alpaca", "--profile", "paper.yaml", "--out", "runs/desk"}
	manifest := func() runs.Manifest {
		m, err := runs.Strict{FS: os.DirFS(filepath.Join(dir, "runs/desk"))}.Manifest()
		require.NoError(t, err)
		return m
	}
	h := startHost(t, dir, env, line...)
	code, _ := h.refused(t, "sim_start", nil)
	require.Equal(t, "UNSUPPORTED", code)
	code, message := h.refused(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 100_000})
	require.Equal(t, "MAX_ORDER_NOTIONAL", code, message)
	require.Contains(t, message, "denied")
	h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 3, "client_order_id": "one", "reason": "a host's"})
	h.until(t, 3, fake)
	world := h.call(t, "sim_status", nil)["world_id"]
	require.Equal(t, "desk", world)

	_, errs, exit := command(t, dir, env, append([]string{"serve", "--http", "127.0.0.1:0"}, line...)...)
	require.Equal(t, 1, exit)
	require.Contains(t, errs, "is in use by another process", "one account, one process")

	require.NoError(t, h.cs.Close(), "the host goes away")
	m := manifest()
	require.Equal(t, []any{"incomplete", "an MCP host", "paper"}, []any{m.Status, m.Model, m.Mode})
	require.FileExists(t, filepath.Join(dir, "runs/desk/metrics.json"))

	h = startHost(t, dir, env, line...)
	require.Equal(t, world, h.call(t, "sim_status", nil)["world_id"])
	held := h.call(t, "account_positions", nil)["positions"].([]any)
	require.EqualValues(t, 3, held[0].(map[string]any)["qty"])
	require.Equal(t, "filled", h.call(t, "orders_status", map[string]any{"id": "one"})["order"].(map[string]any)["status"])
	require.NoError(t, fake.Step(t.Context()))
	h.call(t, "clock_next_bar", nil)
	h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 2, "client_order_id": "two"})
	require.NoError(t, h.cmd.Process.Kill(), "kill -9 in mid-order")
	_ = h.cs.Close()

	h = startHost(t, dir, env, line...)
	h.until(t, 5, fake)
	require.EqualValues(t, 2, h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 2, "client_order_id": "two"})["order"].(map[string]any)["filled"], "the same order again is the same order")
	_, _, exit = command(t, dir, env, "kill", "on", "--reason", "a person")
	require.Zero(t, exit)
	code, message = h.refused(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 1})
	require.Equal(t, "HALTED", code, message)
	require.NoError(t, h.cs.Close())
	journal, err := runs.Strict{FS: os.DirFS(filepath.Join(dir, "runs/desk"))}.Journal()
	require.NoError(t, err)
	sent, turns := map[string]int{}, 0
	for _, e := range journal {
		if e.Kind == pitwall.EntryIntent {
			sent[e.ID]++
			require.GreaterOrEqual(t, e.Turn, turns, "turns go on where they were")
			turns = e.Turn
		}
	}
	require.Equal(t, map[string]int{"one": 1, "two": 1}, sent)
	for _, verb := range [][]string{{"verify", "last"}, {"report", "last"}} {
		out, errs, exit := command(t, dir, env, verb...)
		require.Zero(t, exit, out+errs)
	}
}

// Over HTTP with a token, on paper: the same, and every gate holds for --live.
func TestHostOverHTTP(t *testing.T) {
	t.Parallel()
	dir, feed, env := paperFolder(t)
	env = append(env, "PITWALL_TOKEN=t0ken")
	c := exec.Command(binary, "serve", "mine.yaml", "--broker", "paper", "--feed", feed, "--from", "2013-09-02", "--speed", "0", "--http", "127.0.0.1:0")
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	errs, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	text := ""
	for buffer := make([]byte, 4096); !strings.Contains(text, "Ctrl-C ends"); {
		n, err := errs.Read(buffer)
		require.NoError(t, err, text)
		text += string(buffer[:n])
	}
	require.Contains(t, text, "no order leaves this machine")
	_, rest, _ := strings.Cut(text, "serving ")
	url, _, _ := strings.Cut(rest, " ")
	web := &http.Client{Transport: bearer("t0ken")}
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(context.Background(), &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: web, DisableStandaloneSSE: true}, nil)
	require.NoError(t, err)
	h := &host{cs: cs}
	h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 3})
	h.until(t, 3, nil)
	require.NoError(t, cs.Close())
	_, err = mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil).Connect(context.Background(), &mcp.StreamableClientTransport{Endpoint: url + "/second", HTTPClient: web, DisableStandaloneSSE: true}, nil)
	require.NoError(t, err)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.NoError(t, c.Wait())
	raw, err := os.ReadFile(filepath.Join(dir, "runs/mine-1/manifest.json"))
	require.NoError(t, err)
	var m runs.Manifest
	require.NoError(t, json.Unmarshal(raw, &m))
	require.Equal(t, "incomplete", m.Status)
}

// bearer adds a token to requests.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func TestServeAtABrokerRefuses(t *testing.T) {
	t.Parallel()
	dir, env := accountFolder(t)
	for _, x := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--live is for a world on the live clock", []string{"mine.yaml", "--live"}},
		{2, "--broker needs a strategy FILE", []string{"--broker", "alpaca"}},
		{2, "--feed is missing", []string{"mine.yaml", "--broker", "paper"}},
		{1, "live trading is not armed", []string{"mine.yaml", "--broker", "alpaca", "--profile", "live.yaml"}},
	} {
		_, errs, code := command(t, dir, env, append([]string{"serve", "--http", "127.0.0.1:0"}, x.args...)...)
		require.Equal(t, x.code, code, errs)
		require.Contains(t, errs, x.want)
	}
	list, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	require.NoError(t, err)
	require.Empty(t, list, "what cannot start leaves nothing")
}
