package wall_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim/wall"
)

// The tests of this file carry the numbers of the leak list in tools/docs/wall.md.

func newYork(t testing.TB) *time.Location {
	z, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	return z
}

// run makes bars of a size, one after another.
func run(t testing.TB, symbol string, first time.Time, size time.Duration, n int) *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Zone: first.Location()}, Size: size, Adjusted: pitwall.Raw}
	for i := range n {
		at := first.Add(time.Duration(i) * size)
		p := pitwall.Int(int64(100 + i))
		require.NoError(t, s.Append(pitwall.Bar{Start: at, End: at.Add(size), Known: at.Add(size), Open: p, High: p, Low: p, Close: p, Volume: 10}))
	}
	return s
}

// visible is how many bars of a symbol can be had at a time, by every door.
func visible(t testing.TB, src pitwall.Source, symbol string, at time.Time) int {
	ctx := context.Background()
	w := wall.New(src, func() time.Time { return at }, []string{symbol})
	n, err := w.Count(ctx, symbol)
	if err != nil {
		require.Equal(t, pitwall.UnknownSymbol, pitwall.CodeOf(err))
		return 0
	}
	bars, err := w.Bars(ctx, pitwall.BarQuery{Symbol: symbol})
	require.NoError(t, err)
	require.Len(t, bars, n)
	last, err := w.Last(ctx, symbol)
	require.NoError(t, err)
	require.Equal(t, bars[n-1], last)
	require.False(t, last.Known.After(at))
	return n
}

// L14: on days of 23 and 25 hours, and on a leap day, no bar is visible early.
func TestL14ClockChangesAndLeapDays(t *testing.T) {
	zone := newYork(t)
	for _, day := range []time.Time{time.Date(2024, 3, 9, 0, 0, 0, 0, zone), time.Date(2024, 11, 2, 0, 0, 0, 0, zone), time.Date(2024, 2, 28, 0, 0, 0, 0, zone)} {
		src := source{run(t, "A", day, time.Hour, 72)}
		for i := range 72 {
			end := day.Add(time.Duration(i+1) * time.Hour)
			require.Equal(t, i, visible(t, src, "A", end.Add(-time.Nanosecond)))
			require.Equal(t, i+1, visible(t, src, "A", end))
		}
	}
}

// L17, L20: a daily bar is there at its close and not before; until then the last
// price is the last completed day's.
func TestL17DailyBarFromItsClose(t *testing.T) {
	zone := newYork(t)
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "A", Kind: pitwall.Equity, Zone: zone}, Size: 24 * time.Hour}
	for d := range 3 {
		open, close := time.Date(2024, 1, 2+d, 9, 30, 0, 0, zone), time.Date(2024, 1, 2+d, 16, 0, 0, 0, zone)
		p := pitwall.Int(int64(100 + d))
		require.NoError(t, s.Append(pitwall.Bar{Start: open, End: close, Known: close, Open: p, High: p, Low: p, Close: p, Volume: 10}))
	}
	for clock, want := range map[string]int{"00:00:00": 1, "09:31:00": 1, "13:00:00": 1, "15:59:59": 1, "16:00:00": 2} {
		at, err := time.ParseInLocation("2006-01-02 15:04:05", "2024-01-03 "+clock, zone)
		require.NoError(t, err)
		require.Equal(t, want, visible(t, source{s}, "A", at), clock)
		last, err := wall.New(source{s}, func() time.Time { return at }, nil).Last(context.Background(), "A")
		require.NoError(t, err)
		require.Equal(t, pitwall.Int(int64(99+want)), last.Close, "L20 at %s", clock)
	}
}

// L18: a minute bar is there a minute after its stamp, and with a feed's delay
// that much later.
func TestL18MinuteBar(t *testing.T) {
	at := time.Date(2024, 1, 2, 10, 0, 0, 0, newYork(t))
	s := run(t, "A", at, time.Minute, 1)
	require.Equal(t, 0, visible(t, source{s}, "A", at.Add(30*time.Second)))
	require.Equal(t, 1, visible(t, source{s}, "A", at.Add(time.Minute)))
	s.Known[0] += int64(15 * time.Second)
	require.Equal(t, 0, visible(t, source{s}, "A", at.Add(time.Minute)))
	require.Equal(t, 1, visible(t, source{s}, "A", at.Add(75*time.Second)))
}

// L19, L21: of an hour, a day or a week that is not over nothing is shown, so no
// running figure can hold more than is known.
func TestL19PartialIntervalsAreWithheld(t *testing.T) {
	zone := newYork(t)
	monday := time.Date(2024, 1, 8, 0, 0, 0, 0, zone)
	src := source{run(t, "A", monday, time.Hour, 24*15)}
	for size, after := range map[time.Duration]time.Duration{4 * time.Hour: 4 * time.Hour, 24 * time.Hour: 24 * time.Hour, 7 * 24 * time.Hour: 7 * 24 * time.Hour} {
		for shift, want := range map[time.Duration]int{-time.Nanosecond: 0, 0: 1, after - time.Nanosecond: 1, after: 2} {
			at := monday.Add(after + shift)
			w := wall.New(src, func() time.Time { return at }, nil)
			bars, err := w.Bars(context.Background(), pitwall.BarQuery{Symbol: "A", Size: size})
			if err != nil {
				require.Equal(t, pitwall.UnknownSymbol, pitwall.CodeOf(err))
			}
			require.Len(t, bars, want, "%v at %v", size, at)
			for _, b := range bars {
				require.Equal(t, float64(10*size/time.Hour), b.Volume, "only whole ones")
			}
		}
	}
}

// L23: nothing is filled in: a day without a bar has none, before and after.
func TestL23GapsStayGaps(t *testing.T) {
	s := series(t, "A", 1, 3)
	more := series(t, "A", 6, 7)
	for i := range more.Len() {
		require.NoError(t, s.Append(more.Bar(i)))
	}
	for d, want := range map[int]int{3: 3, 4: 3, 5: 3, 6: 4, 7: 5} {
		require.Equal(t, want, visible(t, source{s}, "A", day(d)), "day %d", d)
	}
}

// L29: there are no renames in the data; a name of later is as unknown as one of
// never, in the same words.
func TestL29LaterNamesAreUnknown(t *testing.T) {
	w := wall.New(source{series(t, "A", 1, 9), series(t, "META", 5, 9)}, func() time.Time { return day(3) }, []string{"A", "META"})
	_, later := w.Instrument("META")
	_, never := w.Instrument("NONE")
	require.Equal(t, fmt.Sprintf("%v", never)[len(`UNKNOWN_SYMBOL: "NONE"`):], fmt.Sprintf("%v", later)[len(`UNKNOWN_SYMBOL: "META"`):])
}

// L30, L31: a symbol is listed from its first bar, stays while it has bars, is
// gone ten days after the last, and its history can still be read.
func TestL30Listed(t *testing.T) {
	var now time.Time
	w := wall.New(source{series(t, "ENDS", 1, 4), series(t, "LATE", 6, 28)}, func() time.Time { return now }, []string{"ENDS", "LATE"})
	for d := 1; d <= 28; d++ {
		now = day(d)
		var names []string
		for _, i := range w.Instruments() {
			require.True(t, i.Tradable)
			names = append(names, i.Symbol)
		}
		var want []string
		if d <= 14 {
			want = append(want, "ENDS")
		}
		if d >= 6 {
			want = append(want, "LATE")
		}
		require.Equal(t, want, names, "day %d", d)
	}
	i, err := w.Instrument("ENDS")
	require.NoError(t, err, "what was there is not forgotten")
	require.False(t, i.Tradable)
	bars, err := w.Bars(context.Background(), pitwall.BarQuery{Symbol: "ENDS"})
	require.NoError(t, err)
	require.Len(t, bars, 4)
}

// A split of tomorrow changes nothing today, by any door (L26), and the digest
// neither (L27).
func TestL26FutureActions(t *testing.T) {
	at := day(5)
	with := acting{source{series(t, "A", 1, 9)}, []pitwall.Action{{Symbol: "A", Ex: day(6), Type: "split", Value: pitwall.Int(4)}, {Symbol: "A", Ex: day(7), Type: "dividend", Value: pitwall.One}}}
	without := source{series(t, "A", 1, 9)}
	for _, want := range []pitwall.Adjustment{"", pitwall.SplitAdjusted, pitwall.TotalAdjusted} {
		a, b := wall.New(with, func() time.Time { return at }, nil), wall.New(without, func() time.Time { return at }, nil)
		x, err := a.Bars(context.Background(), pitwall.BarQuery{Symbol: "A", Adjusted: want})
		require.NoError(t, err)
		y, err := b.Bars(context.Background(), pitwall.BarQuery{Symbol: "A", Adjusted: want})
		require.NoError(t, err)
		require.Equal(t, y, x)
		require.Equal(t, b.Digest(), a.Digest())
		require.Empty(t, a.Actions("A"))
	}
	at = day(6)
	a, b := wall.New(with, func() time.Time { return at }, nil), wall.New(without, func() time.Time { return at }, nil)
	require.NotEqual(t, b.Digest(), a.Digest(), "an action that went ex is a part of what can be shown")
	require.Equal(t, with.actions[:1], a.Actions("A"), "and the one of the next day is not")
	require.Empty(t, a.Actions("NOPE"))
	with.source[0].Adjusted = pitwall.SplitAdjusted
	require.Empty(t, a.Actions("A"), "adjusted prices need none")
}

type acting struct {
	source
	actions []pitwall.Action
}

func (a acting) Actions() []pitwall.Action { return a.actions }

func record(id string, known time.Time) pitwall.Record {
	return pitwall.Record{Kind: pitwall.News, ID: id, Symbols: []string{"A"}, Known: known, Title: "title " + id, Fields: map[string]string{"k": id}}
}

// Records are visible from the instant on at which they are known; what is handed
// out is the caller's; revised values need to be allowed.
func TestRecordsBehindTheWall(t *testing.T) {
	at := day(2)
	all := []pitwall.Record{record("c", day(3)), record("a", day(1)), record("b", day(2))}
	old := record("r", day(1))
	old.Revised = true
	r := wall.NewRecords(append(all, old), func() time.Time { return at }, false)
	ids := func(q pitwall.RecordQuery) (list []string) {
		q.Kind = pitwall.News
		found, err := r.Find(context.Background(), q)
		require.NoError(t, err)
		for _, x := range found {
			list = append(list, x.ID)
			x.Fields["k"], x.Symbols[0] = "changed", "changed"
		}
		require.Equal(t, len(found), len(list))
		return list
	}
	require.Equal(t, []string{"b", "a"}, ids(pitwall.RecordQuery{}))
	require.Equal(t, []string{"b", "a"}, ids(pitwall.RecordQuery{Symbols: []string{"A"}}), "nobody can write through")
	require.Equal(t, []string{"b"}, ids(pitwall.RecordQuery{Limit: 1}))
	require.Equal(t, []string{"b"}, ids(pitwall.RecordQuery{Since: day(2)}))
	require.Equal(t, []string{"a"}, ids(pitwall.RecordQuery{Words: []string{"TITLE", "a", "title a"}}))
	require.Nil(t, ids(pitwall.RecordQuery{Words: []string{"title c"}}))
	cover, err := r.Coverage(context.Background(), pitwall.News)
	require.NoError(t, err)
	require.Equal(t, 2, cover[0].Count)
	require.Equal(t, day(2), cover[0].Until)
	require.True(t, cover[1].Revised)
	before := r.Digest()
	at = day(2).Add(time.Hour)
	require.Equal(t, before, r.Digest())
	at = day(3)
	require.NotEqual(t, before, r.Digest())
	require.Equal(t, []string{"c", "b", "a"}, ids(pitwall.RecordQuery{}))

	allowed := wall.NewRecords(append(all, old), func() time.Time { return at }, true)
	found, err := allowed.Find(context.Background(), pitwall.RecordQuery{Kind: pitwall.News})
	require.NoError(t, err)
	require.Len(t, found, 4)
	require.NotEqual(t, r.Digest(), allowed.Digest())
}
