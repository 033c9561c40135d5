package models

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// openAIReply collects the parts of an answer.
type openAIReply struct {
	builder
	extras extras // of the message
	ended  bool   // the answer is whole: [DONE] came, or it is one JSON object
	choice *count // the index of the one that is read: the first that came
	parts  bool   // deltas came: a whole message after them repeats what they said
}

// openAIAnswer is a chunk of a stream, or a whole answer.
type openAIAnswer struct {
	Model   word `json:"model"`
	Choices []struct {
		Index        count                      `json:"index"`
		Delta        map[string]json.RawMessage `json:"delta"`
		Message      map[string]json.RawMessage `json:"message"`
		FinishReason word                       `json:"finish_reason"`
		NativeReason word                       `json:"native_finish_reason"` // of a proxy's own provider
		Error        json.RawMessage            `json:"error"`
	} `json:"choices"`
	NativeReason word         `json:"native_finish_reason"`
	Usage        *openAIUsage `json:"usage"`
}

// openAIExtras is what must go back with a message besides its text and calls.
type openAIExtras struct {
	Message extras            `json:"message,omitempty"`
	Calls   []openAICallExtra `json:"calls,omitempty"` // one for each call
}

type openAICallExtra struct {
	Call     extras `json:"call,omitempty"`
	Function extras `json:"function,omitempty"`
}

type openAIUsage struct {
	Prompt     count       `json:"prompt_tokens"`
	Completion count       `json:"completion_tokens"`
	Total      count       `json:"total_tokens"`
	Cost       json.Number `json:"cost"` // in USD, of OpenRouter
	PromptD    struct {
		Cached count `json:"cached_tokens"`
		Write  count `json:"cache_write_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionD struct {
		Reasoning count `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

func (u openAIUsage) usage() agentloop.Usage {
	out := agentloop.Usage{Input: int(u.Prompt), Output: int(u.Completion), CacheRead: int(u.PromptD.Cached), CacheWrite: int(u.PromptD.Write), Reasoning: int(u.CompletionD.Reasoning)}
	if usd, err := pitwall.ParseDec(u.Cost.String()); err == nil && usd > 0 {
		out.USD = usd
	}
	if out.Reasoning > 0 && int(u.Total) == out.Input+out.Output+out.Reasoning {
		out.Output += out.Reasoning // xAI counts it apart
	}
	return out
}

// event takes one event of a stream.
func (m *openAIReply) event(data []byte) (last bool, err error) {
	if string(data) == "[DONE]" {
		m.ended = true
		return true, nil
	}
	m.streamed = true
	err = m.add(data)
	return m.cut, err
}

func (m *openAIReply) whole(data []byte) error {
	m.ended = true
	return m.add(data)
}

// add takes a chunk or a whole answer.
func (m *openAIReply) add(data []byte) error {
	if err := errorInside(data); err != nil {
		return err
	}
	var a openAIAnswer
	if err := json.Unmarshal(data, &a); err != nil {
		return badReplyf("the answer is not a chat completion: %v", err)
	}
	if a.Model != "" {
		m.model = string(a.Model)
	}
	if a.Usage != nil && (a.Usage.Prompt > 0 || a.Usage.Completion > 0) {
		m.usage, m.reported = a.Usage.usage(), true
	}
	for _, c := range a.Choices {
		if m.choice == nil {
			m.choice = &c.Index
		}
		if c.Index != *m.choice {
			continue
		}
		if len(c.Error) > 0 && string(c.Error) != "null" {
			return &httpError{status: statusInside(c.Error), body: c.Error}
		}
		fields, whole := c.Delta, false
		if fields == nil {
			fields, whole = c.Message, true
		}
		if m.parts = m.parts || !whole && len(fields) > 0; whole && m.parts {
			fields = nil
		}
		if err := m.message(fields, whole); err != nil || m.cut {
			return err
		}
		if c.FinishReason != "" {
			if err := m.end(string(c.FinishReason), string(cmp.Or(c.NativeReason, a.NativeReason))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *openAIReply) message(fields map[string]json.RawMessage, whole bool) error {
	m.text.WriteString(textOf(fields["content"]))
	if refusal := textOf(fields["refusal"]); refusal != "" {
		m.text.WriteString(refusal)
		m.stop, m.reason = agentloop.StopRefused, "refusal"
	}
	if raw := fields["function_call"]; len(raw) > 0 && string(raw) != "null" {
		return badReplyf("the server answered with the old function_call, which has no id for a result; it needs tool_calls")
	}
	for name, raw := range fields {
		switch name {
		case "role", "content", "refusal", "tool_calls", "function_call":
		case "audio", "annotations": // OpenAI sends them and does not take them
		default:
			m.extras.add(name, raw)
		}
	}
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if text := textOf(fields[name]); text != "" {
			m.reasoning.WriteString(text)
			break
		}
	}
	var calls []json.RawMessage
	if raw := fields["tool_calls"]; len(raw) > 0 && json.Unmarshal(raw, &calls) != nil {
		return badReplyf("tool_calls is not a list: %s", clip(string(raw), maxQuote))
	}
	for i, raw := range calls {
		if err := m.toolCall(i, raw, whole); err != nil || m.cut {
			return err
		}
	}
	return nil
}

func (m *openAIReply) toolCall(i int, raw json.RawMessage, whole bool) error {
	var t struct {
		Index    *count                     `json:"index"`
		ID       word                       `json:"id"`
		Function map[string]json.RawMessage `json:"function"`
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &t); err != nil {
		return badReplyf("a tool call cannot be read: %v", err)
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return badReplyf("a tool call is not an object: %v", err)
	}
	var name word
	if raw := t.Function["name"]; len(raw) > 0 && json.Unmarshal(raw, &name) != nil {
		return badReplyf("the name of a tool call is %s", clip(string(raw), maxQuote))
	}
	c := m.part(i, whole, (*int)(t.Index), string(t.ID), string(name))
	if c == nil {
		return nil
	}
	c.args.WriteString(argumentsOf(t.Function["arguments"]))
	for k, v := range fields {
		if k != "index" && k != "id" && k != "type" && k != "function" {
			c.extras.set(k, v)
		}
	}
	for k, v := range t.Function {
		if k != "name" && k != "arguments" {
			c.function.set(k, v)
		}
	}
	return nil
}

// finish puts the reply together, with what must go back as it came.
func (m *openAIReply) finish(x *exchange) (agentloop.Reply, error) {
	r := m.reply(x)
	if thought, rest, ok := thinking(r.Text); ok {
		m.extras["content"] = r.Text // its server gets it back with the tags
		r.Reasoning, r.Text = r.Reasoning+thought, rest
	}
	own := openAIExtras{Message: m.extras.filled()}
	keep := len(own.Message) > 0
	for _, c := range m.calls {
		e := openAICallExtra{c.extras.filled(), c.function.filled()}
		keep = keep || len(e.Call)+len(e.Function) > 0
		own.Calls = append(own.Calls, e)
	}
	if !keep {
		return r, nil
	}
	content, err := json.Marshal(own)
	if err != nil {
		return r, badReplyf("a field of the message cannot be kept: %v", err)
	}
	r.Opaque, err = json.Marshal(opaque{"openai", content})
	return r, err
}

// thinking cuts the thoughts that a server without a parser for them leaves at the
// start of the text. Those without an end are all that there is.
func thinking(text string) (thought, rest string, ok bool) {
	after, ok := strings.CutPrefix(strings.TrimSpace(text), "<think>")
	if !ok {
		return "", text, false
	}
	thought, rest, _ = strings.Cut(after, "</think>")
	return strings.TrimSpace(thought), strings.TrimSpace(rest), true
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
