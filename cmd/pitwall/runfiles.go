package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// pastRun is what a run has left so far.
type pastRun struct {
	*runs.Run
	dir    string
	turns  runs.Turns
	orders *runs.Orders
}

// openRun reads what a run left; with an agent's name, of its turns only that agent's.
func openRun(name, agent string) (*pastRun, error) {
	dir, err := runs.Find(name)
	if err != nil {
		return nil, err
	}
	r := &pastRun{Run: runs.Open(os.DirFS(dir)), dir: dir}
	all := r.Turns()
	for _, t := range all {
		if agent == "" || t.Agent == agent {
			r.turns = append(r.turns, t)
		}
	}
	if agent != "" && len(r.turns) == 0 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "no turn of %s is by an agent %q", term.OneLine(dir), agent).Hintf("its agents are %s", term.OneLine(strings.Join(all.Agents(), ", ")))
	}
	r.orders = runs.OrdersOf(r.Journal())
	return r, nil
}

// notes returns what could not be read, a line each.
func (r *pastRun) notes() []string {
	list := []string{}
	for _, n := range r.Notes {
		list = append(list, term.OneLine(n))
	}
	return list
}

// have says which turns there are.
func (r *pastRun) have() string {
	if len(r.turns) == 0 {
		return "it has no turns yet"
	}
	return "there are turns " + r.turns.String()
}

// pick returns the turn that a person names.
func (r *pastRun) pick(text string) (t runs.TurnRow, err error) {
	day, notDay := time.Parse(time.DateOnly, text)
	n, notNumber := strconv.Atoi(text)
	found := false
	switch {
	case text == "last" && len(r.turns) > 0:
		t, found = r.turns[len(r.turns)-1], true
	case notNumber == nil:
		t, found = r.turns.Get(n)
	case notDay == nil:
		t, found = r.turns.Until(day)
	case text != "last":
		return t, &usageError{fmt.Errorf("TURN is %q; write a number, a day like 2024-03-20, or last\n  %s", term.OneLine(text), r.have())}
	}
	switch {
	case found:
		return t, nil
	case notDay == nil && len(r.turns) > 0:
		return t, pitwall.Errorf(pitwall.InvalidInput, "there is no turn up to %s in %s", text, term.OneLine(r.dir)).Hintf("the first is of %s", term.OneLine(asOf(r.turns[0].AsOf)))
	}
	return t, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %s in %s", term.OneLine(text), term.OneLine(r.dir)).Hintf("%s", r.have())
}

// turn reads the record of a turn, and its bytes.
func (r *pastRun) turn(n int) (*agentloop.Turn, []byte, error) {
	raw, err := r.RawTurn(n)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %d in %s", n, term.OneLine(r.dir)).Hintf("%s", r.have())
	}
	if err != nil {
		return nil, nil, err
	}
	t, err := runs.ParseTurn(n, raw)
	return t, raw, err
}

// asOf is a record's time as stamp writes it.
func asOf(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return runs.Stamp(t)
	}
	return text
}
