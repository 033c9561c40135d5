package runs

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
)

// The lines of equity points are those of encoding/json, and read as it reads them;
// whatever else an entry says goes through it.
func TestMarksAreJSON(t *testing.T) {
	newYork, err := pitwall.LoadZone("America/New_York")
	require.NoError(t, err)
	zones := []*time.Location{time.UTC, newYork, time.FixedZone("", 5*3600+1800), time.FixedZone("odd", 3601), time.FixedZone("far", 30*3600)}
	plain := 0
	var s, r stamps
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<37, 1<<38).Draw(t, "s"), int64(rapid.SampledFrom([]int{0, 0, 1, 500_000_000}).Draw(t, "ns"))).In(rapid.SampledFrom(zones).Draw(t, "zone"))
		p := &pitwall.EquityPoint{Time: at, Equity: pitwall.Dec(rapid.Int64Min(-1<<63+1).Draw(t, "equity")), Cash: pitwall.Dec(rapid.Int64Range(-1e9, 1e9).Draw(t, "cash"))}
		e := pitwall.Entry{Seq: rapid.Int64().Draw(t, "seq"), AsOf: at, Kind: pitwall.EntryMark, Book: rapid.SampledFrom([]string{"main", "pod-1", "", "A b", `"`, "é"}).Draw(t, "book"), Mark: p}
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			e.Turn = 3
		case 1:
			e.Note = "x"
		case 2:
			p.Time = at.Add(time.Hour)
		case 3:
			e.Kind = pitwall.EntryWarning
		case 4:
			e.Amount = 1
		}
		want, err := json.Marshal(e)
		line, ok := appendMark([]byte("before\n"), &s, e)
		if !ok {
			require.Equal(t, "before\n", string(line))
		} else {
			plain++
			require.NoError(t, err)
			require.Equal(t, "before\n"+string(want)+"\n", string(line))
		}
		if err != nil {
			return
		}
		var back pitwall.Entry
		require.NoError(t, json.Unmarshal(want, &back))
		got, read := parseMark(want, &r)
		require.True(t, read || !ok, "%s", want)
		if read {
			require.Equal(t, back, got)
		}
		for cut := range want {
			_, read := parseMark(want[:cut], &r)
			require.False(t, read)
		}
	})
	require.True(t, plain > 0 || testing.Short(), "none was written by hand") // a short form draws 20
	_, ok := parseMark([]byte(`{"seq":1,"as_of":"2024-01-02T16:00:00Z","kind":"mark","book":"main","mark":{"time":"2024-01-02T16:00:00Z","equity":1.0,"cash":1}}`), &s)
	require.False(t, ok, "1.0 is not how it is written: encoding/json may read it")
}
