package main

import (
	"fmt"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// This file says why a symbol did not trade on a day.

// standing are orders of the symbol that were open on the day, or ended on it
// without a fill.
func (w *whyReport) standing() {
	for _, x := range w.orders.List {
		if x.Symbol != w.symbol || x.Status == pitwall.Denied || x.Status == pitwall.Rejected || dayOf(x.Sent) > w.day {
			continue
		}
		if x.Status.Open() || dayOf(x.Updated) >= w.day {
			w.pen.Field("order", "%s: %s, sent %s: %s", x.ID, asked(x.OrderState), stamp(x.Sent), became(x))
			w.sentBy(x)
		}
	}
}

// nearestFills names the fills around the day.
func (w *whyReport) nearestFills() {
	var before, after *pitwall.Fill
	for i, f := range w.orders.Fills {
		switch {
		case f.Symbol != w.symbol:
		case dayOf(f.Time) < w.day:
			before = &w.orders.Fills[i]
		case after == nil:
			after = &w.orders.Fills[i]
		}
	}
	if before == nil && after == nil {
		w.pen.Field("fills", "none of %s in the whole run", w.symbol)
		return
	}
	for _, x := range []struct {
		name string
		fill *pitwall.Fill
	}{{"before", before}, {"after", after}} {
		if x.fill == nil {
			w.pen.Field(x.name, "no fill")
			continue
		}
		w.pen.Field(x.name, "%s  %s", stamp(x.fill.Time), bought(*x.fill))
	}
}

// undecided says what the turn decided whose decision held on the day: the last
// one up to its end. A later one could decide nothing about it.
func (w *whyReport) undecided() {
	p := w.pen
	var held, next runs.Turns // of one time each: agents have turns together
	for _, t := range w.turns {
		switch {
		case asOf(t.AsOf) > w.day+"~":
			if len(next) == 0 || next[0].AsOf == t.AsOf {
				next = append(next, t)
			}
		case len(held) > 0 && held[0].AsOf != t.AsOf:
			held = runs.Turns{t}
		default:
			held = append(held, t)
		}
	}
	for _, t := range held {
		p.Write("\n")
		w.decided(t.Turn)
		p.Field("so", "%s", w.notTraded(t))
	}
	if len(held)+len(next) == 0 {
		p.Field("turn", "the run has no turns")
		return
	}
	if len(held) == 0 {
		p.Field("turn", "none up to this day")
	}
	for _, t := range next {
		p.Field("next", "turn %d of %s, %s: %s", t.Turn, asOf(t.AsOf), t.Status, shorten(t.Result, 200))
	}
}

// notTraded is why a turn led to no fill of the symbol.
func (w *whyReport) notTraded(line runs.TurnRow) string {
	switch line.Status {
	case agentloop.StatusNoAction:
		return "it ended without an order"
	case agentloop.StatusModelError, agentloop.StatusTimeout:
		return "its model gave no answer: the turn was skipped"
	case agentloop.StatusBudget, agentloop.StatusTurnBudget:
		return "its budget was used up"
	case agentloop.StatusStepLimit:
		return "it was stopped after its last step"
	}
	var texts []string
	for _, x := range w.orders.ByTurn(line.Turn) {
		s := fmt.Sprintf("%s: %s", asked(x.OrderState), became(x))
		if x.Symbol == w.symbol && len(x.Fills) > 0 {
			return fmt.Sprintf("its order filled on %s", dayOf(x.Fills[0].Time))
		}
		if x.Symbol == w.symbol {
			return "its order did not fill: " + s
		}
		texts = append(texts, s)
	}
	if len(texts) > 0 {
		return "it traded something else: " + few(texts)
	}
	return "none of its orders was accepted"
}
