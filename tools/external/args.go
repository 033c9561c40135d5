package external

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
	"pitwall/tools"
)

// arguments reads the arguments of an external tool as strictly as those of
// Pitwall's own, by its schema.
type arguments struct {
	schema   *jsonschema.Schema
	resolved *jsonschema.Resolved
}

// newArguments takes a schema as it was declared. The arguments named filled are
// set by the clamp when the model leaves them out, so they are not required of it.
func newArguments(in *jsonschema.Schema, filled []string) (*arguments, error) {
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
	if s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{} // hosts refuse an object schema without it
	}
	s.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}} // what is not listed is refused
	s.PatternProperties = nil
	s.Required = slices.DeleteFunc(slices.Clone(s.Required), func(n string) bool { return slices.Contains(filled, n) })
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		return nil, errors.New(tools.OneLine(err.Error(), 300))
	}
	return &arguments{s, resolved}, nil
}

// decode returns the arguments by name, defaults filled in.
func (a *arguments) decode(raw json.RawMessage) (map[string]json.RawMessage, error) {
	args, values := map[string]json.RawMessage{}, map[string]any{}
	err := tools.Arguments(raw, a.schema, func(name string, value json.RawMessage) error {
		args[name] = unquoted(a.schema.Properties[name], value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, p := range a.schema.Properties {
		if args[name] == nil && p.Default != nil {
			args[name] = slices.Clone(p.Default)
		}
	}
	for name, v := range args {
		var x any // float64 is exact enough to validate; what is sent is the text
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

// unquoted takes a number in quotes as the number, as Pitwall's own tools do.
func unquoted(p *jsonschema.Schema, v json.RawMessage) json.RawMessage {
	if p.Type != "integer" && p.Type != "number" || len(v) < 3 || v[0] != '"' {
		return v
	}
	if inner := v[1 : len(v)-1]; json.Valid(inner) {
		return inner
	}
	return v
}

var property = regexp.MustCompile(`/properties/([^/:\s]+)`)

// invalid says which argument the schema refused.
func (a *arguments) invalid(err error) error {
	what := err.Error()
	e := pitwall.Errorf(pitwall.InvalidInput, "the arguments do not fit: %s", tools.OneLine(what, 300))
	if m := property.FindStringSubmatch(what); m != nil {
		parts := strings.Split(what, ": ")
		e = pitwall.Errorf(pitwall.InvalidInput, "argument %s: %s", m[1], tools.OneLine(strings.Join(parts[min(2, len(parts)-1):], ": "), 200))
	}
	return e.Hintf("%s", tools.Usage(a.schema))
}
