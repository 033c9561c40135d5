package main

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// passive buys equal parts at each symbol's first open and holds.
func (r *realRun) passive() []any {
	out := []any{}
	for _, at := range []string{"opens", "closes"} {
		for _, whole := range []bool{false, true} {
			v, left := r.passivePath(at == "opens", whole)
			lots, symbols, dividends := "fractions", "the symbol", "prices as in the data, no dividends added"
			if whole {
				lots = "whole lots of the run's cash"
			}
			if len(r.man.Symbols) > 1 {
				symbols = fmt.Sprintf("equal parts of %d symbols", len(r.man.Symbols))
			}
			if slices.ContainsFunc(r.man.Actions, func(a action) bool { return slices.Contains(r.man.Symbols, a.Symbol) }) {
				dividends = "dividends stay as cash"
			}
			valued := map[string]string{"opens": "opens, to the last one", "closes": "closes"}[at]
			peak, worst := r.start, 0.0
			for _, x := range v {
				peak = math.Max(peak, x)
				worst = math.Min(worst, x/peak-1)
			}
			out = append(out, obj{
				"rule":         fmt.Sprintf("buy %s at the first open, hold; %s; valued at %s; %s; no costs", symbols, lots, valued, dividends),
				"total_return": v[len(v)-1]/r.start - 1, "max_drawdown": worst, "cash_left": left,
			})
		}
	}
	return out
}

// eighth rounds to the eighth place, as money and units are.
func eighth(x float64) float64 { return math.RoundToEven(x*1e8) / 1e8 }

// passivePath is the value at every bar's open, or close.
func (r *realRun) passivePath(opens, whole bool) (path []float64, left float64) {
	began := r.journal[0].AsOf
	var starts []time.Time
	row := map[string]map[int64]barRow{}
	for _, s := range r.man.Symbols {
		row[s] = map[int64]barRow{}
		for _, b := range r.bars[s] {
			if !b.start.Before(began) {
				starts = append(starts, b.start)
				row[s][b.start.Unix()] = b
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	part := math.Floor(r.start/float64(len(r.man.Symbols))*1e8) / 1e8
	cash, qty, price, last := r.start, map[string]float64{}, map[string]float64{}, time.Time{}
	for _, at := range starts {
		for _, a := range r.man.Actions {
			if q := qty[a.Symbol]; q != 0 && a.Ex.After(last) && !a.Ex.After(at) {
				if a.Type == "split" {
					qty[a.Symbol], price[a.Symbol] = eighth(q*a.Value/math.Max(a.Per, 1)), price[a.Symbol]/a.Value*math.Max(a.Per, 1)
				} else {
					cash += eighth(q * a.Value)
				}
			}
		}
		last = at
		for _, s := range r.man.Symbols {
			b, ok := row[s][at.Unix()]
			if _, bought := qty[s]; ok && !bought {
				qty[s] = eighth(part / b.open)
				cash -= part
				if whole {
					qty[s] = math.Floor(part/b.open/r.lot(s)) * r.lot(s)
					cash += part - qty[s]*b.open
					left += part - qty[s]*b.open
				}
			}
			switch {
			case ok && opens:
				price[s] = b.open
			case ok:
				price[s] = b.close
			}
		}
		v := cash
		for _, s := range r.man.Symbols {
			v += eighth(qty[s] * price[s])
		}
		path = append(path, v)
	}
	return path, left / r.start
}

func (r *realRun) lot(symbol string) float64 {
	for _, i := range r.man.Instruments {
		if i.Symbol == symbol {
			return i.Lot
		}
	}
	return 1
}

// checkColumns computes what equity.csv says of the benchmark and of buy-and-hold,
// which it has to a hundredth.
func (r *realRun) checkColumns(t *testing.T) {
	t.Helper()
	benchmark, hold := r.held([]string{r.man.Benchmark}), r.held(r.man.Symbols)
	for k, s := range r.steps {
		if r.man.Benchmark == "" {
			benchmark[k] = 0
		}
		require.InDelta(t, benchmark[k], s.benchmark, 0.006, "%s", s.at)
		require.InDelta(t, hold[k], s.hold, 0.006, "%s", s.at)
	}
}

// held is what equal parts bought at the first step's closes are worth at each;
// of raw prices with splits, and dividends as cash from their ex-date on.
func (r *realRun) held(symbols []string) (path []float64) {
	qty, cash := map[string]float64{}, 0.0
	for k, s := range r.steps {
		value := 0.0
		for _, symbol := range symbols {
			if k == 0 {
				qty[symbol] = r.start / float64(len(symbols)) / r.last(symbol, s.at)
			}
			for _, a := range r.man.Actions {
				switch {
				case k == 0 || a.Symbol != symbol || !a.Ex.After(r.steps[k-1].at) || a.Ex.After(s.at):
				case a.Type == "split":
					qty[symbol] *= a.Value / math.Max(a.Per, 1)
				default:
					cash += qty[symbol] * a.Value
				}
			}
			value += qty[symbol] * r.last(symbol, s.at)
		}
		path = append(path, value+cash)
	}
	return path
}

// checkReplay: the journal as it was added up here gives the equity that the run
// wrote, at every step, and symbols and the rest give its whole gain.
func (r *realRun) checkReplay(t *testing.T) {
	t.Helper()
	b := r.replay()
	require.Len(t, b.value, len(r.steps))
	for i, s := range r.steps {
		require.InEpsilon(t, s.equity, b.value[i], 1e-12, "%s", s.at)
	}
	gain := b.other
	for _, g := range b.of {
		gain += g.cash
	}
	require.InDelta(t, r.steps[len(r.steps)-1].equity-r.start, gain, 1e-5)
}
