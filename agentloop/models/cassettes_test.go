package models

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"pitwall/agentloop"
)

// wireDir holds recorded exchanges with the real providers.
const wireDir = "../../../shared/data/wire"

type interaction struct {
	Request struct {
		URI  string         `yaml:"uri"`
		Body map[string]any `yaml:"parsed_body"`
	} `yaml:"request"`
	Response struct {
		Body struct {
			String string `yaml:"string"`
		} `yaml:"body"`
		Parsed map[string]any `yaml:"parsed_body"`
		Status struct {
			Code int `yaml:"code"`
		} `yaml:"status"`
	} `yaml:"response"`
}

// TestCassettes serves what providers really answered and checks the reply that
// comes of it, and that our request has the fields of the recorded one.
func TestCassettes(t *testing.T) {
	if _, err := os.Stat(wireDir); err != nil {
		t.Skip("skipped: no ../shared")
	}
	replayed, signed := 0, 0
	for _, folder := range []string{"openai", "anthropic", "gemini"} {
		files, err := filepath.Glob(filepath.Join(wireDir, folder, "*.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var c struct{ Interactions []interaction }
			require.NoError(t, yaml.Unmarshal(data, &c))
			for i, x := range c.Interactions {
				name := fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(file), ".yaml"), i)
				t.Run(name, func(t *testing.T) {
					n, ok := replayCassette(t, name, x)
					if signed += n; ok {
						replayed++
					}
				})
			}
		}
	}
	require.Equal(t, len(cassettes), replayed, "each expected reply was compared")
	require.Equal(t, 7, signed, "signatures in the recorded answers")
}

func replayCassette(t *testing.T, name string, x interaction) (signed int, replayed bool) {
	uri := x.Request.URI
	var model string
	var r agentloop.Request
	stream, _ := x.Request.Body["stream"].(bool)
	switch {
	case strings.HasSuffix(uri, "/v1/responses"):
		t.Skip("skipped: the Responses API, which we do not speak: OpenAI-compatible servers have chat completions only")
	case strings.HasSuffix(uri, "/chat/completions"):
		model, r = "openai/"+str(x.Request.Body, "model"), openAIRecorded(x.Request.Body)
	case strings.Contains(uri, "api.anthropic.com"):
		model, r = "anthropic/"+str(x.Request.Body, "model"), anthropicRecorded(x.Request.Body)
	default:
		_, last, _ := strings.Cut(uri, "/models/")
		id, method, _ := strings.Cut(last, ":")
		model, r = "gemini/"+id, geminiRecorded(x.Request.Body)
		stream = strings.HasPrefix(method, "stream")
	}
	body := []byte(x.Response.Body.String)
	kind := "text/event-stream"
	if len(body) == 0 {
		var err error
		body, err = json.Marshal(x.Response.Parsed)
		require.NoError(t, err)
		kind = "application/json"
	}
	var sent []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(x.Response.Status.Code)
		w.Write(body)
	}))
	defer server.Close()
	params := map[string]any{"stream": stream}
	if strings.HasPrefix(model, "anthropic/") {
		params["max_tokens"] = x.Request.Body["max_tokens"]
		if params["max_tokens"] == nil {
			delete(params, "max_tokens")
		}
		if th := dict(x.Request.Body["thinking"]); th["budget_tokens"] != nil {
			params["thinking"] = th["budget_tokens"]
		}
	}
	if g := dict(x.Request.Body["generationConfig"]); g["temperature"] != nil {
		params["temperature"] = g["temperature"]
	}
	base := server.URL
	if strings.HasPrefix(model, "openai/") {
		base += "/v1"
	}
	c := client(t, Options{Name: model, BaseURL: base, Params: params, Attempts: 1})
	reply, err := c.Reply(t.Context(), r)
	require.Equal(t, cassettes[name], describe(reply, err), "%q: %q", name, describe(reply, err))
	if err != nil {
		return 0, true
	}
	sameShape(t, x.Request.Body, sent)
	signatures := signature.FindAllStringSubmatch(string(body), -1)
	m := agentloop.Message{Reply: &reply}
	for _, c := range reply.Calls {
		m.Results = append(m.Results, agentloop.Result{ID: c.ID, Name: c.Name, Text: "x"})
	}
	r.Messages = append(r.Messages, m)
	_, err = c.Reply(t.Context(), r)
	require.NoError(t, err)
	for _, s := range signatures {
		require.Contains(t, string(sent), s[1], "a signature goes back as it came")
	}
	return len(signatures), true
}

// signature finds those that are not empty.
var signature = regexp.MustCompile(`"(?:signature|thoughtSignature)": ?"([^"]+)"`)

// describe is a reply in one line.
func describe(r agentloop.Reply, err error) string {
	if err != nil {
		return err.Error()
	}
	u := r.Usage
	s := fmt.Sprintf("%s %s in=%d out=%d read=%d write=%d reasoning=%d estimated=%v |%s|", r.Model, r.Stop, u.Input, u.Output, u.CacheRead, u.CacheWrite, u.Reasoning, u.Estimated, short(r.Text))
	for _, c := range r.Calls {
		s += " " + c.ID + " " + c.Name + string(c.Arguments)
	}
	if r.Reasoning != "" {
		s += " thought " + short(r.Reasoning)
	}
	if r.Opaque != nil {
		var o opaque
		if json.Unmarshal(r.Opaque, &o) != nil {
			return "opaque is no JSON"
		}
		if o.Provider == "openai" {
			return s + " back " + string(o.Content)
		}
		var blocks []struct{ Signature, ThoughtSignature string }
		if json.Unmarshal(o.Content, &blocks) != nil {
			return "opaque is no list"
		}
		for _, b := range blocks {
			s += " [" + short(b.Signature+b.ThoughtSignature) + "]"
		}
	}
	return s
}

func short(s string) string {
	if len(s) <= 40 {
		return s
	}
	return fmt.Sprintf("%s...%d...%s", s[:12], len(s), s[len(s)-12:])
}

// free are fields that either side may send: choices of the recording client that
// we do not need, and ours (usage in streams, marks for the cache). All other fields
// must be at the same place in both. A system text as a list of blocks is ours.
var free = []string{"n", "tool_choice", "tools[].function.strict", "toolConfig", "generationConfig", "systemInstruction.role", "stream_options", "tools[].cache_control",
	"system[].type", "system[].cache_control"}

// renamed are spellings that mean the same to a provider.
var renamed = strings.NewReplacer("parameters_json_schema", "parameters", "parametersJsonSchema", "parameters", "function_declarations", "functionDeclarations",
	"tools.function_declarations", "tools[].functionDeclarations", "functionDeclarations[][]", "functionDeclarations[]", "system[].text", "system")

func sameShape(t *testing.T, recorded map[string]any, sent []byte) {
	t.Helper()
	var ours map[string]any
	require.NoError(t, json.Unmarshal(sent, &ours))
	a, b := map[string]bool{}, map[string]bool{}
	paths(recorded, "", a)
	paths(ours, "", b)
	without(a, free)
	without(b, free)
	require.Equal(t, slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
}

func paths(v any, at string, into map[string]bool) {
	switch x := v.(type) {
	case map[string]any:
		for k, w := range x {
			if strings.HasSuffix(at, ".input.") || strings.HasSuffix(at, ".args.") || strings.HasSuffix(at, ".response.") {
				return // free
			}
			if k == "parameters" || k == "input_schema" || k == "parametersJsonSchema" || k == "parameters_json_schema" {
				into[strings.TrimSuffix(renamed.Replace(at+k), ".")] = true
				continue
			}
			if w == nil || w == "" && k != "text" || k == "id" && strings.Contains(at, "unction") {
				continue // content: null is a field that is not there; ids of Gemini's are the client's own
			}
			paths(w, at+k+".", into)
		}
	case []any:
		for _, w := range x {
			paths(w, strings.TrimSuffix(at, ".")+"[].", into)
		}
	default:
		into[strings.TrimSuffix(renamed.Replace(at), ".")] = true
	}
}

func without(m map[string]bool, list []string) {
	for k := range m {
		for _, p := range list {
			if k == p || strings.HasPrefix(k, p+".") || strings.HasPrefix(k, p+"[") {
				delete(m, k)
			}
		}
	}
}
