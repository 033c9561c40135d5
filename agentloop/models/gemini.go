package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/genai"

	"pitwall/agentloop"
)

// gemini speaks generateContent through Google's library.
type gemini struct {
	model   string
	params  params
	refused *refusals
	lib     *genai.Client
}

// newGemini sets all that the library would otherwise read from the environment.
func newGemini(base, key, model string, given params, refused *refusals, h *http.Client) (*gemini, error) {
	lib, err := genai.NewClient(context.Background(), &genai.ClientConfig{APIKey: key, Backend: genai.BackendGeminiAPI, HTTPClient: h,
		HTTPOptions: genai.HTTPOptions{BaseURL: strings.TrimSuffix(base, "/v1beta"), APIVersion: "v1beta"}})
	if err != nil {
		return nil, errors.New("gemini: the client cannot be made") // the library's error prints the key
	}
	return &gemini{model: model, params: given, refused: refused, lib: lib}, nil
}

func (g *gemini) version() string { return "gemini-2" }

func (g *gemini) takesID(_ string) bool { return true }

func (g *gemini) ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	contents, err := g.contents(r)
	if err != nil {
		return agentloop.Reply{}, err
	}
	stream, config := g.params.stream(), g.config(r, x)
	m := &geminiReply{builder: builder{maxCalls: r.MaxCalls, streamed: stream}}
	if stream {
		for chunk, err := range g.lib.Models.GenerateContentStream(ctx, g.model, contents, config) {
			if err != nil {
				return agentloop.Reply{}, geminiError(err, x)
			}
			if err := m.chunk(chunk); err != nil {
				return agentloop.Reply{}, err
			}
			if m.cut {
				break // which closes the connection
			}
		}
	} else {
		answer, err := g.lib.Models.GenerateContent(ctx, g.model, contents, config)
		if err != nil {
			return agentloop.Reply{}, geminiError(err, x)
		}
		if err := m.chunk(answer); err != nil {
			return agentloop.Reply{}, err
		}
	}
	if !m.cut && (x.readErr != nil || m.stop == "" && (stream || len(m.parts) == 0)) {
		return agentloop.Reply{}, badReplyf("the answer ended without a finishReason")
	}
	return m.finish(x)
}

// geminiError turns an error inside of an answer into the status that it has.
func geminiError(err error, x *exchange) error {
	var inside genai.APIError
	if !errors.As(err, &inside) || inside.Code == 0 {
		if x.answered {
			return badReplyf("the answer cannot be read: %v", err)
		}
		return err
	}
	body, e := json.Marshal(map[string]any{"error": inside})
	if e != nil {
		body = []byte(inside.Message)
	}
	return &httpError{status: inside.Code, body: body}
}

func (g *gemini) config(r agentloop.Request, x *exchange) *genai.GenerateContentConfig {
	p := g.params
	c := &genai.GenerateContentConfig{Temperature: p.float32("temperature"), TopP: p.float32("top_p"), TopK: p.float32("top_k"),
		MaxOutputTokens: int32(min(p.maxOutput(r.MaxOutput), 1<<30))}
	if r.System != "" {
		c.SystemInstruction = &genai.Content{Parts: []*genai.Part{{Text: r.System}}}
	}
	if v, ok := p.integer("seed"); ok {
		seed := int32(v)
		c.Seed = &seed
	}
	if budget, ok := p.integer("thinking"); ok {
		n := int32(budget)
		c.ThinkingConfig = &genai.ThinkingConfig{ThinkingBudget: &n, IncludeThoughts: budget > 0}
	} else if effort := p.word("reasoning_effort"); effort != "" {
		c.ThinkingConfig = &genai.ThinkingConfig{ThinkingLevel: genai.ThinkingLevel(strings.ToUpper(effort)), IncludeThoughts: true}
	}
	if len(r.Tools) > 0 {
		t := &genai.Tool{}
		for _, tool := range r.Tools {
			t.FunctionDeclarations = append(t.FunctionDeclarations, &genai.FunctionDeclaration{Name: tool.Name, Description: tool.Description, ParametersJsonSchema: schema(tool, g.refused, x)})
		}
		c.Tools = []*genai.Tool{t}
	}
	return c
}

func (g *gemini) contents(r agentloop.Request) ([]*genai.Content, error) {
	var list []*genai.Content
	say := func(role string, parts []*genai.Part) {
		if len(parts) > 0 {
			list = append(list, &genai.Content{Role: role, Parts: parts})
		}
	}
	for _, m := range r.Messages {
		if m.User != "" {
			say("user", []*genai.Part{{Text: m.User}})
		}
		if m.Reply == nil {
			continue
		}
		parts, err := g.parts(m.Reply)
		if err != nil {
			return nil, err
		}
		say("model", parts)
		var answers []*genai.Part
		for _, res := range results(m) {
			if isMade(res.ID) {
				res.ID = "" // the provider gave none: it matches by order
			}
			key := "output"
			if res.IsError {
				key = "error"
			}
			answers = append(answers, &genai.Part{FunctionResponse: &genai.FunctionResponse{ID: res.ID, Name: res.Name, Response: map[string]any{key: res.Text}}})
		}
		say("user", answers)
	}
	return list, nil
}

// unsigned stands for a signature that cannot be had: Gemini 3 refuses a call
// without one, and documents this text for calls that other models made.
const unsigned = "skip_thought_signature_validator"

// parts is a reply as it came, with its calls as they were repaired and without those
// that were cut, or rebuilt if it came from elsewhere.
func (g *gemini) parts(r *agentloop.Reply) ([]*genai.Part, error) {
	var came, parts []*genai.Part
	calls := 0
	if own := opaqueOf(r, "gemini"); own != nil && json.Unmarshal(own, &came) == nil {
		for _, p := range came {
			if p.FunctionCall != nil {
				if calls++; calls > len(r.Calls) {
					continue
				}
				if err := repairCall(p.FunctionCall, r.Calls[calls-1]); err != nil {
					return nil, err
				}
			}
			parts = append(parts, p)
		}
		if len(parts) > 0 && calls >= len(r.Calls) {
			return parts, nil
		}
	}
	parts = nil
	if r.Text != "" {
		parts = append(parts, &genai.Part{Text: r.Text})
	}
	old := strings.HasPrefix(g.model, "gemini-1") || strings.HasPrefix(g.model, "gemini-2")
	for i, c := range r.Calls {
		p := &genai.Part{FunctionCall: &genai.FunctionCall{}}
		if err := repairCall(p.FunctionCall, c); err != nil {
			return nil, err
		}
		if i == 0 && !old {
			p.ThoughtSignature = []byte(unsigned)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// repairCall gives a call of the provider's the id, name and arguments of ours.
func repairCall(f *genai.FunctionCall, c agentloop.Call) error {
	f.ID, f.Name, f.Args = c.ID, safeName(c.Name), map[string]any{}
	if isMade(c.ID) {
		f.ID = ""
	}
	if err := json.Unmarshal(object(c.Arguments), &f.Args); err != nil {
		return fmt.Errorf("arguments of %s: %w", c.Name, err)
	}
	return nil
}
