package layout

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// Hints are what the caller knows of a file; each goes before what the file shows.
type Hints struct {
	Columns map[string]string // name of a column of bars -> its name in the file
	Dates   string            // order of a date in figures: dmy, mdy or ymd
	Decimal string            // decimal mark: "." or ","
	Zone    *time.Location    // of times without an offset
	Part    int               // bytes of each part of a text that is read side by side; 0 = one for each processor

	trades bool // fills are read, not bars
}

// Table is a file as text. Bars have the columns symbol (unless the file has none),
// timestamp, open, high, low, close and volume, and those that the reader of bars may
// use; times and numbers are written as it takes them. Other files are as they were.
type Table struct {
	Name   string
	Header []string
	Rows   [][]string
	Lines  []int // line of each row; empty for Parquet, Feather and JSON
	Floats bool  // numbers were binary floats in the file
	Layout Layout
}

// Layout is what was understood of a file.
type Layout struct {
	Bars        bool   // the columns are those of bars
	NoBars      string // why they are not, where prices were found
	Own         bool   // the file is written as Pitwall writes bars: nothing was guessed
	Container   string // csv, json, parquet or feather
	Compression string // gzip, zip, zstd or nothing
	Encoding    string // nothing for UTF-8
	Separator   rune   // of csv
	Headerless  string // the known order of columns of a file without a header
	Skipped     []Skip
	Columns     []Column
	Ignored     []string
	Times       string         // the form of times, such as epoch or dmy
	Naive       bool           // some have no offset
	Midnights   bool           // all are written as midnights, some with an offset from UTC: dates, where days have sessions
	Zone        *time.Location // of those, where the file says so
	Decimal     string         // decimal mark
	Notes       []string       // guesses that can change money
}

// Column is one column that is read.
type Column struct {
	Meaning string `json:"read_as"`
	Name    string `json:"name"`
	First   string `json:"first"`
}

// Skip counts lines that are no bars.
type Skip struct {
	What  string
	Count int
}

// String writes a count with what was counted: 2 lines before the header.
func (s Skip) String() string {
	if s.Count == 1 {
		return "1 " + s.What
	}
	word, rest, more := strings.Cut(s.What, " ")
	if word += "s"; more {
		word += " " + rest
	}
	return Grouped(s.Count) + " " + word
}

// Grouped writes a count with commas between thousands.
func Grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func addSkip(list []Skip, what string, n int) []Skip {
	if i := slices.IndexFunc(list, func(s Skip) bool { return s.What == what }); i >= 0 {
		list[i].Count += n
		return list
	}
	return append(list, Skip{what, n})
}

// Read reads a file of any container and works out its layout.
func Read(ctx context.Context, name string, raw []byte, hints Hints) (*Table, error) {
	t, err := read(ctx, name, raw, hints)
	if err != nil {
		return nil, err
	}
	return t, t.understand(hints)
}

// Header returns the names of a file's columns as they stand in it.
func Header(ctx context.Context, name string, raw []byte, hints Hints) ([]string, error) {
	t, err := read(ctx, name, raw, hints)
	if err != nil {
		return nil, err
	}
	for i, h := range t.Header {
		t.Header[i] = strings.TrimSpace(h)
	}
	return t.Header, nil
}

// read reads the rows of a file of any container.
func read(ctx context.Context, name string, raw []byte, hints Hints) (*Table, error) {
	t := &Table{Name: name}
	var err error
	if raw, t.Layout.Compression, err = unpack(name, raw); err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(raw, []byte("PAR1")):
		t.Layout.Container = "parquet"
		err = t.parquet(ctx, raw)
	case bytes.HasPrefix(raw, []byte("ARROW1")):
		t.Layout.Container = "feather"
		err = t.feather(raw)
	default:
		if raw, t.Layout.Encoding, err = decode(name, raw); err != nil {
			return nil, err
		}
		if isJSON(raw) {
			t.Layout.Container = "json"
			err = t.json(raw, hints)
		} else {
			t.Layout.Container = "csv"
			err = t.csv(raw, hints)
		}
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// isJSON reports whether a text is JSON and not rows.
func isJSON(text []byte) bool {
	start := bytes.TrimSpace(text)
	return len(start) > 1 && (start[0] == '[' || start[0] == '{')
}

func (t *Table) bad(row int, what string, err error) error {
	return Bad(t.Name, t.Lines, row, what, err)
}

// Bad is an error about one cell, with the file and its line, or its row in files
// without lines.
func Bad(file string, lines []int, row int, what string, err error) error {
	if row < len(lines) {
		file += ":" + strconv.Itoa(lines[row])
	} else {
		file += ": row " + strconv.Itoa(row+1)
	}
	return pitwall.Errorf(pitwall.DataError, "%s: %s: %v", file, what, err)
}

// Check returns an error for a hint that no file can meet.
func (h Hints) Check() error {
	for meaning := range h.Columns {
		if _, ok := names[meaning]; !ok || meaning == clock {
			return fmt.Errorf("columns names %q; the columns of bars are %s, %s", meaning, Symbol, strings.Join(slices.Concat(bars, Beside), ", "))
		}
	}
	if h.Dates != "" && !slices.ContainsFunc(figures, func(f form) bool { return f.name == h.Dates }) {
		return fmt.Errorf("dates is %q; use dmy, mdy or ymd", h.Dates)
	}
	if h.Decimal != "" && h.Decimal != "." && h.Decimal != "," {
		return fmt.Errorf("decimal is %q; use \".\" or \",\"", h.Decimal)
	}
	return nil
}

// heads reports whether a header names the columns that are looked for.
func (h Hints) heads(header []string) bool {
	if h.trades {
		return isTrades(header)
	}
	at, err := h.columns(header)
	_, _, long := isLong(header)
	return err == nil && (isBars(header, at) || len(sidesOf(header)) > 0 || long)
}

// columns finds the columns of bars in a header, with those that the caller names.
func (h Hints) columns(header []string) (map[string]int, error) {
	at := columnsOf(header)
	for meaning, name := range h.Columns {
		i := slices.IndexFunc(header, func(c string) bool { return strings.TrimSpace(c) == name })
		if i < 0 {
			i = slices.IndexFunc(header, func(c string) bool { return fold(c) == fold(name) })
		}
		if i < 0 {
			return at, fmt.Errorf("columns says %s: %s, and the header has no %s: it is %q", meaning, name, name, strings.Join(header, ","))
		}
		at[meaning] = i
		for other := range at { // a column has one meaning
			if other != meaning && at[other] == i && h.Columns[other] == "" {
				delete(at, other)
			}
		}
	}
	return at, nil
}
