package pitwall

import (
	"context"
	"time"
)

// RecordKind is the kind of a record that is not a bar.
type RecordKind string

// The kinds of records.
const (
	News        RecordKind = "news"
	Macro       RecordKind = "macro"
	Fundamental RecordKind = "fundamental"
	Filing      RecordKind = "filing"
	Event       RecordKind = "event" // announced for a time that may lie ahead; Series is its kind
)

// Fields of an event.
const (
	EventID  = "id"        // events with one id are one: the newest known counts, and without Event it was called off
	WholeDay = "whole_day" // set where Event is a day without a time
)

// Record is one fact with the time at which it could first have been had.
type Record struct {
	Kind    RecordKind
	ID      string
	Symbols []string
	Series  string    // a macro series or a statement item
	Event   time.Time // what the fact is about: a day, a period's end
	Known   time.Time // when it could first have been had
	Revised bool      // the value is of a later vintage than Known: only a revised one exists
	Title   string
	Text    string
	Source  string
	Value   string            // exact decimal text as published; empty without one. A statistic, never account money
	Fields  map[string]string // what else the kind has
}

// RecordQuery asks for known records, newest Known first. There is no upper
// date: the upper bound is always now.
type RecordQuery struct {
	Kind    RecordKind
	Symbols []string  // any of them; empty = all
	Series  string    // exact; empty = all
	Words   []string  // all of them in title, text, source or fields, in any case
	Since   time.Time // Known not before it
	Limit   int       // 0 = all
}

// Coverage says which records of a kind there are, as of now.
type Coverage struct {
	Kind        RecordKind
	Name        string    // a symbol or a series; empty for records of no symbol
	From, Until time.Time // Known of the first and last
	Count       int
	Revised     bool // only revised values, withheld unless the strategy allows them
}

// Records is what may be known now besides prices. A world without records has
// nil here, and tools answer NO_COVERAGE. Implementations are safe for
// concurrent use.
type Records interface {
	// Find returns known records. They are the caller's.
	Find(ctx context.Context, q RecordQuery) ([]Record, error)
	// Coverage lists what is known now of a kind, by name.
	Coverage(ctx context.Context, k RecordKind) ([]Coverage, error)
	// Digest is a running hash over everything that could be shown up to now, as
	// [Market.Digest] is. Empty when the records are not replayed.
	Digest() string
}
