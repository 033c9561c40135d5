package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/server"
)

// piped is what `printf ... | pitwall serve` prints.
func piped(t *testing.T, s *server.Server, input io.Reader) []map[string]json.RawMessage {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(t, s.Run(ctx, server.Lines(input, &out)))
	var answers []map[string]json.RawMessage
	for line := range strings.Lines(out.String()) {
		var m map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		answers = append(answers, m)
	}
	return answers
}

// ids are the answers' ids, those of errors behind "error ".
func ids(answers []map[string]json.RawMessage) (list []string) {
	for _, a := range answers {
		id := string(a["id"])
		if a["error"] != nil {
			id = "error " + id
		}
		list = append(list, id)
	}
	return list
}

const sql = `{"jsonrpc":"2.0","id":%,"method":"tools/call","params":{"name":"duckdb_query","arguments":{"sql":"SELECT count(*) AS n FROM range(3000000)"}}}` + "\n"

func TestStdioAnswersAllThatWasAsked(t *testing.T) {
	for range 5 {
		s, _ := newServer(t, 60, "AAA")
		input := hello + "\n" + strings.Replace(sql, "%", `"two"`, 1) + `{"jsonrpc":"2.0","id":3,"method":"tools/list"}` // no newline at the end
		require.ElementsMatch(t, []string{"1", `"two"`, "3"}, ids(piped(t, s, strings.NewReader(input))))
	}
}

// What is no request gets an error, and the world goes on.
func TestStdioRefusesAndGoesOn(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	step := func(id string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"clock_next_bar","arguments":{}}}` + "\n"
	}
	input := strings.NewReader(strings.Join([]string{hello,
		"[" + strings.TrimSpace(step("2")) + `,{"jsonrpc":"2.0","method":"notifications/initialized"},` + strings.TrimSpace(step(`"b"`)) + "]", // a batch
		"[]", "[1]", "5", "{", `{"jsonrpc":"1.0","id":4,"method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"cursor":"` + strings.Repeat("x", 16<<20) + `"}}`, // a line over 16 MiB
		"", step("6") + "\r"}, "\n"))
	got := piped(t, s, input)
	require.ElementsMatch(t, []string{"1", "error 2", `error "b"`, "error null", "error null", "error null", "error null", "error null", "error null", "6"}, ids(got))
	all, err := json.Marshal(got)
	require.NoError(t, err)
	for _, message := range []string{"batches are not supported; send one message a line", "longer than 16 MiB", "a line of input is not JSON", "not a JSON-RPC 2.0 message"} {
		require.Contains(t, string(all), message)
	}
	last := piped(t, s, strings.NewReader(hello+"\n"+strings.ReplaceAll(step("7"), "clock_next_bar", "sim_status")))
	require.Contains(t, string(last[1]["result"]), `"bars":1`, "the batch changed nothing, the last line did")
}

// A request id comes back as it was sent, or the request is refused and names it.
func TestIdsComeBackAsSent(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	url := serveHTTP(t, s, server.HTTPOptions{}) + "/mcp"
	for id, served := range map[string]bool{"0": true, "-7": true, "9007199254740991": true, "-9007199254740991": true, `""`: true, `"1.5"`: true, `"é\"\\ 9007199254740993"`: true, `"9007199254740993"`: true,
		"9007199254740992": false, "9007199254740993": false, "-9007199254740993": false, "18446744073709551616": false, "1.5": false, "1.0": false, "1e3": false, "-0": false, "null": false, "true": false, `{"a":1}`: false, "[1]": false} {
		request := strings.Replace(hello, `"id":1`, `"id":`+id, 1)
		_, text := post(t, url, request, nil)
		var web map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &web), text)
		for _, answer := range append(piped(t, s, strings.NewReader(request+"\n")), web) {
			require.JSONEq(t, id, string(answer["id"]))
			require.Equal(t, served, answer["error"] == nil, "%s: %s", id, answer["error"])
			if !served {
				require.Equal(t, id, string(answer["id"]))
				require.Contains(t, string(answer["error"]), `"code":-32600`)
			}
		}
	}
	got := piped(t, s, strings.NewReader(hello+"\n"+`{"jsonrpc":"2.0","id":"\ud800","method":"ping"}`+"\n"+`{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}`+"\n"))
	require.ElementsMatch(t, []string{"1", "error null"}, ids(got))
}

// An id in use is refused, and the first request keeps its answer.
func TestStdioRefusesAnIdInUse(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	got := piped(t, s, strings.NewReader(hello+"\n"+strings.Repeat(strings.Replace(sql, "%", "2", 1), 2)))
	require.ElementsMatch(t, []string{"1", "error null", "2"}, ids(got))
}

// A client that is gone ends the connection; what it asked for does not hold it.
func TestStdioEndsWhenOutputIsClosed(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	in, feed := io.Pipe()
	out, w := io.Pipe()
	require.NoError(t, out.Close())
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background(), server.Lines(in, w)) }()
	_, err := io.WriteString(feed, hello+"\n")
	require.NoError(t, err)
	select {
	case err := <-done:
		require.ErrorIs(t, err, io.ErrClosedPipe)
	case <-time.After(10 * time.Second):
		t.Fatal("the connection did not end")
	}
}

// An input that fails is an error, after the answers that were due.
func TestStdioReportsAFailedInput(t *testing.T) {
	s, _ := newServer(t, 60, "AAA")
	broken := errors.New("broken input")
	var out bytes.Buffer
	var once sync.Once
	err := s.Run(context.Background(), server.Lines(reader(func(p []byte) (n int, err error) {
		err = broken
		once.Do(func() { n, err = copy(p, hello+"\n"), nil })
		return n, err
	}), &out))
	require.ErrorIs(t, err, broken)
	require.Contains(t, out.String(), `"protocolVersion":"2025-11-25"`)
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }
