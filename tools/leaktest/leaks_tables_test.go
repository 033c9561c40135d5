package leaktest

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools"
	"pitwall/tools/duckdb"
	"pitwall/tools/memory"
)

// tablesHook is Tables whose queries are changed.
type tablesHook struct {
	pitwall.Tables
	query func(sql string, limit int, ask func(sql string, limit int) (pitwall.Result, error)) (pitwall.Result, error)
}

func (h tablesHook) Query(ctx context.Context, sql string, limit int) (pitwall.Result, error) {
	return h.query(sql, limit, func(sql string, limit int) (pitwall.Result, error) { return h.Tables.Query(ctx, sql, limit) })
}

// bothTables defines and closes two engines.
type bothTables struct {
	tablesHook
	other *duckdb.Tables
}

func (b bothTables) Define(ctx context.Context, s pitwall.TableSpec) error {
	return errors.Join(b.tablesHook.Define(ctx, s), b.other.Define(ctx, s))
}

func (b bothTables) Close() error { return errors.Join(b.tablesHook.Close(), b.other.Close()) }

// whole is a Market without a wall.
type whole struct {
	pitwall.Market
	d     Data
	until func() time.Time // what counts as now
}

func (m whole) Bars(_ context.Context, q pitwall.BarQuery) ([]pitwall.Bar, error) {
	s := m.d.series(q.Symbol)
	var list []pitwall.Bar
	for i := range s.Len() {
		if b := s.Bar(i); b.Known.After(q.After) && !b.Start.After(m.until()) {
			list = append(list, b)
		}
	}
	return list, nil
}

var fromTable = regexp.MustCompile(`FROM (every|adjusted|weeks|t\d)\b`)

func tableLeaks(host time.Time) []leak {
	answers := map[string]pitwall.Result{} // of all worlds
	return []leak{
		{"a view instead of copying", "the engine holds all rows behind a view, and the table behind it can be read", func(w *pitwall.World, d Data) {
			forever := func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
			w.Tables = tablesHook{duckdb.New(whole{w.Market, d, forever}, w.Clock.Now, w.Zone), func(sql string, limit int, ask func(string, int) (pitwall.Result, error)) (pitwall.Result, error) {
				if strings.Contains(sql, "pitwall_bars") {
					return ask("SELECT count(*), max(close) FROM every", limit)
				}
				return ask(fromTable.ReplaceAllString(sql, "FROM (SELECT * FROM $1 WHERE ts <= now())"), limit)
			}}
		}},
		{"buckets see everything", "a query with time_bucket runs on all rows", func(w *pitwall.World, d Data) {
			forever := func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
			all, walled := duckdb.New(whole{w.Market, d, forever}, w.Clock.Now, w.Zone), w.Tables
			w.Tables = bothTables{tablesHook{walled, func(sql string, limit int, ask func(string, int) (pitwall.Result, error)) (pitwall.Result, error) {
				if strings.Contains(sql, "time_bucket") {
					return all.Query(context.Background(), sql, limit)
				}
				return ask(sql, limit)
			}}, all}
		}},
		{"rows from their start", "SQL holds a bar from its start on", func(w *pitwall.World, d Data) {
			soon := func() time.Time { return w.Clock.Now().Add(20 * time.Hour) }
			w.Tables = duckdb.New(whole{w.Market, d, soon}, w.Clock.Now, w.Zone)
		}},
		{"ratios at the period's end", "the table ratios counts a statement before it was filed", func(w *pitwall.World, d Data) {
			ahead := recordsHook{real: w.Records, find: func(q pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
				for _, r := range d.Records {
					if now := w.Clock.Now(); r.Kind == q.Kind && slices.Equal(r.Symbols, q.Symbols) && r.Known.After(now) && !r.Event.After(now) {
						list = append(list, r)
					}
				}
				return list
			}}
			t := duckdb.New(w.Market, w.Clock.Now, w.Zone)
			t.Compute(append(w.Memory.(*memory.Store).Tables(), tools.RatiosTable(&pitwall.World{Clock: w.Clock, Market: w.Market, Instruments: w.Instruments, Records: ahead, Zone: w.Zone}))...)
			w.Tables = t
		}},
		{"SQL tells the host's time", "now() is not the world's", func(w *pitwall.World, _ Data) {
			w.Tables = duckdb.New(w.Market, func() time.Time { return host }, w.Zone)
		}},
		{"answers kept without their time", "a cache of answers by text, shared by all worlds", func(w *pitwall.World, _ Data) {
			w.Tables = tablesHook{w.Tables, func(sql string, limit int, ask func(string, int) (pitwall.Result, error)) (pitwall.Result, error) {
				if r, ok := answers[sql]; ok {
					return r, nil
				}
				r, err := ask(sql, limit)
				if err == nil {
					answers[sql] = r
				}
				return r, err
			}}
		}},
		{"an error names a future row", "a failing query says what is coming", func(w *pitwall.World, d Data) {
			w.Tables = tablesHook{w.Tables, func(sql string, limit int, ask func(string, int) (pitwall.Result, error)) (pitwall.Result, error) {
				r, err := ask(sql, limit)
				if next, ok := d.after(w, d.Series[0].Instrument.Symbol, 0); ok && err != nil {
					err = pitwall.Errorf(pitwall.SQLFailed, "%v (near %v)", err, next.Close)
				}
				return r, err
			}}
		}},
		{"truncated by rows to come", "the flag counts rows that are not shown", func(w *pitwall.World, d Data) {
			w.Tables = tablesHook{w.Tables, func(sql string, limit int, ask func(string, int) (pitwall.Result, error)) (pitwall.Result, error) {
				r, err := ask(sql, limit)
				r.Truncated = r.Truncated || len(r.Rows) < d.Series[0].Len()-40
				return r, err
			}}
		}},
	}
}
