package external

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"pitwall"
	"pitwall/tools"
)

// Func makes a tool of a Go function. t has its name, description and time policy;
// a function that keeps state has the effect [tools.Change]: it is repeated on
// replay, must answer the same and is never recorded. The schema comes from In as
// for Pitwall's own tools; a string is answered as text, everything else as JSON.
//
// With t.Source (//go:embed *.go) the function's own text goes into the
// description: a model reads best what a tool does from what it does. Its identity
// then covers all the files.
func Func[In, Out any](t Tool, f func(ctx context.Context, now Moment, in In) (Out, error)) Tool {
	t.In, t.World = tools.SchemaFor(reflect.TypeFor[In]()), true
	t.describe(f)
	t.Call = func(ctx context.Context, now Moment, args map[string]json.RawMessage) (Payload, error) {
		raw, err := json.Marshal(args)
		if err != nil {
			return Payload{}, fmt.Errorf("encoding arguments: %w", err)
		}
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return Payload{}, pitwall.Errorf(pitwall.InvalidInput, "the arguments do not fit: %v", err).Hintf("%s", tools.Usage(t.In))
		}
		out, err := f(ctx, now, in)
		switch {
		case isExplained(err):
			return Payload{}, err
		case err != nil:
			return Payload{}, &Error{Message: "it failed", Hint: "change the arguments, or decide without it", Quote: err.Error()}
		}
		if s, ok := any(out).(string); ok {
			return Payload{Text, []byte(s)}, nil
		}
		body, err := json.Marshal(out)
		if err != nil {
			return Payload{}, fmt.Errorf("encoding the answer of %s: %w", t.Name, err)
		}
		return Payload{JSON, body}, nil
	}
	return t
}

// isExplained reports whether an error says what failed as it is: it has a code, is
// an [Error], or is the end of its context.
func isExplained(err error) bool {
	_, coded := errors.AsType[*pitwall.Error](err)
	_, external := errors.AsType[*Error](err)
	return coded || external || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
