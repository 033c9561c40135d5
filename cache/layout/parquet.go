package layout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // brings DuckDB itself

	"pitwall"
)

// openParquet gives an engine of its own one temporary file, which end removes.
func openParquet(name string, raw []byte) (e *engine, end func(), err error) {
	tmp, err := os.CreateTemp("", "pitwall-*.parquet")
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Close()); err == nil {
		e, err = openEngine(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error is the one to report
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return e, func() {
		e.close()
		_ = os.Remove(tmp.Name()) // a temporary file
	}, nil
}

// parquet reads every column as text.
func (t *Table) parquet(ctx context.Context, raw []byte) error {
	e, end, err := openParquet(t.Name, raw)
	if err != nil {
		return err
	}
	defer end()
	list, err := e.fields()
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err)
	}
	columns := make([]string, len(list))
	for i, f := range list {
		t.Header, columns[i] = append(t.Header, f.name), quoted(f.name)+"::VARCHAR"
	}
	t.Floats = true
	if err := e.run(ctx, "SET TimeZone = 'UTC'", func(piece) error { return nil }); err != nil { // texts of times with a zone
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	var keep texts
	err = e.run(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM read_parquet("+e.file+")", func(p piece) error {
		cells := make([]string, p.n*len(list))
		for i := range list {
			values, valid := column[text](p, i), p.valid(i)
			for k := range values {
				if !isNone(valid, k) {
					cells[k*len(list)+i] = keep.keep(append(keep.cell[:0], values[k].String()...))
				}
			}
		}
		for ; len(cells) > 0; cells = cells[len(list):] {
			t.Rows = append(t.Rows, cells[:len(list):len(list)])
		}
		return nil
	})
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err)
	}
	return e.whole(ctx, len(t.Rows))
}

// whole returns an error when fewer rows were read than the file has.
func (e *engine) whole(ctx context.Context, n int) error {
	has, err := e.rows(ctx)
	if err == nil && has != n {
		err = fmt.Errorf("%d of %d rows could be read", n, has)
	}
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %v", e.name, err)
	}
	return nil
}
