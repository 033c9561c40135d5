package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/desk"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// How many lines are shown without --full.
const (
	snapshotLines = 24
	answerLines   = 8
	argumentLines = 12
)

// Turn is one turn, whole.
type Turn struct {
	Run    string            `json:"run"`
	Turn   json.RawMessage   `json:"turn"`
	Timing *agentloop.Timing `json:"timing"`
	Orders []*runs.Order     `json:"orders"`
	Notes  []string          `json:"notes"`

	of     *Run
	row    runs.TurnRow
	record *agentloop.Turn
}

// Turn returns a turn of the run.
func (r *Run) Turn(row runs.TurnRow) (Turn, error) {
	t, raw, err := r.turn(row.Turn)
	return Turn{r.Dir, bytes.ToValidUTF8(raw, []byte("\uFFFD")), row.Timing, append([]*runs.Order{}, r.Orders.ByTurn(row.Turn)...), r.notes(), r, row, t}, err
}

// Print prints the turn; full leaves nothing out.
func (x Turn) Print(p *term.Pen, full bool) {
	t, row := x.record, x.row
	turnHead(p, x.Run, t)
	most := func(lines int) int {
		if full {
			return 0
		}
		return lines
	}
	if full {
		p.Section("system prompt")
		p.Prose(2, term.Dim, t.System)
	}
	said := desk.Conversation(t)
	if len(said) > 0 {
		p.Section("the desk")
		for _, line := range said {
			p.Item(term.Cyan, "  "+term.OneLine(line.Role)+"  ", 4, term.OneLine(line.Text))
		}
	}
	for i, m := range t.Messages {
		if len(said) > 0 && !full {
			break // the conversation is what they came to
		}
		if m.User != "" {
			p.Section(strings.TrimSuffix("given to "+term.OneLine(m.Role), " to "))
			p.Rows("  ", most(snapshotLines), term.Plain, m.User)
		}
		if m.Reply != nil {
			replyOf(p, i, m, most)
		}
	}
	row.Warnings = t.Warnings // the record's, whole
	if t.Error != "" || len(row.AllWarnings())+len(row.Timed().Tries) > 0 {
		p.Section("trouble")
		trouble(p, t.Error, row)
	}
	if len(t.Output) > 0 && (len(said) == 0 || full) {
		p.Section("output")
		p.Rows("  ", most(argumentLines), term.Plain, indented(t.Output))
	}
	if len(x.Orders) > 0 {
		p.Section("what followed")
	}
	for _, o := range x.Orders {
		printOrder(p, o)
	}
	p.Section("used")
	x.of.used(p, row.Timing)
	if !full {
		p.Line(term.Dim, "  whole answers and the system prompt: pitwall trace %s %d --full", x.Run, row.Turn)
	}
}

func turnHead(p *term.Pen, dir string, t *agentloop.Turn) {
	p.Put(term.Bold, fmt.Sprintf("turn %d", t.Turn))
	p.Put(term.Plain, " of "+dir+"  ")
	at := t.AsOf
	if x, err := time.Parse(time.RFC3339, t.AsOf); err == nil {
		at = x.Format("Mon 2006-01-02 15:04 -07:00")
	}
	p.Put(term.Plain, at+"  ")
	p.Line(turnStyle(t.Status), "%s", t.Status)
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
	p.Section(strings.TrimSuffix(fmt.Sprintf("reply %d of %s", n, term.OneLine(m.Role)), " of "))
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

// compact writes JSON in one line, indented in lines; what is no JSON stays.
func compact(raw json.RawMessage) string { return plainJSON(raw, json.Compact) }

func indented(raw json.RawMessage) string {
	return plainJSON(raw, func(b *bytes.Buffer, raw []byte) error { return json.Indent(b, raw, "", "  ") })
}

func plainJSON(raw json.RawMessage, write func(*bytes.Buffer, []byte) error) string {
	var b bytes.Buffer
	if write(&b, raw) != nil {
		return string(raw)
	}
	return report.PlainJSON(b.Bytes())
}

// trouble prints errors, warnings and failed attempts.
func trouble(p *term.Pen, failed string, t runs.TurnRow) {
	if failed != "" {
		p.Item(term.Red, "  error ", 4, failed)
	}
	for _, w := range t.AllWarnings() {
		if w.Detail != failed || failed == "" { // model_skipped repeats it
			p.Item(term.Yellow, "  "+term.OneLine(w.Kind)+" ", 4, term.OneLine(w.Detail))
		}
	}
	for _, x := range t.Timed().Tries {
		what := "no answer"
		if x.Status != 0 {
			what = fmt.Sprintf("HTTP %d", x.Status)
		}
		p.Item(term.Yellow, "  try ", 4, fmt.Sprintf("%s: %s; waited %v", what, term.OneLine(x.Error), x.Wait.Round(time.Millisecond)))
	}
}

// printOrder prints an order and its fills.
func printOrder(p *term.Pen, x *runs.Order) {
	p.Item(term.Cyan, "  "+term.OneLine(x.ID)+"  ", 4, x.Asked())
	s := term.Plain
	if x.Status == pitwall.Denied || x.Status == pitwall.Rejected {
		s = term.Red
	}
	if len(x.Fills) == 0 || x.Status != pitwall.Filled {
		p.Prose(4, s, x.Became())
	}
	for _, f := range x.Fills {
		p.Put(term.Dim, "    "+runs.Stamp(f.Time)+"  ")
		p.Hang(6, term.Green, runs.FillText(f))
	}
	for _, c := range x.Changes {
		p.Item(term.Plain, "    "+runs.Stamp(c.AsOf)+"  ", 6, runs.ChangeText(c))
	}
}

// used prints what a turn cost: of this run, not of the record.
func (r *Run) used(p *term.Pen, y *agentloop.Timing) {
	if y == nil {
		p.Line(term.Dim, "  timing.jsonl has no line for it")
		return
	}
	whole := ""
	if u, err := r.Usage(); err == nil && u.CostUSD != nil && y.USD != nil && *y.USD > 0 {
		whole = fmt.Sprintf(" of the run's %.4f USD", u.CostUSD.Float())
	}
	from := ""
	switch {
	case y.Cache == agentloop.CacheParent:
		from = ": the turn stands as the parent has it, no model was asked"
	case y.Cache == "turn":
		from = ": the whole turn was replayed, no model was asked"
	case y.Cached > 0:
		from = ": an interrupted turn went on"
	}
	p.Line(term.Plain, "  %s asked for, %d from the cache%s", term.Plural(y.Asked, "reply"), y.Cached, from)
	p.Line(term.Plain, "  %s%s", spent(y.Usage, y.USD), whole)
	if y.Cached > 0 && y.RecordedUSD != nil && *y.RecordedUSD > 0 {
		p.Line(term.Plain, "  what was cached once cost %.4f USD", y.RecordedUSD.Float())
	}
	p.Line(term.Plain, "  %.2f s, of which the model %.2f s", y.Seconds, y.ModelSeconds)
	if y.Miss != "" {
		p.Line(term.Plain, "  not replayed: the nearest recorded turn differs in %s", y.Miss)
	}
}
