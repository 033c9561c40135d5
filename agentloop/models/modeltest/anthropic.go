package modeltest

import (
	"encoding/json"
	"errors"
	"fmt"

	"pitwall/agentloop"
)

// anthropic is the dialect of /v1/messages.
type anthropic struct{}

func (anthropic) ids() bool { return true }

type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   string          `json:"content"`
	IsError   bool            `json:"is_error"`
}

func (anthropic) parse(s *Server, body []byte) (conversation, bool, error) {
	var in struct {
		Model     string           `json:"model"`
		MaxTokens int              `json:"max_tokens"`
		Stream    bool             `json:"stream"`
		System    []anthropicBlock `json:"system"`
		Messages  []struct {
			Role    string           `json:"role"`
			Content []anthropicBlock `json:"content"`
		} `json:"messages"`
		Tools []struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Input       json.RawMessage `json:"input_schema"`
		} `json:"tools"`
	}
	var c conversation
	if err := json.Unmarshal(body, &in); err != nil {
		return c, false, err
	}
	if in.Model == "" || in.MaxTokens <= 0 {
		return c, false, errors.New("model and max_tokens: Field required")
	}
	for _, b := range in.System {
		c.req.System += b.Text
	}
	for _, t := range in.Tools {
		c.req.Tools = append(c.req.Tools, agentloop.Tool{Name: t.Name, Description: t.Description, Input: t.Input})
	}
	for _, m := range in.Messages {
		if len(m.Content) == 0 {
			return c, false, errors.New("a message without content")
		}
		var err error
		if m.Role == "assistant" {
			err = anthropicAssistant(s, &c, m.Content)
		} else {
			err = anthropicUser(&c, m.Content)
		}
		if err != nil {
			return c, false, err
		}
	}
	return c, in.Stream, nil
}

func anthropicAssistant(s *Server, c *conversation, blocks []anthropicBlock) error {
	var r agentloop.Reply
	signature := ""
	for i, b := range blocks {
		switch b.Type {
		case "text":
			r.Text += b.Text
		case "tool_use":
			r.Calls = append(r.Calls, agentloop.Call{ID: b.ID, Name: b.Name, Arguments: b.Input})
		case "thinking":
			if i != 0 || b.Signature != sign(b.Thinking) {
				return errors.New("invalid signature in thinking block")
			}
			r.Reasoning, signature = b.Thinking, b.Signature
		default:
			return fmt.Errorf("a block of type %q", b.Type)
		}
	}
	if err := s.checkSigned(r.Calls, signature); err != nil {
		return err
	}
	return c.assistant(r)
}

func anthropicUser(c *conversation, blocks []anthropicBlock) error {
	for _, b := range blocks {
		var err error
		switch b.Type {
		case "text":
			err = c.user(b.Text)
		case "tool_result":
			err = c.result(b.ToolUseID, b.Content, b.IsError)
		default:
			err = fmt.Errorf("a block of type %q", b.Type)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func anthropicStop(s agentloop.Stop) string {
	switch s {
	case agentloop.StopCalls:
		return "tool_use"
	case agentloop.StopLength:
		return "max_tokens"
	case agentloop.StopRefused:
		return "refusal"
	}
	return "end_turn"
}

func anthropicUsage(u agentloop.Usage, output int) object {
	return object{"input_tokens": u.Input - u.CacheRead - u.CacheWrite, "cache_creation_input_tokens": u.CacheWrite, "cache_read_input_tokens": u.CacheRead, "output_tokens": output}
}

func (anthropic) whole(r agentloop.Reply) any {
	blocks := []object{}
	if r.Reasoning != "" {
		blocks = append(blocks, object{"type": "thinking", "thinking": r.Reasoning, "signature": sign(r.Reasoning)})
	}
	if r.Text != "" {
		blocks = append(blocks, object{"type": "text", "text": r.Text})
	}
	for _, c := range r.Calls {
		blocks = append(blocks, object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": c.Arguments})
	}
	return object{"id": "msg_fake", "type": "message", "role": "assistant", "model": r.Model, "content": blocks,
		"stop_reason": anthropicStop(r.Stop), "stop_sequence": nil, "usage": anthropicUsage(r.Usage, r.Usage.Output)}
}

func (anthropic) events(r agentloop.Reply) (list []event) {
	send := func(kind string, o object) {
		o["type"] = kind
		list = append(list, event{kind, o})
	}
	index := 0
	block := func(start object, field string, deltas ...object) {
		send("content_block_start", object{"index": index, "content_block": start})
		for _, d := range deltas {
			d["type"] = field
			send("content_block_delta", object{"index": index, "delta": d})
			field = deltaOf(d, field)
		}
		send("content_block_stop", object{"index": index})
		index++
	}
	send("message_start", object{"message": object{"id": "msg_fake", "type": "message", "role": "assistant", "model": r.Model, "content": []object{},
		"stop_reason": nil, "usage": anthropicUsage(r.Usage, 1)}})
	send("ping", object{})
	if r.Reasoning != "" {
		var deltas []object
		for _, p := range pieces(r.Reasoning) {
			deltas = append(deltas, object{"thinking": p})
		}
		block(object{"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", append(deltas, object{"signature": sign(r.Reasoning)})...)
	}
	if r.Text != "" {
		var deltas []object
		for _, p := range pieces(r.Text) {
			deltas = append(deltas, object{"text": p})
		}
		block(object{"type": "text", "text": ""}, "text_delta", deltas...)
	}
	for _, c := range r.Calls {
		var deltas []object
		for _, p := range pieces(string(c.Arguments)) {
			deltas = append(deltas, object{"partial_json": p})
		}
		block(object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}}, "input_json_delta", deltas...)
	}
	send("message_delta", object{"delta": object{"stop_reason": anthropicStop(r.Stop), "stop_sequence": nil}, "usage": object{"output_tokens": r.Usage.Output}})
	send("message_stop", object{})
	return list
}

// deltaOf names the kind of a signature's delta, which ends a block of thinking.
func deltaOf(d object, field string) string {
	if _, ok := d["signature"]; ok {
		d["type"] = "signature_delta"
	}
	return field
}

func (anthropic) failure(_ int, code, message string) any {
	return object{"type": "error", "error": object{"type": code, "message": message}, "request_id": "req_fake"}
}
