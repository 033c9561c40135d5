package driver

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/agentloop"
)

// This file is a strategy's `pods:`: several strategies over one set of data, each with a
// book of its own. Data, days, costs, account and fills are the fund's.

// Pod is one strategy of a fund: a file, or what decides written here.
type Pod struct {
	Name     string         `yaml:"name"`
	Capital  *pitwall.Dec   `yaml:"capital"`  // money of the fund's cash
	Weight   *pitwall.Dec   `yaml:"weight"`   // or a share of it
	Strategy string         `yaml:"strategy"` // a file, beside the fund's
	Symbols  symbolList     `yaml:"symbols"`  // in place of the file's; none = the fund's
	Every    string         `yaml:"every"`    // in place of the file's; empty = the fund's
	Risk     map[string]any `yaml:"risk"`     // limits on the pod's own book, in place of the file's
	When     []string       `yaml:"when"`     // the regimes in which it decides, in place of the file's; none = the fund's
	Enabled  *bool          `yaml:"enabled"`  // false leaves the pod out: its capital stays cash

	Rule   Rule           `yaml:"rule"` // in place of Strategy, as in a file of its own
	Band   *float64       `yaml:"band"`
	Agent  Agent          `yaml:"agent"`
	Agents []Agent        `yaml:"agents"`
	Desk   *Desk          `yaml:"desk"`
	Params map[string]any `yaml:"params"`

	// Known and refused until their time comes.
	Pods  yaml.Node `yaml:"pods"`
	Carry yaml.Node `yaml:"carry"`

	unused []string // keys of its file that hold for a run by itself

	own *Strategy // what decides, with the fund's settings; nil before [Strategy.ReadRoles]
	err error     // of reading it
}

// on reports whether the pod trades.
func (p *Pod) on() bool { return p.Enabled == nil || *p.Enabled }

// active returns the pods that trade.
func (s *Strategy) active() (list []*Pod) {
	for i := range s.Pods {
		if p := &s.Pods[i]; p.on() {
			list = append(list, p)
		}
	}
	return list
}

// leaf is a pod that trades, with those that it is within, the outermost first.
type leaf struct {
	*Pod
	within []*Pod
}

// leaves returns the pods that have books: one whose file has pods itself has theirs.
func (s *Strategy) leaves() (list []leaf) {
	for _, p := range s.active() {
		if p.own == nil || len(p.own.Pods) == 0 {
			list = append(list, leaf{Pod: p})
			continue
		}
		for _, x := range p.own.leaves() {
			list = append(list, leaf{x.Pod, append([]*Pod{p}, x.within...)})
		}
	}
	return list
}

// parts are the strategies that decide: of a fund its pods', else the strategy itself.
func (s *Strategy) parts() []*Strategy {
	if len(s.Pods) == 0 {
		return []*Strategy{s}
	}
	var list []*Strategy
	for _, p := range s.leaves() {
		list = append(list, p.own)
	}
	return list
}

// deepestPods is how deep pods may be within pods.
const deepestPods = 4

// ownKeys are keys of a pod's file that hold for a run by itself; in a fund the fund's do.
func (s *Strategy) ownKeys() (list []string) {
	for _, x := range []struct {
		key   string
		given bool
	}{{"data", len(s.Data) > 0}, {"bar_size", s.BarSize != ""}, {"from", s.From != ""}, {"to", s.To != ""}, {"cash", s.Cash != nil}, {"costs", s.Costs != nil},
		{"account", !reflect.ValueOf(s.Account).IsZero()}, {"benchmark", s.Benchmark != ""}, {"fills", !reflect.ValueOf(s.Fills).IsZero()}, {"allow_revised", s.AllowRevised}, {"on_halt", s.OnHalt != ""}, {"approve", s.Approve != ""}} {
		if x.given {
			list = append(list, x.key)
		}
	}
	return list
}

// readPods reads what the pods' files say. It is called once the files beside the strategy
// are known; what is wrong is for Check to say.
func (s *Strategy) readPods() {
	for i := range s.Pods {
		if p := &s.Pods[i]; p.own == nil {
			if p.own, p.err = s.readPod(p); p.err != nil {
				continue
			}
			if p.Strategy != "" {
				p.unused = p.own.ownKeys()
			}
			if len(p.own.Agents)+len(p.own.Pods) == 0 {
				p.own.Agent.Name = p.Name
			}
			for i := range p.own.Agents {
				p.own.Agents[i].Name = p.Name + "-" + p.own.Agents[i].Name
			}
		}
	}
}

// readPod returns the strategy of a pod as its file says it, or the pod itself.
func (s *Strategy) readPod(p *Pod) (*Strategy, error) {
	inline := len(p.Rule) > 0 || p.Agent.Model.isSet() || len(p.Agents) > 0 || p.Desk != nil
	switch {
	case p.Strategy == "" && !inline:
		return nil, s.bad("pod %s has nothing that decides", p.Name).Hintf("give it strategy: FILE, or a rule, an agent, agents or a desk")
	case p.Strategy != "" && (inline || p.Band != nil || p.Params != nil):
		return nil, s.bad("pod %s has a strategy and a rule, agent, agents, desk, band or params", p.Name).Hintf("leave one of the two out: a file says all of it")
	case p.Strategy == "":
		own := &Strategy{File: s.File + ": pod " + p.Name, Dir: s.Dir, Rule: p.Rule, Band: p.Band, Agent: p.Agent, Agents: slices.Clone(p.Agents), Desk: p.Desk, Params: p.Params}
		own.ReadRoles(s.files)
		return own, nil
	case s.files == nil:
		return nil, s.bad("pod %s: no files beside the strategy can be read", p.Name).Hintf("write the rule or the agent into the pod")
	}
	file := path.Join(s.Dir, p.Strategy)
	if info, err := fs.Stat(s.files, file); err == nil && info.IsDir() {
		file = path.Join(file, "strategy.yaml")
	}
	if _, err := fs.Stat(s.files, file); err != nil {
		return nil, s.bad("pod %s: there is no file %s", p.Name, p.Strategy).Hintf("paths are those beside the fund's file")
	}
	own, err := Read(s.files, file, s.File+": pod "+p.Name+": "+p.Strategy)
	if err != nil {
		return nil, err
	}
	if own.depth = s.depth + 1; own.depth > deepestPods {
		return nil, s.bad("pod %s: pods are within pods more than %d deep", p.Name, deepestPods).Hintf("a file may not name itself")
	}
	for i := range own.Pods { // their books are the fund's
		own.Pods[i].Name = p.Name + "-" + own.Pods[i].Name
	}
	own.Dir = path.Dir(file)
	own.ReadRoles(s.files)
	return own, nil
}

// checkPods validates the fund, and gives each pod the fund's settings.
func (s *Strategy) checkPods() error {
	if err := s.Allocate.check(s); err != nil {
		return err
	}
	if s.Cross.Kind != 0 {
		return s.bad("cross is reserved and not supported yet (line %d)", s.Cross.Line).Hintf("leave it out: opposite orders of pods would meet each other at the open; each meets the market")
	}
	if len(s.Pods) == 0 {
		return nil
	}
	switch {
	case len(s.Rule) > 0 || s.Band != nil || !reflect.ValueOf(s.Agent).IsZero() || len(s.Agents) > 0 || s.Desk != nil || s.Memory != nil:
		return s.bad("pods with rule, band, agent, agents, desk or memory").Hintf("what decides belongs into the pods")
	case s.following() != "":
		return s.bad("pods with " + s.following() + " is not supported yet").Hintf("list the symbols")
	case s.InvestorPolicy != nil:
		return s.bad("pods with investor_policy is not supported yet").Hintf("write it into the files of the pods")
	case len(s.Params) > 0:
		return s.bad("pods with params").Hintf("give params to the pod that uses them")
	case len(s.active()) == 0:
		return s.bad("no pod is enabled").Hintf("leave out enabled: false of one")
	}
	s.readPods()
	left := defaultCash
	if s.Cash != nil {
		left = *s.Cash
	}
	seen, cash := map[string]bool{pitwall.MainBook: true, fundName: true}, left
	for i := range s.Pods {
		p := &s.Pods[i]
		switch {
		case !agentName.MatchString(p.Name):
			return s.bad("pod %d has the name %q", i+1, p.Name).Hintf("use a-z, 0-9, - and _, at most 40 of them")
		case seen[p.Name]:
			return s.bad("two pods have the name %s, or one has the name main or fund", p.Name).Hintf("main is the fund's own cash, fund the sum; give each pod a name of its own")
		case p.Pods.Kind != 0:
			return s.bad("pod %s: pods within a pod stand in its file (line %d)", p.Name, p.Pods.Line).Hintf("write them into a file of their own and name it as the pod's strategy")
		case p.Carry.Kind != 0:
			return s.bad("pod %s: carry is reserved and not supported yet (line %d)", p.Name, p.Carry.Line).Hintf("leave it out: it would begin with the book of an earlier run")
		case (p.Capital == nil) == (p.Weight == nil):
			return s.bad("pod %s: give one of capital and weight", p.Name).Hintf("capital is money, weight a share of the fund's cash such as 0.25")
		case p.err != nil:
			return p.err
		}
		seen[p.Name] = true
		if err := s.fund(p, cash, &left); err != nil {
			return err
		}
		if err := s.equip(p); err != nil {
			return err
		}
	}
	if name := namesake(s.Pods, map[string]bool{}); name != "" {
		return s.bad("two pods are called %s: names of pods within pods are joined with -", name).Hintf("name one of them otherwise")
	}
	s.gather()
	return nil
}

// namesake returns a name that two pods have, those within pods included; empty when none has.
func namesake(pods []Pod, seen map[string]bool) string {
	for _, p := range pods {
		if seen[p.Name] {
			return p.Name
		}
		seen[p.Name] = true
		if p.own != nil {
			if name := namesake(p.own.Pods, seen); name != "" {
				return name
			}
		}
	}
	return ""
}

// fundName names the sum of the books in limits.
const fundName = "fund"

// fund gives a pod its cash, out of what is left of the fund's.
func (s *Strategy) fund(p *Pod, cash pitwall.Dec, left *pitwall.Dec) error {
	var c pitwall.Calc
	own := new(pitwall.Dec)
	if p.Capital != nil {
		*own = *p.Capital
	} else {
		*own = c.Mul(cash, *p.Weight)
	}
	switch p.own.Cash = own; {
	case c.Err != nil:
		return s.bad("pod %s: %v", p.Name, c.Err)
	case *own <= 0:
		return s.bad("pod %s begins with %v", p.Name, *own).Hintf("give capital or weight above 0")
	case !p.on():
		return nil
	}
	if *left = c.Sub(*left, *own); *left < 0 {
		return s.bad("the pods begin with more than the fund's cash of %v: with %s they are %v over it", cash, p.Name, -*left).Hintf("lower capital or weight, or raise cash")
	}
	return nil
}

// equip gives a pod the fund's settings and checks what decides. It may be called again.
func (s *Strategy) equip(p *Pod) error {
	own := p.own
	switch {
	case own.Allocate != nil:
		return s.bad("pod %s: allocate in a pod's file is not supported yet", p.Name).Hintf("capital moves between the pods of the fund's own file")
	case s.Allocate != nil && len(own.Pods) > 0:
		return s.bad("pod %s: allocate with a pod that has pods itself is not supported yet", p.Name).Hintf("leave allocate out, or list the pods beside each other")
	case own.Desk != nil && own.Desk.Critic != nil:
		return s.bad("pod %s: a desk with a critic has a memory, which is not supported in a pod yet", p.Name).Hintf("leave critic out")
	case own.Memory != nil || len(own.Tools) > 0 || own.following() != "":
		return s.bad("pod %s: memory, tools, index or universe in a pod's file is not supported yet", p.Name).Hintf("write tools into the fund's file; list the symbols")
	}
	if len(p.Symbols) > 0 {
		own.Symbols = p.Symbols
	}
	if len(own.Symbols) == 0 {
		own.Symbols = slices.Clone(s.Symbols)
	}
	for _, symbol := range own.Symbols {
		if !slices.Contains(s.Symbols, symbol) && len(s.Symbols) > 0 && !s.union {
			return s.bad("pod %s trades %s, which is not among the fund's symbols", p.Name, symbol).Hintf("add it to symbols, or leave symbols out of the fund: it trades what its pods do")
		}
	}
	if p.Risk != nil {
		own.Risk = p.Risk
	}
	for _, key := range []string{"max_consecutive_losses", "duplicate_window"} {
		if v, stated := own.Risk[key]; stated && v != "off" {
			return s.bad("pod %s: the limit %s is not supported in a pod yet", p.Name, key).Hintf("leave it out: nothing would stop at it")
		}
	}
	own.Name, own.Every = p.Name, cmp.Or(p.Every, own.Every, s.Every)
	own.Costs, own.Account, own.Fills, own.AllowRevised = s.Costs, s.Account, s.Fills, s.AllowRevised
	own.From, own.To, own.Data, own.BarSize, own.Benchmark = s.From, s.To, nil, s.BarSize, s.Benchmark
	own.OnHalt, own.Approve = "", ""
	s.gatePod(p)
	for name, price := range s.Prices {
		if _, has := own.Prices[name]; !has {
			own.Prices = maps.Clone(own.Prices)
			if own.Prices == nil {
				own.Prices = map[string]Price{}
			}
			own.Prices[name] = price
		}
	}
	return own.Check()
}

// gather makes the fund trade and load what its pods do.
func (s *Strategy) gather() {
	s.union = s.union || len(s.Symbols) == 0
	for _, p := range s.active() {
		for _, symbol := range p.own.Symbols {
			if !slices.Contains(s.Symbols, symbol) {
				s.Symbols = append(s.Symbols, symbol)
			}
		}
	}
	for _, p := range s.active() {
		for _, symbol := range p.own.Watch {
			if !slices.Contains(s.Symbols, symbol) && !slices.Contains(s.Watch, symbol) {
				s.Watch = append(s.Watch, symbol)
			}
		}
	}
}

// podDeciders makes the agents of all pods ready to run, pod after pod.
func (s *Strategy) podDeciders(models []Model, prices map[string]agentloop.Price) (list []agentloop.Agent, err error) {
	for _, p := range s.active() {
		n := len(p.own.Team())
		own, err := p.own.Deciders(models[:n], prices)
		if err != nil {
			return nil, err
		}
		list, models = append(list, own...), models[n:]
	}
	return list, nil
}

// agents returns those of a fund's agents that are the pod's.
func (p *Pod) agents(list []agentloop.Agent) []agentloop.Agent {
	var names []string
	for _, own := range p.own.parts() {
		names = append(names, own.main().Name)
		for _, a := range own.Agents {
			names = append(names, a.Name)
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(a agentloop.Agent) bool { return !slices.Contains(names, a.Name) })
}

// podNotes says what of a pod's file does not hold in a fund, and which pods are left out.
func (s *Strategy) podNotes() (notes []string) {
	for i := range s.Pods {
		switch p := &s.Pods[i]; {
		case !p.on():
			notes = append(notes, fmt.Sprintf("pod %s is not enabled: its capital stays cash", p.Name))
		case len(p.unused) > 0:
			notes = append(notes, fmt.Sprintf("pod %s: %s in %s do not hold here: the fund's do", p.Name, strings.Join(p.unused, ", "), p.Strategy))
		}
		if own := s.Pods[i].own; own != nil && s.Pods[i].on() {
			notes = append(notes, own.podNotes()...)
		}
	}
	return notes
}
