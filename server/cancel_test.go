package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall/server"
)

const endless = "SELECT count(*) FROM generate_series(1,10000) a, generate_series(1,10000) b, generate_series(1,10000) c"

// While one caller's query runs, others of the same world go on, and its end is an
// answer that says so.
func TestCanceledCall(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	in := func(id, method, params string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":` + params + "}\n"
	}
	began := time.Now()
	got := piped(t, s, readers(
		hello+"\n"+in("2", "tools/call", `{"name":"duckdb_query","arguments":{"sql":"SELECT 1"}}`), 500*time.Millisecond,
		in("3", "tools/call", `{"name":"duckdb_query","arguments":{"sql":"`+endless+`"}}`), 200*time.Millisecond,
		in("4", "tools/call", `{"name":"clock_next_bar","arguments":{}}`)+in("5", "tools/call", `{"name":"duckdb_query","arguments":{"sql":"SELECT 2"}}`), 300*time.Millisecond,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}`+"\n", 200*time.Millisecond,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}`+"\n"))
	require.Less(t, time.Since(began), 4*time.Second)
	require.Equal(t, []string{"1", "2", "4", "5", "3"}, ids(got), "the step of the clock did not wait")
	for _, answer := range got[3:] {
		require.Contains(t, string(answer["result"]), `"CANCELED"`)
	}
}

// readers sends texts with pauses between them.
func readers(parts ...any) reader {
	r := strings.NewReader("")
	return func(p []byte) (int, error) {
		for r.Len() == 0 && len(parts) > 0 {
			if wait, ok := parts[0].(time.Duration); ok {
				time.Sleep(wait)
			} else {
				r = strings.NewReader(parts[0].(string))
			}
			parts = parts[1:]
		}
		return r.Read(p)
	}
}

// A hang-up over HTTP stops the query, in both eras.
func TestHangUpStopsAQuery(t *testing.T) {
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		s, _ := newServer(t, 60, "AAA")
		url := serveHTTP(t, s, server.HTTPOptions{}) + "/mcp"
		cs := dial(t, url, "", version)
		_, text := call(t, cs, "duckdb_query", map[string]any{"sql": "SELECT 1 AS one"})
		require.Contains(t, text, "one")
		header := map[string]string{"Mcp-Session-Id": cs.ID(), "Mcp-Protocol-Version": version}
		body := `{"jsonrpc":"2.0","id":99,"method":"tools/call","params":{"name":"duckdb_query","arguments":{"sql":"` + endless + `"}`
		if cs.ID() == "" {
			delete(header, "Mcp-Session-Id")
			header["Mcp-Method"], header["Mcp-Name"] = "tools/call", "duckdb_query"
			body += `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `","io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
		}
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body+"}}"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		for k, v := range header {
			req.Header.Set(k, v)
		}
		_, err = http.DefaultClient.Do(req)
		require.ErrorIs(t, err, context.DeadlineExceeded, "%s: it must still be running", version)
		began := time.Now()
		r, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: "duckdb_query", Arguments: map[string]any{"sql": "SELECT 2 AS two"}})
		require.NoError(t, err)
		require.False(t, r.IsError)
		require.Less(t, time.Since(began), 2*time.Second, "%s: the query of a caller who left still runs", version)
	}
}
