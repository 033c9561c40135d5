package runs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"pitwall"
)

// This file is memory.jsonl: what a run with a memory remembered at its end. An earlier
// run's can be carried into a later one.

// MemoryFile is the name of the file.
const MemoryFile = "memory.jsonl"

// Memory is the content of a memory.jsonl.
type Memory struct {
	Of      MemoryOf
	Trades  []pitwall.MemoryTrade
	Items   []pitwall.MemoryItem // but for beliefs
	Beliefs []pitwall.ScoredBelief
}

// MemoryOf is its first line: whose memory it is.
type MemoryOf struct {
	Run   string    `json:"run"`
	From  string    `json:"from"`  // the run's first day
	Until time.Time `json:"until"` // its last simulated time
}

// memoryLine is a line: exactly one of its fields.
type memoryLine struct {
	Of     *MemoryOf             `json:"memory_of,omitempty"`
	Trade  *pitwall.MemoryTrade  `json:"trade,omitempty"`
	Item   *pitwall.MemoryItem   `json:"item,omitempty"`
	Belief *pitwall.ScoredBelief `json:"belief,omitempty"`
}

// Memory writes memory.jsonl.
func (f *Folder) Memory(m Memory) error {
	raw, err := m.Encode()
	if err != nil {
		return err
	}
	return f.replace(MemoryFile, raw)
}

// Encode returns the content of a memory.jsonl.
func (m Memory) Encode() ([]byte, error) {
	lines := []memoryLine{{Of: &m.Of}}
	for i := range m.Trades {
		lines = append(lines, memoryLine{Trade: &m.Trades[i]})
	}
	for i := range m.Items {
		lines = append(lines, memoryLine{Item: &m.Items[i]})
	}
	for i := range m.Beliefs {
		lines = append(lines, memoryLine{Belief: &m.Beliefs[i]})
	}
	return jsonLines(MemoryFile, lines)
}

// Memory reads memory.jsonl, nil for a run without one.
func (r *Run) Memory() (*Memory, error) {
	raw, err := fs.ReadFile(r, MemoryFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := ReadMemory(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", MemoryFile, err)
	}
	return &m, nil
}

// ReadMemory reads a memory.jsonl.
func ReadMemory(raw []byte) (m Memory, err error) {
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		var x memoryLine
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&x); err != nil {
			return m, fmt.Errorf("line %d: %w", n, err)
		}
		switch {
		case n == 1 && x.Of != nil:
			m.Of = *x.Of
		case n == 1:
			return m, fmt.Errorf("line 1 does not say whose memory it is (memory_of)")
		case x.Trade != nil:
			m.Trades = append(m.Trades, *x.Trade)
		case x.Item != nil:
			m.Items = append(m.Items, *x.Item)
		case x.Belief != nil:
			if err := checkBelief(*x.Belief); err != nil {
				return m, fmt.Errorf("line %d: belief %s %w", n, x.Belief.ID, err)
			}
			m.Beliefs = append(m.Beliefs, *x.Belief)
		default:
			return m, fmt.Errorf("line %d holds no trade, item or belief", n)
		}
	}
	if n == 0 {
		return m, fmt.Errorf("it is empty")
	}
	return m, nil
}

// checkBelief refuses what no run writes: scores are computed from a belief's fields.
func checkBelief(b pitwall.ScoredBelief) error {
	states := []string{pitwall.BeliefActive, pitwall.BeliefRefined, pitwall.BeliefRetired, pitwall.BeliefMatured}
	scored := b.Matured != nil
	switch {
	case b.Kind != pitwall.Belief:
		return fmt.Errorf("is of kind %q", b.Kind)
	case !slices.Contains(states, b.Status):
		return fmt.Errorf("has status %q", b.Status)
	case b.Direction != "up" && b.Direction != "down":
		return fmt.Errorf("has direction %q", b.Direction)
	case b.Horizon < 1 || b.Horizon > pitwall.MaxHorizon:
		return fmt.Errorf("has a horizon of %d bars", b.Horizon)
	case b.Confidence == nil:
		return fmt.Errorf("has no confidence")
	case *b.Confidence < 0 || *b.Confidence > 1:
		return fmt.Errorf("has confidence %v", *b.Confidence)
	case scored != (b.Hit != nil) || scored != (b.Brier != nil) || b.Status == pitwall.BeliefMatured && !scored:
		return fmt.Errorf("has a part of matured, hit and brier, which come together")
	case scored && (*b.Brier < 0 || *b.Brier > 1):
		return fmt.Errorf("has brier %v", *b.Brier)
	}
	return nil
}
