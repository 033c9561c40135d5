package duckdb

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// corpus are statements whose answers would show the order of rows, the blocks
// that they lie in, or what the engine counted of them.
var corpus = []string{
	"SELECT sum(close), avg(close * volume), stddev(close), corr(close, volume) FROM every",
	"SELECT symbol, sum(close * volume), avg(volume) FROM every GROUP BY symbol",
	"SELECT date, sum(close) FROM every GROUP BY date",
	"SELECT date, sum(close / volume) AS s FROM every GROUP BY date HAVING count(*) > 3 LIMIT 20",
	"SELECT * FROM every LIMIT 30",
	"SELECT symbol, close FROM every WHERE volume > 500000 LIMIT 30 OFFSET 17",
	"SELECT DISTINCT symbol FROM every",
	"SELECT DISTINCT ON (symbol) symbol, close, date FROM every",
	"SELECT string_agg(symbol, ',') FROM (SELECT symbol FROM every LIMIT 50)",
	"SELECT symbol, first(close), last(close), any_value(volume), mode(round(close)) FROM every GROUP BY symbol",
	"SELECT e.symbol, p.symbol, sum(e.close * p.close) FROM every e JOIN pair p USING (date) GROUP BY ALL",
	"SELECT e.symbol, p.close FROM every e JOIN pair p ON e.date = p.date LIMIT 40",
	"SELECT sum(e.close / p.close) FROM every e JOIN every p ON e.symbol = p.symbol AND e.date >= p.date AND e.date < p.date + 5",
	"SELECT a.symbol, b.symbol, corr(a.close, b.close) FROM every a JOIN every b ON a.date = b.date AND a.symbol < b.symbol GROUP BY 1, 2",
	"SELECT e.symbol, w.close FROM every e ASOF JOIN weeks w ON e.symbol = w.symbol AND e.ts >= w.ts LIMIT 40",
	"SELECT e.symbol, p.close FROM every e LEFT JOIN pair p ON e.date = p.date AND e.symbol <> p.symbol LIMIT 40",
	"SELECT x.symbol, y.close, z.volume FROM every x, pair y, weeks z WHERE x.date = y.date AND z.symbol = y.symbol AND z.date <= y.date AND x.close > 40 LIMIT 40",
	"SELECT symbol, row_number() OVER (), rank() OVER (ORDER BY round(close)) FROM every LIMIT 40",
	"SELECT symbol, close - lag(close) OVER (ORDER BY date) FROM every LIMIT 40",
	"SELECT symbol, sum(close) OVER (PARTITION BY symbol ORDER BY ts ROWS 20 PRECEDING) FROM every QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) = 1",
	"SELECT avg(close) OVER (ORDER BY volume ROWS BETWEEN 100 PRECEDING AND CURRENT ROW) FROM every LIMIT 40",
	"SELECT symbol, ntile(7) OVER (ORDER BY date) FROM every LIMIT 60",
	"SELECT symbol, close FROM every ORDER BY symbol LIMIT 20",
	"SELECT symbol, close FROM every ORDER BY date DESC LIMIT 9",
	"SELECT symbol FROM every UNION SELECT symbol FROM pair",
	"SELECT symbol, round(close) FROM every EXCEPT SELECT symbol, round(close) FROM pair",
	"SELECT round(close) FROM every INTERSECT SELECT round(close) FROM weeks",
	"SELECT symbol, close FROM pair UNION ALL SELECT symbol, close FROM every LIMIT 50",
	"WITH x AS (SELECT symbol, avg(close) AS c FROM every GROUP BY symbol) SELECT sum(c), string_agg(symbol, '+') FROM x",
	"WITH RECURSIVE r(n, s) AS (SELECT 1, 'a' UNION ALL SELECT n + 1, e.symbol FROM r JOIN every e ON e.close > n * 40 WHERE n < 4) SELECT n, s, count(*) FROM r GROUP BY n, s",
	"SELECT approx_quantile(close, 0.3), approx_count_distinct(date), quantile_cont(close, 0.3), mad(close), median(volume), entropy(round(close)) FROM every",
	"SELECT arg_max(symbol, round(close)), arg_min(symbol, round(volume / 1e5)), max_by(date, symbol) FROM every",
	"SELECT product(1 + close / 1e6), fsum(close), kahan_sum(volume), favg(close), geomean(close), regr_slope(close, volume), skewness(close), kurtosis(close) FROM every",
	"SELECT date_trunc('month', ts), symbol, sum(close) FROM every GROUP BY ROLLUP (1, 2) LIMIT 60",
	"SELECT symbol, count(*) FROM every WHERE date IN (SELECT date FROM pair WHERE close > 50) GROUP BY symbol",
	"SELECT symbol FROM every e WHERE NOT EXISTS (SELECT 1 FROM pair p WHERE p.date = e.date) LIMIT 30",
	"SELECT symbol, (SELECT sum(close) FROM pair p WHERE p.date <= e.date) FROM every e LIMIT 12",
	"SELECT symbol::INTEGER FROM every WHERE close > 0 AND volume > 1",
	"SELECT sum(error(symbol)) FROM every WHERE close > 90",
	"SELECT sum(close), count(*), min(date) FROM adjusted",
	"SELECT symbol, first(close), sum(close) FROM adjusted GROUP BY symbol",
	"SELECT symbol, first(close), sum(close), count(*) FROM splits GROUP BY symbol",
	"SELECT * FROM weeks LIMIT 30",
	"SELECT count(*), sum(close) FROM every WHERE ts > now() - INTERVAL 200 DAY",
	"SELECT now(), current_date, current_time::VARCHAR, age(now(), min(ts))::VARCHAR FROM every",
	"SELECT '12:00:00'::TIMETZ::VARCHAR", "SELECT timezone(INTERVAL 1 HOUR, '10:00')::VARCHAR", "SELECT (ts AT TIME ZONE 'Europe/Berlin')::VARCHAR FROM every LIMIT 3",
	"SELECT strptime('10:00 EST', '%H:%M %Z')::VARCHAR", "SELECT make_timestamptz(2020, 7, 1, 10, 0, 0.0)::VARCHAR", "SELECT epoch(now()), dayname(now()), '2020-07-01'::TIMESTAMPTZ::VARCHAR",
}

// statement draws a SELECT over the tables of lived: joined, grouped, windowed,
// cut, and mostly without the ORDER BY that would hide how rows lie.
func statement(t *rapid.T) string {
	s := sample{t}
	switch s.of(12) {
	case 0:
		return fmt.Sprintf("WITH x AS (%s) SELECT * FROM x%s", s.query(), s.limit())
	case 1:
		return fmt.Sprintf("SELECT count(*), string_agg(k, ',') FROM (SELECT symbol AS k FROM %s%s) q", s.relation(), s.limit())
	case 2:
		op := s.one("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL")
		return fmt.Sprintf("SELECT %[1]s FROM %[2]s %[4]s SELECT %[1]s FROM %[3]s%[5]s", s.one("symbol", "date", "round(close)", "symbol, round(close)", "date, symbol"), s.table(), s.table(), op, s.limit())
	case 3:
		return fmt.Sprintf("SELECT symbol, %s FROM %s e WHERE %s (SELECT %s FROM %s p WHERE %s)%s", s.one("close", "date", "volume"), s.table(), s.one("close >", "EXISTS", "NOT EXISTS"), s.one("avg(p.close)", "max(p.close)", "sum(p.close) / 1e3"), s.table(),
			s.one("p.date = e.date", "p.symbol = e.symbol AND p.date < e.date", "p.symbol <> e.symbol AND p.date = e.date"), s.limit())
	}
	return s.query() + s.limit()
}

// sample draws parts of a statement.
type sample struct{ *rapid.T }

func (s sample) of(n int) int { return rapid.IntRange(0, n-1).Draw(s.T, "n") }

func (s sample) one(list ...string) string { return rapid.SampledFrom(list).Draw(s.T, "part") }

func (s sample) table() string {
	return s.one("every", "every", "pair", "weeks", "adjusted", "splits", "a")
}

// relation is a table or a join with one side named as the others are.
func (s sample) relation() string {
	switch s.of(6) {
	case 0:
		return fmt.Sprintf("(SELECT l.symbol, l.ts, l.date, l.open, r.close, l.volume, r.high, r.low FROM %s l %s JOIN %s r %s) j", s.table(), s.one("", "LEFT", "RIGHT", "FULL"), s.table(),
			s.one("USING (date)", "ON l.symbol = r.symbol AND l.date = r.date + 1", "ON l.date = r.date AND l.symbol <> r.symbol", "ON l.date = r.date AND l.close > r.close", "USING (symbol, ts)"))
	case 1:
		return fmt.Sprintf("(SELECT l.symbol, l.ts, l.date, l.open, r.close, l.volume, r.high, r.low FROM %s l ASOF %s JOIN %s r ON l.symbol = r.symbol AND l.ts > r.ts) j", s.table(), s.one("", "LEFT"), s.table())
	case 2:
		return fmt.Sprintf("(SELECT * FROM %s %s%s) q", s.table(), s.where(), s.limit())
	case 3:
		return fmt.Sprintf("(SELECT l.symbol, l.ts, m.date, l.open, r.close, m.volume, r.high, r.low FROM %s l, %s m, %s r WHERE l.date = m.date AND r.symbol = m.symbol AND r.date = l.date) j", s.table(), s.table(), s.table())
	}
	return s.table()
}

func (s sample) where() string {
	return s.one("", "", "WHERE volume > 300000", "WHERE close > 45 AND symbol <> 'C'", "WHERE symbol IN ('AAPL', 'E', 'F')", "WHERE date > current_date - 100", "WHERE volume IS NOT NULL OR close < 30", "WHERE month(date) = 3")
}

func (s sample) limit() string {
	return s.one("", "", " LIMIT 7", " LIMIT 40 OFFSET 13", " ORDER BY 1 LIMIT 11", " ORDER BY 1 DESC LIMIT 30")
}

func (s sample) list(most int, draw func() string) string {
	parts := make([]string, 1+s.of(most))
	for i := range parts {
		parts[i] = draw()
	}
	return strings.Join(parts, ", ")
}

func (s sample) value() string {
	return s.one("close", "volume", "close * volume", "close / 3", "ln(close)", "close - open", "high / low", "volume / close")
}

func (s sample) key() string {
	return s.one("symbol", "date", "round(close)", "date_trunc('month', date)", "dayofweek(date)", "symbol, year(date)", "close > open", "volume IS NULL")
}

func (s sample) aggregate() string {
	f := s.one("sum(%s)", "avg(%s)", "stddev(%s)", "fsum(%s)", "product(1 + %s / 1e9)", "median(%s)", "quantile_cont(%s, 0.3)", "approx_quantile(%s, 0.4)", "first(%s)", "last(%s)", "any_value(%s)",
		"mode(round(%s))", "arg_max(symbol, round(%s))", "arg_min(date, round(%s))", "var_pop(%s)", "corr(%s, close)", "regr_slope(%s, volume)", "count(DISTINCT %s)", "sum(DISTINCT %s)", "approx_count_distinct(%s)", "max(%s)", "skewness(%s)", "entropy(round(%s))")
	return strings.Replace(f, "%s", s.value(), 1)
}

func (s sample) window() string {
	f := s.one("sum(%s)", "avg(%s)", "stddev(%s)", "lag(%s)", "lead(%s, 2)", "first_value(%s)", "last_value(%s)", "row_number()", "rank()", "ntile(5)", "cume_dist()", "max(%s)", "median(%s)")
	over := s.one("", "ORDER BY date", "ORDER BY symbol", "PARTITION BY symbol", "PARTITION BY symbol ORDER BY ts", "PARTITION BY date", "PARTITION BY date ORDER BY close", "ORDER BY round(close)")
	if strings.Contains(over, "ORDER") && !strings.ContainsAny(f[:1], "rnc") {
		over += s.one("", "", " ROWS BETWEEN 20 PRECEDING AND CURRENT ROW", " ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING")
	}
	return strings.Replace(f, "%s", s.value(), 1) + " OVER (" + over + ")"
}

func (s sample) query() string {
	from := s.relation() + " " + s.where()
	switch s.of(5) {
	case 0:
		return "SELECT " + s.list(4, s.aggregate) + " FROM " + from
	case 1:
		return "SELECT symbol, date, " + s.list(2, s.window) + " FROM " + from
	case 2:
		return "SELECT " + s.one("*", "symbol, close", "DISTINCT symbol, month(date)", "DISTINCT round(close)", "DISTINCT ON (symbol) symbol, close, date") + " FROM " + from
	}
	return "SELECT " + s.key() + ", " + s.list(4, s.aggregate) + " FROM " + from + " GROUP BY ALL" + s.one("", "", " HAVING count(*) > 2")
}
