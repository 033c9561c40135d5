package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/tools"
	"pitwall/tools/external"
)

// strategy says whether a strategy could run here.
func (x *examination) strategy(ctx context.Context, name string) {
	const area = "strategy"
	s, err := readStrategy(name)
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		x.failed(area, "file", stateBad, err)
		return
	}
	x.add(area, "file", stateOK, fmt.Sprintf("%s: %s trades %s", s.File, s.Name, few(s.Symbols)), "")
	prices, _ := parsePrices(x.cfg.Prices) // what is wrong with them stands under prices
	for _, y := range s.Team() {
		x.agent(s, y, prices)
	}
	x.strategyData(ctx, s)
	for _, t := range s.Tools {
		x.tool(t)
	}
	x.tools(ctx, s)
}

// tools makes the set that a backtest would have, without asking another server:
// the tools of other MCP servers are known only to them.
func (x *examination) tools(ctx context.Context, s *strategyFile) {
	var own []external.Spec
	for _, t := range s.Tools {
		if t.MCP == nil {
			own = append(own, t)
		}
	}
	built, err := external.Build(ctx, own, external.Options{Mode: pitwall.Sim, Env: x.cfg.get})
	if err == nil {
		var set *tools.Set
		set, err = tools.NewWith(slog.New(slog.DiscardHandler), nil, built.Tools)
		if err == nil && len(own) == len(s.Tools) {
			err = s.CheckTools(set)
		}
	}
	if err != nil {
		x.failed("strategy", "tools", stateBad, err)
	}
}

// agent looks at one agent's model, key and price.
func (x *examination) agent(s *strategyFile, y driver.Agent, prices map[string]agentloop.Price) {
	const area = "strategy"
	m, err := x.app.model(y, x.cfg, false)
	switch code := pitwall.CodeOf(err); {
	case err == nil:
		detail := m.Name
		switch {
		case len(y.Model.Command) > 0:
			if _, err := exec.LookPath(y.Model.Command[0]); err != nil {
				x.add(area, "agent "+y.Name, stateMissing, fmt.Sprintf("%s: %v", m.Name, err), "install the program, or name it by its path")
				return
			}
			detail += ", a program on this machine"
		case !m.Free:
			detail += ", its key is set"
			if y.BaseURL != "" {
				detail = m.Name + " at " + hostOf(y.BaseURL)
			}
		}
		x.add(area, "agent "+y.Name, stateOK, detail, "")
		if y.BaseURL != "" {
			x.hosts = append(x.hosts, hostToReach{"agent " + y.Name, y.BaseURL, false})
		}
	case code == pitwall.MissingKey:
		x.failed(area, "agent "+y.Name, stateMissing, err)
		// With any key at all the name is found, and nothing is sent.
		if m, err = x.app.model(y, settings{}, true); err != nil || y.Model.Name == "" {
			return
		}
	default:
		x.failed(area, "agent "+y.Name, stateBad, err)
		return
	}
	p, ok := s.Price(m, prices)
	b := y.Budget
	switch {
	case m.Free:
	case ok:
		list := ""
		if p.ListOf != "" {
			list = ", the list price of " + p.ListOf
		}
		x.add(area, "price", stateOK, fmt.Sprintf("%s: %v in, %v out, USD per million tokens%s", m.Name, p.In, p.Out, list), "")
	case b != nil && b.USD+b.USDPerTurn > 0:
		x.add(area, "price", stateBad, fmt.Sprintf("agent %s has a budget in USD and the price of %s is not known", y.Name, m.Name), fmt.Sprintf("add prices: {%s: {in: 0.25, out: 2.00}}, or limit tokens instead", m.Name))
	default:
		x.add(area, "price", stateMissing, m.Name+": not known, so neither is what a run costs", fmt.Sprintf("prices: {%s: {in: 0.25, out: 2.00}} in USD per million tokens, or PITWALL_PRICES", m.Name))
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
	const area = "strategy"
	store, err := s.load(ctx, x.cfg.store(x.app.now))
	if err != nil {
		state := stateBad
		if pitwall.CodeOf(err) == pitwall.NoCoverage { // it can be fetched
			state = stateMissing
		}
		x.failed(area, "data", state, err)
		return
	}
	spec, err := s.Spec()
	if err == nil {
		var w *driver.Sim
		if w, err = driver.NewSim(store, spec, &pitwall.MemoryJournal{}); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		x.failed(area, "data", stateBad, err)
		return
	}
	for _, series := range store.Series() {
		x.covered(s.Strategy, series)
	}
	kinds := map[pitwall.RecordKind]int{}
	for _, r := range store.Records() {
		kinds[r.Kind]++
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		x.add(area, "data", stateOK, fmt.Sprintf("%s: %d records", k, kinds[k]), "")
	}
	for _, w := range store.Warnings {
		x.add(area, "data", stateOK, "note: "+w, "")
	}
}

// covered compares a symbol's bars with the strategy's days.
func (x *examination) covered(s *driver.Strategy, series *pitwall.Series) {
	first, last := series.Bar(0).Start, series.Bar(series.Len()-1).Start
	detail := fmt.Sprintf("%s: %d bars of %s, %s to %s", series.Instrument.Symbol, series.Len(), pitwall.SizeName(series.Size), first.Format(time.DateOnly), last.Format(time.DateOnly))
	var gaps []string
	if from, err := time.Parse(time.DateOnly, s.From); err == nil && first.Sub(from) > driver.Quiet {
		gaps = append(gaps, "the strategy begins on "+s.From)
	}
	if to, err := time.Parse(time.DateOnly, s.To); err == nil && to.Sub(last) > driver.Quiet {
		gaps = append(gaps, "the strategy ends on "+s.To)
	}
	if len(gaps) == 0 {
		x.add("strategy", "data", stateOK, detail, "")
		return
	}
	x.add("strategy", "data", stateMissing, detail+"; "+strings.Join(gaps, ", "), "fetch the days that lack, or move from and to")
}

// tool looks at what an external tool needs. It is not called.
func (x *examination) tool(t external.Spec) {
	const area = "strategy"
	missing := t.Missing(x.cfg.get)
	switch {
	case len(missing) > 0:
		x.add(area, "tool "+t.Name, stateMissing, strings.Join(missing, ", ")+" is not set", "set "+strings.Join(missing, " and "))
	case t.MCP != nil && len(t.MCP.Command) > 0 && !runnable(t.MCP.Command[0]):
		x.add(area, "tool "+t.Name, stateMissing, "there is no program "+t.MCP.Command[0], "install it, or give its whole path")
	default:
		x.add(area, "tool "+t.Name, stateOK, "has what it needs; it was not called", "")
	}
}

func runnable(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
