package models

import (
	"bytes"
	"encoding/json"
	"regexp"

	"pitwall/agentloop"
)

// This file is what the requests of all dialects share.

// results returns the results of a message, each with the id and the name of its call.
func results(m agentloop.Message) []agentloop.Result {
	list := append([]agentloop.Result(nil), m.Results...)
	for i := range list {
		if i < len(m.Reply.Calls) {
			list[i].ID, list[i].Name = m.Reply.Calls[i].ID, m.Reply.Calls[i].Name
		}
		list[i].Name = safeName(list[i].Name)
		if list[i].Text == "" {
			list[i].Text = "(empty)" // providers refuse an empty result
		}
	}
	return list
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// safeName makes the name of a tool that does not exist one that providers take back.
func safeName(name string) string {
	if name = unsafe.ReplaceAllString(name, "_"); len(name) > 64 {
		name = name[:64]
	}
	if name == "" {
		return "unknown"
	}
	return name
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

// schema is a tool's input schema as every provider takes it: a full object schema,
// also of a tool without arguments, and of lists that say what they hold. What is
// complete stays byte for byte.
func schema(t agentloop.Tool, refused *refusals, x *exchange) json.RawMessage {
	given := map[string]any{}
	if len(bytes.TrimSpace(t.Input)) > 0 && json.Unmarshal(t.Input, &given) != nil || given == nil {
		return t.Input // no schema: the provider says so
	}
	changed := complete(given)
	for _, word := range optionalWords {
		if bytes.Contains(t.Input, []byte(`"`+word+`"`)) {
			if !refused.has(word) {
				x.optional = append(x.optional, word)
			} else if dropWord(given, word) {
				changed = true
			}
		}
	}
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

// optionalWords are what a schema can do without: whoever runs the tool checks its
// arguments anyway.
var optionalWords = []string{"additionalProperties", "$schema", "title", "default", "examples", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
	"minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "propertyNames", "patternProperties"}

// dropWord leaves a word out of a schema at every depth, but not a property of that name.
func dropWord(v any, word string) (changed bool) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v[word]; ok {
			delete(v, word)
			changed = true
		}
		for name, inner := range v {
			if properties, ok := inner.(map[string]any); ok && name == "properties" {
				for _, p := range properties {
					changed = dropWord(p, word) || changed
				}
				continue
			}
			changed = dropWord(inner, word) || changed
		}
	case []any:
		for _, inner := range v {
			changed = dropWord(inner, word) || changed
		}
	}
	return changed
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
