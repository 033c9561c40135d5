package wall

import (
	"cmp"
	"slices"

	"pitwall"
)

// memberTurn is a symbol that joins an index or leaves it.
type memberTurn struct {
	at     int64
	symbol string
	leaves int // 1 when it leaves
}

// Follow makes the members of an index, as known at the clock, what may be traded. It is
// called before the wall is used. Symbols without a row are never members.
func (w *Wall) Follow(list []pitwall.Membership) {
	if list == nil {
		return
	}
	w.members, w.joins = map[string][]pitwall.Membership{}, map[string]int64{}
	for _, m := range list {
		if first, ok := w.joins[m.Symbol]; !ok || m.From.UnixNano() < first {
			w.joins[m.Symbol] = m.From.UnixNano()
		}
		w.members[m.Symbol] = append(w.members[m.Symbol], m)
		w.turns = append(w.turns, memberTurn{m.From.UnixNano(), m.Symbol, 0})
		if !m.Until.IsZero() {
			w.turns = append(w.turns, memberTurn{m.Until.UnixNano(), m.Symbol, 1})
		}
	}
	slices.SortFunc(w.turns, func(a, b memberTurn) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.symbol, b.symbol), cmp.Compare(b.leaves, a.leaves))
	})
}

// shownAt is when a bar may be seen: when it is known, and its symbol has joined the index.
func (w *Wall) shownAt(s *pitwall.Series, n int) int64 {
	return max(s.Known[n], w.joins[s.Instrument.Symbol])
}

// isMember reports whether a symbol is in the index that is followed, if any.
func (w *Wall) isMember(symbol string) bool {
	if w.members == nil {
		return true
	}
	now := w.now()
	return slices.ContainsFunc(w.members[symbol], func(m pitwall.Membership) bool { return m.Covers(now) })
}

// Left reports whether a symbol that may be traded otherwise is not in the index now: what
// is held of it can be closed.
func (w *Wall) Left(symbol string) bool { return w.tradable[symbol] && !w.isMember(symbol) }
