package tools

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
)

// External is a tool that Pitwall does not implement itself, as the table takes
// it. Package tools/external makes them and keeps the future out of their answers.
type External struct {
	Name, Title, Description string
	Effect                   Effect // Read or Change
	Identity                 string // see [Tool]
	In                       *jsonschema.Schema
	Call                     func(ctx context.Context, w *pitwall.World, args json.RawMessage) (ExternalAnswer, error)
}

// UnknownIdentity is that of an external tool without a definition: what it does
// may have changed since its answers were recorded.
const UnknownIdentity = "unknown"

// ExternalAnswer is what the wall let through of an external tool's answer.
type ExternalAnswer struct {
	Value       any // encodes as a JSON object
	Text        string
	FutureDated *FutureDated // nil when nothing was removed
}

// FutureDated counts what the wall removed from an answer. It is for operators:
// the count itself is news from tomorrow, so it is never in what a model reads.
type FutureDated struct {
	Removed    int    `json:"removed"` // rows known after now
	Newest     string `json:"newest,omitempty"`
	Unreadable int    `json:"unreadable,omitempty"` // rows without a time in the known field: removed too
}

func (a ExternalAnswer) text(*pitwall.World) string { return a.Text }

// MarshalJSON encodes the value.
func (a ExternalAnswer) MarshalJSON() ([]byte, error) { return json.Marshal(a.Value) }

// NewWith is New with external tools. They are fixed for the set's life.
func NewWith(log *slog.Logger, starter Starter, external []External) (*Set, error) {
	s := New(log, starter)
	for _, x := range external {
		if t := s.byName[x.Name]; t != nil || x.Name == memorySearchTool || x.Name == memoryNoteTool {
			owner := "one of Pitwall's own tools"
			if t != nil && t.Identity != "" {
				owner = "another external tool"
			}
			return nil, pitwall.Errorf(pitwall.StrategyError, "tool %s has the same name as %s", x.Name, owner).Hintf("choose another name")
		}
		s.put(&Tool{Name: x.Name, Title: x.Title, Description: x.Description, Effect: x.Effect, Open: true, Identity: x.Identity, In: x.In,
			Out: &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"rows": {Type: "array"}, "text": {Type: "string"}}},
			call: func(ctx context.Context, w *pitwall.World, args json.RawMessage) (answer, error) {
				a, err := x.Call(ctx, w, args)
				return answer{a, w}, err
			}})
	}
	return s, nil
}
