package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"pitwall"
	"pitwall/tools/docs"
	"pitwall/tools/regime"
)

// Effect says what a call does to its world.
type Effect int

// The effects. On replay a Read is not repeated, a Setup only registers a
// definition, a Change is repeated and must answer the same. A Step moves a
// clock: the loop calls it, the model of a loop never sees it.
const (
	Read Effect = iota
	Setup
	Change
	Step
)

func (e Effect) String() string {
	return [...]string{"read", "setup", "change", "step"}[e]
}

// Tool describes one tool to hosts and models.
type Tool struct {
	Name        string
	Title       string
	Description string
	Effect      Effect
	Destructive bool // may undo what cannot be had back
	Idempotent  bool // the same call twice changes nothing more
	Open        bool // reaches beyond Pitwall
	// Identity tells an external tool from another with the same description: a
	// digest of its definition and time policy, or [UnknownIdentity]. Empty for
	// Pitwall's own.
	Identity string
	In, Out  *jsonschema.Schema
	// View is the resource that shows its answers in hosts that can; see [Views].
	View string

	call func(ctx context.Context, w *pitwall.World, raw json.RawMessage) (answer, error)
}

// Answer is what a call returned. Text is what counts for replay and tokens.
type Answer struct {
	Text    string
	JSON    json.RawMessage
	IsError bool
	Digest  string // the world's state_digest after the call; empty without one
	World   string // the world's id; empty in a run
	// FutureDated is what the wall removed from an external tool's answer, for
	// operators; nil when nothing. It must never become part of Text or JSON.
	FutureDated *FutureDated
	// Images are for a host to show. They repeat what Text says: they are no part of
	// what a replay compares, nor of what a model in a loop reads.
	Images []Image
}

// Image is a picture.
type Image struct {
	MIME string
	Data []byte
}

// Starter starts a new simulated world for a caller under a name. The server's
// registry implements it; cmd says how a world is built.
type Starter interface {
	Start(ctx context.Context, name string, r StartRequest) (*pitwall.World, error)
	// Offer says what a new world can be started over.
	Offer() []OfferedData
}

// Set is a table of tools.
type Set struct {
	log     *slog.Logger
	starter Starter
	docs    func() *docs.Index // made by the first search
	tools   []*Tool
	byName  map[string]*Tool
	trained regime.Trainings // models of regimes
}

// New makes the set of all tools. starter may be nil: sim_start then refuses.
func New(log *slog.Logger, starter Starter) *Set {
	s := &Set{log: log, starter: starter, docs: sync.OnceValue(docs.New), byName: map[string]*Tool{}}
	all(s)
	return s
}

// all is the table.
func all(s *Set) {
	addClock(s)
	addAccount(s)
	addMarket(s)
	addRecords(s)
	addEvents(s)
	addIndicators(s)
	addRegime(s)
	addQuery(s)
	addPortfolio(s)
	addOrders(s)
	addDocs(s)
	addSim(s)
	addReport(s)
}

// answerer is what a tool returns: a value that is a JSON object and renders
// itself as text.
type answerer interface{ text(w *pitwall.World) string }

// answer is a tool's value with the world it speaks of.
type answer struct {
	value answerer
	world *pitwall.World
}

// withImages is implemented by values that come with pictures.
type withImages interface{ images() []Image }

// forWorld is implemented by values that describe another world than the one
// called, such as the one that sim_start made.
type forWorld interface{ other() *pitwall.World }

// dated is implemented by values that hold for a time which may be before the clock's:
// the clock may move while a query runs.
type dated interface{ at() time.Time }

// add puts a tool into the set. The schemas come from the types; the input is
// decoded once, strictly, straight into In.
func add[In any, Out answerer](s *Set, t Tool, f func(ctx context.Context, w *pitwall.World, in In) (Out, error)) {
	dec := newDecoder[In]()
	t.In, t.Out = dec.schema, outputSchema[Out]()
	t.call = func(ctx context.Context, w *pitwall.World, raw json.RawMessage) (answer, error) {
		var in In
		if err := dec.decode(raw, &in); err != nil {
			return answer{}, err
		}
		out, err := f(ctx, w, in)
		if o, ok := any(out).(forWorld); ok && err == nil {
			w = o.other()
		}
		return answer{out, w}, err
	}
	if s.byName[t.Name] != nil {
		panic("two tools named " + t.Name)
	}
	s.put(&t)
}

func (s *Set) put(t *Tool) {
	s.tools = append(s.tools, t)
	s.byName[t.Name] = t
}

// Tools lists the tools by name.
func (s *Set) Tools() []*Tool {
	return slices.SortedFunc(slices.Values(s.tools), func(a, b *Tool) int { return strings.Compare(a.Name, b.Name) })
}

// Remove takes a tool out, as that of a kind of records that no world of a server has.
func (s *Set) Remove(name string) {
	s.tools = slices.DeleteFunc(s.tools, func(t *Tool) bool { return t.Name == name })
	delete(s.byName, name)
}

// Find returns a tool by its name or its dotted alias (account.positions).
func (s *Set) Find(name string) (*Tool, bool) {
	t, ok := s.byName[strings.ReplaceAll(name, ".", "_")]
	return t, ok
}

// Call runs one tool in one world for the caller in ctx. Every failure is an
// Answer too: the one error shape.
func (s *Set) Call(ctx context.Context, w *pitwall.World, name string, raw json.RawMessage) Answer {
	t, ok := s.Find(name)
	if !ok {
		names := make([]string, 0, len(s.tools))
		for _, t := range s.Tools() {
			names = append(names, t.Name)
		}
		return s.Explain(ctx, w, name, raw, pitwall.Errorf(pitwall.UnknownTool, "unknown tool %q", name).Hintf("the tools are %s", strings.Join(names, ", ")))
	}
	if by := pitwall.CallerFrom(ctx); by.ReadOnly && t.Effect >= Change {
		return s.Explain(ctx, w, name, raw, pitwall.Errorf(pitwall.NotAllowed, "%s changes the world and %q may only read", t.Name, by.Principal))
	}
	var a answer
	var err error
	run := func() {
		if t.Effect >= Change && w.Ended() {
			err = pitwall.Errorf(pitwall.WorldEnded, "this world has ended; nothing was sent").Hintf("call again: a world that has taken its place answers")
			return
		}
		if c := pitwall.CauseFrom(ctx); c.Turn == 0 { // read under the lock: the clock may have moved while the call waited
			c.Turn = w.Turn()
			ctx = pitwall.WithCause(ctx, c)
		}
		a, err = s.guarded(ctx, t, w, raw)
	}
	if t.Effect >= Change {
		if e := w.Serialize(ctx, run); e != nil {
			err = fmt.Errorf("waiting for another call of this world: %w", e)
		}
	} else {
		run()
	}
	if err != nil {
		return s.Explain(ctx, w, name, raw, err)
	}
	return s.render(ctx, a, t.Name, raw)
}

// guarded calls a tool and turns a panic into an error: one broken tool must
// not end every agent's session.
func (s *Set) guarded(ctx context.Context, t *Tool, w *pitwall.World, raw json.RawMessage) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in %s: %v\n%s", t.Name, p, debug.Stack())
		}
	}()
	return t.call(ctx, w, raw)
}

// render makes the answer: mode and as_of first, in both parts.
func (s *Set) render(ctx context.Context, a answer, name string, raw json.RawMessage) Answer {
	body, err := json.Marshal(a.value)
	if err != nil {
		return s.Explain(ctx, a.world, name, raw, fmt.Errorf("encoding the answer of %s: %w", name, err))
	}
	w := a.world
	asOf := w.Time(w.Clock.Now())
	if x, ok := a.value.(dated); ok && !x.at().IsZero() {
		asOf = w.Time(x.at())
	}
	buf := make([]byte, 0, len(body)+64)
	buf = append(buf, `{"mode":"`...)
	buf = append(buf, w.Mode...)
	buf = append(buf, `","as_of":"`...)
	buf = append(append(buf, asOf...), '"')
	if len(body) > 2 {
		buf = append(buf, ',')
	}
	buf = append(buf, body[1:]...)
	out := Answer{Text: "mode=" + string(w.Mode) + " as_of=" + asOf + "\n" + a.value.text(w), JSON: buf, Digest: w.Digest(), World: w.ID}
	if p, ok := a.value.(withImages); ok {
		out.Images = p.images()
	}
	if x, ok := a.value.(ExternalAnswer); ok {
		out.FutureDated = x.FutureDated
	}
	return out
}

// Explain returns the one shape of failure; w is nil where no world was found. What
// is not a pitwall.Error says INTERNAL and an id; the details go to the log under that
// id.
func (s *Set) Explain(ctx context.Context, w *pitwall.World, name string, raw json.RawMessage, err error) Answer {
	if fault := pitwall.MachineFault(err); fault != nil {
		err = fault
	}
	e, ok := errors.AsType[*pitwall.Error](err)
	switch {
	case ok && e.Err != nil:
		s.log.ErrorContext(ctx, "tool failed", "tool", name, "code", e.Code, "err", e.Err)
	case !ok && errors.Is(err, context.DeadlineExceeded):
		e = pitwall.Errorf(pitwall.Timeout, "%s took too long and was stopped", name).Hintf("ask for less")
	case !ok && errors.Is(err, context.Canceled):
		e = pitwall.Errorf(pitwall.CallCanceled, "%s was canceled by its caller", name)
	case !ok:
		sum := sha256.Sum256(append([]byte(name+"\x00"), raw...))
		id := hex.EncodeToString(sum[:4])
		s.log.ErrorContext(ctx, "tool failed", "tool", name, "id", id, "err", err)
		e = pitwall.Errorf(pitwall.Internal, "%s failed unexpectedly (id %s)", name, id).Hintf("the operator finds the details in the server's log under this id")
	}
	body, jerr := json.Marshal(map[string]*pitwall.Error{"error": e})
	if jerr != nil {
		body = []byte(`{"error":{"code":"INTERNAL","message":"an error could not be encoded"}}`)
	}
	a := Answer{Text: "error " + e.Error(), JSON: body, IsError: true}
	for _, c := range e.Checks {
		a.Text += fmt.Sprintf("\ncheck %s: observed %s, limit %s %s", c.Name, c.Observed, c.Limit, c.Unit)
	}
	if w != nil {
		a.Digest, a.World = w.Digest(), w.ID
	}
	return a
}
