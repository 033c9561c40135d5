package models

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"pitwall/agentloop"
)

// anthropic speaks the Messages API, by hand.
type anthropic struct {
	base, key, model string
	params           params
	refused          *refusals
	http             *http.Client
}

const (
	anthropicVersion = "2023-06-01"
	anthropicOutput  = 8192 // the API wants a limit
)

func (a *anthropic) version() string { return "anthropic-2" }

func (a *anthropic) takesID(id string) bool { return !unsafe.MatchString(id) }

type anthropicRequest struct {
	Model        string             `json:"model"`
	MaxTokens    int                `json:"max_tokens"`
	System       []map[string]any   `json:"system,omitempty"`
	Messages     []anthropicMessage `json:"messages"`
	Tools        []map[string]any   `json:"tools,omitempty"`
	Stream       bool               `json:"stream"`
	Temperature  *float32           `json:"temperature,omitempty"`
	TopP         *float32           `json:"top_p,omitempty"`
	TopK         int                `json:"top_k,omitempty"`
	Thinking     map[string]any     `json:"thinking,omitempty"`
	OutputConfig map[string]any     `json:"output_config,omitempty"`
}

type anthropicMessage struct {
	Role    string            `json:"role"`
	Content []json.RawMessage `json:"content"`
}

func (a *anthropic) ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	wanted, err := a.request(r, x)
	if err != nil {
		return agentloop.Reply{}, err
	}
	resp, err := post(ctx, a.http, strings.TrimSuffix(a.base, "/v1")+"/v1/messages", map[string]string{"Anthropic-Version": anthropicVersion, "X-Api-Key": a.key}, wanted)
	if err != nil {
		return agentloop.Reply{}, err
	}
	defer resp.Body.Close()
	m := &anthropicReply{builder: builder{maxCalls: r.MaxCalls}, blocks: map[int]*anthropicBlock{}}
	if err := readAnswer(resp.Body, m.whole, m.event); err != nil {
		return agentloop.Reply{}, err
	}
	if !m.cut && (x.readErr != nil || !m.ended) {
		return agentloop.Reply{}, badReplyf("the answer ended before its message_stop")
	}
	return m.finish(x)
}

// request makes the body. Tools and system come first and never change within a
// run, so both end with a mark up to which the provider caches.
func (a *anthropic) request(r agentloop.Request, x *exchange) (*anthropicRequest, error) {
	p := a.params
	topK, _ := p.integer("top_k")
	req := &anthropicRequest{Model: a.model, Stream: p.stream() && !a.refused.has("stream"), Temperature: p.float32("temperature"), TopP: p.float32("top_p"), TopK: topK}
	req.MaxTokens = p.maxOutput(r.MaxOutput)
	if effort := p.word("reasoning_effort"); effort != "" {
		req.OutputConfig = map[string]any{"effort": effort}
	}
	if budget, ok := p.integer("thinking"); ok && budget > 0 {
		// The budget counts into max_tokens and must be below it.
		if req.MaxTokens == 0 {
			req.MaxTokens = budget + anthropicOutput
		}
		if budget >= req.MaxTokens {
			budget = max(1024, req.MaxTokens/2)
		}
		req.Thinking = map[string]any{"type": "enabled", "budget_tokens": budget}
	} else if word := p.word("thinking"); word != "" {
		req.Thinking = map[string]any{"type": word}
	}
	if req.MaxTokens == 0 {
		req.MaxTokens = anthropicOutput
	}
	if r.System != "" {
		req.System = []map[string]any{{"type": "text", "text": r.System}}
	}
	for _, t := range r.Tools {
		req.Tools = append(req.Tools, map[string]any{"name": t.Name, "description": t.Description, "input_schema": schema(t, a.refused, x)})
	}
	for _, list := range [][]map[string]any{req.System, req.Tools} {
		if len(list) > 0 && !a.refused.has("cache_control") {
			list[len(list)-1]["cache_control"] = map[string]any{"type": "ephemeral"}
		}
	}
	x.optional = append(x.optional, "cache_control")
	if req.Stream {
		x.optional = append(x.optional, "stream")
	}
	for _, m := range r.Messages {
		if err := req.add(m); err != nil {
			return nil, err
		}
	}
	return req, nil
}

func (r *anthropicRequest) add(m agentloop.Message) error {
	say := func(role string, blocks ...any) error {
		msg := anthropicMessage{Role: role}
		for _, b := range blocks {
			raw, err := encode(b)
			if err != nil {
				return err
			}
			msg.Content = append(msg.Content, raw)
		}
		r.Messages = append(r.Messages, msg)
		return nil
	}
	if m.User != "" {
		if err := say("user", map[string]any{"type": "text", "text": m.User}); err != nil {
			return err
		}
	}
	if m.Reply == nil {
		return nil
	}
	blocks := anthropicBlocks(m.Reply)
	if len(blocks) == 0 {
		return nil
	}
	if err := say("assistant", blocks...); err != nil {
		return err
	}
	var answers []any
	for _, res := range results(m) {
		answers = append(answers, map[string]any{"type": "tool_result", "tool_use_id": res.ID, "content": res.Text, "is_error": res.IsError})
	}
	if len(answers) == 0 {
		return nil
	}
	return say("user", answers...)
}

// anthropicBlocks is a reply as it came, with its calls as they were repaired and
// without those that were cut, or rebuilt if it came from elsewhere.
func anthropicBlocks(r *agentloop.Reply) (list []any) {
	call := func(c agentloop.Call) map[string]any {
		return map[string]any{"type": "tool_use", "id": c.ID, "name": safeName(c.Name), "input": object(c.Arguments)}
	}
	var blocks []any
	calls := 0
	if own := opaqueOf(r, "anthropic"); own != nil {
		blocks, _ = decoded(own).([]any)
		for _, b := range blocks {
			if block, ok := b.(map[string]any); ok && block["type"] == "tool_use" {
				if calls++; calls > len(r.Calls) {
					continue
				}
				maps.Copy(block, call(r.Calls[calls-1]))
			}
			list = append(list, b)
		}
		if len(list) > 0 && calls >= len(r.Calls) {
			return list
		}
		list = nil
	}
	if strings.TrimSpace(r.Text) != "" {
		list = append(list, map[string]any{"type": "text", "text": r.Text})
	}
	for _, c := range r.Calls {
		list = append(list, call(c))
	}
	return list
}

// whole reads an answer that is one JSON object.
func (m *anthropicReply) whole(data []byte) error {
	if err := errorInside(data); err != nil {
		return err
	}
	var a struct {
		anthropicHead
		Content []json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return badReplyf("the answer is not a message: %v", err)
	}
	if err := m.head(a.anthropicHead); err != nil {
		return err
	}
	for i, raw := range a.Content {
		if err := m.start(i, raw); err != nil || m.cut {
			return err
		}
	}
	m.ended = true
	return nil
}
