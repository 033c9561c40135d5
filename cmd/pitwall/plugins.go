package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/models"
	"pitwall/agentloop/scripts"
	"pitwall/cache/history"
)

// sources are the data sources by name, ready but for their keys.
func sources(s settings, o history.RemoteOptions) []history.Remote {
	with := func(key, secret, names string) history.RemoteOptions {
		x := o
		x.Key, x.Secret, x.KeyNames = key, secret, names
		return x
	}
	return []history.Remote{
		history.NewYahoo(o),
		history.NewAlpaca(with(first(s.AlpacaKey, s.AlpacaKey2), first(s.AlpacaSecret, s.AlpacaSecret2), "APCA_API_KEY_ID and APCA_API_SECRET_KEY (or ALPACA_API_KEY and ALPACA_API_SECRET)")),
		history.NewFred(with(s.FredKey, "", "FRED_API_KEY")),
		history.NewPolygon(with(s.PolygonKey, "", "POLYGON_API_KEY")),
		history.NewAlphaVantage(with(s.AlphaKey, "", "ALPHAVANTAGE_API_KEY")),
	}
}

// first is the first text that is not empty.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// chosen is a model with what tells it from others.
type chosen struct {
	model       agentloop.Model
	name        string // provider/model or script/name
	fingerprint string
	free        bool // it costs nothing: a script
}

// model finds an agent's model by its name.
func (a *app) model(x agent, cfg settings, strict bool) (chosen, error) {
	script, ok := strings.CutPrefix(x.Model, "script/")
	if !ok {
		o := models.Options{Name: x.Model, BaseURL: x.BaseURL, Params: x.Params, Env: cfg.get, Sleep: a.sleep}
		if strict && x.Model != "" {
			o.Env = placeholder(cfg.get) // nothing is asked: a key is not needed
		}
		if a.transport != nil {
			o.Client = &http.Client{Transport: a.transport}
		}
		c, err := models.New(o)
		if err != nil {
			return chosen{}, err
		}
		return chosen{model: c, name: c.Name(), fingerprint: c.Fingerprint()}, nil
	}
	all := scripts.All()
	make, ok := all[script]
	if !ok {
		names := slices.Sorted(maps.Keys(all))
		return chosen{}, pitwall.Errorf(pitwall.StrategyError, "there is no model %s", x.Model).Hintf("did you mean script/%s? scripts are %s", pitwall.Nearest(script, names), strings.Join(names, ", "))
	}
	m, err := make(x.Params)
	if err != nil {
		return chosen{}, pitwall.Errorf(pitwall.StrategyError, "model %s: %v", x.Model, err)
	}
	return chosen{m, x.Model, scripts.Fingerprint(), true}, nil
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
