package driver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/tools/duckdb"
)

// maxSQLRows is how many rows [SQL] returns at most.
const maxSQLRows = 10_000

// SQL reads the tables of a run's folder ([runs.Run.Tables]) with a query, behind the gate
// and the limits of the agents' SQL. Texts cannot change anything.
func SQL(ctx context.Context, r *runs.Run, text string) (out pitwall.Result, err error) {
	at := time.Unix(0, 0).UTC()
	for _, p := range r.Equity() {
		if p.Time.After(at) {
			at = p.Time
		}
	}
	zone := time.UTC
	if list := r.Manifest.Traded; len(list) > 0 {
		if zone, err = pitwall.LoadZone(list[0].Zone); err != nil {
			return out, fmt.Errorf("the zone of %s: %w", list[0].Symbol, err)
		}
	}
	tables := duckdb.New(nil, func() time.Time { return at }, zone)
	defer func() { err = errors.Join(err, tables.Close()) }()
	tables.Compute(r.Tables()...)
	return tables.Query(ctx, text, maxSQLRows)
}
