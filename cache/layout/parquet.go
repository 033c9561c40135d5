package layout

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // reads Parquet

	"pitwall"
)

// parquet reads every column as text through an engine of its own, which sees
// one temporary file and is gone afterwards.
func (t *Table) parquet(ctx context.Context, raw []byte) error {
	tmp, err := os.CreateTemp("", "pitwall-*.parquet")
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "SET TimeZone = 'UTC'"); err != nil { // texts of times with a zone
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	rows, err := db.QueryContext(ctx, "SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?)", tmp.Name())
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s", t.Name, strings.ReplaceAll(err.Error(), tmp.Name(), path.Base(t.Name)))
	}
	defer rows.Close()
	if t.Header, err = rows.Columns(); err != nil {
		return err
	}
	t.Floats = true
	for rows.Next() {
		cells := make([]sql.NullString, len(t.Header))
		ptrs := make([]any, len(cells))
		for i := range cells {
			ptrs[i] = &cells[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return fmt.Errorf("reading %s: %w", t.Name, err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.String
		}
		t.Rows = append(t.Rows, row)
	}
	return rows.Err()
}
