package duckdb

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim/wall"
)

type source []*pitwall.Series

func (s source) Series() []*pitwall.Series { return s }
func (s source) Actions() []pitwall.Action { return nil }

var newYork = func() *time.Location {
	z, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return z
}()

func at(day int) time.Time { return time.Date(2024, 1, day, 16, 0, 0, 0, newYork) }

// world is tables over two symbols, days 1..20, with a clock that tests move.
type world struct {
	*Tables
	now    time.Time
	source source
}

func newWorld(t testing.TB, day int) *world {
	t.Helper()
	var src source
	for k, symbol := range []string{"A", "B"} {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Zone: newYork}, Size: 24 * time.Hour}
		for d := 1; d <= 20; d++ {
			p := pitwall.Int(int64(100*(k+1) + d))
			require.NoError(t, s.Append(pitwall.Bar{Start: at(d).Add(-6*time.Hour - 30*time.Minute), End: at(d), Known: at(d), Open: p, High: p + pitwall.One, Low: p - pitwall.One, Close: p, Volume: 1000}))
		}
		src = append(src, s)
	}
	w := &world{now: at(day), source: src}
	now := func() time.Time { return w.now }
	w.Tables = New(wall.New(src, now, nil), now, newYork)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	require.NoError(t, w.Define(context.Background(), pitwall.TableSpec{Name: "a", Symbols: []string{"A"}}))
	require.NoError(t, w.Define(context.Background(), pitwall.TableSpec{Name: "pair", Symbols: []string{"A", "B"}}))
	return w
}

func (w *world) ask(t testing.TB, sql string) [][]any {
	t.Helper()
	r, err := w.Query(context.Background(), sql, 100)
	require.NoError(t, err, sql)
	return r.Rows
}

func TestTablesGrowWithTheClock(t *testing.T) {
	w := newWorld(t, 3)
	require.Equal(t, [][]any{{int64(3), 103.0}}, w.ask(t, "SELECT count(*), max(close) FROM a"))
	w.now = at(5)
	require.Equal(t, [][]any{{int64(10), 205.0}}, w.ask(t, "SELECT count(*), max(close) FROM pair"))
	require.Equal(t, [][]any{{"A", "2024-01-05T09:30:00-05:00", "2024-01-05", 105.0}}, w.ask(t, "SELECT symbol, ts, date, close FROM a ORDER BY ts DESC LIMIT 1"))
	require.NoError(t, w.Define(context.Background(), pitwall.TableSpec{Name: "a", Symbols: []string{"B"}}))
	require.Equal(t, [][]any{{205.0}}, w.ask(t, "SELECT max(close) FROM a"), "a name can be defined again")
}

func TestUsefulSQLRuns(t *testing.T) {
	w := newWorld(t, 10)
	for sql, want := range map[string][][]any{
		"WITH x AS (SELECT close FROM a ORDER BY ts DESC LIMIT 4) SELECT avg(close) FROM x":                                        {{108.5}},
		"SELECT symbol, max_by(close, ts) FROM pair GROUP BY symbol ORDER BY symbol":                                               {{"A", 110.0}, {"B", 210.0}},
		"SELECT close - lag(close) OVER (ORDER BY ts) AS d FROM a ORDER BY ts DESC LIMIT 2":                                        {{1.0}, {1.0}},
		"SELECT round(stddev_samp(close), 4) FROM a":                                                                               {{3.0277}},
		"SELECT x.close, y.close FROM a x ASOF JOIN pair y ON x.ts >= y.ts AND y.symbol = 'B' ORDER BY x.ts LIMIT 1":               {{101.0, 201.0}},
		"SELECT symbol, ts FROM pair QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) = 1 ORDER BY symbol LIMIT 1": {{"A", "2024-01-10T09:30:00-05:00"}},
		"SELECT CASE WHEN 1 IN (1, 2) AND 'x' LIKE 'x%' AND 3 BETWEEN 1 AND 4 THEN 'yes' ELSE 'no' END":                            {{"yes"}},
		"SELECT count(*) FROM a WHERE ts >= now() - INTERVAL 3 DAY":                                                                {{int64(3)}},
		"SELECT date_trunc('month', date)::DATE, count(*) FROM a GROUP BY 1":                                                       {{"2024-01-01", int64(10)}},
		"SELECT i FROM generate_series(1, 3) g(i) ORDER BY i":                                                                      {{int64(1)}, {int64(2)}, {int64(3)}},
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT max(n) FROM r":                         {{int64(3)}},
		"SELECT close FROM a WHERE close > (SELECT avg(close) FROM a) ORDER BY close LIMIT 1;":                                     {{106.0}},
		"SELECT 1; -- done":                                                  {{int64(1)}},
		"SELECT ';--' AS x /* a;b */ ; ":                                     {{";--"}},
		"SELECT $$a;b$$ AS x; -- c":                                          {{"a;b"}},
		"SELECT extract(year FROM ts) FROM a LIMIT 1":                        {{int64(2024)}},
		"SELECT (ts AT TIME ZONE 'UTC')::VARCHAR FROM a ORDER BY ts LIMIT 1": {{"2024-01-01 14:30:00"}},
		"SELECT main.now()":                                                  {{"2024-01-10T16:00:00-05:00"}},
		"SELECT quantile_cont(close, [0.5])::VARCHAR FROM a":                 {{"[105.5]"}},
		"SELECT string_agg(symbol, '+' ORDER BY symbol) FROM (SELECT DISTINCT symbol FROM pair)": {{"A+B"}},
		"SELECT unnest([1::BIGINT, 2]) ORDER BY 1":                                               {{int64(1)}, {int64(2)}},
		"SELECT NULL, true, 1.5::DECIMAL(9,2), 'NaN'::DOUBLE":                                    {{nil, true, 1.5, nil}},
	} {
		require.Equal(t, want, w.ask(t, sql), sql)
	}
}

// The clock of SQL is the world's.
func TestSQLClock(t *testing.T) {
	w := newWorld(t, 3)
	for _, day := range []int{3, 7} {
		w.now = at(day)
		want := w.now.Format(time.RFC3339)
		for _, f := range []string{"now()", "current_timestamp", "get_current_timestamp()", "transaction_timestamp()"} {
			require.Equal(t, [][]any{{want}}, w.ask(t, "SELECT "+f), f)
		}
		for _, f := range []string{"current_date", "today()"} {
			require.Equal(t, [][]any{{want[:10]}}, w.ask(t, "SELECT "+f), f)
		}
		for _, f := range []string{"localtimestamp", "current_localtimestamp()"} {
			require.Equal(t, [][]any{{want[:19]}}, w.ask(t, "SELECT "+f), f)
		}
		for _, f := range []string{"current_time", "localtime", "get_current_time()", "current_localtime()"} {
			require.Equal(t, [][]any{{"16:00:00"}}, w.ask(t, "SELECT "+f), f)
		}
	}
}

// hostile are statements that must be refused before anything runs.
var hostile = []string{
	"", "   ", "DELETE FROM a", "INSERT INTO a VALUES (1)", "UPDATE a SET close = 1", "DROP TABLE pitwall_bars", "CREATE TABLE x AS SELECT 1", "CREATE MACRO now() AS 1",
	"SELECT 1; SELECT 2", "DELETE FROM pitwall_bars; SELECT 1", "ATTACH ':memory:' AS m", "ATTACH '/tmp/x.db'", "COPY a TO '/tmp/x.csv'", "EXPORT DATABASE '/tmp/x'",
	"INSTALL httpfs", "LOAD httpfs", "SET memory_limit='10GB'", "RESET threads", "PRAGMA enable_profiling", "CALL enable_logging()", "CHECKPOINT", "VACUUM", "USE main",
	"PREPARE p AS SELECT 1", "EXPLAIN ANALYZE DELETE FROM a", "EXPLAIN SELECT 1", "SET VARIABLE x = 1", "CREATE SECRET s (TYPE s3)",
	"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM 'x.csv'", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/*')",
	"SELECT * FROM read_parquet('s3://x')", "SELECT * FROM sniff_csv('x')", "SELECT * FROM parquet_metadata('x')", "SELECT * FROM read_blob('/etc/passwd')",
	"SELECT * FROM pitwall_bars", "SELECT * FROM pitwall_bars_a", "SELECT rowid FROM pitwall_bars_a", "SELECT * FROM pitwall_clock", "SELECT * FROM duckdb_tables()", "SELECT * FROM duckdb_settings()", "SELECT * FROM information_schema.tables",
	"SELECT * FROM pg_catalog.pg_class", "SELECT * FROM sqlite_master", "SELECT * FROM main.a", "SELECT * FROM memory.main.a", "SELECT system.now()", "SELECT system.main.now()",
	"SELECT * FROM query('SELECT 1')", "SELECT * FROM query('SELECT * FROM pitwall_'||'bars')", "SELECT * FROM query_table('a')", "SELECT * FROM json_execute_serialized_sql('x')",
	"SELECT * FROM enable_logging(storage='file', storage_path='/tmp/x')", "SELECT * FROM enable_logging('QueryLog', storage='stdout')", "SELECT * FROM pragma_version()",
	"SELECT random()", "SELECT uuid()", "SELECT gen_random_uuid()", "SELECT uuidv7()", "SELECT setseed(1)", "SELECT stats(close) FROM a", "SELECT current_setting('threads')", "SELECT getenv('HOME')",
	"SELECT write_log('x')", "SELECT sleep_ms(1000)", "SELECT pg_sleep(10)", "SELECT txid_current()", "SELECT nextval('s')", "SELECT current_query()", "SELECT version()", "SELECT age(ts) FROM a",
	"SELECT length(repeat('x', 2000000000))", "SELECT lpad('x', 2000000000, 'y')", "SELECT rpad('x', 2000000000, 'y')", "SELECT len(range(2000000000))", "SELECT list_transform(range(10), x -> x)",
	"SELECT list(close) FROM a", "SELECT array_agg(close) FROM a", "SELECT levenshtein('a', 'b')", "SELECT bitstring('1', 2000000000)", "SELECT 'x' * 3 FROM range(10)",
	"SELECT * FROM range(100000000)", "SELECT * FROM generate_series(1, 100000000)", "SELECT * FROM generate_series(1, (SELECT 5))", "SELECT * FROM a USING SAMPLE 1", "SELECT * FROM a TABLESAMPLE 10%",
	"DESCRIBE a", "SHOW TABLES", "SUMMARIZE a", "SELECT * FROM repeat_row(1, num_rows=10)", "SELECT * FROM seq_scan('a')", "SELECT $1", "SELECT ?", "SELECT getvariable('x')",
	"WITH x AS (SELECT random() AS r) SELECT r FROM x", "SELECT (SELECT uuid())", "SELECT close FROM a ORDER BY random()", "SELECT count(*) FILTER (WHERE random() > 0) FROM a",
	"SELECT * FROM nosuchtable", "SELECT sum(close) OVER (ORDER BY random()) FROM a", "SELECT * FROM a WHERE EXISTS (SELECT 1 FROM read_csv('/etc/passwd'))", "FROM a SELECT random()",
	"SELECT map([1],[2])", "SELECT json_serialize_sql('SELECT 1')", "SELECT unnest(range(1000000000))", "SELECT * FROM a PIVOT (random())", "SELECT 1e400", "SELECT {'a': 1}", "SELECT * FROM main.both",
	"SELECT * FROM sqlite_master, (WITH sqlite_master AS (SELECT 1) SELECT 1) x", "SELECT * FROM pg_class, (WITH pg_class AS (SELECT 1) SELECT 1) x", "SELECT * FROM pitwall_bars, (WITH pitwall_bars AS (SELECT 1) SELECT 1) x", "SELECT 1; SELECT 2 -- x", "SELECT 1; -- x\nSELECT 2",
	"SELECT '10:00'::TIMETZ", "SELECT TIMETZ '10:00'", "SELECT CAST(date AS TIME WITH TIME ZONE) FROM a", "SELECT TRY_CAST('10:00' AS \"timetz\")", "SELECT ['10:00']::TIMETZ[]::VARCHAR", "SELECT ['10:00']::TIMETZ[1]::VARCHAR",
	"SELECT timezone(INTERVAL 1 HOUR, '10:00')", "SELECT '10:00' AT TIME ZONE INTERVAL 1 HOUR", "SELECT '10:00' AT TIME ZONE i FROM (SELECT INTERVAL 1 HOUR AS i)", "SELECT 1::JSON", "SELECT 'a'::UUID", "SELECT 'a'::BLOB", "SELECT '1'::BIT", "SELECT 'a'::ENUM('a')",
	"SELECT NULL::STRUCT(a TIMETZ)", "SELECT NULL::MAP(VARCHAR, INTEGER)", "SELECT NULL::UNION(a INTEGER)", "SELECT NULL::TIME_NS", "SELECT NULL::VARIANT", "SELECT NULL::mytype", "SELECT " + strings.Repeat("1, ", 200) + "1",
	"SELECT * FROM '/etc/passwd.parquet', (WITH \"/etc/passwd.parquet\" AS (SELECT 1) SELECT 1) x",
	strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
	"SELECT " + strings.Repeat("1+", 15000) + "1", "SELECT '" + strings.Repeat("x", 100_000) + "'",
}

func TestGateRefuses(t *testing.T) {
	w := newWorld(t, 5)
	before := w.ask(t, "SELECT count(*), sum(close) FROM pair")
	for _, sql := range hostile {
		_, err := w.Query(context.Background(), sql, 10)
		require.Error(t, err, sql)
		require.Equal(t, pitwall.SQLRefused, pitwall.CodeOf(err), "%.80s: %v", sql, err)
	}
	require.Equal(t, before, w.ask(t, "SELECT count(*), sum(close) FROM pair"), "nothing ran")
	_, err := os.Stat(filepath.Join(os.TempDir(), "x.csv"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCaps(t *testing.T) {
	w := newWorld(t, 20)
	r, err := w.Query(context.Background(), "SELECT close FROM a ORDER BY ts", 5)
	require.NoError(t, err)
	require.Len(t, r.Rows, 5)
	require.True(t, r.Truncated)
	require.Equal(t, 101.0, r.Rows[0][0], "the order survives the cap")
	r, err = w.Query(context.Background(), "SELECT close FROM a ORDER BY ts", 20)
	require.NoError(t, err)
	require.False(t, r.Truncated)
	_, err = w.Query(context.Background(), "SELECT nosuch FROM a", 5)
	require.Equal(t, pitwall.SQLFailed, pitwall.CodeOf(err))
	require.Contains(t, err.Error(), "nosuch")
	w.deadline = time.Duration(often(1, int(deadline/time.Second))) * time.Second
	_, err = w.Query(context.Background(), "SELECT count(*) FROM generate_series(1,10000) a, generate_series(1,10000) b, generate_series(1,10000) c", 5)
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err))
	require.Equal(t, [][]any{{int64(20)}}, w.ask(t, "SELECT count(*) FROM a"), "the next query works")
	_, err = w.Query(context.Background(), "SELECT interval 1 day, [1,2] AS l", 5)
	require.Error(t, err, "a list has no place in a row")
}

// A caller that hangs up while rows are loaded leaves neither half nor double.
func TestCanceledLoadIsWhole(t *testing.T) {
	w := newWorld(t, 10)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 3 {
		_, _ = w.Query(ctx, "SELECT count(*) FROM a", 10) // whatever it answers
	}
	require.Equal(t, [][]any{{int64(10), 105.5}}, w.ask(t, "SELECT count(*), avg(close) FROM a"))
	w.now = at(12)
	_, _ = w.Query(ctx, "SELECT count(*) FROM a", 10)
	require.Equal(t, [][]any{{int64(12), 106.5}}, w.ask(t, "SELECT count(*), avg(close) FROM a"))
}

// No query text can see a bar after the clock: whatever runs, every number in
// its answer is one that the known bars allow.
func TestNoFutureRow(t *testing.T) {
	for day := 1; day <= 19; day++ {
		for _, agg := range []string{"max(close)", "max(high) - 1", "max(open)", "max_by(close, ts)", "last(close ORDER BY ts)", "quantile_cont(close, 1.0)"} {
			if (day+len(agg))%often(3, 1) == 0 {
				w := newWorld(t, day)
				require.Equal(t, float64(100+day), w.ask(t, "SELECT "+agg+" FROM a")[0][0], "day %d: %s", day, agg)
				require.NoError(t, w.Close())
			}
		}
	}
}

// split is a source whose symbol splits 2:1 on day 12.
type split struct{ source }

func (split) Actions() []pitwall.Action {
	return []pitwall.Action{{Symbol: "A", Ex: time.Date(2024, 1, 12, 0, 0, 0, 0, newYork), Type: "split", Value: pitwall.Int(2)}}
}

// An adjusted table is restated when an action goes ex, and not before; a table
// of larger bars holds complete ones only.
func TestAdjustedAndLargerTables(t *testing.T) {
	w := newWorld(t, 10)
	ctx := context.Background()
	now := func() time.Time { return w.now }
	w.market = wall.New(split{w.source}, now, nil)
	require.NoError(t, w.Define(ctx, pitwall.TableSpec{Name: "adj", Symbols: []string{"A"}, Adjusted: pitwall.SplitAdjusted}))
	require.NoError(t, w.Define(ctx, pitwall.TableSpec{Name: "weeks", Symbols: []string{"A"}, Size: 7 * 24 * time.Hour}))
	both := "SELECT count(*), min(close), max(close) FROM "
	require.Equal(t, [][]any{{int64(10), 101.0, 110.0}}, w.ask(t, both+"adj"))
	w.now = at(11)
	require.Equal(t, [][]any{{int64(11), 101.0, 111.0}}, w.ask(t, both+"adj"))
	require.Equal(t, [][]any{{int64(1), 107.0, 107.0}}, w.ask(t, both+"weeks"), "2024-01-01 was a Monday")
	w.now = at(12)
	require.Equal(t, [][]any{{int64(12), 50.5, 112.0}}, w.ask(t, both+"adj"), "day 12 is in new shares already")
	require.Equal(t, [][]any{{55.5}}, w.ask(t, "SELECT close FROM adj WHERE date = '2024-01-11'"))
	require.Equal(t, [][]any{{int64(12), 101.0, 112.0}}, w.ask(t, both+"a"), "raw stays raw")
	w.now = at(14)
	require.Equal(t, [][]any{{int64(14), 50.5, 114.0}}, w.ask(t, both+"adj"))
	w.now = at(15)
	require.Equal(t, [][]any{{int64(2), 107.0, 114.0}}, w.ask(t, both+"weeks"))
}

// Rows of a computed table are asked for by queries that name it only, and are those of now;
// the worker knows of the table all the same.
func TestComputedTablesAreComputedWhenNamed(t *testing.T) {
	w := newWorld(t, 5)
	var asked []time.Time
	w.Compute(pitwall.ComputedTable{Name: "figures", Columns: []pitwall.TableColumn{{Name: "day", Type: pitwall.NumberColumn}}, Rows: func(_ context.Context, now time.Time) ([][]any, error) {
		asked = append(asked, now)
		return [][]any{{float64(now.In(newYork).Day())}}, nil
	}})
	w.ask(t, "SELECT count(*) FROM a")
	require.Empty(t, asked)
	_, err := w.Query(t.Context(), "SELECT * FROM nothing", 10)
	var e *pitwall.Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, e.Hint, "figures")
	require.Equal(t, [][]any{{5.0}}, w.ask(t, "SELECT day FROM Figures"))
	w.now = at(8)
	w.ask(t, "SELECT count(*) FROM a")
	require.Len(t, asked, 1)
	require.Equal(t, [][]any{{8.0}}, w.ask(t, `SELECT day FROM "figures"`))
	require.Len(t, asked, 2)
}
