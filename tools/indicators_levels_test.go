package tools_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// days is one bar a day with these low, high, close and volume.
func days(rows ...[4]float64) (bars []pitwall.Bar) {
	dec := func(f float64) pitwall.Dec { d, _ := pitwall.FromFloat(f); return d }
	for i, r := range rows {
		start := time.Date(2000, 1, 1+i, 0, 0, 0, 0, time.UTC)
		bars = append(bars, pitwall.Bar{Start: start, End: start.Add(24 * time.Hour), Known: start.Add(24 * time.Hour), Open: dec(r[2]), High: dec(r[1]), Low: dec(r[0]), Close: dec(r[2]), Volume: r[3]})
	}
	return bars
}

// Six bars whose levels can be read off.
func TestLevels(t *testing.T) {
	bars := days([4]float64{9, 12, 10, 100}, [4]float64{8, 11, 10, 300}, [4]float64{10, 14, 12, 200}, [4]float64{11, 13, 12, 400}, [4]float64{12, 16, 15, 300}, [4]float64{13, 15, 14, 900})
	w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	out := ask(t, newSet(), w, map[string]any{"symbols": "X", "names": []string{"high:3", "low:3", "return:2", "volume_ratio:3"}, "last": 6})
	f := func(v float64) *float64 { return &v }
	require.Equal(t, [][]*float64{
		{nil, nil, nil, nil},
		{nil, nil, nil, nil},
		{f(14), f(8), f(0.2), nil},       // 12/10 - 1
		{f(14), f(8), f(0.2), f(2)},      // 400 / ((100+300+200)/3)
		{f(16), f(10), f(0.25), f(1)},    // 15/12 - 1; 300 / 300
		{f(16), f(11), f(1. / 6), f(3)}}, // 14/12 - 1; 900 / 300
		func() (rows [][]*float64) {
			for _, r := range out.Rows {
				rows = append(rows, rounded(r.Values))
			}
			return rows
		}())
	bars[4].Volume = pitwall.NoVolume
	w, _ = worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	out = ask(t, newSet(), w, map[string]any{"symbols": "X", "names": []string{"volume_ratio:3", "volume_profile:3"}, "last": 3})
	require.NotNil(t, out.Rows[0].Values[0])
	require.Nil(t, out.Rows[1].Values[0])
	require.Nil(t, out.Rows[2].Values[0])
	require.Nil(t, out.Rows[2].Values[1])
	require.Contains(t, out.Notes, "X: bars without a volume leave volume_profile:3 null")
}

// rounded cuts 1/6 to what the tool shows.
func rounded(list []*float64) []*float64 {
	for _, v := range list {
		if v != nil && *v > 0.16 && *v < 0.17 {
			*v = 1. / 6
		}
	}
	return list
}

// The range 100 to 124 has bins of 1. 240 of volume lie evenly over all of it (10 a bin),
// 60 in the bin from 110 to 111, and 40 each in the two from 111 to 113: 10+60 there,
// 10+20 in each of the next two. The fullest bin is 110 to 111, middle 110.5. Of 340 the
// value area needs 238: 70, +30, +30, then 10 a bin, and of two alike the lower one
// first: eleven more, of which ten below (100 to 110) and one above.
func TestVolumeProfile(t *testing.T) {
	bars := days([4]float64{100, 124, 110, 240}, [4]float64{110, 111, 110.5, 60}, [4]float64{111, 113, 112, 40})
	w, _ := worldOf(t, last(bars), map[string][]pitwall.Bar{"X": bars})
	out := ask(t, newSet(), w, map[string]any{"symbols": "X", "names": "volume_profile:3"})
	require.Equal(t, []string{"volume_profile:3", "volume_profile:3.low", "volume_profile:3.high"}, out.Columns)
	require.Equal(t, []float64{110.5, 100, 114}, []float64{*out.Rows[0].Values[0], *out.Rows[0].Values[1], *out.Rows[0].Values[2]})
}

// A rises on 300, B falls on 100, C stands still on 50; X is only watched and rises on 500,
// an index rises too and counts nowhere.
func TestBreadthOfMoves(t *testing.T) {
	day := func(low, high, closing, volume float64) [4]float64 { return [4]float64{low, high, closing, volume} }
	symbols := map[string][]pitwall.Bar{
		"A": days(day(8, 12, 10, 100), day(9, 11, 10, 100), day(9, 13, 12, 300)),   // a new high of three days
		"B": days(day(8, 12, 10, 100), day(9, 11, 10, 100), day(7, 11, 8, 100)),    // a new low
		"C": days(day(8, 12, 10, 100), day(9, 11, 10, 100), day(8, 12, 10, 50)),    // as high and as low as before: neither
		"X": days(day(8, 12, 10, 100), day(9, 11, 10, 100), day(9, 11, 10.5, 500)), // inside
	}
	w, _ := worldOf(t, last(symbols["A"]), symbols)
	w.Instruments = watching{w.Instruments, map[string]pitwall.Kind{"X": pitwall.ETF}}
	names := []string{"breadth:advance_decline", "breadth:highs:3", "breadth:up_volume", "breadth:2"}
	out := ask(t, newSet(), w, map[string]any{"names": names})
	counts := func(i int) [4]int {
		b := out.Breadth[i]
		return [4]int{b.Above, b.Below, b.Counted, b.Of}
	}
	require.Equal(t, "breadth:highs:3", out.Breadth[1].Name)
	require.Equal(t, [4]int{2, 1, 4, 4}, counts(0))
	require.InDelta(t, 2./3, *out.Breadth[0].Share, 1e-9)
	require.Equal(t, [4]int{1, 1, 4, 4}, counts(1))
	require.Equal(t, 0.5, *out.Breadth[1].Share)
	require.Equal(t, [4]int{2, 1, 4, 4}, counts(2))
	require.InDelta(t, 800./900, *out.Breadth[2].Share, 1e-9)
	require.Equal(t, [4]int{1, 2, 3, 3}, counts(3), "breadth is of what may be traded; C stands on its mean")

	w.Instruments = watching{w.Instruments, map[string]pitwall.Kind{"X": pitwall.Index}}
	out = ask(t, newSet(), w, map[string]any{"names": names})
	require.Equal(t, [4]int{1, 1, 3, 3}, counts(0), "an index is no share")

	// A stands still from the third day on, the others go on: after more than four days, as
	// from a Friday to the Tuesday after a holiday, its move is old.
	for _, s := range []string{"B", "C", "X"} {
		more := days(day(0, 0, 0, 0), day(0, 0, 0, 0), day(0, 0, 0, 0), day(6, 8, 7, 100), day(5, 7, 6, 100), day(4, 6, 5, 100), day(3, 5, 4, 100), day(2, 4, 3, 100))[3:]
		symbols[s] = append(symbols[s], more...)
	}
	var clock *fakeClock
	w, clock = worldOf(t, symbols["B"][6].Known, symbols)
	out = ask(t, newSet(), w, map[string]any{"names": names})
	require.Equal(t, [4]int{1, 3, 4, 4}, counts(0))
	clock.now = last(symbols["B"])
	out = ask(t, newSet(), w, map[string]any{"names": names})
	require.Equal(t, [4]int{0, 3, 3, 4}, counts(0))

	a := newSet().Call(trader(), w, "market_indicators", json.RawMessage(`{"names":["breadth:up"]}`))
	require.Contains(t, a.Text, "breadth:advance_decline, breadth:highs:252, breadth:up_volume")
	a = newSet().Call(trader(), w, "market_indicators", json.RawMessage(`{"names":["breadth:highs:252","BREADTH:ADVANCE_DECLINE"]}`))
	require.Contains(t, a.Text, "breadth: name,share,above,below,counted,of\nbreadth:highs:252,null,0,0,0,4\nbreadth:advance_decline,0,0,3,3,4")
}

type listed = pitwall.Instruments

// watching makes symbols of a world not tradable, of another kind.
type watching struct {
	listed
	kinds map[string]pitwall.Kind
}

func (l watching) Instruments() (list []pitwall.Instrument) {
	for _, i := range l.listed.Instruments() {
		if k, ok := l.kinds[i.Symbol]; ok {
			i.Tradable, i.Kind = false, k
		}
		list = append(list, i)
	}
	return list
}
