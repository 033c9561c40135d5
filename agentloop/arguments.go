package agentloop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// This file repairs the arguments of a call, see calls.go for when.

// toolSchema is what a tool's schema says of its arguments, as far as repairs need it.
type toolSchema struct {
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
}

type property struct {
	Type  any        `json:"type"`
	Enum  []any      `json:"enum"`
	AnyOf []property `json:"anyOf"`
}

// types lists the JSON types that a property may have; empty = any.
func (p property) types() (list []string) {
	switch t := p.Type.(type) {
	case string:
		list = append(list, t)
	case []any:
		for _, x := range t {
			if s, ok := x.(string); ok {
				list = append(list, s)
			}
		}
	}
	for _, x := range p.AnyOf {
		list = append(list, x.types()...)
	}
	return list
}

func (r *role) schemaOf(name string) (s toolSchema) {
	for _, t := range r.tools {
		if t.Name == name && json.Unmarshal(t.Input, &s) != nil {
			return toolSchema{}
		}
	}
	return s
}

// repairArguments returns arguments that the tool can take, and what was changed.
func repairArguments(tool string, raw json.RawMessage, schema toolSchema) (json.RawMessage, []string) {
	object, notes := asObject(raw)
	if object == nil {
		return raw, nil
	}
	args := map[string]json.RawMessage{}
	if json.Unmarshal(object, &args) != nil || duplicates(object) {
		return raw, nil // the tool refuses a duplicate key
	}
	if len(args) == 1 {
		for name, inner := range args {
			if _, known := schema.Properties[name]; !known && wrappers[name] && inner[0] == '{' {
				object, args = inner, map[string]json.RawMessage{}
				if json.Unmarshal(inner, &args) != nil || duplicates(inner) {
					return raw, nil
				}
				notes = append(notes, "they were inside "+name)
			}
		}
	}
	before := len(notes)
	for _, name := range slices.Sorted(maps.Keys(args)) {
		p, known := schema.Properties[name]
		if !known {
			continue
		}
		v, note := repairValue(name, args[name], p, slices.Contains(schema.Required, name))
		if note == "" {
			continue
		}
		notes = append(notes, note)
		if args[name] = v; v == nil {
			delete(args, name)
		}
	}
	if tool == "orders_submit" {
		notes = append(notes, dropFillers(args)...)
	}
	if len(notes) == before {
		return object, notes // as the model wrote it, but for what is around it
	}
	fixed, err := json.Marshal(args)
	if err != nil {
		return raw, nil
	}
	return fixed, notes
}

// wrappers are names under which some models put all arguments once more.
var wrappers = map[string]bool{"arguments": true, "parameters": true, "args": true, "kwargs": true, "input": true, "params": true}

// duplicates reports whether an object holds a name twice.
func duplicates(object json.RawMessage) bool {
	d := json.NewDecoder(bytes.NewReader(object))
	seen := map[string]bool{}
	if _, err := d.Token(); err != nil {
		return true
	}
	for d.More() {
		t, err := d.Token()
		name, _ := t.(string)
		if err != nil || seen[name] {
			return true
		}
		seen[name] = true
		var v json.RawMessage
		if d.Decode(&v) != nil {
			return true
		}
	}
	return false
}

var (
	fence         = regexp.MustCompile("(?s)^```[a-z]*\\s*\n?(.*?)\\s*```$")
	trailingComma = regexp.MustCompile(`,(\s*[}\]])`)
)

// asObject finds the JSON object in arguments: written twice over, in a fence, with
// line breaks inside of texts, with a comma too many. Nil = there is none that is certain.
func asObject(raw json.RawMessage) (object json.RawMessage, notes []string) {
	text := string(bytes.TrimSpace(raw))
	for depth := 0; depth < 4; depth++ {
		var inner string
		switch {
		case text == "" || text == "null":
			return json.RawMessage("{}"), append(notes, "null stands for no arguments")
		case text[0] == '{' && json.Valid([]byte(text)):
			if depth > 0 && len(notes) == 0 {
				notes = append(notes, "they were encoded twice")
			}
			return json.RawMessage(text), notes
		case json.Unmarshal([]byte(text), &inner) == nil: // also how readable keeps what is not JSON
			text = strings.TrimSpace(inner)
			continue
		}
		if m := fence.FindStringSubmatch(text); m != nil {
			text, notes = m[1], append(notes, "a code fence was around them")
			continue
		}
		if rest, ok := strings.CutPrefix(text, "{}"); ok && strings.HasPrefix(rest, "{") {
			text, notes = rest, append(notes, "an empty object came before them")
			continue
		}
		if text[0] != '{' {
			return nil, nil
		}
		if fixed := escaped(text); fixed != text && json.Valid([]byte(fixed)) {
			text, notes = fixed, append(notes, "a text held what JSON writes otherwise (line breaks, \\')")
			continue
		}
		if fixed := outsideTexts(text, pythonWords.Replace); fixed != text && json.Valid([]byte(fixed)) {
			text, notes = fixed, append(notes, "True, False or None stood for true, false or null")
			continue
		}
		if fixed := outsideTexts(text, func(s string) string { return trailingComma.ReplaceAllString(s, "$1") }); fixed != text && json.Valid([]byte(fixed)) {
			text, notes = fixed, append(notes, "there was a comma before the end")
			continue
		}
		return nil, nil
	}
	return nil, nil
}

// pythonWords are words of Python for those of JSON.
var pythonWords = strings.NewReplacer("True", "true", "False", "false", "None", "null")

// escaped escapes the control characters inside of JSON texts, and drops the backslash
// before an apostrophe.
func escaped(text string) string {
	var b strings.Builder
	inside, after := false, false
	for i, r := range text {
		switch {
		case inside && !after && r == '\\' && strings.HasPrefix(text[i+1:], "'"):
			continue
		case inside && !after && r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		case r == '"' && !after:
			inside = !inside
		}
		after = inside && r == '\\' && !after
		b.WriteRune(r)
	}
	return b.String()
}

var jsonText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// outsideTexts changes what is outside of JSON texts, which stand as "" meanwhile.
func outsideTexts(text string, f func(string) string) string {
	kept := jsonText.FindAllString(text, -1)
	i := 0
	return jsonText.ReplaceAllStringFunc(f(jsonText.ReplaceAllString(text, `""`)), func(string) string {
		i++
		return kept[i-1]
	})
}

// repairValue returns a value as its property takes it, nil for one to leave out, and
// what was changed; no note = nothing.
func repairValue(name string, v json.RawMessage, p property, required bool) (json.RawMessage, string) {
	types := p.types()
	may := func(list ...string) bool {
		return len(types) == 0 || slices.ContainsFunc(list, func(t string) bool { return slices.Contains(types, t) })
	}
	var s string
	switch {
	case string(v) == "null":
		if !required && !may("null") {
			return nil, name + " was null: left out"
		}
	case json.Unmarshal(v, &s) == nil:
		return repairText(name, v, strings.TrimSpace(s), p, may, required)
	case len(types) > 0 && may("integer") && !may("number"):
		if n, ok := integral(string(v)); ok && n != string(v) {
			return json.RawMessage(n), fmt.Sprintf("%s was %s for %s", name, v, n)
		}
	case len(types) > 0 && !may("number", "integer") && may("string") && isID(name) && (v[0] == '-' || v[0] >= '0' && v[0] <= '9'):
		return json.RawMessage(`"` + string(v) + `"`), fmt.Sprintf("%s was the number %s for a text", name, v)
	}
	return v, ""
}

// repairText is repairValue of a text.
func repairText(name string, v json.RawMessage, s string, p property, may func(...string) bool, required bool) (json.RawMessage, string) {
	inner := json.RawMessage(s)
	switch {
	case may() || may("string") && len(p.Enum) == 0 && !may("array"):
		return v, "" // a text is what it takes
	case (s == "" || s == "null" || s == "None") && !required && !slices.Contains(p.Enum, any(s)):
		return nil, name + " was " + strings.TrimSpace("empty "+s) + ": left out"
	case s == "":
	case s[0] == '[' && may("array") && json.Valid(inner), s[0] == '{' && may("object") && json.Valid(inner):
		return inner, name + " was a text with its JSON in it"
	case !may("string") && may("number") && isNumber(s):
		return inner, fmt.Sprintf("%s was the text %q for a number", name, s)
	case !may("string") && may("boolean") && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")):
		return json.RawMessage(strings.ToLower(s)), fmt.Sprintf("%s was the text %q", name, s)
	case !may("string") && may("integer"):
		if n, ok := integral(s); ok {
			return json.RawMessage(n), fmt.Sprintf("%s was the text %q for a whole number", name, s)
		}
	case slices.Contains(p.Enum, any(s)) && len(v) == len(s)+2:
	default:
		for _, e := range p.Enum {
			if word, ok := e.(string); ok && strings.EqualFold(word, s) {
				fixed, err := json.Marshal(word)
				if err == nil {
					return fixed, fmt.Sprintf("%s was %s for %s", name, s, word)
				}
			}
		}
	}
	return v, ""
}

func isID(name string) bool { return name == "id" || strings.HasSuffix(name, "_id") }

func isNumber(s string) bool {
	var n json.Number
	return (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Unmarshal([]byte(s), &n) == nil
}

var wholeNumber = regexp.MustCompile(`^(-?\d{1,15})(\.0+)?$`)

// integral returns a number without decimals that are all zero.
func integral(s string) (string, bool) {
	m := wholeNumber.FindStringSubmatch(s)
	if m == nil || !isNumber(m[1]) {
		return "", false
	}
	return m[1], true
}

// dropFillers leaves out the zeros with which a model filled the fields of an order that
// it did not mean: a price that the order's type does not have, and a size of zero beside
// one that is not. A target of 0 percent closes a position, so it is a filler beside the
// size of a purchase only.
func dropFillers(args map[string]json.RawMessage) (notes []string) {
	zero := func(name string) bool {
		s := strings.Trim(string(args[name]), `"`)
		return s != "" && strings.Trim(s, "0.") == "" && strings.Contains(s, "0")
	}
	given := func(name string) bool { return args[name] != nil && string(args[name]) != "null" && !zero(name) }
	drop := func(name string) {
		if zero(name) {
			delete(args, name)
			notes = append(notes, name+" was 0: left out")
		}
	}
	var kind, side string
	if json.Unmarshal(orNull(args["type"]), &kind) != nil || json.Unmarshal(orNull(args["side"]), &side) != nil {
		return nil
	}
	for name, types := range map[string]string{"limit": "limit stop_limit", "stop": "stop stop_limit", "trail": "trailing_stop", "trail_percent": "trailing_stop"} {
		if kind == "" || !slices.Contains(strings.Fields(types), kind) {
			drop(name)
		}
	}
	if given("trail") != given("trail_percent") {
		drop("trail")
		drop("trail_percent")
	}
	slices.Sort(notes)
	if given("qty") || given("notional") || given("target_percent") {
		drop("qty")
		drop("notional")
	}
	if (given("qty") || given("notional")) && side == "buy" {
		drop("target_percent")
	}
	return notes
}

func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

// invalid explains arguments that are not a JSON object: where they fail, and what
// may have been meant. cut says that the reply reached its limit of tokens.
func invalid(x Call, cut bool) string {
	text := written(x.Arguments)
	said := "error INVALID_INPUT: the arguments of " + x.Name + " are not a valid JSON object"
	var v any
	err := json.Unmarshal([]byte(text), &v)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at := min(max(int(syntax.Offset), 0), len(text))
		said += fmt.Sprintf(": %v at character %d, after %q", syntax, at, text[max(0, at-20):at])
	} else if err == nil {
		said += fmt.Sprintf(": they are %s", clipped(text, 60))
	}
	if cut {
		return said + "; the reply was cut at its limit of tokens: write less before the call"
	}
	meant := outsideSingle(text)
	if meant != text && json.Valid([]byte(meant)) {
		return said + "; did you mean " + clipped(meant, 300) + "?"
	}
	return said + `; send one object with double quotes, such as {"name": "value"}`
}

var singleQuoted = regexp.MustCompile(`'((?:[^'\\"]|\\.)*)'`)

// outsideSingle is a Python dictionary as JSON.
func outsideSingle(text string) string {
	return outsideTexts(singleQuoted.ReplaceAllString(text, `"$1"`), pythonWords.Replace)
}

func clipped(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}
