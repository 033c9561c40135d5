package models

import (
	"bytes"
	"encoding/json"
	"strings"

	"pitwall/agentloop"
)

// openAIAnswer is a chunk of a stream, or a whole answer.
type openAIAnswer struct {
	Model   string `json:"model"`
	Choices []struct {
		Index        int            `json:"index"`
		Delta        *openAIMessage `json:"delta"`
		Message      *openAIMessage `json:"message"`
		FinishReason string         `json:"finish_reason"`
	} `json:"choices"`
	Usage *openAIUsage `json:"usage"`
	Error *struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    any    `json:"code"`
	} `json:"error"`
}

type openAIMessage struct {
	Content          json.RawMessage `json:"content"` // a text, null, or a list of parts
	Refusal          string          `json:"refusal"`
	ReasoningContent string          `json:"reasoning_content"`
	Reasoning        string          `json:"reasoning"`
	ToolCalls        []struct {
		Index    *int   `json:"index"`
		ID       string `json:"id"`
		Function struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"` // a text of JSON, from some servers the object
		} `json:"function"`
	} `json:"tool_calls"`
}

type openAIUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
	PromptD    struct {
		Cached int `json:"cached_tokens"`
		Write  int `json:"cache_write_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionD struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

func (u openAIUsage) usage() agentloop.Usage {
	out := agentloop.Usage{Input: u.Prompt, Output: u.Completion, CacheRead: u.PromptD.Cached, CacheWrite: u.PromptD.Write, Reasoning: u.CompletionD.Reasoning}
	if out.Reasoning > 0 && u.Total == u.Prompt+u.Completion+out.Reasoning {
		out.Output += out.Reasoning // xAI counts it apart
	}
	return out
}

// openAI adds a chunk or a whole answer.
func (b *builder) openAI(data []byte) error {
	var a openAIAnswer
	if err := json.Unmarshal(data, &a); err != nil {
		return badReplyf("the answer is no JSON of a chat completion: %v", err)
	}
	if a.Error != nil {
		return streamError(a.Error.Code, a.Error.Message, a.Error.Type)
	}
	if a.Model != "" {
		b.model = a.Model
	}
	if a.Usage != nil && (a.Usage.Prompt > 0 || a.Usage.Completion > 0) {
		b.usage, b.reported = a.Usage.usage(), true
	}
	for _, c := range a.Choices {
		if c.Index != 0 {
			continue
		}
		m := c.Delta
		if m == nil {
			m = c.Message
		}
		if m != nil {
			b.openAIMessage(m, c.Message != nil && c.Delta == nil)
		}
		if b.cut {
			return nil
		}
		if c.FinishReason != "" && b.stop != agentloop.StopRefused {
			b.stop = openAIStop(c.FinishReason)
		}
	}
	return nil
}

func (b *builder) openAIMessage(m *openAIMessage, whole bool) {
	b.text.WriteString(textOf(m.Content))
	if m.Refusal != "" {
		b.text.WriteString(m.Refusal)
		b.stop = agentloop.StopRefused
	}
	if m.ReasoningContent != "" {
		b.reasoning.WriteString(m.ReasoningContent)
	} else {
		b.reasoning.WriteString(m.Reasoning)
	}
	for i, t := range m.ToolCalls {
		index := len(b.calls) - 1
		switch {
		case whole:
			index = i
		case t.Index != nil:
			index = *t.Index
		case t.ID != "" || t.Function.Name != "":
			index = len(b.calls)
		}
		c := b.byIndex[index]
		// Some servers give every call the index 0: another id is another call.
		if c == nil || (t.ID != "" && c.id != "" && t.ID != c.id) {
			if c = b.add(index, t.ID, t.Function.Name); c == nil {
				return
			}
		} else if c.name == "" {
			c.name = t.Function.Name
		}
		c.args.WriteString(argumentsOf(t.Function.Arguments))
	}
}

func openAIStop(reason string) agentloop.Stop {
	switch reason {
	case "length":
		return agentloop.StopLength
	case "content_filter":
		return agentloop.StopRefused
	case "tool_calls", "function_call":
		return agentloop.StopCalls
	}
	return agentloop.StopEnd
}

// textOf reads a content: a text, or the texts of a list of parts.
func textOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return ""
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

func argumentsOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(bytes.TrimSpace(raw))
}
