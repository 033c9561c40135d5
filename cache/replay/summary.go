package replay

import (
	"context"
	"time"
)

// Summary is what a store holds.
type Summary struct {
	Dir         string        `json:"dir"`
	Kinds       []KindSummary `json:"kinds"`
	Quarantined int           `json:"quarantined"`
}

// KindSummary counts the entries of one kind.
type KindSummary struct {
	Kind    string    `json:"kind"`
	Entries int       `json:"entries"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest"`
	Newest  time.Time `json:"newest"`
}

// Summarize counts the entries by kind. It opens none.
func (s *Store) Summarize(ctx context.Context) (Summary, error) {
	h := Summary{Dir: s.dir, Kinds: []KindSummary{}}
	for i, err := range s.List(ctx) {
		if err != nil {
			return h, err
		}
		if n := len(h.Kinds); n == 0 || h.Kinds[n-1].Kind != i.Kind {
			h.Kinds = append(h.Kinds, KindSummary{Kind: i.Kind, Oldest: i.Written, Newest: i.Written})
		}
		k := &h.Kinds[len(h.Kinds)-1]
		k.Entries++
		k.Bytes += i.Bytes
		if i.Written.Before(k.Oldest) {
			k.Oldest = i.Written
		}
		if i.Written.After(k.Newest) {
			k.Newest = i.Written
		}
	}
	var err error
	h.Quarantined, _, err = s.Held()
	return h, err
}

// Count returns what Clear would remove.
func (s *Store) Count(ctx context.Context, kind string, olderThan time.Time) (n int, size int64, err error) {
	if kind == quarantine {
		return s.Held()
	}
	for i, err := range s.List(ctx) {
		if err != nil {
			return n, size, err
		}
		if (kind == "" || kind == i.Kind) && i.Written.Before(olderThan) {
			n++
			size += i.Bytes
		}
	}
	return n, size, nil
}
