package driver

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/history"
)

// This file is what may be traded where a strategy follows an index, and what is wrong
// with a list that was written by hand.

// loadIndex reads the members of the index, and makes those of the run's days its symbols.
func (s *Strategy) loadIndex(ctx context.Context, files fs.FS) (err error) {
	if s.Index == "" || s.members != nil {
		return nil
	}
	if s.members, err = history.Members(ctx, s.input(files, s.Index)); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	from, to, err := s.Days()
	if err != nil {
		return err
	}
	if !to.IsZero() {
		to = to.AddDate(0, 0, 1)
	}
	if s.Symbols = pitwall.MembersBetween(s.members, from, to); len(s.Symbols) == 0 {
		return s.bad("index: %s has no member on the run's days", s.Index)
	}
	return nil
}

// withoutData leaves out the members without a bar and notes them: what was delisted is
// what data lack.
func (s *Strategy) withoutData(store *history.Store) error {
	lacking := store.Lacking(s.Symbols)
	if len(lacking) == len(s.Symbols) {
		return s.bad("the data hold no member of %s", s.Index).Hintf("they hold %s", strings.Join(store.Symbols(), ", "))
	}
	if len(lacking) > 0 {
		s.lacking = fmt.Sprintf("%d of %d members of %s have no bars in the data (%s): results lack them, and those that were delisted are the likeliest to lack", len(lacking), len(s.Symbols), s.Index, few(lacking))
		s.Symbols = slices.DeleteFunc(s.Symbols, func(x string) bool { return slices.Contains(lacking, x) })
	}
	return nil
}

// few names at most five of a list.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// byHand is how many stocks a list holds before it matters that all of them survived, and
// over how long.
const (
	byHand     = 5
	byHandOver = 365 * 24 * time.Hour
)

// survivors warns of a list of stocks, written by hand, of which none ended inside a run
// of a year or more: it was chosen among those that lived.
func survivors(store *history.Store, spec SimSpec, from, until time.Time) []pitwall.Warning {
	if spec.Survived != "" {
		return []pitwall.Warning{{Code: pitwall.Survivors, Text: spec.Survived}}
	}
	if spec.Members != nil || until.Sub(from) < byHandOver {
		return nil
	}
	var last []time.Time // ends of stocks
	for _, x := range store.Series() {
		if slices.Contains(spec.Symbols, x.Instrument.Symbol) && x.Instrument.Kind == pitwall.Equity {
			last = append(last, x.Bar(x.Len()-1).End)
		}
	}
	if len(last) < byHand || slices.ContainsFunc(last, func(t time.Time) bool { return until.Sub(t) > Quiet }) {
		return nil
	}
	return []pitwall.Warning{{Code: pitwall.Survivors, Text: fmt.Sprintf("the %d stocks were listed by hand and none of them ended within the run: results are likely too good; index: FILE follows an index's members as they were known", len(last))}}
}
