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
	p := a.newPen()
	r.turnHead(p, t)
	most := func(lines int) int {
		if f.full {
			return 0
		}
		return lines
	}
	if f.full {
		section(p, "system prompt")
		p.prose(2, dim, t.System)
	}
	for i, m := range t.Messages {
		if m.User != "" {
			section(p, "given")
			p.rows(2, most(snapshotLines), plainText, m.User)
		}
		if m.Reply != nil {
			replyOf(p, i, m, most)
		}
	}
	ending := t.Error != "" || len(t.Warnings) > 0 || len(r.timing[n].Warnings) > 0 || len(r.timing[n].Tries) > 0
	if ending {
		section(p, "trouble")
		r.trouble(p, t)
	}
	if len(t.Output) > 0 {
		section(p, "output")
		p.rows(2, most(argumentLines), plainText, indented(t.Output))
	}
	if len(followed) > 0 {
		section(p, "what followed")
		for _, x := range followed {
			printOrder(p, x)
		}
	}
	section(p, "used")
	r.used(p, n)
	if !f.full {
		p.linef(dim, "  whole answers and the system prompt: pitwall trace %s %d --full", r.dir, n)
	}
	return p.done()
}

func section(p *pen, name string) {
	p.write("\n")
	p.linef(bold, "%s", name)
}

func (r *pastRun) turnHead(p *pen, t *agentloop.Turn) {
	status := statusCell(t.Status)
	p.put(bold, fmt.Sprintf("turn %d", t.Turn))
	p.put(plainText, " of "+r.dir+"  ")
	at := t.AsOf
	if x, err := time.Parse(time.RFC3339, t.AsOf); err == nil {
		at = x.Format("Mon 2006-01-02 15:04 -07:00")
	}
	p.put(plainText, at+"  ")
	p.put(status.style, status.text)
	p.write("\n")
	model := t.Model
	for _, k := range slices.Sorted(maps.Keys(t.Params)) {
		model += fmt.Sprintf(" %s=%v", k, t.Params[k])
	}
	if t.Result != "" {
		p.field("result", "%s", t.Result) // first: the rest says how it came to it
	}
	p.field("agent", "%s, %s", t.Agent, oneLine(model))
	p.field("why", "%s", t.Why)
	if t.StateDigest != "" {
		p.field("digest", "%s of all that could be seen", cut(t.StateDigest, 19))
	}
	p.field("tools", "%d offered", len(t.Tools))
}

// replyOf prints a reply: what was thought, said and called, with the answers.
func replyOf(p *pen, n int, m agentloop.Message, most func(int) int) {
	section(p, fmt.Sprintf("reply %d", n))
	p.prose(2, dim, m.Reply.Reasoning)
	p.prose(2, plainText, m.Reply.Text)
	if m.Reply.Stop != "" && m.Reply.Stop != agentloop.StopEnd && m.Reply.Stop != agentloop.StopCalls {
		p.linef(yellow, "  it ended because of: %s", m.Reply.Stop)
	}
	for i, c := range m.Reply.Calls {
		p.put(cyan, "  "+oneLine(c.Name))
		arguments(p, c, most(argumentLines))
		if i >= len(m.Results) {
			p.linef(red, "    no answer was recorded")
			continue
		}
		s := plainText
		if m.Results[i].IsError {
			s = red
		}
		p.answer(most(answerLines), s, withoutMode(m.Results[i].Text))
	}
	if len(m.Reply.Calls) == 0 && m.Reply.Text == "" {
		p.linef(yellow, "  an empty reply")
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
func arguments(p *pen, c agentloop.Call, most int) {
	line := compact(c.Arguments)
	room := 100
	if p.width > 0 {
		room = p.width
	}
	var fields map[string]json.RawMessage
	if len(line)+len(c.Name)+4 <= room || json.Unmarshal(c.Arguments, &fields) != nil {
		p.linef(plainText, " %s", line)
		return
	}
	p.write("\n")
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		text := compact(fields[k])
		var s string
		if json.Unmarshal(fields[k], &s) == nil {
			text = s
		}
		p.put(dim, fmt.Sprintf("    %s: ", oneLine(k)))
		if !strings.Contains(strings.TrimSpace(text), "\n") {
			p.hang(6, plainText, text)
			continue
		}
		p.write("\n")
		p.rows(6, most, plainText, text)
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
func (r *pastRun) trouble(p *pen, t *agentloop.Turn) {
	if t.Error != "" {
		p.put(red, "  error ")
		p.hang(4, plainText, t.Error)
	}
	y := r.timing[t.Turn]
	for _, w := range append(slices.Clone(t.Warnings), y.Warnings...) {
		if w.Detail == t.Error && t.Error != "" {
			continue // model_skipped repeats it
		}
		p.put(yellow, "  "+oneLine(w.Kind)+" ")
		p.hang(4, plainText, oneLine(w.Detail))
	}
	for _, x := range y.Tries {
		what := "no answer"
		if x.Status != 0 {
			what = fmt.Sprintf("HTTP %d", x.Status)
		}
		p.put(yellow, "  try ")
		p.hang(4, plainText, fmt.Sprintf("%s: %s; waited %v", what, oneLine(x.Error), x.Wait.Round(time.Millisecond)))
	}
}

// printOrder prints an order and its fills.
func printOrder(p *pen, x *pastOrder) {
	p.put(cyan, "  "+oneLine(x.ID)+"  ")
	p.hang(4, plainText, asked(x.OrderState))
	s := plainText
	if x.Status == pitwall.Denied || x.Status == pitwall.Rejected {
		s = red
	}
	if len(x.fills) == 0 || x.Status != pitwall.Filled {
		p.prose(4, s, became(x))
	}
	for _, f := range x.fills {
		p.put(dim, "    "+stamp(f.Time)+"  ")
		p.hang(6, green, bought(f))
	}
	for _, c := range x.changes {
		p.put(plainText, "    "+stamp(c.AsOf)+"  ")
		p.hang(6, plainText, change(c))
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
func (r *pastRun) used(p *pen, n int) {
	y, ok := r.timing[n]
	if !ok {
		p.linef(dim, "  timing.jsonl has no line for it")
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
	p.linef(plainText, "  %s asked for, %d from the cache%s", plural(y.Asked, "reply"), y.Cached, from)
	p.linef(plainText, "  %s%s", spent(y.Usage, y.USD), whole)
	if y.Cached > 0 && y.RecordedUSD != nil && *y.RecordedUSD > 0 {
		p.linef(plainText, "  what was cached once cost %.4f USD", y.RecordedUSD.Float())
	}
	p.linef(plainText, "  %.2f s, of which the model %.2f s", y.Seconds, y.ModelSeconds)
	if y.Miss != "" {
		p.linef(plainText, "  not replayed: the nearest recorded turn differs in %s", y.Miss)
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
	return a.printSafeJSON(struct {
		Run    string            `json:"run"`
		Turn   json.RawMessage   `json:"turn"`
		Timing *agentloop.Timing `json:"timing"`
		Orders []order           `json:"orders"`
		Notes  []string          `json:"notes"`
	}{r.dir, raw, timing, list, r.notes()})
}
