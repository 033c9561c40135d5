package runs

import (
	"iter"

	"pitwall"
)

// Held is what a backtest wrote into its folder, as reading the files would give it:
// figures need not read them back. It is shared: do not write.
type Held struct {
	Journal iter.Seq[pitwall.Entry]
	Equity  []EquityRow
	Series  []*pitwall.Series // those with bars
}

// Held returns what was written since Create.
func (f *Folder) Held() Held {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Held{f.mem.All(), f.equity, f.series}
}
