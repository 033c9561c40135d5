package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
)

const s = time.Second

// faultCase is a row of the table: what is planted into the first requests, and what
// must come of it.
type faultCase struct {
	name   string
	faults []modeltest.Fault   // by request; the last one repeats
	kind   agentloop.ErrorKind // "" = a reply
	status int
	says   string
	tries  []int // status of the attempts before the last one
	waits  []time.Duration
}

func status(n int, header ...string) modeltest.Fault {
	f := modeltest.Fault{Status: n, Header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		f.Header[header[i]] = header[i+1]
	}
	return f
}

var (
	none     modeltest.Fault
	backoffs = []time.Duration{s / 2, s, 2 * s, 4 * s}
	quota    = modeltest.Fault{Status: 429, Code: "insufficient_quota"}
	badKey   = modeltest.Fault{Status: 400, Code: "API_KEY_INVALID"}
	badParam = modeltest.Fault{Status: 400, Code: "unsupported_parameter"}
	dated    = status(429, "Date", "Sat, 21 Nov 2026 10:00:00 GMT", "Retry-After", "Sat, 21 Nov 2026 10:00:30 GMT")
)

func faultTable() []faultCase {
	return []faultCase{
		{name: "400", faults: []modeltest.Fault{status(400)}, kind: "request", status: 400, says: "planted: Bad Request"},
		{name: "400 for a parameter", faults: []modeltest.Fault{badParam}, kind: "config", status: 400, says: "params"},
		{name: "400 for the key", faults: []modeltest.Fault{badKey}, kind: "auth", status: 400, says: "was refused"},
		{name: "401", faults: []modeltest.Fault{status(401)}, kind: "auth", status: 401, says: "planted: Unauthorized; the key of"},
		{name: "402", faults: []modeltest.Fault{status(402)}, kind: "billing", status: 402, says: "planted: Payment Required"},
		{name: "403", faults: []modeltest.Fault{status(403)}, kind: "auth", status: 403, says: "planted: Forbidden"},
		{name: "404", faults: []modeltest.Fault{status(404)}, kind: "config", status: 404, says: "check the model's name"},
		{name: "302", faults: []modeltest.Fault{status(302, "Location", "http://127.0.0.1:1/")}, kind: "config", status: 302, says: "planted: Found"},
		{name: "408 then ok", faults: []modeltest.Fault{status(408), none}, tries: []int{408}, waits: backoffs[:1]},
		{name: "409 then ok", faults: []modeltest.Fault{status(409), none}, tries: []int{409}, waits: backoffs[:1]},
		{name: "413", faults: []modeltest.Fault{status(413)}, kind: "request", status: 413, says: "planted: Request Entity Too Large"},
		{name: "429 seconds", faults: []modeltest.Fault{status(429, "Retry-After", "7"), none}, tries: []int{429}, waits: []time.Duration{7 * s}},
		{name: "429 date", faults: []modeltest.Fault{dated, none}, tries: []int{429}, waits: []time.Duration{30 * s}},
		{name: "429 milliseconds", faults: []modeltest.Fault{status(429, "Retry-After-Ms", "250"), none}, tries: []int{429}, waits: []time.Duration{s / 4}},
		{name: "429 the cap", faults: []modeltest.Fault{status(429, "Retry-After", "120"), none}, tries: []int{429}, waits: []time.Duration{120 * s}},
		{name: "429 above the cap", faults: []modeltest.Fault{status(429, "Retry-After", "3600")}, kind: "limited", status: 429, says: "the provider asks to wait 1h0m0s; the limit is 2m0s"},
		{name: "503 above the cap", faults: []modeltest.Fault{status(503), status(503, "Retry-After", "300")}, kind: "limited", status: 503, says: "5m0s", tries: []int{503}, waits: backoffs[:1]},
		{name: "429 forever", faults: []modeltest.Fault{status(429)}, kind: "limited", status: 429, says: "planted: Too Many Requests", tries: []int{429, 429, 429, 429}, waits: backoffs},
		{name: "429 quota", faults: []modeltest.Fault{quota}, kind: "billing", status: 429, says: "quota or credit is used up"},
		{name: "500 then ok", faults: []modeltest.Fault{status(500), none}, tries: []int{500}, waits: backoffs[:1]},
		{name: "500 forever", faults: []modeltest.Fault{status(500)}, kind: "unavailable", status: 500, says: "planted: Internal Server Error", tries: []int{500, 500, 500, 500}, waits: backoffs},
		{name: "529 then ok", faults: []modeltest.Fault{status(529), none}, tries: []int{529}, waits: backoffs[:1]},
		{name: "truncated then ok", faults: []modeltest.Fault{{Truncate: true}, none}, tries: []int{0}, waits: backoffs[:1]},
		{name: "truncated forever", faults: []modeltest.Fault{{Truncate: true}}, kind: "bad_reply", says: "answer", tries: []int{0, 0}, waits: backoffs[:2]},
		{name: "torn then ok", faults: []modeltest.Fault{{Torn: true}, none}, tries: []int{0}, waits: backoffs[:1]},
		{name: "torn forever", faults: []modeltest.Fault{{Torn: true}}, kind: "bad_reply", says: "cut off", tries: []int{0, 0}, waits: backoffs[:2]},
		{name: "no choice", faults: []modeltest.Fault{{Garbage: true}}, kind: "bad_reply", says: "answer", tries: []int{0, 0}, waits: backoffs[:2]},
		{name: "torn, 500, 429, ok", faults: []modeltest.Fault{{Torn: true}, status(500), status(429, "Retry-After", "9"), none}, tries: []int{0, 500, 429}, waits: []time.Duration{s / 2, s, 9 * s}},
	}
}

// The table of faults, in each dialect, streamed and not.
func TestFaults(t *testing.T) {
	for _, d := range dialects {
		for _, stream := range []bool{true, false} {
			for _, c := range faultTable() {
				t.Run(fmt.Sprintf("%s/%v/%s", d.name, stream, c.name), func(t *testing.T) { checkFault(t, c, d.name, d.path, stream) })
			}
		}
	}
}

func checkFault(t *testing.T, c faultCase, name, path string, stream bool) {
	srv := serve(t, says("a reply that is long enough to be torn"), func(n int64) modeltest.Fault { return c.faults[min(int(n), len(c.faults))-1] })
	w := &waits{}
	reply, err := client(t, Options{Name: name, BaseURL: srv.URL + path, Sleep: w.sleep, Params: map[string]any{"stream": stream}}).Reply(t.Context(), hello)
	tries := reply.Tries
	if c.kind == "" {
		require.NoError(t, err)
		require.Equal(t, "a reply that is long enough to be torn", reply.Text)
	} else {
		e, ok := err.(*agentloop.ModelError)
		require.True(t, ok, "%T %v", err, err)
		require.Equal(t, c.kind, e.Kind, err)
		require.Equal(t, c.status, e.Status)
		require.ErrorContains(t, err, c.says)
		tries = e.Tries
	}
	var got []int
	for i, a := range tries {
		got = append(got, a.Status)
		require.NotEmpty(t, a.Error)
		require.Equal(t, c.waits[i], a.Wait)
	}
	require.Equal(t, c.tries, got)
	require.Equal(t, c.waits, w.list)
	require.EqualValues(t, len(c.tries)+1, srv.Calls(), "one request per attempt")
}

// A hang ends with the caller's context, at once, and the provider sees us leave.
func TestHangAndCancel(t *testing.T) {
	for _, d := range dialects {
		for _, stream := range []bool{true, false} {
			srv := serve(t, says("a reply that is long enough to be torn"), func(n int64) modeltest.Fault {
				if n == 1 {
					return status(500)
				}
				return modeltest.Fault{Hang: true}
			})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for srv.Calls() < 2 {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(20 * time.Millisecond) // so that half of the answer is there
				cancel()
			}()
			_, err := client(t, Options{Name: d.name, BaseURL: srv.URL + d.path, Params: map[string]any{"stream": stream}}).Reply(ctx, hello)
			require.ErrorIs(t, err, context.Canceled, d.name)
			var e *agentloop.ModelError
			require.ErrorAs(t, err, &e)
			require.Len(t, e.Tries, 1)
			require.Equal(t, 500, e.Tries[0].Status)
			require.Eventually(t, func() bool { return srv.Gone() == 1 }, 20*s, time.Millisecond)
			require.EqualValues(t, 2, srv.Calls(), "no attempt after a cancel")
		}
	}
}

// A cancel during the pause ends it; this uses the real sleep.
func TestCancelWhileWaiting(t *testing.T) {
	srv := serve(t, says("x"), func(int64) modeltest.Fault { return status(429, "Retry-After", "100") })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := client(t, Options{Name: "openai/m", BaseURL: srv.URL + "/v1", Sleep: sleep}).Reply(ctx, hello)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualValues(t, 1, srv.Calls())
	require.NoError(t, sleep(t.Context(), time.Millisecond))
}

// A client's own time limit is a failure of the provider, and is tried again.
func TestTimeout(t *testing.T) {
	for _, d := range dialects {
		for _, stream := range []bool{true, false} {
			t.Run(fmt.Sprint(d.name, " stream ", stream), func(t *testing.T) {
				t.Parallel() // each waits
				srv := serve(t, says("a reply that is long enough to be torn"), func(n int64) modeltest.Fault { return modeltest.Fault{Hang: n == 1} })
				transport := &http.Transport{}
				defer transport.CloseIdleConnections()
				c, err := New(Options{Name: d.name, BaseURL: srv.URL + d.path, Env: keys, Sleep: (&waits{}).sleep, Params: map[string]any{"stream": stream},
					Client: &http.Client{Transport: transport, Timeout: 500 * time.Millisecond}})
				require.NoError(t, err)
				reply, err := c.Reply(t.Context(), hello)
				require.NoError(t, err, d.name)
				require.Len(t, reply.Tries, 1)
				require.Equal(t, "no answer in time", reply.Tries[0].Error)
			})
		}
	}
}

func TestNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	for _, d := range dialects {
		c := client(t, Options{Name: d.name, BaseURL: "http://" + address + d.path, Attempts: 2})
		_, err := c.Reply(t.Context(), hello)
		var e *agentloop.ModelError
		require.ErrorAs(t, err, &e)
		require.Equal(t, agentloop.ErrorConfig, e.Kind)
		require.True(t, e.Stops(), "every further turn would wait as long for nothing")
		require.Empty(t, e.Tries)
		require.Contains(t, e.Message, "connection refused")
		require.Contains(t, e.Hint, "no server answers at "+address)

		c.reached.Store(true) // it has answered before: it may come back
		_, err = c.Reply(t.Context(), hello)
		require.ErrorAs(t, err, &e)
		require.Equal(t, agentloop.ErrorUnavailable, e.Kind)
		require.Contains(t, e.Message, "connection refused")
		require.Len(t, e.Tries, 1)
		require.Contains(t, e.Tries[0].Error, "connection refused")
	}
}

// What a model does not take is the server's to refuse: nothing is left out of what
// the strategy asks for.
func TestParamsAreTheServersToRefuse(t *testing.T) {
	srv := serve(t, says("x"), func(int64) modeltest.Fault { return badParam })
	_, err := client(t, Options{Name: "openai/gpt-5-mini", BaseURL: srv.URL + "/v1", Params: map[string]any{"temperature": 0.5}}).Reply(t.Context(), hello)
	var e *agentloop.ModelError
	require.ErrorAs(t, err, &e)
	require.Equal(t, agentloop.ErrorConfig, e.Kind)
	require.Len(t, srv.Bodies(), 1)
	require.Contains(t, string(srv.Bodies()[0]), `"temperature":0.5`)
}

func TestTenThousandCalls(t *testing.T) {
	for _, d := range dialects {
		for _, stream := range []bool{true, false} {
			srv := serve(t, says("x"), func(int64) modeltest.Fault { return modeltest.Fault{Calls: 10_000} })
			reply, err := client(t, Options{Name: d.name, BaseURL: srv.URL + d.path, Params: map[string]any{"stream": stream}}).Reply(t.Context(), hello)
			require.NoError(t, err)
			require.Len(t, reply.Calls, 10_000)
			require.Equal(t, `{"i":9999}`, string(reply.Calls[9999].Arguments))
			ids := map[string]bool{}
			for _, c := range reply.Calls {
				ids[c.ID] = true
			}
			require.Len(t, ids, 10_000)
		}
	}
}

// No key shows in an error, a try, a reply, a fingerprint or a log, also when the
// server sends it back, in a place where it is cut in half.
func TestCanary(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	padded := strings.Repeat("x", maxErrorText-10) + canary + strings.Repeat(" "+canary, 100)
	for _, d := range dialects {
		for _, echo := range []int{401, 500, 429, 0} {
			srv := serve(t, model(func(agentloop.Request) (agentloop.Reply, error) {
				return agentloop.Reply{Text: canary, Reasoning: canary, Calls: []agentloop.Call{call("f"+canary, `{"a":"`+canary+`"}`)}}, nil
			}), func(n int64) modeltest.Fault { return modeltest.Fault{Status: echo, Echo: true, Code: padded} })
			c := client(t, Options{Name: d.name, BaseURL: srv.URL + d.path})
			reply, err := c.Reply(t.Context(), hello)
			require.Equal(t, echo != 0, err != nil)
			shown := fmt.Sprintf("%+v %v %s %s %s", reply, err, reply.Opaque, c.Fingerprint(), c.Name())
			for _, call := range reply.Calls {
				shown += call.Name + string(call.Arguments)
			}
			var e *agentloop.ModelError
			if errors.As(err, &e) {
				shown += fmt.Sprintf("%#v", e)
				require.Contains(t, e.Message, "Bearer [key]")
			} else {
				require.Contains(t, shown, "f[key]")
			}
			require.NotContains(t, shown, canary[:12])
			require.Equal(t, canary, srv.Keys()[0], "the key did arrive")
		}
		raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, padded, 400) }))
		_, err := client(t, Options{Name: d.name, BaseURL: raw.URL + d.path}).Reply(t.Context(), hello)
		require.ErrorContains(t, err, "xxx[key]")
		require.NotContains(t, err.Error(), canary[:5])
		require.Less(t, len(err.Error()), maxErrorText+100)
		raw.Close()
	}
	require.Empty(t, logged.String(), "libraries log nothing")
}

// Nothing is logged either when an answer breaks off.
func TestQuiet(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	srv := serve(t, says("a reply that is long enough to be torn"), func(int64) modeltest.Fault { return modeltest.Fault{Torn: true} })
	_, err := client(t, Options{Name: "gemini/m", BaseURL: srv.URL}).Reply(t.Context(), hello)
	require.Error(t, err)
	require.Empty(t, logged.String())
}

// An answer without end is left at the limit.
func TestEndlessAnswer(t *testing.T) {
	block := bytes.Repeat([]byte("x"), 1<<20)
	for _, d := range dialects {
		endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}))
		_, err := client(t, Options{Name: d.name, BaseURL: endless.URL + d.path, Attempts: 1}).Reply(t.Context(), hello)
		var e *agentloop.ModelError
		require.ErrorAs(t, err, &e)
		require.Equal(t, agentloop.ErrorBadReply, e.Kind)
		require.Contains(t, e.Message, "longer than 64 MB")
		endless.CloseClientConnections()
		endless.Close()
	}
}
