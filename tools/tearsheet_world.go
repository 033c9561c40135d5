package tools

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"pitwall"
	"pitwall/tools/report"
)

// acting is a market that can say which corporate actions its raw prices went through.
type acting interface {
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
	entries, err := written(ctx, w)
	if err != nil {
		return nil, err
	}
	m := report.World{Name: titled(w), Benchmark: benchmark, Cash: acc.Start, Attempt: w.Attempt, Costs: w.Costs, Journal: entries, Warnings: []string{}, Notes: []string{}}
	for _, x := range w.Warnings {
		if !x.Known.After(w.Clock.Now()) {
			m.Warnings = append(m.Warnings, x.Text)
		}
	}
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
	if p, ok := w.Clock.(pitwall.Progress); ok {
		r := p.Replay()
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

// titled is what a reader calls the world.
func titled(w *pitwall.World) string {
	title := map[pitwall.Mode]string{pitwall.Sim: "Simulation", pitwall.Paper: "Paper trading", pitwall.Live: "Live trading"}[w.Mode]
	if w.Name == "" || w.Name == "main" {
		return title
	}
	return title + " " + w.Name
}

// written are the journal's entries up to its newest, with equity points in the
// world's zone.
func written(ctx context.Context, w *pitwall.World) ([]pitwall.Entry, error) {
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
func sheetBars(ctx context.Context, w *pitwall.World, m *report.World, traded map[string]bool, start time.Time) report.Reference {
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
		if a, ok := w.Market.(acting); ok {
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
	var bench *passive
	if b := bars[m.Benchmark]; len(b) > 0 {
		bench = newPassive(m.Cash.Float(), b, m.Actions)
	}
	if w.Mode != pitwall.Sim || len(m.Symbols) == 0 {
		return func(at time.Time) (float64, float64) { return bench.at(at), 0 }
	}
	var hold []*passive
	for _, s := range m.Symbols {
		hold = append(hold, newPassive(m.Cash.Float()/float64(len(m.Symbols)), bars[s], m.Actions))
	}
	return func(at time.Time) (benchmark, held float64) {
		for _, h := range hold {
			held += h.at(at)
		}
		return bench.at(at), held
	}
}

// passive is money put into one symbol at its first close of the run: of raw prices
// with splits, and with dividends kept as cash. Before that close it is cash.
type passive struct {
	money       float64
	bars        []pitwall.Bar
	actions     []pitwall.Action
	next        int // the first bar that was not known at the last question
	units, cash float64
}

func newPassive(money float64, bars []pitwall.Bar, actions []pitwall.Action) *passive {
	p := &passive{money: money, bars: bars}
	for _, a := range actions {
		if len(bars) > 0 && a.Symbol == bars[0].Symbol && a.Ex.After(bars[0].Start) {
			p.actions = append(p.actions, a)
		}
	}
	sort.SliceStable(p.actions, func(i, j int) bool { return p.actions[i].Ex.Before(p.actions[j].Ex) })
	return p
}

// at is the worth at a time; times are asked in order. 0 without a symbol.
func (p *passive) at(t time.Time) float64 {
	if p == nil {
		return 0
	}
	for p.next < len(p.bars) && !p.bars[p.next].Known.After(t) {
		b := p.bars[p.next]
		if p.next == 0 && b.Close > 0 {
			p.units = p.money / b.Close.Float()
		}
		for len(p.actions) > 0 && !p.actions[0].Ex.After(b.Start) {
			a := p.actions[0]
			p.actions = p.actions[1:]
			switch {
			case a.Type != "split":
				p.cash += p.units * a.Value.Float()
			case a.Per > 0:
				p.units *= a.Value.Float() / a.Per.Float()
			default:
				p.units *= a.Value.Float()
			}
		}
		p.next++
	}
	if p.next == 0 {
		return p.money
	}
	return p.units*p.bars[p.next-1].Close.Float() + p.cash
}
