package memory

import (
	"context"
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
			if history, err = s.Market.Bars(ctx, pitwall.BarQuery{Symbol: b.Symbol, Adjusted: pitwall.SplitAdjusted}); err != nil {
				history = nil // a carried belief about a symbol that this world lacks
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

// Calibration compares how sure beliefs were with how often they came true.
type Calibration struct {
	Beliefs int     `json:"beliefs"` // stated
	Matured int     `json:"matured"`
	Hits    int     `json:"hits"`
	HitRate float64 `json:"hit_rate"` // of the matured ones
	Brier   float64 `json:"brier"`    // mean; 0.25 is a coin's
	Bins    []Bin   `json:"bins"`     // of the matured ones, by confidence; empty ones are left out
}

// Bin is the matured beliefs of about one confidence.
type Bin struct {
	From       float64 `json:"from"` // confidence, inclusive
	To         float64 `json:"to"`   // exclusive, but for 1
	Beliefs    int     `json:"beliefs"`
	Confidence float64 `json:"confidence"` // mean
	HitRate    float64 `json:"hit_rate"`
}

// Calibrate scores beliefs together, those of earlier runs too.
func Calibrate(list []pitwall.ScoredBelief) Calibration {
	c := Calibration{Beliefs: len(list), Bins: []Bin{}}
	bins := make([]Bin, 10)
	for _, b := range list {
		if b.Hit == nil || b.Confidence == nil {
			continue
		}
		x := &bins[min(9, int(*b.Confidence*10))]
		c.Matured, x.Beliefs = c.Matured+1, x.Beliefs+1
		c.Brier, x.Confidence = c.Brier+*b.Brier, x.Confidence+*b.Confidence
		if *b.Hit {
			c.Hits, x.HitRate = c.Hits+1, x.HitRate+1
		}
	}
	if c.Matured > 0 {
		c.HitRate, c.Brier = float64(c.Hits)/float64(c.Matured), c.Brier/float64(c.Matured)
	}
	for i, x := range bins {
		if x.Beliefs == 0 {
			continue
		}
		n := float64(x.Beliefs)
		x.From, x.To, x.Confidence, x.HitRate = float64(i)/10, float64(i+1)/10, x.Confidence/n, x.HitRate/n
		c.Bins = append(c.Bins, x)
	}
	return c
}
