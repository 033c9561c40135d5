package history

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"pitwall"
	"pitwall/cache/layout"
)

// A file of bars in which every cell is plain is read by columns, without a text of any
// cell. Whatever is unusual in one, down to a wrong price, is left to the reader of texts
// (readBars), which says what it is: the two read the same bars.

// readFile reads a file for Load: by columns where that can be.
func readFile(ctx context.Context, in Input) (*parsedFile, error) {
	p, err := openFile(in)
	if err != nil {
		return nil, err
	}
	if hints, err := p.in.Mapping.hints(in.Show); err == nil {
		p.columns = layout.ReadColumns(ctx, in.Show, p.raw, hints)
	}
	if p.columns == nil {
		return p, p.parse(ctx)
	}
	p.table = &table{name: in.Show, layout: p.columns.Layout, mapping: p.in.Mapping, col: map[string]int{}}
	if len(p.columns.Symbols) > 0 {
		p.table.col["symbol"] = 0
	}
	return p, nil
}

// readColumns turns columns into series, or reports that rows are needed for it.
func (l *loader) readColumns(p *parsedFile, adj pitwall.Adjustment) bool {
	before, named, beside := l.Store, maps.Clone(l.named), len(l.found)
	if l.seriesOf(p.columns, p.table, p.in, adj) {
		return true
	}
	l.Store, l.named, l.found = before, named, l.found[:beside]
	return false
}

func (l *loader) seriesOf(c *layout.Columns, t *table, in Input, adj pitwall.Adjustment) bool {
	names, ok := l.namesOf(c, t)
	if !ok {
		return false
	}
	groups := splitColumns(c, len(names), func(i int) bool { return l.want(names[i]) })
	for i, symbol := range names {
		g := groups[i]
		if g == nil {
			continue
		}
		g.series.Instrument, g.series.Adjusted, g.series.File = t.mapping.trades(l.instrument(symbol)), adj, t.name
		g.zone = g.series.Instrument.Location()
		g.beside.file, g.beside.derive, g.beside.fetched = t.name, in.Dividends == AdjClose, in.Actions
		if !g.plain(l, c, t) {
			return false
		}
		if !g.actions(t, c) {
			return false
		}
		l.once(t, g)
		if l.place(t, g) != nil {
			return false
		}
	}
	for i, symbol := range names {
		l.held[symbol] = true
		if g := groups[i]; g != nil && (l.opts.Size == 0 || g.series.Size == l.opts.Size) {
			l.found, l.beside[g.series] = append(l.found, g.series), &g.beside
			l.warnScale(g)
		}
	}
	return true
}

// actions reads the actions beside bars, and reports whether it could.
func (g *raw) actions(t *table, c *layout.Columns) bool {
	g.beside.cash = c.Cash
	kind := func(c layout.Cell) int {
		return slices.IndexFunc(besideKinds[:], func(k besideKind) bool { return k.column == c.Column })
	}
	slices.SortFunc(g.cells, func(a, b layout.Cell) int { return cmp.Or(a.Row-b.Row, kind(a)-kind(b)) })
	for _, k := range g.cells {
		if t.note(&g.beside, k.Row, k.Column, k.Text) != nil {
			return false
		}
	}
	g.cells = nil
	return true
}

// namesOf returns the symbols of a file as they are asked for.
func (l *loader) namesOf(c *layout.Columns, t *table) ([]string, bool) {
	if len(c.Symbols) == 0 {
		symbol, err := l.symbolFor(t)
		return []string{symbol}, err == nil
	}
	if c.Layout.Own {
		return c.Symbols, true
	}
	names := make([]string, len(c.Symbols))
	for i, have := range c.Symbols {
		names[i] = l.asWanted(have)
		if slices.Contains(names[:i], names[i]) {
			return nil, false
		}
	}
	return names, true
}

// splitColumns gives every wanted symbol its rows, in the order of time where the newest
// come first.
func splitColumns(c *layout.Columns, symbols int, want func(int) bool) []*raw {
	groups := make([]*raw, symbols)
	if symbols == 1 {
		if want(0) {
			groups[0] = &raw{series: &pitwall.Series{Open: c.Prices[0], High: c.Prices[1], Low: c.Prices[2], Close: c.Prices[3], Volume: c.Volume}, starts: c.Times, beside: beside{adj: c.Adj}, cells: c.Beside}
			for _, row := range c.Rounded {
				groups[0].round(row + 1)
			}
			groups[0].forward()
		}
		return groups
	}
	counts := make([]int, symbols)
	for _, of := range c.Of {
		counts[of]++
	}
	for i, n := range counts {
		if want(i) {
			groups[i] = &raw{series: &pitwall.Series{}}
			groups[i].grow(n)
		}
	}
	rounded := map[int]bool{}
	for _, row := range c.Rounded {
		rounded[row] = true
	}
	cells := c.Beside
	for row, of := range c.Of {
		g := groups[of]
		if g == nil {
			continue
		}
		s := g.series
		g.starts = append(g.starts, c.Times[row])
		s.Open, s.High, s.Low, s.Close = append(s.Open, c.Prices[0][row]), append(s.High, c.Prices[1][row]), append(s.Low, c.Prices[2][row]), append(s.Close, c.Prices[3][row])
		s.Volume = append(s.Volume, c.Volume[row])
		for ; len(cells) > 0 && cells[0].Row <= row; cells = cells[1:] {
			if cells[0].Row == row {
				g.cells = append(g.cells, layout.Cell{Row: len(g.starts) - 1, Column: cells[0].Column, Text: cells[0].Text})
			}
		}
		if c.Adj != nil {
			g.beside.adj = append(g.beside.adj, c.Adj[row])
		}
		if rounded[row] {
			g.round(len(g.starts))
		}
	}
	for _, g := range groups {
		if g != nil {
			g.forward()
		}
	}
	return groups
}

// round notes the first and the last bar, from 1, with a price that was rounded.
func (g *raw) round(bar int) {
	if g.rounded == 0 || bar < g.rounded {
		g.rounded = bar
	}
	g.lastRounded = max(g.lastRounded, bar)
}

// forward puts bars of which the newest comes first into the order of time.
func (g *raw) forward() {
	if s := g.series; len(g.starts) > 0 && g.starts[len(g.starts)-1] < g.starts[0] {
		slices.Reverse(g.starts)
		for _, prices := range [][]pitwall.Dec{s.Open, s.High, s.Low, s.Close} {
			slices.Reverse(prices)
		}
		slices.Reverse(s.Volume)
		slices.Reverse(g.beside.adj)
		for i := range g.cells {
			g.cells[i].Row = len(g.starts) - 1 - g.cells[i].Row
		}
		if g.rounded > 0 {
			g.rounded = len(g.starts) + 1 - g.lastRounded
		}
	}
}

// plain gives bars their instants, and reports whether their prices need no scale.
func (g *raw) plain(l *loader, c *layout.Columns, t *table) bool {
	s, stated := g.series, l.scales[g.series.Instrument.Symbol]
	const least = pitwall.One / 100 // a first close below it asks for a scale
	if len(g.starts) == 0 || stated != 0 || s.Close[0] >= 0 && s.Close[0] <= least {
		return false
	}
	if s.Instrument.Kind == pitwall.FX { // see readBar
		for i, v := range s.Volume {
			if v == 0 {
				s.Volume[i] = pitwall.NoVolume
			}
		}
	}
	g.dates, g.naive = c.Dates, !c.Dates && !c.Instants && c.Layout.Zone == nil
	if c.Instants {
		return true
	}
	zone := g.zone
	if !c.Dates {
		zone = cmp.Or(c.Layout.Zone, zone)
	}
	for i, figures := range g.starts {
		at, ok := t.offset.instant(figures, zone, c.Dates)
		if !ok {
			return false
		}
		g.starts[i] = at
	}
	return true
}
