package agentloop

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Agent is one trader of a strategy: who decides, with what, and when it has a turn.
type Agent struct {
	Name        string         // in the record; unique among a run's agents
	Model       Model          // decides, unless there is a Decider
	ModelName   string         // as the strategy names it
	Fingerprint string         // what else tells the model from others: its host, its settings, a script's source. Never a key
	Prompt      string         // the strategy's own, after the server's base prompt
	Params      map[string]any // for the model
	// Decider decides instead of Model alone. DeciderName, with its version, tells it
	// from others: a recorded turn is its own. Roles are those that it may ask.
	Decider     Decider
	DeciderName string
	Roles       []Role
	Every       Every
	Triggers    []Trigger
	// When, for those who write Go, is asked at each bar at which nothing else gives
	// a turn: a reason gives one. It sees what the agent would.
	When      func(Bar) (reason string)
	Wake      *Wake           // whether it has those turns that Every gives; nil = each
	Gate      *Gate           // the regimes in which it decides; nil = all
	Tools     []string        // those it may use; empty = all
	Schema    json.RawMessage // of the structured result that ends each turn; empty = none. Roles are asked for it by their own prompts
	MaxSteps  int             // replies in one turn, of each role; 0 = 25
	MaxOutput int             // tokens of one reply; 0 = the provider's default
	Timeout   time.Duration   // of one turn, host time; 0 = 10 minutes
	Budget    Budget
	Price     *Price // nil: not known, so costs are not known either
	// Session is of the world that the agent trades in, where that is not the run's own:
	// one with the same clock and an account of its own. nil = the run's.
	Session *mcp.ClientSession
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
	case a.Decider == nil && a.Model == nil:
		return fmt.Errorf("agent %s has no model", a.Name)
	case a.Decider == nil && len(a.Roles) > 0:
		return fmt.Errorf("agent %s has roles and no Decider to ask them", a.Name)
	case a.Decider != nil && a.DeciderName == "":
		return fmt.Errorf("agent %s has a Decider without a name: its recorded turns could not be told from another's", a.Name)
	case a.Every == Every{} && len(a.Triggers) == 0 && a.When == nil:
		return fmt.Errorf("agent %s never has a turn: give it every, triggers or When", a.Name)
	}
	for i, r := range a.Roles {
		if !agentName.MatchString(r.Name) {
			return fmt.Errorf("a role of agent %s cannot be named %q; use lower-case letters, digits, - and _, at most 40", a.Name, r.Name)
		}
		if slices.ContainsFunc(a.Roles[:i], func(x Role) bool { return x.Name == r.Name }) {
			return fmt.Errorf("two roles of agent %s are named %q", a.Name, r.Name)
		}
	}
	return nil
}

// agentState is an agent in a run.
type agentState struct {
	Agent
	world   *world
	self    *role            // what its roles have in common, with all of its tools
	roles   []*role          // self alone without Roles
	traits  map[string]trait // by tool, as the server says
	unknown bool             // one of the tools may have changed unseen

	last     time.Time // of the last turn; zero before the first
	lastText string    // the same as the server wrote it
	passed   int       // bars since
	closes   map[string]float64
	event    bool // a fill or a rejection since the last turn

	looked   time.Time // whether to wake
	unlooked int       // bars since
	loaded   []string  // symbols of the table that Wake reads

	ordered   bool // its last turn changed orders
	disturbed bool // another agent did, at the same bar and after it

	spent    ledger
	failures int  // turns in a row
	warned   bool // of the budget
	missed   bool // a first miss was explained
}

func newAgent(a Agent, all []Tool, traits map[string]trait) (*agentState, error) {
	if a.MaxSteps == 0 {
		a.MaxSteps = defaultSteps
	}
	if a.Timeout == 0 {
		a.Timeout = defaultTimeout
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	if a.Decider == nil {
		a.Decider = oneModel{}
	}
	s := &agentState{Agent: a, traits: traits, closes: map[string]float64{}}
	var err error
	if s.self, err = a.newRole(Role{}, all, traits); err != nil {
		return nil, err
	}
	for _, r := range a.Roles {
		x, err := a.newRole(r, all, traits)
		if err != nil {
			return nil, err
		}
		s.roles = append(s.roles, x)
	}
	if len(a.Roles) == 0 {
		s.roles = []*role{s.self}
	}
	for _, t := range s.self.tools {
		x := traits[t.Name]
		s.unknown = s.unknown || x.Identity == unknownIdentity && x.Kind == kindRead
	}
	if len(a.Schema) > 0 {
		if err := CheckSchema(a.Schema); err != nil {
			return nil, fmt.Errorf("agent %s: output_schema: %w", a.Name, err)
		}
	}
	return s, nil
}

// resume takes over where an earlier process stopped.
func (a *agentState) resume(p Past) (err error) {
	a.spent.usd, a.spent.tokens = p.USD, p.Tokens
	if p.AsOf == "" {
		return nil
	}
	a.lastText, a.passed = p.AsOf, p.Bars
	if a.last, err = time.Parse(time.RFC3339, p.AsOf); err != nil {
		return fmt.Errorf("the last turn of agent %s: %w", a.Name, err)
	}
	a.looked, a.unlooked = a.last, a.passed
	return nil
}

// read completes the prompts of the agent and its roles. base puts a strategy's own
// prompt behind the server's. White space at its ends says nothing and is left out.
func (a *agentState) read(base func(prompt string) (string, error)) (err error) {
	for _, r := range append([]*role{a.self}, a.roles...) {
		prompt := a.Prompt
		if r != a.self {
			prompt += "\n\n" + r.Prompt
		}
		if r.system, err = base(strings.TrimSpace(prompt)); err != nil {
			return err
		}
		if r == a.self {
			r.system += schemaPrompt(a.Schema)
		}
		r.keys.system = sum([]byte(r.system))
	}
	return nil
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
