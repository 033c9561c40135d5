package runs

import (
	"iter"
	"slices"

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
	journal, rows := f.mem.All(), slices.Clone(f.worths)
	steps := 0
	for _, x := range rows {
		steps += len(x)
	}
	return Held{journal, func(yield func(EquityRow) bool) {
		var s stamps
		var now []worths
		rest := rows
		var whole pitwall.BookSum
		for e := range journal {
			p, ok := whole.Add(e)
			if !ok {
				continue
			}
			if len(now) == 0 {
				if len(rest) == 0 {
					return
				}
				now, rest = rest[0], rest[1:]
			}
			if !yield(EquityRow{s.in(p.Time), p.Equity, p.Cash, now[0].benchmark, now[0].hold}) {
				return
			}
			now = now[1:]
		}
	}, steps, f.series}
}
