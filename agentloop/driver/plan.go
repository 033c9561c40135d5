package driver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/cache/runs"
)

// Plan is what a run would do, found without a turn.
type Plan struct {
	Strategy string               `json:"strategy"`
	Model    string               `json:"model"`
	Every    string               `json:"every"`
	From     string               `json:"from"`
	To       string               `json:"to"`
	Cash     pitwall.Dec          `json:"cash"`
	Costs    pitwall.Costs        `json:"costs"`
	Assumed  bool                 `json:"costs_assumed"` // the strategy states none
	Symbols  []Planned            `json:"symbols"`
	Files    []history.Understood `json:"files"`    // of bars of these symbols
	Findings []history.Finding    `json:"findings"` // about these files
	Warnings []string             `json:"warnings"`
}

// Planned are the bars of a symbol that the run has.
type Planned struct {
	Symbol string `json:"symbol"`
	As     string `json:"as"` // traded, benchmark or watched
	Size   string `json:"size"`
	Bars   int    `json:"bars"` // inside the run's days
	First  string `json:"first"`
	Last   string `json:"last"`
	Prices string `json:"prices"` // raw, split or total
}

// Plan reads the data as a run does and composes its world, and ends before the first
// turn. It writes nothing.
func (s *Strategy) Plan(ctx context.Context, store *history.Store, inputs []history.Input) (p Plan, err error) {
	if _, err := s.CheckRule(ctx); err != nil {
		return p, err
	}
	spec, err := s.Spec()
	if err != nil {
		return p, err
	}
	session, err := NewSim(store, spec, &pitwall.MemoryJournal{})
	if err != nil {
		return p, err
	}
	defer session.Close()
	p = Plan{Strategy: s.Name, Every: s.Every, Cash: spec.Cash, Costs: spec.Costs, Assumed: s.Costs == nil, From: runs.DayOf(session.from), To: runs.DateOf(session.to), Warnings: pitwall.WarningTexts(session.warnings(session.to))}
	var models []string
	for _, a := range s.Team() {
		if name := a.Model.Name; !slices.Contains(models, name) {
			models = append(models, name)
		}
	}
	p.Model = strings.Join(models, ", ")
	p.symbols(s, store, session.from, session.to)
	checked, err := history.Check(ctx, inputs, slices.Concat(s.Symbols, s.Watch)...)
	if err != nil {
		return p, err
	}
	for _, u := range checked.Understood {
		if slices.ContainsFunc(u.Symbols, p.has) {
			p.Files = append(p.Files, u)
		}
	}
	for _, f := range checked.Brief() {
		if slices.ContainsFunc(p.Files, func(u history.Understood) bool { return u.File == f.File }) && (f.Symbol == "" || p.has(f.Symbol)) {
			p.Findings = append(p.Findings, f)
		}
	}
	return p, nil
}

func (p *Plan) has(symbol string) bool {
	return slices.ContainsFunc(p.Symbols, func(x Planned) bool { return x.Symbol == symbol })
}

// symbols counts the bars of each symbol inside the run's days.
func (p *Plan) symbols(s *Strategy, store *history.Store, from, until time.Time) {
	for _, use := range []struct {
		as   string
		list []string
	}{{"traded", s.Symbols}, {"watched", s.Watch}, {"benchmark", []string{s.Benchmark}}} {
		for _, x := range store.Series() {
			if !slices.Contains(use.list, x.Instrument.Symbol) || p.has(x.Instrument.Symbol) {
				continue
			}
			lo, hi := known(x, from, until)
			row := Planned{Symbol: x.Instrument.Symbol, As: use.as, Size: pitwall.SizeName(x.Size), Bars: max(0, hi-lo), Prices: string(x.Adjusted)}
			if hi > lo {
				row.First, row.Last = runs.DayOf(x.Bar(lo).Start), runs.DayOf(x.Bar(hi-1).Start)
			}
			p.Symbols = append(p.Symbols, row)
		}
	}
}

// Covered says which days the bars of a symbol cover, and which of the strategy's they do
// not.
func (s *Strategy) Covered(series *pitwall.Series) (detail string, gaps []string) {
	first, last := series.Bar(0).Start, series.Bar(series.Len()-1).Start
	detail = fmt.Sprintf("%s: %d bars of %s, %s to %s", series.Instrument.Symbol, series.Len(), pitwall.SizeName(series.Size), first.Format(time.DateOnly), last.Format(time.DateOnly))
	from, to, _ := s.Days() // checked before
	if !from.IsZero() && first.Sub(from) > Quiet {
		gaps = append(gaps, "the strategy begins on "+s.From)
	}
	if !to.IsZero() && to.Sub(last) > Quiet {
		gaps = append(gaps, "the strategy ends on "+s.To)
	}
	return detail, gaps
}
