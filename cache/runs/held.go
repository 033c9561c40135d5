package runs

import (
	"iter"

	"pitwall"
)

// Held is what a backtest wrote into its folder, as reading the files would give it:
// figures need not read them back. It is shared: do not write.
type Held struct {
	Journal iter.Seq[pitwall.Entry]
	Equity  iter.Seq[EquityRow]
	Steps   int               // how many rows Equity has
	Series  []*pitwall.Series // those with bars
}

// Held returns what was written since Create.
func (f *Folder) Held() Held {
	f.mu.Lock()
	defer f.mu.Unlock()
	journal, worths := f.mem.All(), f.worths
	return Held{journal, func(yield func(EquityRow) bool) {
		var s stamps
		i := 0
		for e := range journal {
			if e.Kind != pitwall.EntryMark || i == len(worths) {
				continue
			}
			if !yield(EquityRow{s.in(e.Mark.Time), e.Mark.Equity, e.Mark.Cash, worths[i].benchmark, worths[i].hold}) {
				return
			}
			i++
		}
	}, len(worths), f.series}
}
