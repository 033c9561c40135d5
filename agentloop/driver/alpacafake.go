package driver

import (
	"context"
	"time"

	"pitwall"
	"pitwall/brokers/alpacafake"
	"pitwall/cache/history"
	"pitwall/sim"
)

// NewFakeAlpaca returns a server like Alpaca over recorded bars, with its first bar known.
// What is earlier than from is history; from and to are days, empty = the data's.
func NewFakeAlpaca(ctx context.Context, inputs []history.Input, symbols []string, from, to string, cash pitwall.Dec, margin bool) (*alpacafake.Server, error) {
	cfg := alpacafake.Config{CryptoFee: pitwall.One / 400, Symbols: symbols, Cash: cash, Rules: pitwall.Rules{VolumeShare: sim.DefaultVolumeShare}}
	if margin {
		cfg.Terms.Type = pitwall.MarginAccount
	}
	src, err := history.Load(ctx, inputs, history.Options{Symbols: symbols})
	if err != nil {
		return nil, err
	}
	cfg.Source = src
	for _, s := range src.Series() {
		if first := s.Bar(0).Start; cfg.From.IsZero() || first.Before(cfg.From) {
			cfg.From = first
		}
	}
	zone := cfg.From.Location()
	for _, day := range []struct {
		text string
		into *time.Time
	}{{from, &cfg.From}, {to, &cfg.To}} {
		if day.text == "" {
			continue
		}
		if *day.into, err = time.ParseInLocation(time.DateOnly, day.text, zone); err != nil {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "%q is no day", day.text).Hintf("write 2024-01-31")
		}
	}
	if !cfg.To.IsZero() {
		cfg.To = cfg.To.AddDate(0, 0, 1)
	}
	s, err := alpacafake.New(cfg)
	if err != nil {
		return nil, err
	}
	return s, s.Step(ctx)
}
