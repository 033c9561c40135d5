package driver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
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

// Ratios that a role was given stand in the run, with the turn at which they were known.
func TestSQLOfRatios(t *testing.T) {
	files := os.DirFS("../../../shared/data")
	if _, err := fs.Stat(files, "fundamentals"); err != nil {
		t.Skip("skipped: no ../shared")
	}
	data := fstest.MapFS{}
	for name, path := range map[string]string{"prices.csv": "daily/us_daily_raw.csv", "prices.csv.yaml": "", "statements.csv": "fundamentals/quarterly_financials.csv"} {
		raw := []byte("adjusted: raw\n")
		if path != "" {
			all, err := fs.ReadFile(files, path)
			require.NoError(t, err)
			lines := bytes.SplitAfter(all, []byte("\n"))
			raw = bytes.Join(slices.DeleteFunc(lines, func(line []byte) bool {
				return !bytes.HasPrefix(line, []byte("AAPL,")) && !bytes.Contains(line, []byte(",AAPL,")) && !bytes.HasPrefix(line, lines[0])
			}), nil)
		}
		data["data/"+name] = &fstest.MapFile{Data: raw}
	}
	d := &deskRun{desk: "{analysts: [fundamentals], trader: {}}", turns: 3, symbols: "AAPL", days: "from: 2025-04-21\nto: 2025-06-30", data: data, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if role == "fundamentals" && len(r.Messages) == 1 {
			return agentloop.Reply{Stop: agentloop.StopCalls, Calls: []agentloop.Call{{ID: "a", Name: "fundamentals", Arguments: json.RawMessage(`{"symbol":"AAPL","ratios":true}`)},
				{ID: "b", Name: "duckdb_query", Arguments: json.RawMessage(`{"sql":"SELECT value FROM ratios WHERE ratio = 'price_to_earnings'"}`)}}}, nil
		}
		return agentloop.Reply{}, nil
	}}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	out, err := driver.SQL(t.Context(), runs.Open(os.DirFS(r.Out)), "SELECT turn, role, symbol, value, how FROM ratios WHERE ratio = 'price_to_earnings' ORDER BY turn")
	require.NoError(t, err)
	require.Len(t, out.Rows, 3)
	seen := map[any]bool{}
	for i, row := range out.Rows {
		calls := turns[i].Calls()
		require.Equal(t, []any{float64(i + 1), "fundamentals", "AAPL"}, row[:3])
		require.Equal(t, "price x shares / net_income", row[4])
		require.Contains(t, calls[1].Result.Text, fmt.Sprint(row[3]), "SQL of the world says the same")
		seen[row[3]] = true
	}
	require.Len(t, seen, 3, "prices moved")
}
