package models

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
)

// answer serves one body to every request.
func answer(t *testing.T, kind, body string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func sse(lines ...string) string {
	return "data: " + strings.Join(lines, "\n\ndata: ") + "\n\n"
}

// delta is a chunk of an OpenAI-compatible stream.
func delta(s string) string { return `{"choices":[{"index":0,"delta":` + s + `}]}` }

const (
	stream   = "text/event-stream"
	endCalls = `{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`
	endStop  = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
)

// What compatible servers do in their own way.
func TestOddServers(t *testing.T) {
	for _, c := range []struct{ name, kind, body, want string }{
		{"every call has index 0", stream, sse(delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`),
			delta(`{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{\"x\":"}}]}`), delta(`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`), endCalls, "[DONE]"),
			` calls in=1 out=3 read=0 write=0 reasoning=0 estimated=true || a f{} b g{"x":1}`},
		{"no index", stream, sse(delta(`{"tool_calls":[{"id":"a","function":{"name":"f","arguments":""}}]}`), delta(`{"tool_calls":[{"function":{"arguments":"{}"}}]}`),
			delta(`{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}`), endCalls),
			` calls in=1 out=2 read=0 write=0 reasoning=0 estimated=true || a f{} b g{}`},
		{"interleaved, the same id, no id", stream, sse(delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}},{"index":1,"id":"a","function":{"name":"g","arguments":"{"}},{"index":2,"function":{"name":"h","arguments":"{"}}]}`),
			delta(`{"tool_calls":[{"index":1,"function":{"arguments":"}"}},{"index":0,"function":{"arguments":"}"}},{"index":2,"function":{"arguments":"}"}}]}`), endCalls),
			` calls in=1 out=3 read=0 write=0 reasoning=0 estimated=true || a f{} call_0_1 g{} call_0_2 h{}`},
		{"arguments as an object, stop instead of tool_calls, no id", "application/json",
			`{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":{"x": 1}}}]},"finish_reason":"stop"}]}`,
			` calls in=1 out=2 read=0 write=0 reasoning=0 estimated=true || call_0_0 f{"x":1}`},
		{"reasoning, and a list as content", "application/json",
			`{"model":"m","choices":[{"message":{"reasoning":"hm","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,"completion_tokens_details":{"reasoning_tokens":5}}}`,
			`m end in=10 out=7 read=0 write=0 reasoning=5 estimated=false |ab| thought hm back {"message":{"reasoning":"hm"}}`},
		{"keep-alive comments and CRLF", stream, ": waiting\r\n\r\n: waiting\r\n\r\ndata: " + delta(`{"reasoning":"hm","content":"x"}`) + "\r\n\r\ndata:" + endStop + "\r\n\r\ndata: [DONE]\r\n\r\n",
			` end in=1 out=1 read=0 write=0 reasoning=0 estimated=true |x| thought hm back {"message":{"reasoning":"hm"}}`},
		{"a refusal", stream, sse(delta(`{"refusal":"I will not."}`), endStop), ` refused in=1 out=3 read=0 write=0 reasoning=0 estimated=true |I will not.|`},
		{"torn arguments at the limit", stream, sse(delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}`), `{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}`),
			` length in=1 out=2 read=0 write=0 reasoning=0 estimated=true || a f{"x":`},
	} {
		url := answer(t, c.kind, c.body)
		o := Options{Name: "vllm/m", BaseURL: url, Env: env(), Params: map[string]any{"stream": c.kind == stream}}
		reply, err := client(t, o).Reply(t.Context(), hello)
		if reply.Usage.Estimated {
			require.Greater(t, reply.Usage.Input, 20, c.name)
			reply.Usage.Input = 1
		}
		require.Equal(t, c.want, describe(reply, err), c.name)
		if c.kind != stream { // a server that ignores stream: true
			o.Params = nil
			again, err := client(t, o).Reply(t.Context(), hello)
			require.NoError(t, err)
			require.Equal(t, reply.Text, again.Text)
			require.Equal(t, reply.Calls, again.Calls)
		}
	}
}

// An error that comes inside of an answer counts as the status that it stands for.
func TestErrorsInside(t *testing.T) {
	start := `{"type":"message_start","message":{"model":"m","usage":{"input_tokens":1,"output_tokens":1}}}`
	for _, c := range []struct{ model, kind, body, want string }{
		{"openai/m", stream, sse(delta(`{"content":"x"}`), `{"error":{"message":"upstream","code":502}}`), "unavailable (502): upstream"},
		{"openai/m", stream, sse(`{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`), "limited (429): slow down"},
		{"openai/m", stream, sse(`{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}`), "billing (429): pay; the provider's quota or credit is used up"},
		{"openai/m", "application/json", `{"error":{"message":"no such model","code":404}}`, "config (404): no such model; check the model's name and base_url"},
		{"anthropic/m", stream, sse(start, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), "unavailable (529): Overloaded"},
		{"anthropic/m", stream, sse(start, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}`), "billing (400): Your credit balance is too low; the provider's quota or credit is used up"},
		{"anthropic/m", stream, sse(start, `{"type":"content_block_delta","index":3,"delta":{}}`), "bad_reply: a delta of block 3, which did not begin"},
		{"gemini/m", stream, sse(`{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}`), "unavailable (503): busy"},
		{"gemini/m", "application/json", `{"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL"}]}`, "bad_reply: the model failed: MALFORMED_FUNCTION_CALL"},
		{"gemini/m", "application/json", `{"candidates":[]}`, "bad_reply: the answer ended without a finishReason"},
	} {
		base := answer(t, c.kind, c.body)
		_, err := client(t, Options{Name: c.model, BaseURL: base, Attempts: 1, Params: map[string]any{"stream": c.kind == stream}}).Reply(t.Context(), hello)
		require.EqualError(t, err, c.want)
	}
	blocked := answer(t, "application/json", `{"promptFeedback":{"blockReason":"SAFETY"}}`)
	reply, err := client(t, Options{Name: "gemini/m", BaseURL: blocked, Params: map[string]any{"stream": false}}).Reply(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, agentloop.StopRefused, reply.Stop)
}

// Statuses whose meaning is in the body.
func TestErrorBodies(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   agentloop.ErrorKind
		says   string
		after  string
	}{
		{400, `[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]`, "auth", "API key not valid.", "0s"},
		{400, `{"error":{"message":"Model Not Exist","code":"invalid_request_error"}}`, "config", "Model Not Exist", "0s"},
		{400, `{"error":"m does not support tools"}`, "config", "m does not support tools", "0s"},
		{400, `{"detail":"too long"}`, "request", "too long", "0s"},
		{429, `{"error":{"message":"q","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}`, "limited", "q", "34.5s"},
		{429, `{"error":{"message":"q","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]}]}}`, "billing", "q", "0s"},
		{502, "<html>Bad gateway</html>", "unavailable", "Bad gateway", "0s"},
		{503, "", "unavailable", "Service Unavailable", "0s"},
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, "unavailable", "Overloaded", "0s"},
	} {
		f := byStatus(&httpError{status: c.status, header: http.Header{}, body: []byte(c.body)})
		require.Equal(t, []any{c.kind, c.says, c.after}, []any{f.kind, f.message, f.after.String()}, c.body)
	}
	long := clip(strings.Repeat("é", 600), maxErrorText)
	require.Equal(t, maxErrorText+3, len([]rune(long)))
}

// A stream that never ends is left after the calls that are wanted.
func TestCutOfEndless(t *testing.T) {
	for _, c := range []struct{ model, path, first, each string }{
		{"openai/m", "/v1", "", delta(`{"tool_calls":[{"index":%[1]d,"id":"id%[1]d","function":{"name":"f","arguments":"{}"}}]}`)},
		{"anthropic/m", "", `{"type":"message_start","message":{"model":"m","usage":{"input_tokens":7,"cache_read_input_tokens":3,"output_tokens":1}}}`,
			`{"type":"content_block_start","index":%[1]d,"content_block":{"type":"tool_use","id":"id%[1]d","name":"f","input":{}}}`},
		{"gemini/m", "", "", `{"candidates":[{"content":{"parts":[{"functionCall":{"id":"id%[1]d","name":"f"}}]}}]}`},
	} {
		left := make(chan bool, 1)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", stream)
			if c.first != "" {
				fmt.Fprint(w, sse(c.first))
			}
			for i := 0; ; i++ {
				if _, err := fmt.Fprint(w, sse(fmt.Sprintf(c.each, i))); err != nil {
					left <- true
					return
				}
			}
		}))
		r := hello
		r.MaxCalls = 5
		reply, err := client(t, Options{Name: c.model, BaseURL: s.URL + c.path}).Reply(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, reply.Calls, 5)
		require.Equal(t, "id4", reply.Calls[4].ID)
		require.Equal(t, agentloop.StopCut, reply.Stop)
		require.True(t, reply.Usage.Estimated)
		if c.first != "" {
			require.Equal(t, 10, reply.Usage.Input, "what it said at the start")
			require.Equal(t, 3, reply.Usage.CacheRead)
		}
		require.True(t, <-left)
		s.Close()
	}
}

// Anthropic counts cached input apart.
func TestProvidersOwnWays(t *testing.T) {
	url := answer(t, "application/json", `{"type":"message","model":"m","content":[{"type":"redacted_thinking","data":"abc"},{"type":"text","text":"x"}],"stop_reason":"end_turn",
		"usage":{"input_tokens":10,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"output_tokens":4}}`)
	reply, err := client(t, Options{Name: "anthropic/m", BaseURL: url}).Reply(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, agentloop.Usage{Input: 3210, Output: 4, CacheRead: 3000, CacheWrite: 200}, reply.Usage)
	require.JSONEq(t, `{"provider":"anthropic","content":[{"type":"redacted_thinking","data":"abc"},{"type":"text","text":"x"}]}`, string(reply.Opaque))
}

// A connection that breaks after the finish_reason took the usage with it.
func TestTornAfterTheEnd(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", stream)
		fmt.Fprint(w, sse(delta(`{"content":"x"}`), endStop))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	_, err := client(t, Options{Name: "openai/m", BaseURL: s.URL + "/v1", Attempts: 1}).Reply(t.Context(), hello)
	require.ErrorContains(t, err, "bad_reply: the answer was cut off")
}

// The tokens at a stream's start are of its first token only.
func TestAnthropicWithoutUsageAtTheEnd(t *testing.T) {
	url := answer(t, stream, sse(`{"type":"message_start","message":{"model":"m","usage":{"input_tokens":9,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"twelve bytes"}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`, `{"type":"message_stop"}`))
	reply, err := client(t, Options{Name: "anthropic/m", BaseURL: url}).Reply(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, agentloop.Usage{Input: 9, Output: 3, Estimated: true}, reply.Usage)
}

// Chunks of a text are one part again, but what is signed stays apart.
func TestGeminiSignedText(t *testing.T) {
	chunk := func(part string) string { return `{"candidates":[{"content":{"parts":[` + part + `]}}]}` }
	url := answer(t, stream, sse(chunk(`{"text":"th","thought":true}`), chunk(`{"text":"ink","thought":true}`), chunk(`{"text":"a"}`), chunk(`{"text":"b"}`),
		chunk(`{"text":"","thoughtSignature":"c2ln"}`), chunk(`{"text":"c"}`), chunk(`{"text":""}`), `{"candidates":[{"finishReason":"STOP"}]}`))
	reply, err := client(t, Options{Name: "gemini/m", BaseURL: url}).Reply(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, "abc", reply.Text)
	require.Equal(t, "think", reply.Reasoning)
	require.JSONEq(t, `{"provider":"gemini","content":[{"text":"think","thought":true},{"text":"ab"},{"text":"","thoughtSignature":"c2ln"},{"text":"c"}]}`, string(reply.Opaque))
}

// What Gemini sends goes back as it came: fields that are not known, and numbers of
// any length. A call that another model made skips the check of signatures.
func TestGeminiKeepsWhatItSent(t *testing.T) {
	answers := []string{
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"n":12345678901234567890,"a":1.10},"willContinue":false},"thoughtSignature":"c2ln","partMetadata":{"k":[1]}},{"text":"x","videoMetadata":{}}]},"finishReason":"STOP"}]}`,
		`[{"candidates":[{"content":{"parts":[{"text":"do"}]}}]},{"candidates":[{"content":{"parts":[{"text":"ne"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":"2"}}]`, // a proxy without alt=sse
	}
	var bodies []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/v1beta/models/gemini-3-m:streamGenerateContent?alt=sse", r.URL.String())
		b, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		_, err = io.WriteString(w, answers[len(bodies)])
		bodies = append(bodies, string(b))
		require.NoError(t, err)
	}))
	defer s.Close()
	c := client(t, Options{Name: "gemini/gemini-3-m", BaseURL: s.URL})
	foreign := agentloop.Reply{Calls: []agentloop.Call{{ID: "call_0_0", Name: "g", Arguments: json.RawMessage("{}")}}}
	r := hello
	r.Messages = append(r.Messages, agentloop.Message{Reply: &foreign, Results: []agentloop.Result{{ID: "call_0_0", Name: "g", Text: "y"}}})
	first, err := c.Reply(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, `{"n":12345678901234567890,"a":1.10}`, string(first.Calls[0].Arguments))
	require.Contains(t, bodies[0], `"thoughtSignature":"skip_thought_signature_validator"`)
	r.Messages = append(r.Messages, agentloop.Message{Reply: &first, Results: []agentloop.Result{{ID: first.Calls[0].ID, Name: "f", Text: "z"}}})
	second, err := c.Reply(t.Context(), r)
	require.NoError(t, err)
	require.Contains(t, bodies[1], `{"functionCall":{"args":{"n":12345678901234567890,"a":1.10},"name":"f","willContinue":false},"partMetadata":{"k":[1]},"thoughtSignature":"c2ln"},{"text":"x","videoMetadata":{}}`)
	require.Equal(t, "done", second.Text)
	require.Equal(t, agentloop.Usage{Input: 7, Output: 2}, second.Usage)
}

// Every schema that leaves is a full object schema (OpenAI and LM Studio refuse the
// whole request for one that is not), and one that is full is not touched.
func TestSchema(t *testing.T) {
	for in, want := range map[string]string{
		"":                  `{"properties":{},"type":"object"}`,
		`{}`:                `{"properties":{},"type":"object"}`,
		`{"type":"object"}`: `{"properties":{},"type":"object"}`,
		`{"type":"object","properties":null,"additionalProperties":false}`:                                     `{"additionalProperties":false,"properties":{},"type":"object"}`,
		`{"properties":{"a":{"type":"array"}}}`:                                                                `{"properties":{"a":{"items":{},"type":"array"}},"type":"object"}`,
		`{"type":"object", "properties":{"b":{"type":"array","items":{"type":"string"}},"a":{"minimum":0.1}}}`: `{"type":"object", "properties":{"b":{"type":"array","items":{"type":"string"}},"a":{"minimum":0.1}}}`,
		`nonsense`: `nonsense`,
	} {
		require.Equal(t, want, string(schema(agentloop.Tool{Input: []byte(in)}, &refusals{}, &exchange{})), in)
	}
	for _, d := range dialects {
		s := serve(t, says("ok"), nil)
		r := hello
		r.Tools = []agentloop.Tool{{Name: "account_portfolio", Input: []byte(`{"type":"object"}`)}}
		_, err := client(t, Options{Name: d.name, BaseURL: s.URL + d.path}).Reply(t.Context(), r)
		require.NoError(t, err)
		require.Contains(t, string(s.Bodies()[0]), `"properties":{}`, d.name)
	}
}

// What a server refuses by name is learned once; what only sounds like it is not.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status         int
		body, optional string
		learned        bool
	}{
		{400, `{"error":{"message":"Unrecognized request argument supplied: stream_options"}}`, "stream_options", true},
		{422, `{"detail":[{"loc":["body","max_tokens"],"msg":"Extra inputs are not permitted"}]}`, "max_tokens", true},
		{422, `{"detail":[{"loc":["body","max_tokens"],"msg":"Extra inputs are not permitted"}]}`, "tokens", false},
		{400, `{"error":"max_tokens is too large: 8192"}`, "max_tokens", false},
		{400, `{"error":"Unsupported value: 'messages[0].role' does not support 'system' with this model."}`, "system", true},
		{400, `{"error":"an unexpected system error"}`, "system", false},
		{500, `{"error":"unexpected failure of the stream"}`, "stream", false},
		{500, `{"error":"unexpected keyword argument 'stream'"}`, "stream", true},
		{400, `{"error":"'temperature' is not supported: only the default (1) is"}`, "default", false},
		{400, `{"error":"The reasoning_content must be passed back"}`, "reasoning_content", false},
		{429, `{"error":"stream_options is not supported"}`, "stream_options", false},
	} {
		r := &refusals{}
		note := r.learn(&httpError{status: c.status, body: []byte(c.body)}, []string{c.optional})
		require.Equal(t, c.learned, note != "", c.body)
		require.Equal(t, c.learned, r.has(c.optional))
		require.Empty(t, r.learn(&httpError{status: c.status, body: []byte(c.body)}, []string{c.optional}), "once")
	}
}

func TestObject(t *testing.T) {
	for in, want := range map[string]string{"": "{}", " ": "{}", `{ "a" : 1 }`: `{"a":1}`, "null": `{"_invalid":"null"}`, "{\"a\":\"\xff\"}": "{\"a\":\"\uFFFD\"}", `{"a"`: `{"_invalid":"{\"a\""}`} {
		require.Equal(t, want, string(object([]byte(in))), in)
	}
}
