package driver

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/scripts"
	"pitwall/tools"
)

// This file is a strategy's agents: who decides, when, with what, at which price.

// Agent is one agent of a strategy: `agent:` alone, or one of `agents:`.
type Agent struct {
	Name      string         `yaml:"name"`
	Model     ModelChoice    `yaml:"model"`
	BaseURL   string         `yaml:"base_url"`
	Prompt    string         `yaml:"prompt"`
	Params    map[string]any `yaml:"params"`
	Every     string         `yaml:"every"` // instead of the strategy's
	Triggers  []Trigger      `yaml:"triggers"`
	Tools     []string       `yaml:"tools"` // those it may use; none = all
	MaxSteps  int            `yaml:"max_steps"`
	MaxTokens int            `yaml:"max_tokens"` // of one reply
	Timeout   time.Duration  `yaml:"timeout"`    // of one turn
	Schema    map[string]any `yaml:"output_schema"`
	Budget    *Budget        `yaml:"budget"`
	Cutoff    string         `yaml:"cutoff"` // the last day that the model's training knows

	rule *scripts.Rule // decides in place of a model
	seat *deskRole     // the role of a desk that it is
}

// ModelChoice is the name of a model, or a program that answers for one.
type ModelChoice struct {
	Name    string   `yaml:"-"`
	Command []string `yaml:"command"` // with its arguments; {prompt} stands for the prompt, which else comes on standard input
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (m *ModelChoice) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&m.Name)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(keys(ModelChoice{}), k.Value) {
			return fmt.Errorf("line %d: field %s not found in type ModelChoice", k.Line, k.Value)
		}
	}
	type plain ModelChoice
	return n.Decode((*plain)(m))
}

// isSet reports whether a model was chosen at all.
func (m ModelChoice) isSet() bool { return m.Name != "" || len(m.Command) > 0 }

// Budget limits new spending; what was recorded costs nothing.
type Budget struct {
	USD        pitwall.Dec `yaml:"usd"`
	USDPerTurn pitwall.Dec `yaml:"usd_per_turn"`
	Tokens     int         `yaml:"tokens"`
}

// Price is USD per million tokens.
type Price struct {
	In         *pitwall.Dec `yaml:"in"`
	Out        *pitwall.Dec `yaml:"out"`
	CacheRead  *pitwall.Dec `yaml:"cache_read"`
	CacheWrite *pitwall.Dec `yaml:"cache_write"`
}

// Trigger is the word fill, or a mapping with one of the others.
type Trigger struct {
	Fill   bool    `yaml:"fill"`
	Move   float64 `yaml:"move"`
	Symbol string  `yaml:"symbol"`
	At     string  `yaml:"at"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *Trigger) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if t.Fill = n.Value == "fill"; t.Fill {
			return nil
		}
		return fmt.Errorf("line %d: a trigger is %q; write fill, {move: 3, symbol: TQQQ} (percent) or {at: \"15:30\"} (a time or a day)", n.Line, n.Value)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(keys(Trigger{}), k.Value) {
			return fmt.Errorf("line %d: field %s not found in type Trigger", k.Line, k.Value)
		}
	}
	type plain Trigger
	return n.Decode((*plain)(t))
}

// defaultMaxTokens bounds a reply, so that a budget can be held before it is spent.
const defaultMaxTokens = 8192

// mainAgent is the name of a strategy's only agent.
const mainAgent = "main"

// Team returns those of the strategy that have a model: `agents:`, the roles of a desk,
// or `agent:` alone under the name main.
func (s *Strategy) Team() []Agent {
	if len(s.Pods) > 0 {
		var team []Agent
		for _, p := range s.active() {
			if p.own != nil { // Check reports why it is not there
				team = append(team, p.own.Team()...)
			}
		}
		return team
	}
	if s.Desk != nil {
		return s.deskAgents()
	}
	if len(s.Agents) > 0 {
		team := make([]Agent, 0, len(s.Agents))
		for _, a := range s.Agents {
			team = append(team, s.withParams(a))
		}
		return team
	}
	one := s.main()
	if r := s.rule(); r != nil {
		one = ruleAgent(one, r)
	}
	return []Agent{one}
}

// main returns `agent:` with its name.
func (s *Strategy) main() Agent {
	one := s.withParams(s.Agent)
	if one.Name == "" {
		one.Name = mainAgent
	}
	return one
}

// policy returns the prompt of a strategy's only agent. Several agents have each
// their own, and none may read another's.
func (s *Strategy) policy() string {
	if len(s.Agents) > 0 {
		return ""
	}
	return s.fill(s.Agent.Prompt)
}

// UseModel gives every agent another model, without the params of the old one; it
// decides in place of a rule too.
func (s *Strategy) UseModel(name string) {
	for _, p := range s.active() {
		if p.own != nil {
			p.own.UseModel(name)
		}
	}
	if len(s.Pods) > 0 {
		return
	}
	if name != ruleModel {
		s.Rule, s.Band = nil, nil
	}
	if s.Desk != nil {
		s.useDeskModel(name)
	}
	params := map[string]any{}
	for k, v := range s.Params {
		if s.uses(k) {
			params[k] = v
		}
	}
	s.Params = params
	for i := range s.Agents {
		if s.Agents[i].Model.Name != name {
			s.Agents[i].Model, s.Agents[i].Params = ModelChoice{Name: name}, nil
		}
	}
	if len(s.Agents) == 0 && s.Agent.Model.Name != name {
		s.Agent.Model, s.Agent.Params = ModelChoice{Name: name}, nil
	}
}

var (
	agentName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)
	clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// checkAgents validates what needs neither data nor a key.
func (s *Strategy) checkAgents() error {
	if a := s.Agent; len(s.Agents) > 0 && (a.Model.isSet() || a.Prompt != "" || a.Params != nil || a.Name != "" || a.Every != "") {
		return s.bad("agent and agents are both given").Hintf("move agent into the list agents")
	}
	seen, list := map[string]bool{}, s.Team()
	if len(s.Pods) > 0 { // each checks its own
		list = nil
	}
	if s.Desk != nil {
		list = append(list, s.main())
	}
	for i, a := range list {
		switch {
		case !agentName.MatchString(a.Name):
			return s.bad("agent %d is named %q", i+1, a.Name).Hintf("use lower-case letters, digits, - and _, at most 40")
		case seen[a.Name]:
			return s.bad("two agents are named %s", a.Name)
		case a.MaxSteps < 0 || a.MaxSteps > 1000:
			return s.bad("max_steps is %d", a.MaxSteps).Hintf("use 1 to 1000")
		case a.MaxTokens < 0:
			return s.bad("max_tokens is %d", a.MaxTokens).Hintf("use a number above 0, or leave it out for %d", defaultMaxTokens)
		case a.Timeout < 0:
			return s.bad("timeout is %v", a.Timeout).Hintf("write 5m")
		case a.Budget != nil && (a.Budget.USD < 0 || a.Budget.USDPerTurn < 0 || a.Budget.Tokens < 0 || *a.Budget == Budget{}):
			return s.bad("budget of %s limits nothing", a.Name).Hintf("give usd, usd_per_turn or tokens above 0, or leave budget out")
		}
		seen[a.Name] = true
		if _, err := a.every(s.Every); err != nil {
			return s.bad("%v", err)
		}
		if _, err := a.triggers(); err != nil {
			return s.bad("agent %s: %v", a.Name, err)
		}
		if a.Schema != nil {
			if kind, _ := a.Schema["type"].(string); kind != "object" {
				return s.bad("agent %s: output_schema is of type %q", a.Name, kind).Hintf("a result is an object: type: object, with properties")
			}
			schema, err := a.schema()
			if err == nil {
				err = agentloop.CheckSchema(schema)
			}
			if err != nil {
				return s.bad("agent %s: output_schema is no JSON schema: %v", a.Name, err)
			}
		}
		if _, err := time.Parse(time.DateOnly, a.Cutoff); a.Cutoff != "" && err != nil {
			return s.bad("cutoff of %s is %q", a.Name, a.Cutoff).Hintf("write 2025-06-01")
		}
	}
	for name, p := range s.Prices {
		if p.In == nil || p.Out == nil || *p.In < 0 || *p.Out < 0 {
			return s.bad("prices of %s need in and out, in USD per million tokens", name)
		}
	}
	return nil
}

// every is when the agent has a turn. With triggers and nothing else said, it has
// one at the first bar and then when a trigger fires.
func (a *Agent) every(common string) (agentloop.Every, error) {
	if a.Every != "" {
		return agentloop.ParseEvery(a.Every)
	}
	if common == "" && len(a.Triggers) > 0 {
		return agentloop.Every{}, nil
	}
	return agentloop.ParseEvery(common)
}

func (a *Agent) triggers() (list []agentloop.Trigger, err error) {
	for _, t := range a.Triggers {
		out := agentloop.Trigger{Fill: t.Fill, Move: t.Move, Symbol: t.Symbol}
		switch {
		case t.At != "" && clockTime.MatchString(t.At):
			out.At = t.At
		case t.At != "":
			if out.On, err = time.Parse(time.DateOnly, t.At); err != nil {
				return nil, fmt.Errorf("a trigger's at is %q; write a time like \"15:30\" or a day like 2024-03-20", t.At)
			}
		}
		n := 0
		for _, given := range []bool{t.Fill, t.Move != 0, t.At != ""} {
			if given {
				n++
			}
		}
		if n != 1 || t.Move < 0 || t.Symbol != "" && t.Move == 0 {
			return nil, fmt.Errorf("a trigger says %+v; give exactly one of fill, move (percent above 0, with symbol if only one counts) and at", t)
		}
		list = append(list, out)
	}
	return list, nil
}

// schema returns the output schema as JSON, nil without one.
func (a *Agent) schema() (json.RawMessage, error) {
	if a.Schema == nil {
		return nil, nil
	}
	return json.Marshal(a.Schema)
}

// Deciders makes the strategy's agents ready to run: models holds one for each of
// [Strategy.Team], prices what models cost where the strategy states no price.
func (s *Strategy) Deciders(models []Model, prices map[string]agentloop.Price) ([]agentloop.Agent, error) {
	if len(s.Pods) > 0 {
		return s.podDeciders(models, prices)
	}
	if s.Desk != nil {
		one, err := s.decider(models, prices)
		return []agentloop.Agent{one}, err
	}
	var list []agentloop.Agent
	for i, x := range s.Team() {
		y, err := s.common(x)
		if err != nil {
			return nil, err
		}
		m := models[i]
		y.Model, y.ModelName, y.Fingerprint, y.Params, y.Price = m.Model, m.Name, m.Fingerprint, sentParams(x.Params, m), s.priceOf(m, prices)
		if y.Budget.USD+y.Budget.USDPerTurn > 0 && y.Price == nil {
			return nil, noPrice("agent "+x.Name, m.Name)
		}
		list = append(list, y)
	}
	return list, nil
}

// common returns what an agent's own settings say, without its model.
func (s *Strategy) common(x Agent) (y agentloop.Agent, err error) {
	y = agentloop.Agent{Name: x.Name, Prompt: x.Prompt, Tools: x.Tools, MaxSteps: x.MaxSteps, MaxOutput: x.MaxTokens, Timeout: x.Timeout, Gate: s.gate()}
	if y.MaxOutput == 0 {
		y.MaxOutput = defaultMaxTokens
	}
	if b := x.Budget; b != nil {
		y.Budget = agentloop.Budget{USD: b.USD, USDPerTurn: b.USDPerTurn, Tokens: b.Tokens}
	}
	if y.Every, err = x.every(s.Every); err != nil {
		return y, err
	}
	if y.Triggers, err = x.triggers(); err != nil {
		return y, err
	}
	y.Schema, err = x.schema()
	return y, err
}

// CheckTools refuses external tools that do not fit Pitwall's own, and agents that
// may use a tool which is not there.
func (s *Strategy) CheckTools(external []tools.External) error {
	set, err := tools.NewWith(slog.New(slog.DiscardHandler), nil, external)
	if err != nil {
		return err
	}
	if s.Memory != nil {
		set.AddMemory()
	}
	var names []string
	for _, t := range set.Tools() {
		if !agentloop.Hidden(t.Name) {
			names = append(names, t.Name)
		}
	}
	for _, a := range s.Team() {
		for _, name := range a.Tools {
			if !slices.Contains(names, name) {
				return s.bad("agent %s may use %q, and there is no such tool", a.Name, name).
					Hintf("did you mean %q? there is %s", pitwall.Nearest(name, names), strings.Join(names, ", "))
			}
		}
	}
	return nil
}

// inside is the share of the days from..to that a model's training may know, and
// whether that is known at all.
func (a *Agent) inside(from, to time.Time) (float64, bool) {
	cutoff, err := time.Parse(time.DateOnly, a.Cutoff)
	if err != nil || !from.Before(to) {
		return 0, false
	}
	known := cutoff.AddDate(0, 0, 1).Sub(from)
	return min(1, max(0, float64(known)/float64(to.Sub(from)))), true
}
