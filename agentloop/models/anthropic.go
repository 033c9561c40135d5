package models

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"pitwall/agentloop"
)

// anthropic speaks the Messages API, by hand.
type anthropic struct {
	base, key, model string
	params           params
	http             *http.Client
}

const (
	anthropicVersion = "2023-06-01"
	anthropicOutput  = 8192 // the API wants a limit
)

func (a *anthropic) version() string { return "anthropic-1" }

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
	m := &anthropicReply{builder: builder{maxCalls: r.MaxCalls, streamed: a.params.stream()}, blocks: map[int]*anthropicBlock{}}
	wanted, err := a.request(r)
	if err != nil {
		return agentloop.Reply{}, err
	}
	body, err := encode(wanted)
	if err != nil {
		return agentloop.Reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(a.base, "/v1")+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return agentloop.Reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Anthropic-Version", anthropicVersion)
	req.Header.Set("X-Api-Key", a.key)
	resp, err := a.http.Do(req)
	if err != nil {
		return agentloop.Reply{}, err
	}
	defer resp.Body.Close()
	if wanted.Stream && !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		err = events(resp.Body, m.event)
	} else {
		err = m.whole(resp.Body)
	}
	if err != nil {
		return agentloop.Reply{}, err
	}
	if !m.cut && (x.readErr != nil || !m.ended) {
		return agentloop.Reply{}, badReplyf("the answer ended before its message_stop")
	}
	return m.finish(x)
}

// request makes the body. Tools and system come first and never change within a
// run, so both end with a mark up to which the provider caches.
func (a *anthropic) request(r agentloop.Request) (*anthropicRequest, error) {
	p := a.params
	topK, _ := p.integer("top_k")
	req := &anthropicRequest{Model: a.model, Stream: p.stream(), Temperature: p.float32("temperature"), TopP: p.float32("top_p"), TopK: topK}
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
	cached := map[string]any{"type": "ephemeral"}
	if r.System != "" {
		req.System = []map[string]any{{"type": "text", "text": r.System, "cache_control": cached}}
	}
	for i, t := range r.Tools {
		tool := map[string]any{"name": t.Name, "description": t.Description, "input_schema": schema(t)}
		if i == len(r.Tools)-1 {
			tool["cache_control"] = cached
		}
		req.Tools = append(req.Tools, tool)
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
	var results []any
	for i, res := range m.Results {
		id := res.ID
		if i < len(m.Reply.Calls) {
			id = m.Reply.Calls[i].ID
		}
		results = append(results, map[string]any{"type": "tool_result", "tool_use_id": id, "content": nonEmpty(res.Text), "is_error": res.IsError})
	}
	if len(results) == 0 {
		return nil
	}
	return say("user", results...)
}

// anthropicBlocks is a reply as it came, or rebuilt if it came from elsewhere or
// its calls are no longer the same.
func anthropicBlocks(r *agentloop.Reply) (list []any) {
	if own := opaqueOf(r, "anthropic"); own != nil {
		var blocks []json.RawMessage
		var ids, have []string
		if json.Unmarshal(own, &blocks) == nil {
			for _, raw := range blocks {
				var b struct{ Type, ID string }
				if json.Unmarshal(raw, &b) == nil && b.Type == "tool_use" {
					ids = append(ids, b.ID)
				}
				list = append(list, raw)
			}
		}
		for _, c := range r.Calls {
			have = append(have, c.ID)
		}
		if len(list) > 0 && strings.Join(ids, "\n") == strings.Join(have, "\n") {
			return list
		}
		list = nil
	}
	if strings.TrimSpace(r.Text) != "" {
		list = append(list, map[string]any{"type": "text", "text": r.Text})
	}
	for _, c := range r.Calls {
		list = append(list, map[string]any{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object(c.Arguments)})
	}
	return list
}

// whole reads an answer that is one JSON object.
func (m *anthropicReply) whole(body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var a struct {
		anthropicHead
		Type    string            `json:"type"`
		Content []json.RawMessage `json:"content"`
		Error   *anthropicError   `json:"error"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return badReplyf("the answer is no JSON of a message: %v", err)
	}
	if a.Error != nil {
		return a.Error.asHTTP()
	}
	if a.Type != "message" || a.StopReason == "" {
		return badReplyf("the answer is no message")
	}
	m.head(a.anthropicHead)
	for i, raw := range a.Content {
		if err := m.start(i, raw); err != nil || m.cut {
			return err
		}
	}
	m.ended = true
	return nil
}
