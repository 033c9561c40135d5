package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

func (a *app) why() *cobra.Command {
	return &cobra.Command{
		Use:   "why RUN SYMBOL DATE",
		Short: "Say why a run traded a symbol on a day, or why it did not",
		Long: "why goes from the fills of a symbol on a day back to the order and to the turn that decided it: what it had read, what it\n" +
			"thought and what it said. DATE is a day of the exchange; without a fill on it, orders sent on it count, and then fills one day\n" +
			"before or after. When there is none, the nearest fills are named, and what the nearest turn decided instead.\n" +
			"RUN is a run's folder, its name below runs/, or last: the newest in runs/.",
		Example: "  pitwall why last AAPL 2013-10-04\n  pitwall why runs/momentum-1 TQQQ 2020-03-16",
		Args:    takes(3, 3),
		RunE: func(_ *cobra.Command, args []string) error {
			day, err := time.Parse(time.DateOnly, args[2])
			if err != nil {
				return &usageError{fmt.Errorf("DATE is %q; write a day like 2024-03-20", term.OneLine(args[2]))}
			}
			r, err := openRun(args[0], "")
			if err != nil {
				return err
			}
			symbol, err := r.symbol(args[1])
			if err != nil {
				return err
			}
			w := whyReport{pastRun: r, pen: term.NewPen(a.stdout), symbol: symbol, day: day.Format(time.DateOnly)}
			return w.print()
		},
	}
}

// whyReport answers one question.
type whyReport struct {
	*pastRun
	pen         *term.Pen
	symbol, day string
}

// symbol finds what a person calls a symbol.
func (r *pastRun) symbol(name string) (string, error) {
	known := slices.Concat(r.Manifest.Symbols, r.orders.Symbols())
	slices.Sort(known)
	known = slices.Compact(known)
	if i := slices.IndexFunc(known, func(s string) bool { return strings.EqualFold(s, name) }); i >= 0 {
		return known[i], nil
	}
	e := pitwall.Errorf(pitwall.UnknownSymbol, "%s knows no %s", term.OneLine(r.dir), term.OneLine(name))
	if len(known) == 0 {
		return "", e.Hintf("it has no manifest and no orders to tell its symbols by")
	}
	return "", e.Hintf("did you mean %s? it trades %s", term.OneLine(pitwall.Nearest(name, known)), term.OneLine(strings.Join(known, ", ")))
}

// day is the exchange's day of a time.
func dayOf(t time.Time) string { return t.Format(time.DateOnly) }

// print writes the answer: the fills, or why there is none.
func (w *whyReport) print() error {
	p := w.pen
	for _, n := range w.notes() {
		p.Note("note: ", n)
	}
	orders, said := w.find()
	p.Item(term.Bold, w.symbol+" on "+w.day+": ", 4, said)
	w.events()
	if len(orders) == 0 {
		w.standing()
		w.nearestFills()
		w.undecided()
		return p.Done()
	}
	told := map[int]bool{}
	for _, x := range orders {
		w.explain(x, told)
	}
	return p.Done()
}

// find are the orders that the question is about, and the answer in a sentence.
func (w *whyReport) find() (list []*runs.Order, said string) {
	with := func(match func(x *runs.Order, f pitwall.Fill) bool) (list []*runs.Order, fills []string) {
		for _, f := range w.orders.Fills {
			x := w.orders.Get(f.OrderID)
			if f.Symbol == w.symbol && match(x, f) {
				if !slices.Contains(list, x) {
					list = append(list, x)
				}
				fills = append(fills, fmt.Sprintf("%s %v at %v", f.Side, f.Qty, f.Price.Round(4)))
			}
		}
		return list, fills
	}
	list, fills := with(func(_ *runs.Order, f pitwall.Fill) bool { return dayOf(f.Time) == w.day })
	if len(list) > 0 {
		return list, few(fills)
	}
	list, _ = with(func(x *runs.Order, _ pitwall.Fill) bool { return dayOf(x.Sent) == w.day && x.Parent == "" })
	if len(list) > 0 {
		return list, fmt.Sprintf("no fill, but an order was sent that filled on %s", dayOf(list[0].Fills[0].Time))
	}
	day, _ := time.Parse(time.DateOnly, w.day) // parsed before
	for _, d := range []int{1, -1} {
		next := dayOf(day.AddDate(0, 0, d))
		if list, fills = with(func(_ *runs.Order, f pitwall.Fill) bool { return dayOf(f.Time) == next }); len(list) > 0 {
			return list, fmt.Sprintf("no fill; next to it, on %s: %s", next, few(fills))
		}
	}
	if m := w.Manifest; m.From != "" && (w.day < m.From || w.day > m.To) {
		return nil, fmt.Sprintf("no fill: the run goes from %s to %s", m.From, m.To)
	}
	return nil, "no fill"
}

// few joins texts, the first of many.
func few(list []string) string {
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

// events are refusals, dividends, splits and the like of the day.
func (w *whyReport) events() {
	p := w.pen
	for _, x := range w.orders.List {
		if x.Symbol == w.symbol && (x.Status == pitwall.Denied || x.Status == pitwall.Rejected) && (dayOf(x.Sent) == w.day || dayOf(x.Updated) == w.day) {
			p.Item(term.Red, fmt.Sprintf("  %-9s", x.Status), 11, fmt.Sprintf("%s: %s", asked(x.OrderState), strings.TrimPrefix(became(x), string(x.Status)+": ")))
			w.sentBy(x)
		}
	}
	for _, f := range w.orders.Flows {
		if f.Symbol != w.symbol || dayOf(f.Time) != w.day {
			continue
		}
		s := fmt.Sprintf("%s of %v", f.Type, f.Amount.Round(2))
		switch {
		case f.Type == "split":
			s = fmt.Sprintf("split: %v are held since", f.Qty)
		case f.Each != 0 && f.Qty != 0:
			s += fmt.Sprintf(": %v each on %v", f.Each, f.Qty)
		}
		if !f.Pay.IsZero() {
			s += ", to be paid on " + dayOf(f.Pay)
		}
		p.Note("  event    ", s)
	}
}

// sentBy says which turn sent an order.
func (w *whyReport) sentBy(x *runs.Order) {
	if x.Turn > 0 {
		w.pen.Field("", "by turn %d: pitwall trace %s %d", x.Turn, w.dir, x.Turn)
	}
}

// explain goes from an order's fills to the turn behind it.
func (w *whyReport) explain(x *runs.Order, told map[int]bool) {
	p := w.pen
	p.Write("\n")
	for _, f := range x.Fills {
		p.Field("fill", "%s  %s", stamp(f.Time), bought(f))
	}
	p.Field("order", "%s: %s, sent %s", x.ID, asked(x.OrderState), stamp(x.Sent))
	entry := w.orders.Entry(x)
	if entry != x {
		p.Field("entry", "%s: %s, sent %s; %s is its exit", entry.ID, asked(entry.OrderState), stamp(entry.Sent), x.ID)
		for _, f := range entry.Fills {
			p.Field("", "%s  %s", stamp(f.Time), bought(f))
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
		p.Field("size", "%s", text)
	}
	changes := entry.Changes
	if entry != x {
		changes = slices.Concat(changes, x.Changes)
	}
	for _, c := range changes {
		p.Field("changed", "%s  %s", stamp(c.AsOf), change(c))
	}
	if entry.Reason != "" {
		p.Field("reason", "%s", entry.Reason)
	}
	n := x.Turn
	switch {
	case n == 0:
		p.Field("turn", "none: no turn of an agent sent it")
	case told[n]:
		p.Field("turn", "%d, as above", n)
	default:
		told[n] = true
		w.decided(n)
	}
}

// decided says who decided in a turn, from what, with which thoughts.
func (w *whyReport) decided(n int) {
	p := w.pen
	t, _, err := w.turn(n)
	if err != nil {
		p.Field("turn", "%d: its record is not there: %v", n, explain(err))
		return
	}
	replayed := "asked for in this run"
	row, _ := w.turns.Get(n)
	switch y := row.Timed(); {
	case row.Timing == nil:
		replayed = "timing.jsonl does not say whether it was replayed"
	case y.Cache == "turn":
		replayed = "replayed: no model was asked in this run"
	case y.Cached > 0:
		replayed = fmt.Sprintf("%d of its %d replies came from the cache", y.Cached, y.Cached+y.Asked)
	}
	p.Field("turn", "%d of %s, %s by %s; %s; %s", t.Turn, asOf(t.AsOf), t.Agent, t.Model, t.Status, replayed)
	if t.Result != "" {
		p.Field("result", "%s", shorten(t.Result, 800))
	}
	if t.Error != "" {
		p.Field("error", "%s", t.Error)
	}
	for _, m := range t.Messages {
		if m.Reply == nil {
			continue
		}
		if s := m.Reply.Reasoning; s != "" {
			p.Field("thought", "%s", shorten(s, 800))
		}
		if s := m.Reply.Text; s != "" && !strings.Contains(s, t.Result) {
			p.Field("said", "%s", shorten(s, 800))
		}
	}
	for _, warning := range t.Warnings {
		p.Field("warning", "%s %s", warning.Kind, term.OneLine(warning.Detail))
	}
	w.read(t)
	p.Field("whole", "pitwall trace %s %d", w.dir, n)
}

// read lists what a turn had read before it first ordered: the tools, with the
// first lines of their answers.
func (w *whyReport) read(t *agentloop.Turn) {
	p, name := w.pen, "read"
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
