package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pitwall/agentloop"
)

// builder collects a reply from the parts of a stream, or from a whole answer as
// if it were one, so that both give the same Reply.
type builder struct {
	text, reasoning strings.Builder
	calls           []*callBuilder
	byIndex         map[int]*callBuilder // the last one of each of the provider's indexes
	stop            agentloop.Stop
	reason          string // the provider's word for a refusal
	model           string
	usage           agentloop.Usage
	reported        bool // the usage is the provider's
	maxCalls        int  // 0 = any number
	cut             bool
	streamed        bool // what was not read is not in the usage
	tools           []agentloop.Tool
}

type callBuilder struct {
	id, name         string
	args             bytes.Buffer
	extras, function extras // fields of the call, and of the function in it, see extras
}

// add begins a call. It says no once there are enough: the calls before are whole
// when the next one begins, so that is where a reply is cut.
func (b *builder) add(index int, id, name string) *callBuilder {
	if b.maxCalls > 0 && len(b.calls) >= b.maxCalls {
		b.cut = true
		return nil
	}
	c := &callBuilder{id: id, name: name}
	if b.byIndex == nil {
		b.byIndex = map[int]*callBuilder{}
	}
	b.byIndex[index] = c
	b.calls = append(b.calls, c)
	return c
}

// part returns the call that a part of a stream belongs to: the one that it goes on
// with, or a new one. Servers leave out ids and indexes, give every call the index
// 0, repeat the name with each part or send it in parts.
func (b *builder) part(i int, whole bool, index *int, id, name string) *callBuilder {
	at := len(b.calls)
	var c *callBuilder
	switch {
	case whole:
		at = i
	case index != nil:
		at = *index
		c = b.byIndex[at]
	case len(b.calls) > 0:
		c = b.calls[len(b.calls)-1]
	}
	if c == nil || b.begins(c, id, name) {
		return b.add(at, id, name)
	}
	if c.id == "" {
		c.id = id
	}
	if name != c.name && c.args.Len() == 0 {
		c.name += name
	}
	return c
}

// begins reports whether a part with this id and name is of another call than c.
func (b *builder) begins(c *callBuilder, id, name string) bool {
	complete := json.Valid(c.args.Bytes())
	switch {
	case id != "" && c.id != "" && id != c.id:
		return name != "" || complete
	case name == "" || c.name == "":
		return false
	case c.args.Len() == 0 && !b.isTool(c.name):
		return false // its name comes in parts
	case name == c.name:
		return id == "" && complete
	}
	return b.isTool(name) || complete
}

func (b *builder) isTool(name string) bool {
	return slices.ContainsFunc(b.tools, func(t agentloop.Tool) bool { return t.Name == name })
}

// end takes the provider's reason for the end of a reply, and what else it says of it.
// A reason that is not known makes no decision: the reply is tried again.
func (b *builder) end(reason, more string) error {
	if b.stop == agentloop.StopRefused {
		return nil
	}
	var ok bool
	if b.stop, ok = stops[strings.ToLower(reason)]; !ok {
		return badReplyf("the model failed: %s", clip(strings.TrimSuffix(reason+": "+more, ": "), maxQuote))
	}
	if b.stop == agentloop.StopRefused {
		b.reason = reason
	}
	return nil
}

// stops are the reasons for the end of a reply in all dialects, in lower case.
var stops = map[string]agentloop.Stop{
	"stop": agentloop.StopEnd, "end": agentloop.StopEnd, "end_turn": agentloop.StopEnd, "eos": agentloop.StopEnd, "eos_token": agentloop.StopEnd,
	"stop_sequence": agentloop.StopEnd, "completed": agentloop.StopEnd, "complete": agentloop.StopEnd,
	"tool_calls": agentloop.StopCalls, "tool_call": agentloop.StopCalls, "tool_use": agentloop.StopCalls, "function_call": agentloop.StopCalls,
	"length": agentloop.StopLength, "max_tokens": agentloop.StopLength, "max_output_tokens": agentloop.StopLength, "model_length": agentloop.StopLength,
	"model_context_window_exceeded": agentloop.StopLength,
	"content_filter":                agentloop.StopRefused, "refusal": agentloop.StopRefused, "safety": agentloop.StopRefused, "sensitive": agentloop.StopRefused,
	"recitation": agentloop.StopRefused, "blocklist": agentloop.StopRefused, "prohibited_content": agentloop.StopRefused, "spii": agentloop.StopRefused,
	"language": agentloop.StopRefused, "image_safety": agentloop.StopRefused,
	"pause_turn": agentloop.StopPaused,
}

// reply finishes. The usage of a cut reply is of what was read, if the provider
// did not say.
func (b *builder) reply(x *exchange) agentloop.Reply {
	r := agentloop.Reply{Text: b.text.String(), Reasoning: b.reasoning.String(), Stop: b.stop, StopReason: b.reason, Model: b.model, Usage: b.usage}
	size := len(r.Text) + len(r.Reasoning)
	for _, c := range b.calls {
		args := compact(c.args.Bytes())
		size += len(c.name) + len(args)
		r.Calls = append(r.Calls, agentloop.Call{ID: c.id, Name: c.name, Arguments: args})
	}
	switch {
	case b.cut:
		r.Stop = agentloop.StopCut
	case len(r.Calls) > 0 && (r.Stop == agentloop.StopEnd || r.Stop == ""):
		r.Stop = agentloop.StopCalls // some servers say stop
	case r.Stop == "":
		r.Stop = agentloop.StopEnd // a whole answer that gives no reason
	}
	if !b.reported || b.cut && b.streamed {
		r.Usage.Estimated = true
		r.Usage.Output = max(r.Usage.Output, (size+3)/4)
		if r.Usage.Input == 0 {
			r.Usage.Input = (x.sent + 3) / 4
		}
	}
	return r
}

// fixIDs gives calls without an id, or with one that came before in this
// conversation, one made from their place: results are matched by id. What the
// provider gave is kept beside it.
func fixIDs(calls []agentloop.Call, before []agentloop.Message, fits func(id string) bool) {
	seen := map[string]bool{}
	for _, m := range before {
		if m.Reply != nil {
			for _, c := range m.Reply.Calls {
				seen[c.ID] = true
			}
		}
	}
	for i := range calls {
		c := &calls[i]
		if c.ID == "" || seen[c.ID] || !fits(c.ID) {
			if c.ID != "" {
				c.Sent = &agentloop.Sent{ID: c.ID}
			}
			for n := i; c.ID == "" || seen[c.ID] || !fits(c.ID); n++ {
				c.ID = madeID(replies(before), n)
			}
		}
		seen[c.ID] = true
	}
}

func madeID(step, i int) string { return fmt.Sprintf("call_%d_%d", step, i) }

// isMade reports whether fixIDs made an id.
func isMade(id string) bool {
	var step, i int
	n, err := fmt.Sscanf(id, "call_%d_%d", &step, &i)
	return err == nil && n == 2 && id == madeID(step, i)
}

func replies(list []agentloop.Message) (n int) {
	for _, m := range list {
		if m.Reply != nil {
			n++
		}
	}
	return n
}

// opaque is a provider's own form of a reply.
type opaque struct {
	Provider string          `json:"provider"`
	Content  json.RawMessage `json:"content"`
}

// opaqueOf returns a provider's own form of a reply, nil if it is another's.
func opaqueOf(r *agentloop.Reply, provider string) json.RawMessage {
	var o opaque
	if len(r.Opaque) == 0 || json.Unmarshal(r.Opaque, &o) != nil || o.Provider != provider {
		return nil
	}
	return o.Content
}
