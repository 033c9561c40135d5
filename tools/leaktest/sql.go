package leaktest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// sqlQuery makes a query over tables that may or may not exist. Most are what an
// agent would ask; some probe for what an engine knows beyond its rows.
func sqlQuery(r *rand.Rand, tables []string) string {
	one := func(list []string) string { return list[r.IntN(len(list))] }
	table := one(tables)
	c := one([]string{"open", "high", "low", "close", "volume"})
	d := one([]string{"open", "high", "low", "close", "volume"})
	agg := one([]string{"max", "min", "avg", "sum", "count", "median", "stddev_samp", "mode", "last", "skewness", "approx_count_distinct"})
	n := 1 + r.IntN(30)
	return one([]string{
		fmt.Sprintf("SELECT %s(%s) FROM %s", agg, c, table),
		fmt.Sprintf("SELECT count(*), min(ts), max(ts), max(date) FROM %s", table),
		fmt.Sprintf("SELECT symbol, count(*), %s(%s) FROM %s GROUP BY symbol ORDER BY symbol", agg, c, table),
		fmt.Sprintf("SELECT * FROM %s ORDER BY ts DESC, symbol LIMIT %d", table, n),
		fmt.Sprintf("SELECT * FROM %s ORDER BY %s DESC, ts DESC, symbol LIMIT %d", table, c, n),
		fmt.Sprintf("SELECT ts, %s, avg(%s) OVER (PARTITION BY symbol ORDER BY ts ROWS BETWEEN %d PRECEDING AND CURRENT ROW) AS m FROM %s ORDER BY ts DESC, symbol LIMIT 5", c, d, n, table),
		fmt.Sprintf("SELECT ts, lead(%s, %d) OVER (PARTITION BY symbol ORDER BY ts) AS next FROM %s ORDER BY ts DESC, symbol LIMIT %d", c, 1+n%3, table, n),
		fmt.Sprintf("SELECT date_trunc('month', ts) AS m, %s(%s) FROM %s GROUP BY 1 ORDER BY 1 DESC LIMIT 12", agg, c, table),
		fmt.Sprintf("SELECT count(*) FROM %s WHERE ts > now()", table),
		fmt.Sprintf("SELECT count(*) FROM %s WHERE ts > now() - INTERVAL %d DAY", table, n),
		"SELECT now(), current_date, current_timestamp, localtimestamp, today(), current_time",
		fmt.Sprintf("SELECT corr(%s, %s), regr_slope(%s, %s), quantile_cont(%s, 0.9) FROM %s", c, d, c, d, c, table),
		fmt.Sprintf("SELECT a.symbol, b.ts, a.%s FROM %s a ASOF JOIN %s b ON a.symbol = b.symbol AND b.ts >= a.ts ORDER BY b.ts DESC, a.ts DESC LIMIT %d", c, table, one(tables), n),
		fmt.Sprintf("SELECT symbol FROM %s QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) = 1 ORDER BY %s DESC, symbol", table, c),
		fmt.Sprintf("WITH x AS (SELECT *, row_number() OVER (ORDER BY ts DESC, symbol) AS n FROM %s) SELECT * FROM x WHERE n <= %d ORDER BY n", table, n),
		fmt.Sprintf("SELECT time_bucket(INTERVAL %d DAY, ts) AS b, %s(%s), count(*) FROM %s GROUP BY 1 ORDER BY 1 DESC LIMIT 5", n, agg, c, table),
		fmt.Sprintf("SELECT symbol, string_agg(%s::VARCHAR, '/' ORDER BY ts DESC) FROM (SELECT * FROM %s ORDER BY ts DESC LIMIT %d) GROUP BY symbol ORDER BY symbol", c, table, n),
		// Bait: a future row would break these.
		fmt.Sprintf("SELECT max(%s::SMALLINT) FROM %s", c, table),
		fmt.Sprintf("SELECT max((%s * 1e300) * 1e8) FROM %s", c, table),
		fmt.Sprintf("SELECT sum(%s::DECIMAL(12,4)) FROM %s WHERE ts <= now()", c, table),
		fmt.Sprintf("SELECT CASE WHEN max(%s) > 1000000 THEN error('future') ELSE 'fine' END FROM %s", c, table),
		// Probes: catalogs, statistics, the physical table.
		"SELECT count(*), max(close) FROM pitwall_bars",
		"SELECT estimated_size FROM duckdb_tables()",
		fmt.Sprintf("SELECT stats(%s) FROM %s", c, table),
		fmt.Sprintf("SELECT count(*) FROM query('SELECT * FROM pitwall_'||'%s')", "bars"),
		fmt.Sprintf("SUMMARIZE %s", table),
		fmt.Sprintf("EXPLAIN ANALYZE SELECT * FROM %s", table),
		"SELECT * FROM duckdb_views() WHERE sql LIKE '%" + strings.ToUpper(table) + "%'",
		"SELECT system.now()",
		fmt.Sprintf("SELECT %s FROM nosuchtable", c),
		fmt.Sprintf("SELECT nosuch FROM %s", table),
	})
}
