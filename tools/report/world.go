package report

import "pitwall"

// FromJournal is a run without a folder: the journal of a world and the prices
// that it may know. m says what is known of a manifest, at least the cash that the
// world began with. It has no turns.
func FromJournal(entries []pitwall.Entry, m Manifest, bars map[string][]pitwall.Bar, ref pitwall.Reference) *Run {
	r := &Run{Manifest: m, Journal: entries, Bars: bars, Origins: map[string]Origin{}}
	for _, e := range entries {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			r.Origins[e.ID] = Origin{Reason: e.Order.Reason}
		case isStep(e):
			p := Point{At: e.Mark.Time, Equity: e.Mark.Equity.Float(), Cash: e.Mark.Cash.Float(), Exact: e.Mark.Equity}
			if ref != nil {
				benchmark, hold := ref(p.At)
				p.Benchmark, p.Hold = benchmark.Float(), hold.Float()
			}
			r.Points = append(r.Points, p)
		}
	}
	return r
}
