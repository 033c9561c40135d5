package audit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Run is a run to be verified: its journal, and what it ran on.
type Run struct {
	Data     pitwall.Source
	Symbols  []string // empty = all
	From, To time.Time
	Terms    pitwall.Terms
	Costs    pitwall.Costs
	Rules    pitwall.Rules
	Journal  []pitwall.Entry
}

// Result is what the comparison found. The counts are the journal's.
type Result struct {
	Orders      int      `json:"orders"`
	Fills       int      `json:"fills"`
	Points      int      `json:"points"`
	Flows       int      `json:"flows"`
	Differences []string `json:"differences"` // the first ones, one line each; empty = the journal follows from the rules
}

// maxDifferences is how many differences a verdict names.
const maxDifferences = 20

type difference struct {
	seq  int64
	text string
}

// Verify runs a journal's intents through the replica and compares all that the
// journal says came of them. An error means that no comparison was possible.
func Verify(c Run) (Result, error) {
	r, err := newReplica(c)
	if err != nil {
		return Result{}, err
	}
	until := r.now
	for _, e := range c.Journal {
		if e.Kind == pitwall.EntryMark && e.Mark != nil {
			until = e.Mark.Time
		}
	}
	if err := r.run(until); err != nil {
		return Result{}, fmt.Errorf("the second implementation: %w", err)
	}
	found := r.differences
	var v Result
	for _, p := range []struct {
		n    *int
		kind pitwall.EntryKind
		want []item
	}{{&v.Fills, pitwall.EntryFill, r.fillItems()}, {&v.Points, pitwall.EntryMark, r.pointItems()}, {&v.Flows, pitwall.EntryCash, r.flowItems()}, {&v.Orders, pitwall.EntryOrder, r.stateItems()}} {
		recorded := journalItems(c.Journal, p.kind)
		if p.kind == pitwall.EntryOrder {
			recorded = journalStates(c.Journal)
		}
		*p.n = len(recorded)
		found = append(found, compare(c.Journal, recorded, p.want)...)
	}
	slices.SortStableFunc(found, func(a, b difference) int { return cmp.Compare(a.seq, b.seq) })
	for i, d := range found {
		if i == maxDifferences {
			v.Differences = append(v.Differences, fmt.Sprintf("and %d more", len(found)-i))
			break
		}
		v.Differences = append(v.Differences, d.text)
	}
	return v, nil
}

// item is one output in comparable form: what it is, and its figures.
type item struct {
	seq    int64 // of the journal
	step   time.Time
	what   string
	fields [][2]string
}

func field(name string, v any) [2]string { return [2]string{name, fmt.Sprint(v)} }

func fillItem(f pitwall.Fill) item {
	return item{what: fmt.Sprintf("fill of %s in the bar of %s", f.OrderID, stamp(f.Bar)), fields: [][2]string{
		field("book", bookName(f.Book)), field("symbol", f.Symbol), field("side", f.Side), field("qty", f.Qty), field("price", f.Price), field("fee", f.Fee),
		field("reference", f.Reference), field("slippage", f.Slippage), field("maker", f.Maker), field("capped", f.Capped), field("realized", f.Realized)}}
}

func pointItem(book string, p pitwall.EquityPoint) item {
	return item{what: "mark of " + bookName(book) + " at " + stamp(p.Time), fields: [][2]string{field("equity", p.Equity), field("cash", p.Cash)}}
}

func flowItem(book string, f pitwall.CashFlow) item {
	return item{what: strings.TrimSpace("flow " + f.Type + " of " + bookName(book) + " " + f.Symbol), fields: [][2]string{
		field("qty", f.Qty), field("each", f.Each), field("amount", f.Amount)}}
}

func stateItem(s pitwall.OrderState) item {
	it := item{what: "order " + s.ID, fields: [][2]string{
		field("status", s.Status), field("filled", s.Filled), field("avg_price", s.AvgPrice), field("fees", s.Fees)}}
	if s.Status == pitwall.Rejected && s.Error != nil {
		it.fields = append(it.fields, field("code", s.Error.Code))
	}
	return it
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func journalItems(journal []pitwall.Entry, kind pitwall.EntryKind) []item {
	var all []item
	for _, e := range journal {
		var it item
		switch {
		case e.Kind != kind:
			continue
		case e.Fill != nil:
			it = fillItem(*e.Fill)
		case e.Mark != nil:
			it = pointItem(e.Book, *e.Mark)
		case e.Flow != nil:
			it = flowItem(e.Book, *e.Flow)
		default:
			continue
		}
		it.seq = e.Seq
		all = append(all, it)
	}
	return numbered(all)
}

// lastStates returns the newest state of every order.
func lastStates(journal []pitwall.Entry) map[string]*pitwall.OrderState {
	states := map[string]*pitwall.OrderState{}
	for _, e := range journal {
		if e.Kind == pitwall.EntryOrder && e.State != nil {
			states[e.State.ID] = e.State
		}
	}
	return states
}

// journalStates returns the last state of every order, in the order of those last
// entries. What was denied never was an order of the venue's.
func journalStates(journal []pitwall.Entry) []item {
	last := lastStates(journal)
	var all []item
	for _, e := range journal {
		if e.Kind != pitwall.EntryOrder || e.State == nil || e.State.Status == pitwall.Denied || last[e.State.ID] != e.State {
			continue
		}
		it := stateItem(*e.State)
		it.seq = e.Seq
		all = append(all, it)
	}
	return all
}

// numbered tells items of one name apart: "flow dividend of main X (2)".
func numbered(all []item) []item {
	seen := map[string]int{}
	for i, it := range all {
		seen[it.what]++
		if n := seen[it.what]; n > 1 {
			all[i].what = fmt.Sprintf("%s (%d)", it.what, n)
		}
	}
	return all
}

func (r *replica) fillItems() []item {
	var all []item
	for _, f := range r.fills {
		it := fillItem(f.Fill)
		it.step = f.step
		all = append(all, it)
	}
	return numbered(all)
}

func (r *replica) pointItems() []item {
	var all []item
	for _, p := range r.points {
		it := pointItem(p.book, p.EquityPoint)
		it.step = p.Time
		all = append(all, it)
	}
	return numbered(all)
}

func (r *replica) flowItems() []item {
	var all []item
	for _, f := range r.flows {
		it := flowItem(f.book, f.CashFlow)
		it.step = f.step
		all = append(all, it)
	}
	return numbered(all)
}

func (r *replica) stateItems() []item {
	var all []item
	for _, o := range slices.Concat(r.done, r.orders) {
		s := r.state(o)
		if s.Status == pitwall.Rejected && r.states[o.ID] == nil && o.refused == o.code {
			continue // the call failed with this very code
		}
		all = append(all, stateItem(s))
	}
	return all
}

func (r *replica) state(o *order) pitwall.OrderState {
	s := pitwall.OrderState{Order: o.Order, Status: o.status, Filled: o.filled, Fees: o.fees, Trigger: o.trigger}
	if o.filled != 0 {
		s.AvgPrice = r.a.Div(o.traded, r.a.Mul(o.filled, r.symbol(o.Symbol).mult()))
	}
	if o.code != "" {
		s.Error = &pitwall.Error{Code: o.code}
	}
	return s
}

// compare names what differs between the journal and the rules: figures of what
// both have, what one of them has not, and the first one out of order.
func compare(journal []pitwall.Entry, recorded, rules []item) []difference {
	var found []difference
	in, has := map[string]int{}, map[string]bool{}
	for i, it := range rules {
		in[it.what] = i
	}
	last, reordered := -1, false
	for _, s := range recorded {
		has[s.what] = true
		i, ok := in[s.what]
		if !ok {
			found = append(found, difference{s.seq, fmt.Sprintf("entry %d, %s: the journal has it (%s), the rules do not", s.seq, s.what, list(s.fields))})
			continue
		}
		if d := differing(s.fields, rules[i].fields); d != "" {
			found = append(found, difference{s.seq, fmt.Sprintf("entry %d, %s: %s", s.seq, s.what, d)})
		}
		if strings.HasPrefix(s.what, "fill") && i < last && !reordered {
			reordered = true
			found = append(found, difference{s.seq, fmt.Sprintf("entry %d, %s: out of order, the rules have it before %s", s.seq, s.what, rules[last].what)})
		}
		last = max(last, i)
	}
	for _, want := range rules {
		if !has[want.what] {
			found = append(found, difference{markSeq(journal, want.step), fmt.Sprintf("%s: the rules have it (%s), the journal does not", want.what, list(want.fields))})
		}
	}
	return found
}

// markSeq is where in the journal something of a step belongs: at its mark.
func markSeq(journal []pitwall.Entry, step time.Time) int64 {
	for _, e := range journal {
		if e.Kind == pitwall.EntryMark && e.Mark != nil && !step.IsZero() && !e.Mark.Time.Before(step) {
			return e.Seq
		}
	}
	return math.MaxInt64
}

func list(fields [][2]string) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, f[0]+" "+f[1])
	}
	return strings.Join(parts, ", ")
}

func differing(recorded, rules [][2]string) string {
	var parts []string
	for i := range max(len(recorded), len(rules)) {
		s, w := [2]string{"", "nothing"}, [2]string{"", "nothing"}
		if i < len(recorded) {
			s = recorded[i]
		}
		if i < len(rules) {
			w = rules[i]
		}
		if s != w {
			parts = append(parts, fmt.Sprintf("%s: the journal says %s, the rules give %s", cmp.Or(s[0], w[0]), s[1], w[1]))
		}
	}
	return strings.Join(parts, "; ")
}
