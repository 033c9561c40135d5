package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"pitwall"
)

// sealed is how many rows are written at a time, and the most that a tail holds,
// plus one.
const sealed = 512

// table is the rows of one table. DuckDB answers by more than the rows: where
// its blocks begin and what it counted while they were written decide the order of
// a join and of a float sum. So the same rows are always written in the same
// steps, however often they were asked for: sealed rows at a time for good, and
// the tail of fewer in a transaction that is rolled back when the clock moves.
type table struct {
	app   *duck.Appender
	tail  []row
	sheet *sheet // of a computed table, which is a tail as a whole; nil for bars
	shown bool   // the open transaction holds the tail
}

// row is one known bar.
type row struct {
	symbol                         string
	start, day                     int64
	open, high, low, close, volume float64
}

// load takes rows, tables and the clock. After an error the worker is of no use:
// the other side ends it and sends everything to a new one.
func (e *engine) load(ctx context.Context, l load) error {
	if err := e.leave(ctx); err != nil {
		return err
	}
	e.now = l.Now
	for _, name := range l.Anew {
		if err := e.create(ctx, name); err != nil {
			return fmt.Errorf("creating table %s: %w", name, err)
		}
	}
	for _, s := range l.Sheets {
		if e.tables[s.Table] == nil {
			if err := e.createTable(ctx, s.Table, "pitwall_"+s.Table, s.definition()); err != nil {
				return fmt.Errorf("creating table %s: %w", s.Table, err)
			}
		}
		e.tables[s.Table].sheet = &s
	}
	for _, b := range l.Blocks {
		t := e.tables[b.Table]
		t.tail = append(t.tail, b.rows()...)
		n := len(t.tail) - len(t.tail)%sealed
		for i := 0; i < n; i += sealed {
			if err := e.append(t.app, t.tail[i:i+sealed]); err != nil {
				return err
			}
		}
		t.tail = append([]row{}, t.tail[n:]...)
	}
	return nil
}

// create makes an empty table. Queries read it through a view, so that no text
// can ask for DuckDB's row numbers.
func (e *engine) create(ctx context.Context, name string) error {
	if t := e.tables[name]; t != nil {
		if err := t.app.Close(); err != nil {
			return err
		}
	}
	return e.createTable(ctx, name, "pitwall_bars_"+name, "symbol VARCHAR, ts TIMESTAMPTZ, date DATE, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE")
}

// createTable makes a physical table and the view that queries read. Names are
// identifiers: Define and Compute check them against a pattern.
func (e *engine) createTable(ctx context.Context, name, physical, columns string) error {
	for _, text := range []string{
		fmt.Sprintf(`CREATE OR REPLACE TABLE "%s" (%s)`, physical, columns),
		fmt.Sprintf(`CREATE OR REPLACE VIEW "%s" AS FROM "%s"`, name, physical),
	} {
		if _, err := e.conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	t := &table{}
	e.tables[name] = t
	return e.conn.Raw(func(c any) (err error) {
		t.app, err = duck.NewAppenderFromConn(c.(driver.Conn), "", physical)
		return err
	})
}

// definition lists the columns of a computed table.
func (s *sheet) definition() string {
	parts := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		parts[i] = fmt.Sprintf(`"%s" %s`, c.Name, c.Type)
	}
	return strings.Join(parts, ", ")
}

// append writes the rows within the open transaction.
func (s *sheet) append(app *duck.Appender) error {
	for cells := range slices.Chunk(s.Cells, len(s.Columns)) {
		values := make([]driver.Value, len(cells))
		for i, c := range cells {
			switch c.Kind {
			case isText:
				values[i] = c.Text
			case isFloat:
				values[i] = c.Float
			case isInstant:
				values[i] = time.UnixMicro(c.Int).UTC()
			}
		}
		if err := app.AppendRow(values...); err != nil {
			return err
		}
	}
	return app.Flush()
}

// append writes rows at once: for good, or within the open transaction.
func (e *engine) append(app *duck.Appender, rows []row) error {
	return e.conn.Raw(func(any) error { return appendRows(app, rows) })
}

func appendRows(app *duck.Appender, rows []row) error {
	for _, r := range rows {
		var volume any = r.volume
		if r.volume == pitwall.NoVolume {
			volume = nil
		}
		err := app.AppendRow(r.symbol, time.UnixMicro(r.start).UTC(), time.Unix(r.day*86400, 0).UTC(), r.open, r.high, r.low, r.close, volume)
		if err != nil {
			return err
		}
	}
	return app.Flush()
}

// enter opens the transaction in which queries run, unless it is open, and
// shows the tails of these tables and the clock in it.
func (e *engine) enter(ctx context.Context, tables []string) error {
	if !e.inside {
		if _, err := e.conn.ExecContext(ctx, "BEGIN"); err != nil {
			return err
		}
		e.inside = true
		if _, err := e.conn.ExecContext(ctx, "INSERT INTO pitwall_clock VALUES (?)", time.UnixMicro(e.now).UTC()); err != nil {
			return err
		}
	}
	for _, name := range tables {
		t := e.tables[name]
		if t.shown {
			continue
		}
		show := func() error { return e.append(t.app, t.tail) }
		if t.sheet != nil {
			show = func() error { return e.conn.Raw(func(any) error { return t.sheet.append(t.app) }) }
		}
		if err := show(); err != nil {
			return err
		}
		t.shown = true
	}
	return nil
}

// leave takes back what enter did.
func (e *engine) leave(ctx context.Context) error {
	if !e.inside {
		return nil
	}
	e.inside = false
	for _, t := range e.tables {
		t.shown = false
	}
	_, err := e.conn.ExecContext(ctx, "ROLLBACK")
	return err
}

// rows unpacks a block.
func (b block) rows() []row {
	list := make([]row, len(b.Start))
	for i := range list {
		list[i] = row{b.Symbols[b.Symbol[i]], b.Start[i], b.Day[i], b.Open[i], b.High[i], b.Low[i], b.Close[i], b.Volume[i]}
	}
	return list
}
