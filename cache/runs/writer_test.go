package runs

import (
	"context"
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

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	f, err := Create(disk.OS{}, dir, func(time.Time) (pitwall.Dec, pitwall.Dec) { return 0, pitwall.Int(7) })
	require.NoError(t, err)
	ctx := context.Background()
	at := time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC)
	turn := pitwall.Cause{Turn: 3}
	for _, e := range []pitwall.Entry{
		{AsOf: at, Kind: pitwall.EntryIntent, Cause: turn, Verb: "submit", ID: "o1", Order: &pitwall.Order{ID: "o1", Reason: "because, \"so\"\nthere"}},
		{AsOf: at, Kind: pitwall.EntryFill, Cause: turn, ID: "o1", Fill: &pitwall.Fill{OrderID: "o1", Symbol: "A", Side: pitwall.Buy, Qty: pitwall.One, Price: pitwall.Int(5), Book: "main", Time: at}},
		{AsOf: at, Kind: pitwall.EntryMark, Mark: &pitwall.EquityPoint{Time: at, Equity: pitwall.Int(9), Cash: pitwall.Int(4)}},
	} {
		_, err := f.Append(ctx, e)
		require.NoError(t, err)
	}
	require.EqualValues(t, 3, f.Last())
	require.NoError(t, f.EndTurn(3, []byte(`{"turn":3}`), []byte(`{"turn":3}`), agentloop.Timing{Turn: 3}))
	require.NoError(t, f.Flush())
	require.ErrorContains(t, f.EndTurn(4, nil, nil, agentloop.Timing{}), "closed")
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(raw)
	}
	// What was appended is in the files before Close: a crash loses nothing.
	require.Equal(t, 3, strings.Count(read("journal.jsonl"), "\n"))
	require.Contains(t, read("fills.csv"), "2024-01-02T16:00:00Z,A,buy,1,5,0,main,3,o1,\"because, \"\"so\"\"\nthere\",,2024-01-02T16:00:00Z\n")
	require.Contains(t, read("equity.csv"), "2024-01-02T16:00:00Z,9,4,,7,2024-01-02T16:00:00Z\n")
	require.Equal(t, turnHead(3, digestOf([]byte(`{"turn":3}`)), 10)+`{"turn":3}`, read(TurnsFile))
	require.NoError(t, f.WriteJSON("manifest.json", 1))
	require.NoError(t, f.Close())
	left, err := filepath.Glob(filepath.Join(dir, "*", "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = Create(disk.OS{}, dir, nil)
	require.ErrorContains(t, err, "is not empty")
	_, err = f.Append(ctx, pitwall.Entry{Kind: pitwall.EntryEnd})
	require.Error(t, err, "a closed folder keeps nothing and says so")
	for e, err := range f.Follow(ctx, 2) {
		require.NoError(t, err)
		require.Equal(t, pitwall.EntryFill, e.Kind)
		break
	}
}

// What the writer's rows say: a leg has no turn, a confidence is as it was stated, a
// benchmark stands where there is one, a plain equity point has its line, and trades.csv is
// whole.
func TestRowsAsWritten(t *testing.T) {
	ctx, dir, at := context.Background(), filepath.Join(t.TempDir(), "run"), time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC)
	f, err := Create(disk.OS{}, dir, func(time.Time) (pitwall.Dec, pitwall.Dec) { return pitwall.Int(3), pitwall.Int(7) })
	require.NoError(t, err)
	sure, turn := 0.75, pitwall.Cause{Turn: 3}
	for _, e := range []pitwall.Entry{
		{AsOf: at, Kind: pitwall.EntryIntent, Cause: turn, Verb: "submit", ID: "o1", Order: &pitwall.Order{ID: "o1", Confidence: &sure}},
		{AsOf: at, Kind: pitwall.EntryFill, Cause: turn, ID: "o1", Fill: &pitwall.Fill{OrderID: "o1", Symbol: "A", Side: pitwall.Buy, Qty: pitwall.One, Price: pitwall.Int(5), Book: "main", Time: at}},
		{AsOf: at, Kind: pitwall.EntryFill, Cause: turn, ID: "leg", Fill: &pitwall.Fill{OrderID: "leg", Symbol: "A", Side: pitwall.Sell, Qty: pitwall.One, Price: pitwall.Int(5), Book: "main", Time: at}},
		{AsOf: at, Kind: pitwall.EntryMark, Book: pitwall.MainBook, Mark: &pitwall.EquityPoint{Time: at, Equity: pitwall.Int(9), Cash: pitwall.Int(4)}},
	} {
		_, err := f.Append(ctx, e)
		require.NoError(t, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, JournalFile))
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(raw), "\n"), "an equity point waits")
	require.NoError(t, f.Trades([][]string{{"A", "b,c"}, {"", "2"}}))
	require.NoError(t, f.Close())
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, header(FillsFile)+"2024-01-02T16:00:00Z,A,buy,1,5,0,main,3,o1,,0.75,2024-01-02T16:00:00Z\n2024-01-02T16:00:00Z,A,sell,1,5,0,main,0,leg,,,2024-01-02T16:00:00Z\n", read(FillsFile))
	require.Equal(t, header(EquityFile)+"2024-01-02T16:00:00Z,9,4,3,7,2024-01-02T16:00:00Z\n", read(EquityFile))
	require.Equal(t, header(TradesFile)+"A,\"b,c\"\n,2\n", read(TradesFile))
	journal, err := Strict{os.DirFS(dir)}.Journal()
	require.NoError(t, err)
	require.Len(t, journal, 4)
	require.Equal(t, pitwall.EntryMark, journal[3].Kind)
	require.EqualValues(t, 4, journal[3].Seq)
}
