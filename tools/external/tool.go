package external

import (
	"cmp"
	"context"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
	"pitwall/tools"
)

// Tool is an external tool as its author declares it: a Go function, a REST
// endpoint, a tool of another MCP server. Its answers are data.
type Tool struct {
	Name, Title, Description string
	In                       *jsonschema.Schema
	Effect                   tools.Effect // Read, or Change for a function that keeps state
	When                     When
	Time                     TimePolicy
	Rows                     string   // dotted path of the list in a JSON answer; empty is the whole answer
	Fields                   []string // of each row; empty is all
	// Definition is what the tool's identity covers: URL, parameters, source. An
	// answer is recorded under its digest; without one nothing is recorded.
	Definition []byte
	// Source, of a Go function, holds its package's files; see [Func].
	Source fs.FS
	// World is set when answers depend on the world's own data too: they are then
	// recorded under its state digest.
	World    bool
	Timeout  time.Duration // of one call; default 30 s
	Warnings []string      // logged by [New]
	// Broken, if set, is what every call answers: the tool is listed but cannot be
	// called, such as one whose key is missing.
	Broken error
	Call   func(ctx context.Context, now Moment, args map[string]json.RawMessage) (Payload, error)
}

// When says in which worlds a tool is offered.
type When string

// The kinds of worlds; the zero value is both.
const (
	WhenBoth     When = "both"
	WhenLive     When = "live" // paper too
	WhenBacktest When = "backtest"
)

// In reports whether a tool is offered in worlds of a mode.
func (w When) In(m pitwall.Mode) bool {
	return w == "" || w == WhenBoth || (w == WhenBacktest) == (m == pitwall.Sim)
}

func (w When) valid() bool {
	return slices.Contains([]When{"", WhenBoth, WhenLive, WhenBacktest}, w)
}

// Moment is what an external tool may see of the world it is called in: the time
// and the walled data. No broker.
type Moment struct {
	Now         time.Time
	Mode        pitwall.Mode
	Zone        *time.Location
	Market      pitwall.Market
	Instruments pitwall.Instruments
	Records     pitwall.Records // may be nil
}

// Form says how a payload is read.
type Form string

// The forms.
const (
	JSON Form = "json"
	CSV  Form = "csv" // the first line names the columns
	Text Form = "text"
)

// Payload is a raw answer, before the wall.
type Payload struct {
	Form Form
	Body []byte
}

// Error is a failure reported by the other side. Its words are data: quoted, cut,
// and withheld where the time policy does not cover them.
type Error struct {
	Message string // what failed
	Hint    string // what works
	Quote   string // what the other side said
}

func (e *Error) Error() string { return e.Message }

// Recorder keeps what external tools answered. Get returns nil when it holds
// nothing; an error that is not REPLAY_DIVERGED does not stop the call.
type Recorder interface {
	Get(kind, slot string, request []byte) ([]byte, error)
	Put(kind, slot string, request, body []byte) error
}

const (
	defaultTimeout = 30 * time.Second
	maxBytes       = 10 << 20 // of one answer
	maxQuote       = 200      // characters of what the other side says about a failure
)

var toolName = regexp.MustCompile(`^[a-z][a-z0-9_]{2,39}$`)

// New makes tools ready for worlds of a mode. Those for other worlds are left out.
func New(o Options, list ...Tool) ([]tools.External, error) {
	o = o.withDefaults()
	var all []tools.External
	for _, t := range list {
		if !t.When.valid() {
			return nil, pitwall.Errorf(pitwall.StrategyError, "tool %s: when is %q", t.Name, t.When).Hintf("use live, backtest or both")
		}
		if !t.When.In(o.Mode) {
			continue
		}
		x, err := t.ready(o)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// ready checks a tool and fills in what it leaves open.
func (t Tool) ready(o Options) (x tools.External, err error) {
	if !toolName.MatchString(t.Name) {
		return x, pitwall.Errorf(pitwall.StrategyError, "a tool cannot be named %q", tools.OneLine(t.Name, 60)).Hintf("use 3 to 40 lower-case letters, digits and _, a letter first")
	}
	if t.Effect != tools.Read && t.Effect != tools.Change {
		return x, pitwall.Errorf(pitwall.StrategyError, "tool %s: its effect is neither Read nor Change", t.Name)
	}
	if err := cmp.Or(t.Time.declared(t.Name, o.Mode), checkFormats(t.Name, t.Time.Clamp)); err != nil {
		return x, err
	}
	if t.In, err = flatten(t.In); err != nil {
		return x, badParameters(t.Name, err)
	}
	if t.Broken == nil { // else its parameters are unknown
		if err := t.Time.checkParameters(t.Name, t.In); err != nil {
			return x, err
		}
	}
	in, err := newArguments(t.In, t.Time.filled(o.Mode))
	if err != nil {
		return x, badParameters(t.Name, err)
	}
	if t.Timeout <= 0 {
		t.Timeout = defaultTimeout
	}
	t.Title = cmp.Or(t.Title, t.Name)
	for _, w := range t.Warnings {
		o.Log.Warn("external tool", "tool", t.Name, "warning", w)
	}
	c := &caller{Tool: t, in: in, o: o}
	return tools.External{Name: t.Name, Title: t.Title, Description: t.Description, Effect: t.Effect, Identity: t.identity(), In: in.schema, Call: c.call}, nil
}

func badParameters(name string, err error) error {
	return pitwall.Errorf(pitwall.StrategyError, "tool %s: its parameters are not a usable JSON schema: %v", name, err).Hintf("leave it out; of an MCP server: take it out of allow")
}

// identity is a digest of all that shapes a tool's answers besides its arguments.
// It is part of recorded keys, and so are the names below.
func (t Tool) identity() string {
	if t.Definition == nil {
		return tools.UnknownIdentity
	}
	body, err := json.Marshal(struct {
		Definition []byte
		Wall       TimePolicy
		Rows       string
		Fields     []string
		MaxBytes   int
	}{t.Definition, t.Time, t.Rows, t.Fields, maxBytes})
	if err != nil {
		return tools.UnknownIdentity // nothing in it that JSON cannot say
	}
	return digest(body)
}
