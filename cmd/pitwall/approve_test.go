package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/runs"
)

// eventually waits until an order has a status.
func (h *host) eventually(t *testing.T, id, status string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return h.call(t, "orders_status", map[string]any{"id": id})["order"].(map[string]any)["status"] == status
	}, 10*time.Second, 50*time.Millisecond, "%s is never %s", id, status)
}

// A host's order waits for a person: pitwall approve lists it, a restart keeps it, the
// approval sends it once, and what the price or the time has left behind is not sent.
func TestApproveAtABroker(t *testing.T) {
	t.Parallel()
	dir, env, fake := brokerFolder(t, 0)
	for range 40 {
		require.NoError(t, fake.Step(t.Context()))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "mine.yaml"))
	require.NoError(t, err)
	write(t, dir, "mine.yaml", string(raw)+"approve: entries\n")
	profile, err := os.ReadFile(filepath.Join(dir, "paper.yaml"))
	require.NoError(t, err)
	write(t, dir, "paper.yaml", string(profile)+"alert: {command: [sh, -c, 'echo \"$0\" >> alerts']}\nlink: {listen: '127.0.0.1:0', url: 'https://phone.example'}\n")
	line := []string{"mine.yaml", "--broker", "alpaca", "--profile", "paper.yaml", "--out", "runs/desk"}
	h := startHost(t, dir, env, line...)
	answer := h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 3, "client_order_id": "one", "reason": "a dip"})
	require.Equal(t, false, answer["sent"])
	require.Equal(t, "awaiting_approval", answer["order"].(map[string]any)["status"])
	require.Contains(t, answer["note"], "a person must approve it")
	require.Len(t, h.call(t, "orders_open_orders", nil)["orders"], 1)
	list := func() string {
		out, errs, code := command(t, dir, env, "approve")
		require.Zero(t, code, errs)
		return out
	}
	require.Regexp(t, `(?s)[0-9a-f]{16}  buy 3 AAPL market, day; last price .*order one of runs/desk.*reason: a dip`, list())
	hash := regexp.MustCompile(`[0-9a-f]{16}`).FindString(list())
	var alerts string
	require.Eventually(t, func() bool {
		raw, _ := os.ReadFile(filepath.Join(dir, "alerts"))
		alerts = string(raw)
		return alerts != ""
	}, 10*time.Second, 20*time.Millisecond)
	require.Contains(t, alerts, "https://phone.example/approve/"+hash+"/")
	require.NoError(t, h.cs.Close())

	h = startHost(t, dir, env, line...)
	h.eventually(t, "one", "awaiting_approval")
	out, errs, code := command(t, dir, env, "approve", hash[:6])
	require.Zero(t, code, errs)
	require.Contains(t, out, "approved: buy 3 AAPL market")
	h.eventually(t, "one", "working")
	h.until(t, 3, fake)
	h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "sell", "qty": 1, "client_order_id": "exit"})
	h.eventually(t, "exit", "working") // an exit does not wait

	h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 4, "client_order_id": "denied"})
	_, errs, code = command(t, dir, env, "approve", "desk", "--id", "denied", "--deny")
	require.Zero(t, code, errs)
	h.eventually(t, "denied", "denied")
	h.call(t, "orders_submit", map[string]any{"symbol": "AAPL", "side": "buy", "qty": 5, "client_order_id": "late"})
	require.NoError(t, fake.Step(t.Context())) // a day passes
	h.call(t, "clock_next_bar", nil)
	h.eventually(t, "late", "denied")
	_, errs, code = command(t, dir, env, "approve", "--id", "late")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "no order late waits for a person")
	require.Equal(t, "no order waits for a person\n", list())
	require.NoError(t, h.cs.Close())
	journal, err := runs.Strict{FS: os.DirFS(filepath.Join(dir, "runs/desk"))}.Journal()
	require.NoError(t, err)
	sent := map[string]int{}
	for _, e := range journal {
		require.NotContains(t, e.Note, "phone.example", "the link is a secret")
		if e.Kind == pitwall.EntryIntent {
			sent[e.ID]++
		}
	}
	require.Equal(t, map[string]int{"one": 1, "exit": 1}, sent)
	out, errs, code = command(t, dir, env, "verify", "last")
	require.Zero(t, code, out+errs)
}
