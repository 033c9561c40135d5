package agentloop

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaPrompt asks for a structured result: a sentence that every model
// understands, rather than each provider's own switch, which most do not allow
// together with tools.
func schemaPrompt(schema json.RawMessage) string {
	if len(schema) == 0 {
		return ""
	}
	return "\nAfter the line RESULT: end your last answer with one JSON object, and nothing after it, that matches this schema:\n" + string(schema) + "\n"
}

func resolve(schema json.RawMessage) (*jsonschema.Resolved, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, err
	}
	return s.Resolve(nil)
}

// CheckSchema reports whether a schema of a structured result is usable.
func CheckSchema(schema json.RawMessage) error {
	_, err := resolve(schema)
	return err
}

// Where an object is looked for, so that a hostile text takes no time.
const (
	longestObject = 64 << 10
	mostBraces    = 200
)

// Structured finds the object at the end of a text, in a code fence or not, and
// tests it against the schema.
func Structured(schema json.RawMessage, text string) (json.RawMessage, error) {
	body := strings.TrimSpace(text)
	body = strings.TrimSpace(strings.TrimSuffix(body, "```"))
	if !strings.HasSuffix(body, "}") {
		return nil, errors.New("the last answer does not end with a JSON object")
	}
	if i := strings.LastIndex(body, "RESULT:"); i >= 0 {
		body = body[i:] // what was quoted before it is not the result
	}
	body = body[max(0, len(body)-longestObject):]
	// The outermost object that reaches to the end: the first brace that parses.
	tries := 0
	for at := strings.IndexByte(body, '{'); at >= 0 && tries < mostBraces; tries++ {
		if raw := json.RawMessage(body[at:]); json.Valid(raw) {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				return nil, err
			}
			r, err := resolve(schema)
			if err != nil {
				return nil, err
			}
			if err := r.Validate(v); err != nil {
				return nil, fmt.Errorf("the result does not match the schema: %w", err)
			}
			return raw, nil
		}
		next := strings.IndexByte(body[at+1:], '{')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return nil, errors.New("the last answer does not end with a valid JSON object")
}
