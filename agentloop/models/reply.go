package models

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	model           string
	usage           agentloop.Usage
	reported        bool // the usage is the provider's
	maxCalls        int  // 0 = any number
	cut             bool
	streamed        bool // what was not read is not in the usage
}

type callBuilder struct {
	id, name string
	args     bytes.Buffer
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

// reply finishes. The usage of a cut reply is of what was read, if the provider
// did not say.
func (b *builder) reply(x *exchange) agentloop.Reply {
	r := agentloop.Reply{Text: b.text.String(), Reasoning: b.reasoning.String(), Stop: b.stop, Model: b.model, Usage: b.usage}
	size := len(r.Text) + len(r.Reasoning)
	for _, c := range b.calls {
		args := compact(c.args.Bytes())
		size += len(c.name) + len(args)
		r.Calls = append(r.Calls, agentloop.Call{ID: c.id, Name: c.name, Arguments: args})
	}
	if len(r.Calls) > 0 && (r.Stop == agentloop.StopEnd || r.Stop == "") {
		r.Stop = agentloop.StopCalls // some servers say stop
	}
	if b.cut {
		r.Stop = agentloop.StopCut
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

// compact drops white space around and inside valid JSON, which is the wire's and
// not the model's; an empty text means no arguments. What is not valid stays.
func compact(args []byte) json.RawMessage {
	if len(bytes.TrimSpace(args)) == 0 {
		return json.RawMessage("{}")
	}
	var b bytes.Buffer
	if json.Compact(&b, args) != nil {
		return bytes.Clone(args)
	}
	return b.Bytes()
}

// object makes arguments fit to be sent back: an object as they are, anything
// else as {"_invalid": "<what the model sent>"}. Anthropic and Gemini take only
// objects, and several compatible servers parse the text of the others.
func object(args json.RawMessage) json.RawMessage {
	args = bytes.ToValidUTF8(compact(args), []byte("\uFFFD"))
	if json.Valid(args) && args[0] == '{' {
		return args
	}
	b, err := encode(map[string]string{"_invalid": string(args)})
	if err != nil { // cannot happen: a string
		return json.RawMessage("{}")
	}
	return b
}

// encode is json.Marshal that leaves <, > and & alone.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// fixIDs gives calls without an id, or with one that came before in this reply,
// one made from their place: results are matched by id.
func fixIDs(calls []agentloop.Call, before []agentloop.Message) {
	seen := map[string]bool{}
	for i := range calls {
		if calls[i].ID == "" || seen[calls[i].ID] {
			calls[i].ID = madeID(replies(before), i)
		}
		seen[calls[i].ID] = true
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

// schema is a tool's input schema as every provider takes it: a full object schema,
// also of a tool without arguments, and of lists that say what they hold. What is
// complete stays byte for byte.
func schema(t agentloop.Tool) json.RawMessage {
	given := map[string]any{}
	if len(bytes.TrimSpace(t.Input)) > 0 && json.Unmarshal(t.Input, &given) != nil || given == nil {
		return t.Input // no schema: the provider says so
	}
	changed := complete(given)
	for name, v := range map[string]any{"type": "object", "properties": map[string]any{}} {
		if given[name] == nil {
			given[name], changed = v, true
		}
	}
	if full, err := encode(given); changed && err == nil {
		return full
	}
	return t.Input
}

// complete gives lists without items items of any kind, at every depth.
func complete(v any) (changed bool) {
	switch v := v.(type) {
	case map[string]any:
		if v["type"] == "array" && v["items"] == nil && v["prefixItems"] == nil {
			v["items"], changed = map[string]any{}, true
		}
		for _, inner := range v {
			changed = complete(inner) || changed
		}
	case []any:
		for _, inner := range v {
			changed = complete(inner) || changed
		}
	}
	return changed
}

// nonEmpty replaces an empty result, which providers refuse.
func nonEmpty(text string) string {
	if text == "" {
		return "(empty)"
	}
	return text
}
