package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// traceFlags are trace's settings.
type traceFlags struct {
	agent      string
	full, json bool
}

func (a *app) trace() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:   "trace RUN [TURN]",
		Short: "Show a run's turns, or everything about one turn",
		Long: "RUN is a run's folder, its name below runs/, or last: the newest in runs/. It may still be running, or have crashed.\n" +
			"TURN is a number, a day (2024-03-20: the last turn up to its end), or last. Without it there is a line per turn; columns in\n" +
			"which nothing stands are hidden. With it: what the turn was given, every reply with its reasoning, every call\n" +
			"with its answer, and the orders and fills that followed.",
		Example: "  pitwall trace last\n  pitwall trace last last\n  pitwall trace momentum-1 21 --full | less -R\n  pitwall trace runs/desk-3 --agent risk --json",
		Args:    takes(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := openRun(args[0], f.agent)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return a.traceRun(r, f)
			}
			t, err := r.pick(args[1])
			if err != nil {
				return err
			}
			return a.traceTurn(r, t, f)
		},
	}
	c.Flags().StringVar(&f.agent, "agent", "", "only this agent's turns")
	c.Flags().BoolVar(&f.full, "full", false, "of a turn: whole answers, and the system prompt")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// traceRun prints a line per turn.
func (a *app) traceRun(r *pastRun, f traceFlags) error {
	sum, err := r.turns.Totals()
	if err != nil {
		return err
	}
	if f.json {
		return a.printJSON(struct {
			Run    string        `json:"run"`
			Status string        `json:"status"`
			Turns  runs.Turns    `json:"turns"`
			Total  runs.Totals   `json:"total"`
			Late   []*runs.Order `json:"rejected_at_fill"`
			Notes  []string      `json:"notes"`
		}{r.dir, r.Manifest.Status, append(runs.Turns{}, r.turns...), sum, append([]*runs.Order{}, r.rejectedLate()...), r.notes()})
	}
	p := term.NewPen(a.stdout)
	r.heading(p)
	if len(r.turns) == 0 {
		p.Line(term.Plain, "no turns yet")
		return p.Done()
	}
	p.Write("\n")
	turnTable(p, r.turns)
	p.Write("\n")
	for _, x := range r.rejectedLate() {
		p.Item(term.Red, fmt.Sprintf("turn %d  %s  ", x.Turn, term.OneLine(x.ID)), 4, x.Asked()+": "+x.Became())
	}
	printTotals(p, sum)
	p.Line(term.Dim, "All of a turn: pitwall trace %s %d", r.dir, r.turns[len(r.turns)-1].Turn)
	return p.Done()
}

// rejectedLate returns the orders that were taken and rejected when they could fill: in
// their turn they look sent.
func (r *pastRun) rejectedLate() (late []*runs.Order) {
	for _, x := range r.orders.List {
		if x.Status == pitwall.Rejected && x.Updated.After(x.Sent) {
			late = append(late, x)
		}
	}
	return late
}

// heading says which run this is.
func (r *pastRun) heading(p *term.Pen) {
	m := r.Manifest
	p.Put(term.Bold, r.dir)
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
	p.Put(term.Bold, plural(t.Turns, "turn"))
	p.Put(term.Plain, ": "+counts(t.Status)+"\n")
	line := fmt.Sprintf("%s asked for, %d cached; %s", plural(t.Asked, "reply"), t.Cached, spent(t.Tokens, t.USD))
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
	s := fmt.Sprintf("%s tokens in, %s out", money(float64(u.Input)), money(float64(u.Output)))
	if u.CacheRead > 0 {
		s += fmt.Sprintf(" (%s read from the provider's cache)", money(float64(u.CacheRead)))
	}
	if u.Estimated {
		s += " (estimated)"
	}
	if usd == nil {
		return s + ", cost not known"
	}
	return fmt.Sprintf("%s, %.4f USD", s, usd.Float())
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if stem, ok := strings.CutSuffix(word, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, word)
}
