package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// How many lines are shown without --full.
const (
	snapshotLines = 24
	answerLines   = 8
	argumentLines = 12
)

// traceTurn prints one turn for a person.
func (a *app) traceTurn(r *pastRun, n int, f traceFlags) error {
	t, raw, err := r.turn(n)
	if err != nil {
		return err
	}
	past := r.orders()
	followed := past.from(n)
	if f.json {
		return a.turnJSON(r, n, raw, followed)
	}
	p := term.NewPen(a.stdout)
	r.turnHead(p, t)
	most := func(lines int) int {
		if f.full {
			return 0
		}
		return lines
	}
	if f.full {
		p.Section("system prompt")
		p.Prose(2, term.Dim, t.System)
	}
	for i, m := range t.Messages {
		if m.User != "" {
			p.Section("given")
			p.Rows("  ", most(snapshotLines), term.Plain, m.User)
		}
		if m.Reply != nil {
			replyOf(p, i, m, most)
		}
	}
	ending := t.Error != "" || len(t.Warnings) > 0 || len(r.timing[n].Warnings) > 0 || len(r.timing[n].Tries) > 0
	if ending {
		p.Section("trouble")
		r.trouble(p, t)
	}
	if len(t.Output) > 0 {
		p.Section("output")
		p.Rows("  ", most(argumentLines), term.Plain, indented(t.Output))
	}
	if len(followed) > 0 {
		p.Section("what followed")
		for _, x := range followed {
			printOrder(p, x)
		}
	}
	p.Section("used")
	r.used(p, n)
	if !f.full {
		p.Line(term.Dim, "  whole answers and the system prompt: pitwall trace %s %d --full", r.dir, n)
	}
	return p.Done()
}

func (r *pastRun) turnHead(p *term.Pen, t *agentloop.Turn) {
	status := statusCell(t.Status)
	p.Put(term.Bold, fmt.Sprintf("turn %d", t.Turn))
	p.Put(term.Plain, " of "+r.dir+"  ")
	at := t.AsOf
	if x, err := time.Parse(time.RFC3339, t.AsOf); err == nil {
		at = x.Format("Mon 2006-01-02 15:04 -07:00")
	}
	p.Put(term.Plain, at+"  ")
	p.Put(status.Style, status.Text)
	p.Write("\n")
	model := t.Model
	for _, k := range slices.Sorted(maps.Keys(t.Params)) {
		model += fmt.Sprintf(" %s=%v", k, t.Params[k])
	}
	if t.Result != "" {
		p.Field("result", "%s", t.Result) // first: the rest says how it came to it
	}
	p.Field("agent", "%s, %s", t.Agent, term.OneLine(model))
	p.Field("why", "%s", t.Why)
	if t.StateDigest != "" {
		p.Field("digest", "%s of all that could be seen", term.Cut(t.StateDigest, 19))
	}
	p.Field("tools", "%d offered", len(t.Tools))
}

// replyOf prints a reply: what was thought, said and called, with the answers.
func replyOf(p *term.Pen, n int, m agentloop.Message, most func(int) int) {
	p.Section(fmt.Sprintf("reply %d", n))
	p.Prose(2, term.Dim, m.Reply.Reasoning)
	p.Prose(2, term.Plain, m.Reply.Text)
	if m.Reply.Stop != "" && m.Reply.Stop != agentloop.StopEnd && m.Reply.Stop != agentloop.StopCalls {
		p.Line(term.Yellow, "  it ended because of: %s", m.Reply.Stop)
	}
	for i, c := range m.Reply.Calls {
		p.Put(term.Cyan, "  "+term.OneLine(c.Name))
		arguments(p, c, most(argumentLines))
		if i >= len(m.Results) {
			p.Line(term.Red, "    no answer was recorded")
			continue
		}
		s := term.Plain
		if m.Results[i].IsError {
			s = term.Red
		}
		p.Rows("    | ", most(answerLines), s, withoutMode(m.Results[i].Text))
	}
	if len(m.Reply.Calls) == 0 && m.Reply.Text == "" {
		p.Line(term.Yellow, "  an empty reply")
	}
}

// withoutMode leaves out the line that begins every answer: the turn's head has
// said mode and time.
func withoutMode(text string) string {
	if first, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(first, "mode=") && strings.TrimSpace(rest) != "" {
		return rest
	}
	return text
}

// arguments ends a call's line with its arguments, or writes them below it, one
// a line, when they are long: SQL is read in lines.
func arguments(p *term.Pen, c agentloop.Call, most int) {
	line := compact(c.Arguments)
	room := 100
	if p.Width > 0 {
		room = p.Width
	}
	var fields map[string]json.RawMessage
	if len(line)+len(c.Name)+4 <= room || json.Unmarshal(c.Arguments, &fields) != nil {
		p.Line(term.Plain, " %s", line)
		return
	}
	p.Write("\n")
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		text := compact(fields[k])
		var s string
		if json.Unmarshal(fields[k], &s) == nil {
			text = s
		}
		p.Put(term.Dim, fmt.Sprintf("    %s: ", term.OneLine(k)))
		if !strings.Contains(strings.TrimSpace(text), "\n") {
			p.Hang(6, term.Plain, text)
			continue
		}
		p.Write("\n")
		p.Rows("      ", most, term.Plain, text)
	}
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return report.PlainJSON(b.Bytes())
}

func indented(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return report.PlainJSON(b.Bytes())
}

// trouble prints errors, warnings and failed attempts.
func (r *pastRun) trouble(p *term.Pen, t *agentloop.Turn) {
	if t.Error != "" {
		p.Item(term.Red, "  error ", 4, t.Error)
	}
	y := r.timing[t.Turn]
	for _, w := range append(slices.Clone(t.Warnings), y.Warnings...) {
		if w.Detail == t.Error && t.Error != "" {
			continue // model_skipped repeats it
		}
		p.Item(term.Yellow, "  "+term.OneLine(w.Kind)+" ", 4, term.OneLine(w.Detail))
	}
	for _, x := range y.Tries {
		what := "no answer"
		if x.Status != 0 {
			what = fmt.Sprintf("HTTP %d", x.Status)
		}
		p.Item(term.Yellow, "  try ", 4, fmt.Sprintf("%s: %s; waited %v", what, term.OneLine(x.Error), x.Wait.Round(time.Millisecond)))
	}
}

// printOrder prints an order and its fills.
func printOrder(p *term.Pen, x *pastOrder) {
	p.Item(term.Cyan, "  "+term.OneLine(x.ID)+"  ", 4, asked(x.OrderState))
	s := term.Plain
	if x.Status == pitwall.Denied || x.Status == pitwall.Rejected {
		s = term.Red
	}
	if len(x.fills) == 0 || x.Status != pitwall.Filled {
		p.Prose(4, s, became(x))
	}
	for _, f := range x.fills {
		p.Put(term.Dim, "    "+stamp(f.Time)+"  ")
		p.Hang(6, term.Green, bought(f))
	}
	for _, c := range x.changes {
		p.Item(term.Plain, "    "+stamp(c.AsOf)+"  ", 6, change(c))
	}
}

// change says what a later intent asked for.
func change(e pitwall.Entry) string {
	s := cmp.Or(e.Verb, "replace") // a change that was denied has no verb
	if raw, err := json.Marshal(e.Change); err == nil && e.Change != nil {
		s += " " + string(raw)
	}
	if e.Turn > 0 {
		s += fmt.Sprintf(" by turn %d", e.Turn)
	}
	if e.Note != "" {
		s += ": " + e.Note
	}
	return s
}

// used prints what a turn cost: of this run, not of the record.
func (r *pastRun) used(p *term.Pen, n int) {
	y, ok := r.timing[n]
	if !ok {
		p.Line(term.Dim, "  timing.jsonl has no line for it")
		return
	}
	whole := ""
	if u, err := r.Usage(); err == nil && u.CostUSD != nil && y.USD != nil && *y.USD > 0 {
		whole = fmt.Sprintf(" of the run's %.4f USD", u.CostUSD.Float())
	}
	from := ""
	switch {
	case y.Cache == "turn":
		from = ": the whole turn was replayed, no model was asked"
	case y.Cached > 0:
		from = ": an interrupted turn went on"
	}
	p.Line(term.Plain, "  %s asked for, %d from the cache%s", plural(y.Asked, "reply"), y.Cached, from)
	p.Line(term.Plain, "  %s%s", spent(y.Usage, y.USD), whole)
	if y.Cached > 0 && y.RecordedUSD != nil && *y.RecordedUSD > 0 {
		p.Line(term.Plain, "  what was cached once cost %.4f USD", y.RecordedUSD.Float())
	}
	p.Line(term.Plain, "  %.2f s, of which the model %.2f s", y.Seconds, y.ModelSeconds)
	if y.Miss != "" {
		p.Line(term.Plain, "  not replayed: the nearest recorded turn differs in %s", y.Miss)
	}
}

// turnJSON prints the record as it is, with what belongs to it.
func (a *app) turnJSON(r *pastRun, n int, raw []byte, followed []*pastOrder) error {
	type order struct {
		pitwall.OrderState
		Fills []pitwall.Fill `json:"fills"`
	}
	list := []order{}
	for _, x := range followed {
		list = append(list, order{x.OrderState, append([]pitwall.Fill{}, x.fills...)})
	}
	var timing *agentloop.Timing
	if y, ok := r.timing[n]; ok {
		timing = &y
	}
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	return a.printJSON(struct {
		Run    string            `json:"run"`
		Turn   json.RawMessage   `json:"turn"`
		Timing *agentloop.Timing `json:"timing"`
		Orders []order           `json:"orders"`
		Notes  []string          `json:"notes"`
	}{r.dir, raw, timing, list, r.notes()})
}
