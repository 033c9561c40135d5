package report

import (
	"pitwall"
	"pitwall/cache/runs"
)

// World is what is known of a world without a folder.
type World struct {
	Name        string
	Symbols     []string // those that were or may be traded
	Benchmark   string
	From        string // the date on which it began
	Cash        pitwall.Dec
	Costs       pitwall.Costs
	Attempt     int
	Instruments []pitwall.Instrument // those that Bars has
	Actions     []pitwall.Action
	Digest      string
	Notes       []string
	Warnings    []string

	Journal []pitwall.Entry
	Bars    map[string][]pitwall.Bar
}

// FromWorld returns a run without a folder. It has no turns.
func FromWorld(w World, ref pitwall.Reference) *Run {
	m := runs.Manifest{Name: w.Name, Symbols: w.Symbols, Benchmark: w.Benchmark, From: w.From, Cash: w.Cash, Costs: w.Costs, Attempt: w.Attempt, Actions: w.Actions, Digest: w.Digest, Notes: w.Notes, Warnings: w.Warnings}
	for _, i := range w.Instruments {
		m.Traded = append(m.Traded, runs.Traded{Instrument: i, Zone: i.Location().String(), Adjusted: pitwall.Raw})
	}
	r := &Run{Manifest: m, Journal: w.Journal, Bars: w.Bars}
	for _, e := range w.Journal {
		if isStep(e) {
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
