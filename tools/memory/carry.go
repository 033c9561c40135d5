package memory

import (
	"context"
	"fmt"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// Carry reads the memory of an earlier run for one that starts at a time. It refuses what
// was known, traded or scored later: the run would remember its own future. Ids get the
// name of the run that they come from.
func Carry(name string, raw []byte, start time.Time) (m runs.Memory, err error) {
	if m, err = runs.ReadMemory(raw); err != nil {
		return m, pitwall.Errorf(pitwall.StrategyError, "memory.carry: %s is no memory of a run: %v", name, err).Hintf("name the memory.jsonl in the folder of an earlier run")
	}
	if m.Of.Run == "" {
		return m, pitwall.Errorf(pitwall.StrategyError, "memory.carry: %s does not name its run", name)
	}
	var latest time.Time
	seen := func(times ...time.Time) {
		for _, t := range times {
			if t.After(latest) {
				latest = t
			}
		}
	}
	seen(m.Of.Until)
	own := func(run, id string) (string, string) {
		if run == "" && id != "" {
			return m.Of.Run, m.Of.Run + ":" + id
		}
		return run, id
	}
	refer := func(id string) string { // a later run's items name an earlier one's by its full id
		for _, b := range m.Beliefs {
			if b.ID == id && b.Run != "" {
				return id
			}
		}
		_, id = own("", id)
		return id
	}
	for i := range m.Trades {
		t := &m.Trades[i]
		seen(t.Known, t.Entry, t.Exit)
		if t.Run == "" {
			_, t.Lesson = own("", t.Lesson)
		}
		t.Run, t.ID = own(t.Run, t.ID)
	}
	ids := map[string]bool{}
	item := func(x *pitwall.MemoryItem) {
		seen(x.Known)
		if x.Run == "" {
			_, x.Trade = own("", x.Trade)
		}
		x.Run, x.ID = own(x.Run, x.ID)
		if ids[x.ID] && err == nil {
			err = pitwall.Errorf(pitwall.StrategyError, "memory.carry: %s holds %s twice", name, x.ID).Hintf("two of its runs have the same name: give their folders different ones")
		}
		ids[x.ID] = true
	}
	for i := range m.Items {
		if x := &m.Items[i]; x.Run == "" {
			x.Of = refer(x.Of)
		}
	}
	for i := range m.Beliefs {
		if x := &m.Beliefs[i]; x.Run == "" {
			x.Of = refer(x.Of)
		}
	}
	for i := range m.Items {
		item(&m.Items[i])
	}
	for i := range m.Beliefs {
		item(&m.Beliefs[i].MemoryItem)
		if at := m.Beliefs[i].Matured; at != nil {
			seen(*at)
		}
	}
	if latest.After(start) && err == nil {
		err = pitwall.Errorf(pitwall.StrategyError, "memory.carry: %s knows of %s, and the run starts at %s", name, latest.Format(time.RFC3339), start.Format(time.RFC3339)).
			Hintf("carry the memory of a run that ended before this one starts")
	}
	return m, err
}

// File returns what a run remembered up to a time, for memory.jsonl.
func (s *Store) File(ctx context.Context, of runs.MemoryOf) (runs.Memory, error) {
	m, err := s.recall(ctx, of.Until)
	if err != nil {
		return runs.Memory{}, fmt.Errorf("what was remembered: %w", err)
	}
	return runs.Memory{Of: of, Trades: m.Trades, Items: m.Items, Beliefs: m.Beliefs}, nil
}
