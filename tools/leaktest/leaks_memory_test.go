package leaktest

import (
	"context"

	"pitwall"
)

// memoryHook is a Memory whose recall is changed.
type memoryHook struct {
	pitwall.Memory
	change func(*pitwall.Memories)
}

func (h memoryHook) Recall(ctx context.Context) (pitwall.Memories, error) {
	m, err := h.Memory.Recall(ctx)
	h.change(&m)
	return m, err
}

func memoryLeaks() []leak {
	var shared []pitwall.MemoryItem // by all worlds
	next := func(w *pitwall.World, d Data) (pitwall.Bar, bool) {
		return d.after(w, d.Series[0].Instrument.Symbol, 0)
	}
	return []leak{
		{"a lesson a bar early", "the lesson of the next bar is remembered now", func(w *pitwall.World, d Data) {
			w.Memory = memoryHook{w.Memory, func(m *pitwall.Memories) {
				if b, ok := next(w, d); ok {
					m.Items = append(m.Items, pitwall.MemoryItem{ID: "m0", Kind: pitwall.Lesson, Known: b.Known, Symbol: b.Symbol, Text: "it closed"})
				}
			}}
		}},
		{"a lesson that knows the next bar", "a lesson of now tells the next close", func(w *pitwall.World, d Data) {
			w.Memory = memoryHook{w.Memory, func(m *pitwall.Memories) {
				if b, ok := next(w, d); ok {
					m.Items = append(m.Items, pitwall.MemoryItem{ID: "m0", Kind: pitwall.Lesson, Known: w.Clock.Now(), Symbol: b.Symbol, Text: "it closed at " + b.Close.String()})
				}
			}}
		}},
		{"a belief scored a bar early", "active beliefs are scored by the next close", func(w *pitwall.World, d Data) {
			w.Memory = memoryHook{w.Memory, func(m *pitwall.Memories) {
				b, ok := next(w, d)
				for i := range m.Beliefs {
					if x := &m.Beliefs[i]; ok && x.Matured == nil && x.Symbol == b.Symbol {
						hit, now, brier := b.Close > b.Open == (x.Direction == "up"), w.Clock.Now(), 0.25
						x.Hit, x.Matured, x.Brier = &hit, &now, &brier
					}
				}
			}}
		}},
		{"a memory that worlds share", "what one world wrote is remembered by another", func(w *pitwall.World, _ Data) {
			w.Memory = memoryHook{w.Memory, func(m *pitwall.Memories) {
				shared = append(shared, m.Items...)
				m.Items = shared[:len(shared):len(shared)]
			}}
		}},
	}
}
