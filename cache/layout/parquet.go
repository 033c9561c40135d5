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
	if t.Header, err = parquetColumns(ctx, db, tmp.Name()); err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s", t.Name, strings.ReplaceAll(err.Error(), tmp.Name(), path.Base(t.Name)))
	}
	t.Floats = true
	return t.parquetRows(ctx, db, tmp.Name())
}

func parquetColumns(ctx context.Context, db *sql.DB, file string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "FROM read_parquet(?) LIMIT 0", file)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	return names, errors.Join(err, rows.Err())
}

// unit separates the cells of a row.
const unit = "\x1f"

// parquetRows reads each row as one text: what a row costs between the engine and Go
// is the same for one column as for many.
func (t *Table) parquetRows(ctx context.Context, db *sql.DB, file string) error {
	columns := make([]string, len(t.Header))
	for i, h := range t.Header {
		columns[i] = `coalesce("` + strings.ReplaceAll(h, `"`, `""`) + `"::VARCHAR, '')`
	}
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(columns, " || chr(31) || ")+" FROM read_parquet(?)", file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return fmt.Errorf("reading %s: %w", t.Name, err)
		}
		row := strings.Split(line, unit)
		if len(row) != len(t.Header) {
			return pitwall.Errorf(pitwall.DataError, "%s: row %d holds the control character 0x1F", t.Name, len(t.Rows)+1)
		}
		t.Rows = append(t.Rows, row)
	}
	return rows.Err()
}
