package external_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools"
	"pitwall/tools/external"
)

// A schema with a choice or a reference at its top leaves as a full object schema, as
// model providers want it; one that cannot says why.
func TestSchemasAreFlattened(t *testing.T) {
	ready := func(in string) ([]tools.External, error) {
		var s jsonschema.Schema
		require.NoError(t, json.Unmarshal([]byte(in), &s))
		return external.New(external.Options{Mode: pitwall.Sim}, external.Tool{Name: "chooses", In: &s, Time: external.TimePolicy{Timeless: true},
			Call: func(_ context.Context, _ external.Moment, args map[string]json.RawMessage) (external.Payload, error) {
				body, err := json.Marshal(args)
				return external.Payload{Form: external.JSON, Body: body}, err
			}})
	}
	for in, want := range map[string]string{
		`{"$ref":"#/$defs/Query","$defs":{"Query":{"type":"object","required":["q"],"properties":{"q":{"type":"string"}}}}}`:                                                                                                            `{"q":{"type":"string"}} [q]`,
		`{"$ref":"#/definitions/Query","definitions":{"Query":{"properties":{"q":{"$ref":"#/definitions/Word"}}},"Word":{"type":"string"}}}`:                                                                                            `{"q":{"$ref":"#/definitions/Word"}} []`,
		`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`:                                                                                                  `{"a":{"type":"string"},"b":{"type":"string"}} []`,
		`{"oneOf":[{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}},{"type":"object","required":["id","n"],"properties":{"id":{"type":"string"},"n":{"type":"integer"}}},{"type":"null"}]}`:                   `{"id":{"anyOf":[{"type":"integer"},{"type":"string"}]},"n":{"type":"integer"}} [id]`,
		`{"type":"object","required":["a"],"properties":{"a":{"type":"string"}},"allOf":[{"$ref":"#/$defs/Page"},{"required":["b"],"properties":{"b":{"type":"number"}}}],"$defs":{"Page":{"properties":{"page":{"type":"integer"}}}}}`: `{"a":{"type":"string"},"b":{"type":"number"},"page":{"type":"integer"}} [a b]`,
		`{"type":"object","properties":{"a":{"type":"string"}},"not":{"required":["z"]},"if":{"required":["a"]},"then":{"required":["b"]}}`:                                                                                             `{"a":{"type":"string"}} []`,
		`{"anyOf":[{"properties":{"k":{"const":1}}},{"properties":{"k":{"const":2}}},{"properties":{"k":{"const":3}}},{"properties":{"k":{"const":1}}}]}`:                                                                               `{"k":{"anyOf":[{"const":1},{"const":2},{"const":3}]}} []`,
	} {
		list, err := ready(in)
		require.NoError(t, err, in)
		out, err := json.Marshal(list[0].In)
		require.NoError(t, err)
		var top map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(out, &top))
		for _, word := range []string{"anyOf", "oneOf", "allOf", "$ref", "not", "if", "then", "enum"} {
			require.NotContains(t, top, word, in)
		}
		require.Equal(t, `"object"`, string(top["type"]))
		i := strings.LastIndex(want, " [")
		require.JSONEq(t, want[:i], string(top["properties"]), in)
		require.Equal(t, want[i+1:], fmt.Sprint(list[0].In.Required), in)
	}
	list, err := ready(`{"description":"Find it.","oneOf":[{"required":["id"],"properties":{"id":{"type":"integer"}}},{"required":["name","year"],"properties":{"name":{"type":"string"},"year":{"type":"integer"}}}]}`)
	require.NoError(t, err)
	require.Equal(t, "Find it. Give the arguments of one of these: id; name, year.", list[0].In.Description)
	s, err := tools.NewWith(discard(), nil, list)
	require.NoError(t, err)
	a := s.Call(trader(), simAt(friday(t)), "chooses", json.RawMessage(`{"name":"x","year":2020}`))
	require.False(t, a.IsError, a.Text)
	require.Contains(t, s.Call(trader(), simAt(friday(t)), "chooses", json.RawMessage(`{"names":"x"}`)).Text, `unknown argument "names"; did you mean name? it takes`)
	for in, want := range map[string]string{
		`{"$ref":"#/$defs/A","$defs":{"A":{"$ref":"#/$defs/A"}}}`: "it refers to itself",
		`{"$ref":"https://example.com/schema.json"}`:              `it refers to "https://example.com/schema.json", which is not in it`,
		`{"anyOf":[{"type":"string"},{"type":"array"}]}`:          "it is not an object",
		`{"type":"object","allOf":[{"type":"string"}]}`:           "it is not an object",
	} {
		_, err := ready(in)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "take it out of allow")
	}
}
