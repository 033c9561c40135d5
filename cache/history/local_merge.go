package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// merge writes the file that Load reads out of a symbol's chunks. Where chunks
// overlap, the newest download counts.
func (l *Local) merge(ctx context.Context, s shelf, symbol string) (string, int, error) {
	have, err := l.chunks(s, symbol)
	if err != nil {
		return "", 0, err
	}
	zone := zoneOf(symbol)
	sort.SliceStable(have, func(i, j int) bool { return have[i].Fetched.Before(have[j].Fetched) })
	var rows []mergeRow
	var newest time.Time
	for i, c := range have {
		info, err := os.Stat(c.Path)
		if err != nil {
			return "", 0, fmt.Errorf("reading the store: %w", err)
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		if c.Empty {
			continue
		}
		p, err := parseFile(ctx, Disk(c.Path))
		if err != nil {
			return "", 0, err
		}
		for _, r := range p.table.rows {
			m, err := newMergeRow(s.kind, r, zone, c.Fetched)
			if err != nil {
				return "", 0, fmt.Errorf("%s: %w", c.Path, err)
			}
			if !slices.ContainsFunc(have[i+1:], func(n chunkFile) bool { return !m.day.Before(n.From) && !m.day.After(n.To) }) {
				rows = append(rows, m)
			}
		}
	}
	if len(rows) == 0 {
		return "", 0, nil
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].key < rows[j].key })
	if err := l.seams(s, symbol, rows); err != nil {
		return "", 0, err
	}
	all := make([][]string, len(rows))
	for i := range rows {
		all[i] = rows[i].row
	}
	path := l.file(s, symbol)
	old, err := parseFile(ctx, Disk(path))
	if err == nil && slices.EqualFunc(old.table.rows, all, slices.Equal) {
		return path, len(all), os.Chtimes(path, newest, newest) // unchanged: keep the file, and with it its digest
	}
	if err := writeParquet(ctx, path, s.kind.header(), all); err != nil {
		return "", 0, err
	}
	return path, len(all), os.Chtimes(path, newest, newest)
}

// fresh reports whether the merged file is as new as the newest chunk. It may
// not be when a fetch was killed between the two.
func (l *Local) fresh(s shelf, symbol string) (bool, error) {
	info, err := os.Stat(l.file(s, symbol))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the store: %w", err)
	}
	have, err := l.chunks(s, symbol)
	for _, c := range have {
		if i, err := os.Stat(c.Path); err == nil && i.ModTime().After(info.ModTime()) {
			return false, nil
		}
	}
	return true, err
}

// mergeRow is a row with what orders it.
type mergeRow struct {
	row          []string
	when         stamp
	key          string // by time, then by what tells rows of one time apart
	day, fetched time.Time
}

func newMergeRow(kind RowKind, r []string, zone *time.Location, fetched time.Time) (mergeRow, error) {
	at := r[1]
	if kind == KindNews {
		at = r[0]
	}
	when, err := parseStamp(at, zone)
	if err != nil {
		return mergeRow{}, err
	}
	key := at
	if !when.date {
		key = when.t.UTC().Format(time.RFC3339)
	}
	switch kind {
	case KindActions:
		key += "|" + r[2]
	case KindNews:
		key += "|" + r[1]
	case KindMacro:
		key += "|" + r[3]
	case KindStatements, KindFilings:
		key += "|" + strings.Join(r[2:], "|")
	}
	return mergeRow{r, when, key, calendarDay(when.t), fetched}, nil
}

// seams refuses to join downloads of split-adjusted prices between which a split
// lies: the older ones are in old terms.
func (l *Local) seams(s shelf, symbol string, rows []mergeRow) error {
	if s.kind != KindBars {
		return nil
	}
	adj, err := l.adjusted(s, symbol)
	if err != nil || adj != pitwall.SplitAdjusted {
		return err
	}
	for i := 1; i < len(rows); i++ {
		if rows[i].fetched.Equal(rows[i-1].fetched) {
			continue
		}
		before, after := rows[i-1].row, rows[i].row
		a, errA := pitwall.ParseDec(before[5])
		b, errB := pitwall.ParseDec(after[2])
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		if name := splitLike(a.Float()/b.Float(), 0.08); name != "" {
			return pitwall.Errorf(pitwall.DataError, "%s: %s was downloaded at different times, and prices leap %s between %s and %s: there was a split in between", s.source, symbol, name, before[1], after[1]).
				Hintf("pitwall data fetch %s %s --from %s --to %s --size %s --refresh", s.source, symbol, rows[0].day.Format(time.DateOnly), rows[len(rows)-1].day.Format(time.DateOnly), pitwall.SizeName(s.size))
		}
	}
	return nil
}

// sidecar says beside a file of bars what was done to its prices, and when they trade if
// an import stated it.
func (l *Local) sidecar(s shelf, symbol string, a *Answer) error {
	var text []byte
	if a.Adjusted != "" {
		text = fmt.Appendf(text, "adjusted: %s\n", a.Adjusted)
	}
	if a.Session != "" {
		text = fmt.Appendf(text, "session: %s\n", a.Session)
	}
	if s.kind != KindBars || text == nil {
		return nil
	}
	path := l.file(s, symbol) + ".yaml"
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return writeWhole(path, text)
}

// adjusted reads the sidecar.
func (l *Local) adjusted(s shelf, symbol string) (pitwall.Adjustment, error) {
	return adjustment(Disk(l.file(s, symbol)))
}

// validRows checks an answer as Load will, and that it answers what was asked.
func validRows(q Request, a *Answer) error {
	bad := func(format string, args ...any) error {
		return pitwall.Errorf(pitwall.DataError, q.String()+": "+format, args...).Hintf("the source answered what cannot be; fetch another range or from another source")
	}
	zone, header := zoneOf(q.Symbol), a.Kind.header()
	seen := map[string]bool{}
	kept := a.Rows[:0:0]
	for _, r := range a.Rows {
		if len(r) != len(header) {
			return bad("a row has %d fields, %d are needed", len(r), len(header))
		}
		m, err := newMergeRow(a.Kind, r, zone, q.To)
		switch {
		case err != nil:
			return bad("%v", err)
		case a.Kind != KindNews && r[0] != q.Symbol:
			return bad("a row is about %q", r[0])
		case !q.holds(m.day):
			return bad("a row of %s is outside the range", m.day.Format(time.DateOnly))
		}
		whole := strings.Join(r, "\x00")
		if a.Kind != KindBars && seen[whole] {
			a.drop("rows that came twice", 1)
			continue
		}
		seen[whole] = true
		kept = append(kept, r)
	}
	a.Rows = kept
	if len(kept) == 0 {
		return nil
	}
	t := &table{name: q.String(), header: header, rows: kept, col: map[string]int{}, mapping: Mapping{Session: a.Session}}
	for i, h := range header {
		t.col[h] = i
	}
	return t.valid(q.Size)
}

// valid checks a table of a known kind as its readers will.
func (t *table) valid(size time.Duration) error {
	l := newLoader()
	l.opts.Size = size
	switch t.rowKind() {
	case KindBars:
		if err := l.readBars(t, Input{}, ""); err != nil {
			return err
		}
		for _, s := range l.found { // vendors write 0 for a price that is missing
			if kind := s.Instrument.Kind; s.Close[s.Len()-1] == 0 && kind != pitwall.Future && kind != pitwall.Index {
				return pitwall.Errorf(pitwall.DataError, "%s: the last close is 0", s.Instrument.Symbol).Hintf("if it did fall to 0, write that bar into a file of your own")
			}
		}
		return nil
	case KindActions:
		return l.readActions(t, "", "")
	case KindMacro, KindRevised:
		for i, r := range t.rows {
			if _, err := pitwall.ParseDec(r[t.col["value"]]); err != nil {
				return t.bad(i, "value", err)
			}
			for _, c := range []string{"date", "first_seen", "as_of"} {
				if at, ok := t.col[c]; ok {
					if _, err := time.Parse(time.DateOnly, r[at]); err != nil {
						return t.bad(i, c, err)
					}
				}
			}
		}
	case KindStatements:
		return l.readFundamentals(t)
	case KindFilings:
		return l.readRecords("filings", t)
	case KindNews:
		for i, r := range t.rows {
			if _, err := time.Parse(time.RFC3339, r[t.col["published_at"]]); err != nil {
				return t.bad(i, "published_at", err)
			}
		}
	}
	return nil
}

// rowKind tells which of the store's kinds a table is; empty when none.
func (t *table) rowKind() RowKind {
	for _, k := range []RowKind{KindBars, KindActions, KindNews, KindMacro, KindRevised, KindStatements, KindFilings} {
		need := k.header()
		if k == KindActions {
			need = need[:4]
		}
		if t.has(need...) {
			return k
		}
	}
	return ""
}
