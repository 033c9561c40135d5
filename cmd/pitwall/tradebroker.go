package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// atBroker gives c an account at a broker, the host's clock and the strategy's data as
// history. told waits until alerts are sent.
func (a *app) atBroker(ctx context.Context, s *strategyFile, cfg settings, f tradeFlags, c *driver.Config, each func()) (told func(), err error) {
	profile := driver.Profile{Broker: f.broker, Mode: pitwall.Paper}
	if f.profile != "" {
		profile = s.account
	}
	switch {
	case profile.Broker != f.broker:
		return nil, pitwall.Errorf(pitwall.InvalidInput, "%s is a profile of broker %s, and --broker says %s", f.profile, profile.Broker, f.broker).Hintf("name the same broker in both")
	}
	row := brokers()[slices.IndexFunc(brokers(), func(b broker) bool { return b.name == f.broker })]
	keys := row.keys
	if len(profile.Keys) > 0 {
		if len(profile.Keys) != len(row.keys) {
			return nil, pitwall.Errorf(pitwall.StrategyError, "%s names %d keys, and %s has %d", f.profile, len(profile.Keys), f.broker, len(row.keys)).Hintf("name one variable for each of %s", row.keys)
		}
		keys = nil
		for _, name := range profile.Keys {
			keys = append(keys, []string{name})
		}
	}
	values, missing := keys.lookUp(cfg)
	if len(missing) > 0 {
		return nil, pitwall.Errorf(pitwall.MissingKey, "%s is not set", strings.Join(missing, " and ")).Hintf("set it in the environment or .env to the key of the %s account", profile.Mode)
	}
	account, err := row.open(connection{keys: values, live: f.live || profile.Mode == pitwall.Live, url: profile.URL, prices: profile.Prices})
	if err != nil {
		return nil, err
	}
	if c.Source, err = s.Load(ctx, s.files, cfg.store(a.now)); err != nil {
		return nil, err
	}
	tells, err := a.alerts(cfg, profile.Alert)
	if err != nil {
		return nil, err
	}
	link := profile.Link
	if link.Key != "" && cfg.get(link.Key) == "" {
		return nil, pitwall.Errorf(pitwall.MissingKey, "%s is not set", link.Key).Hintf("set it to a random text that signs the links of alerts")
	}
	c.Live = &driver.Live{Remote: account, Adopt: f.adopt, Lag: profile.Lag, Preflights: os.DirFS(runs.Dir), Approve: driver.Approve{Orders: profile.Approve, Listen: link.Listen, URL: link.URL, Key: cfg.get(link.Key)},
		Arming: driver.Arming{Flag: f.live, Understands: cfg.get("I_UNDERSTAND_LIVE_TRADING"), Profile: profile.Mode == pitwall.Live, Typed: profile.Account}}
	if c.Live.Lag == 0 {
		c.Live.Lag = driver.DefaultLag
	}
	clock := driver.HostClock{Now: a.now, Sleep: hostSleep, While: each}
	c.Live.Now, c.Live.Wait = clock.Waiting()
	if profile.URL != "" { // a fake has a time of its own, on which a live profile is rehearsed too
		if c.Live.Now, c.Live.Wait, err = clock.Following(ctx, account); err != nil {
			return nil, err
		}
	}
	if tells == nil {
		return func() {}, nil
	}
	c.Live.Alert = tells.Tell
	return tells.Wait, nil
}
