package main

import (
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/scripts"
)

// newModel finds a model by its name in a strategy. Scripts are the only models
// yet; names of providers refuse plainly.
func newModel(name string, params map[string]any) (agentloop.Model, error) {
	script, ok := strings.CutPrefix(name, "script/")
	if !ok {
		if name == "" {
			name = "(none)"
		}
		return nil, pitwall.Errorf(pitwall.Unsupported, "model %s: only scripted models are supported yet", name).Hintf("use script/momentum or script/buyhold")
	}
	make, ok := scripts.All()[script]
	if !ok {
		return nil, pitwall.Errorf(pitwall.StrategyError, "there is no model %s", name).Hintf("use script/momentum or script/buyhold")
	}
	m, err := make(params)
	if err != nil {
		return nil, pitwall.Errorf(pitwall.StrategyError, "model %s: %v", name, err)
	}
	return m, nil
}
