package show

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

// Run is what a run has left so far.
type Run struct {
	*runs.Run
	Dir    string
	Turns  runs.Turns
	Orders *runs.Orders
}

// Open reads what a run left: by its folder, its name below runs/, or last; with an agent's name, of its turns only that agent's.
func Open(name, agent string) (*Run, error) {
	dir, err := runs.Find(name)
	if err != nil {
		return nil, err
	}
	r := &Run{Run: runs.Open(os.DirFS(dir)), Dir: dir}
	all := r.Run.Turns()
	for _, t := range all {
		if agent == "" || t.Agent == agent {
			r.Turns = append(r.Turns, t)
		}
	}
	if agent != "" && len(r.Turns) == 0 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "no turn of %s is by an agent %q", term.OneLine(dir), agent).Hintf("its agents are %s", term.OneLine(strings.Join(all.Agents(), ", ")))
	}
	r.Orders = runs.OrdersOf(r.Journal())
	return r, nil
}

// notes returns what could not be read, a line each.
func (r *Run) notes() []string {
	list := []string{}
	for _, n := range r.Notes {
		list = append(list, term.OneLine(n))
	}
	return list
}

// have says which turns there are.
func (r *Run) have() string {
	if len(r.Turns) == 0 {
		return "it has no turns yet"
	}
	return "there are turns " + r.Turns.String()
}

// TurnError is of a text that names no turn: a fault of the words, not of the run.
type TurnError struct{ error }

// Pick returns the turn that a person names: a number, a day, or last.
func (r *Run) Pick(text string) (t runs.TurnRow, err error) {
	day, notDay := time.Parse(time.DateOnly, text)
	n, notNumber := strconv.Atoi(text)
	found := false
	switch {
	case text == "last" && len(r.Turns) > 0:
		t, found = r.Turns[len(r.Turns)-1], true
	case notNumber == nil:
		t, found = r.Turns.Get(n)
	case notDay == nil:
		t, found = r.Turns.Until(day)
	case text != "last":
		return t, &TurnError{fmt.Errorf("TURN is %q; write a number, a day like 2024-03-20, or last\n  %s", term.OneLine(text), r.have())}
	}
	switch {
	case found:
		return t, nil
	case notDay == nil && len(r.Turns) > 0:
		return t, pitwall.Errorf(pitwall.InvalidInput, "there is no turn up to %s in %s", text, term.OneLine(r.Dir)).Hintf("the first is of %s", term.OneLine(asOf(r.Turns[0].AsOf)))
	}
	return t, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %s in %s", term.OneLine(text), term.OneLine(r.Dir)).Hintf("%s", r.have())
}

// turn reads the record of a turn, and its bytes.
func (r *Run) turn(n int) (*agentloop.Turn, []byte, error) {
	raw, err := r.RawTurn(n)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, pitwall.Errorf(pitwall.InvalidInput, "there is no turn %d in %s", n, term.OneLine(r.Dir)).Hintf("%s", r.have())
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
