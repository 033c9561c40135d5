package report

import (
	"time"

	"pitwall"
)

// Reference gives what the benchmark and buy-and-hold were worth at a time, in
// money; 0: none.
type Reference func(at time.Time) (benchmark, hold float64)

// FromJournal is a run without a folder: the journal of a world and the prices
// that it may know. m says what is known of a manifest, at least the cash that the
// world began with. It has no turns.
func FromJournal(entries []pitwall.Entry, m Manifest, bars map[string][]pitwall.Bar, ref Reference) *Run {
	r := &Run{Manifest: m, Journal: entries, Bars: bars}
	for _, e := range entries {
		if isStep(e) {
			p := Point{At: e.Mark.Time, Equity: e.Mark.Equity.Float(), Cash: e.Mark.Cash.Float(), Exact: e.Mark.Equity}
			if ref != nil {
				p.Benchmark, p.Hold = ref(p.At)
			}
			r.Points = append(r.Points, p)
		}
	}
	return r
}
