package tools

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/optimize"
)

// leastReturns is the fewest daily returns of an optimization.
const leastReturns = 20

// priceHistory is the returns of symbols over days that all of them have.
type priceHistory struct {
	symbols []string
	days    []string
	returns [][]float64
	year    float64 // days of a year
	notes   []string
}

// history reads the newest daily returns. Of symbols that were not asked for by name those
// with too few bars or none of late are left out, and a note says so.
func (in *optimizeIn) history(ctx context.Context, w *pitwall.World) (h priceHistory, err error) {
	bars, err := atMost("bars", in.Bars, 252, 2520)
	if err != nil {
		return h, err
	}
	if bars < leastReturns {
		return h, pitwall.Errorf(pitwall.InvalidInput, "bars is %d", bars).Hintf("use %d to 2520", leastReturns)
	}
	wanted := slices.Clone(in.Symbols)
	if len(wanted) == 0 {
		for _, i := range w.Instruments.Instruments() {
			if i.Tradable {
				wanted = append(wanted, i.Symbol)
			}
		}
	}
	if in.Hedge != "" {
		wanted = append(wanted, in.Hedge)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	closes, newest := map[string]map[string]float64{}, map[string]time.Time{}
	var last time.Time
	always := true
	for _, s := range wanted {
		x, err := w.Instruments.Instrument(s)
		if err != nil {
			return h, err
		}
		if !x.Tradable {
			return h, pitwall.Errorf(pitwall.NotTradable, "%s can be watched only", s).Hintf("leave it out")
		}
		always = always && x.Calendar == pitwall.AlwaysOpen
		if closes[s], newest[s], err = h.closes(ctx, w, x, bars+1); err != nil {
			return h, err
		}
		if newest[s].After(last) {
			last = newest[s]
		}
	}
	for _, s := range wanted {
		var why string
		switch {
		case len(closes[s]) < bars+1:
			why = fmt.Sprintf("%s has %d daily bars of %d", s, len(closes[s]), bars+1)
		case last.Sub(newest[s]) > 7*24*time.Hour:
			why = fmt.Sprintf("%s has no bar since %s", s, newest[s].Format(time.DateOnly))
		default:
			h.symbols = append(h.symbols, s)
			continue
		}
		if s == in.Hedge || slices.Contains(in.Symbols, s) {
			return h, pitwall.Errorf(pitwall.NoCoverage, "%s", why).Hintf("leave it out, or use fewer bars")
		}
		h.notes = append(h.notes, "left out: "+why)
	}
	if len(h.symbols) < 2 {
		return h, pitwall.Errorf(pitwall.NoCoverage, "%d symbols with %d daily bars%s", len(h.symbols), bars+1, strings.TrimRight("; "+strings.Join(h.notes, "; "), "; ")).Hintf("a portfolio needs two; use fewer bars")
	}
	if h.year = 252; always {
		h.year = 365
	}
	return h, h.align(closes, bars)
}

// closes are a symbol's newest daily closes by day, with splits and dividends where the
// data can be had with them.
func (h *priceHistory) closes(ctx context.Context, w *pitwall.World, of pitwall.Instrument, bars int) (map[string]float64, time.Time, error) {
	q := pitwall.BarQuery{Symbol: of.Symbol, Limit: bars, Size: 24 * time.Hour, Adjusted: pitwall.TotalAdjusted}
	list, err := w.Market.Bars(ctx, q)
	if pitwall.CodeOf(err) == pitwall.Unsupported {
		q.Adjusted = pitwall.SplitAdjusted
		if list, err = w.Market.Bars(ctx, q); err == nil {
			h.notes = append(h.notes, "dividends are not in the returns of "+of.Symbol)
		}
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	out, newest := map[string]float64{}, time.Time{}
	for _, b := range list {
		if b.Close <= 0 {
			return nil, newest, pitwall.Errorf(pitwall.NoCoverage, "%s closed at %v: returns mean nothing at 0 or below", of.Symbol, b.Close).Hintf("leave it out")
		}
		newest = b.Start
		out[dayOf(of, b)] = b.Close.Float()
	}
	return out, newest, nil
}

// align keeps the days on which every symbol has a close.
func (h *priceHistory) align(closes map[string]map[string]float64, bars int) error {
	for day := range closes[h.symbols[0]] {
		if !slices.ContainsFunc(h.symbols, func(s string) bool { return closes[s][day] == 0 }) {
			h.days = append(h.days, day)
		}
	}
	slices.Sort(h.days)
	if len(h.days) < leastReturns+1 {
		return pitwall.Errorf(pitwall.NoCoverage, "the symbols have %d daily bars on the same days", len(h.days)).Hintf("%d are needed; use more bars, or symbols of one exchange", leastReturns+1)
	}
	if len(h.days) < bars+1 {
		h.notes = append(h.notes, fmt.Sprintf("%d of %d days have a bar of every symbol", len(h.days), bars+1))
	}
	var table [][]float64
	for _, s := range h.symbols {
		var list []float64
		for _, day := range h.days {
			list = append(list, closes[s][day])
		}
		table = append(table, list)
	}
	h.returns = optimize.Returns(table)
	return nil
}

// cut is a share in percent, cut to four decimals.
func cut(share float64) float64 { return math.Trunc(share*1e6+math.Copysign(1e-3, share)) / 1e4 }
