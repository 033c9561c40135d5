package agentloop

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// Decider makes the decision of a turn: one model that is asked until it stops, or
// a team. It asks models with [Brief.Ask] and calls tools with [Brief.Call], and
// nothing else: keys, record, cost, limits and replay stay with the loop. A decision
// depends on the brief and on what those two return, so a recorded turn can stand in
// for it. Decide returns after its last Ask and Call have.
type Decider interface {
	Decide(ctx context.Context, b *Brief) (Decision, error)
}

// Decision is the end of a turn.
type Decision struct {
	Text   string          // the record's result is its line RESULT:, else all of it
	Output json.RawMessage // of the record, in place of a structured result; nil = none
}

// Brief is what a turn is about, and the way to models and tools.
type Brief struct {
	Turn  int // counts from 1
	AsOf  string
	Agent string
	Why   string // the reason for the turn: first, every, fill, a move, a schedule
	Text  string // the user's message: turn, reason, snapshot
	// Shadow is a turn of an agent that sleeps: what it would decide. The server refuses
	// every change.
	Shadow bool
	Roles  []string // whom Ask and Call may name; one empty name for an agent without roles

	Held   map[string]Holding // by symbol, as the snapshot says
	Open   []OpenOrder        // as the snapshot says, exits included
	Closes map[string]float64 // the newest of each symbol that the snapshot shows

	run *turnRun
}

// Holding is a position: short below 0.
type Holding struct{ Qty, Percent pitwall.Dec } // Percent is of equity

// OpenOrder is an order that can still trade; Parent is the entry of an exit.
type OpenOrder struct {
	ID, Symbol, Parent string
	Side               pitwall.Side
}

// Warn adds a warning of the Decider itself to the record, after those of the roles.
// Its own calls decide the order: a Decider that asks roles at the same time warns
// after they have answered.
func (b *Brief) Warn(kind, detail string) {
	b.run.mu.Lock()
	defer b.run.mu.Unlock()
	b.run.notes = append(b.run.notes, Warning{kind, detail})
}

// Ask appends text, if any, to the conversation of a role and returns the next reply
// of its model, from the replay cache or asked now. It fails after MaxSteps replies
// of the role, or when a budget does not cover the call. Different roles may be asked
// at the same time; with usd_per_turn that makes its end a matter of luck.
func (b *Brief) Ask(ctx context.Context, role, text string) (Reply, error) {
	c, err := b.run.open(role)
	if err != nil {
		return Reply{}, err
	}
	defer b.run.release(c)
	return b.run.ask(ctx, c, text)
}

// Call calls a tool for a role. A call of the role's last reply is answered in that
// place; any other one counts as the Decider's own and is recorded as a reply without
// text. Calls of the last reply that were not made by the next Ask are refused. A
// tool's own failure is a Result with IsError. Only one role at a time may make calls
// that change the world: they are repeated in the order in which they were made.
func (b *Brief) Call(ctx context.Context, role string, call Call) (Result, error) {
	c, err := b.run.open(role)
	if err != nil {
		return Result{}, err
	}
	defer b.run.release(c)
	return b.run.call(ctx, c, call)
}

// Converse asks a role and makes the calls of its replies, one at a time in the
// listed order, until a reply has none, which it returns.
func (b *Brief) Converse(ctx context.Context, role, text string) (Reply, error) {
	for {
		reply, err := b.Ask(ctx, role, text)
		if err != nil || len(reply.Calls) == 0 && reply.Stop != StopPaused {
			return reply, err
		}
		for _, c := range reply.Calls {
			if _, err := b.Call(ctx, role, c); err != nil {
				return reply, err
			}
		}
		text = ""
	}
}

// oneModel is the Decider of an agent that has no other.
type oneModel struct{}

// Decide implements [Decider].
func (oneModel) Decide(ctx context.Context, b *Brief) (Decision, error) {
	reply, err := b.Converse(ctx, "", b.Text)
	return Decision{Text: reply.Text}, err
}

// Role is one of those that a [Decider] asks. Without a Model it has the agent's, with
// all that belongs to it; MaxOutput is the agent's where it is left out.
type Role struct {
	Name        string // in the record; unique in its agent
	Model       Model
	ModelName   string
	Fingerprint string
	Params      map[string]any
	Price       *Price
	Prompt      string   // after the agent's
	Tools       []string // nil = the agent's, empty = none
	MaxOutput   int
	// Acts are tools that the Decider may call for the role and its model may not.
	Acts []string
	// ReadOnly makes the server refuse every change that the role asks for, but for Acts.
	// Tools then lists none that changes the world.
	ReadOnly bool
	// USDPerTurn limits what the role may cost in a turn, recorded replies included: a
	// call that does not fit is refused and the turn goes on. 0 = no limit.
	USDPerTurn pitwall.Dec
}

// role is a Role in a run. An agent without roles is one without a name.
type role struct {
	Role
	system    string
	tools     []Tool
	keys      struct{ system, tools, seen string } // digests; seen is of the tools as a model sees them
	toolBytes int                                  // length of the tools as JSON
	answered  string                               // the provider's own id of the model, as last seen
}

// prepare completes a role with the agent's parts and checks what it may cost.
func (a *Agent) prepare(r Role) (Role, error) {
	if r.Model == nil {
		r.Model, r.ModelName, r.Fingerprint, r.Params, r.Price = a.Model, a.ModelName, a.Fingerprint, a.Params, a.Price
	}
	if r.MaxOutput == 0 {
		r.MaxOutput = a.MaxOutput
	}
	if r.Tools == nil && len(a.Tools) > 0 {
		r.Tools = a.Tools
	}
	switch {
	case r.Model == nil:
	case (a.Budget.limitsMoney() || r.USDPerTurn > 0) && r.Price == nil:
		return r, fmt.Errorf("agent %s has a budget in USD and the price of %s is not known: add it to prices, or limit tokens instead", a.Name, r.ModelName)
	case (a.Budget.limits() || r.USDPerTurn > 0) && r.MaxOutput <= 0:
		return r, fmt.Errorf("agent %s has a budget and no limit of output tokens, so no call can be paid in advance", a.Name)
	}
	return r, nil
}

// newRole gives a role its tools. Its prompt is read later, from the server.
func (a *Agent) newRole(r Role, all []Tool, traits map[string]trait) (*role, error) {
	r, err := a.prepare(r)
	if err != nil {
		return nil, err
	}
	out := &role{Role: r}
	for _, name := range slices.Concat(r.Tools, r.Acts) {
		if !slices.ContainsFunc(all, func(t Tool) bool { return t.Name == name }) {
			return nil, fmt.Errorf("agent %s may use %q, and the server has no such tool", a.Name, name)
		}
		if len(a.Tools) > 0 && !slices.Contains(a.Tools, name) {
			return nil, fmt.Errorf("role %s may use %q, and its agent %s may not", r.Name, name, a.Name)
		}
	}
	for _, name := range r.Tools {
		if r.ReadOnly && traits[name].Kind == kindChange {
			return nil, fmt.Errorf("role %s may use %q, which changes the world, and the role may only read: remove it from its tools", r.Name, name)
		}
	}
	for _, t := range all {
		if r.Tools == nil || slices.Contains(r.Tools, t.Name) {
			out.tools = append(out.tools, t)
			out.toolBytes += len(t.Name) + len(t.Description) + len(t.Input)
		}
	}
	if out.keys.tools, err = digestTools(out.tools, traits); err != nil {
		return nil, err
	}
	out.keys.seen, err = digestTools(out.tools, nil)
	return out, err
}

// may reports whether the role may call a tool. Pitwall's server takes a dotted
// spelling (account.positions) for the same name.
func (r *role) may(name string) bool {
	under := strings.ReplaceAll(name, ".", "_")
	return slices.ContainsFunc(r.tools, func(t Tool) bool { return t.Name == name || t.Name == under })
}

func (r *role) toolNames() (names []string) {
	for _, t := range r.tools {
		names = append(names, t.Name)
	}
	return names
}
