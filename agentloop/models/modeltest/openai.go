package modeltest

import (
	"encoding/json"
	"errors"
	"fmt"

	"pitwall/agentloop"
)

// openAI is the dialect of /v1/chat/completions.
type openAI struct{}

func (openAI) ids() bool { return true }

func (openAI) parse(s *Server, body []byte) (conversation, bool, error) {
	var in struct {
		Model    string `json:"model"`
		Stream   bool   `json:"stream"`
		Messages []struct {
			Role       string `json:"role"`
			Content    string `json:"content"`
			Reasoning  string `json:"reasoning_content"`
			ToolCallID string `json:"tool_call_id"`
			ToolCalls  []struct {
				ID       string `json:"id"`
				Type     string `json:"type"`
				Function struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		} `json:"messages"`
		Tools []struct {
			Type     string `json:"type"`
			Function struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				Parameters  json.RawMessage `json:"parameters"`
			} `json:"function"`
		} `json:"tools"`
	}
	var c conversation
	if err := json.Unmarshal(body, &in); err != nil {
		return c, false, err
	}
	if in.Model == "" {
		return c, false, errors.New("no model")
	}
	for _, t := range in.Tools {
		c.req.Tools = append(c.req.Tools, agentloop.Tool{Name: t.Function.Name, Description: t.Function.Description, Input: t.Function.Parameters})
	}
	for _, m := range in.Messages {
		var err error
		switch m.Role {
		case "system":
			c.req.System = m.Content
		case "user":
			err = c.user(m.Content)
		case "tool":
			err = c.result(m.ToolCallID, m.Content, looksFailed(m.Content))
		case "assistant":
			r := agentloop.Reply{Text: m.Content}
			for _, t := range m.ToolCalls {
				if t.Type != "function" {
					return c, false, fmt.Errorf("a call of type %q", t.Type)
				}
				r.Calls = append(r.Calls, agentloop.Call{ID: t.ID, Name: t.Function.Name, Arguments: json.RawMessage(t.Function.Arguments)})
			}
			if err = s.checkSigned(r.Calls, sign(m.Reasoning)); err == nil {
				err = c.assistant(r)
			}
		default:
			err = fmt.Errorf("role %q", m.Role)
		}
		if err != nil {
			return c, false, err
		}
	}
	return c, in.Stream, nil
}

type object = map[string]any

func openAIStop(s agentloop.Stop) string {
	switch s {
	case agentloop.StopCalls:
		return "tool_calls"
	case agentloop.StopLength:
		return "length"
	case agentloop.StopRefused:
		return "content_filter"
	}
	return "stop"
}

func openAIUsage(u agentloop.Usage) object {
	return object{"prompt_tokens": u.Input, "completion_tokens": u.Output, "total_tokens": u.Input + u.Output,
		"prompt_tokens_details":     object{"cached_tokens": u.CacheRead, "cache_write_tokens": u.CacheWrite},
		"completion_tokens_details": object{"reasoning_tokens": u.Reasoning}}
}

func (openAI) whole(r agentloop.Reply) any {
	message := object{"role": "assistant", "content": nil, "refusal": nil}
	if r.Text != "" {
		message["content"] = r.Text
	}
	if r.Reasoning != "" {
		message["reasoning_content"] = r.Reasoning
	}
	var calls []object
	for _, c := range r.Calls {
		calls = append(calls, object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": string(c.Arguments)}})
	}
	if calls != nil {
		message["tool_calls"] = calls
	}
	return object{"id": "chatcmpl-fake", "object": "chat.completion", "created": 1, "model": r.Model,
		"choices": []object{{"index": 0, "message": message, "finish_reason": openAIStop(r.Stop)}}, "usage": openAIUsage(r.Usage)}
}

func (openAI) events(r agentloop.Reply) (list []event) {
	chunk := func(delta object, finish any) {
		list = append(list, event{data: object{"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": r.Model, "usage": nil,
			"choices": []object{{"index": 0, "delta": delta, "finish_reason": finish}}}})
	}
	chunk(object{"role": "assistant", "content": ""}, nil)
	if r.Reasoning != "" {
		for _, p := range pieces(r.Reasoning) {
			chunk(object{"reasoning_content": p}, nil)
		}
	}
	for _, p := range pieces(r.Text) {
		chunk(object{"content": p}, nil)
	}
	for i, c := range r.Calls {
		chunk(object{"tool_calls": []object{{"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": ""}}}}, nil)
		for _, p := range pieces(string(c.Arguments)) {
			chunk(object{"tool_calls": []object{{"index": i, "function": object{"arguments": p}}}}, nil)
		}
	}
	chunk(object{}, openAIStop(r.Stop))
	list = append(list, event{data: object{"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": r.Model, "choices": []object{}, "usage": openAIUsage(r.Usage)}})
	return append(list, event{data: "[DONE]"})
}

func (openAI) failure(_ int, code, message string) any {
	return object{"error": object{"message": message, "type": code, "code": code, "param": nil}}
}
