package history

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // reads Parquet

	"pitwall"
)

// table is a file as text: a header and rows of the same width.
type table struct {
	name   string
	header []string
	col    map[string]int
	rows   [][]string
	lines  []int // line of each row; empty for Parquet
	floats bool  // numbers were binary floats in the file
}

// parse reads CSV or Parquet by the file's first bytes.
func parse(ctx context.Context, name string, raw []byte) (*table, error) {
	t := &table{name: name, col: map[string]int{}}
	var err error
	if bytes.HasPrefix(raw, []byte("PAR1")) {
		err = t.parquet(ctx, raw)
	} else {
		err = t.csv(raw)
	}
	if err != nil {
		return nil, err
	}
	for i, h := range t.header {
		h = strings.TrimSpace(h)
		if h == "" {
			return nil, pitwall.Errorf(pitwall.DataError, "%s: column %d of the header has no name", name, i+1).Hintf("the header is %q", strings.Join(t.header, ","))
		}
		if _, twice := t.col[h]; twice {
			return nil, pitwall.Errorf(pitwall.DataError, "%s: the header names %q twice", name, h)
		}
		t.col[h] = i
	}
	return t, nil
}

func (t *table) csv(raw []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return pitwall.Errorf(pitwall.DataError, "%s is empty", t.name)
	}
	for err == nil {
		if t.header == nil {
			t.header = header
		} else {
			line, _ := r.FieldPos(0)
			t.rows, t.lines = append(t.rows, header), append(t.lines, line)
		}
		header, err = r.Read()
	}
	if !errors.Is(err, io.EOF) {
		return pitwall.Errorf(pitwall.DataError, "%s: %v", t.name, err).Hintf("every line has the %d fields of the header, separated by commas", len(t.header))
	}
	return nil
}

// parquet reads every column as text through an engine of its own, which sees
// one temporary file and is gone afterwards.
func (t *table) parquet(ctx context.Context, raw []byte) error {
	tmp, err := os.CreateTemp("", "pitwall-*.parquet")
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.name, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("reading %s: %w", t.name, err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.name, err)
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?)", tmp.Name())
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s", t.name, strings.ReplaceAll(err.Error(), tmp.Name(), path.Base(t.name)))
	}
	defer rows.Close()
	if t.header, err = rows.Columns(); err != nil {
		return err
	}
	t.floats = true
	for rows.Next() {
		cells := make([]sql.NullString, len(t.header))
		ptrs := make([]any, len(cells))
		for i := range cells {
			ptrs[i] = &cells[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return fmt.Errorf("reading %s: %w", t.name, err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.String
		}
		t.rows = append(t.rows, row)
	}
	return rows.Err()
}

// has reports whether a table has all of some columns.
func (t *table) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, ok := t.col[n]; return !ok })
}

// kind tells what a file is by its header.
func (t *table) kind() string {
	prices := 0
	for h := range t.col {
		switch strings.ToLower(h) {
		case "open", "high", "low", "close":
			prices++
		}
	}
	switch {
	case prices >= 2:
		return "bars"
	case t.has("symbol", "ex_date", "type", "value"):
		return "actions"
	case t.has("symbol", "kind"):
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
	at := t.name
	if row < len(t.lines) {
		at += ":" + strconv.Itoa(t.lines[row])
	} else {
		at += ": row " + strconv.Itoa(row+1)
	}
	return pitwall.Errorf(pitwall.DataError, "%s: %s: %v", at, what, err)
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
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07"} {
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
	zone := t.Location()
	if t.Format(layout) != text { // a spring night
		_, offset := t.Zone()
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
