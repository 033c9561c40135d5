package runs

import (
	"iter"
	"time"

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

// fixedZone is the offset of the last time that it was asked for, which a zone keeps for
// months: its rules are asked only when that ends.
type fixedZone struct {
	of, fixed  *time.Location
	start, end time.Time // zero = without end
}

// in returns t in the offset of its zone, as reading its text would.
func (z *fixedZone) in(t time.Time) time.Time {
	if t.Location() != z.of || t.Before(z.start) || !z.end.IsZero() && !t.Before(z.end) {
		z.of = t.Location()
		z.start, z.end = t.ZoneBounds()
		z.fixed = time.UTC
		if _, offset := t.Zone(); offset != 0 {
			z.fixed = time.FixedZone("", offset)
		}
	}
	return t.In(z.fixed)
}
