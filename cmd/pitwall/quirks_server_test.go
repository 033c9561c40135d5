package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// ask is a request to a server with ways of its own.
type ask struct {
	step int            // replies of the model in the conversation
	n    int            // requests for this case so far, this one included
	body map[string]any // of the request
	raw  string
}

// replied is what the server answers.
type replied struct {
	status int
	kind   string // Content-Type
	body   string
}

// quirkServer serves each case under its name and counts its requests.
func quirkServer(t *testing.T, cases []quirk) (url string, requests func(name string) int) {
	byName, count, mu := map[string]quirk{}, map[string]int{}, sync.Mutex{}
	for _, c := range cases {
		byName[c.name] = c
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		name := strings.Split(r.URL.Path, "/")[1]
		mu.Lock()
		count[name]++
		a := ask{n: count[name], raw: string(raw)}
		mu.Unlock()
		if json.Unmarshal(raw, &a.body) != nil || byName[name].answer == nil {
			http.NotFound(w, r)
			return
		}
		for _, list := range []string{"messages", "contents"} {
			messages, _ := a.body[list].([]any)
			for _, m := range messages {
				if role := m.(map[string]any)["role"]; role == "assistant" || role == "model" {
					a.step++
				}
			}
		}
		out := byName[name].answer(a)
		if out.kind != "" {
			w.Header().Set("Content-Type", out.kind)
		}
		w.WriteHeader(out.status)
		io.WriteString(w, out.body) //nolint:errcheck // the client may be gone
	}))
	t.Cleanup(s.Close)
	return s.URL, func(name string) int {
		mu.Lock()
		defer mu.Unlock()
		return count[name]
	}
}

const buyTen = `{"symbol":"AAPL","side":"buy","qty":10}`

func text(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func asJSON(status int, body string) replied { return replied{status, "application/json", body} }

// always answers the same; firstly only at the beginning of a turn, which it then ends.
func always(r replied) func(ask) replied { return func(ask) replied { return r } }

func firstly(r replied) func(ask) replied {
	return func(a ask) replied {
		switch {
		case a.step == 0:
			return r
		case a.body["contents"] != nil:
			return gemini(`{"text":"RESULT: done"}`, "STOP")
		case a.body["system"] != nil:
			return claude("end_turn", `{"type":"text","text":"RESULT: done"}`)
		}
		return said("RESULT: done")
	}
}

// once fails the first request of all and then trades.
func once(bad, good replied) func(ask) replied {
	return func(a ask) replied {
		if a.n == 1 {
			return bad
		}
		return firstly(good)(a)
	}
}

// needs refuses a conversation in which the reply lacks a text.
func needs(part, complaint string, r replied) func(ask) replied {
	return func(a ask) replied {
		if a.step > 0 && !strings.Contains(a.raw, part) {
			return asJSON(400, `{"error":{"message":`+text(complaint)+`,"type":"invalid_request_error"}}`)
		}
		return firstly(r)(a)
	}
}

// strict refuses requests that hold a field.
func strict(field, body string, r replied) func(ask) replied {
	return func(a ask) replied {
		if strings.Contains(a.raw, `"`+field+`"`) {
			return asJSON(422, body)
		}
		return firstly(r)(a)
	}
}

// chat is a stream of chat completions: deltas, and the reason for its end as JSON.
func chat(finish string, deltas ...string) replied {
	var b strings.Builder
	for _, d := range deltas {
		fmt.Fprintf(&b, "data: {\"choices\":[{\"index\":0,\"delta\":%s}]}\n\n", d)
	}
	fmt.Fprintf(&b, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":%s}]}\n\ndata: [DONE]\n\n", finish)
	return replied{200, "text/event-stream", b.String()}
}

func said(s string) replied { return chat(`"stop"`, `{"content":`+text(s)+`}`) }

// called is a reply with calls; tool is one, with more fields before its function.
func called(tools ...string) replied {
	for i := range tools {
		tools[i] = `{"tool_calls":[` + tools[i] + `]}`
	}
	return chat(`"tool_calls"`, tools...)
}

func toolCall(fields, name, args string) string {
	return `{` + fields + `"type":"function","function":{"name":` + text(name) + `,"arguments":` + args + `}}`
}

// buying is a reply with one order, its arguments as JSON text.
func buying(args string) replied {
	return called(toolCall(`"index":0,"id":"c1",`, "orders_submit", args))
}

// message is a whole answer.
func message(finish, m string) replied {
	return asJSON(200, `{"object":"chat.completion","choices":[{"index":0,"message":`+m+`,"finish_reason":`+finish+`}]}`)
}

// claude is a whole message of Anthropic's.
func claude(stop string, blocks ...string) replied {
	return asJSON(200, `{"type":"message","role":"assistant","model":"m","content":[`+strings.Join(blocks, ",")+`],"stop_reason":"`+stop+`","usage":{"input_tokens":9.0,"output_tokens":3}}`)
}

func use(id, name, input string) string {
	return `{"type":"tool_use","id":"` + id + `","name":"` + name + `","input":` + input + `}`
}

// gemini is a stream of one chunk.
func gemini(parts, finish string) replied {
	return replied{200, "text/event-stream", `data: {"candidates":[{"content":{"role":"model","parts":[` + parts + `]},"finishReason":"` + finish + `"}],"usageMetadata":{"promptTokenCount":9}}` + "\n\n"}
}
