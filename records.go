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
)

// Record is one fact with the time at which it could first have been had.
type Record struct {
	Kind    RecordKind        `json:"kind"`
	ID      string            `json:"id"`
	Symbols []string          `json:"symbols,omitempty"`
	Series  string            `json:"series,omitempty"` // a macro series or a statement item
	Event   time.Time         `json:"event"`            // what the fact is about
	Known   time.Time         `json:"known"`            // when it could first have been had
	Vintage string            `json:"vintage,omitempty"`
	Revised bool              `json:"revised,omitempty"` // only a revised value exists
	Title   string            `json:"title,omitempty"`
	Text    string            `json:"text,omitempty"`
	Source  string            `json:"source,omitempty"`
	Value   *Dec              `json:"value,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// RecordQuery asks for known records, newest first. There is no upper date:
// the upper bound is always now.
type RecordQuery struct {
	Kind    RecordKind
	Symbols []string
	Series  string
	Text    string
	Since   time.Time
	Limit   int
}

// Coverage says which records of a kind there are, as of now.
type Coverage struct {
	Kind        RecordKind `json:"kind"`
	Name        string     `json:"name"`
	From, Until time.Time
	Count       int `json:"count"`
}

// Records is what may be known now besides prices. A world without records has
// nil here, and tools answer NO_COVERAGE.
type Records interface {
	Find(ctx context.Context, q RecordQuery) ([]Record, error)
	Coverage(ctx context.Context) ([]Coverage, error)
}
