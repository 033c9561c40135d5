package models

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "sk-canary-0123456789-do-not-show"

// keys is an environment in which every provider has a key.
func keys(name string) string {
	if strings.HasSuffix(name, "_API_KEY") {
		return canary
	}
	return ""
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// dialects are one model name each, and where its base URL ends.
var dialects = []struct{ name, path string }{{"openai/m", "/v1"}, {"anthropic/m", ""}, {"gemini/gemini-3-m", ""}}

// waits records the pauses between attempts instead of making them.
type waits struct{ list []time.Duration }

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.list = append(w.list, d)
	return ctx.Err()
}

// client makes a client of a test server.
func client(t *testing.T, o Options) *Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o.Client = &http.Client{Transport: transport}
	if o.Env == nil {
		o.Env = keys
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	if o.Sleep == nil {
		o.Sleep = (&waits{}).sleep
	}
	c, err := New(o)
	require.NoError(t, err)
	return c
}

// model is a function as a model.
type model func(agentloop.Request) (agentloop.Reply, error)

func (m model) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) { return m(r) }

func says(text string) model {
	return func(agentloop.Request) (agentloop.Reply, error) { return agentloop.Reply{Text: text}, nil }
}

var hello = agentloop.Request{System: "You trade.", Messages: []agentloop.Message{{User: "Decide."}},
	Tools: []agentloop.Tool{{Name: "orders_submit", Description: "Orders.", Input: json.RawMessage(`{"type":"object","properties":{"i":{"type":"integer"}}}`)}}}

func serve(t *testing.T, m agentloop.Model, f func(int64) modeltest.Fault) *modeltest.Server {
	return modeltest.New(t, m, modeltest.Options{Fault: f})
}

func TestNames(t *testing.T) {
	openai := env("OPENAI_API_KEY", canary)
	for _, c := range []struct {
		name, base string
		env        func(string) string
		want       string
	}{
		{"", "", openai, "openai/gpt-5-mini"},
		{"", "", env("GEMINI_API_KEY", "k", "XAI_API_KEY", "k"), "gemini/gemini-3.1-flash-lite-preview"},
		{"", "", env("OLLAMA_API_KEY", "k", "XAI_API_KEY", "k"), "xai/grok-4"},
		{"openai", "", openai, "openai/gpt-5-mini"},
		{"gpt-4.1-mini", "", openai, "openai/gpt-4.1-mini"},
		{"o3", "", openai, "openai/o3"},
		{"claude-opus-4-8", "", keys, "anthropic/claude-opus-4-8"},
		{"gemini-3-pro", "", keys, "gemini/gemini-3-pro"},
		{"grok-4", "", keys, "xai/grok-4"},
		{"deepseek-reasoner", "", keys, "deepseek/deepseek-reasoner"},
		{"openrouter/google/gemini-2.5-flash", "", keys, "openrouter/google/gemini-2.5-flash"},
		{"ollama/qwen3:8b", "", env(), "ollama/qwen3:8b"},
		{"my-model", "http://localhost:9/v1", env(), "openai/my-model"},
		{"openai/my-model", "http://localhost:9/v1", env(), "openai/my-model"},
	} {
		got, err := New(Options{Name: c.name, BaseURL: c.base, Env: c.env, Client: &http.Client{}})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got.Name())
	}
}

func TestNamesThatDoNotWork(t *testing.T) {
	for _, c := range []struct {
		options Options
		code    pitwall.Code
		says    []string
	}{
		{Options{}, pitwall.MissingKey, []string{"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY or GEMINI_API_KEY", "ollama/"}},
		{Options{Name: "gemini-3-pro"}, pitwall.MissingKey, []string{"gemini/gemini-3-pro", "GOOGLE_API_KEY or GEMINI_API_KEY"}},
		{Options{Name: "anthropic/x", BaseURL: "http://localhost:1"}, pitwall.MissingKey, []string{"ANTHROPIC_API_KEY"}},
		{Options{Name: "opnai/gpt-5"}, pitwall.StrategyError, []string{`did you mean "openai/gpt-5"`, "lmstudio"}},
		{Options{Name: "meta/llama", BaseURL: "http://localhost:1"}, pitwall.StrategyError, []string{"openai/meta/llama"}},
		{Options{Name: "gpd-5-mini"}, pitwall.StrategyError, []string{`did you mean "gpt-5-mini"`, "claude-..."}},
		{Options{Name: "ollama"}, pitwall.StrategyError, []string{"ollama/MODEL"}},
		{Options{Name: "openai/"}, pitwall.StrategyError, []string{"openai/MODEL"}},
		{Options{Name: "gpt-5", Env: keys, BaseURL: "ftp://x"}, pitwall.StrategyError, []string{"http or https"}},
		{Options{Name: "gpt-5", Env: keys, BaseURL: "https://user:" + canary + "@x/v1"}, pitwall.StrategyError, []string{"OPENAI_API_KEY"}},
		{Options{Name: "gpt-5", Env: keys, BaseURL: "https://x/v1?key=" + canary}, pitwall.StrategyError, []string{"query"}},
		{Options{Name: "what/" + canary, Env: keys}, pitwall.StrategyError, []string{"[key]"}},
		{Options{Name: "gpt-5", Env: keys, Params: map[string]any{"temprature": 1}}, pitwall.StrategyError, []string{`did you mean "temperature"`, "top_p"}},
		{Options{Name: "gpt-5", Env: keys, Params: map[string]any{"temperature": "hot"}}, pitwall.StrategyError, []string{"temperature is hot", "a number"}},
		{Options{Name: "claude-x", Env: keys, Params: map[string]any{"seed": 1}}, pitwall.StrategyError, []string{`anthropic takes no "seed"`}},
		{Options{Name: "gpt-5", Env: keys, Params: map[string]any{"max_tokens": 1.5}}, pitwall.StrategyError, []string{"whole"}},
	} {
		_, err := New(c.options)
		require.Error(t, err, c.options.Name)
		require.Equal(t, c.code, pitwall.CodeOf(err), err)
		for _, s := range c.says {
			require.ErrorContains(t, err, s)
		}
		require.NotContains(t, err.Error(), canary)
	}
}

func TestFingerprint(t *testing.T) {
	of := func(o Options) string { o.Env = keys; return client(t, o).Fingerprint() }
	base := of(Options{Name: "openai/m"})
	require.Equal(t, "openai https://api.openai.com/v1 m openai-2 {}", base)
	require.Equal(t, base, of(Options{Name: "openai/m", Params: map[string]any{"stream": false}}), "how it travels is not what it says")
	require.Equal(t, of(Options{Name: "openai/m", Params: map[string]any{"temperature": 1}}), of(Options{Name: "openai/m", Params: map[string]any{"temperature": 1.0}}))
	require.NotEqual(t, base, of(Options{Name: "openai/m", BaseURL: "http://other/v1"}))
	require.NotEqual(t, base, of(Options{Name: "openai/m", Params: map[string]any{"temperature": 0}}))
	here := of(Options{Name: "openai/m", BaseURL: "http://localhost:8000/v1"})
	require.Equal(t, here, of(Options{Name: "openai/m", BaseURL: "http://127.0.0.1:8000/v1/"}))
	require.Equal(t, here, of(Options{Name: "openai/m", BaseURL: "http://[::1]:8000/v1"}))
	require.NotEqual(t, here, of(Options{Name: "openai/m", BaseURL: "http://127.0.0.1:8001/v1"}))
	require.NotEqual(t, here, of(Options{Name: "openai/m", BaseURL: "http://127.0.0.2:8000/v1"}), "another address may be another server")
	require.NotEqual(t, base, of(Options{Name: "xai/m"}))
	require.NotContains(t, of(Options{Name: "openai/m", Params: map[string]any{"service_tier": canary}}), canary)
}

func TestProviders(t *testing.T) {
	list := Providers(env("GEMINI_API_KEY", canary))
	require.Len(t, list, 10)
	require.Equal(t, Status{Provider: "openai", Default: "gpt-5-mini", Variable: "OPENAI_API_KEY", Base: "https://api.openai.com/v1", Why: "OPENAI_API_KEY is not set"}, list[0])
	require.Equal(t, Status{Provider: "gemini", Default: "gemini-3.1-flash-lite-preview", Variable: "GEMINI_API_KEY", Base: "https://generativelanguage.googleapis.com", Usable: true, Why: "GEMINI_API_KEY is set"}, list[2])
	require.Equal(t, "ollama", list[3].Provider)
	require.True(t, list[3].Usable)
	require.Contains(t, list[3].Why, "localhost:11434")
}

// Every line of the list is a price, and it is the price of its model only where the
// provider itself is asked.
func TestListPrices(t *testing.T) {
	n := 0
	for line := range strings.Lines(listPrices) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		p, err := listPrice(fields[1:])
		require.NoError(t, err, line)
		require.Positive(t, p.In, line)
		require.Less(t, p.In, p.Out, line)
		require.Less(t, *p.CacheRead, p.In, line)
		require.Equal(t, p, client(t, Options{Name: fields[0] + "-2026-01-31"}).ListPrice(), "a version costs what its model does")
		n++
	}
	require.Greater(t, n, 40)
	for _, p := range []string{"openai", "anthropic", "gemini", "deepseek"} {
		require.NotNil(t, client(t, Options{Name: p}).ListPrice(), "the default of %s", p)
	}
	require.Nil(t, client(t, Options{Name: "openai/gpt-5", BaseURL: "http://localhost:1/v1"}).ListPrice())
	require.Nil(t, client(t, Options{Name: "openai/gpt-5-mini-x"}).ListPrice())
}

// Params reach the body under the names that each API has, also a zero.
func TestParams(t *testing.T) {
	s := serve(t, says("ok"), nil)
	given := map[string]any{"temperature": 0, "top_p": 0.5, "max_tokens": 100}
	want := []string{
		`{"temperature":0,"top_p":0.5,"max_completion_tokens":50,"seed":0,"reasoning_effort":"low","stream":true,"stream_options":{"include_usage":true}}`,
		`{"temperature":0,"top_p":0.5,"max_tokens":50,"top_k":3,"thinking":{"type":"adaptive"},"output_config":{"effort":"low"},"stream":true}`,
		`{"generationConfig":{"temperature":0,"topP":0.5,"maxOutputTokens":50,"seed":0,"thinkingConfig":{"thinkingLevel":"LOW","includeThoughts":true}}}`,
	}
	extra := []map[string]any{{"seed": 0, "reasoning_effort": "low"}, {"top_k": 3, "thinking": "adaptive", "reasoning_effort": "low"}, {"seed": 0, "reasoning_effort": "low"}}
	for i, d := range dialects {
		p := map[string]any{}
		for _, m := range []map[string]any{given, extra[i]} {
			for k, v := range m {
				p[k] = v
			}
		}
		r := hello
		r.MaxOutput = 50
		_, err := client(t, Options{Name: d.name, BaseURL: s.URL + d.path, Params: p}).Reply(t.Context(), r)
		require.NoError(t, err)
		body := map[string]any{}
		require.NoError(t, json.Unmarshal(s.Bodies()[i], &body))
		for _, k := range []string{"model", "messages", "tools", "system", "contents", "systemInstruction"} {
			delete(body, k)
		}
		got, err := json.Marshal(body)
		require.NoError(t, err)
		require.JSONEq(t, want[i], string(got), d.name)
	}
}

// The static prefix of Anthropic is marked for the cache, and there is a limit
// without anybody asking; a budget of thinking is added to it.
func TestAnthropicDefaults(t *testing.T) {
	s := serve(t, says("ok"), nil)
	for i, c := range []struct {
		params        map[string]any
		output        int
		limit, budget float64
	}{{nil, 0, 8192, 0}, {map[string]any{"thinking": 2000}, 0, 10192, 2000}, {map[string]any{"thinking": 9000}, 4000, 4000, 2000}} {
		r := hello
		r.MaxOutput = c.output
		_, err := client(t, Options{Name: "anthropic/m", BaseURL: s.URL, Params: c.params}).Reply(t.Context(), r)
		require.NoError(t, err)
		var body struct {
			MaxTokens float64          `json:"max_tokens"`
			Thinking  map[string]any   `json:"thinking"`
			System    []map[string]any `json:"system"`
			Tools     []map[string]any `json:"tools"`
		}
		require.NoError(t, json.Unmarshal(s.Bodies()[i], &body))
		require.Equal(t, c.limit, body.MaxTokens)
		if c.budget > 0 {
			require.Equal(t, c.budget, body.Thinking["budget_tokens"])
		}
		require.Equal(t, map[string]any{"type": "ephemeral"}, body.System[0]["cache_control"])
		require.Equal(t, map[string]any{"type": "ephemeral"}, body.Tools[0]["cache_control"])
	}
}
