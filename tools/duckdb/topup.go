package duckdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// held is what a worker holds of one table.
type held struct {
	spec  pitwall.TableSpec
	known map[string]time.Time // Known of each symbol's newest row
	print map[string]uint64    // of each symbol's newest rows, of all where dividends restate them
}

// errRestated says that rows which the worker holds have changed.
var errRestated = errors.New("held rows were restated")

// topUp sends what became known since the last query: rows and the clock. Of computed
// tables only those that a query's text names are computed.
func (t *Tables) topUp(ctx context.Context, text string) error {
	if err := t.open(ctx); err != nil {
		return err
	}
	l := load{Now: t.now().UnixMicro()}
	after := map[string]held{}
	for _, spec := range t.Defined() {
		name := spec.Name
		was, ok := t.held[name]
		if ok && !reflect.DeepEqual(was.spec, spec) { // defined anew
			was, ok = held{}, false
		}
		blocks, now, err := t.fresh(ctx, spec, was)
		if errors.Is(err, errRestated) {
			ok = false
			blocks, now, err = t.fresh(ctx, spec, held{})
		}
		if err != nil {
			return err
		}
		if !ok {
			l.Anew = append(l.Anew, name)
		}
		l.Blocks = append(l.Blocks, blocks...)
		after[name] = now
	}
	var err error
	if l.Sheets, err = t.changed(ctx, time.UnixMicro(l.Now), strings.ToLower(text)); err != nil {
		return err
	}
	if len(l.Anew)+len(l.Sheets) == 0 && len(l.Blocks) == 0 && t.clock.UnixMicro() == l.Now {
		return nil
	}
	for first := true; first || len(l.Blocks) > 0; first = false {
		part, rows := load{Now: l.Now, Anew: l.Anew, Sheets: l.Sheets}, 0
		for len(l.Blocks) > 0 && (rows == 0 || rows+len(l.Blocks[0].Start) <= batch) {
			rows += len(l.Blocks[0].Start)
			part.Blocks, l.Blocks = append(part.Blocks, l.Blocks[0]), l.Blocks[1:]
		}
		if _, err := t.call(ctx, nil, request{Load: &part}, loading); err != nil {
			return err
		}
		for _, s := range l.Sheets {
			t.sheets[s.Table] = s
		}
		l.Anew, l.Sheets = nil, nil
	}
	t.held, t.clock = after, time.UnixMicro(l.Now)
	return nil
}

// changed returns the computed tables whose rows are not those that the worker holds. One
// that a query does not name is sent once, without rows, so that the worker knows of it.
func (t *Tables) changed(ctx context.Context, now time.Time, text string) (list []sheet, err error) {
	for _, c := range t.computed {
		var rows [][]any
		if strings.Contains(text, c.Name) {
			if rows, err = c.Rows(ctx, now); err != nil {
				return nil, fmt.Errorf("computing table %s: %w", c.Name, err)
			}
		} else if _, held := t.sheets[c.Name]; held {
			continue
		}
		s := sheet{Table: c.Name, Columns: c.Columns, Cells: []cell{}}
		for _, row := range rows {
			for _, v := range row {
				switch v := v.(type) {
				case string:
					s.Cells = append(s.Cells, cell{Kind: isText, Text: strings.ToValidUTF8(v, "\uFFFD")})
				case float64:
					s.Cells = append(s.Cells, cell{Kind: isFloat, Float: v})
				case time.Time:
					s.Cells = append(s.Cells, cell{Kind: isInstant, Int: v.UnixMicro()})
				default:
					s.Cells = append(s.Cells, cell{Kind: isNull})
				}
			}
		}
		if was, held := t.sheets[c.Name]; !held || !slices.Equal(was.Cells, s.Cells) {
			list = append(list, s)
		}
	}
	return list, nil
}

// fresh returns the rows that a table lacks, in the order in which they became
// known, those of one instant by symbol: so what is known later always comes
// behind, and the rows lie the same however often they were asked for.
func (t *Tables) fresh(ctx context.Context, s pitwall.TableSpec, was held) ([]block, held, error) {
	now := held{s, map[string]time.Time{}, map[string]uint64{}}
	all := block{Table: s.Name, Symbols: slices.Compact(slices.Sorted(slices.Values(s.Symbols)))}
	var known []int64
	for i, symbol := range all.Symbols {
		newest := was.known[symbol]
		q := pitwall.BarQuery{Symbol: symbol, Size: s.Size, Adjusted: s.Adjusted}
		if s.Adjusted != pitwall.TotalAdjusted && !newest.IsZero() {
			q.After = newest.Add(-1) // a split changes the newest held row with all others
		}
		bars, err := t.market.Bars(ctx, q)
		if err != nil {
			return nil, now, err
		}
		n := sort.Search(len(bars), func(i int) bool { return bars[i].Known.After(newest) })
		if n > 0 && fingerprint(bars[:n]) != was.print[symbol] {
			return nil, now, errRestated
		}
		now.known[symbol], now.print[symbol] = newest, was.print[symbol]
		if len(bars) > n {
			now.known[symbol] = bars[len(bars)-1].Known
			from := 0
			if s.Adjusted != pitwall.TotalAdjusted {
				from = sort.Search(len(bars), func(i int) bool { return !bars[i].Known.Before(now.known[symbol]) })
			}
			now.print[symbol] = fingerprint(bars[from:])
		}
		bars = bars[n:]
		for _, b := range bars {
			all.add(i, b)
			known = append(known, b.Known.UnixNano())
		}
	}
	order := make([]int, len(known))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if known[a] != known[b] {
			return cmp.Compare(known[a], known[b])
		}
		return a - b
	})
	var blocks []block
	for part := range slices.Chunk(order, batch) {
		blocks = append(blocks, all.pick(part))
	}
	return blocks, now, nil
}

// fingerprint differs when an action restated the bars.
func fingerprint(bars []pitwall.Bar) uint64 {
	h := uint64(len(bars))
	for i := range bars {
		h = h*1_000_003 + uint64(bars[i].Close)
	}
	return h
}

// add appends one bar.
func (b *block) add(symbol int, x pitwall.Bar) {
	y, m, d := x.Start.Date()
	b.Symbol, b.Start, b.Day = append(b.Symbol, symbol), append(b.Start, x.Start.UnixMicro()), append(b.Day, time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400)
	b.Open, b.High, b.Low, b.Close, b.Volume = append(b.Open, x.Open.Float()), append(b.High, x.High.Float()), append(b.Low, x.Low.Float()), append(b.Close, x.Close.Float()), append(b.Volume, x.Volume)
}

// pick returns the rows of these numbers.
func (b *block) pick(rows []int) block {
	p := block{Table: b.Table, Symbols: b.Symbols}
	for _, i := range rows {
		p.Symbol, p.Start, p.Day = append(p.Symbol, b.Symbol[i]), append(p.Start, b.Start[i]), append(p.Day, b.Day[i])
		p.Open, p.High, p.Low, p.Close, p.Volume = append(p.Open, b.Open[i]), append(p.High, b.High[i]), append(p.Low, b.Low[i]), append(p.Close, b.Close[i]), append(p.Volume, b.Volume[i])
	}
	return p
}
