package memory

import (
	"context"
	"fmt"
	"sort"
	"time"

	"pitwall"
)

// beliefs returns all beliefs with what became of them. The caller has the lock.
func (s *Store) beliefs(ctx context.Context, now time.Time, items []pitwall.MemoryItem) (list []pitwall.ScoredBelief, err error) {
	places := map[string]int{}
	for _, b := range s.Carried.Beliefs {
		places[b.ID] = len(list)
		list = append(list, b)
	}
	for _, x := range items {
		at, refers := places[x.Of]
		switch {
		case x.Kind == pitwall.Retire && refers:
			list[at].Status = pitwall.BeliefRetired
		case x.Kind == pitwall.Belief && x.Run == "":
			if refers {
				list[at].Status = pitwall.BeliefRefined
			}
			places[x.ID] = len(list)
			list = append(list, pitwall.ScoredBelief{MemoryItem: x, Status: pitwall.BeliefActive})
		}
	}
	bars := map[string][]pitwall.Bar{}
	for i := range list {
		b := &list[i]
		if b.Matured != nil { // in an earlier run
			continue
		}
		history, is := bars[b.Symbol]
		if !is {
			history, err = s.Market.Bars(ctx, pitwall.BarQuery{Symbol: b.Symbol, Adjusted: pitwall.SplitAdjusted})
			switch code := pitwall.CodeOf(err); {
			case code == pitwall.UnknownSymbol, code == pitwall.NoCoverage: // a carried belief about a symbol that this world lacks
				history = nil
			case err != nil:
				return nil, fmt.Errorf("scoring the beliefs about %s: %w", b.Symbol, err)
			}
			bars[b.Symbol] = history
		}
		score(b, history, now)
	}
	return list, nil
}

// score says what became of a belief, from the bars known at a time.
func score(b *pitwall.ScoredBelief, bars []pitwall.Bar, now time.Time) {
	stated := sort.Search(len(bars), func(i int) bool { return bars[i].Known.After(b.Known) })
	due := stated + b.Horizon - 1
	if stated == 0 || due >= len(bars) || bars[due].Known.After(now) {
		return
	}
	b.From, b.To = bars[stated-1].Close, bars[due].Close
	hit := b.To > b.From && b.Direction == "up" || b.To < b.From && b.Direction == "down"
	confidence := 0.0
	if b.Confidence != nil {
		confidence = *b.Confidence
	}
	miss := confidence
	if hit {
		miss--
	}
	brier, matured := miss*miss, bars[due].Known
	b.Hit, b.Brier, b.Matured = &hit, &brier, &matured
	if b.Status == pitwall.BeliefActive {
		b.Status = pitwall.BeliefMatured
	}
}
