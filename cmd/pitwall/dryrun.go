package main

import (
	"context"

	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// dryRun shows what a strategy would run on, and ends without a run and without a folder.
func (a *app) dryRun(ctx context.Context, s *strategyFile, asJSON bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	local := cfg.store(a.now)
	store, err := s.Load(ctx, s.files, local)
	if err != nil {
		return err
	}
	inputs, err := s.Inputs(ctx, s.files, local)
	if err != nil {
		return err
	}
	plan, err := s.Plan(ctx, store, inputs)
	return a.answer(asJSON, plan, func(p *term.Pen) { show.Plan(p, plan) }, err)
}
