package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/history"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/external"
)

// strategy says whether a strategy could run here.
func (x *examination) strategy(ctx context.Context, args []string, f backtestFlags) {
	if len(args) == 0 {
		return
	}
	s, err := f.strategy(args[0])
	if err == nil {
		_, err = s.CheckRule(ctx)
	}
	if err != nil {
		x.failed("file", show.StateBad, err)
		return
	}
	x.ok("file", fmt.Sprintf("%s: %s trades %s", s.File, s.Name, term.Few(s.Symbols)))
	for _, v := range s.settings {
		x.ok(v.Key, v.Value+" ("+v.From+")")
	}
	prices, _ := agentloop.ParsePrices(x.cfg.Prices) // what is wrong with them stands under prices
	for _, y := range s.Team() {
		x.agent(ctx, s, y, prices)
	}
	x.strategyData(ctx, s)
	for _, t := range s.Tools {
		x.tool(t)
	}
	x.tools(ctx, s)
}

// tools checks the tools that agents may use, without asking another server: the
// tools of other MCP servers are known only to them.
func (x *examination) tools(ctx context.Context, s *strategyFile) {
	check := *s.Strategy
	check.Tools = nil
	for _, t := range s.Tools {
		if t.MCP == nil {
			check.Tools = append(check.Tools, t)
		} else {
			check.Agents, check.Agent, check.Desk = nil, driver.Agent{}, nil // what they may use is not known
		}
	}
	built, err := external.Build(ctx, check.Tools, external.Options{Mode: pitwall.Sim, Env: x.cfg.get})
	if err == nil {
		err = check.CheckTools(built.Tools)
	}
	if err != nil {
		x.failed("tools", show.StateBad, err)
	}
}

// agent looks at one agent's model, key and price, and connects to its base_url.
func (x *examination) agent(ctx context.Context, s *strategyFile, y driver.Agent, prices map[string]agentloop.Price) {
	m, err := x.app.model(y, x.cfg, false)
	switch code := pitwall.CodeOf(err); {
	case err == nil:
		detail := m.Name
		switch {
		case len(y.Model.Command) > 0:
			if _, err := exec.LookPath(y.Model.Command[0]); err != nil {
				x.missing("agent "+y.Name, fmt.Sprintf("%s: %v", m.Name, err), "install the program, or name it by its path")
				return
			}
			detail += ", a program on this machine"
		case !m.Free:
			detail += ", its key is set"
			if y.BaseURL != "" {
				detail = m.Name + " at " + hostOf(y.BaseURL)
			}
		}
		if y.BaseURL != "" {
			how, err := reach(ctx, y.BaseURL)
			if err != nil {
				x.add("agent "+y.Name, show.StateBad, detail+": "+term.OneLine(err.Error()), "start the server, or correct base_url")
				return
			}
			detail += ": " + how
		}
		x.ok("agent "+y.Name, detail)
	case code == pitwall.MissingKey:
		x.failed("agent "+y.Name, show.StateMissing, err)
		// With any key at all the name is found, and nothing is sent.
		if m, err = x.app.model(y, settings{}, true); err != nil || y.Model.Name == "" {
			return
		}
	default:
		x.failed("agent "+y.Name, show.StateBad, err)
		return
	}
	p, known := s.Price(m, prices)
	_, err = (&driver.Strategy{Agents: []driver.Agent{y}, Prices: s.Prices}).Deciders([]driver.Model{m}, prices)
	switch {
	case m.Free:
	case known:
		list := ""
		if p.ListOf != "" {
			list = ", the list price of " + p.ListOf
		}
		x.ok("price", fmt.Sprintf("%s: %v in, %v out, USD per million tokens%s", m.Name, p.In, p.Out, list))
	case err != nil:
		x.failed("price", show.StateBad, err)
	default:
		x.missing("price", m.Name+": not known, so neither is what a run costs", fmt.Sprintf("prices: {%s: {in: 0.25, out: 2.00}} in USD per million tokens, or PITWALL_PRICES", m.Name))
	}
}

// hostOf shows a URL without what might be a secret in it.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "its base_url"
	}
	return u.Host
}

// strategyData loads the data and says which days they cover.
func (x *examination) strategyData(ctx context.Context, s *strategyFile) {
	for _, n := range s.standIn(x.cfg) {
		x.ok("data", n.Text)
	}
	w, store, err := s.world(ctx, x.cfg.store(x.app.now))
	if err != nil {
		state := show.StateBad
		if store == nil && pitwall.CodeOf(err) == pitwall.NoCoverage { // it can be fetched
			state = show.StateMissing
		}
		x.failed("data", state, err)
		return
	}
	defer w.Close()
	for _, series := range store.Series() {
		x.covered(s.Strategy, series)
	}
	kinds := map[pitwall.RecordKind]int{}
	for _, r := range store.Records() {
		kinds[r.Kind]++
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		x.ok("data", fmt.Sprintf("%s: %d records", k, kinds[k]))
	}
	for _, w := range store.Warnings {
		x.ok("data", "note: "+w)
	}
}

// world makes the world of a strategy, with its journal in memory. The store is nil
// when the data cannot be read.
func (s *strategyFile) world(ctx context.Context, local *history.Local) (*driver.Sim, *history.Store, error) {
	store, err := s.Load(ctx, s.files, local)
	if err != nil {
		return nil, nil, err
	}
	spec, err := s.Spec()
	if err != nil {
		return nil, store, err
	}
	w, err := driver.NewSim(store, spec, &pitwall.MemoryJournal{})
	return w, store, err
}

// covered compares a symbol's bars with the strategy's days.
func (x *examination) covered(s *driver.Strategy, series *pitwall.Series) {
	first, last := series.Bar(0).Start, series.Bar(series.Len()-1).Start
	detail := fmt.Sprintf("%s: %d bars of %s, %s to %s", series.Instrument.Symbol, series.Len(), pitwall.SizeName(series.Size), first.Format(time.DateOnly), last.Format(time.DateOnly))
	var gaps []string
	from, to, _ := s.Days() // checked before
	if !from.IsZero() && first.Sub(from) > driver.Quiet {
		gaps = append(gaps, "the strategy begins on "+s.From)
	}
	if !to.IsZero() && to.Sub(last) > driver.Quiet {
		gaps = append(gaps, "the strategy ends on "+s.To)
	}
	if len(gaps) == 0 {
		x.ok("data", detail)
		return
	}
	x.missing("data", detail+"; "+strings.Join(gaps, ", "), "fetch the days that lack, or move from and to")
}

// tool looks at what an external tool needs. It is not called.
func (x *examination) tool(t external.Spec) {
	missing, err := t.Missing(x.cfg.get), error(nil)
	if t.MCP != nil && len(t.MCP.Command) > 0 {
		_, err = exec.LookPath(t.MCP.Command[0])
	}
	switch {
	case len(missing) > 0:
		x.missing("tool "+t.Name, strings.Join(missing, ", ")+" is not set", "set "+strings.Join(missing, " and "))
	case err != nil:
		x.missing("tool "+t.Name, "there is no program "+t.MCP.Command[0], "install it, or give its whole path")
	default:
		x.ok("tool "+t.Name, "has what it needs; it was not called")
	}
}
