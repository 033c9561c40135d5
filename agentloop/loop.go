package agentloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	defaultSteps = 25 // replies of one turn
	maxCalls     = 50 // calls of one reply
)

// Recorder keeps what happened. agentloop says what; cmd says where.
type Recorder interface {
	BeginTurn(n int)
	// EndTurn keeps a turn (the same on every run), its one-line summary, and
	// what may differ between runs.
	EndTurn(n int, turn, summary, timing any) error
}

// Config is one agent on one server.
type Config struct {
	Session  *mcp.ClientSession
	Model    Model
	Name     string // of the model, for the record
	Agent    string // the strategy's name for the agent
	Prompt   string // the strategy's own prompt
	Params   map[string]any
	Every    Every
	MaxSteps int // replies in one turn; 0 = 25
	Recorder Recorder
	Now      func() time.Time // host time, for timing only
	Progress func(Progress)   // called after each move of the clock; may be nil
	Stop     <-chan struct{}  // closed: end after the turn
}

// Progress is where a run stands.
type Progress struct {
	AsOf   time.Time
	Equity float64
	Bars   int
	Turns  int
}

// Outcome is how a run ended.
type Outcome struct {
	Bars       int
	Turns      int
	ModelCalls int
	ToolCalls  int
	Ended      bool // the replay was passed to its end; false = stopped before
	Warnings   map[string]int
}

// loop is a run in progress.
type loop struct {
	Config
	client client
	tools  []Tool
	system string
	out    Outcome
}

// Run drives the agent until the replay ends, Stop closes, or ctx ends.
func Run(ctx context.Context, cfg Config) (Outcome, error) {
	l := &loop{Config: cfg, client: client{cfg.Session}, out: Outcome{Warnings: map[string]int{}}}
	if l.MaxSteps == 0 {
		l.MaxSteps = defaultSteps
	}
	var err error
	if l.tools, err = l.client.tools(ctx); err != nil {
		return l.out, err
	}
	if l.system, err = l.client.system(ctx, cfg.Prompt); err != nil {
		return l.out, err
	}
	now, err := l.client.call(ctx, Call{Name: "clock_now"})
	if err != nil {
		return l.out, err
	}
	if now.IsError {
		return l.out, errors.New(now.Text)
	}
	after, _ := now.data["as_of"].(string)
	var lastTurn time.Time
	turnAsOf, passed := after, 0                   // the last turn, and the bars since
	for stride := 1; ; stride = l.Every.stride() { // the first bar is a turn
		select {
		case <-l.Stop:
			return l.out, nil
		default:
		}
		snap, err := l.next(ctx, after, stride)
		if err != nil {
			return l.out, err
		}
		after = snap.asOf
		passed += snap.advanced
		if snap.advanced == stride && l.Every.due(lastTurn, snap.time) {
			if passed > stride { // several moves: ask for all that happened since the last turn
				if snap, err = l.since(ctx, turnAsOf, snap); err != nil {
					return l.out, err
				}
			}
			snap.advanced, passed = passed, 0
			lastTurn, turnAsOf = snap.time, snap.asOf
			if err := l.turn(ctx, snap); err != nil {
				return l.out, fmt.Errorf("turn %d at %s: %w", l.out.Turns, snap.asOf, err)
			}
		}
		if l.Progress != nil {
			l.Progress(Progress{snap.time, snap.equity, l.out.Bars, l.out.Turns})
		}
		if snap.ended {
			l.out.Ended = true
			return l.out, nil
		}
	}
}

// snapshot is what clock_next_bar answered.
type snapshot struct {
	text     string
	digest   string
	asOf     string
	time     time.Time
	advanced int
	ended    bool
	equity   float64
}

// next moves the clock. A live clock may have nothing yet: ask again.
func (l *loop) next(ctx context.Context, after string, bars int) (snapshot, error) {
	for {
		args, err := json.Marshal(map[string]any{"bars": bars, "after": after})
		if err != nil {
			return snapshot{}, err
		}
		r, err := l.client.call(ctx, Call{Name: "clock_next_bar", Arguments: args})
		if err != nil {
			return snapshot{}, err
		}
		if r.IsError {
			return snapshot{}, errors.New(r.Text)
		}
		s := snapshot{text: r.Text, digest: r.digest()}
		s.asOf, _ = r.data["as_of"].(string)
		s.ended, _ = r.data["ended"].(bool)
		s.equity, _ = r.data["equity"].(float64)
		n, _ := r.data["advanced"].(float64)
		s.advanced = int(n)
		if s.time, err = time.Parse(time.RFC3339, s.asOf); err != nil {
			return snapshot{}, fmt.Errorf("the server's as_of: %w", err)
		}
		l.out.Bars += s.advanced
		if s.advanced > 0 || s.ended {
			return s, nil
		}
		if s.asOf != after {
			return snapshot{}, fmt.Errorf("the clock moved from %s to %s and the loop did not move it: another client shares this world", after, s.asOf)
		}
		select {
		case <-l.Stop:
			return s, context.Canceled
		default:
		}
	}
}

// since reads the snapshot of now with everything that happened after a time: a
// clock that is past it does not move.
func (l *loop) since(ctx context.Context, after string, now snapshot) (snapshot, error) {
	args, err := json.Marshal(map[string]any{"after": after})
	if err != nil {
		return now, err
	}
	r, err := l.client.call(ctx, Call{Name: "clock_next_bar", Arguments: args})
	if err != nil {
		return now, err
	}
	if asOf, _ := r.data["as_of"].(string); r.IsError || asOf != now.asOf {
		return now, fmt.Errorf("asking what happened since %s: %s", after, r.Text)
	}
	now.text = r.Text
	return now, nil
}

// turn asks the model until it stops calling tools.
func (l *loop) turn(ctx context.Context, snap snapshot) error {
	l.out.Turns++
	n := l.out.Turns
	started := l.Now()
	l.Recorder.BeginTurn(n)
	rec := Turn{Turn: n, AsOf: snap.asOf, Agent: l.Agent, Model: l.Name, StateDigest: snap.digest, System: l.system, Warnings: []string{}}
	for _, t := range l.tools {
		rec.Tools = append(rec.Tools, t.Name)
	}
	messages := []Message{{User: fmt.Sprintf("Turn %d. Bars since your last turn: %d.\n%s", n, snap.advanced, snap.text)}}
	var usage Usage
	var modelTime time.Duration
	finished := false
	for step := 0; step < l.MaxSteps && !finished; step++ {
		asked := l.Now()
		reply, err := l.Model.Reply(ctx, Request{System: l.system, Messages: messages, Tools: l.tools, Params: l.Params})
		modelTime += l.Now().Sub(asked)
		if err != nil {
			return fmt.Errorf("asking the model: %w", err)
		}
		l.out.ModelCalls++
		usage = usage.Add(reply.Usage)
		if len(reply.Calls) > maxCalls {
			rec.warn("too_many_calls")
			reply.Calls = reply.Calls[:maxCalls]
		}
		results, err := l.run(ctx, reply.Calls, &rec)
		if err != nil {
			return err
		}
		recordable(reply.Calls)
		messages = append(messages, Message{Reply: &reply, Results: results})
		finished = len(reply.Calls) == 0
	}
	rec.Messages = messages
	rec.finish(finished)
	for _, w := range rec.Warnings {
		l.out.Warnings[w]++
	}
	ended := l.Now()
	return l.Recorder.EndTurn(n, rec, rec.summary(snap.equity), timing{Turn: n, Started: started.UTC().Format(time.RFC3339Nano), Seconds: ended.Sub(started).Seconds(), ModelSeconds: modelTime.Seconds(), Usage: usage})
}

// recordable turns arguments that are not JSON into a JSON text, and none into
// an empty object, so that what a model really sent can be kept.
func recordable(calls []Call) {
	for i, c := range calls {
		if len(c.Arguments) == 0 {
			calls[i].Arguments = json.RawMessage("{}")
		} else if !json.Valid(c.Arguments) {
			text, err := json.Marshal(string(c.Arguments))
			if err != nil {
				text = []byte(`""`)
			}
			calls[i].Arguments = text
		}
	}
}

// run makes the calls of one reply, one at a time, in the listed order.
func (l *loop) run(ctx context.Context, calls []Call, rec *Turn) ([]Result, error) {
	results := make([]Result, 0, len(calls))
	for _, c := range calls {
		l.out.ToolCalls++
		if !json.Valid(c.Arguments) && len(c.Arguments) > 0 {
			results = append(results, Result{ID: c.ID, Name: c.Name, IsError: true, Text: "error INVALID_INPUT: the arguments are not valid JSON"})
			rec.warn("tool_error")
			continue
		}
		if isHidden(c.Name) {
			results = append(results, Result{ID: c.ID, Name: c.Name, IsError: true, Text: "error UNKNOWN_TOOL: the loop moves the clock; end your turn to let time pass"})
			rec.warn("tool_error")
			continue
		}
		r, err := l.client.call(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("calling %s: %w", c.Name, err)
		}
		if r.IsError {
			rec.warn("tool_error")
		}
		results = append(results, r.Result)
	}
	return results, nil
}
