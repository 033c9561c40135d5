package pitwall

import (
	"context"
	"time"
)

// TableSpec names a table of known bars.
type TableSpec struct {
	Name    string        // a SQL identifier
	Symbols []string      // whose bars
	Size    time.Duration // of the bars; 0 = as held. A larger size holds complete intervals only, see [Resample]
	// Adjusted restates prices as of each query's time, see [Adjust]; empty = as held.
	Adjusted Adjustment
}

// ColumnType is the type of a column of a [ComputedTable].
type ColumnType string

// The types, as SQL names them.
const (
	TextColumn   ColumnType = "VARCHAR"
	NumberColumn ColumnType = "DOUBLE"
	TimeColumn   ColumnType = "TIMESTAMPTZ"
)

// TableColumn is one column. Its name is a SQL identifier.
type TableColumn struct {
	Name string
	Type ColumnType
}

// ComputedTable is a table that every query finds, without bars.
type ComputedTable struct {
	Name    string
	Columns []TableColumn
	// Rows returns what is known at a time: nil, string, float64 or time.Time by column.
	Rows func(ctx context.Context, now time.Time) ([][]any, error)
}

// Result is what a query returned, at most the rows and bytes that it may.
type Result struct {
	Columns   []string `json:"columns"`
	Rows      [][]any  `json:"rows"` // nil, bool, int64, float64 or string
	Truncated bool     `json:"truncated"`
	// Preceding is the largest N of the text's "rows N preceding" over one symbol's history.
	Preceding int `json:"-"`
	// AsOf is the world's time whose rows were read; the clock may have moved since.
	AsOf time.Time `json:"-"`
}

// Tables is SQL over rows that are all known now. It physically holds nothing
// from the future: rows are pulled from the walled Market at each query.
type Tables interface {
	// Define registers a table; rows come with the first query.
	Define(ctx context.Context, t TableSpec) error
	// Defined lists the registered tables by name.
	Defined() []TableSpec
	// Query runs one SELECT and returns at most limit rows.
	Query(ctx context.Context, sql string, limit int) (Result, error)
	// Close frees what the tables hold.
	Close() error
}
