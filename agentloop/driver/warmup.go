package driver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/scripts"
)

// This file is a rule's warm-up: until a symbol has as many bars as the rule's longest
// window holds, an average is one of fewer bars than asked for, and no order is given.

// withWindow gives each rule the number of bars that a symbol needs; bars are by agent.
func withWindow(list []agentloop.Agent, bars map[string]int) []agentloop.Agent {
	list = slices.Clone(list)
	for i, a := range list {
		if r, ok := a.Model.(*scripts.Rule); ok {
			full := *r
			full.Bars = bars[a.Name]
			list[i].Model = &full
		}
	}
	return list
}

// warmup counts the turns at which a symbol had too few bars.
type warmup struct {
	bars  int
	turns int // so far
	waits []wait
}

// wait is one symbol until it has enough bars.
type wait struct {
	symbol string
	full   int64 // when the last of the bars is known; 0 = never
	turns  int   // before that; -1 = it has not come
}

// warmup returns the symbols of a backtest's rule that begin with too few bars.
func (r *run) warmup() *warmup {
	w := &warmup{}
	for _, a := range r.Agents {
		if rule, ok := a.Model.(*scripts.Rule); ok {
			w.bars = rule.Bars
		}
	}
	sim, ok := r.session.(*Sim)
	if !ok || w.bars < 2 || len(sim.pods) > 0 {
		return w
	}
	for _, s := range r.Source.Series() {
		x := wait{symbol: s.Instrument.Symbol, turns: -1}
		if s.Len() >= w.bars {
			x.full = s.Known[w.bars-1]
		}
		if slices.Contains(r.Strategy.Symbols, x.symbol) && (x.full == 0 || x.full > sim.from.UnixNano()) {
			w.waits = append(w.waits, x)
		}
	}
	return w
}

// podWindows says from which day on the rules of pods decide.
func (r *run) podWindows() (list []pitwall.Warning) {
	sim, ok := r.session.(*Sim)
	if !ok {
		return nil
	}
	for _, p := range sim.pods {
		bars := 0
		for _, a := range r.Agents {
			if rule, ok := a.Model.(*scripts.Rule); ok && a.Name == p.Name {
				bars = rule.Bars
			}
		}
		w := &warmup{bars: bars}
		for _, s := range r.Source.Series() {
			if symbol := s.Instrument.Symbol; bars > 1 && slices.Contains(p.Symbols, symbol) && (s.Len() < bars || s.Known[bars-1] > sim.from.UnixNano()) {
				x := wait{symbol: symbol, turns: -1}
				if s.Len() >= bars {
					x.turns, x.full = 1, s.Known[bars-1]
				}
				w.waits = append(w.waits, x)
			}
		}
		for _, x := range w.warnings(sim.world.Zone) {
			x.Text = "pod " + p.Name + ": " + x.Text
			list = append(list, x)
		}
	}
	return list
}

// pass notes how many turns there were before a symbol had its bars. A move of the clock
// is reported after its turn.
func (w *warmup) pass(p agentloop.Progress) {
	for i, x := range w.waits {
		if x.turns < 0 && x.full != 0 && p.AsOf.UnixNano() >= x.full {
			w.waits[i].turns = w.turns
		}
	}
	w.turns = p.Turns
}

// warnings says from which day on the rule decides.
func (w *warmup) warnings(zone *time.Location) []pitwall.Warning {
	var parts []string
	for _, x := range w.waits {
		switch day := time.Unix(0, x.full).In(zone).Format(time.DateOnly); {
		case x.turns < 0:
			parts = append(parts, x.symbol+" never in this run")
		case x.turns > 0 && w.turns == 0: // not counted
			parts = append(parts, x.symbol+" from "+day)
		case x.turns > 0:
			parts = append(parts, fmt.Sprintf("%s from %s (%d turns before)", x.symbol, day, x.turns))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	const most = 3
	if more := len(parts) - most; more > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more symbols", more))
	}
	return []pitwall.Warning{{Text: fmt.Sprintf("no order before the rule's longest window (%d bars) is full: %s; data that begin earlier, or a later from, avoid that", w.bars, strings.Join(parts, ", "))}}
}
