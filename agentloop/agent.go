package agentloop

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Agent is one trader of a strategy: a model, a prompt, and when it has a turn.
type Agent struct {
	Name        string // in the record; unique among a run's agents
	Model       Model
	ModelName   string         // as the strategy names it
	Fingerprint string         // what else tells the model from others: its host, its settings, a script's source. Never a key
	Prompt      string         // the strategy's own, after the server's base prompt
	Params      map[string]any // for the model
	Every       Every
	Triggers    []Trigger
	// When, for those who write Go, is asked at each bar at which nothing else gives
	// a turn: a reason gives one. It sees what the agent would.
	When      func(Bar) (reason string)
	Tools     []string        // those it may use; empty = all
	Schema    json.RawMessage // of the structured result that ends each turn; empty = none
	MaxSteps  int             // replies in one turn; 0 = 25
	MaxOutput int             // tokens of one reply; 0 = the provider's default
	Timeout   time.Duration   // of one turn, host time; 0 = 10 minutes
	Budget    Budget
	Price     *Price // nil: not known, so costs are not known either
}

// Bar is where a run stands when code decides whether to ask an agent.
type Bar struct {
	AsOf   time.Time
	Since  time.Time // of the agent's last turn
	Equity float64
	Closes map[string]float64 // the newest known, by symbol
	Last   map[string]float64 // those of the agent's last turn
}

const (
	defaultSteps   = 25 // replies of one turn
	maxCalls       = 50 // calls of one reply
	defaultTimeout = 10 * time.Minute
	maxFailures    = 5 // turns in a row that a model fails before the run stops
)

var agentName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

func (a *Agent) check() error {
	switch {
	case !agentName.MatchString(a.Name):
		return fmt.Errorf("an agent cannot be named %q; use lower-case letters, digits, - and _, at most 40", a.Name)
	case a.Model == nil:
		return fmt.Errorf("agent %s has no model", a.Name)
	case a.Every == Every{} && len(a.Triggers) == 0 && a.When == nil:
		return fmt.Errorf("agent %s never has a turn: give it every, triggers or When", a.Name)
	case a.Budget.limitsMoney() && a.Price == nil:
		return fmt.Errorf("agent %s has a budget in USD and the price of %s is not known: add it to prices, or limit tokens instead", a.Name, a.ModelName)
	case a.Budget.limits() && a.MaxOutput <= 0:
		return fmt.Errorf("agent %s has a budget and no limit of output tokens, so no call can be paid in advance", a.Name)
	}
	return nil
}

// agentState is an agent in a run.
type agentState struct {
	Agent
	system string
	tools  []Tool
	traits map[string]trait                     // by tool, as the server says
	keys   struct{ system, tools, seen string } // digests; seen is of the tools as a model sees them

	toolBytes int  // length of the tools as JSON
	unknown   bool // one of them may have changed unseen

	last     time.Time // of the last turn; zero before the first
	lastText string    // the same as the server wrote it
	passed   int       // bars since
	closes   map[string]float64
	event    bool // a fill or a rejection since the last turn

	ordered   bool // its last turn changed orders
	disturbed bool // another agent did, at the same bar and after it

	spent    ledger
	failures int    // turns in a row
	answered string // the provider's own id of the model, as last seen
	warned   bool   // of the budget
	missed   bool   // a first miss was explained
}

func (l *loop) newAgent(a Agent, all []Tool, traits map[string]trait) (*agentState, error) {
	if a.MaxSteps == 0 {
		a.MaxSteps = defaultSteps
	}
	if a.Timeout == 0 {
		a.Timeout = defaultTimeout
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	s := &agentState{Agent: a, traits: traits, closes: map[string]float64{}}
	for _, name := range a.Tools {
		if !slices.ContainsFunc(all, func(t Tool) bool { return t.Name == name }) {
			return nil, fmt.Errorf("agent %s may use %q, and the server has no such tool", a.Name, name)
		}
	}
	for _, t := range all {
		if len(a.Tools) == 0 || slices.Contains(a.Tools, t.Name) {
			s.tools = append(s.tools, t)
			x := traits[t.Name]
			s.unknown = s.unknown || x.Identity == unknownIdentity && x.Kind == kindRead
			s.toolBytes += len(t.Name) + len(t.Description) + len(t.Input)
		}
	}
	if len(a.Schema) > 0 {
		if err := CheckSchema(a.Schema); err != nil {
			return nil, fmt.Errorf("agent %s: output_schema: %w", a.Name, err)
		}
	}
	return s, nil
}

// may reports whether the agent may call a tool. Pitwall's server takes a dotted
// spelling (account.positions) for the same name.
func (a *agentState) may(name string) bool {
	under := strings.ReplaceAll(name, ".", "_")
	return slices.ContainsFunc(a.tools, func(t Tool) bool { return t.Name == name || t.Name == under })
}

var errNoAgents = errors.New("a run needs an agent")

// checkAgents refuses what cannot run, before anything is spent.
func checkAgents(list []Agent) error {
	if len(list) == 0 {
		return errNoAgents
	}
	for i, a := range list {
		for _, b := range list[:i] {
			if a.Name == b.Name {
				return fmt.Errorf("two agents are named %q", a.Name)
			}
		}
	}
	return nil
}
