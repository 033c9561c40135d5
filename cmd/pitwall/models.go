package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/agentloop/scripts"
)

// deciders makes a strategy's agents ready to run. Strict runs ask no model, so
// they need no key.
func (a *app) deciders(s *driver.Strategy, cfg settings, strict bool) ([]agentloop.Agent, error) {
	prices, err := parsePrices(cfg.Prices)
	if err != nil {
		return nil, err
	}
	var list []driver.Model
	for _, x := range s.Team() {
		m, err := a.model(x, cfg, strict)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return s.Deciders(list, prices)
}

// model finds an agent's model by its name.
func (a *app) model(x driver.Agent, cfg settings, strict bool) (driver.Model, error) {
	script, ok := strings.CutPrefix(x.Model.Name, "script/")
	if !ok {
		o := models.Options{Name: x.Model.Name, Command: x.Model.Command, BaseURL: x.BaseURL, Params: x.Params, Env: cfg.get, Sleep: a.sleep}
		if strict && x.Model.Name != "" {
			o.Env = placeholder(cfg.get)
		}
		if a.transport != nil {
			o.Client = &http.Client{Transport: a.transport}
		}
		c, err := models.New(o)
		if err != nil {
			return driver.Model{}, err
		}
		return driver.Model{Model: c, Name: c.Name(), Fingerprint: c.Fingerprint(), List: c.ListPrice()}, nil
	}
	all := scripts.All()
	newScript, ok := all[script]
	if !ok {
		names := slices.Sorted(maps.Keys(all))
		return driver.Model{}, pitwall.Errorf(pitwall.StrategyError, "there is no model %s", x.Model.Name).Hintf("did you mean script/%s? scripts are %s", pitwall.Nearest(script, names), strings.Join(names, ", "))
	}
	m, err := newScript(x.Params)
	if err != nil {
		return driver.Model{}, pitwall.Errorf(pitwall.StrategyError, "model %s: %v", x.Model.Name, err)
	}
	return driver.Model{Model: m, Name: x.Model.Name, Fingerprint: scripts.Fingerprint(), Free: true}, nil
}

// placeholder gives every key that is not set a value that opens nothing.
func placeholder(env func(string) string) func(string) string {
	return func(name string) string {
		if v := env(name); v != "" {
			return v
		}
		return "none"
	}
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
