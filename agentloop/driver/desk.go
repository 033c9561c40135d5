package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/agentloop/roles"
)

// This file is a strategy's `desk:`: a team in place of one model.

// Desk is who sits at a desk. `agent:` says what they have in common.
type Desk struct {
	Template   string                 `yaml:"template"` // bundled/NAME: what the other keys change
	Analysts   []Seat                 `yaml:"analysts"`
	Pattern    string                 `yaml:"pattern"` // how analysts hear of each other; empty = parallel
	Debate     *Debate                `yaml:"debate"`
	Trader     *Seat                  `yaml:"trader"`
	Strategies []MenuItem             `yaml:"strategies"` // those that the trader chooses from; none = its own
	Portfolio  *Portfolio             `yaml:"portfolio"`  // the trader gives views, and code turns them into weights
	Risk       *RiskSeat              `yaml:"risk"`
	Manager    *Seat                  `yaml:"manager"`
	Critic     *Seat                  `yaml:"critic"` // writes lessons and reviews beliefs; needs memory
	Wake       *Wake                  `yaml:"wake"`   // what has to happen before anybody is asked; nil = each turn
	Goals      *Goals                 `yaml:"goals"`
	Models     map[string]ModelChoice `yaml:"models"`   // by tier: fast, standard, deep
	Parallel   int                    `yaml:"parallel"` // analysts that are asked at the same time; 0 = 4

	onlyPlans bool // what is approved is not ordered

	given *roles.Role // in place of the file of that name; nil = none

	files fs.FS // where role files beside the strategy are read; nil = the bundled ones only
}

// Seat is one role of a desk; empty fields are the role file's or the agent's.
type Seat struct {
	Role      string         `yaml:"role"` // the role's file; empty = as its place is called
	Model     ModelChoice    `yaml:"model"`
	BaseURL   string         `yaml:"base_url"`
	Params    map[string]any `yaml:"params"`
	Tools     []string       `yaml:"tools"`
	MaxTokens int            `yaml:"max_tokens"` // of one reply
	Budget    *SeatBudget    `yaml:"budget"`
	Cutoff    string         `yaml:"cutoff"`
}

// isEmpty reports whether a seat has no setting.
func (s Seat) isEmpty() bool { return reflect.ValueOf(s).IsZero() }

// SeatBudget limits what a role may cost.
type SeatBudget struct {
	USDPerTurn pitwall.Dec `yaml:"usd_per_turn"`
}

// Debate is an argument of a bull and a bear before a judge.
type Debate struct {
	Rounds  int  `yaml:"rounds"`  // 0 = 3
	Compact bool `yaml:"compact"` // Judge argues both sides and decides, in one call
	Bull    Seat `yaml:"bull"`
	Bear    Seat `yaml:"bear"`
	Judge   Seat `yaml:"judge"`
}

// RiskSeat is the risk manager, by whose numbers it judges.
type RiskSeat struct {
	Profile string `yaml:"profile"` // aggressive, neutral (the default) or conservative
	Limits  *bool  `yaml:"limits"`  // false: the limits of its role are only what it judges by
	Seat    `yaml:",inline"`
}

// Defaults of a desk.
const (
	defaultRounds   = 3
	defaultParallel = 4
	mostViews       = 50
)

// riskRoles names the role files of the profiles.
var riskRoles = map[string]string{"aggressive": "risk_aggressive", "neutral": "risk_neutral", "conservative": "risk_conservative"}

// deskRole is a role of a desk with what its file says.
type deskRole struct {
	name string // in the record
	Seat
	file roles.Role
}

// place is a seat under the name that its role has in the record.
type place struct {
	name string
	*Seat
}

// places lists the seats of a desk in the order of the record.
func (s *Strategy) places() (list []place) {
	d := s.Desk
	if d.Critic != nil {
		list = append(list, place{"critic", d.Critic})
	}
	for i := range d.Analysts {
		list = append(list, place{d.Analysts[i].Role, &d.Analysts[i]})
	}
	if x := d.Debate; x != nil {
		if x.Compact {
			list = append(list, place{"debate", &x.Judge})
		} else {
			list = append(list, place{"bull", &x.Bull}, place{"bear", &x.Bear}, place{"judge", &x.Judge})
		}
	}
	if d.Trader != nil {
		list = append(list, place{"trader", d.Trader})
	}
	if d.Risk != nil {
		list = append(list, place{"risk", &d.Risk.Seat})
	}
	if s.alerted() {
		seat := d.Risk.Seat // with its model, tools and budget
		if slices.Contains(roles.Names(), seat.Role) {
			seat.Role = "" // a role of the user's own judges under an alert too, which it reads of
		}
		list = append(list, place{"risk_conservative", &seat})
	}
	if d.Manager != nil {
		list = append(list, place{"manager", d.Manager})
	}
	return list
}

// alerted reports whether another, conservative risk manager judges under an alert of the
// memory.
func (s *Strategy) alerted() bool {
	return s.Memory != nil && s.Desk.Risk != nil && s.Desk.Risk.Profile != "conservative"
}

// reminding are the roles that may search the memory, where the strategy has one and does
// not list their tools.
var reminding = []string{"judge", "debate", "trader", "risk", "risk_conservative", "manager"}

// ReadRoles makes a desk read role files beside the strategy, in s.Dir of files, and finds
// the memory that is carried there. It is called before [Strategy.Check]; without it the
// bundled ones stand.
func (s *Strategy) ReadRoles(files fs.FS) {
	s.files = files
	if s.Desk != nil {
		s.Desk.files = files
	}
	s.readPods()
}

// team returns the desk of a strategy that has one.
func (s *Strategy) team() *desk.Desk {
	d := s.Desk
	t := desk.Desk{Memory: s.Memory != nil, Critic: d.Critic != nil, Alert: s.alerted(), OnlyPlans: d.onlyPlans, Trader: d.Trader != nil, Risk: d.Risk != nil, Manager: d.Manager != nil, Parallel: d.Parallel, Pattern: d.Pattern, Menu: d.menu()}
	for _, a := range d.Analysts {
		t.Analysts = append(t.Analysts, a.Role)
	}
	if x := d.Debate; x != nil && x.Compact {
		t.Compact = true
	} else if x != nil {
		t.Rounds = cmp.Or(x.Rounds, defaultRounds)
	}
	if t.Parallel == 0 {
		t.Parallel = defaultParallel
	}
	if d.Portfolio != nil {
		t.Portfolio = &desk.Portfolio{Volatility: d.Portfolio.Volatility, Symbols: s.Symbols}
	}
	return &t
}

// seats returns who sits at the desk, in the order of the record, with what their files
// say.
func (s *Strategy) seats() ([]deskRole, error) {
	d, team := s.Desk, s.team()
	list := []deskRole{}
	for _, x := range s.places() {
		name := x.Role
		if name == "" && x.name == "risk" {
			name = riskRoles[cmp.Or(d.Risk.Profile, "neutral")]
		}
		if name == "" && x.name == "trader" && d.Portfolio != nil {
			name = "allocator"
		}
		name = cmp.Or(name, x.name)
		if !agentName.MatchString(name) {
			return nil, fmt.Errorf("the role name %q cannot be used; write it with a-z, 0-9, - and _", name)
		}
		r, err := roles.Read(d.files, s.Dir, name)
		if err != nil {
			return nil, err
		}
		if g := d.given; g != nil && g.Name == name { // the world stays as it is
			limits := r.Limits
			r = *g
			r.Limits = limits
		}
		if want := team.Answers(x.name); r.Schema != want {
			return nil, fmt.Errorf("role %s answers with %s, and as %s it has to with %s", name, r.Schema, x.name, want)
		}
		role := deskRole{x.name, *x.Seat, r}
		if x.Tools == nil {
			role.Tools = r.Tools
			if s.Memory != nil && slices.Contains(reminding, x.name) {
				role.Tools = append(slices.Clone(role.Tools), "memory_search")
			}
		}
		list = append(list, role)
		for _, t := range role.Tools {
			if agentloop.ChangesOrders(t) {
				return nil, fmt.Errorf("role %s may not have %s: only code orders, what was approved of the trader's plan", x.name, t)
			}
		}
	}
	return list, nil
}

// deskAgents returns the roles of the desk as agents: each has a model, a price and a key
// to look for.
func (s *Strategy) deskAgents() []Agent {
	seats, err := s.seats()
	if err != nil { // Check returns the error
		return nil
	}
	list := make([]Agent, 0, len(seats))
	for _, x := range seats {
		a := Agent{Name: x.name, Model: x.Model, BaseURL: x.BaseURL, Params: x.Params, Tools: x.Tools, MaxTokens: x.MaxTokens, Cutoff: x.Cutoff, seat: &x}
		tier, has := s.Desk.Models[x.file.Tier]
		switch {
		case a.Model.isSet():
		case has:
			a.Model = tier
		default: // the agent's, with all that belongs to it
			a.Model, a.BaseURL, a.Cutoff = s.Agent.Model, cmp.Or(a.BaseURL, s.Agent.BaseURL), cmp.Or(a.Cutoff, s.Agent.Cutoff)
			if a.Params == nil {
				a.Params = s.Agent.Params
			}
		}
		if a.MaxTokens == 0 {
			a.MaxTokens = s.Agent.MaxTokens
		}
		list = append(list, s.withParams(a))
	}
	return list
}

// checkDesk validates what needs neither data nor a key.
func (s *Strategy) checkDesk() error {
	d := s.Desk
	if d == nil {
		return nil
	}
	switch {
	case len(s.Agents) > 0 || len(s.Rule) > 0:
		return s.bad("desk with agents or rule").Hintf("leave one out: agent says what the roles of the desk have in common")
	case s.Agent.Schema != nil || s.Agent.Tools != nil:
		return s.bad("desk with agent.output_schema or agent.tools").Hintf("leave them out: each role answers by its own schema and has its own tools")
	case d.Debate != nil && (d.Debate.Rounds < 0 || d.Debate.Rounds > 10):
		return s.bad("desk.debate.rounds is %d", d.Debate.Rounds).Hintf("use 1 to 10, or leave debate out")
	case d.Debate != nil && d.Debate.Compact && (d.Debate.Rounds > 0 || !d.Debate.Bull.isEmpty() || !d.Debate.Bear.isEmpty()):
		return s.bad("desk.debate is compact and has rounds, bull or bear").Hintf("leave them out: one role argues both sides and decides in one call; judge says which, with which model")
	case d.Parallel < 0 || d.Parallel > 64:
		return s.bad("desk.parallel is %d", d.Parallel).Hintf("use 1 to 64")
	case d.Risk != nil && d.Risk.Profile != "" && riskRoles[d.Risk.Profile] == "":
		return s.bad("desk.risk.profile is %q", d.Risk.Profile).Hintf("did you mean %s? profiles are %s", pitwall.Nearest(d.Risk.Profile, slices.Sorted(maps.Keys(riskRoles))), strings.Join(slices.Sorted(maps.Keys(riskRoles)), ", "))
	case d.Risk != nil && d.Risk.Profile != "" && d.Risk.Role != "":
		return s.bad("desk.risk has profile and role").Hintf("leave one out: a profile is the role %s", riskRoles[d.Risk.Profile])
	}
	for _, tier := range slices.Sorted(maps.Keys(d.Models)) {
		if !slices.Contains([]string{roles.Fast, roles.Standard, roles.Deep}, tier) {
			return s.bad("desk.models names the tier %q", tier).Hintf("tiers are fast, standard and deep")
		}
	}
	if x := d.Portfolio; x != nil && !(x.Volatility > 0 && x.Volatility <= 200) {
		return s.bad("desk.portfolio.volatility is %v", x.Volatility).Hintf("give percent a year above 0, such as 20")
	}
	if x := d.Portfolio; x != nil && len(s.Symbols) > mostViews {
		return s.bad("desk.portfolio with %d symbols", len(s.Symbols)).Hintf("use at most %d: their covariances grow with the square", mostViews)
	}
	if err := d.Goals.check(); err != nil {
		return s.bad("desk.goals: %v", err)
	}
	if err := s.checkWake(); err != nil {
		return s.bad("desk.wake: %v", err)
	}
	if err := d.checkMenu(); err != nil {
		return s.bad("desk.strategies: %v", err)
	}
	if _, err := desk.New(*s.team()); err != nil {
		return s.bad("desk: %v", err)
	}
	if _, err := s.seats(); err != nil {
		return s.bad("desk: %v", err)
	}
	for _, a := range s.deskAgents() {
		if !a.Model.isSet() {
			return s.bad("desk: role %s has no model", a.Name).Hintf("name one in the role, under desk.models.%s, or as agent.model for all", a.seat.file.Tier)
		}
		if b := a.seat.Budget; b != nil && b.USDPerTurn <= 0 {
			return s.bad("desk: budget of %s limits nothing", a.Name).Hintf("give usd_per_turn above 0; usd and tokens limit the whole desk, under agent.budget")
		}
	}
	return nil
}

// decider makes the desk ready to run: models holds one for each of its roles.
func (s *Strategy) decider(models []Model, prices map[string]agentloop.Price) (agentloop.Agent, error) {
	team, main := s.deskAgents(), s.main()
	settings := s.team()
	if main.Budget != nil {
		settings.Parallel = 1 // where a budget ends must not depend on who is faster
	}
	d, err := desk.New(*settings)
	if err != nil {
		return agentloop.Agent{}, s.bad("desk: %v", err)
	}
	shared, err := s.common(main)
	if err != nil {
		return shared, err
	}
	shared.Decider, shared.DeciderName, shared.Params, shared.Wake = d, d.Name(), nil, s.wake()
	var names []string
	for i, x := range team {
		m := models[i]
		r := agentloop.Role{Name: x.Name, Model: m.Model, ModelName: m.Name, Fingerprint: m.Fingerprint, Params: sentParams(x.Params, m), Price: s.priceOf(m, prices),
			Prompt: d.Prompt(x.Name, x.seat.file), Tools: append([]string{}, x.Tools...), MaxOutput: x.MaxTokens, Acts: d.Acts(x.Name), ReadOnly: true}
		if r.MaxOutput == 0 {
			r.MaxOutput = defaultMaxTokens
		}
		if x.seat.Budget != nil {
			r.USDPerTurn = x.seat.Budget.USDPerTurn
		}
		if r.USDPerTurn+shared.Budget.USD+shared.Budget.USDPerTurn > 0 && r.Price == nil {
			return shared, noPrice("role "+x.Name, m.Name)
		}
		if !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
		shared.Roles = append(shared.Roles, r)
	}
	if settings.Memory {
		shared.Roles = append(shared.Roles, agentloop.Role{Name: desk.Recorder, Model: code{}, ModelName: "code", Price: &agentloop.Price{}, Prompt: "Code reads the memory here. No model is asked.", Tools: []string{"memory_search"}, ReadOnly: true})
	}
	shared.ModelName = strings.Join(names, ", ")
	return shared, nil
}

// code stands for a model where only code calls tools.
type code struct{}

// Reply implements [agentloop.Model].
func (code) Reply(context.Context, agentloop.Request) (agentloop.Reply, error) {
	return agentloop.Reply{}, errors.New("no model plays this role")
}

// useDeskModel gives every role another model, without what belongs to the old one. It is
// called before the agent has the new model.
func (s *Strategy) useDeskModel(name string) {
	agents := s.deskAgents()
	for i, p := range s.places() {
		if i >= len(agents) || agents[i].Model.Name != name { // no agents: Check reports why
			p.Model, p.BaseURL, p.Params = ModelChoice{}, "", nil
		}
	}
	s.Desk.Models = nil
}
