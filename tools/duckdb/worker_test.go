package duckdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pitwall"
)

// ungated makes a worker of the tests run every text as it is: what stands
// behind the gate is tried without it.
const ungated = "PITWALL_TEST_UNGATED"

func TestMain(m *testing.M) {
	if os.Getenv(ungated) != "" && os.Getenv(marker) != "" {
		serve(func(e *engine, ctx context.Context, q query) response {
			if strings.HasPrefix(q.SQL, "SELECT") || strings.HasPrefix(q.SQL, "WITH") {
				return e.run(ctx, slices.Sorted(maps.Keys(e.tables)), q.SQL, q.Limit)
			}
			_, err := e.conn.ExecContext(ctx, q.SQL)
			err = errors.Join(err, e.leave(ctx))
			if err != nil {
				return explain(pitwall.Errorf(pitwall.SQLFailed, "%s", message(err)))
			}
			return response{}
		})
	}
	RunWorkerIfChild()
	goleak.VerifyTestMain(m)
}

// naked is a world whose worker has no gate.
func naked(t testing.TB, limit time.Duration) *world {
	w := newWorld(t, 10)
	w.env = []string{ungated + "=1"}
	w.deadline = limit
	return w
}

// timed runs a query and requires that it ended in time and that the next one
// works within 500 ms. A machine that was busy elsewhere has two more tries.
func (w *world) timed(t testing.TB, text string) (err error) {
	t.Helper()
	ended, next := w.deadline+grace+slack(150*time.Millisecond), slack(500*time.Millisecond)
	var took, after time.Duration
	for range 3 {
		began := time.Now()
		_, err = w.Query(context.Background(), text, 10)
		took = time.Since(began)
		began = time.Now()
		r, again := w.Query(context.Background(), "SELECT count(*) FROM a", 10)
		after = time.Since(began)
		require.NoError(t, again, "%.80s", text)
		require.Equal(t, [][]any{{int64(10)}}, r.Rows)
		if took < ended && after < next {
			return err
		}
	}
	require.Less(t, took, ended, "%.80s", text)
	require.Less(t, after, next, "the query after %.80s", text)
	return err
}

// slack is what a time limit allows here: three times as much by default, since
// go test runs other packages beside this one and the clock measures them too.
// PITWALL_SLACK=1 is the limit itself, for a run of this package alone.
func slack(d time.Duration) time.Duration {
	n := 3
	_, _ = fmt.Sscan(os.Getenv("PITWALL_SLACK"), &n)
	return time.Duration(n) * d
}

// often returns few, or all with PITWALL_LONG=1, as .ci/run does.
func often(few, all int) int {
	if os.Getenv("PITWALL_LONG") != "" {
		return all
	}
	return few
}

// D1-D12: files, network and extensions are closed behind the gate too, and no
// statement leaves a file.
func TestEngineIsLocked(t *testing.T) {
	dir := t.TempDir()
	w := naked(t, deadline)
	for _, text := range []string{"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')", "SELECT * FROM read_json('/etc/passwd')",
		"SELECT * FROM read_parquet('/x')", "SELECT * FROM glob('/*')", "SELECT * FROM sniff_csv('/etc/passwd')", "COPY pitwall_bars_a TO '" + dir + "/x.csv'", "COPY pitwall_bars_a FROM '/etc/passwd'",
		"EXPORT DATABASE '" + dir + "'", "IMPORT DATABASE '" + dir + "'", "ATTACH '" + dir + "/x.db'", "INSTALL httpfs", "LOAD httpfs", "LOAD '" + dir + "/x.duckdb_extension'", "SELECT * FROM read_csv('http://127.0.0.1/x')",
		"SET memory_limit='10GB'", "SET threads=4", "SET lock_configuration=false", "RESET memory_limit", "SET temp_directory='" + dir + "'", "CREATE PERSISTENT SECRET s (TYPE s3)",
		"SELECT * FROM enable_logging(storage='file', storage_path='" + dir + "/log')"} {
		_, err := w.Query(context.Background(), text, 10)
		require.Error(t, err, text)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM a"))
}

// D13, D14: what one world's SQL does to its engine is its own affair, and
// nothing that an engine prints reaches this process's standard output.
func TestEnginesAreApart(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "stdout")
	require.NoError(t, err)
	was := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = was }()
	spoiled, other := naked(t, deadline), newWorld(t, 10)
	for _, text := range []string{"SELECT * FROM enable_logging('QueryLog', storage='stdout')", "SELECT 'printed'", "PRAGMA enable_profiling", "SELECT 'printed'", "DROP VIEW a", "DELETE FROM pitwall_bars_a"} {
		_, _ = spoiled.Query(context.Background(), text, 10)
	}
	require.Equal(t, [][]any{{int64(10)}}, other.ask(t, "SELECT count(*) FROM a"))
	body, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	require.Empty(t, string(body))
}

// D15, D16: behind the gate, what DuckDB's own limits let through is ended by
// the address space or the deadline, this process's memory stays flat, and the
// next query works.
func TestBombs(t *testing.T) {
	w := naked(t, time.Second)
	w.ask(t, "SELECT 1")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i, text := range []string{
		"SELECT length(repeat('x', 2000000000))", "SELECT length(lpad('x', 2000000000, 'y'))", "SELECT len(range(2000000000))", "SELECT length(bitstring('1', 2000000000))",
		"SELECT length(list_transform(range(1, 100000000), x -> x + 1))", "SELECT levenshtein(repeat('a', 60000), repeat('b', 60000))", "SELECT list(range) FROM range(1000000000)",
		"SELECT count(*) FROM range(1000000) a, range(1000000) b", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
		"SELECT string_agg(range::VARCHAR) FROM range(1000000000)",
	} {
		if i%often(3, 1) != 0 {
			continue // each burns its second: by default every third
		}
		err := w.timed(t, text)
		require.Error(t, err, text)
		require.Contains(t, []pitwall.Code{pitwall.SQLExhausted, pitwall.Timeout, pitwall.SQLFailed}, pitwall.CodeOf(err), "%s: %v", text, err)
		if strings.Contains(err.Error(), "memory") {
			require.Equal(t, pitwall.SQLExhausted, pitwall.CodeOf(err), "%s: %v: it is not kept", text, err)
		}
		if w.worker != nil && w.worker.alive() {
			require.Less(t, residentMemory(w.worker.cmd.Process.Pid), int64(memoryBudget)+512<<20, text)
		}
	}
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapSys)-int64(before.HeapSys), int64(32<<20), "this process does not pay")
}

// The statements that the issue names, through the gate.
func TestNamedBombs(t *testing.T) {
	w := newWorld(t, 10)
	w.deadline = time.Second
	for _, text := range []string{"SELECT length(repeat('x', 2000000000))", "SELECT * FROM enable_logging(storage='file', storage_path='/tmp/pitwall-log')", "SELECT * FROM enable_logging('QueryLog', storage='stdout')",
		"SELECT 1; SELECT 2", "SELECT * FROM query('SELECT * FROM pitwall_'||'bars')", "SELECT system.now()"} {
		require.Equal(t, pitwall.SQLRefused, pitwall.CodeOf(w.timed(t, text)), text)
	}
	cross := "SELECT count(*) FROM generate_series(1,10000) a, generate_series(1,10000) b, generate_series(1,10000) c"
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(w.timed(t, cross)))
}

// D17, D18: long and deep expressions and patterns are answered or refused.
func TestBigTexts(t *testing.T) {
	w := naked(t, deadline)
	for _, text := range []string{"SELECT " + strings.Repeat("1+", 60_000) + "1", "SELECT " + strings.Repeat("NOT ", 20_000) + "true", "SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000)} {
		_ = w.timed(t, text) // whatever it says: texts are cut before they get here, see maxText
	}
	w = newWorld(t, 10)
	r := w.ask(t, "SELECT regexp_matches('"+strings.Repeat("a", 5000)+"', '(a|a|a)*b')")
	require.Equal(t, [][]any{{false}}, r)
}

// D21: catalogs, sizes and statistics know nothing of the future, since the
// engine was never sent it.
func TestCatalogsKnowNoFuture(t *testing.T) {
	w := naked(t, deadline) // day 10 of 20: closes reach 110 and 210
	w.ask(t, "SELECT count(*) FROM pair")
	for text, want := range map[string]int64{
		"SELECT estimated_size FROM duckdb_tables() WHERE table_name = 'pitwall_bars_pair'": 0, // the tail is not in the catalog
		"SELECT count(*) FROM pitwall_bars_pair":                                            20,
		"SELECT count(*) FROM query('SELECT * FROM pitwall_'||'bars_pair')":                 20,
	} {
		require.Equal(t, [][]any{{want}}, w.ask(t, text), text)
	}
	for _, text := range []string{"SELECT max(s) FROM (SELECT stats(close) AS s FROM pitwall_bars_pair)", "SELECT max(sql) FROM duckdb_views()", "SELECT string_agg(stats) FROM pragma_storage_info('pitwall_bars_pair')"} {
		r, err := w.Query(context.Background(), text, 10)
		if err != nil {
			continue
		}
		for _, future := range []string{"212.0", "220.0", "120.0", "2024-01-11"} {
			require.NotContains(t, fmt.Sprint(r.Rows), future, text)
		}
	}
}

// D26: a worker that is killed costs at most the query that ran.
func TestKilledWorker(t *testing.T) {
	w := newWorld(t, 10)
	w.ask(t, "SELECT count(*) FROM a")
	require.NoError(t, w.worker.cmd.Process.Kill())
	<-w.worker.ended
	began := time.Now()
	require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM a"), "killed while idle: nobody notices")
	require.Less(t, time.Since(began), slack(500*time.Millisecond))

	pid := w.worker.cmd.Process
	go func() {
		time.Sleep(100 * time.Millisecond)
		_ = pid.Kill()
	}()
	_, err := w.Query(context.Background(), "SELECT count(*) FROM generate_series(1,10000) a, generate_series(1,10000) b, generate_series(1,10000) c", 10)
	require.Equal(t, pitwall.MachineFailed, pitwall.CodeOf(err), "%v: who killed it says nothing of the query", err)
	began = time.Now()
	require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM a"))
	require.Less(t, time.Since(began), slack(500*time.Millisecond))
}

// A caller that hangs up is not waited for, and its worker goes on.
func TestHangUp(t *testing.T) {
	w := newWorld(t, 10)
	w.ask(t, "SELECT 1")
	pid := w.worker.cmd.Process.Pid
	for _, slow := range []string{endless, "SELECT count(*) FROM a, generate_series(1,10000) b, generate_series(1,10000) c, generate_series(1,10000) d"} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		_, err := w.Query(ctx, slow, 10)
		require.Equal(t, pitwall.CallCanceled, pitwall.CodeOf(err), "%v", err)
		require.Less(t, time.Since(began), slack(500*time.Millisecond))
		require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM a"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := w.Query(ctx, endless, 10)
	require.Equal(t, pitwall.Timeout, pitwall.CodeOf(err), "%v", err)
	w.now = at(12)
	require.Equal(t, [][]any{{int64(12)}}, w.ask(t, "SELECT count(*) FROM a"))
	require.Equal(t, pid, w.worker.cmd.Process.Pid, "a healthy worker was replaced")
}

// A slow query holds up neither definitions nor digests, and a query that waits for
// it obeys its own caller.
func TestSlowQueryHoldsUpItselfAlone(t *testing.T) {
	w := newWorld(t, 10)
	w.ask(t, "SELECT 1")
	slow, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := w.Query(slow, endless, 10)
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	require.NoError(t, w.Define(context.Background(), pitwall.TableSpec{Name: "x", Symbols: []string{"A"}}))
	require.NotEmpty(t, w.Defined())
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := w.Query(ctx, "SELECT 1", 10)
	require.Equal(t, pitwall.CallCanceled, pitwall.CodeOf(err), "%v", err)
	require.Less(t, time.Since(began), slack(500*time.Millisecond))
	require.Empty(t, ended, "the slow query ended first")
	stop()
	require.Equal(t, pitwall.CallCanceled, pitwall.CodeOf(<-ended))
	require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM x"))
}

// endless runs into every deadline.
const endless = "SELECT count(*) FROM generate_series(1,10000) a, generate_series(1,10000) b, generate_series(1,10000) c"

// A world that never asks for SQL starts no worker; a program without a worker
// refuses and says so; the worker sees nothing of the environment.
func TestWorkerStart(t *testing.T) {
	w := newWorld(t, 10)
	require.NoError(t, w.Define(context.Background(), pitwall.TableSpec{Name: "x", Symbols: []string{"A"}}))
	require.Nil(t, w.worker)
	w.ask(t, "SELECT 1")
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", w.worker.cmd.Process.Pid))
	if err == nil {
		require.Equal(t, marker+"=1\x00", string(environ))
	}

	mainCalled.Store(false)
	defer mainCalled.Store(true)
	_, err = newWorld(t, 10).Query(context.Background(), "SELECT 1", 10)
	require.Equal(t, pitwall.NoCoverage, pitwall.CodeOf(err))
	require.Contains(t, err.Error(), "duckdb.RunWorkerIfChild()")
	other := newWorld(t, 10)
	other.Command(os.Args[0])
	require.Equal(t, [][]any{{int64(1)}}, other.ask(t, "SELECT 1::BIGINT"), "a named worker command")
	broken := newWorld(t, 10)
	broken.Command("/bin/false")
	_, err = broken.Query(context.Background(), "SELECT 1", 10)
	require.Error(t, err)
}

// D24: rows and bytes are capped, and said to be.
func TestByteCap(t *testing.T) {
	w := newWorld(t, 20)
	r, err := w.Query(context.Background(), "SELECT concat(symbol, '"+strings.Repeat("x", 15_000)+"') FROM a", 1000)
	require.NoError(t, err)
	require.True(t, r.Truncated)
	require.Len(t, r.Rows, maxBytes/15_009)
}

// D25: random texts, made of what SQL is made of, end no server. Workers that
// died are counted. A campaign: PITWALL_SQL=1000000 go test ./tools/duckdb -run RandomSQL -v -timeout 0
func TestRandomSQL(t *testing.T) {
	n := 2000
	_, _ = fmt.Sscan(os.Getenv("PITWALL_SQL"), &n)
	w := newWorld(t, 10)
	w.deadline = time.Second
	r := rand.New(rand.NewPCG(1, 2))
	deaths, answered := 0, 0
	for i := range n {
		text := randomSQL(r)
		_, err := w.Query(context.Background(), text, 10)
		if err == nil {
			answered++
		} else if pitwall.CodeOf(err) == pitwall.Internal {
			t.Fatalf("%d: %q: %v", i, text, err)
		}
		if w.worker == nil || !w.worker.alive() {
			deaths++
		}
	}
	require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM a"))
	require.Greater(t, answered, n/100, "too few of them are SQL")
	t.Logf("%d texts, %d answered, %d workers died", n, answered, deaths)
}

// randomSQL is a query, often broken.
func randomSQL(r *rand.Rand) string {
	words := strings.Fields(`SELECT SELECT FROM FROM a pair WHERE close open ts date symbol volume , , ( ) ( ) * + - / < > = AND OR NOT NULL 1 2 0.5 1e30 'x' '2024-01-03' ORDER BY GROUP BY HAVING LIMIT
		max( min( avg( count(*) sum( lag( OVER ( PARTITION UNION ALL WITH r AS ( JOIN ON ASOF CASE WHEN THEN END CAST( ::DATE ::DOUBLE ::VARCHAR ::HUGEINT INTERVAL DAY now() current_date extract( date_trunc('day', IN BETWEEN EXISTS
		QUALIFY DISTINCT ; -- /* */ $$ " ' ? $1 [ ] { } :: . .. => -> lambda x: 9223372036854775807 -1 1/0 'NaN' GROUPING SETS ROLLUP PIVOT UNPIVOT VALUES DESCRIBE EXPLAIN DELETE read_csv('/etc/passwd') repeat('x',1000000000) range(100000000)`)
	heads := []string{"SELECT close FROM a", "SELECT max(close) FROM a", "SELECT count(*) FROM pair", "SELECT avg(close) OVER (ORDER BY ts) FROM a", "WITH r AS (SELECT * FROM a) SELECT * FROM r", ""}
	text := heads[r.IntN(len(heads))]
	for range r.IntN(12) {
		text += " " + words[r.IntN(len(words))]
	}
	if r.IntN(10) == 0 && len(text) > 0 {
		b := []byte(text)
		b[r.IntN(len(b))] = byte(r.IntN(256))
		text = string(b)
	}
	return text
}

// D27: a value of any type is returned, or refused in words.
func TestResultTypes(t *testing.T) {
	w := naked(t, deadline)
	for _, typ := range []string{"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL(9,2)", "DECIMAL(38,10)", "VARCHAR"} {
		r, err := w.Query(context.Background(), "SELECT 1::"+typ, 1)
		require.NoError(t, err, typ)
		require.Len(t, r.Rows, 1, typ)
		require.NotNil(t, r.Rows[0][0], typ)
	}
	for text, want := range map[string]any{
		"DATE '2024-01-03'": "2024-01-03", "TIME '10:11:12'": "10:11:12", "TIMESTAMP '2024-01-03 10:11:12'": "2024-01-03T10:11:12", "TIMESTAMPTZ '2024-01-03 10:11:12+00'": "2024-01-03T05:11:12-05:00",
		"INTERVAL 3 DAY": "0 months 3 days 0s", "NULL": nil, "'a'::VARCHAR": "a", "-170141183460469231731687303715884105727::HUGEINT": "-170141183460469231731687303715884105727", "'Infinity'::DOUBLE": nil,
	} {
		r, err := w.Query(context.Background(), "SELECT "+text, 1)
		require.NoError(t, err, text)
		require.Equal(t, want, r.Rows[0][0], text)
	}
	for _, text := range []string{"[1,2]", "{'a': 1}", "MAP {'a': 1}", "'ab'::BLOB", "'101'::BIT", "uuid()", "'a'::ENUM('a','b')", "union_value(k := 1)", "TIMESTAMP_NS '2024-01-03 10:11:12.123456789'", "TIMETZ '10:11:12+00'", "'{}'::JSON", "[1,2]::INTEGER[2]"} {
		r, err := w.Query(context.Background(), "SELECT "+text, 1)
		if err != nil {
			require.Equal(t, pitwall.SQLFailed, pitwall.CodeOf(err), "%s: %v", text, err)
			continue
		}
		require.Len(t, r.Rows, 1, text)
	}
	require.Equal(t, [][]any{{int64(10)}}, w.ask(t, "SELECT count(*) FROM a"))
}

// A world that is closed does not wait for the query that runs.
func TestCloseEndsTheQuery(t *testing.T) {
	w := newWorld(t, 10)
	w.ask(t, "SELECT 1")
	failed := make(chan error)
	go func() {
		_, err := w.Query(context.Background(), "SELECT count(*) FROM generate_series(1,10000) a, generate_series(1,10000) b, generate_series(1,10000) c", 10)
		failed <- err
	}()
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	require.NoError(t, w.Close())
	require.Equal(t, pitwall.WorldEnded, pitwall.CodeOf(<-failed))
	require.Less(t, time.Since(began), slack(time.Second))
	_, err := w.Query(context.Background(), "SELECT 1", 10)
	require.Equal(t, pitwall.WorldEnded, pitwall.CodeOf(err))
	require.NoError(t, w.Close(), "closing twice is fine")
}
