package history

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// raw is one symbol's rows of one file before the bar size is known.
type raw struct {
	series    *pitwall.Series
	starts    []int64 // seconds since 1970
	zone      *time.Location
	dates     bool
	naive     bool    // times without an offset
	rows      []int   // in the file; nil when it is read by columns
	firstSeen []int64 // of each bar, 0 = not stated; nil without the column
	beside    beside  // what other columns say of corporate actions

	power   int    // prices are multiplied by 10^power; see scale.go
	first   string // first close, as it is written
	sundays string // which week a weekly bar dated on a Sunday is of, where that is stated
	rounded int    // 1 + the first bar with a price that was rounded; 0 = none

	lastRounded int           // 1 + the last one, while bars are read by columns
	cells       []layout.Cell // beside its bars, whose places are the rows here; likewise
}

// readBars turns a table into series.
func (l *loader) readBars(t *table, in Input, adj pitwall.Adjustment) error {
	if err := l.symbols(t); err != nil {
		return err
	}
	at, err := t.need("symbol", "timestamp", "open", "high", "low", "close", "volume")
	if err != nil {
		return err
	}
	groups := map[string]*raw{}
	var order []string
	var g *raw
	more := slices.ContainsFunc(layout.Beside, func(c string) bool { return t.has(c) })
	for i, row := range t.rows {
		symbol := row[at[0]]
		if symbol == "" {
			return t.bad(i, "symbol", fmt.Errorf("is empty"))
		}
		if i == 0 || symbol != t.rows[i-1][at[0]] {
			g = groups[symbol]
		}
		if g == nil {
			symbol = strings.Clone(symbol) // a part of the file's text, which ends here
			g = &raw{}
			groups[symbol] = g
			order = append(order, symbol)
			if l.want(symbol) {
				g.series = &pitwall.Series{Instrument: t.mapping.trades(l.instrument(symbol)), Adjusted: adj, File: t.name}
				g.zone = g.series.Instrument.Location()
				g.grow(t.counts[symbol])
				g.rows = make([]int, 0, t.counts[symbol])
				g.beside = beside{file: t.name, derive: in.Dividends == AdjClose, fetched: in.Actions}
			}
		}
		if g.series == nil {
			continue
		}
		if err := l.readBar(t, g, i, at); err != nil {
			return err
		}
		if !more {
			continue
		}
		if err := t.beside(g, i); err != nil {
			return err
		}
		if err := t.firstSeen(g, i); err != nil {
			return err
		}
	}
	for _, symbol := range order {
		g := groups[symbol]
		l.held[symbol] = true
		if g.series == nil {
			continue
		}
		if t.layout.Bars { // a file; what a source answers is refused
			l.once(t, g)
		}
		if err := l.place(t, g); err != nil {
			return err
		}
		if l.opts.Size == 0 || g.series.Size == l.opts.Size {
			l.found, l.beside[g.series] = append(l.found, g.series), &g.beside
			l.warnScale(g)
		}
	}
	return nil
}

// start returns when bar i begins.
func (g *raw) start(i int) time.Time { return time.Unix(g.starts[i], 0).In(g.zone) }

// grow makes room for as many bars.
func (g *raw) grow(n int) {
	s := g.series
	g.starts = make([]int64, 0, n)
	s.Open, s.High, s.Low, s.Close = make([]pitwall.Dec, 0, n), make([]pitwall.Dec, 0, n), make([]pitwall.Dec, 0, n), make([]pitwall.Dec, 0, n)
	s.Volume, s.End = make([]float64, 0, n), make([]int64, 0, n)
}

// readBar reads one row's figures; times are placed later.
func (l *loader) readBar(t *table, g *raw, i int, at []int) error {
	row, s := t.rows[i], g.series
	text := row[at[1]]
	if t.layout.Midnights && s.Instrument.Calendar != pitwall.AlwaysOpen && len(text) > len(time.DateOnly) {
		text = text[:len(time.DateOnly)] // whatever the day of the exchange is then
	}
	when, err := t.barTime(text, s.Instrument.Location())
	if err != nil {
		return t.bad(i, "timestamp", err)
	}
	if len(g.starts) == 0 {
		g.dates = when.date
	} else if g.dates != when.date {
		return t.bad(i, "timestamp", fmt.Errorf("%s mixes dates and times for %s", t.name, s.Instrument.Symbol))
	}
	if when.t.Nanosecond() != 0 {
		return t.bad(i, "timestamp", fmt.Errorf("%q has a fraction of a second: is it a bar's end? give the bar's start in whole seconds", row[at[1]]))
	}
	if len(g.starts) == 0 {
		if err := l.scale(g, row[at[5]]); err != nil {
			return t.bad(i, "scale", err)
		}
	}
	var price [4]pitwall.Dec
	for k, name := range [...]string{"open", "high", "low", "close"} {
		if price[k], err = t.price(g, row[at[2+k]]); err != nil {
			return t.bad(i, name, err)
		}
	}
	volume := pitwall.NoVolume
	if text := row[at[6]]; text != "" {
		if volume, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(volume) || math.IsInf(volume, 0) || volume < 0 {
			return t.bad(i, "volume", fmt.Errorf("%q is not a number >= 0", text))
		}
		volume /= math.Pow10(g.power)
	}
	if volume == 0 && s.Instrument.Kind == pitwall.FX { // currencies have no tape: vendors write 0
		volume = pitwall.NoVolume
	}
	g.naive = g.naive || when.naive
	g.starts, g.rows = append(g.starts, when.t.Unix()), append(g.rows, i)
	s.Open, s.High, s.Low, s.Close = append(s.Open, price[0]), append(s.High, price[1]), append(s.Low, price[2]), append(s.Close, price[3])
	s.Volume = append(s.Volume, volume)
	return nil
}

// once takes bars that a file has twice, alike in every figure, once.
func (l *loader) once(t *table, g *raw) {
	s, n := g.series, 0
	var kept []int // the rows, once one is left out
	for i := range g.starts {
		if i > 0 && g.starts[i] == g.starts[n-1] && s.Open[i] == s.Open[n-1] && s.High[i] == s.High[n-1] && s.Low[i] == s.Low[n-1] && s.Close[i] == s.Close[n-1] && s.Volume[i] == s.Volume[n-1] {
			if kept == nil {
				kept = make([]int, n, len(g.starts))
				for k := range kept {
					kept[k] = k
				}
			}
			continue
		}
		if kept != nil {
			kept = append(kept, i)
		}
		g.starts[n], s.Open[n], s.High[n], s.Low[n], s.Close[n], s.Volume[n] = g.starts[i], s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i]
		n++
	}
	twice := len(g.starts) - n
	if twice == 0 {
		return
	}
	l.warn("%s: %s has %d rows twice, alike in every figure: each is taken once", t.name, s.Instrument.Symbol, twice)
	g.starts, s.Open, s.High, s.Low, s.Close, s.Volume = g.starts[:n], s.Open[:n], s.High[:n], s.Low[:n], s.Close[:n], s.Volume[:n]
	if g.rounded > 0 { // the bar that has the row, or the one like it before
		g.rounded = placeIn(kept, g.rounded-1) + 1
	}
	var actions []besideAction
	for _, a := range g.beside.actions {
		if a.bar = placeIn(kept, a.bar); !slices.Contains(actions, a) {
			actions = append(actions, a)
		}
	}
	g.beside.actions = actions
	g.rows, g.firstSeen, g.beside.adj = keep(g.rows, kept), keep(g.firstSeen, kept), keep(g.beside.adj, kept)
}

// placeIn returns the place of a row among those that were kept, or of the last one
// before it.
func placeIn(kept []int, row int) int {
	i, found := slices.BinarySearch(kept, row)
	if !found {
		i--
	}
	return i
}

// keep returns the values of some rows, as far as there are any.
func keep[T any](values []T, rows []int) []T {
	n := 0
	for _, i := range rows {
		if i < len(values) {
			values[n] = values[i]
			n++
		}
	}
	return values[:n]
}

// want reports whether a symbol is to be loaded.
func (l *loader) want(symbol string) bool { return len(l.wanted) == 0 || l.wanted[symbol] }

// seen lists every symbol in the files, wanted or not, at most 40.
func (l *loader) seen() []string {
	names := slices.Sorted(maps.Keys(l.held))
	if len(names) > 40 {
		names = append(names[:40], fmt.Sprintf("and %d more", len(l.held)-40))
	}
	return names
}
