package driver_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// What SQL says of a run is what its files say; a text that is no SELECT is refused.
func TestSQLOfARun(t *testing.T) {
	d := &deskRun{desk: wholeDesk, turns: 6}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	run := runs.Open(os.DirFS(r.Out))
	ask := func(text string) [][]any {
		out, err := driver.SQL(t.Context(), run, text)
		require.NoError(t, err, text)
		return out.Rows
	}
	require.Equal(t, fmt.Sprint([][]any{{int64(len(turns)), 6}}), fmt.Sprint(ask("SELECT count(*), max(turn)::BIGINT FROM turns")))
	require.Equal(t, turns[2].Result, ask("SELECT result FROM turns WHERE turn = 3")[0][0])
	rows := run.Rows(runs.FillsFile)
	require.Equal(t, fmt.Sprint(len(rows)), fmt.Sprint(ask("SELECT count(*) FROM fills")[0][0]))
	price, err := pitwall.ParseDec(rows[0][4])
	require.NoError(t, err)
	require.InDelta(t, price.Float(), ask("SELECT price FROM fills ORDER BY time LIMIT 1")[0][0], 1e-9)
	equity := run.Equity()
	require.Equal(t, fmt.Sprint(len(equity)), fmt.Sprint(ask("SELECT count(*) FROM equity")[0][0]))
	require.InDelta(t, equity[len(equity)-1].Equity.Float(), ask("SELECT equity FROM equity ORDER BY time DESC LIMIT 1")[0][0], 1e-6)
	require.Equal(t, "6", fmt.Sprint(ask("SELECT count(DISTINCT turn) FROM decisions WHERE type = 'decision'")[0][0]))
	require.Equal(t, "AAPL", ask("SELECT d.symbol FROM decisions d JOIN fills f ON f.turn = d.turn WHERE d.type = 'decision' LIMIT 1")[0][0])
	require.Equal(t, "false", ask("SELECT DISTINCT shadow FROM decisions")[0][0], "this desk never sleeps")
	for _, text := range []string{"DROP TABLE turns", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM nothing"} {
		_, err := driver.SQL(t.Context(), run, text)
		require.Error(t, err, text)
	}
	_, err = driver.SQL(t.Context(), run, "SELECT * FROM beliefs")
	require.ErrorContains(t, err, "beliefs", "a run without a memory has no such table")
}
