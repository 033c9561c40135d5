package runs

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/disk"
)

// interrupted is the folder of a run with two agents that ended in the middle of things.
func interrupted(t *testing.T) string {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "run")
	f, err := Create(disk.OS{}, dir, nil)
	require.NoError(t, err)
	f.Durable = true
	require.NoError(t, f.WriteJSON(ManifestFile, Manifest{Mode: "paper", Status: "running"}))
	day := func(d int) time.Time { return time.Date(2024, 1, d, 16, 0, 0, 0, time.UTC) }
	add := func(e pitwall.Entry) {
		_, err := f.Append(ctx, e)
		require.NoError(t, err)
	}
	end := func(turn int, agent string, at time.Time, usd string, tokens int, why ...string) {
		line, err := json.Marshal(agentloop.TurnLine{Turn: turn, Agent: agent, Why: strings.Join(why, ""), AsOf: at.Format(time.RFC3339), Calls: []string{}})
		require.NoError(t, err)
		timing := agentloop.Timing{Turn: turn, Agent: agent, Usage: agentloop.Usage{Input: tokens, Output: 1}}
		if usd != "" {
			d, err := pitwall.ParseDec(usd)
			require.NoError(t, err)
			timing.USD = &d
		}
		require.NoError(t, f.EndTurn(turn, []byte(`{"turn":0}`+"\n"), line, timing))
	}
	mark := func(at time.Time) {
		add(pitwall.Entry{AsOf: at, Kind: pitwall.EntryMark, Mark: &pitwall.EquityPoint{Time: at, Equity: pitwall.Int(int64(at.Day())), Cash: 1}})
	}
	add(pitwall.Entry{AsOf: day(1), Kind: pitwall.EntryStart, Amount: pitwall.Int(5)})
	for d := 2; d <= 5; d++ {
		mark(day(d))
		switch d {
		case 2:
			end(1, "a", day(2), "0.25", 10)
		case 3:
			end(2, "b", day(3), "", 20)
			end(3, "a", day(3), "0.5", 30)
		case 4:
			end(4, "b", day(4), "", 1, "shadow")
		}
	}
	add(pitwall.Entry{AsOf: day(5), Kind: pitwall.EntryIntent, Cause: pitwall.Cause{Turn: 7}, Verb: "submit", ID: "o", Order: &pitwall.Order{ID: "o", Reason: "because"}})
	for _, id := range []string{"f1", "f2"} {
		add(pitwall.Entry{AsOf: day(5), Kind: pitwall.EntryFill, Cause: pitwall.Cause{Turn: 7}, ID: "o", Fill: &pitwall.Fill{ID: id, OrderID: "o", Symbol: "A", Side: pitwall.Buy, Qty: pitwall.One, Price: 5, Time: day(5)}})
	}
	require.NoError(t, f.Bars([]pitwall.Bar{{Symbol: "A", Start: day(4), End: day(5), Known: day(5), Open: 1, High: 1, Low: 1, Close: 1, Volume: 1}}, func(string) time.Duration { return time.Hour }))
	require.NoError(t, f.Close())
	return dir
}

// A run that was interrupted goes on with what it has: where each agent stood and what it
// spent, the highest turn, the bars. Rows that the journal implies are written once, half
// lines are cut, and the next line follows the last.
func TestReopen(t *testing.T) {
	ctx, dir := context.Background(), interrupted(t)
	whole := filesOf(t, dir)
	spoil := func(name string, change func(string) string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(change(string(whole[name].Data))), 0o600))
	}
	half := func(s string) string { return s + "half a li" }
	for _, name := range []string{JournalFile, SummariesFile, TimingFile, PricesFile} {
		spoil(name, half)
	}
	spoil(TurnsFile, func(s string) string { return s + turnHead(5, digestOf(nil), 99) + "{\n" })
	spoil(SumsFile, func(string) string { return "of an end that was not one\n" })
	last := func(s string) string { // without its last row, and half of that
		n := strings.LastIndexByte(strings.TrimSuffix(s, "\n"), '\n') + 1
		return s[:n] + s[n:n+4]
	}
	spoil(FillsFile, last)
	spoil(EquityFile, func(string) string { return "time" }) // not even its header
	f, p, err := Reopen(ctx, disk.OS{}, dir, nil)
	require.NoError(t, err)
	require.True(t, f.Durable)
	require.Len(t, p.Journal, 8)
	for i, e := range p.Journal {
		require.EqualValues(t, i+1, e.Seq)
	}
	require.Len(t, p.Bars, 1)
	require.Equal(t, 7, p.Turns, "the order of a turn whose record is lost")
	require.Equal(t, map[string]agentloop.Past{
		"a": {AsOf: "2024-01-03T16:00:00Z", Bars: 2, USD: pitwall.One * 3 / 4, Tokens: 42},
		"b": {AsOf: "2024-01-03T16:00:00Z", Bars: 2, Shadows: 1, Tokens: 23},
	}, p.Agents)
	for name, file := range filesOf(t, dir) {
		want := string(whole[name].Data)
		if name == SumsFile {
			want = ""
		}
		require.Equal(t, want, string(file.Data), name)
	}
	n, err := f.Append(ctx, pitwall.Entry{Kind: pitwall.EntryFill, ID: "o", Fill: &pitwall.Fill{ID: "f3", OrderID: "o", Symbol: "A", Side: pitwall.Sell}, Cause: pitwall.Cause{Turn: 7}})
	require.NoError(t, err)
	require.EqualValues(t, 9, n)
	require.NoError(t, f.EndTurn(8, []byte(`{"turn":8}`+"\n"), []byte(`{"turn":8}`), agentloop.Timing{Turn: 8}))
	m := p.Manifest
	m.Status = "complete"
	require.NoError(t, f.Flush())
	require.NoError(t, f.WriteJSON(MetricsFile, 1))
	require.NoError(t, f.WriteJSON(UsageFile, 1))
	require.NoError(t, f.Seal(&m))
	require.NoError(t, f.Close())
	rows, err := Strict{os.DirFS(dir)}.Rows(FillsFile)
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Contains(t, rows[2], "because", "the reason of an order of the process before")
	s, err := Strict{os.DirFS(dir)}.Sums(m)
	require.NoError(t, err)
	require.Equal(t, []string{"turn 5 is missing in turns.log", "turn 6 is missing in turns.log", "turn 7 is missing in turns.log"}, s.Differences, "what was lost is named")
	require.Equal(t, 5, s.Turns)
	_, _, err = Reopen(ctx, disk.OS{}, dir, nil)
	require.ErrorContains(t, err, "came to its end")
}

// What cannot go on says why, and keeps no file open.
func TestReopenRefuses(t *testing.T) {
	ctx := context.Background()
	dir := interrupted(t)
	_, _, err := Reopen(ctx, disk.OS{}, filepath.Join(dir, "none"), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "cannot be resumed")
	for _, name := range []string{JournalFile, FillsFile, EquityFile, SummariesFile, TimingFile, PricesFile, TurnsFile} {
		dir := interrupted(t)
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		_, _, err := Reopen(ctx, disk.OS{}, dir, nil)
		require.ErrorContains(t, err, name)
	}
	for _, name := range []string{JournalFile, SummariesFile, TimingFile, PricesFile, FillsFile, EquityFile} {
		dir := interrupted(t)
		body, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), append(body, "no row of it\n"...), 0o600))
		_, _, err = Reopen(ctx, disk.OS{}, dir, nil)
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, ManifestFile), []byte(`{"status":"running"}`), 0o600))
	_, _, err = Reopen(ctx, disk.OS{}, dir, nil)
	require.ErrorContains(t, err, "is a backtest")
}
