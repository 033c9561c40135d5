package show

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// Overview is a run's turns, a line each, and what they came to.
type Overview struct {
	Run    string        `json:"run"`
	Status string        `json:"status"`
	Turns  runs.Turns    `json:"turns"`
	Total  runs.Totals   `json:"total"`
	Late   []*runs.Order `json:"rejected_at_fill"`
	Notes  []string      `json:"notes"`
	of     *Run
}

// Overview returns the turns that were read.
func (r *Run) Overview() (Overview, error) {
	sum, err := r.Turns.Totals()
	return Overview{r.Dir, r.Manifest.Status, append(runs.Turns{}, r.Turns...), sum, append([]*runs.Order{}, r.rejectedLate()...), r.notes(), r}, err
}

// Print prints a line per turn.
func (o Overview) Print(p *term.Pen) {
	o.of.heading(p)
	if len(o.Turns) == 0 {
		p.Line(term.Plain, "no turns yet")
		return
	}
	p.Write("\n")
	turnTable(p, o.Turns)
	p.Write("\n")
	for _, x := range o.Late {
		p.Item(term.Red, fmt.Sprintf("turn %d  %s  ", x.Turn, term.OneLine(x.ID)), 4, x.Asked()+": "+x.Became())
	}
	printTotals(p, o.Total)
	if score, err := o.of.DeskScore(); err != nil {
		p.Note("  ", "what the desk was worth is unknown: "+err.Error())
	} else {
		textTables(p, report.DeskTables(score))
	}
	if m, err := o.of.Memory(); err != nil {
		p.Note("  ", "what the run remembered is unknown: "+err.Error())
	} else {
		textTables(p, report.MemoryTables(m))
	}
	p.Line(term.Dim, "All of a turn: pitwall trace %s %d", o.Run, o.Turns[len(o.Turns)-1].Turn)
}

// rejectedLate returns the orders that were taken and rejected when they could fill: in
// their turn they look sent.
func (r *Run) rejectedLate() (late []*runs.Order) {
	for _, x := range r.Orders.List {
		if x.Status == pitwall.Rejected && x.Updated.After(x.Sent) {
			late = append(late, x)
		}
	}
	return late
}

// heading says which run this is.
func (r *Run) heading(p *term.Pen) {
	m := r.Manifest
	p.Put(term.Bold, r.Dir)
	if m.Model != "" {
		p.Put(term.Plain, fmt.Sprintf(": %s on %s, %s to %s, %s", m.Model, strings.Join(m.Symbols, ", "), m.From, m.To, m.Status))
	}
	p.Write("\n")
	for _, n := range r.notes() {
		p.Note("note: ", n)
	}
}

func turnTable(p *term.Pen, turns runs.Turns) {
	clocks, agents := map[string]bool{}, turns.Agents()
	for _, t := range turns {
		_, clock, _ := strings.Cut(asOf(t.AsOf), " ")
		clocks[clock] = true
	}
	x := term.Table{Columns: []term.Column{{Name: "turn", Right: true}, {Name: "as of"}, {Name: "agent"}, {Name: "why"}, {Name: "status"}, {Name: "calls", Right: true}, {Name: "orders", Right: true},
		{Name: "USD", Right: true}, {Name: "cache"}, {Name: "result", Wide: true}}}
	for _, t := range turns {
		at, agent := asOf(t.AsOf), t.Agent
		if len(clocks) == 1 {
			at, _, _ = strings.Cut(at, " ")
		}
		if len(agents) == 1 {
			agent = ""
		}
		x.Rows = append(x.Rows, []term.Cell{term.Bold.Cell(strconv.Itoa(t.Turn)), {Text: at}, term.Cyan.Cell(agent), {Text: t.Why}, turnStyle(t.Status).Cell(string(t.Status)),
			{Text: count(len(t.Calls))}, {Text: count(t.Orders)}, {Text: cost(t)}, term.Dim.Cell(t.Timed().Cache), resultCell(t)})
	}
	p.Table(x)
}

// count leaves a zero out: the eye finds what is there.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// cost is what a turn cost now: nothing for free models and recorded replies, a
// question mark when the price is not known.
func cost(t runs.TurnRow) string {
	switch {
	case t.Timing == nil || t.Timing.USD != nil && *t.Timing.USD == 0:
		return ""
	case t.Timing.USD == nil:
		return "?"
	}
	return fmt.Sprintf("%.4f", t.Timing.USD.Float())
}

func turnStyle(s agentloop.Status) term.Style {
	switch s {
	case agentloop.StatusOrdered:
		return term.Green
	case agentloop.StatusNoAction:
		return term.Plain
	case agentloop.StatusToolError, agentloop.StatusStepLimit:
		return term.Yellow
	}
	return term.Red
}

// resultCell is a turn's result, after the kinds of its warnings.
func resultCell(t runs.TurnRow) term.Cell {
	var kinds []string
	text := t.Result
	for _, w := range t.AllWarnings() {
		if !slices.Contains(kinds, w.Kind) {
			kinds = append(kinds, w.Kind)
		}
		text = cmp.Or(text, w.Detail)
	}
	if len(kinds) == 0 {
		return term.Plain.Cell(text)
	}
	return term.Yellow.Cell("! " + strings.Join(kinds, ", ") + ": " + text)
}

// printTotals writes the last lines: what it all came to.
func printTotals(p *term.Pen, t runs.Totals) {
	p.Put(term.Bold, term.Plural(t.Turns, "turn"))
	p.Put(term.Plain, ": "+counts(t.Status)+"\n")
	line := fmt.Sprintf("%s asked for, %d cached; %s", term.Plural(t.Asked, "reply"), t.Cached, spent(t.Tokens, t.USD))
	if t.Cached > 0 && t.RecordedUSD != nil && *t.RecordedUSD > 0 {
		line += fmt.Sprintf("; the cached ones once cost %.4f USD", t.RecordedUSD.Float())
	}
	p.Line(term.Plain, "%s", line)
	if len(t.Warnings) == 0 {
		p.Line(term.Plain, "no warnings")
	} else {
		p.Line(term.Yellow, "warnings: %s", counts(t.Warnings))
	}
}

// counts writes how often each key was counted, in the keys' order.
func counts[K ~string](by map[K]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d %s", by[k], k))
	}
	return strings.Join(parts, ", ")
}

// spent says tokens and money.
func spent(u agentloop.Usage, usd *pitwall.Dec) string {
	if u == (agentloop.Usage{}) && usd != nil && *usd == 0 {
		return "no tokens, nothing to pay"
	}
	s := fmt.Sprintf("%s tokens in, %s out", Money(float64(u.Input)), Money(float64(u.Output)))
	if u.CacheRead > 0 {
		s += fmt.Sprintf(" (%s read from the provider's cache)", Money(float64(u.CacheRead)))
	}
	if u.Estimated {
		s += " (estimated)"
	}
	if usd == nil {
		return s + ", cost not known"
	}
	return fmt.Sprintf("%s, %.4f USD", s, usd.Float())
}
