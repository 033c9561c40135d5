package history

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"pitwall"
)

// Members reads a file of an index's members: symbol,from,to[,known_at]. A symbol is a
// member on the days from to to, both included; without to it still is. A row is known at
// known_at (a day: at its end), without one when its first day begins. Of rows with the
// same symbol and from, the one known last says how long.
func Members(ctx context.Context, in Input) (list []pitwall.Membership, err error) {
	p, err := parseFile(ctx, in)
	if err != nil {
		return nil, err
	}
	t, l := p.table, newLoader()
	if _, err := t.need("symbol", "from", "to"); err != nil {
		return nil, err
	}
	type row struct {
		pitwall.Membership // From and Until as stated
		known              time.Time
	}
	var rows []row
	for i := range t.rows {
		r := row{Membership: pitwall.Membership{Symbol: t.get(i, "symbol")}}
		zone := l.zoneOf(r.Symbol)
		if r.Symbol == "" {
			return nil, t.bad(i, "symbol", fmt.Errorf("is empty"))
		}
		if r.From, err = t.date(i, "from", zone); err != nil {
			return nil, err
		}
		if t.get(i, "to") != "" {
			last, err := t.date(i, "to", zone)
			if err == nil && last.Before(r.From) {
				err = t.bad(i, "to", fmt.Errorf("%s is before from %s", last.Format(time.DateOnly), r.From.Format(time.DateOnly)))
			}
			if err != nil {
				return nil, err
			}
			r.Until = endOf(last)
		}
		if r.known = r.From; t.get(i, "known_at") != "" {
			if r.known, err = t.when(i, "known_at", zone); err != nil {
				return nil, err
			}
		}
		rows = append(rows, r)
	}
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		return a.Symbol < b.Symbol || a.Symbol == b.Symbol && (a.From.Before(b.From) || a.From.Equal(b.From) && a.known.Before(b.known))
	})
	for i, r := range rows {
		if r.known.After(r.From) {
			r.From = r.known
		}
		if i+1 < len(rows) && rows[i+1].Symbol == r.Symbol && rows[i+1].Membership.From.Equal(rows[i].Membership.From) {
			if next := rows[i+1].known; r.Until.IsZero() || next.Before(r.Until) { // until another row is known
				r.Until = next
			}
		}
		if r.Until.IsZero() || r.From.Before(r.Until) {
			list = append(list, r.Membership)
		}
	}
	return list, nil
}

// Lacking returns the symbols of a list without bars here.
func (s *Store) Lacking(symbols []string) []string {
	held := s.Symbols()
	return slices.DeleteFunc(slices.Clone(symbols), func(x string) bool { return slices.Contains(held, x) })
}
