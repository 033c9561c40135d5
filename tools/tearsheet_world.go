package tools

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pitwall"
	"pitwall/tools/report"
)

// actionSource is a market that knows the corporate actions of its raw prices.
type actionSource interface {
	Actions(symbol string) []pitwall.Action
}

// worldRun is the world so far as a run: its journal, and the bars since it began of
// what may be traded or was, all behind the wall.
func worldRun(ctx context.Context, w *pitwall.World, benchmark string) (*report.Run, error) {
	if benchmark != "" {
		if _, err := w.Instruments.Instrument(benchmark); err != nil {
			return nil, err
		}
	}
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return nil, err
	}
	entries, err := journalEntries(ctx, w)
	if err != nil {
		return nil, err
	}
	m := report.World{Name: worldTitle(w), Benchmark: benchmark, Cash: acc.Start, Attempt: w.Attempt, Costs: w.Costs, Journal: entries, Warnings: warnings(w, time.Time{}), Notes: []string{}}
	var start time.Time
	marks := 0
	traded := map[string]bool{}
	for _, e := range entries {
		switch {
		case e.Kind == pitwall.EntryStart && start.IsZero() && (e.Book == "" || e.Book == pitwall.MainBook):
			start = e.AsOf
			if e.Amount > 0 {
				m.Cash = e.Amount
			}
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			traded[e.Fill.Symbol] = true
		case e.Kind == pitwall.EntryMark:
			marks++
		}
	}
	if p, ok := w.Clock.(pitwall.SimClock); ok {
		r := p.Progress()
		m.Digest, start = r.Digest, r.From
	}
	if !start.IsZero() {
		m.From = start.In(zoned(w)).Format(time.DateOnly)
	}
	switch {
	case marks > 0:
	case w.Mode == pitwall.Sim:
		m.Notes = append(m.Notes, "no bar has passed yet: figures are not defined before the first equity point")
	default:
		m.Notes = append(m.Notes, fmt.Sprintf("NO_COVERAGE: this %s world keeps no equity points, so return, risk and luck are not known; positions, fills and trades are what there is", w.Mode))
	}
	refer := sheetBars(ctx, w, &m, traded, start)
	return report.FromWorld(m, refer), nil
}

// worldTitle names the world for a reader.
func worldTitle(w *pitwall.World) string {
	title := map[pitwall.Mode]string{pitwall.Sim: "Simulation", pitwall.Paper: "Paper trading", pitwall.Live: "Live trading"}[w.Mode]
	if w.Name == "" || w.Name == "main" {
		return title
	}
	return title + " " + w.Name
}

// journalEntries returns the entries of the journal up to its newest, equity points in the
// world's zone.
func journalEntries(ctx context.Context, w *pitwall.World) ([]pitwall.Entry, error) {
	end := w.Journal.Last()
	list := make([]pitwall.Entry, 0, end)
	if end == 0 {
		return list, nil
	}
	for e, err := range w.Journal.Follow(ctx, 1) {
		if err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		if e.Mark != nil {
			p := *e.Mark // the journal's own stays as it is
			p.Time = p.Time.In(zoned(w))
			e.Mark = &p
		}
		list = append(list, e)
		if e.Seq >= end {
			break
		}
	}
	return list, nil
}

// sheetBars loads the bars that the figures need: of symbols that were traded, of
// what they settle against, of the benchmark, and in a simulation of all that may be
// traded, which is what buy and hold holds. What cannot be had becomes a note.
func sheetBars(ctx context.Context, w *pitwall.World, m *report.World, traded map[string]bool, start time.Time) pitwall.Reference {
	wanted := map[string]bool{}
	for s := range traded {
		wanted[s] = true
	}
	if w.Mode == pitwall.Sim {
		for _, i := range w.Instruments.Instruments() {
			if i.Tradable {
				wanted[i.Symbol] = true
			}
		}
	}
	for s := range wanted {
		m.Symbols = append(m.Symbols, s)
	}
	slices.Sort(m.Symbols)
	bars := map[string][]pitwall.Bar{}
	m.Bars = bars
	load := func(symbol string, tradable bool) {
		if symbol == "" || bars[symbol] != nil {
			return
		}
		i, err := w.Instruments.Instrument(symbol)
		var list []pitwall.Bar
		if err == nil {
			list, err = w.Market.Bars(ctx, pitwall.BarQuery{Symbol: symbol, After: start})
		}
		if err != nil {
			m.Notes = append(m.Notes, fmt.Sprintf("the prices of %s are not known here: %v", symbol, err))
			return
		}
		if len(list) == 0 {
			return
		}
		bars[symbol] = list
		i.Tradable = tradable
		m.Instruments = append(m.Instruments, i)
		if a, ok := w.Market.(actionSource); ok {
			for _, x := range a.Actions(symbol) {
				if !x.Ex.Before(start) {
					m.Actions = append(m.Actions, x)
				}
			}
		}
	}
	for _, s := range m.Symbols {
		load(s, true)
	}
	for _, t := range slices.Clone(m.Instruments) {
		load(t.Underlying, false)
	}
	load(m.Benchmark, wanted[m.Benchmark])
	var hold []*pitwall.Series
	if w.Mode == pitwall.Sim {
		for _, name := range m.Symbols {
			hold = append(hold, seriesOf(name, bars[name]))
		}
	}
	refer := pitwall.NewReference(m.Cash, seriesOf(m.Benchmark, bars[m.Benchmark]), hold, m.Actions, false, start)
	return func(at time.Time) (benchmark, held pitwall.Dec) {
		if benchmark, held = refer(at); benchmark == 0 && len(bars[m.Benchmark]) > 0 {
			benchmark = m.Cash // listed, without a bar since the start
		}
		return benchmark, held
	}
}

// seriesOf turns a market's bars, whose actions are those of raw prices, into a
// series; nil without bars.
func seriesOf(symbol string, bars []pitwall.Bar) *pitwall.Series {
	if len(bars) == 0 {
		return nil
	}
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol}, Adjusted: pitwall.Raw}
	for _, b := range bars {
		s.Start, s.Known, s.Close = append(s.Start, b.Start.UnixNano()), append(s.Known, b.Known.UnixNano()), append(s.Close, b.Close)
	}
	return s
}
