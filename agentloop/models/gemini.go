package models

import (
	"context"
	"net/http"
	"strings"

	"pitwall/agentloop"
)

// gemini speaks generateContent, by hand.
type gemini struct {
	base, key, model string
	params           params
	refused          *refusals
	http             *http.Client
}

func (g *gemini) version() string { return "gemini-3" }

func (g *gemini) takesID(_ string) bool { return true }

type geminiRequest struct {
	Contents []geminiContent  `json:"contents"`
	System   *geminiContent   `json:"systemInstruction,omitempty"`
	Tools    []map[string]any `json:"tools,omitempty"`
	Config   map[string]any   `json:"generationConfig,omitempty"`
}

type geminiContent struct {
	Role  string   `json:"role,omitempty"`
	Parts []extras `json:"parts"`
}

func (g *gemini) ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	verb, stream := ":generateContent", g.params.stream() && !g.refused.has("stream")
	if stream {
		verb = ":streamGenerateContent?alt=sse"
	}
	resp, err := post(ctx, g.http, g.url()+verb, map[string]string{"X-Goog-Api-Key": g.key}, g.request(r, x))
	if err != nil {
		return agentloop.Reply{}, err
	}
	defer resp.Body.Close()
	m := &geminiReply{builder: builder{maxCalls: r.MaxCalls, streamed: stream}}
	if err := readAnswer(resp.Body, m.whole, m.event); err != nil {
		return agentloop.Reply{}, err
	}
	if !m.cut && (x.readErr != nil || m.stop == "" && (m.streamed || len(m.parts) == 0)) {
		return agentloop.Reply{}, badReplyf("the answer ended without a finishReason")
	}
	return m.finish(x)
}

// url is the model's address; a tuned model names its own collection.
func (g *gemini) url() string {
	path := g.model
	if !strings.Contains(path, "/") {
		path = "models/" + path
	}
	return strings.TrimSuffix(g.base, "/v1beta") + "/v1beta/" + path
}

func (g *gemini) request(r agentloop.Request, x *exchange) geminiRequest {
	req := geminiRequest{Contents: g.contents(r), Config: g.config(r)}
	if r.System != "" {
		req.System = &geminiContent{Parts: []extras{{"text": r.System}}}
	}
	var tools []any
	for _, t := range r.Tools {
		tools = append(tools, map[string]any{"name": t.Name, "description": t.Description, "parametersJsonSchema": schema(t, g.refused, x)})
	}
	if len(tools) > 0 {
		req.Tools = []map[string]any{{"functionDeclarations": tools}}
	}
	return req
}

func (g *gemini) config(r agentloop.Request) map[string]any {
	p, c := g.params, map[string]any{}
	for name, param := range map[string]string{"temperature": "temperature", "topP": "top_p", "topK": "top_k", "seed": "seed"} {
		if v, ok := p[param]; ok {
			c[name] = v
		}
	}
	if n := p.maxOutput(r.MaxOutput); n > 0 {
		c["maxOutputTokens"] = n
	}
	if budget, ok := p.integer("thinking"); ok {
		c["thinkingConfig"] = map[string]any{"thinkingBudget": budget, "includeThoughts": budget > 0}
	} else if effort := p.word("reasoning_effort"); effort != "" {
		c["thinkingConfig"] = map[string]any{"thinkingLevel": strings.ToUpper(effort), "includeThoughts": true}
	}
	return c
}

func (g *gemini) contents(r agentloop.Request) (list []geminiContent) {
	say := func(role string, parts ...extras) {
		if len(parts) > 0 {
			list = append(list, geminiContent{role, parts})
		}
	}
	for _, m := range r.Messages {
		if m.User != "" {
			say("user", extras{"text": m.User})
		}
		if m.Reply == nil {
			continue
		}
		say("model", g.parts(m.Reply)...)
		var answers []extras
		for _, res := range results(m) {
			key := "output"
			if res.IsError {
				key = "error"
			}
			answer := map[string]any{"name": res.Name, "response": map[string]any{key: res.Text}}
			if !isMade(res.ID) { // else the provider gave none: it matches by order
				answer["id"] = res.ID
			}
			answers = append(answers, extras{"functionResponse": answer})
		}
		say("user", answers...)
	}
	return list
}

// unsigned stands for a signature that cannot be had: Gemini 3 refuses a call
// without one, and documents this text for calls that other models made.
const unsigned = "skip_thought_signature_validator"

// parts is a reply as it came, with its calls as they were repaired and without those
// that were cut, or rebuilt if it came from elsewhere.
func (g *gemini) parts(r *agentloop.Reply) (list []extras) {
	calls := 0
	if own := opaqueOf(r, "gemini"); own != nil {
		came, _ := decoded(own).([]any)
		for _, p := range came {
			part, ok := p.(map[string]any)
			if !ok {
				continue
			}
			if f, ok := part["functionCall"].(map[string]any); ok {
				if calls++; calls > len(r.Calls) {
					continue
				}
				callOf(f, r.Calls[calls-1])
			}
			list = append(list, part)
		}
		if len(list) > 0 && calls >= len(r.Calls) {
			return list
		}
		list = nil
	}
	if r.Text != "" {
		list = append(list, extras{"text": r.Text})
	}
	old := strings.HasPrefix(g.model, "gemini-1") || strings.HasPrefix(g.model, "gemini-2")
	for i, c := range r.Calls {
		p := extras{"functionCall": callOf(map[string]any{}, c)}
		if i == 0 && !old {
			p["thoughtSignature"] = unsigned
		}
		list = append(list, p)
	}
	return list
}

// callOf gives a call of the provider's our id, name and arguments.
func callOf(f map[string]any, c agentloop.Call) map[string]any {
	f["id"], f["name"], f["args"] = c.ID, safeName(c.Name), object(c.Arguments)
	if isMade(c.ID) {
		delete(f, "id")
	}
	return f
}
