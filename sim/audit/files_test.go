package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestFilesAndEnd(t *testing.T) {
	x := barsOf(t, "X", day, flat("2024-01-02"), flat("2024-01-03"))
	at := x.Bar(1).Known
	run := Run{Data: fixed{series: []*pitwall.Series{x}}, Journal: []pitwall.Entry{
		{Seq: 1, Kind: pitwall.EntryStart, Book: "main", Amount: pitwall.Int(1000)},
		{Kind: pitwall.EntryFill, Fill: &pitwall.Fill{Time: at, Symbol: "X", Side: pitwall.Buy, Qty: pitwall.One, Price: pitwall.Int(100), Book: "main"}},
		{Kind: pitwall.EntryMark, AsOf: at, Book: "main", Mark: &pitwall.EquityPoint{Time: at, Equity: pitwall.Int(1001), Cash: pitwall.Int(900)}},
		{Kind: pitwall.EntryEnd, Note: "complete, digest abc"},
	}}
	stamp := at.Format(time.RFC3339)
	fill := []string{stamp, "X", "buy", "1", "100", "0", "main", "3", "o-1", "a reason"}
	point := []string{stamp, "1001", "900", "", "1000"}
	rows := func(r ...[]string) [][]string { return r }
	require.Empty(t, CheckFiles(run, pitwall.Int(1000), rows(fill), rows(point)))
	for want, got := range map[string][]string{
		"entry 1 begins with 1000, the manifest with 1":                                        CheckFiles(run, pitwall.One, rows(fill), rows(point)),
		"fills.csv lacks row 1: " + stamp + ",X,buy,1,100,0,main":                              CheckFiles(run, pitwall.Int(1000), nil, rows(point)),
		"fills.csv has 2 rows, the journal 1":                                                  CheckFiles(run, pitwall.Int(1000), rows(fill, fill), rows(point)),
		"equity.csv line 2: " + stamp + ",7; the journal says " + stamp + ",1001,900":          CheckFiles(run, pitwall.Int(1000), rows(fill), rows([]string{stamp, "7"})),
		`the journal ends with "complete, digest abc", the manifest says "complete, digest d"`: CheckEnd(run, "d"),
	} {
		require.Equal(t, []string{want}, got)
	}
	require.Empty(t, CheckEnd(run, "abc"))
	run.Journal = run.Journal[:2]
	require.Len(t, CheckEnd(run, "abc"), 2, "no equity point at the last bar, no end")
}
