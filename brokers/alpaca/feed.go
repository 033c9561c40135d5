package alpaca

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"pitwall"
)

// Feed gives the finished bars of some symbols, each once, to a world that goes on.
type Feed struct {
	b    *Broker
	size time.Duration
	next map[string]time.Time // bars that start before were given
}

// NewFeed returns the bars of each symbol that start at its time or later.
func (b *Broker) NewFeed(size time.Duration, from map[string]time.Time) *Feed {
	return &Feed{b: b, size: size, next: maps.Clone(from)}
}

// Bars returns what was not returned before and is known by now, by Known and symbol. When
// a read fails no bar is lost: the next call gives all of them.
func (f *Feed) Bars(ctx context.Context, now time.Time) ([]pitwall.Bar, error) {
	var list []pitwall.Bar
	for _, s := range slices.Sorted(maps.Keys(f.next)) {
		got, err := f.b.Bars(ctx, s, f.size, f.next[s])
		if err != nil {
			return nil, err
		}
		list = append(list, slices.DeleteFunc(got, func(b pitwall.Bar) bool { return b.Known.After(now) })...)
	}
	for _, b := range list {
		if after := b.Start.Add(1); after.After(f.next[b.Symbol]) {
			f.next[b.Symbol] = after
		}
	}
	slices.SortStableFunc(list, func(x, y pitwall.Bar) int {
		return cmp.Or(x.Known.Compare(y.Known), cmp.Compare(x.Symbol, y.Symbol))
	})
	return list, nil
}
