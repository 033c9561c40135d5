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
		names[clean(t.Agent)] = true
	}
	r.turns = slices.DeleteFunc(r.turns, func(t agentloop.TurnLine) bool { return t.Agent != agent })
	if len(r.turns) == 0 {
		return pitwall.Errorf(pitwall.InvalidInput, "no turn of %s is by an agent %q", oneLine(r.dir), agent).Hintf("its agents are %s", strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	return nil
}

// pick finds the turn that a person means.
func (r *pastRun) pick(text string) (int, error) {
	day, notDay := time.Parse(time.DateOnly, text)
	n, notNumber := strconv.Atoi(text)
	switch {
	case notDay != nil && notNumber != nil && text != "last":
		return 0, &usageError{fmt.Errorf("TURN is %q; write a number, a day like 2024-03-20, or last\n  %s", oneLine(text), r.have())}
	case notNumber == nil && slices.ContainsFunc(r.turns, func(t agentloop.TurnLine) bool { return t.Turn == n }):
		return n, nil
	case notNumber == nil || len(r.turns) == 0:
		return 0, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %s in %s", oneLine(text), oneLine(r.dir)).Hintf("%s", r.have())
	case text == "last":
		return r.turns[len(r.turns)-1].Turn, nil
	}
	for _, t := range slices.Backward(r.turns) {
		if at, err := time.Parse(time.RFC3339, t.AsOf); err == nil && at.Format(time.DateOnly) <= day.Format(time.DateOnly) {
			return t.Turn, nil
		}
	}
	return 0, pitwall.Errorf(pitwall.InvalidInput, "there is no turn up to %s in %s", text, oneLine(r.dir)).Hintf("the first is of %s", oneLine(asOf(r.turns[0].AsOf)))
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
		return a.printSafeJSON(struct {
			Run    string   `json:"run"`
			Status string   `json:"status"`
			Turns  []row    `json:"turns"`
			Total  totals   `json:"total"`
			Notes  []string `json:"notes"`
		}{r.dir, r.Manifest.Status, rows, sum, r.notes()})
	}
	p := a.newPen()
	r.heading(p)
	if len(r.turns) == 0 {
		p.linef(plainText, "no turns yet")
		return p.done()
	}
	p.write("\n")
	r.turnTable(p)
	p.write("\n")
	sum.print(p)
	p.linef(dim, "All of a turn: pitwall trace %s %d", r.dir, r.turns[len(r.turns)-1].Turn)
	return p.done()
}

// heading says which run this is.
func (r *pastRun) heading(p *pen) {
	m := r.Manifest
	p.put(bold, r.dir)
	if m.Model != "" {
		p.put(plainText, fmt.Sprintf(": %s on %s, %s to %s, %s", m.Model, strings.Join(m.Symbols, ", "), m.From, m.To, m.Status))
	}
	p.write("\n")
	for _, n := range r.notes() {
		p.put(yellow, "note: ")
		p.hang(6, plainText, n)
	}
}

func (r *pastRun) turnTable(p *pen) {
	agents, clocks := map[string]bool{}, map[string]bool{}
	for _, t := range r.turns {
		_, clock, _ := strings.Cut(asOf(t.AsOf), " ")
		agents[t.Agent], clocks[clock] = true, true
	}
	var rows [][]cell
	for _, t := range r.turns {
		at, agent, y := asOf(t.AsOf), t.Agent, r.timing[t.Turn]
		if len(clocks) == 1 {
			at, _, _ = strings.Cut(at, " ")
		}
		if len(agents) == 1 {
			agent = ""
		}
		rows = append(rows, []cell{{strconv.Itoa(t.Turn), bold}, {at, plainText}, {agent, cyan}, {t.Why, plainText}, statusCell(t.Status),
			{count(len(t.Calls)), plainText}, {count(t.Orders), plainText}, {r.cost(t.Turn), plainText}, {y.Cache, dim}, r.resultCell(t)})
	}
	columns := []column{{name: "turn", right: true}, {name: "as of"}, {name: "agent"}, {name: "why"}, {name: "status"}, {name: "calls", right: true}, {name: "orders", right: true},
		{name: "USD", right: true}, {name: "cache"}, {name: "result", wide: true}}
	p.table(columns, rows)
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

func statusCell(s agentloop.Status) cell {
	switch s {
	case agentloop.StatusOrdered:
		return cell{string(s), green}
	case agentloop.StatusNoAction:
		return cell{string(s), plainText}
	case agentloop.StatusToolError, agentloop.StatusStepLimit:
		return cell{string(s), yellow}
	}
	return cell{string(s), red}
}

// resultCell is a turn's result, after the kinds of its warnings.
func (r *pastRun) resultCell(t agentloop.TurnLine) cell {
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
		return cell{text, plainText}
	}
	return cell{"! " + strings.Join(kinds, ", ") + ": " + text, yellow}
}

// print writes the last lines: what it all came to.
func (t totals) print(p *pen) {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(t.Status)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.Status[s], s))
	}
	p.put(bold, plural(t.Turns, "turn"))
	p.put(plainText, ": "+strings.Join(parts, ", ")+"\n")
	line := fmt.Sprintf("%s asked for, %d cached; %s", plural(t.Asked, "reply"), t.Cached, spent(t.Tokens, t.USD))
	if t.Cached > 0 && t.RecordedUSD != nil && *t.RecordedUSD > 0 {
		line += fmt.Sprintf("; the cached ones once cost %.4f USD", t.RecordedUSD.Float())
	}
	p.linef(plainText, "%s", line)
	if len(t.Warnings) == 0 {
		p.linef(plainText, "no warnings")
		return
	}
	parts = nil
	for _, kind := range slices.Sorted(maps.Keys(t.Warnings)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.Warnings[kind], kind))
	}
	p.linef(yellow, "warnings: %s", strings.Join(parts, ", "))
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
