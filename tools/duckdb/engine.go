package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"pitwall"
)

const (
	deadline     = 5 * time.Second
	maxBytes     = 256 << 10 // of one result
	maxCell      = 16 << 10  // of one value
	maxColumns   = 200
	memoryLimit  = "512MB" // DuckDB's own, which temporary values ignore
	memoryBudget = 1 << 30 // of the whole process, beyond what it has when idle
)

// engine is the worker's DuckDB. It lives in a process of its own and holds only
// what was sent to it.
type engine struct {
	conn   *sql.Conn
	gate   *gate
	tables map[string]*table
	now    int64 // microseconds
	inside bool  // a transaction is open: it holds the clock and the tails that queries read
}

// open starts the engine, defines the clock, and locks every setting.
func (e *engine) open(ctx context.Context, s settings) error {
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	if e.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	parser, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	statements := []string{"CREATE TABLE pitwall_clock (now TIMESTAMPTZ)"}
	for _, m := range shadowed() {
		statements = append(statements, "CREATE MACRO "+m)
	}
	statements = append(statements,
		// The order matters: the temporary folder cannot be set once external
		// access is off.
		"SET temp_directory=''", "SET max_temp_directory_size='0KB'",
		"SET autoinstall_known_extensions=false", "SET autoload_known_extensions=false",
		"SET allow_community_extensions=false", "SET allow_unsigned_extensions=false", "SET allow_persistent_secrets=false",
		// A checkpoint after so many bytes would begin a new block in the middle of a table.
		"SET checkpoint_threshold='1TB'",
		"SET memory_limit='"+memoryLimit+"'", "SET threads=1", "SET TimeZone='"+s.Zone+"'",
		"SET disabled_filesystems='LocalFileSystem'", "SET enable_external_access=false", "SET lock_configuration=true")
	for _, text := range statements {
		if _, err := e.conn.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	e.tables = map[string]*table{}
	e.gate = &gate{parser: parser, functions: allowed(), types: allowedTypes(), verdicts: map[string]verdict{}}
	return nil
}

// query judges a text and runs it.
func (e *engine) query(ctx context.Context, q query) response {
	v, err := e.gate.check(ctx, q.SQL, e.tables)
	if err != nil {
		return explain(err)
	}
	a := e.run(ctx, v.tables, firstStatement(q.SQL), q.Limit)
	a.Preceding = v.preceding
	return a
}

// run executes a text that passed the gate over the tables that it reads.
func (e *engine) run(ctx context.Context, tables []string, text string, limit int) response {
	whole := context.WithoutCancel(ctx) // an interrupt stops the reading alone
	if err := e.enter(whole, tables); err != nil {
		return failed("showing known bars to SQL", err)
	}
	a := e.read(ctx, text, limit)
	if a.Code != "" || a.Internal != "" {
		if err := e.leave(whole); err != nil { // an error spoils a transaction
			return failed("leaving a failed query", err)
		}
	}
	return a
}

// read executes a text and reads at most limit rows.
func (e *engine) read(ctx context.Context, text string, limit int) (a response) {
	ctx, cancel := context.WithTimeout(ctx, deadline) // the other side kills us a little later
	defer cancel()
	rows, err := e.conn.QueryContext(ctx, fmt.Sprintf("SELECT * FROM (\n%s\n) LIMIT %d", text, limit+1))
	if err != nil {
		return e.stopped(ctx, err)
	}
	defer rows.Close()
	if a.Columns, err = rows.Columns(); err != nil {
		return failed("reading columns", err)
	}
	if len(a.Columns) > maxColumns {
		return explain(pitwall.Errorf(pitwall.SQLFailed, "the result has %d columns", len(a.Columns)).Hintf("at most %d", maxColumns))
	}
	for i, name := range a.Columns {
		const most = 256 // bytes of a column's name
		if len(name) > most {
			a.Columns[i] = strings.ToValidUTF8(name[:most], "") + "..."
		}
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return failed("reading columns", err)
	}
	cells := make([]any, len(a.Columns))
	ptrs := make([]any, len(cells))
	for i := range cells {
		ptrs[i] = &cells[i]
	}
	for n, size := 0, 0; rows.Next(); n++ {
		if n == limit {
			a.Truncated = true
			break
		}
		if err := rows.Scan(ptrs...); err != nil {
			return e.stopped(ctx, err)
		}
		for i, v := range cells {
			c, err := toCell(v, types[i].DatabaseTypeName())
			if err != nil {
				return explain(err)
			}
			a.Cells = append(a.Cells, c)
			size += 8 + len(c.Text)
		}
		if size > maxBytes {
			a.Truncated = true
			a.Cells = a.Cells[:n*len(cells)]
			break
		}
	}
	if err := rows.Err(); err != nil {
		return e.stopped(ctx, err)
	}
	return a
}

// stopped explains why a query ended early.
func (e *engine) stopped(ctx context.Context, err error) response {
	if errors.Is(ctx.Err(), context.Canceled) {
		return explain(ctx.Err())
	}
	if ctx.Err() != nil {
		return explain(tooLong(deadline))
	}
	code := pitwall.SQLFailed
	if outOfMemory(err) {
		code = pitwall.SQLExhausted
	}
	return explain(pitwall.Errorf(code, "%s", message(err)))
}

func outOfMemory(err error) bool {
	return strings.Contains(err.Error(), "Out of Memory") || strings.Contains(err.Error(), "could not allocate")
}

func tooLong(limit time.Duration) *pitwall.Error {
	return pitwall.Errorf(pitwall.Timeout, "the query ran longer than %v and was stopped", limit).Hintf("read fewer rows or join less")
}

// explain is the answer to what the agent did.
func explain(err error) response {
	if e, ok := errors.AsType[*pitwall.Error](err); ok {
		return response{Code: string(e.Code), Message: e.Message, Hint: e.Hint}
	}
	if errors.Is(err, context.Canceled) {
		return response{Code: string(pitwall.CallCanceled)} // the other side knows why
	}
	return response{Internal: err.Error()}
}

// message is DuckDB's own explanation without our wrapping.
func message(err error) string {
	s := err.Error()
	if outOfMemory(err) {
		return "the query needs more memory than it may have (" + memoryLimit + "): read fewer rows, join less, or aggregate first"
	}
	if i := strings.Index(s, "\n\nLINE"); i > 0 {
		s = s[:i]
	}
	const most = 2000
	if s = strings.TrimSpace(s); len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// toCell turns a DuckDB value into one that JSON carries. Dates are 2006-01-02,
// times without a zone 2006-01-02T15:04:05.
func toCell(v any, typ string) (cell, error) {
	whole := func(i int64) (cell, error) { return cell{Kind: isInt, Int: i}, nil }
	text := func(s string) (cell, error) { return cell{Kind: isText, Text: s}, nil }
	switch x := v.(type) {
	case nil:
		return cell{Kind: isNull}, nil
	case bool:
		if x {
			return cell{Kind: isBool, Int: 1}, nil
		}
		return cell{Kind: isBool}, nil
	case int64:
		return whole(x)
	case int8:
		return whole(int64(x))
	case int16:
		return whole(int64(x))
	case int32:
		return whole(int64(x))
	case uint8:
		return whole(int64(x))
	case uint16:
		return whole(int64(x))
	case uint32:
		return whole(int64(x))
	case uint64:
		return text(fmt.Sprint(x))
	case float32:
		return toCell(float64(x), typ)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return cell{Kind: isNull}, nil
		}
		return cell{Kind: isFloat, Float: x}, nil
	case *big.Int:
		if x.IsInt64() && x.Int64() < 1<<53 && x.Int64() > -1<<53 {
			return whole(x.Int64())
		}
		return text(x.String())
	case duck.Decimal:
		return toCell(x.Float64(), typ)
	case string:
		if len(x) > maxCell {
			return cell{}, pitwall.Errorf(pitwall.SQLFailed, "a value has %d bytes", len(x)).Hintf("at most %d", maxCell)
		}
		return text(x)
	case time.Time:
		switch typ {
		case "DATE":
			return text(x.Format(time.DateOnly))
		case "TIME":
			return text(x.Format("15:04:05.999999"))
		case "TIMESTAMPTZ":
			return cell{Kind: isInstant, Int: x.UnixMicro()}, nil
		}
		return text(x.Format("2006-01-02T15:04:05.999999999"))
	case duck.Interval:
		return text(fmt.Sprintf("%d months %d days %v", x.Months, x.Days, time.Duration(x.Micros)*time.Microsecond))
	}
	return cell{}, pitwall.Errorf(pitwall.SQLFailed, "a column of type %s cannot be returned", typ).Hintf("cast it to DOUBLE or VARCHAR")
}
