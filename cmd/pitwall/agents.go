package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/tools"
)

// This file is a strategy's agents: who decides, when, with what, at which price.

// agent is one agent of a strategy: `agent:` alone, or one of `agents:`.
type agent struct {
	Name      string         `yaml:"name"`
	Model     string         `yaml:"model"`
	BaseURL   string         `yaml:"base_url"`
	Prompt    string         `yaml:"prompt"`
	Params    map[string]any `yaml:"params"`
	Every     string         `yaml:"every"` // instead of the strategy's
	Triggers  []trigger      `yaml:"triggers"`
	Tools     []string       `yaml:"tools"` // those it may use; none = all
	MaxSteps  int            `yaml:"max_steps"`
	MaxTokens int            `yaml:"max_tokens"` // of one reply
	Timeout   time.Duration  `yaml:"timeout"`    // of one turn
	Schema    yaml.Node      `yaml:"output_schema"`
	Budget    *budget        `yaml:"budget"`
	Cutoff    string         `yaml:"cutoff"` // the last day that the model's training knows
}

// budget limits new spending; what was recorded costs nothing.
type budget struct {
	USD        pitwall.Dec `yaml:"usd"`
	USDPerTurn pitwall.Dec `yaml:"usd_per_turn"`
	Tokens     int         `yaml:"tokens"`
}

// price is USD per million tokens.
type price struct {
	In         *pitwall.Dec `yaml:"in"`
	Out        *pitwall.Dec `yaml:"out"`
	CacheRead  *pitwall.Dec `yaml:"cache_read"`
	CacheWrite *pitwall.Dec `yaml:"cache_write"`
}

// trigger is the word fill, or a mapping with one of the others.
type trigger struct {
	Fill   bool    `yaml:"fill"`
	Move   float64 `yaml:"move"`
	Symbol string  `yaml:"symbol"`
	At     string  `yaml:"at"`
}

func (t *trigger) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if t.Fill = n.Value == "fill"; t.Fill {
			return nil
		}
		return fmt.Errorf("line %d: a trigger is %q; write fill, {move: 3, symbol: TQQQ} (percent) or {at: \"15:30\"} (a time or a day)", n.Line, n.Value)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(keys(trigger{}), k.Value) {
			return fmt.Errorf("line %d: field %s not found in type trigger", k.Line, k.Value)
		}
	}
	type plain trigger
	return n.Decode((*plain)(t))
}

// defaultMaxTokens bounds a reply, so that a budget can be held before it is spent.
const defaultMaxTokens = 8192

// mainAgent is the name of a strategy's only agent.
const mainAgent = "main"

// team are the strategy's agents: `agents:`, or `agent:` alone under the name main.
func (s *strategy) team() []agent {
	if len(s.Agents) > 0 {
		return s.Agents
	}
	one := s.Agent
	if one.Name == "" {
		one.Name = mainAgent
	}
	return []agent{one}
}

// policy is the prompt of a strategy's only agent: several have each their own, and
// none may read another's.
func (s *strategy) policy() string {
	if len(s.Agents) > 0 {
		return ""
	}
	return s.Agent.Prompt
}

// useModel gives every agent another model. Params are the old one's.
func (s *strategy) useModel(name string) {
	for i := range s.Agents {
		if s.Agents[i].Model != name {
			s.Agents[i].Model, s.Agents[i].Params = name, nil
		}
	}
	if len(s.Agents) == 0 && s.Agent.Model != name {
		s.Agent.Model, s.Agent.Params = name, nil
	}
}

var (
	agentName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)
	clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// checkAgents validates what needs neither data nor a key.
func (s *strategy) checkAgents() error {
	bad := func(format string, args ...any) *pitwall.Error {
		return pitwall.Errorf(pitwall.StrategyError, s.show+": "+format, args...)
	}
	if a := s.Agent; len(s.Agents) > 0 && (a.Model != "" || a.Prompt != "" || a.Params != nil || a.Name != "" || a.Every != "") {
		return bad("agent and agents are both given").Hintf("move agent into the list agents")
	}
	seen := map[string]bool{}
	for i, a := range s.team() {
		switch {
		case !agentName.MatchString(a.Name):
			return bad("agent %d is named %q", i+1, a.Name).Hintf("use lower-case letters, digits, - and _, at most 40")
		case seen[a.Name]:
			return bad("two agents are named %s", a.Name)
		case a.MaxSteps < 0 || a.MaxSteps > 1000:
			return bad("max_steps is %d", a.MaxSteps).Hintf("use 1 to 1000")
		case a.MaxTokens < 0:
			return bad("max_tokens is %d", a.MaxTokens).Hintf("use a number above 0, or leave it out for %d", defaultMaxTokens)
		case a.Timeout < 0:
			return bad("timeout is %v", a.Timeout).Hintf("write 5m")
		case a.Budget != nil && (a.Budget.USD < 0 || a.Budget.USDPerTurn < 0 || a.Budget.Tokens < 0 || *a.Budget == budget{}):
			return bad("budget of %s limits nothing", a.Name).Hintf("give usd, usd_per_turn or tokens above 0, or leave budget out")
		}
		seen[a.Name] = true
		if _, err := a.every(s.Every); err != nil {
			return bad("%v", err)
		}
		if _, err := a.triggers(); err != nil {
			return bad("agent %s: %v", a.Name, err)
		}
		if schema, err := a.schema(); err != nil {
			return bad("agent %s: output_schema: %v", a.Name, err)
		} else if len(schema) > 0 {
			if kind, ok := a.schemaType(); !ok {
				return bad("agent %s: output_schema is of type %q", a.Name, kind).Hintf("a result is an object: type: object, with properties")
			}
			if err := agentloop.CheckSchema(schema); err != nil {
				return bad("agent %s: output_schema is no JSON schema: %v", a.Name, err)
			}
		}
		if _, err := time.Parse(time.DateOnly, a.Cutoff); a.Cutoff != "" && err != nil {
			return bad("cutoff of %s is %q", a.Name, a.Cutoff).Hintf("write 2025-06-01")
		}
	}
	for name, p := range s.Prices {
		if p.In == nil || p.Out == nil || *p.In < 0 || *p.Out < 0 {
			return bad("prices of %s need in and out, in USD per million tokens", name)
		}
	}
	return nil
}

// idleTriggers says which triggers can never fire in this run. They are no error:
// another run of the same file may have other symbols and days.
func (s *strategy) idleTriggers(agents []agentloop.Agent) (notes []string) {
	for _, a := range agents {
		for _, t := range a.Triggers {
			day := t.On.Format(time.DateOnly)
			switch {
			case t.Symbol != "" && !slices.Contains(s.Symbols, t.Symbol) && t.Symbol != s.Benchmark:
				notes = append(notes, fmt.Sprintf("a trigger of agent %s moves with %s, which is not among symbols and benchmark: it never fires", a.Name, t.Symbol))
			case !t.On.IsZero() && (s.From != "" && day < s.From || s.To != "" && day > s.To):
				notes = append(notes, fmt.Sprintf("a trigger of agent %s is at %s, outside of the run: it never fires", a.Name, day))
			}
		}
	}
	return notes
}

// every is when the agent has a turn. With triggers and nothing else said, it has
// one at the first bar and then when a trigger fires.
func (a *agent) every(common string) (agentloop.Every, error) {
	if a.Every != "" {
		return agentloop.ParseEvery(a.Every)
	}
	if common == "" && len(a.Triggers) > 0 {
		return agentloop.Every{}, nil
	}
	return agentloop.ParseEvery(common)
}

func (a *agent) triggers() (list []agentloop.Trigger, err error) {
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

// schema is the output schema as JSON.
func (a *agent) schema() (json.RawMessage, error) {
	if a.Schema.Kind == 0 {
		return nil, nil
	}
	var v map[string]any
	if err := a.Schema.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// schemaType is the type that the output schema asks for, and whether it is object.
func (a *agent) schemaType() (string, bool) {
	var v struct {
		Type string `yaml:"type"`
	}
	err := a.Schema.Decode(&v)
	return v.Type, err == nil && v.Type == "object"
}

// prices are those of the strategy over those of the environment.
func (s *strategy) prices(cfg settings) (map[string]agentloop.Price, error) {
	table, err := parsePrices(cfg.Prices)
	if err != nil {
		return nil, err
	}
	for name, p := range s.Prices {
		table[name] = agentloop.Price{In: *p.In, Out: *p.Out, CacheRead: p.CacheRead, CacheWrite: p.CacheWrite}
	}
	return table, nil
}

// parsePrices reads PITWALL_PRICES: model=in/out[/cache_read[/cache_write]], in USD
// per million tokens, comma separated.
func parsePrices(text string) (map[string]agentloop.Price, error) {
	table := map[string]agentloop.Price{}
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, figures, ok := strings.Cut(item, "=")
		parts := strings.Split(figures, "/")
		list := make([]pitwall.Dec, len(parts))
		for i, f := range parts {
			d, err := pitwall.ParseDec(f)
			ok = ok && err == nil && d >= 0
			list[i] = d
		}
		if !ok || len(parts) < 2 || len(parts) > 4 {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "PITWALL_PRICES holds %q", item).Hintf("write openai/gpt-5-mini=0.25/2.00, in and out in USD per million tokens")
		}
		p := agentloop.Price{In: list[0], Out: list[1]}
		if len(list) > 2 {
			p.CacheRead = &list[2]
		}
		if len(list) > 3 {
			p.CacheWrite = &list[3]
		}
		table[name] = p
	}
	return table, nil
}

// agents makes the strategy's agents ready to run.
func (a *app) agents(s *strategy, cfg settings, strict bool) ([]agentloop.Agent, error) {
	table, err := s.prices(cfg)
	if err != nil {
		return nil, err
	}
	var list []agentloop.Agent
	for _, x := range s.team() {
		m, err := a.model(x, cfg, strict)
		if err != nil {
			return nil, err
		}
		y := agentloop.Agent{Name: x.Name, Model: m.model, ModelName: m.name, Fingerprint: m.fingerprint, Prompt: x.Prompt, Params: x.Params, Tools: x.Tools,
			MaxSteps: x.MaxSteps, MaxOutput: x.MaxTokens, Timeout: x.Timeout}
		if y.MaxOutput == 0 {
			y.MaxOutput = defaultMaxTokens
		}
		if p, ok := table[m.name]; ok {
			y.Price = &p
		} else if m.free {
			y.Price = &agentloop.Price{}
		}
		if b := x.Budget; b != nil {
			y.Budget = agentloop.Budget{USD: b.USD, USDPerTurn: b.USDPerTurn, Tokens: b.Tokens}
		}
		if y.Budget.USD+y.Budget.USDPerTurn > 0 && y.Price == nil {
			return nil, pitwall.Errorf(pitwall.StrategyError, "agent %s has a budget in USD and the price of %s is not known", x.Name, m.name).
				Hintf("add prices: {%s: {in: 0.25, out: 2.00}} in USD per million tokens, or limit tokens instead", m.name)
		}
		// Checked when the strategy was read.
		if y.Every, err = x.every(s.Every); err != nil {
			return nil, err
		}
		if y.Triggers, err = x.triggers(); err != nil {
			return nil, err
		}
		if y.Schema, err = x.schema(); err != nil {
			return nil, err
		}
		list = append(list, y)
	}
	return list, nil
}

// checkTools refuses agents that may use what is not there.
func (s *strategy) checkTools(set *tools.Set) error {
	var names []string
	for _, t := range set.Tools() {
		if !agentloop.Hidden(t.Name) {
			names = append(names, t.Name)
		}
	}
	for _, a := range s.team() {
		for _, name := range a.Tools {
			if !slices.Contains(names, name) {
				return pitwall.Errorf(pitwall.StrategyError, "%s: agent %s may use %q, and there is no such tool", s.show, a.Name, name).
					Hintf("did you mean %q? there is %s", pitwall.Nearest(name, names), strings.Join(names, ", "))
			}
		}
	}
	return nil
}

// inside is the share of the days from..to that a model's training may know, and
// whether that is known at all.
func (a *agent) inside(from, to time.Time) (float64, bool) {
	cutoff, err := time.Parse(time.DateOnly, a.Cutoff)
	if err != nil || !from.Before(to) {
		return 0, false
	}
	known := cutoff.AddDate(0, 0, 1).Sub(from)
	return min(1, max(0, float64(known)/float64(to.Sub(from)))), true
}
