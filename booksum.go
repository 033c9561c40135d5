package pitwall

import "slices"

// BookSum adds up the equity points of a journal's books. An account of several books has
// one point for each step: when each of its books has its own. The zero value is ready.
type BookSum struct {
	names []string // of the books that have begun
	seen  int      // of them, at this step
	point EquityPoint
	calc  Calc
}

// Add takes an entry and returns the account's point when the entry completes it. A journal
// that does not say with which books it begins has one.
func (s *BookSum) Add(e Entry) (EquityPoint, bool) {
	switch {
	case e.Kind == EntryStart && !slices.Contains(s.names, e.Book):
		s.names = append(s.names, e.Book)
		return EquityPoint{}, false
	case e.Kind != EntryMark || e.Mark == nil:
		return EquityPoint{}, false
	case len(s.names) < 2:
		return *e.Mark, e.Book == MainBook || e.Book == ""
	case s.seen == 0:
		s.point = EquityPoint{Time: e.Mark.Time}
	}
	s.point.Equity, s.point.Cash = s.calc.Add(s.point.Equity, e.Mark.Equity), s.calc.Add(s.point.Cash, e.Mark.Cash)
	if s.seen++; s.seen < len(s.names) {
		return EquityPoint{}, false
	}
	s.seen = 0
	return s.point, true
}

// Err returns why a sum is not exact: a number did not fit.
func (s *BookSum) Err() error { return s.calc.Err }
