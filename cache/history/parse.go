package history

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// table is a file as text with its columns by name.
type table struct {
	name    string
	header  []string
	col     map[string]int
	rows    [][]string
	lines   []int // line of each row; empty for Parquet
	floats  bool  // numbers were binary floats in the file
	layout  layout.Layout
	mapping Mapping
	counts  map[string]int // rows of each symbol, for bars
	offset  offsetSpan     // of the times read last
}

// parse reads a file of any layout.
func parse(ctx context.Context, in Input, raw []byte) (*table, error) {
	hints, err := in.Mapping.hints(in.Show)
	if err != nil {
		return nil, err
	}
	f, err := layout.Read(ctx, in.Show, raw, hints)
	if err != nil {
		return nil, err
	}
	t := &table{name: in.Show, header: f.Header, col: map[string]int{}, rows: f.Rows, lines: f.Lines, floats: f.Floats, layout: f.Layout, mapping: in.Mapping}
	for i, h := range t.header {
		h = strings.TrimSpace(h)
		if h == "" && t.layout.Bars {
			continue // the index that pandas writes
		}
		if h == "" {
			return nil, pitwall.Errorf(pitwall.DataError, "%s: column %d of the header has no name", t.name, i+1).Hintf("the header is %q", strings.Join(t.header, ","))
		}
		if _, twice := t.col[h]; twice && !t.layout.Bars {
			return nil, pitwall.Errorf(pitwall.DataError, "%s: the header names %q twice", t.name, h)
		}
		t.col[h] = i
	}
	return t, nil
}

// has reports whether a table has all of some columns.
func (t *table) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, ok := t.col[n]; return !ok })
}

// kind tells what a file is by its header.
func (t *table) kind() string {
	switch {
	case t.layout.Bars:
		return "bars"
	case t.has("symbol", "ex_date", "type", "value"):
		return "actions"
	case t.has("symbol", "from", "to"):
		return "members"
	case t.has("symbol", "kind") && !t.has("known_at"):
		return "instruments"
	}
	for _, k := range recordKinds {
		if t.has(k.has...) {
			return k.kind
		}
	}
	return "unused"
}

// need returns the columns of names, or an error that says which are missing.
func (t *table) need(names ...string) ([]int, error) {
	at := make([]int, len(names))
	var missing []string
	for i, n := range names {
		c, ok := t.col[n]
		if !ok {
			missing = append(missing, n)
		}
		at[i] = c
	}
	if len(missing) > 0 {
		return nil, pitwall.Errorf(pitwall.DataError, "%s: the header lacks %s", t.name, strings.Join(missing, ", ")).
			Hintf("it is %q; needed are %s", strings.Join(t.header, ","), strings.Join(names, ","))
	}
	return at, nil
}

// bad is an error about one cell, with file and line.
func (t *table) bad(row int, what string, err error) error {
	return layout.Bad(t.name, t.lines, row, what, err)
}

// dec reads a number. A ninth decimal is rounded off where that changes next to nothing;
// binary floats lose more.
func (t *table) dec(s string) (pitwall.Dec, error) {
	d, loss, err := rounded(s)
	if err == nil && loss > noise && !(t.floats && loss <= most) {
		_, err = pitwall.ParseDec(s)
	}
	return d, err
}

// stamp is a parsed time: a calendar date, or an instant.
type stamp struct {
	t     time.Time
	date  bool
	naive bool // a time without an offset
}

// barTime reads a time of a bar: without an offset it is of the zone that the file or its
// entry states, else of the exchange's.
func (t *table) barTime(text string, zone *time.Location) (stamp, error) {
	if len(text) == len(time.DateOnly) {
		return parseStamp(text, zone)
	}
	if at, offset, ok := plainTime(text); ok && offset != noOffset {
		return stamp{t: at.Add(-offset).In(zone)}, nil
	}
	of := cmp.Or(t.layout.Zone, zone)
	s, ok := t.offset.read(text, of)
	if !ok {
		var err error
		if s, err = parseStamp(text, of); err != nil {
			return s, err
		}
	}
	s.t, s.naive = s.t.In(zone), s.naive && t.layout.Zone == nil
	return s, nil
}

// offsetSpan is a stretch of time in which a zone has one offset, with three hours to
// spare: the clock times in it exist once, and are read without the zone's rules.
type offsetSpan struct {
	zone              *time.Location
	since, start, end int64 // in seconds
}

func (o *offsetSpan) read(text string, zone *time.Location) (stamp, bool) {
	if len(text) != len(time.DateTime) || text[10] != ' ' {
		return stamp{}, false
	}
	figures, _, ok := plainTime(text)
	if !ok {
		return stamp{}, false
	}
	at, ok := o.instant(figures.Unix(), zone, false)
	return stamp{t: time.Unix(at, 0), naive: true}, ok
}

// instant returns when a zone's clock shows some figures, given as seconds as if they
// were of UTC, and whether it shows them once; a date is known without that.
func (o *offsetSpan) instant(figures int64, zone *time.Location, date bool) (at int64, ok bool) {
	if at = figures - o.since; o.zone == zone && at > o.start && at < o.end {
		return at, true
	}
	u := time.Unix(figures, 0).UTC()
	t := time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), u.Second(), 0, zone)
	if !date && oneInstant(t, u.Format(time.DateTime), time.DateTime) != nil {
		return 0, false
	}
	o.learn(t)
	return t.Unix(), true
}

func (o *offsetSpan) learn(t time.Time) {
	const spare = 3 * 60 * 60
	start, end := t.ZoneBounds()
	_, seconds := t.Zone()
	*o = offsetSpan{t.Location(), int64(seconds), math.MinInt64, math.MaxInt64}
	if !start.IsZero() {
		o.start = start.Unix() + spare
	}
	if !end.IsZero() {
		o.end = end.Unix() - spare
	}
}

// parseStamp reads 2006-01-02, RFC 3339, or a time without a zone, which is the
// exchange's.
func parseStamp(s string, zone *time.Location) (stamp, error) {
	if len(s) == len(time.DateOnly) {
		t, err := time.ParseInLocation(time.DateOnly, s, zone)
		if err != nil {
			return stamp{}, fmt.Errorf("%q is not a date like 2020-01-31", s)
		}
		return stamp{t: t, date: true}, nil
	}
	zoned := []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07"}
	if len(s) == len(time.DateTime) { // no room for an offset
		zoned = nil
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, s); err == nil {
			return stamp{t: t.In(zone)}, nil
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return stamp{t: t, naive: true}, oneInstant(t, s, layout)
		}
	}
	return stamp{}, fmt.Errorf("%q is not a time like 2020-01-31 or 2020-01-31T09:30:00-05:00", s)
}

// oneInstant returns an error for a clock time that is no instant or two, since clocks
// were changed then.
func oneInstant(t time.Time, text, layout string) error {
	_, offset := t.Zone()
	_, before := t.Add(-3 * time.Hour).Zone()
	if _, after := t.Add(3 * time.Hour).Zone(); before == offset && after == offset {
		return nil // the usual case, quickly
	}
	zone := t.Location()
	if t.Format(layout) != text { // a spring night
		return fmt.Errorf("%q does not exist in %s: clocks skipped that hour; write the time with its offset, such as %s", text, zone, t.In(time.FixedZone("", offset)).Format(time.RFC3339))
	}
	for _, around := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		_, is := t.Zone()
		_, was := t.Add(around).Zone()
		if other := t.Add(time.Duration(is-was) * time.Second); is != was && other.Format(layout) == text {
			first, second := t, other
			if other.Before(t) {
				first, second = other, t
			}
			return fmt.Errorf("%q exists twice in %s: clocks were set back; write the time with its offset, %s or %s", text, zone, first.Format(time.RFC3339), second.Format(time.RFC3339))
		}
	}
	return nil
}
