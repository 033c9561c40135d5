package models

import (
	"encoding/json"

	"pitwall/agentloop"
)

// geminiReply collects the parts of an answer, in order.
type geminiReply struct {
	builder
	parts []geminiPart
}

// geminiPart is a part as it came, and what is read of it.
type geminiPart struct {
	raw       extras
	Text      string `json:"text"`
	Thought   bool   `json:"thought"`
	Signature string `json:"thoughtSignature"`
	Call      *struct {
		ID   word            `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
}

// isText reports whether a part is nothing but text or a thought.
func (p geminiPart) isText() bool {
	for name := range p.raw {
		if name != "text" && name != "thought" {
			return false
		}
	}
	return true
}

// whole takes an answer that is one JSON value: a chunk, or a list of all.
func (m *geminiReply) whole(data []byte) error {
	list := []json.RawMessage{data}
	if data[0] == '[' {
		list, m.streamed = nil, true
		if err := json.Unmarshal(data, &list); err != nil {
			return badReplyf("the answer is no list of chunks: %v", err)
		}
	} else {
		m.streamed = false
	}
	for _, chunk := range list {
		if last, err := m.event(chunk); err != nil || last {
			return err
		}
	}
	return nil
}

// event takes a chunk of a stream.
func (m *geminiReply) event(data []byte) (last bool, err error) {
	if err := errorInside(data); err != nil {
		return false, err
	}
	var a struct {
		Model    string `json:"modelVersion"`
		Feedback struct {
			Reason string `json:"blockReason"`
		} `json:"promptFeedback"`
		Usage *struct {
			Prompt     count `json:"promptTokenCount"`
			ToolPrompt count `json:"toolUsePromptTokenCount"`
			Candidates count `json:"candidatesTokenCount"`
			Thoughts   count `json:"thoughtsTokenCount"`
			Cached     count `json:"cachedContentTokenCount"`
		} `json:"usageMetadata"`
		Candidates []struct {
			Content struct {
				Parts []json.RawMessage `json:"parts"`
			} `json:"content"`
			Reason  string `json:"finishReason"`
			Message string `json:"finishMessage"`
		} `json:"candidates"`
	}
	if string(data) == "[DONE]" { // some proxies end any stream so
		return true, nil
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return false, badReplyf("the answer cannot be read: %v", err)
	}
	if a.Model != "" {
		m.model = a.Model
	}
	if u := a.Usage; u != nil {
		m.usage = agentloop.Usage{Input: int(u.Prompt + u.ToolPrompt), Output: int(u.Candidates + u.Thoughts), CacheRead: int(u.Cached), Reasoning: int(u.Thoughts)}
		m.reported = m.usage.Input > 0 || m.usage.Output > 0
	}
	if a.Feedback.Reason != "" {
		m.stop, m.reason = agentloop.StopRefused, a.Feedback.Reason
	}
	if len(a.Candidates) == 0 {
		return false, nil
	}
	c := a.Candidates[0]
	for _, raw := range c.Content.Parts {
		if err := m.take(raw); err != nil || m.cut {
			return m.cut, err
		}
	}
	if c.Reason != "" {
		return false, m.end(c.Reason, c.Message)
	}
	return false, nil
}

func (m *geminiReply) take(raw json.RawMessage) error {
	var p geminiPart
	if err := json.Unmarshal(raw, &p); err != nil {
		return badReplyf("a part cannot be read: %v", err)
	}
	if p.raw, _ = decoded(raw).(map[string]any); p.raw == nil {
		return nil // null
	}
	if f := p.Call; f != nil {
		call := m.add(len(m.calls), string(f.ID), f.Name)
		if call == nil {
			return nil
		}
		call.args.Write(compact(f.Args))
	}
	if p.Thought {
		m.reasoning.WriteString(p.Text)
	} else {
		m.text.WriteString(p.Text)
	}
	// Chunks of one text are one part again. A signed part stays apart: it must go
	// back as it came.
	if n := len(m.parts); n > 0 && p.isText() && m.parts[n-1].isText() && m.parts[n-1].Thought == p.Thought {
		last := &m.parts[n-1]
		last.Text += p.Text
		last.raw["text"] = last.Text
		return nil
	}
	if !p.isText() || p.Text != "" {
		m.parts = append(m.parts, p)
	}
	return nil
}

// finish keeps the provider's own form where there is more in it than text and calls.
func (m *geminiReply) finish(x *exchange) (agentloop.Reply, error) {
	r := m.reply(x)
	keep := false
	var parts []extras
	for _, p := range m.parts {
		keep = keep || p.Thought || !p.isText() && (p.Call == nil || len(p.raw) > 1)
		parts = append(parts, p.raw)
	}
	if !keep {
		return r, nil
	}
	content, err := encode(parts)
	if err != nil {
		return r, badReplyf("a part is no JSON: %v", err)
	}
	r.Opaque, err = json.Marshal(opaque{"gemini", content})
	return r, err
}
