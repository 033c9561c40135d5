package tools

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"pitwall"
)

func addQuery(s *Set) {
	add(s, Tool{Name: "duckdb_query", Title: "SQL query", Idempotent: true,
		Description: "Run one SELECT (DuckDB: windows, CTEs, QUALIFY, ASOF joins) over tables made by market_load_history_table. " +
			"They hold only what is known now; now() is the world's time. Give an ORDER BY."}, duckdbQuery)
}

type queryIn struct {
	SQL   string `json:"sql"`
	Limit *int   `json:"limit,omitempty" jsonschema:"default 100, at most 1000"`
}

type queryOut struct {
	Columns   []string `json:"columns"`
	Rows      [][]any  `json:"rows"`
	Truncated bool     `json:"truncated"`

	asOf time.Time
}

func (o queryOut) at() time.Time { return o.asOf }

func (o queryOut) text(*pitwall.World) string {
	var t text
	t.pairs("rows", len(o.Rows), "truncated", o.Truncated)
	if o.Truncated {
		t.WriteString("there is more: limit gives up to 1000 rows and 256 KB\n")
	}
	t.WriteString(strings.Join(o.Columns, ","))
	t.WriteByte('\n')
	for _, row := range o.Rows {
		for i, c := range row {
			if i > 0 {
				t.WriteByte(',')
			}
			if s, ok := c.(string); ok && !strings.ContainsAny(s, ",\n\"") {
				t.WriteString(s)
				continue
			}
			b, err := json.Marshal(c)
			if err != nil {
				b = []byte("null")
			}
			t.Write(b)
		}
		t.WriteByte('\n')
	}
	return t.String()
}

func duckdbQuery(ctx context.Context, w *pitwall.World, in queryIn) (queryOut, error) {
	limit, err := atMost("limit", in.Limit, 100, 1000)
	if err != nil {
		return queryOut{}, err
	}
	if w.Tables == nil {
		return queryOut{}, pitwall.Errorf(pitwall.NoCoverage, "this world has no SQL engine")
	}
	r, err := w.Tables.Query(ctx, in.SQL, limit)
	return queryOut{Columns: r.Columns, Rows: r.Rows, Truncated: r.Truncated, asOf: r.AsOf}, err
}
