package pitwall

import (
	"slices"
	"time"
)

// Membership is a stretch of time in which a symbol was known to be in an index: from
// From on, and before Until, which is zero where no end is known.
type Membership struct {
	Symbol      string
	From, Until time.Time
}

// Covers reports whether the symbol was a member at a time, as known then.
func (m Membership) Covers(t time.Time) bool {
	return !t.Before(m.From) && (m.Until.IsZero() || t.Before(m.Until))
}

// MembersBetween returns the symbols that were members at some time in [from, to), in
// order; a zero time is no bound.
func MembersBetween(list []Membership, from, to time.Time) (symbols []string) {
	for _, m := range list {
		if (to.IsZero() || m.From.Before(to)) && (from.IsZero() || m.Until.IsZero() || m.Until.After(from)) {
			symbols = append(symbols, m.Symbol)
		}
	}
	slices.Sort(symbols)
	return slices.Compact(symbols)
}
