package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
)

// foreignArgs reads the arguments of an outside tool as strictly as those of our
// own: names exact, none twice, none unknown, defaults filled in.
type foreignArgs struct {
	schema   *jsonschema.Schema
	resolved *jsonschema.Resolved
	names    []string // sorted
}

// newForeignArgs takes a schema as it was declared; the arguments named filled are
// set here when the model leaves them out, so they are not required of it.
func newForeignArgs(in *jsonschema.Schema, filled []string) (*foreignArgs, error) {
	s := &jsonschema.Schema{Type: "object"}
	if in != nil {
		s = in.CloneSchemas()
	}
	if s.Type == "" {
		s.Type = "object"
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("it is a %q, not an object", s.Type)
	}
	s.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}} // what is not listed is refused
	s.PatternProperties = nil
	s.Required = slices.DeleteFunc(slices.Clone(s.Required), func(n string) bool { return slices.Contains(filled, n) })
	a := &foreignArgs{schema: s}
	for name := range s.Properties {
		a.names = append(a.names, name)
	}
	sort.Strings(a.names)
	var err error
	if a.resolved, err = s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true}); err != nil {
		return nil, errors.New(oneLine(err.Error(), 300))
	}
	return a, nil
}

// decode returns the arguments by name. A null is an argument left out.
func (a *foreignArgs) decode(raw json.RawMessage) (map[string]json.RawMessage, error) {
	args, err := a.split(raw)
	if err != nil {
		return nil, err
	}
	for name, p := range a.schema.Properties {
		if args[name] == nil && p.Default != nil {
			args[name] = slices.Clone(p.Default)
		}
	}
	for _, name := range a.schema.Required {
		if args[name] == nil {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "argument %q is missing", name).Hintf("%s", a.usage())
		}
	}
	values := map[string]any{}
	for name, v := range args {
		var x any // numbers as float64 are exact enough to be judged; what is sent is the text
		if err := json.Unmarshal(v, &x); err != nil {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "argument %s cannot be read", name)
		}
		values[name] = x
	}
	if err := a.resolved.Validate(values); err != nil {
		return nil, a.invalid(err)
	}
	return args, nil
}

// split takes the object apart.
func (a *foreignArgs) split(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if len(bytes.TrimSpace(raw)) == 0 || string(raw) == "null" {
		raw = []byte("{}")
	}
	js := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := js.Token(); err != nil || tok != json.Delim('{') {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "arguments are not a JSON object").Hintf("%s", a.usage())
	}
	args, seen := map[string]json.RawMessage{}, map[string]bool{}
	for js.More() {
		tok, err := js.Token()
		if err != nil {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "arguments are not valid JSON: %v", err)
		}
		name := tok.(string)
		var value json.RawMessage
		if err := js.Decode(&value); err != nil {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "argument %s is not valid JSON: %v", oneLine(name, 60), err)
		}
		p, ok := a.schema.Properties[name]
		switch {
		case !ok:
			return nil, pitwall.Errorf(pitwall.InvalidInput, "there is no argument %q", oneLine(name, 60)).Hintf("%s", a.usage())
		case seen[name]:
			return nil, pitwall.Errorf(pitwall.InvalidInput, "argument %q is there twice", name)
		}
		seen[name] = true
		if string(value) != "null" {
			args[name] = unquoted(p, value)
		}
	}
	if _, err := js.Token(); err != nil { // the closing brace
		return nil, pitwall.Errorf(pitwall.InvalidInput, "arguments are not valid JSON: %v", err)
	}
	if _, err := js.Token(); !errors.Is(err, io.EOF) {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "there is text after the arguments' JSON object")
	}
	return args, nil
}

// unquoted takes a number in quotes as the number, as our own tools do.
func unquoted(p *jsonschema.Schema, v json.RawMessage) json.RawMessage {
	if p == nil || p.Type != "integer" && p.Type != "number" || len(v) < 3 || v[0] != '"' {
		return v
	}
	if inner := v[1 : len(v)-1]; json.Valid(inner) {
		return inner
	}
	return v
}

var property = regexp.MustCompile(`/properties/([^/:\s]+)`)

// invalid says which argument a schema refused.
func (a *foreignArgs) invalid(err error) error {
	what := err.Error()
	e := pitwall.Errorf(pitwall.InvalidInput, "the arguments do not fit: %s", oneLine(what, 300))
	if m := property.FindStringSubmatch(what); m != nil {
		parts := strings.Split(what, ": ")
		e = pitwall.Errorf(pitwall.InvalidInput, "argument %s: %s", m[1], oneLine(strings.Join(parts[min(2, len(parts)-1):], ": "), 200))
	}
	return e.Hintf("%s", a.usage())
}

// usage lists the arguments with their types, required ones first.
func (a *foreignArgs) usage() string {
	if len(a.names) == 0 {
		return "it takes no arguments"
	}
	var need, may []string
	for _, n := range a.names {
		if slices.Contains(a.schema.Required, n) {
			need = append(need, n)
		} else {
			may = append(may, n)
		}
	}
	switch {
	case len(need) == 0:
		return "it takes, all optional: " + strings.Join(may, ", ")
	case len(may) == 0:
		return "it takes " + strings.Join(need, ", ")
	}
	return "it takes " + strings.Join(need, ", ") + " and, optional: " + strings.Join(may, ", ")
}
