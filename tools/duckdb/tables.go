package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"math/big"
	"sort"
	"strings"
	"sync"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"pitwall"
)

const (
	deadline    = 5 * time.Second
	maxBytes    = 256 << 10 // of one result
	maxCell     = 16 << 10  // of one value
	memoryLimit = "512MB"
	maxTables   = 100
)

// Tables implements pitwall.Tables. It is safe for concurrent use; queries of
// one world run one at a time.
type Tables struct {
	market pitwall.Market
	now    func() time.Time
	zone   *time.Location

	mu     sync.Mutex
	specs  map[string]pitwall.TableSpec
	loaded map[string]time.Time // per symbol: Known of its newest row
	views  map[string]bool      // views that exist in the engine
	db     *sql.DB              // nil until the first query
	conn   *sql.Conn
	gate   *gate
	closed bool
}

// New makes the tables of one world. Nothing is opened before the first query.
func New(m pitwall.Market, now func() time.Time, zone *time.Location) *Tables {
	if zone == nil {
		zone = time.UTC
	}
	return &Tables{market: m, now: now, zone: zone, specs: map[string]pitwall.TableSpec{}, loaded: map[string]time.Time{}, views: map[string]bool{}}
}

// Define implements pitwall.Tables.
func (t *Tables) Define(_ context.Context, s pitwall.TableSpec) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if strings.HasPrefix(s.Name, "pitwall_") {
		return pitwall.Errorf(pitwall.InvalidInput, "table names that begin with pitwall_ are taken")
	}
	if _, ok := t.specs[s.Name]; !ok && len(t.specs) >= maxTables {
		return pitwall.Errorf(pitwall.InvalidInput, "%d tables are loaded", len(t.specs)).Hintf("query the ones that there are")
	}
	t.specs[s.Name] = s
	delete(t.views, s.Name)
	return nil
}

// Defined implements pitwall.Tables.
func (t *Tables) Defined() []pitwall.TableSpec {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]pitwall.TableSpec, 0, len(t.specs))
	for _, s := range t.specs {
		list = append(list, s)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Query implements pitwall.Tables.
func (t *Tables) Query(ctx context.Context, text string, limit int) (pitwall.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return pitwall.Result{}, pitwall.Errorf(pitwall.WorldEnded, "this world was ended").Hintf("call again: the world that took its place answers")
	}
	// Loading is not the caller's to cut short: a half-loaded table would stay.
	if err := t.open(context.WithoutCancel(ctx)); err != nil {
		return pitwall.Result{}, err
	}
	names := map[string]bool{}
	for n := range t.specs {
		names[n] = true
	}
	if err := t.gate.check(ctx, text, names); err != nil {
		return pitwall.Result{}, err
	}
	if err := t.topUp(context.WithoutCancel(ctx)); err != nil {
		return pitwall.Result{}, fmt.Errorf("loading known bars into SQL: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	r, err := t.run(ctx, text, limit)
	if err != nil && ctx.Err() != nil {
		return r, pitwall.Errorf(pitwall.Timeout, "the query ran longer than %v and was stopped", deadline).Hintf("read fewer rows or join less")
	}
	return r, err
}

// Close implements pitwall.Tables.
func (t *Tables) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.db == nil {
		return nil
	}
	err := errors.Join(t.gate.parser.Close(), t.conn.Close(), t.db.Close())
	t.db = nil
	return err
}

// open starts the engine, defines the physical table and the clock, and locks
// every setting.
func (t *Tables) open(ctx context.Context) (err error) {
	if t.db != nil {
		return nil
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return fmt.Errorf("opening the SQL engine: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("opening the SQL engine: %w", err)
	}
	parser, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("opening the SQL engine: %w", err)
	}
	statements := []string{
		"CREATE TABLE pitwall_bars (symbol VARCHAR, ts TIMESTAMPTZ, date DATE, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE)",
		"CREATE TABLE pitwall_clock (now TIMESTAMPTZ)",
		"INSERT INTO pitwall_clock VALUES (NULL)",
	}
	for _, m := range shadowed() {
		statements = append(statements, "CREATE MACRO "+m)
	}
	statements = append(statements,
		// The order matters: the temporary folder cannot be set once external
		// access is off.
		"SET temp_directory=''", "SET max_temp_directory_size='0KB'",
		"SET autoinstall_known_extensions=false", "SET autoload_known_extensions=false",
		"SET allow_community_extensions=false", "SET allow_unsigned_extensions=false", "SET allow_persistent_secrets=false",
		"SET memory_limit='"+memoryLimit+"'", "SET threads=1", "SET TimeZone='"+t.zone.String()+"'",
		"SET disabled_filesystems='LocalFileSystem'", "SET enable_external_access=false", "SET lock_configuration=true")
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("setting up the SQL engine (%s): %w", s, err)
		}
	}
	t.db, t.conn = db, conn
	t.gate = &gate{parser: parser, functions: allowed(), verdicts: map[string]verdict{}}
	return nil
}

// topUp appends the bars that became known since the last query, in symbol
// order, sets the clock, and makes missing views.
func (t *Tables) topUp(ctx context.Context) error {
	symbols := map[string]bool{}
	for _, s := range t.specs {
		for _, symbol := range s.Symbols {
			symbols[symbol] = true
		}
	}
	order := make([]string, 0, len(symbols))
	for s := range symbols {
		order = append(order, s)
	}
	sort.Strings(order)
	var fresh []pitwall.Bar
	for _, s := range order {
		bars, err := t.market.Bars(ctx, pitwall.BarQuery{Symbol: s, After: t.loaded[s]})
		if err != nil {
			return err
		}
		fresh = append(fresh, bars...)
	}
	if err := t.load(ctx, fresh); err != nil {
		return err
	}
	if _, err := t.conn.ExecContext(ctx, "UPDATE pitwall_clock SET now = ?", t.now().UTC()); err != nil {
		return err
	}
	for name, s := range t.specs {
		if t.views[name] {
			continue
		}
		list := make([]string, len(s.Symbols))
		for i, symbol := range s.Symbols {
			list[i] = "'" + strings.ReplaceAll(symbol, "'", "''") + "'"
		}
		// name is an identifier: Define's callers check it against a pattern.
		view := `CREATE OR REPLACE VIEW "` + strings.ReplaceAll(name, `"`, ``) + `" AS SELECT * FROM pitwall_bars WHERE symbol IN (` + strings.Join(list, ",") + ")"
		if _, err := t.conn.ExecContext(ctx, view); err != nil {
			return err
		}
		t.views[name] = true
	}
	return nil
}

// load writes rows in one transaction: all of them are there and remembered, or
// none.
func (t *Tables) load(ctx context.Context, bars []pitwall.Bar) error {
	if len(bars) == 0 {
		return nil
	}
	if _, err := t.conn.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	err := t.appendBars(bars)
	if err == nil {
		_, err = t.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, rollback := t.conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	for _, b := range bars {
		t.loaded[b.Symbol] = b.Known
	}
	return nil
}

// appendBars writes rows through DuckDB's appender.
func (t *Tables) appendBars(bars []pitwall.Bar) error {
	return t.conn.Raw(func(c any) (err error) {
		app, err := duck.NewAppenderFromConn(c.(driver.Conn), "", "pitwall_bars")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, app.Close()) }()
		for _, b := range bars {
			y, m, d := b.Start.Date()
			var volume any = b.Volume
			if b.Volume == pitwall.NoVolume {
				volume = nil
			}
			err := app.AppendRow(b.Symbol, b.Start.UTC(), time.Date(y, m, d, 0, 0, 0, 0, time.UTC), b.Open.Float(), b.High.Float(), b.Low.Float(), b.Close.Float(), volume)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// run executes a text that passed the gate and reads at most limit rows.
func (t *Tables) run(ctx context.Context, text string, limit int) (pitwall.Result, error) {
	text = firstStatement(text)
	rows, err := t.conn.QueryContext(ctx, fmt.Sprintf("SELECT * FROM (\n%s\n) LIMIT %d", text, limit+1))
	if err != nil {
		return pitwall.Result{}, pitwall.Errorf(pitwall.SQLFailed, "%s", message(err))
	}
	defer rows.Close()
	r := pitwall.Result{Rows: [][]any{}}
	if r.Columns, err = rows.Columns(); err != nil {
		return r, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return r, err
	}
	size := 0
	for rows.Next() {
		if len(r.Rows) == limit {
			r.Truncated = true
			break
		}
		cells := make([]any, len(r.Columns))
		ptrs := make([]any, len(cells))
		for i := range cells {
			ptrs[i] = &cells[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return r, pitwall.Errorf(pitwall.SQLFailed, "%s", message(err))
		}
		for i := range cells {
			if cells[i], err = t.cell(cells[i], types[i].DatabaseTypeName()); err != nil {
				return r, err
			}
			if s, ok := cells[i].(string); ok {
				size += len(s)
			}
			size += 8
		}
		if size > maxBytes {
			r.Truncated = true
			break
		}
		r.Rows = append(r.Rows, cells)
	}
	if err := rows.Err(); err != nil {
		return r, pitwall.Errorf(pitwall.SQLFailed, "%s", message(err))
	}
	return r, nil
}

// message is DuckDB's own explanation without our wrapping.
func message(err error) string {
	s := err.Error()
	if i := strings.Index(s, "\n\nLINE"); i > 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// cell turns a DuckDB value into one that JSON carries: null, bool, int64,
// float64 or text. Dates are 2006-01-02, instants RFC 3339 in the world's zone.
func (t *Tables) cell(v any, typ string) (any, error) {
	switch x := v.(type) {
	case nil, bool, int64:
		return x, nil
	case int8:
		return int64(x), nil
	case int16:
		return int64(x), nil
	case int32:
		return int64(x), nil
	case uint8:
		return int64(x), nil
	case uint16:
		return int64(x), nil
	case uint32:
		return int64(x), nil
	case uint64:
		return fmt.Sprint(x), nil
	case float32:
		return t.cell(float64(x), typ)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, nil
		}
		return x, nil
	case *big.Int:
		if x.IsInt64() && x.Int64() < 1<<53 && x.Int64() > -1<<53 {
			return x.Int64(), nil
		}
		return x.String(), nil
	case duck.Decimal:
		return x.Float64(), nil
	case string:
		if len(x) > maxCell {
			return nil, pitwall.Errorf(pitwall.SQLFailed, "a value has %d bytes", len(x)).Hintf("at most %d", maxCell)
		}
		return x, nil
	case time.Time:
		switch typ {
		case "DATE":
			return x.Format(time.DateOnly), nil
		case "TIME":
			return x.Format(time.TimeOnly), nil
		case "TIMESTAMPTZ":
			return x.In(t.zone).Format(time.RFC3339), nil
		}
		return x.Format("2006-01-02T15:04:05"), nil
	case duck.Interval:
		return fmt.Sprintf("%d months %d days %v", x.Months, x.Days, time.Duration(x.Micros)*time.Microsecond), nil
	}
	return nil, pitwall.Errorf(pitwall.SQLFailed, "a column of type %T cannot be returned", v).Hintf("cast it to DOUBLE or VARCHAR")
}
