package main

import (
	"slices"
	"time"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/tools/dare"
)

// dared is what the leak harness builds its worlds of: newSim over data whose
// future it has changed.
func dared(spec simSpec) dare.Build {
	return func(d dare.Data, from time.Time) (*pitwall.World, error) {
		store := history.Of(d.Series, d.Actions, d.Records)
		s := spec
		s.Symbols = slices.DeleteFunc(slices.Clone(spec.Symbols), func(symbol string) bool { return !slices.Contains(store.Symbols(), symbol) })
		s.From, s.To = from.Format(time.DateOnly), ""
		w, err := newSim(store, s, &pitwall.MemoryJournal{})
		if err != nil {
			return nil, err
		}
		return w.World, nil
	}
}
