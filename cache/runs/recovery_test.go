package runs

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/disk"
	"pitwall/cache/disk/disktest"
)

// A folder that ended between two lines is opened as it is: nothing is cut, no row is written
// again, and a folder without the sums of an end is no fault.
func TestReopenLeavesWhatIsWhole(t *testing.T) {
	dir := interrupted(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, SumsFile)))
	whole := filesOf(t, dir)
	d := disktest.New(filepath.Dir(dir))
	var done []string
	d.Before = func(op disktest.Op) error {
		if op.Do != "open" && op.Do != "close" && op.Do != "sync" {
			done = append(done, op.Do+" "+filepath.Base(op.Path))
		}
		return nil
	}
	f, p, err := Reopen(context.Background(), d, dir, nil)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Empty(t, done)
	require.Len(t, p.Journal, 8)
	for name, file := range filesOf(t, dir) {
		require.Equal(t, string(whole[name].Data), string(file.Data), name)
	}
}

// Rows that a crash kept from being written follow from the journal, whichever they are, also
// behind intents that hold no order.
func TestReopenWritesWhatIsMissing(t *testing.T) {
	for marks := range 5 {
		for fills := range 3 {
			dir := interrupted(t)
			journal := filepath.Join(dir, JournalFile)
			body, err := os.ReadFile(journal)
			require.NoError(t, err)
			line, err := json.Marshal(pitwall.Entry{Seq: 9, Kind: pitwall.EntryIntent, Verb: "cancel", ID: "o"})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(journal, append(append(body, line...), '\n'), 0o600))
			whole := filesOf(t, dir)
			for name, keep := range map[string]int{EquityFile: marks, FillsFile: fills} {
				rows := strings.SplitAfter(string(whole[name].Data), "\n")
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(rows[:1+keep], "")), 0o600))
			}
			f, p, err := Reopen(context.Background(), disk.OS{}, dir, nil)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			require.Len(t, p.Journal, 9)
			for _, name := range []string{EquityFile, FillsFile} {
				got, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				require.Equal(t, string(whole[name].Data), string(got), "%s, of %d marks and %d fills", name, marks, fills)
			}
		}
	}
}

// The number of the last turn is the highest that any file knows, so that none is used twice.
func TestReopenCountsEveryTurn(t *testing.T) {
	for name, line := range map[string]string{
		TurnsFile:     turnHead(9, digestOf([]byte("x")), 1) + "x",
		SummariesFile: `{"turn":9}` + "\n",
		TimingFile:    `{"turn":9}` + "\n",
		JournalFile:   `{"seq":9,"as_of":"2024-01-05T16:00:00Z","kind":"warning","turn":9}` + "\n",
	} {
		dir := interrupted(t)
		body, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), append(body, line...), 0o600))
		f, p, err := Reopen(context.Background(), disk.OS{}, dir, nil)
		require.NoError(t, err, name)
		require.NoError(t, f.Close())
		require.Equal(t, 9, p.Turns, name)
	}
}

// A file that cannot be read refuses, and says which step it was.
func TestReopenCannotRead(t *testing.T) {
	dir := interrupted(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, SumsFile)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, SumsFile), 0o700))
	_, _, err := Reopen(context.Background(), disk.OS{}, dir, nil)
	require.ErrorContains(t, err, "reading what was written: read "+filepath.Join(dir, SumsFile))
	dir = interrupted(t)
	file := filepath.Join(dir, PricesFile)
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(body, 'A'), 0o600))
	d := disktest.New(filepath.Dir(dir))
	d.Before = func(op disktest.Op) error {
		if op.Do == "truncate" {
			return errors.New("read-only")
		}
		return nil
	}
	_, _, err = Reopen(context.Background(), d, dir, nil)
	require.EqualError(t, err, "cutting off half a line: read-only")
}

// A last row that looks whole and has no end of line is left out: its last figure may be a
// part of one.
func TestRowsWithoutAnEnd(t *testing.T) {
	folder := smallFolder()
	for _, name := range []string{EquityFile, PricesFile} {
		folder[name].Data = folder[name].Data[:len(folder[name].Data)-1]
	}
	r := Open(folder)
	require.Len(t, r.Equity(), 1)
	require.Empty(t, r.Bars())
	require.Equal(t, []string{"equity.csv ends in half a line, which is left out", "prices.csv ends in half a line, which is left out"}, r.Notes)
	kept, err := Strict{folder}.Kept()
	require.NoError(t, err)
	require.Empty(t, kept)
	_, err = Strict{folder}.Equity()
	require.EqualError(t, err, "equity.csv line 3: the last line is not whole")
}

// A fault names the line of its file, also behind a row of two lines, and holds its cause.
func TestFaultsNameTheLine(t *testing.T) {
	folder := smallFolder()
	row := "2024-01-02T16:00:00Z,A,buy,1,5,0,main,3,o1,x\n"
	folder[FillsFile].Data = append(folder[FillsFile].Data, row+"short\n"...)
	_, err := Strict{folder}.Rows(FillsFile)
	require.EqualError(t, err, "fills.csv line 5: record on line 5: wrong number of fields")
	folder = smallFolder()
	folder[EquityFile].Data = []byte("timestamp,equity,cash,benchmark,buy_and_hold\n\n\nx,1,1,,\n")
	_, err = Strict{folder}.Equity()
	require.EqualError(t, err, `equity.csv line 4: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`)
	var cause *time.ParseError
	require.ErrorAs(t, err, &cause)
	folder[EquityFile].Data = []byte("timestamp,equity,cash,benchmark,buy_and_hold\n2024-01-02T16:00:00Z,1,,,\n")
	_, err = Strict{folder}.Equity()
	require.ErrorContains(t, err, "equity.csv line 2: ", "cash is no column that may be empty")
}

// The bars of a run lie in the zone and the sessions that its manifest names.
func TestDataHasItsSessions(t *testing.T) {
	folder := smallFolder()
	folder[ManifestFile].Data = []byte(strings.Replace(string(folder[ManifestFile].Data), `"lot":1`, `"lot":1,"calendar":"XNYS"`, 1))
	for calendar, known := range map[string]bool{"XNYS": true, "none": false} {
		m, err := Strict{folder}.Manifest()
		require.NoError(t, err)
		m.Traded[0].Calendar = calendar
		d, err := Strict{folder}.Data(m)
		require.NoError(t, err)
		in := d.Series()[0].Instrument
		require.Equal(t, "America/New_York", in.Location().String())
		require.Equal(t, known, in.Hours != nil)
		if known {
			require.Equal(t, "XNYS", in.Hours.Name)
		}
	}
}
