package driver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models"
	"pitwall/agentloop/scripts"
)

// Model is a model ready to be asked, with what tells it from others.
type Model struct {
	agentloop.Model
	Name        string           // provider/model or script/name
	Fingerprint string           // see [agentloop.Agent]
	Free        bool             // it costs nothing: a script
	List        *agentloop.Price // its provider's list price, nil where it is not known
}

// NewModel finds the model that an agent names: script/<name>, a strategy's rule, or one of a provider
// of agentloop/models, a program among them. o says where keys come from; name, URL and params are the
// agent's.
func NewModel(a Agent, o models.Options) (Model, error) {
	if a.rule != nil {
		fingerprint := fmt.Sprintf("%s rule of %d symbols, at most %v", scripts.Fingerprint(), len(a.rule.Symbols), a.rule.Most)
		return Model{Model: a.rule, Name: ruleModel, Fingerprint: fingerprint, Free: true}, nil
	}
	script, ok := strings.CutPrefix(a.Model.Name, "script/")
	if !ok {
		o.Name, o.Command, o.BaseURL, o.Params = a.Model.Name, a.Model.Command, a.BaseURL, a.Params
		c, err := models.New(o)
		if err != nil {
			return Model{}, err
		}
		return Model{Model: c, Name: c.Name(), Fingerprint: c.Fingerprint(), List: c.ListPrice()}, nil
	}
	all := scripts.All()
	newScript, ok := all[script]
	if !ok {
		names := slices.Sorted(maps.Keys(all))
		return Model{}, pitwall.Errorf(pitwall.StrategyError, "there is no model %s", a.Model.Name).Hintf("did you mean script/%s? scripts are %s", pitwall.Nearest(script, names), strings.Join(names, ", "))
	}
	m, err := newScript(a.Params)
	if err != nil {
		return Model{}, pitwall.Errorf(pitwall.StrategyError, "model %s: %v", a.Model.Name, err)
	}
	return Model{Model: m, Name: a.Model.Name, Fingerprint: scripts.Fingerprint(), Free: true}, nil
}

// Deterministic reports whether only scripts and rules decide.
func (s *Strategy) Deterministic() bool {
	return !slices.ContainsFunc(s.Team(), func(a Agent) bool { return a.rule == nil && !strings.HasPrefix(a.Model.Name, "script/") })
}

// sentParams are the params that a model is sent and keyed by.
func sentParams(given map[string]any, m Model) map[string]any {
	params := maps.Clone(given)
	if !m.Free {
		delete(params, "stream") // how an answer travels, not what it says
	}
	if len(params) == 0 {
		return nil // {} and none are one key
	}
	return params
}

// priceOf returns what a model costs, nil where that is not known.
func (s *Strategy) priceOf(m Model, prices map[string]agentloop.Price) *agentloop.Price {
	if p, ok := s.Price(m, prices); ok {
		return &p
	}
	if m.Free {
		return &agentloop.Price{}
	}
	return nil
}

func noPrice(who, model string) error {
	return pitwall.Errorf(pitwall.StrategyError, "%s has a budget in USD and the price of %s is not known", who, model).
		Hintf("add prices: {%s: {in: 0.25, out: 2.00}} in USD per million tokens, or limit tokens instead", model)
}

// Price returns what a model costs, and whether it is known: the strategy's own price
// before that of a table, and the provider's list price after both.
func (s *Strategy) Price(m Model, table map[string]agentloop.Price) (agentloop.Price, bool) {
	if p, ok := s.Prices[m.Name]; ok {
		return agentloop.Price{In: *p.In, Out: *p.Out, CacheRead: p.CacheRead, CacheWrite: p.CacheWrite}, true
	}
	if p, ok := table[m.Name]; ok {
		return p, true
	}
	if m.List != nil {
		return *m.List, true
	}
	return agentloop.Price{}, false
}
