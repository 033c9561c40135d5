package main

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/term"
)

// pastRun is what a run has left so far.
type pastRun struct {
	*runs.Run
	dir    string
	turns  []agentloop.TurnLine
	timing map[int]agentloop.Timing
}

// openRun reads what a run left.
func openRun(name string) (*pastRun, error) {
	dir, err := runs.Find(name)
	if err != nil {
		return nil, err
	}
	r := &pastRun{Run: runs.Open(os.DirFS(dir)), dir: dir}
	r.turns, r.timing = r.Lines(), r.Timing()
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

// have says which turns there are: 1 to 17, 19.
func (r *pastRun) have() string {
	if len(r.turns) == 0 {
		return "it has no turns yet"
	}
	var parts []string
	for i := 0; i < len(r.turns); {
		first := r.turns[i].Turn
		for i++; i < len(r.turns) && r.turns[i].Turn == r.turns[i-1].Turn+1; i++ {
		}
		last := r.turns[i-1].Turn
		if part := strconv.Itoa(first); first == last {
			parts = append(parts, part)
		} else {
			parts = append(parts, part+" to "+strconv.Itoa(last))
		}
	}
	if len(parts) > 8 {
		parts = append(parts[:7], "...", parts[len(parts)-1])
	}
	return "there are turns " + strings.Join(parts, ", ")
}
