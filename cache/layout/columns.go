package layout

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"pitwall"
)

// Columns are the bars of a file as figures. Only a file in which every row is a bar and
// every cell is plain gives them; of any other, and of one with something wrong in it,
// the texts say what it is.
type Columns struct {
	Name     string
	Layout   Layout           // without what is shown of its columns
	Symbols  []string         // by their first rows; empty when the file has none
	Of       []int32          // place of each row's symbol in Symbols
	Times    []int64          // seconds since 1970 of an instant; else of the figures, as if of UTC
	Dates    bool             // all times are dates
	Instants bool             // all times have an offset
	Prices   [4][]pitwall.Dec // open, high, low, close
	Volume   []float64        // [pitwall.NoVolume] where there is none
	Adj      []float64        // adjusted closes, 0 = none; nil without the column
	Cash     bool             // dividends or capital gains have a column
	Beside   []Cell           // dividends, splits and capital gains that are not 0, by rows
	Rounded  []int            // rows with a price that rounding changed by more than Noise
}

// Cell is a text beside a bar.
type Cell struct {
	Row          int
	Column, Text string
}

// ReadColumns reads a file of bars without making texts of its cells, or returns nil
// where [Read] is needed.
func ReadColumns(ctx context.Context, name string, raw []byte, hints Hints) *Columns {
	raw, packed, err := unpack(name, raw)
	if err != nil {
		return nil
	}
	c := &Columns{Name: name, Layout: Layout{Compression: packed}}
	if bytes.HasPrefix(raw, []byte("PAR1")) {
		if c.Layout.Container = "parquet"; c.parquet(ctx, raw, hints) {
			return c
		}
		return nil
	}
	c.Layout.Container = "csv"
	if raw, c.Layout.Encoding, err = decode(name, raw); err != nil || isJSON(raw) || !c.csv(raw, hints) {
		return nil
	}
	return c
}

// head looks for the columns of bars in a header, where nothing of it needs a look at
// the rows.
func (c *Columns) head(header []string, hints Hints) (at map[string]int, ok bool) {
	at, err := hints.columns(header)
	t := Table{Name: c.Name, Header: header, Layout: c.Layout}
	if err != nil || !isBars(header, at) || t.once(at) != nil || t.lacks(at) != nil || slices.Contains(header, "rtype") {
		return nil, false
	}
	for _, name := range Beside {
		text := name == Dividends || name == StockSplits || name == Gains
		if _, ok := at[name]; ok && name != AdjClose && (!text || c.Layout.Container != "csv") {
			return nil, false
		}
	}
	means := make([]bool, len(header))
	for _, i := range at {
		if means[i] { // two things, as hints may say
			return nil, false
		}
		means[i] = true
	}
	for _, h := range header {
		if _, ok := unfinished[fold(h)]; ok && (c.Layout.Container != "csv" || t.hasOwnNames(at)) {
			return nil, false
		}
	}
	return at, true
}

// understood records what the file was taken for, as [Table.understand] does. own says
// that the cells are written as Pitwall writes them.
func (c *Columns) understood(header []string, at map[string]int, hints Hints, times string, own bool) bool {
	t := Table{Name: c.Name, Header: header, Layout: c.Layout}
	if t.Layout.Bars = true; t.Layout.Zone == nil {
		t.Layout.Zone = hints.Zone
	}
	if t.hasOwnNames(at) && own && hints.Decimal == "" && hints.Dates == "" {
		t.Layout.Own = true
		c.Layout = t.Layout
		return true
	}
	if ticks := t.ticks(); ticks >= 0 && !slices.ContainsFunc(c.Volume, func(v float64) bool { return v > 0 }) {
		return false
	}
	t.Layout.Times, t.Layout.Naive = times, !c.Dates && !c.Instants
	t.zoneOf(at)
	t.describe(at)
	c.Layout = t.Layout
	return true
}

// grow makes room for n rows of the columns of a file.
func (c *Columns) grow(n int, at map[string]int) {
	c.Times, c.Volume = make([]int64, n), make([]float64, n)
	for k := range c.Prices {
		c.Prices[k] = make([]pitwall.Dec, n)
	}
	if _, ok := at[Symbol]; ok {
		c.Of = make([]int32, n)
	}
	if _, ok := at[AdjClose]; ok {
		c.Adj = make([]float64, n)
	}
	if _, ok := at[Volume]; !ok {
		c.noVolume()
	}
}

// noVolume says that no row has a volume.
func (c *Columns) noVolume() {
	for i := range c.Volume {
		c.Volume[i] = pitwall.NoVolume
	}
}

// round notes that a price of a row was rounded.
func (c *Columns) round(row int) {
	if n := len(c.Rounded); n == 0 || c.Rounded[n-1] != row {
		c.Rounded = append(c.Rounded, row)
	}
}

// dictionary numbers the different texts of a column.
type dictionary struct {
	list  []string
	index map[string]int32
	last  int32
}

// number returns the place of a text, which is copied when it is new.
func (w *dictionary) number(s string) int32 {
	if len(w.list) > 0 && w.list[w.last] == s {
		return w.last
	}
	i, ok := w.index[s]
	if !ok {
		if w.index == nil {
			w.index = map[string]int32{}
		}
		i, s = int32(len(w.list)), strings.Clone(s)
		w.list, w.index[s] = append(w.list, s), i
	}
	w.last = i
	return i
}

// take gives places in another list their places in this one.
func (w *dictionary) take(list []string, places []int32) {
	to := make([]int32, len(list))
	same := true
	for i, s := range list {
		to[i] = w.number(s)
		same = same && to[i] == int32(i)
	}
	if same {
		return
	}
	for i, p := range places {
		places[i] = to[p]
	}
}

// isBare reports whether a cell is not empty and has no blank around it.
func isBare(s string) bool {
	edge := func(b byte) bool { return b <= ' ' || b >= 0x80 }
	return s != "" && !edge(s[0]) && !edge(s[len(s)-1])
}
