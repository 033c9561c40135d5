package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/models/modeltest"
)

// asksSQL asks SQL over several symbols at some of its turns, with and without an
// ORDER BY, and orders by what the answers' bytes say: a digit that differs is
// another trade.
type asksSQL struct{}

func (asksSQL) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	said := sha256.New()
	results := 0
	for _, m := range r.Messages {
		for _, x := range m.Results {
			said.Write([]byte(x.Text))
			results++
		}
	}
	prompt := sha256.Sum256([]byte(r.Messages[0].User))
	switch {
	case results == 0 && prompt[0]%3 > 0: // no SQL at this turn
		return agentloop.Reply{Text: "RESULT: waiting"}, nil
	case results == 0:
		list := []string{"market_load_history_table", `{"symbols":["C","A","B"],"table":"x"}`, "market_load_history_table", `{"symbols":["A","D"],"table":"y","adjusted":"split"}`}
		for i, q := range []string{
			"SELECT sum(close), avg(close * volume), stddev(close) FROM x", "SELECT symbol, close, volume FROM x WHERE volume > 300000 LIMIT 15", "SELECT symbol, sum(close / volume) FROM x GROUP BY symbol",
			"SELECT right(string_agg(symbol, ''), 300), sum(y.close / x.volume) FROM x JOIN y USING (symbol)", "SELECT x.symbol, y.close FROM x JOIN y ON x.close > y.close LIMIT 20", "SELECT symbol, close - lag(close) OVER (ORDER BY date) AS d FROM x LIMIT 20",
			"SELECT symbol, avg(close) FROM x GROUP BY symbol ORDER BY symbol", "SELECT first(close), mode(round(close)), approx_quantile(close, 0.3) FROM x", "SELECT DISTINCT symbol FROM y UNION SELECT symbol FROM x",
		} {
			if prompt[1+i]%2 == 0 {
				list = append(list, "duckdb_query", fmt.Sprintf(`{"sql":%q,"limit":20}`, q))
			}
		}
		return *calls("", list...), nil
	case r.Messages[len(r.Messages)-1].Results[0].Name == "orders_submit":
		return agentloop.Reply{Text: "RESULT: ordered"}, nil
	}
	sum := said.Sum(nil)
	n := int(sum[0])<<16 | int(sum[1])<<8 | int(sum[2])
	side := "buy"
	if n%3 == 0 {
		side = "sell"
	}
	return *calls("", "orders_submit", fmt.Sprintf(`{"symbol":"%c","side":"%s","qty":%d,"reason":"%06x"}`, 'A'+n/5%4, side, 1+n%5, n)), nil
}

// A run whose model asks SQL over several symbols has one digest, at whatever turn
// it was killed and run again: replayed turns ask no SQL, so the tables of the second
// run grow in other steps. PITWALL_SQL_KILLS=200 kills as often.
func TestKilledRunsWithSQLHaveOneDigest(t *testing.T) {
	kills := often(2, 6)
	if n, err := strconv.Atoi(os.Getenv("PITWALL_SQL_KILLS")); err == nil {
		kills = n
	}
	t.Setenv("OPENAI_API_KEY", secretKey)
	provider := modeltest.New(t, asksSQL{}, modeltest.Options{})
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(7, 8))
	csv := []string{"symbol,timestamp,open,high,low,close,volume"}
	for k, symbol := range []string{"A", "B", "C", "D"} {
		price := 20.0
		for d := k; d < 400; d++ {
			price *= 1 + (rng.Float64()-0.5)/20
			csv = append(csv, fmt.Sprintf("%s,%s,%[3]f,%[4]f,%[5]f,%[3]f,%[6]d", symbol, time.Date(2020, 1, 1+d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), price, price+1, price-1, 100_000+rng.IntN(1e6)))
		}
	}
	write(t, dir, "bars.csv", strings.Join(csv, "\n")+"\n", "s.yaml", "name: s\nsymbols: [A, B, C, D]\ndata: [bars.csv]\nfrom: 2020-10-20\nto: 2020-12-01\ncash: 100000\nevery: 1\nagent: {model: openai/fake-1, base_url: "+provider.URL+"/v1}\n")
	start := func(out, cache string) (*exec.Cmd, *bytes.Buffer) {
		c, errs := exec.Command(binary, "backtest", "s.yaml", "--out", out), &bytes.Buffer{}
		c.Dir, c.Stderr, c.Env = dir, errs, append(os.Environ(), "PITWALL_CACHE_DIR="+filepath.Join(dir, cache))
		require.NoError(t, c.Start())
		return c, errs
	}
	whole, errs := start("undisturbed", "cache")
	require.NoError(t, whole.Wait(), errs)
	turns := len(recordsOf(t, filepath.Join(dir, "undisturbed")))
	require.Greater(t, turns, 40)
	died := 0
	for i := range kills {
		n := strconv.Itoa(i + 1)
		c, _ := start("killed-"+n, "cache-"+n)
		turnAppears(t, filepath.Join(dir, "killed-"+n), 4+rng.IntN(turns-3))
		require.NoError(t, c.Process.Kill())
		if c.Wait() != nil {
			died++
		}
		again, errs := start("again-"+n, "cache-"+n)
		require.NoError(t, again.Wait(), errs)
		require.Positive(t, hits(t, filepath.Join(dir, "again-"+n)))
		sameTurns(t, filepath.Join(dir, "undisturbed"), filepath.Join(dir, "again-"+n))
		for _, d := range []string{"killed-" + n, "again-" + n, "cache-" + n} {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, d)))
		}
	}
	t.Logf("%d turns, %d of %d runs were killed in time", turns, died, kills)
	require.Positive(t, died)
}
