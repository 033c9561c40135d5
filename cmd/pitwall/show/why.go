package show

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// Why says why the run traded a symbol on a day, or why it did not.
func (r *Run) Why(p *term.Pen, symbol string, day time.Time) {
	w := whyReport{Run: r, Pen: p, symbol: symbol, day: runs.DayOf(day), explained: map[int]bool{}}
	w.print(r.Orders.Why(r.Turns, symbol, w.day))
}

// whyReport answers one question.
type whyReport struct {
	*Run
	*term.Pen
	symbol, day string
	explained   map[int]bool // turns that were explained
}

// Symbol finds what a person calls a symbol.
func (r *Run) Symbol(name string) (string, error) {
	known := slices.Concat(r.Manifest.Symbols, r.Orders.Symbols())
	slices.Sort(known)
	known = slices.Compact(known)
	if i := slices.IndexFunc(known, func(s string) bool { return strings.EqualFold(s, name) }); i >= 0 {
		return known[i], nil
	}
	e := pitwall.Errorf(pitwall.UnknownSymbol, "%s knows no %s", term.OneLine(r.Dir), term.OneLine(name))
	if len(known) == 0 {
		return "", e.Hintf("it has no manifest and no orders to tell its symbols by")
	}
	return "", e.Hintf("did you mean %s? it trades %s", term.OneLine(pitwall.Nearest(name, known)), term.OneLine(strings.Join(known, ", ")))
}

// print writes the answer: the fills, or why there is none.
func (w *whyReport) print(y runs.Why) {
	for _, n := range w.notes() {
		w.Note("note: ", n)
	}
	w.Item(term.Bold, w.symbol+" on "+w.day+": ", 4, w.answer(y))
	for _, x := range y.Refused {
		w.Item(term.Red, fmt.Sprintf("  %-9s", x.Status), 11, x.Asked()+": "+strings.TrimPrefix(x.Became(), string(x.Status)+": "))
		w.sentBy(x)
	}
	for _, f := range y.Flows {
		w.Note("  event    ", runs.FlowText(f))
	}
	for _, x := range y.Orders {
		w.explain(x)
	}
	if len(y.Orders) > 0 {
		return
	}
	for _, x := range y.Open {
		w.Field("order", "%s: %s, sent %s: %s", x.ID, x.Asked(), runs.Stamp(x.Sent), x.Became())
		w.sentBy(x)
	}
	if y.Before == nil && y.After == nil {
		w.Field("fills", "none of %s in the whole run", w.symbol)
	} else {
		w.nearest("before", y.Before)
		w.nearest("after", y.After)
	}
	w.undecided(y.Held, y.Next)
}

// answer is the answer in a sentence.
func (w *whyReport) answer(y runs.Why) string {
	var fills []string
	for _, f := range y.Fills {
		fills = append(fills, fmt.Sprintf("%s %v at %v", f.Side, f.Qty, f.Price.Round(4)))
	}
	m := w.Manifest
	switch {
	case y.Day == w.day && len(fills) > 0:
		return term.Few(fills)
	case len(fills) > 0:
		return fmt.Sprintf("no fill; next to it, on %s: %s", y.Day, term.Few(fills))
	case len(y.Orders) > 0:
		return fmt.Sprintf("no fill, but an order was sent that filled on %s", y.Day)
	case m.From != "" && (w.day < m.From || w.day > m.To):
		return fmt.Sprintf("no fill: the run goes from %s to %s", m.From, m.To)
	}
	return "no fill"
}

// nearest names a fill near the day.
func (w *whyReport) nearest(name string, f *pitwall.Fill) {
	if f == nil {
		w.Field(name, "no fill")
		return
	}
	w.Field(name, "%s  %s", runs.Stamp(f.Time), runs.FillText(*f))
}

// undecided says what the turn decided whose decision held on the day: the last
// one up to its end. A later one could decide nothing about it.
func (w *whyReport) undecided(held, next runs.Turns) {
	for _, t := range held {
		w.Write("\n")
		w.decided(t.Turn)
		w.Field("so", "%s", w.notTraded(t))
	}
	if len(held)+len(next) == 0 {
		w.Field("turn", "the run has no turns")
		return
	}
	if len(held) == 0 {
		w.Field("turn", "none up to this day")
	}
	for _, t := range next {
		w.Field("next", "turn %d of %s, %s: %s", t.Turn, asOf(t.AsOf), t.Status, shorten(t.Result, 200))
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
	for _, x := range w.Orders.ByTurn(line.Turn) {
		s := fmt.Sprintf("%s: %s", x.Asked(), x.Became())
		if x.Symbol == w.symbol && len(x.Fills) > 0 {
			return fmt.Sprintf("its order filled on %s", runs.DayOf(x.Fills[0].Time))
		}
		if x.Symbol == w.symbol {
			return "its order did not fill: " + s
		}
		texts = append(texts, s)
	}
	if len(texts) > 0 {
		return "it traded something else: " + term.Few(texts)
	}
	return "none of its orders was accepted"
}

// sentBy says which turn sent an order.
func (w *whyReport) sentBy(x *runs.Order) {
	if x.Turn > 0 {
		w.Field("", "by turn %d: pitwall trace %s %d", x.Turn, w.Dir, x.Turn)
	}
}

// explain goes from an order's fills to the turn behind it.
func (w *whyReport) explain(x *runs.Order) {
	w.Write("\n")
	for _, f := range x.Fills {
		w.Field("fill", "%s  %s", runs.Stamp(f.Time), runs.FillText(f))
	}
	w.Field("order", "%s: %s, sent %s", x.ID, x.Asked(), runs.Stamp(x.Sent))
	entry := w.Orders.Entry(x)
	if entry != x {
		w.Field("entry", "%s: %s, sent %s; %s is its exit", entry.ID, entry.Asked(), runs.Stamp(entry.Sent), x.ID)
		for _, f := range entry.Fills {
			w.Field("", "%s  %s", runs.Stamp(f.Time), runs.FillText(f))
		}
	}
	if s := entry.Sizing; s != nil {
		text := s.Asked
		if s.Price != 0 {
			text += fmt.Sprintf(", at a price of %v and an equity of %v", s.Price.Round(4), s.Equity.Round(2))
		}
		if s.Limited != "" {
			text += ", limited by " + s.Limited
		}
		w.Field("size", "%s", text)
	}
	changes := entry.Changes
	if entry != x {
		changes = slices.Concat(changes, x.Changes)
	}
	for _, c := range changes {
		w.Field("changed", "%s  %s", runs.Stamp(c.AsOf), runs.ChangeText(c))
	}
	if entry.Reason != "" {
		w.Field("reason", "%s", entry.Reason)
	}
	n := x.Turn
	switch {
	case n == 0:
		w.Field("turn", "none: no turn of an agent sent it")
	case w.explained[n]:
		w.Field("turn", "%d, as above", n)
	default:
		w.explained[n] = true
		w.decided(n)
	}
}

// decided says who decided in a turn, from what, with which thoughts.
func (w *whyReport) decided(n int) {
	t, _, err := w.turn(n)
	if err != nil {
		w.Field("turn", "%d: its record is not there: %v", n, pitwall.Explain(err))
		return
	}
	replayed := "asked for in this run"
	row, _ := w.Turns.Get(n)
	switch y := row.Timed(); {
	case row.Timing == nil:
		replayed = "timing.jsonl does not say whether it was replayed"
	case y.Cache == agentloop.CacheParent:
		replayed = "as in the run that this one parts from: no model was asked"
	case y.Cache == "turn":
		replayed = "replayed: no model was asked in this run"
	case y.Cached > 0:
		replayed = fmt.Sprintf("%d of its %d replies came from the cache", y.Cached, y.Cached+y.Asked)
	}
	w.Field("turn", "%d of %s, %s by %s; %s; %s", t.Turn, asOf(t.AsOf), t.Agent, t.Model, t.Status, replayed)
	if t.Result != "" {
		w.Field("result", "%s", shorten(t.Result, 800))
	}
	if t.Error != "" {
		w.Field("error", "%s", t.Error)
	}
	for _, m := range t.Messages {
		if m.Reply == nil {
			continue
		}
		if s := m.Reply.Reasoning; s != "" {
			w.Field("thought", "%s", shorten(s, 800))
		}
		if s := m.Reply.Text; s != "" && !strings.Contains(s, t.Result) {
			w.Field("said", "%s", shorten(s, 800))
		}
	}
	for _, warning := range t.Warnings {
		w.Field("warning", "%s %s", warning.Kind, term.OneLine(warning.Detail))
	}
	w.read(t)
	w.Field("whole", "pitwall trace %s %d", w.Dir, n)
}

// read lists what a turn had read before it first ordered: the tools, with the
// first lines of their answers.
func (w *whyReport) read(t *agentloop.Turn) {
	p, name := w.Pen, "read"
	for _, m := range t.Messages {
		for _, r := range m.Results {
			if agentloop.ChangesOrders(r.Name) {
				return
			}
			p.Put(term.Dim, fmt.Sprintf("  %-9s", name))
			p.Put(term.Cyan, term.OneLine(r.Name))
			name = ""
			lines := strings.Split(strings.Trim(withoutMode(r.Text), "\n"), "\n")
			if len(lines) == 1 {
				room := 120
				if p.Width > 0 {
					room = max(p.Width-13-len(r.Name), 20)
				}
				p.Line(term.Plain, "  %s", term.Cut(term.OneLine(lines[0]), room))
				continue
			}
			p.Write("\n")
			p.Rows("           | ", 3, term.Plain, strings.Join(lines, "\n"))
		}
	}
}

// shorten keeps the beginning of a long text.
func shorten(s string, n int) string {
	return term.Cut(strings.TrimSpace(term.Clean(s)), n)
}
