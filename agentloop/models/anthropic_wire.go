package models

import (
	"bytes"
	"encoding/json"
	"strings"

	"pitwall/agentloop"
)

// anthropicReply collects the blocks of a message, in order.
type anthropicReply struct {
	builder
	order  []*anthropicBlock
	blocks map[int]*anthropicBlock
	input  [3]int // not cached, written to the cache, read from it
	ended  bool
}

// anthropicBlock is one block: as it began, with what was added to it.
type anthropicBlock struct {
	raw                       map[string]json.RawMessage
	kind                      string
	text, thinking, signature strings.Builder
	input                     bytes.Buffer
	call                      *callBuilder
}

// anthropicHead is what a message says of itself, also in parts.
type anthropicHead struct {
	Model      string `json:"model"`
	StopReason string `json:"stop_reason"`
	Usage      *struct {
		Input      *count `json:"input_tokens"`
		CacheWrite *count `json:"cache_creation_input_tokens"`
		CacheRead  *count `json:"cache_read_input_tokens"`
		Output     *count `json:"output_tokens"`
	} `json:"usage"`
}

// event takes one event of a stream.
func (m *anthropicReply) event(data []byte) (last bool, err error) {
	var e struct {
		Type    string          `json:"type"`
		Index   int             `json:"index"`
		Message *anthropicHead  `json:"message"`
		Block   json.RawMessage `json:"content_block"`
		Delta   struct {
			anthropicHead
			Type      string `json:"type"`
			Text      string `json:"text"`
			Thinking  string `json:"thinking"`
			Signature string `json:"signature"`
			JSON      string `json:"partial_json"`
		} `json:"delta"`
		Usage json.RawMessage `json:"usage"`
	}
	m.streamed = true
	if err := errorInside(data); err != nil {
		return false, err
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return false, badReplyf("an event is no JSON: %v", err)
	}
	switch e.Type {
	case "message_start":
		if e.Message != nil {
			return false, m.head(*e.Message)
		}
	case "content_block_start":
		err := m.start(e.Index, e.Block)
		return m.cut, err
	case "content_block_delta":
		b := m.blocks[e.Index]
		if b == nil {
			return false, badReplyf("a delta of block %d, which did not begin", e.Index)
		}
		b.text.WriteString(e.Delta.Text)
		b.thinking.WriteString(e.Delta.Thinking)
		b.signature.WriteString(e.Delta.Signature)
		b.input.WriteString(e.Delta.JSON)
	case "message_delta":
		h := e.Delta.anthropicHead
		if len(e.Usage) > 0 {
			if err := json.Unmarshal(e.Usage, &h.Usage); err != nil {
				return false, badReplyf("usage: %v", err)
			}
		}
		return false, m.head(h)
	case "message_stop":
		m.ended = true
		return true, nil
	}
	return false, nil
}

func (m *anthropicReply) head(h anthropicHead) error {
	if h.Model != "" {
		m.model = h.Model
	}
	if h.StopReason != "" {
		if err := m.end(h.StopReason, ""); err != nil {
			return err
		}
	}
	if h.Usage == nil {
		return nil
	}
	for i, n := range []*count{h.Usage.Input, h.Usage.CacheWrite, h.Usage.CacheRead} {
		if n != nil {
			m.input[i] = int(*n) // cumulative: the last word counts
		}
	}
	m.usage.Input, m.usage.CacheWrite, m.usage.CacheRead = m.input[0]+m.input[1]+m.input[2], m.input[1], m.input[2]
	if h.Usage.Output != nil {
		m.usage.Output = int(*h.Usage.Output)
		m.reported = h.StopReason != "" // before the end it is the first token's
	}
	return nil
}

// start begins a block; in a whole answer it is all of it.
func (m *anthropicReply) start(index int, raw json.RawMessage) error {
	var known struct {
		Type      string          `json:"type"`
		ID        word            `json:"id"`
		Name      string          `json:"name"`
		Text      string          `json:"text"`
		Thinking  string          `json:"thinking"`
		Signature string          `json:"signature"`
		Input     json.RawMessage `json:"input"`
	}
	b := &anthropicBlock{}
	if err := json.Unmarshal(raw, &known); err != nil {
		return badReplyf("a block is no JSON: %v", err)
	}
	if err := json.Unmarshal(raw, &b.raw); err != nil {
		return badReplyf("a block is no object: %v", err)
	}
	if known.Type == "tool_use" {
		if b.call = m.add(index, string(known.ID), known.Name); b.call == nil {
			return nil
		}
	}
	b.kind = known.Type
	b.text.WriteString(known.Text)
	b.thinking.WriteString(known.Thinking)
	b.signature.WriteString(known.Signature)
	if input := compact(known.Input); string(input) != "{}" {
		b.input.Write(input) // a stream begins with {} and sends the rest as deltas
	}
	m.blocks[index] = b
	m.order = append(m.order, b)
	return nil
}

// finish puts the blocks together. The provider's own form is kept only where
// there is more in it than text and calls.
func (m *anthropicReply) finish(x *exchange) (agentloop.Reply, error) {
	var blocks []map[string]json.RawMessage
	keep := false
	for _, b := range m.order {
		set := func(name, value string) {
			if raw, err := encode(value); err == nil {
				b.raw[name] = raw
			}
		}
		switch b.kind {
		case "text":
			m.text.WriteString(b.text.String())
			set("text", b.text.String())
			if strings.TrimSpace(b.text.String()) == "" {
				continue // refused when sent back
			}
		case "thinking":
			m.reasoning.WriteString(b.thinking.String())
			set("thinking", b.thinking.String())
			if b.raw["signature"] != nil || b.signature.Len() > 0 {
				set("signature", b.signature.String())
			}
			keep = true
		case "tool_use":
			b.call.args.Write(b.input.Bytes())
			b.raw["input"] = object(b.input.Bytes())
		default:
			keep = true // redacted_thinking, the server's own tools, and what is not known yet
			if b.input.Len() > 0 {
				b.raw["input"] = object(b.input.Bytes())
			}
		}
		blocks = append(blocks, b.raw)
	}
	r := m.reply(x)
	if !keep {
		return r, nil
	}
	content, err := json.Marshal(blocks)
	if err != nil {
		return r, badReplyf("a block is no JSON: %v", err)
	}
	r.Opaque, err = json.Marshal(opaque{"anthropic", content})
	return r, err
}
