package external

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// maxDepth bounds references and choices within each other.
const maxDepth = 8

// flatten returns a schema that says at its top what arguments there are: model
// providers refuse a choice (anyOf, oneOf, allOf) or a reference there. What two forms
// call the same may be as either has it; what only some forms require is optional. The
// tool's own server still checks the arguments.
func flatten(in *jsonschema.Schema) (*jsonschema.Schema, error) {
	if in == nil || in.Ref == "" && in.AllOf == nil && in.AnyOf == nil && in.OneOf == nil && in.Not == nil && in.If == nil && in.Enum == nil && in.Const == nil && in.DependentSchemas == nil {
		return in, nil
	}
	f, err := (&flattener{in}).form(in, 0)
	if err != nil {
		return nil, err
	}
	out := &jsonschema.Schema{Type: "object", Description: in.Description, Defs: in.Defs, Definitions: in.Definitions, Properties: f.properties}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(f.required))) {
		if out.Properties[name] != nil {
			out.Required = append(out.Required, name)
		}
	}
	if len(f.choice) > 1 {
		out.Description = strings.TrimSpace(out.Description + " Give the arguments of one of these: " + strings.Join(f.choice, "; ") + ".")
	}
	return out.CloneSchemas(), nil // the parts of a schema must not be shared
}

type flattener struct{ root *jsonschema.Schema }

// form is what an object may hold. choice names the arguments of each of its forms.
type form struct {
	properties map[string]*jsonschema.Schema
	required   []string
	choice     []string
}

var errNoObject = errors.New("it is not an object")

// form reads an object's schema at any depth of references and choices.
func (f *flattener) form(s *jsonschema.Schema, depth int) (form, error) {
	if types := append(slices.Clone(s.Types), s.Type); depth > 0 && cmp.Or(types...) != "" && !slices.Contains(types, "object") {
		return form{}, errNoObject
	}
	if depth > maxDepth {
		return form{}, errors.New("it refers to itself")
	}
	out := form{properties: maps.Clone(s.Properties), required: slices.Clone(s.Required)}
	if out.properties == nil {
		out.properties = map[string]*jsonschema.Schema{}
	}
	all := slices.Clone(s.AllOf)
	if s.Ref != "" {
		target, err := f.target(s.Ref)
		if err != nil {
			return out, err
		}
		all = append(all, target)
	}
	for _, part := range all {
		x, err := f.form(part, depth+1)
		if err != nil {
			return out, err
		}
		out.add(x)
	}
	for _, list := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		if len(list) == 0 {
			continue
		}
		x, err := f.choose(list, depth)
		if err != nil {
			return out, err
		}
		out.add(x)
	}
	return out, nil
}

// add takes what another schema of the same object says as well.
func (a *form) add(b form) {
	maps.Copy(a.properties, b.properties)
	a.required = append(a.required, b.required...)
	a.choice = append(a.choice, b.choice...)
}

// choose makes one form of several, of which those that are no objects cannot be meant.
func (f *flattener) choose(list []*jsonschema.Schema, depth int) (form, error) {
	out := form{properties: map[string]*jsonschema.Schema{}}
	found := 0
	for _, s := range list {
		x, err := f.form(s, depth+1)
		if errors.Is(err, errNoObject) {
			continue
		}
		if err != nil {
			return out, err
		}
		for name, p := range x.properties {
			if old := out.properties[name]; old != nil && !reflect.DeepEqual(old, p) {
				p = either(old, p)
			}
			out.properties[name] = p
		}
		if found++; found == 1 {
			out.required = x.required
		}
		out.required = slices.DeleteFunc(slices.Clone(out.required), func(n string) bool { return !slices.Contains(x.required, n) })
		if len(x.required) > 0 {
			out.choice = append(out.choice, strings.Join(x.required, ", "))
		}
	}
	if found == 0 {
		return out, errNoObject
	}
	return out, nil
}

func either(a, b *jsonschema.Schema) *jsonschema.Schema {
	list := []*jsonschema.Schema{a}
	if a.AnyOf != nil && reflect.DeepEqual(a, &jsonschema.Schema{AnyOf: a.AnyOf}) {
		list = a.AnyOf
	}
	if slices.ContainsFunc(list, func(x *jsonschema.Schema) bool { return reflect.DeepEqual(x, b) }) {
		return a
	}
	return &jsonschema.Schema{AnyOf: append(slices.Clone(list), b)}
}

// target finds what a reference of the schema means.
func (f *flattener) target(ref string) (*jsonschema.Schema, error) {
	for prefix, defs := range map[string]map[string]*jsonschema.Schema{"#/$defs/": f.root.Defs, "#/definitions/": f.root.Definitions} {
		if name, ok := strings.CutPrefix(ref, prefix); ok && defs[name] != nil {
			return defs[name], nil
		}
	}
	return nil, fmt.Errorf("it refers to %q, which is not in it", ref)
}
