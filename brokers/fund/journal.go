package fund

import (
	"context"
	"iter"

	"pitwall"
)

// Journal is a venue's journal as the holder of one book sees it: entries of that book,
// under the name main, and the numbers of others. What he appends is of the book.
type Journal struct {
	all  pitwall.Journal
	name string
}

// NewJournal returns the journal of a book.
func NewJournal(all pitwall.Journal, name string) *Journal { return &Journal{all, name} }

// Append implements pitwall.Journal.
func (j *Journal) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	if e.Book == pitwall.MainBook || e.Book == "" {
		e.Book = j.name
	}
	return j.all.Append(ctx, e)
}

// Last implements pitwall.Journal.
func (j *Journal) Last() int64 { return j.all.Last() }

// Follow implements pitwall.Journal.
func (j *Journal) Follow(ctx context.Context, from int64) iter.Seq2[pitwall.Entry, error] {
	return func(yield func(pitwall.Entry, error) bool) {
		for e, err := range j.all.Follow(ctx, from) {
			if e.Book == j.name {
				e.Book = pitwall.MainBook
			} else {
				e = pitwall.Entry{Seq: e.Seq, AsOf: e.AsOf}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
