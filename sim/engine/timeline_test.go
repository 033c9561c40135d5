package engine

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// The timeline is the bars in order of Known, then of symbol, however many symbols
// share a calendar: all, none, some, and one calendar up to a day and another after.
func TestTimelineIsSorted(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, known := range map[string]func(symbol, bar int) int{
		"one calendar":   func(_, bar int) int { return bar },
		"none in common": func(symbol, bar int) int { return 1000*bar + symbol },
		"two":            func(symbol, bar int) int { return 10*bar + symbol%2 },
		"apart later":    func(symbol, bar int) int { return 1000*bar + symbol*min(1, bar/300) },
		"apart at first": func(symbol, bar int) int { return 1000*bar + symbol*max(0, 1-bar/300) },
		"holes":          func(_, bar int) int { return bar + rng.IntN(3) },
	} {
		d := &Data{}
		type at struct {
			known int64
			hit
		}
		var want []at
		for s := range 60 {
			c := column{Series: &pitwall.Series{}, first: rng.IntN(5)}
			last := int64(-1)
			for bar := range 500 + rng.IntN(100) {
				last = max(last+1, int64(known(s, bar)))
				c.Known = append(c.Known, last)
				if bar >= c.first {
					want = append(want, at{last, hit{int32(s), int32(bar)}})
				}
				if rng.IntN(50) == 0 {
					c.actions = append(c.actions, action{bar: int32(bar)})
				}
			}
			c.end = len(c.Known)
			c.actions = slices.DeleteFunc(c.actions, func(a action) bool { return int(a.bar) < c.first })
			d.cols = append(d.cols, c)
		}
		slices.SortFunc(want, func(a, b at) int { return cmp.Or(cmp.Compare(a.known, b.known), cmp.Compare(a.sym, b.sym)) })
		d.timeline().merge()
		require.Len(t, d.hits, len(want), name)
		i := 0
		for k, st := range d.steps {
			require.EqualValues(t, i, st.lo, name)
			require.True(t, k == 0 || d.steps[k-1].known < st.known, name)
			acts := false
			for ; i < int(st.hi); i++ {
				require.Equal(t, want[i], at{st.known, d.hits[i]}, name)
				for _, a := range d.cols[d.hits[i].sym].actions {
					acts = acts || a.bar == d.hits[i].bar
				}
			}
			require.Equal(t, acts, st.acts, name)
		}
		require.Len(t, d.hits, i, name)
	}
}
