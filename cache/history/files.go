package history

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// Imported is what an import put into the store.
type Imported struct {
	Kind   RowKind
	Symbol string
	Rows   int
	File   string
	Note   string // the mapping that was used, if it was given or remembered
}

// Import is the source `files`: it checks a CSV or Parquet file of a known format
// as Load does and copies it into the store, one file per symbol or series.
// Nothing of it is stored when any row is wrong. Days that another import holds
// already are refused, unless they are the same days. symbols are those that a file
// without a column of symbols may be of. A mapping that in has is remembered for files
// of the same header.
func (l *Local) Import(ctx context.Context, in Input, symbols ...string) ([]Imported, error) {
	if err := l.usable(); err != nil {
		return nil, err
	}
	given := in.Mapping // remembered without what a sidecar says of this file alone
	in, err := l.recall(ctx, in)
	if err != nil {
		return nil, err
	}
	note := in.Mapping.String()
	switch {
	case !given.empty():
		note += "; remembered for files of this header in " + l.mappingsFile()
	case note != "":
		note += ", as remembered in " + l.mappingsFile()
	}
	p, err := parseFile(ctx, in.inSession())
	if err != nil {
		return nil, err
	}
	t := p.table
	if t.layout.Bars {
		if err := newLoader(symbols...).symbols(t); err != nil {
			return nil, err
		}
	}
	kind := t.rowKind()
	if kind == "" {
		return nil, pitwall.Errorf(pitwall.DataError, "%s: the header %q is none that the store keeps", in.Show, strings.Join(t.header, ",")).
			Hintf("it keeps bars (%s), actions (%s), news (%s) and macro (%s); name other files by their path under data", strings.Join(KindBars.header(), ","), "symbol,ex_date,type,value,...", strings.Join(KindNews.header(), ","), strings.Join(KindMacro.header(), ","))
	}
	if t.has(layout.MadeUp) {
		return nil, pitwall.Errorf(pitwall.DataError, "%s: its prices are made up, and the store keeps only those of markets", in.Show).Hintf("name the file by its path under data")
	}
	if t.has(layout.FirstSeen) {
		return nil, pitwall.Errorf(pitwall.DataError, "%s: its rows say when they were first seen, and the store has no place for that: they would be known too early", in.Show).Hintf("name the file by its path under data")
	}
	adj, err := adjustment(in)
	if err != nil {
		return nil, err
	}
	groups, order, err := t.bySymbol(kind)
	if err != nil {
		return nil, err
	}
	today := l.today()
	type job struct {
		q Request
		a *Answer
	}
	var jobs []job
	for _, symbol := range order { // everything is checked before anything is written
		q, err := t.request(kind, symbol, groups[symbol])
		if err != nil {
			return nil, err
		}
		if q.To.After(today) {
			return nil, pitwall.Errorf(pitwall.DataError, "%s: %s has a row of %s, which is in the future", in.Show, symbol, q.To.Format(time.DateOnly))
		}
		a := &Answer{Kind: kind, Rows: groups[symbol], Adjusted: adj, Session: t.mapping.Session}
		if err := validRows(q, a); err != nil {
			return nil, fmt.Errorf("%s: nothing was stored: %w", in.Show, err)
		}
		have, err := l.chunks(shelf{"files", kind, q.Size}, symbol)
		if err != nil {
			return nil, err
		}
		if err := l.sameSeries(in, shelf{"files", kind, q.Size}, symbol, sidecar{adj, Mapping{Session: a.Session}}, have); err != nil {
			return nil, err
		}
		for _, c := range have {
			same := c.From.Equal(q.From) && c.To.Equal(q.To)
			if !same && !c.From.After(q.To) && !c.To.Before(q.From) {
				return nil, pitwall.Errorf(pitwall.DataError, "%s: the store holds %s of %s from %s to %s already", in.Show, kind, symbol, c.From.Format(time.DateOnly), c.To.Format(time.DateOnly)).
					Hintf("remove %s first, or import a file of other days", filepath.Dir(c.Path))
			}
		}
		jobs = append(jobs, job{q, a})
	}
	var done []Imported
	for _, j := range jobs {
		if err := l.keep(ctx, "files", j.q, j.a, today); err != nil {
			return done, err
		}
		path, rows, err := l.merge(ctx, shelf{"files", kind, j.q.Size}, j.q.Symbol)
		if err != nil {
			return done, err
		}
		done = append(done, Imported{kind, j.q.Symbol, rows, path, note})
	}
	if !given.empty() {
		in.Mapping = given
		return done, l.remember(ctx, in)
	}
	return done, nil
}

// inSession reads times without an offset in the zone of the session that the file or the
// caller states, unless a timezone is stated too: the store keeps instants.
func (in Input) inSession() Input {
	with, err := mapped(in)
	if err != nil || with.Mapping.Session == "" || with.Mapping.Timezone != "" {
		return in // the reader says what is wrong
	}
	in.Mapping.Timezone = with.Mapping.trades(pitwall.Instrument{}).Zone.String()
	return in
}

// sameSeries refuses bars that were adjusted or trade otherwise than those of the symbol
// that the store holds: a series has one adjustment and one session.
func (l *Local) sameSeries(in Input, s shelf, symbol string, is sidecar, have []chunkFile) error {
	if s.kind != KindBars || len(have) == 0 {
		return nil
	}
	side, err := readSidecar(Disk(l.file(s, symbol)))
	if err != nil {
		return err
	}
	if side.Session != is.Session {
		return pitwall.Errorf(pitwall.DataError, "%s: the session of %s is %q, and that of its bars in the store is %q", in.Show, symbol, is.Session, side.Session).
			Hintf("import it with session %q, or remove %s first", side.Session, filepath.Dir(have[0].Path))
	}
	held, adj := cmp.Or(side.Adjusted, pitwall.Raw), cmp.Or(is.Adjusted, pitwall.Raw) // unstated is taken as raw
	if held == adj {
		return nil
	}
	return pitwall.Errorf(pitwall.DataError, "%s: prices of %s are %s, and those that the store holds are %s", in.Show, symbol, adj, held).
		Hintf("a series has one adjustment: import prices that are %s, or remove %s first", held, filepath.Dir(have[0].Path))
}

// bySymbol takes rows apart by symbol, in the columns of the kind. News stays
// together.
func (t *table) bySymbol(kind RowKind) (map[string][][]string, []string, error) {
	header := kind.header()
	groups := map[string][][]string{}
	var order []string
	for i, row := range t.rows {
		cells := make([]string, len(header))
		for k, h := range header {
			if at, ok := t.col[h]; ok {
				cells[k] = row[at]
			}
			switch h {
			case "open", "high", "low", "close":
				d, err := t.dec(cells[k])
				if err != nil {
					return nil, nil, t.bad(i, h, err)
				}
				cells[k] = d.String()
			case "timestamp":
				when, err := t.barTime(cells[k], newYork())
				if err != nil {
					return nil, nil, t.bad(i, h, err)
				}
				if t.layout.Zone != nil && !when.date {
					cells[k] = when.t.Format(time.RFC3339Nano)
				}
			}
		}
		symbol := cells[0]
		if kind == KindNews { // articles name many symbols: they stay together, under the file's name
			symbol = strings.TrimSuffix(path.Base(t.name), path.Ext(t.name))
		}
		if symbol == "" {
			return nil, nil, t.bad(i, header[0], fmt.Errorf("is empty"))
		}
		if _, ok := groups[symbol]; !ok {
			order = append(order, symbol)
		}
		if have := groups[symbol]; kind == KindBars && len(have) > 0 && slices.Equal(have[len(have)-1], cells) {
			continue // a bar that is there twice, alike in every figure
		}
		groups[symbol] = append(groups[symbol], cells)
	}
	return groups, order, nil
}

// request is the span of a symbol's rows, and the size of its bars.
func (t *table) request(kind RowKind, symbol string, rows [][]string) (Request, error) {
	q, zone := Request{Kind: kind, Symbol: symbol}, zoneOf(symbol)
	g := raw{zone: zone}
	if kind == KindBars {
		if err := t.asStarts(rows, symbol); err != nil {
			return q, pitwall.Errorf(pitwall.DataError, "%s: %s: %v", t.name, symbol, err)
		}
	}
	for i, r := range rows {
		m, err := newMergeRow(kind, r, zone, time.Time{})
		if err != nil {
			return q, t.bad(i, symbol, err)
		}
		if q.From.IsZero() || m.day.Before(q.From) {
			q.From = m.day
		}
		if m.day.After(q.To) {
			q.To = m.day
		}
		g.starts, g.dates = append(g.starts, m.when.t.Unix()), m.when.date
	}
	if kind == KindBars {
		var err error
		if q.Size, err = g.size(0); err != nil {
			return q, pitwall.Errorf(pitwall.DataError, "%s: %s: %v", t.name, symbol, err)
		}
	}
	return q, nil
}
