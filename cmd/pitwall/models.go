package main

import (
	"net/http"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
)

// deciders makes a strategy's agents ready to run. Strict runs ask no model, so
// they need no key.
func (a *app) deciders(s *driver.Strategy, cfg settings, strict bool) ([]agentloop.Agent, error) {
	prices, err := agentloop.ParsePrices(cfg.Prices)
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
	o := models.Options{Env: cfg.get, Sleep: a.sleep}
	if strict && x.Model.Name != "" {
		o.Env = placeholder(cfg.get)
	}
	if a.transport != nil {
		o.Client = &http.Client{Transport: a.transport}
	}
	return driver.NewModel(x, o)
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
