package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall/agentloop"
	"pitwall/cache/runs"
)

// This file finds where two runs' decisions part.

// turnAt identifies a turn of a run. nth counts turns of one agent at one time.
type turnAt struct {
	at    int64
	agent string
	nth   int
}

// pair is a turn of two runs; nil where a run has none.
type pair struct {
	turnAt
	turns [2]*agentloop.TurnLine
}

func (p pair) both() bool { return p.turns[0] != nil && p.turns[1] != nil }

func unix(asOf string) int64 {
	t, err := time.Parse(time.RFC3339Nano, asOf)
	if err != nil {
		return 0 // a damaged line: it matches others of its kind
	}
	return t.UnixNano()
}

// pairs matches turns, in the order of their times, from the time at which both runs
// have begun. Agents' names count when either run has several agents.
func pairs(of [2]*Run) (list []pair) {
	named := false
	var begin int64
	for _, r := range of {
		for _, t := range r.Turns {
			named = named || t.Agent != r.Turns[0].Agent
		}
		if len(r.Turns) > 0 {
			begin = max(begin, unix(r.Turns[0].AsOf))
		}
	}
	known := map[turnAt]*pair{}
	for i, r := range of {
		for k := range r.Turns {
			t := &r.Turns[k]
			key := turnAt{at: unix(t.AsOf)}
			if named {
				key.agent = t.Agent
			}
			for known[key] != nil && known[key].turns[i] != nil {
				key.nth++
			}
			if known[key] == nil {
				known[key] = &pair{turnAt: key}
			}
			known[key].turns[i] = t
		}
	}
	for _, p := range known {
		if p.at >= begin {
			list = append(list, *p)
		}
	}
	number := func(t *agentloop.TurnLine) int {
		if t == nil {
			return 0
		}
		return t.Turn
	}
	slices.SortFunc(list, func(p, q pair) int { // a total order: keys are unique
		return cmp.Or(cmp.Compare(p.at, q.at), number(p.turns[0])-number(q.turns[0]), number(p.turns[1])-number(q.turns[1]), strings.Compare(p.agent, q.agent), p.nth-q.nth)
	})
	return list
}

// part finds where b's decisions part from a's.
func part(a, b *Run) Parting {
	p, of := Parting{}, [2]*Run{a, b}
	list := pairs(of)
	both := 0 // up to where both runs have turns
	for i, x := range list {
		if x.both() {
			p.Common++
			both = i + 1
		}
	}
	if p.Common == 0 {
		p.Text = "no turn in common"
		return p // what one of them did alone parts nothing
	}
	for i, x := range list {
		if p.First == nil {
			if p.First = departure(of, x, i >= both); p.First == nil {
				p.Alike++
				continue
			}
		}
		if i >= both {
			break // what one run ordered after the other's end parts nothing
		}
		if p.Orders == nil {
			p.Orders = orderedApart(of, x)
		}
	}
	p.Text = p.sentence()
	return p
}

// departure compares the records of a pair; nil when they are identical.
func departure(of [2]*Run, x pair, after bool) *Departure {
	d := x.departure()
	if !x.both() {
		d.What = DifferentTurn
		if after {
			d.What = DifferentEnd
		}
		for i, t := range x.turns {
			if t != nil {
				d.Lines[i] = oneLine("a turn, why: " + t.Why)
			}
		}
		return d
	}
	t, same, err := records(of, x)
	if err != nil {
		d.What = NoRecord
		d.Lines[1] = err.Error()
		return d
	}
	if same {
		return nil
	}
	if d.What, d.Lines = firstDifference(t[0], t[1]); d.What == "" {
		return nil
	}
	d.OtherState = t[0].StateDigest != t[1].StateDigest
	if rules := [2]string{of[0].rule(d.Agent), of[1].rule(d.Agent)}; d.What == DifferentCall && rules[0] != rules[1] {
		d.Lines = Around(rules[0], rules[1]) // its SQL is made from them
	}
	return d
}

func (p pair) departure() *Departure {
	d := &Departure{}
	for i, t := range slices.Backward(p.turns[:]) { // the first run's words win
		if t != nil {
			d.AsOf, d.Agent, d.Turns[i] = t.AsOf, t.Agent, t.Turn
		}
	}
	return d
}

// records reads both turns of a pair; same: they are the same bytes.
func records(of [2]*Run, x pair) (t [2]*agentloop.Turn, same bool, err error) {
	var raw [2][]byte
	for i, r := range of {
		if r.folder == nil {
			return t, false, errNoTurns
		}
		if raw[i], err = r.folder.RawTurn(x.turns[i].Turn); err != nil {
			return t, false, err
		}
	}
	if bytes.Equal(raw[0], raw[1]) {
		return t, true, nil
	}
	for i := range raw {
		if t[i], err = runs.ParseTurn(x.turns[i].Turn, raw[i]); err != nil {
			return t, false, err
		}
	}
	return t, false, nil
}

// orderedApart compares the orders of a pair; nil when they are identical.
func orderedApart(of [2]*Run, x pair) *Departure {
	var sent [2][]string
	d := x.departure()
	d.What = DifferentOrders
	for i, t := range x.turns {
		if t == nil || !slices.ContainsFunc(t.Calls, agentloop.ChangesOrders) {
			continue // most turns: no need to read them
		}
		rec, err := of[i].Turn(t.Turn)
		if err != nil {
			d.What, d.Lines[i] = NoRecord, err.Error()
			return d
		}
		sent[i] = orderCalls(rec)
	}
	for i := range max(len(sent[0]), len(sent[1])) {
		if p, q := at(sent[0], i), at(sent[1], i); p != q {
			d.Lines = Around(p, q)
			return d
		}
	}
	return nil
}

// at returns an element of a list, zero beyond its end.
func at[T any](list []T, i int) (x T) {
	if i < len(list) {
		x = list[i]
	}
	return x
}

// sentence describes a parting.
func (p *Parting) sentence() string {
	if p.First == nil {
		return fmt.Sprintf("identical in all %s", turns(p.Alike))
	}
	s := fmt.Sprintf("identical for %s, then ", turns(p.Alike))
	if p.Alike == 0 {
		s = "from the start: "
	}
	s += p.First.String()
	switch {
	case p.Orders == nil:
		s += fmt.Sprintf("; orders are identical in all %d common turns", p.Common)
	case *p.Orders != *p.First && (p.Orders.Turns != p.First.Turns || p.First.What != DifferentOrders):
		s += "; first " + p.Orders.String()
	}
	return s
}

func turns(n int) string {
	if n == 1 {
		return "1 turn"
	}
	return fmt.Sprintf("%d turns", n)
}

// kinds names kinds of difference in a sentence.
var kinds = map[What]string{
	DifferentTurn: "a turn in one run only", DifferentEnd: "one run has ended", DifferentState: "a different state before the same question",
	DifferentCall: "a different call", DifferentResult: "a different answer to the same call", DifferentReply: "different text",
	DifferentStatus: "a different end of the turn", DifferentOrders: "different orders", NoRecord: "an unreadable record",
}

// String returns where and what, without the lines.
func (d *Departure) String() string {
	number := func(n int) string {
		if n == 0 {
			return "none"
		}
		return fmt.Sprint(n)
	}
	s := fmt.Sprintf("%s at %s (turn %s against %s)", kinds[d.What], strings.TrimSuffix(d.AsOf, "Z"), number(d.Turns[0]), number(d.Turns[1]))
	if d.OtherState && d.What != DifferentState {
		s += ", with different data visible"
	}
	return s
}
