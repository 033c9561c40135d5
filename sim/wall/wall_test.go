package wall_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/sim/wall"
)

type source []*pitwall.Series

func (s source) Series() []*pitwall.Series { return s }
func (s source) Actions() []pitwall.Action { return nil }

func day(n int) time.Time { return time.Date(2024, 1, n, 16, 0, 0, 0, time.UTC) }

func series(t testing.TB, symbol string, first, last int) *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity}, Size: 24 * time.Hour}
	for d := first; d <= last; d++ {
		p := pitwall.Int(int64(100 + d))
		require.NoError(t, s.Append(pitwall.Bar{Start: day(d).Add(-6 * time.Hour), End: day(d), Known: day(d), Open: p, High: p, Low: p, Close: p, Volume: 1}))
	}
	return s
}

func TestNothingFromTheFuture(t *testing.T) {
	now := day(3)
	w := wall.New(source{series(t, "A", 1, 9), series(t, "LATE", 5, 9)}, func() time.Time { return now }, []string{"A", "LATE"})
	ctx := context.Background()
	b, err := w.Last(ctx, "A")
	require.NoError(t, err)
	require.Equal(t, day(3), b.Known.UTC(), "known at this very instant is known")
	bars, err := w.Bars(ctx, pitwall.BarQuery{Symbol: "A", After: day(1)})
	require.NoError(t, err)
	require.Len(t, bars, 2)
	require.Equal(t, len(bars), cap(bars), "no spare capacity with the future behind it")
	_, err = w.Last(ctx, "LATE")
	_, never := w.Last(ctx, "NEVER")
	require.Equal(t, pitwall.UnknownSymbol, pitwall.CodeOf(err))
	require.Equal(t, pitwall.CodeOf(never), pitwall.CodeOf(err), "a symbol of tomorrow is as unknown as one of never")
	require.NotContains(t, err.Error(), "there is A, LATE")
	require.Len(t, w.Instruments(), 1)
	now = day(3).Add(-time.Nanosecond)
	b, err = w.Last(ctx, "A")
	require.NoError(t, err)
	require.Equal(t, day(2), b.Known.UTC(), "not an instant early")
	now = day(5)
	require.Len(t, w.Instruments(), 2)
	bars, err = w.Bars(ctx, pitwall.BarQuery{Symbol: "A", Limit: 2})
	require.NoError(t, err)
	require.Equal(t, day(4), bars[0].Known.UTC())
	bars, err = w.Bars(ctx, pitwall.BarQuery{Symbol: "A", After: day(30)})
	require.NoError(t, err)
	require.Empty(t, bars, "a lower bound beyond now gives nothing")
}

func TestIndexIsNeverTradable(t *testing.T) {
	s := series(t, "SPX", 1, 2)
	s.Instrument.Kind = pitwall.Index
	w := wall.New(source{s}, func() time.Time { return day(2) }, []string{"SPX"})
	i, err := w.Instrument("SPX")
	require.NoError(t, err)
	require.False(t, i.Tradable)
}

// The digest at a time depends neither on later data nor on how often it was
// asked before; and it does depend on every visible figure.
func TestDigestIsAChainInTime(t *testing.T) {
	at := func(src source, asks []int, until int) string {
		var now time.Time
		w := wall.New(src, func() time.Time { return now }, nil)
		for _, d := range asks {
			if d < until {
				now = day(d)
				w.Digest()
			}
		}
		now = day(until)
		return w.Digest()
	}
	rapid.Check(t, func(r *rapid.T) {
		until := rapid.IntRange(1, 9).Draw(r, "until")
		asks := rapid.SliceOfN(rapid.IntRange(1, 9), 0, 4).Draw(r, "asks")
		for i := 1; i < len(asks); i++ {
			asks[i] = max(asks[i], asks[i-1]) // clocks do not go back
		}
		full := at(source{series(t, "A", 1, 9), series(t, "B", 2, 9)}, asks, until)
		cut := source{series(t, "A", 1, until), series(t, "B", 2, max(2, until))}
		if got := at(cut, nil, until); got != full {
			r.Fatalf("until day %d, asked before at %v: %s, from cut data %s", until, asks, full, got)
		}
		other := source{series(t, "A", 1, 9), series(t, "B", 2, 9)}
		other[0].Volume[rapid.IntRange(0, until-1).Draw(r, "bar")]++
		if at(other, nil, until) == full {
			r.Fatal("another volume, the same digest")
		}
	})
}
