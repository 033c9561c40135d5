package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim/wall"
)

// average is a 20-bar mean.
const average = "SELECT avg(close) FROM (SELECT close FROM a ORDER BY ts DESC LIMIT 20)"

// long is a world of symbols with n bars of a minute each, at the last one.
func long(t testing.TB, symbols, n int) *world {
	t.Helper()
	var src source
	first := time.Date(2024, 1, 2, 9, 30, 0, 0, newYork)
	for k := range symbols {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: fmt.Sprintf("S%02d", k), Kind: pitwall.Equity, Zone: newYork}, Size: time.Minute}
		for i := range n {
			at := first.Add(time.Duration(i) * time.Minute)
			p := pitwall.Int(int64(100 + i%50))
			require.NoError(t, s.Append(pitwall.Bar{Start: at, End: at.Add(time.Minute), Known: at.Add(time.Minute), Open: p, High: p, Low: p, Close: p, Volume: 100}))
		}
		src = append(src, s)
	}
	w := &world{now: first.Add(time.Duration(n) * time.Minute)}
	now := func() time.Time { return w.now }
	w.Tables = New(wall.New(src, now, nil), now, newYork)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	require.NoError(t, w.Define(context.Background(), pitwall.TableSpec{Name: "a", Symbols: []string{"S00"}}))
	all := pitwall.TableSpec{Name: "every"}
	for k := range symbols {
		all.Symbols = append(all.Symbols, fmt.Sprintf("S%02d", k))
	}
	require.NoError(t, w.Define(context.Background(), all))
	return w
}

// bare is DuckDB alone, with an appender for the same rows.
func bare(t testing.TB) (*sql.Conn, *duck.Appender, func()) {
	ctx := context.Background()
	connector, err := duck.NewConnector("", nil)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	c, err := db.Conn(ctx)
	require.NoError(t, err)
	for _, text := range []string{"SET threads=1", "CREATE TABLE pitwall_bars (symbol VARCHAR, ts TIMESTAMPTZ, date DATE, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE)", "CREATE VIEW a AS SELECT * FROM pitwall_bars"} {
		_, err = c.ExecContext(ctx, text)
		require.NoError(t, err)
	}
	w, err := connector.Connect(ctx)
	require.NoError(t, err)
	app, err := duck.NewAppenderFromConn(w, "", "pitwall_bars")
	require.NoError(t, err)
	return c, app, func() { require.NoError(t, errors.Join(app.Close(), w.Close(), c.Close(), db.Close())) }
}

// rows are a world's bars as the worker gets them.
func rows(t testing.TB, w *world) []row {
	blocks, _, err := w.fresh(context.Background(), w.specs["a"], held{})
	require.NoError(t, err)
	return blocks[0].rows()
}

func ask(t testing.TB, c *sql.Conn) {
	var f float64
	require.NoError(t, c.QueryRowContext(context.Background(), average).Scan(&f))
}

// BenchmarkAverage is a 20-bar mean over 1,500 rows: the worker, and bare DuckDB
// on the same rows beside it.
func BenchmarkAverage(b *testing.B) {
	b.Run("worker", func(b *testing.B) {
		w := long(b, 1, 1500)
		w.ask(b, average)
		b.ReportAllocs()
		for b.Loop() {
			w.ask(b, average)
		}
	})
	b.Run("bare", func(b *testing.B) {
		c, app, done := bare(b)
		require.NoError(b, appendRows(app, rows(b, long(b, 1, 1500))))
		for b.Loop() {
			ask(b, c)
		}
		done()
	})
}

// BenchmarkFirstQuery is loading 1,500 bars into a running worker and asking, and
// the same with bare DuckDB.
func BenchmarkFirstQuery(b *testing.B) {
	b.Run("worker", func(b *testing.B) {
		w := long(b, 1, 1500)
		w.ask(b, "SELECT 1")
		for b.Loop() {
			b.StopTimer()
			w.held = map[string]held{} // as if nothing had been sent
			b.StartTimer()
			w.ask(b, average)
		}
	})
	b.Run("bare", func(b *testing.B) {
		c, app, done := bare(b)
		all := rows(b, long(b, 1, 1500))
		for b.Loop() {
			b.StopTimer()
			_, err := c.ExecContext(context.Background(), "DELETE FROM pitwall_bars")
			require.NoError(b, err)
			b.StartTimer()
			require.NoError(b, appendRows(app, all))
			ask(b, c)
		}
		done()
	})
}

// BenchmarkTopUp is twenty symbols' next bar, and a query that reads none of them, or all
// ("reading"); "without" is the first query alone.
func BenchmarkTopUp(b *testing.B) {
	for _, name := range []string{"with", "without", "reading"} {
		text := map[bool]string{true: "SELECT avg(close) FROM every", false: "SELECT 1"}[name == "reading"]
		b.Run(name, func(b *testing.B) {
			w := long(b, 20, 1500+b.N)
			w.now = w.now.Add(-time.Duration(b.N) * time.Minute)
			w.ask(b, text)
			b.ResetTimer()
			for range b.N {
				if name != "without" {
					w.now = w.now.Add(time.Minute)
				}
				w.ask(b, text)
			}
		})
	}
}
