package alpaca

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pitwall"
)

// Feed gives the finished bars of some symbols, each once, to a world that goes on.
type Feed struct {
	b       *Broker
	symbols []string
	size    time.Duration
	next    map[string]time.Time // bars that start before were given
}

// NewFeed returns the bars that start at from or later.
func (b *Broker) NewFeed(symbols []string, size time.Duration, from time.Time) *Feed {
	f := &Feed{b: b, symbols: symbols, size: size, next: map[string]time.Time{}}
	for _, s := range symbols {
		f.next[s] = from
	}
	return f
}

// Bars returns what was not returned before and is known by now, by Known and symbol. When
// a read fails no bar is lost: the next call gives all of them.
func (f *Feed) Bars(ctx context.Context, now time.Time) ([]pitwall.Bar, error) {
	var list []pitwall.Bar
	for _, s := range f.symbols {
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
