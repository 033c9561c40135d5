package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop"
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
			r, err := openRun(args[0])
			if err != nil {
				return err
			}
			if err := r.only(f.agent); err != nil {
				return err
			}
			if len(args) == 1 {
				return a.traceRun(r, f)
			}
			n, err := r.pick(args[1])
			if err != nil {
				return err
			}
			return a.traceTurn(r, n, f)
		},
	}
	c.Flags().StringVar(&f.agent, "agent", "", "only this agent's turns")
	c.Flags().BoolVar(&f.full, "full", false, "of a turn: whole answers, and the system prompt")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	return c
}

// only keeps one agent's turns.
func (r *pastRun) only(agent string) error {
	if agent == "" {
		return nil
	}
	names := map[string]bool{}
	for _, t := range r.turns {
		names[term.Clean(t.Agent)] = true
	}
	r.turns = slices.DeleteFunc(r.turns, func(t agentloop.TurnLine) bool { return t.Agent != agent })
	if len(r.turns) == 0 {
		return pitwall.Errorf(pitwall.InvalidInput, "no turn of %s is by an agent %q", term.OneLine(r.dir), agent).Hintf("its agents are %s", strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	return nil
}

// pick finds the turn that a person means.
func (r *pastRun) pick(text string) (int, error) {
	day, notDay := time.Parse(time.DateOnly, text)
	n, notNumber := strconv.Atoi(text)
	switch {
	case notDay != nil && notNumber != nil && text != "last":
		return 0, &usageError{fmt.Errorf("TURN is %q; write a number, a day like 2024-03-20, or last\n  %s", term.OneLine(text), r.have())}
	case notNumber == nil && slices.ContainsFunc(r.turns, func(t agentloop.TurnLine) bool { return t.Turn == n }):
		return n, nil
	case notNumber == nil || len(r.turns) == 0:
		return 0, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %s in %s", term.OneLine(text), term.OneLine(r.dir)).Hintf("%s", r.have())
	case text == "last":
		return r.turns[len(r.turns)-1].Turn, nil
	}
	for _, t := range slices.Backward(r.turns) {
		if at, err := time.Parse(time.RFC3339, t.AsOf); err == nil && at.Format(time.DateOnly) <= day.Format(time.DateOnly) {
			return t.Turn, nil
		}
	}
	return 0, pitwall.Errorf(pitwall.InvalidInput, "there is no turn up to %s in %s", text, term.OneLine(r.dir)).Hintf("the first is of %s", term.OneLine(asOf(r.turns[0].AsOf)))
}

// totals are over the turns shown.
type totals struct {
	Turns       int                      `json:"turns"`
	Status      map[agentloop.Status]int `json:"status"`
	Orders      int                      `json:"order_calls"`
	Asked       int                      `json:"asked"`
	Cached      int                      `json:"cached"`
	Tokens      agentloop.Usage          `json:"tokens"`
	USD         *pitwall.Dec             `json:"usd"`          // null = a price is not known
	RecordedUSD *pitwall.Dec             `json:"recorded_usd"` // what those from the cache cost once
	Warnings    map[string]int           `json:"warnings"`
}

func (r *pastRun) totals() (totals, error) {
	var c pitwall.Calc
	var usd, recorded pitwall.Dec
	t := totals{Turns: len(r.turns), Status: map[agentloop.Status]int{}, Warnings: map[string]int{}, USD: &usd, RecordedUSD: &recorded}
	add := func(sum **pitwall.Dec, d *pitwall.Dec) {
		if *sum == nil || d == nil {
			*sum = nil
			return
		}
		**sum = c.Add(**sum, *d)
	}
	for _, x := range r.turns {
		t.Status[x.Status]++
		t.Orders += x.Orders
		y, timed := r.timing[x.Turn]
		t.Asked, t.Cached, t.Tokens = t.Asked+y.Asked, t.Cached+y.Cached, t.Tokens.Add(y.Usage)
		if timed {
			add(&t.USD, y.USD)
			add(&t.RecordedUSD, y.RecordedUSD)
		}
		for _, w := range append(slices.Clone(x.Warnings), y.Warnings...) {
			t.Warnings[w.Kind]++
		}
	}
	return t, c.Err
}

// traceRun prints a line per turn.
func (a *app) traceRun(r *pastRun, f traceFlags) error {
	sum, err := r.totals()
	if err != nil {
		return err
	}
	if f.json {
		type row struct {
			agentloop.TurnLine
			Timing *agentloop.Timing `json:"timing"`
		}
		rows := []row{}
		for _, t := range r.turns {
			x := row{TurnLine: t}
			if y, ok := r.timing[t.Turn]; ok {
				x.Timing = &y
			}
			rows = append(rows, x)
		}
		return a.printJSON(struct {
			Run    string   `json:"run"`
			Status string   `json:"status"`
			Turns  []row    `json:"turns"`
			Total  totals   `json:"total"`
			Notes  []string `json:"notes"`
		}{r.dir, r.Manifest.Status, rows, sum, r.notes()})
	}
	p := term.NewPen(a.stdout)
	r.heading(p)
	if len(r.turns) == 0 {
		p.Line(term.Plain, "no turns yet")
		return p.Done()
	}
	p.Write("\n")
	r.turnTable(p)
	p.Write("\n")
	sum.print(p)
	p.Line(term.Dim, "All of a turn: pitwall trace %s %d", r.dir, r.turns[len(r.turns)-1].Turn)
	return p.Done()
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

func (r *pastRun) turnTable(p *term.Pen) {
	agents, clocks := map[string]bool{}, map[string]bool{}
	for _, t := range r.turns {
		_, clock, _ := strings.Cut(asOf(t.AsOf), " ")
		agents[t.Agent], clocks[clock] = true, true
	}
	var rows [][]term.Cell
	for _, t := range r.turns {
		at, agent, y := asOf(t.AsOf), t.Agent, r.timing[t.Turn]
		if len(clocks) == 1 {
			at, _, _ = strings.Cut(at, " ")
		}
		if len(agents) == 1 {
			agent = ""
		}
		rows = append(rows, []term.Cell{term.Bold.Cell(strconv.Itoa(t.Turn)), term.Plain.Cell(at), term.Cyan.Cell(agent), term.Plain.Cell(t.Why), statusCell(t.Status),
			term.Plain.Cell(count(len(t.Calls))), term.Plain.Cell(count(t.Orders)), term.Plain.Cell(r.cost(t.Turn)), term.Dim.Cell(y.Cache), r.resultCell(t)})
	}
	columns := []term.Column{{Name: "turn", Right: true}, {Name: "as of"}, {Name: "agent"}, {Name: "why"}, {Name: "status"}, {Name: "calls", Right: true}, {Name: "orders", Right: true},
		{Name: "USD", Right: true}, {Name: "cache"}, {Name: "result", Wide: true}}
	p.Table(term.Table{Columns: columns, Rows: rows})
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
func (r *pastRun) cost(turn int) string {
	y, ok := r.timing[turn]
	switch {
	case !ok || y.USD != nil && *y.USD == 0:
		return ""
	case y.USD == nil:
		return "?"
	}
	return fmt.Sprintf("%.4f", y.USD.Float())
}

func statusCell(s agentloop.Status) term.Cell {
	switch s {
	case agentloop.StatusOrdered:
		return term.Green.Cell(string(s))
	case agentloop.StatusNoAction:
		return term.Plain.Cell(string(s))
	case agentloop.StatusToolError, agentloop.StatusStepLimit:
		return term.Yellow.Cell(string(s))
	}
	return term.Red.Cell(string(s))
}

// resultCell is a turn's result, after the kinds of its warnings.
func (r *pastRun) resultCell(t agentloop.TurnLine) term.Cell {
	var kinds []string
	text := t.Result
	for _, w := range append(slices.Clone(t.Warnings), r.timing[t.Turn].Warnings...) {
		if !slices.Contains(kinds, w.Kind) {
			kinds = append(kinds, w.Kind)
		}
		if text == "" {
			text = w.Detail
		}
	}
	if len(kinds) == 0 {
		return term.Plain.Cell(text)
	}
	return term.Yellow.Cell("! " + strings.Join(kinds, ", ") + ": " + text)
}

// print writes the last lines: what it all came to.
func (t totals) print(p *term.Pen) {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(t.Status)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.Status[s], s))
	}
	p.Put(term.Bold, plural(t.Turns, "turn"))
	p.Put(term.Plain, ": "+strings.Join(parts, ", ")+"\n")
	line := fmt.Sprintf("%s asked for, %d cached; %s", plural(t.Asked, "reply"), t.Cached, spent(t.Tokens, t.USD))
	if t.Cached > 0 && t.RecordedUSD != nil && *t.RecordedUSD > 0 {
		line += fmt.Sprintf("; the cached ones once cost %.4f USD", t.RecordedUSD.Float())
	}
	p.Line(term.Plain, "%s", line)
	if len(t.Warnings) == 0 {
		p.Line(term.Plain, "no warnings")
		return
	}
	parts = nil
	for _, kind := range slices.Sorted(maps.Keys(t.Warnings)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.Warnings[kind], kind))
	}
	p.Line(term.Yellow, "warnings: %s", strings.Join(parts, ", "))
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
