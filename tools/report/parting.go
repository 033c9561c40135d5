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

// turnAt tells a turn from the others of its run. nth counts turns of one agent at
// one time.
type turnAt struct {
	at    int64
	agent string
	nth   int
}

// pair is a turn of either run; nil where a run has none.
type pair struct {
	at   turnAt
	a, b *agentloop.TurnLine
}

// keyed gives turns their keys. Agents' names are no part of them when either run
// has one agent only.
func keyed(r *Run, named bool) map[turnAt]*agentloop.TurnLine {
	list := map[turnAt]*agentloop.TurnLine{}
	for i := range r.Turns {
		t := &r.Turns[i]
		k := turnAt{at: unix(t.AsOf)}
		if named {
			k.agent = t.Agent
		}
		for list[k] != nil {
			k.nth++
		}
		list[k] = t
	}
	return list
}

func unix(asOf string) int64 {
	t, err := time.Parse(time.RFC3339Nano, asOf)
	if err != nil {
		return 0 // a damaged line: it matches others of its kind
	}
	return t.UnixNano()
}

func agents(r *Run) int {
	seen := map[string]bool{}
	for _, t := range r.Turns {
		seen[t.Agent] = true
	}
	return len(seen)
}

// pairs matches turns, in the order of their times, from the time at which both
// runs have begun.
func pairs(a, b *Run) (list []pair) {
	named := agents(a) > 1 || agents(b) > 1
	of := [2]map[turnAt]*agentloop.TurnLine{keyed(a, named), keyed(b, named)}
	var begin int64
	for _, r := range []*Run{a, b} {
		if len(r.Turns) > 0 {
			begin = max(begin, unix(r.Turns[0].AsOf))
		}
	}
	for k, x := range of[0] {
		list = append(list, pair{k, x, of[1][k]})
	}
	for k, y := range of[1] {
		if of[0][k] == nil {
			list = append(list, pair{k, nil, y})
		}
	}
	list = slices.DeleteFunc(list, func(p pair) bool { return p.at.at < begin })
	number := func(t *agentloop.TurnLine) int {
		if t == nil {
			return 0
		}
		return t.Turn
	}
	slices.SortFunc(list, func(p, q pair) int { // a total order: keys are unique
		return cmp.Or(cmp.Compare(p.at.at, q.at.at), number(p.a)-number(q.a), number(p.b)-number(q.b), strings.Compare(p.at.agent, q.at.agent), p.at.nth-q.at.nth)
	})
	return list
}

// part finds where b's decisions part from a's.
func part(a, b *Run) Parting {
	p := Parting{}
	list := pairs(a, b)
	both := 0 // up to where both runs have turns
	for i, x := range list {
		if x.a != nil && x.b != nil {
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
			if p.First = departure(a, b, x, i >= both); p.First == nil {
				p.Alike++
				continue
			}
		}
		if i >= both {
			break // what one run ordered after the other's end parts nothing
		}
		if p.Orders == nil {
			p.Orders = orderedApart(a, b, x)
		}
	}
	p.Text = p.sentence()
	return p
}

// departure compares the records of a pair; nil: they are alike.
func departure(a, b *Run, x pair, after bool) *Departure {
	d := x.departure()
	if x.a == nil || x.b == nil {
		d.What = DifferentTurn
		if after {
			d.What = DifferentEnd
		}
		for i, t := range []*agentloop.TurnLine{x.a, x.b} {
			if t != nil {
				d.Lines[i] = oneLine("a turn, why: " + t.Why)
			}
		}
		return d
	}
	t, same, err := records(a, b, x)
	if err != nil {
		d.What = NoRecord
		d.Lines[1] = err.Error()
		return d
	}
	if same {
		return nil
	}
	if d.What, d.Lines = telling(t[0], t[1]); d.What == "" {
		return nil
	}
	d.OtherState = t[0].StateDigest != t[1].StateDigest
	return d
}

func (x pair) departure() *Departure {
	d := &Departure{}
	for i, t := range []*agentloop.TurnLine{x.b, x.a} { // the first run's words win
		if t != nil {
			d.AsOf, d.Agent, d.Turns[1-i] = t.AsOf, t.Agent, t.Turn
		}
	}
	return d
}

// records reads both turns of a pair; same says that they are the same bytes.
func records(a, b *Run, x pair) (t [2]*agentloop.Turn, same bool, err error) {
	var raw [2][]byte
	for i, r := range []*Run{a, b} {
		n := []*agentloop.TurnLine{x.a, x.b}[i].Turn
		if r.folder == nil {
			return t, false, errNoTurns
		}
		if raw[i], err = r.folder.RawTurn(n); err != nil {
			return t, false, err
		}
	}
	if bytes.Equal(raw[0], raw[1]) {
		return t, true, nil
	}
	for i := range raw {
		if t[i], err = runs.ParseTurn([]*agentloop.TurnLine{x.a, x.b}[i].Turn, raw[i]); err != nil {
			return t, false, err
		}
	}
	return t, false, nil
}

// orderedApart compares what a pair ordered; nil: the same.
func orderedApart(a, b *Run, x pair) *Departure {
	var sent [2][]string
	d := x.departure()
	d.What = DifferentOrders
	for i, t := range []*agentloop.TurnLine{x.a, x.b} {
		if t == nil || !slices.ContainsFunc(t.Calls, agentloop.ChangesOrders) {
			continue // most turns: no need to read them
		}
		r := []*Run{a, b}[i]
		rec, err := r.Turn(t.Turn)
		if err != nil {
			d.What, d.Lines[i] = NoRecord, err.Error()
			return d
		}
		sent[i] = orderCalls(rec)
	}
	for i := range max(len(sent[0]), len(sent[1])) {
		p, q := at(sent[0], i), at(sent[1], i)
		if p != q {
			d.Lines = Around(p, q)
			return d
		}
	}
	return nil
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// sentence says all of a parting.
func (p *Parting) sentence() string {
	if p.First == nil {
		return fmt.Sprintf("never: %s alike", turns(p.Alike))
	}
	s := fmt.Sprintf("after %s alike, ", turns(p.Alike))
	if p.Alike == 0 {
		s = "from the start: "
	}
	s += p.First.String()
	switch {
	case p.Orders == nil:
		s += fmt.Sprintf("; orders are the same in all %s that both have", turns(p.Common))
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
	DifferentTurn: "a turn of one run only", DifferentEnd: "one run has ended", DifferentState: "another state before the same question",
	DifferentCall: "another call", DifferentResult: "another answer to the same call", DifferentReply: "other words",
	DifferentStatus: "another end of the turn", DifferentOrders: "other orders", NoRecord: "a record cannot be read",
}

// String says where and what, without the lines.
func (d *Departure) String() string {
	at := func(n int) string {
		if n == 0 {
			return "none"
		}
		return fmt.Sprint(n)
	}
	s := fmt.Sprintf("%s at %s (turn %s against %s)", kinds[d.What], strings.TrimSuffix(d.AsOf, "Z"), at(d.Turns[0]), at(d.Turns[1]))
	if d.OtherState && d.What != DifferentState {
		s += ", where what could be seen differed too"
	}
	return s
}
