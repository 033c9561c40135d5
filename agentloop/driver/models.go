package driver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop/models"
	"pitwall/agentloop/scripts"
)

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
