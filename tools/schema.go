package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
)

// enums lists the values of every closed type that tools take.
func enums() map[reflect.Type][]any {
	return map[reflect.Type][]any{
		reflect.TypeFor[pitwall.Side]():       {"buy", "sell"},
		reflect.TypeFor[pitwall.OrderType]():  {"market", "limit", "stop", "stop_limit", "trailing_stop"},
		reflect.TypeFor[pitwall.TIF]():        {"day", "gtc", "gtd", "ioc", "fok", "opg", "cls"},
		reflect.TypeFor[pitwall.Class]():      {"simple", "bracket", "oco", "oto"},
		reflect.TypeFor[optimizeMethod]():     {string(minVariance), string(maxSharpe), string(targetReturn), string(maxVolatility), string(riskParity), string(hierarchical)},
		reflect.TypeFor[neutrality]():         {string(betaNeutral), string(netNeutral), string(bothNeutral)},
		reflect.TypeFor[pitwall.MemoryKind](): {"note", "plan", "lesson", "belief", "retire", "episode", "regime"},
	}
}

// SchemaFor infers a schema in which Dec is a number and closed types are
// enums, so that what is advertised is what is decoded.
func SchemaFor(t reflect.Type) *jsonschema.Schema {
	types := map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[pitwall.Dec](): {Type: "number"}}
	for e, values := range enums() {
		types[e] = &jsonschema.Schema{Type: "string", Enum: values}
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		panic(fmt.Sprintf("schema of %v: %v", t, err)) // a programming error: types are fixed
	}
	plain(s)
	if s.Type == "object" && s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{} // written even when empty: hosts refuse an object without it
	}
	return s
}

// plain removes null from inferred types: answers never hold a null array, and
// [nullable] says which arguments may be null.
func plain(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	plain(s.Items)
	for _, p := range s.Properties {
		plain(p)
	}
}

// outputSchema is compact: what a program needs to read the answer.
func outputSchema[Out any]() *jsonschema.Schema {
	t := reflect.TypeFor[Out]()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := SchemaFor(t)
	open(s)
	return s
}

// open lets objects have further properties, so that adding a field later breaks
// no client, and leaves out the shape of rows and inner objects and what every
// answer has (mode, as_of): a model pays for the list of tools on every turn.
func open(s *jsonschema.Schema) {
	s.AdditionalProperties, s.Required, s.Enum = nil, nil, nil
	for _, p := range s.Properties {
		p.AdditionalProperties, p.Properties, p.PropertyOrder, p.Required, p.Enum = nil, nil, nil, nil, nil
		if p.Items != nil && (p.Items.Type == "object" || p.Items.Type == "array") {
			p.Items = nil
		}
	}
}

// nullable lets every argument that may be left out be null instead: clients with
// strict schemas must send all of them.
func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	for name, p := range s.Properties {
		if slices.Contains(s.Required, name) {
			continue
		}
		p.Type, p.Types = "", []string{p.Type, "null"}
		if p.Enum != nil {
			p.Enum = append(slices.Clone(p.Enum), nil)
		}
	}
	return s
}

// decoder reads a tool's arguments straight into In, with errors that name the
// field.
type decoder[In any] struct {
	schema *jsonschema.Schema
	fields map[string]int
}

func newDecoder[In any]() *decoder[In] {
	t := reflect.TypeFor[In]()
	d := &decoder[In]{schema: nullable(SchemaFor(t)), fields: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		d.fields[name] = i
	}
	return d
}

func (d *decoder[In]) decode(raw json.RawMessage, in *In) error {
	v := reflect.ValueOf(in).Elem()
	return Arguments(raw, d.schema, func(name string, value json.RawMessage) error {
		return d.field(name, v.Field(d.fields[name]), value)
	})
}

// Arguments calls f with each argument of a call, in the order given. Names must
// be exact, unique and in the schema, and the required ones must be there unless
// they have a default. A null is an argument left out.
func Arguments(raw json.RawMessage, in *jsonschema.Schema, f func(name string, value json.RawMessage) error) error {
	if len(bytes.TrimSpace(raw)) == 0 || string(raw) == "null" {
		raw = []byte("{}")
	}
	js := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := js.Token(); err != nil || tok != json.Delim('{') {
		return pitwall.Errorf(pitwall.InvalidInput, "arguments are not a JSON object").Hintf("%s", Usage(in))
	}
	seen := map[string]bool{}
	for js.More() {
		tok, err := js.Token()
		if err != nil {
			return pitwall.Errorf(pitwall.InvalidInput, "arguments are not valid JSON: %v", err)
		}
		name := tok.(string)
		var value json.RawMessage
		if err := js.Decode(&value); err != nil {
			return pitwall.Errorf(pitwall.InvalidInput, "argument %s is not valid JSON: %v", name, err)
		}
		p := in.Properties[name]
		if p == nil {
			return pitwall.Errorf(pitwall.InvalidInput, "unknown argument %q", name).Hintf("%s%s", meant(name, slices.Sorted(maps.Keys(in.Properties))), Usage(in))
		}
		if seen[name] {
			return pitwall.Errorf(pitwall.InvalidInput, "duplicate argument %q", name)
		}
		if string(value) == "null" {
			continue
		}
		seen[name] = true
		if err := closed(name, value, p.Enum); err != nil {
			return err
		}
		if err := f(name, value); err != nil {
			return err
		}
	}
	if _, err := js.Token(); err != nil { // the closing brace
		return pitwall.Errorf(pitwall.InvalidInput, "arguments are not valid JSON: %v", err)
	}
	if _, err := js.Token(); !errors.Is(err, io.EOF) {
		return pitwall.Errorf(pitwall.InvalidInput, "text after the arguments' JSON object")
	}
	for _, name := range in.Required {
		if p := in.Properties[name]; !seen[name] && (p == nil || p.Default == nil) {
			return pitwall.Errorf(pitwall.InvalidInput, "missing argument %q", name).Hintf("%s", Usage(in))
		}
	}
	return nil
}

// closed refuses a text that is none of those that an argument takes.
func closed(name string, value json.RawMessage, enum []any) error {
	var s string
	if value[0] != '"' || json.Unmarshal(value, &s) != nil || slices.Contains(enum, any(s)) {
		return nil
	}
	var words []string
	for _, v := range enum {
		if word, ok := v.(string); ok {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return nil
	}
	return pitwall.Errorf(pitwall.InvalidInput, "argument %s is %q", name, s).Hintf("%suse one of %v", meant(s, words), words)
}

// meant asks for the known word that is near to one that is not, if there is one.
func meant(word string, known []string) string {
	if near, ok := pitwall.Near(strings.ToLower(word), known); ok {
		return "did you mean " + near + "? "
	}
	return ""
}

// field decodes one argument. A number in quotes is taken as the number: models
// do send "5".
func (d *decoder[In]) field(name string, v reflect.Value, raw json.RawMessage) error {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if (t.Kind() == reflect.Int || t.Kind() == reflect.Float64) && len(raw) > 2 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	if t.Kind() == reflect.Slice && raw[0] == '"' { // one symbol instead of a list of one
		raw = append(append([]byte{'['}, raw...), ']')
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return pitwall.Errorf(pitwall.InvalidInput, "`%s` must be %s; got %s", name, typeName(t), article(te.Value)).Hintf("%s", Usage(d.schema))
		}
		if t == reflect.TypeFor[pitwall.Dec]() {
			return pitwall.Errorf(pitwall.InvalidNumber, "argument %s: %v", name, err)
		}
		return pitwall.Errorf(pitwall.InvalidInput, "argument %s: %v", name, err)
	}
	return nil
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Int64, reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	}
	return "a string"
}

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeio") {
		return "an " + noun
	}
	return "a " + noun
}

// Usage lists the arguments that a schema takes, required ones first.
func Usage(in *jsonschema.Schema) string {
	if len(in.Properties) == 0 {
		return "it takes no arguments"
	}
	required, optional := strings.Join(in.Required, ", "), []string{}
	for name := range in.Properties {
		if !slices.Contains(in.Required, name) {
			optional = append(optional, name)
		}
	}
	sort.Strings(optional)
	switch {
	case required == "":
		return "it takes, all optional: " + strings.Join(optional, ", ")
	case len(optional) == 0:
		return "it takes " + required
	}
	return "it takes " + required + " and, optional: " + strings.Join(optional, ", ")
}
