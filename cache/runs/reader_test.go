package runs

import (
	"fmt"
	"io/fs"

	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// smallFolder is a small folder: two turns, a fill, two steps, one symbol.
func smallFolder() fstest.MapFS {
	text := map[string]string{
		ManifestFile: `{"run_id":"r","status":"complete","instruments":[{"symbol":"A","lot":1,"zone":"America/New_York","bar_size":"1d","adjusted":"raw"}],"actions":[{"symbol":"A"}]}`,
		JournalFile: `{"seq":1,"as_of":"2024-01-02T00:00:00Z","kind":"start","amount":1000}` + "\n" +
			`{"seq":2,"as_of":"2024-01-02T00:00:00Z","kind":"end"}` + "\n",
		SummariesFile: `{"turn":2,"result":"b"}` + "\n" + `{"turn":1,"result":"a"}` + "\n",
		TimingFile:    `{"turn":1,"seconds":2}` + "\n",
		UsageFile:     `{"turns":2,"tokens":{"input":7}}`,
		MetricsFile:   `{"final_equity":1000}`,
		FillsFile:     "timestamp,symbol,side,qty,price,fee,book,turn,order,reason\n" + "2024-01-02T16:00:00Z,A,buy,1,5,0,main,3,o1,\"two\nlines\"\n",
		EquityFile:    "timestamp,equity,cash,benchmark,buy_and_hold\n" + "2024-01-02T16:00:00-05:00,1000,500,,990.5\n2024-01-03T16:00:00-05:00,1001,500,100,\n",
		PricesFile:    header(PricesFile) + "A,2024-01-02,1,2,0.5,1.5,,2024-01-02T14:30:00Z,2024-01-02T21:00:00Z,2024-01-02T21:00:00Z\n",
		turnFile(1):   `{"turn":1,"result":"a"}`, turnFile(2): `{"turn":2,"result":"b","params":{"n":5}}`,
	}
	folder := fstest.MapFS{}
	for name, s := range text {
		folder[name] = &fstest.MapFile{Data: []byte(s)}
	}
	return folder
}

func TestOpen(t *testing.T) {
	r := Open(smallFolder())
	require.NoError(t, r.Damaged)
	require.Equal(t, "r", r.Manifest.RunID)
	require.Len(t, r.Journal(), 2)
	lines := r.Lines()
	require.Equal(t, "a b", lines[0].Result+" "+lines[1].Result, "in the order of the turns")
	require.Equal(t, 2.0, r.Timing()[1].Seconds)
	u, err := r.Usage()
	require.NoError(t, err)
	require.Equal(t, 7, u.Tokens.Input)
	require.Equal(t, [][]string{{"2024-01-02T16:00:00Z", "A", "buy", "1", "5", "0", "main", "3", "o1", "two\nlines"}}, r.Rows(FillsFile))
	equity := r.Equity()
	require.Equal(t, []string{"0", "990.5", "100", "0"}, []string{equity[0].Benchmark.String(), equity[0].Hold.String(), equity[1].Benchmark.String(), equity[1].Hold.String()})
	bar := r.Bars()["A"][0]
	require.Equal(t, "2024-01-02 16:00", bar.End.Format("2006-01-02 15:04"), "in the exchange's zone")
	require.Equal(t, float64(pitwall.NoVolume), bar.Volume)
	turn, err := r.Turn(2)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"n": 5.0}, turn.Params)
	_, err = r.Turn(3)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Empty(t, r.Notes)
}

// What a crash, another version or an editor leaves is left out and said; an absent
// file is empty.
func TestOpenDamaged(t *testing.T) {
	folder := smallFolder()
	folder[ManifestFile].Data = []byte(`{"status":"running"}`)
	folder[JournalFile].Data = append(folder[JournalFile].Data, `{"seq":3,"as`...)
	folder[SummariesFile].Data = []byte("no JSON\n" + `{"turn":1,"result":"a"}` + "\n\n")
	folder[turnFile(3)] = &fstest.MapFile{Data: []byte(`{"turn":3,"status":"ordered","result":"c","messages":[{"reply":{"calls":[{"name":"orders.submit"},{"name":"docs_search"}]}}]}`)}
	folder[turnFile(4)] = &fstest.MapFile{Data: []byte(`{"turn":`)}
	folder["turns/note.txt"] = &fstest.MapFile{}
	folder[EquityFile].Data = append(folder[EquityFile].Data, []byte("x,1,1,,\n2024-01-04T16:00:00Z,NaN,1,,\n2024-01-05T16:00:00Z,7,1,,\nshort\nshort\n2024-01-06T16:0")...)
	delete(folder, PricesFile)
	r := Open(folder)
	require.Len(t, r.Journal(), 2)
	lines := r.Lines()
	require.Equal(t, []int{1, 2, 3}, []int{lines[0].Turn, lines[1].Turn, lines[2].Turn}, "a turn without a line has a record")
	require.Equal(t, agentloop.TurnLine{Turn: 3, Status: agentloop.StatusOrdered, Calls: []string{"orders.submit", "docs_search"}, Orders: 1, Result: "c"}, lines[2])
	require.Len(t, r.Equity(), 3)
	require.Empty(t, r.Bars())
	require.Len(t, r.Notes, 9)
	for i, want := range []string{"the run has not ended", "journal.jsonl ends in half a line", "line 1 of summaries.jsonl cannot be read and is left out", "turn 4: ",
		"equity.csv ends in half a line", "line 4 of equity.csv", "line 5 of equity.csv", "line 7 of equity.csv", "equity.csv has more lines"} {
		require.Contains(t, r.Notes[i], want)
	}
	folder[ManifestFile].Data = []byte(`{"run`)
	r = Open(folder)
	require.Error(t, r.Damaged)
	require.Len(t, r.Journal(), 2, "the rest is read all the same")
}

// Times that follow from their row may be left out; older folders have them all.
func TestPricesWithoutRepeats(t *testing.T) {
	const prices, ends = "1,2,0.5,1.5,", "2024-01-02T21:00:00Z"
	read := func(row string) pitwall.Bar {
		s := Strict{fstest.MapFS{PricesFile: {Data: []byte(header(PricesFile) + row + "\n")}}}
		bars, err := s.Kept()
		require.NoError(t, err)
		require.Len(t, bars, 1)
		return bars[0]
	}
	const start = "2024-01-02T14:30:00Z"
	full := read("A," + start + "," + prices + "," + start + "," + ends + "," + ends)
	require.Equal(t, full, read("A,"+start+","+prices+",,"+ends+","))
	require.Equal(t, full, read("A,2024-01-02,"+prices+","+start+","+ends+","))
	require.NotEqual(t, full, read("A,2024-01-02,"+prices+","+start+","+ends+",2024-01-03T21:00:00Z"))
	_, err := Strict{fstest.MapFS{PricesFile: {Data: []byte(header(PricesFile) + "A,2024-01-02," + prices + ",," + ends + ",\n")}}}.Kept()
	require.Error(t, err, "a date is no start")
}

func TestStrict(t *testing.T) {
	read := func(folder fs.FS) error {
		s := Strict{folder}
		m, err := s.Manifest()
		if err == nil {
			_, err = s.Metrics()
		}
		if err == nil {
			_, err = s.Journal()
		}
		if err == nil {
			_, err = s.Equity()
		}
		if err == nil {
			_, err = s.Rows(FillsFile)
		}
		if err == nil {
			var d *Data
			if d, err = s.Data(m); err == nil {
				require.Equal(t, 1, d.Series()[0].Len())
				require.Len(t, d.Actions(), 1)
			}
		}
		return err
	}
	require.NoError(t, read(smallFolder()))
	for _, x := range []struct{ file, old, new, want string }{
		{ManifestFile, `"r"`, `5`, "manifest.json: "},
		{ManifestFile, "New_York", "Nowhere", "the zone of A"},
		{MetricsFile, "1000", `"x"`, "metrics.json: "},
		{JournalFile, `"seq":2`, `"seq":`, "journal.jsonl line 2: "},
		{JournalFile, "}\n", "}\n{\n", "journal.jsonl line 2: "},
		{EquityFile, "cash", "money", "equity.csv line 1: the columns are"},
		{EquityFile, "1001", "-Inf", "equity.csv line 3: "},
		{EquityFile, "100,\n", "100,", "equity.csv line 3: the last line is not whole"},
		{FillsFile, "o1,", "", "fills.csv line 2: "},
		{FillsFile, "\"two", "two\"", "fills.csv line 2: "},
		{PricesFile, "A,", "B,", `prices.csv line 2: the manifest has no instrument "B"`},
		{PricesFile, "1.5,,", "1.5,x,", "prices.csv line 2: "},
	} {
		folder := smallFolder()
		was := string(folder[x.file].Data)
		folder[x.file].Data = []byte(strings.Replace(was, x.old, x.new, 1))
		require.NotEqual(t, was, string(folder[x.file].Data), x.old)
		require.ErrorContains(t, read(folder), x.want)
		folder[x.file].Data = []byte(was)
		delete(folder, x.file)
		require.ErrorIs(t, read(folder), fs.ErrNotExist)
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Find("last")
	require.ErrorContains(t, err, "there is no run in runs/")
	hint := func(name string) string {
		_, err := Find(name)
		e, is := err.(*pitwall.Error)
		require.True(t, is, "%v", err)
		return e.Message + "; " + e.Hint
	}
	require.Contains(t, hint("x"), "there is none here")
	for i, name := range []string{"momentum-1", "momentum-2"} {
		dir := filepath.Join(Dir, name)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		file := filepath.Join(dir, JournalFile)
		require.NoError(t, os.WriteFile(file, nil, 0o644))
		at := time.Date(2026, 1, 2-i, 0, 0, 0, 0, time.UTC)
		require.NoError(t, os.Chtimes(file, at, at))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(Dir, "no run"), 0o755))
	for name, want := range map[string]string{"last": "runs/momentum-1", "momentum-2": "runs/momentum-2", "runs/momentum-2/": "runs/momentum-2"} {
		dir, err := Find(name)
		require.NoError(t, err)
		require.Equal(t, filepath.FromSlash(want), dir)
	}
	require.Contains(t, hint("momentum-3"), "did you mean momentum-")
	require.Contains(t, hint("lst"), "did you mean last?")
	require.Equal(t, "there is no run at nothing; last is the newest of the 2 in runs/; pitwall runs lists them", hint("nothing"))
	require.Contains(t, hint(Dir), "runs is not a run's folder")
	require.Contains(t, hint("a\x1b[2Jb\nc"), `there is no run at "a\x1b[2Jb\nc"`)
}

// Every file of the schema has its columns or none.
func TestColumns(t *testing.T) {
	for _, f := range csvFiles {
		require.NotEmpty(t, Columns(f))
		require.Equal(t, fmt.Sprintln(strings.Join(Columns(f), ",")), header(f))
	}
	require.Empty(t, header(JournalFile))
}
