package layout

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// engine is a DuckDB of its own that reads one file. Its results are read as vectors, in
// DuckDB's memory: a row costs nothing between C and Go.
type engine struct {
	db   duckdb.Database
	conn duckdb.Connection
	file string // quoted, as SQL reads it
	name string // of the file in messages
}

func openEngine(file, name string) (*engine, error) {
	e := &engine{file: "'" + strings.ReplaceAll(file, "'", "''") + "'", name: name}
	var config duckdb.Config
	if duckdb.CreateConfig(&config) == duckdb.StateError {
		return nil, errors.New("starting DuckDB")
	}
	defer duckdb.DestroyConfig(&config)
	why := ""
	if duckdb.OpenExt("", &e.db, config, &why) == duckdb.StateError {
		return nil, fmt.Errorf("starting DuckDB: %s", why)
	}
	if duckdb.Connect(e.db, &e.conn) == duckdb.StateError {
		e.close()
		return nil, errors.New("connecting to DuckDB")
	}
	return e, nil
}

func (e *engine) close() {
	duckdb.Disconnect(&e.conn)
	duckdb.Close(&e.db)
}

// run executes a statement and calls each for every piece of its result.
func (e *engine) run(ctx context.Context, query string, each func(piece) error) error {
	var s duckdb.PreparedStatement
	defer duckdb.DestroyPrepare(&s)
	if duckdb.Prepare(e.conn, query, &s) == duckdb.StateError {
		return e.wrong(duckdb.PrepareError(s))
	}
	var p duckdb.PendingResult
	defer duckdb.DestroyPending(&p)
	if duckdb.PendingPreparedStreaming(s, &p) == duckdb.StateError { //nolint:staticcheck // the other way holds all of the result
		return e.wrong(duckdb.PendingError(p))
	}
	var r duckdb.Result
	defer duckdb.DestroyResult(&r)
	if duckdb.ExecutePending(p, &r) == duckdb.StateError {
		return e.wrong(duckdb.ResultError(&r))
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := duckdb.FetchChunk(r)
		if c.Ptr == nil {
			return e.wrong(duckdb.ResultError(&r))
		}
		err := each(piece{c, int(duckdb.DataChunkGetSize(c))})
		duckdb.DestroyDataChunk(&c)
		if err != nil {
			return err
		}
	}
}

// wrong is an error with DuckDB's text, in which the file has its own name.
func (e *engine) wrong(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(strings.ReplaceAll(text, strings.Trim(e.file, "'"), path.Base(e.name)))
}

// field is a column of a file.
type field struct {
	name  string
	kind  duckdb.Type
	scale int // of a decimal
	width int
}

// fields returns the columns of the file.
func (e *engine) fields() ([]field, error) {
	var s duckdb.PreparedStatement
	defer duckdb.DestroyPrepare(&s)
	if duckdb.Prepare(e.conn, "FROM read_parquet("+e.file+")", &s) == duckdb.StateError {
		return nil, e.wrong(duckdb.PrepareError(s))
	}
	list := make([]field, duckdb.PreparedStatementColumnCount(s))
	for i := range list {
		at := duckdb.IdxT(i)
		f := field{name: duckdb.PreparedStatementColumnName(s, at), kind: duckdb.PreparedStatementColumnType(s, at)}
		if f.kind == duckdb.TypeDecimal {
			t := duckdb.PreparedStatementColumnLogicalType(s, at)
			f.scale, f.width = int(duckdb.DecimalScale(t)), int(duckdb.DecimalWidth(t))
			duckdb.DestroyLogicalType(&t)
		}
		list[i] = f
	}
	return list, nil
}

// rows returns how many rows the file says it has.
func (e *engine) rows(ctx context.Context) (n int, err error) {
	err = e.run(ctx, "SELECT count(*) FROM read_parquet("+e.file+")", func(p piece) error {
		n = int(column[int64](p, 0)[0])
		return nil
	})
	return n, err
}

// quoted writes a column's name as SQL reads it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// piece is a part of a result, at most 2,048 rows, valid until the next.
type piece struct {
	chunk duckdb.DataChunk
	n     int
}

// column returns a column's values. T has the size of the column's type.
func column[T any](p piece, i int) []T {
	data := duckdb.VectorGetData(duckdb.DataChunkGetVector(p.chunk, duckdb.IdxT(i)))
	return unsafe.Slice((*T)(data), p.n)
}

// valid returns which values of a column are not NULL, a bit each; nil is all.
func (p piece) valid(i int) []uint64 {
	mask := duckdb.VectorGetValidity(duckdb.DataChunkGetVector(p.chunk, duckdb.IdxT(i)))
	if mask == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(mask), (p.n+63)/64)
}

// isNone reports whether a value is NULL by its column's bits.
func isNone(valid []uint64, i int) bool { return valid != nil && valid[i/64]>>(i%64)&1 == 0 }

// text is DuckDB's string: at most 12 bytes stand in it, longer ones elsewhere.
type text struct {
	size   uint32
	inside [4]byte // with the 8 bytes after it
	longer *byte
}

// String returns the bytes where they are: a copy is to be kept.
func (t *text) String() string {
	if t.size <= 12 {
		return unsafe.String(&t.inside[0], int(t.size))
	}
	return unsafe.String(t.longer, int(t.size))
}
