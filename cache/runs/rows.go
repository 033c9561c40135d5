package runs

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// This file reads lines and rows. What to do about one that cannot be read is the
// caller's: a fault function returns nil to go on without it, or the error.

// fault is a part of a file that cannot be read.
type fault struct {
	file string
	line int
	torn bool // the last line is not whole: a crash, or a run that is being written
	err  error
}

func (f *fault) Error() string { return fmt.Sprintf("%s line %d: %v", f.file, f.line, f.err) }

func (f *fault) Unwrap() error { return f.err }

// eachLine calls f for each line of a file of JSON lines, and many, if any, with their
// number before.
func eachLine(fsys fs.FS, name string, many func(n int), f func(line []byte) error, report func(*fault) error) error {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	if many != nil && len(raw) > 0 {
		many(bytes.Count(raw, []byte("\n")))
	}
	for n := 1; len(raw) > 0; n++ {
		line, rest, whole := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if err := f(line); err != nil && (!whole || len(bytes.TrimSpace(line)) > 0) {
			if err := report(&fault{name, n, !whole, err}); err != nil {
				return err
			}
		}
	}
	return nil
}

// linesOf reads a file of JSON lines.
func linesOf[T any](fsys fs.FS, name string, report func(*fault) error) (list []T, err error) {
	err = eachLine(fsys, name, nil, func(line []byte) error {
		var x T
		err := json.Unmarshal(line, &x)
		if err == nil {
			list = append(list, x)
		}
		return err
	}, report)
	return list, err
}

// entriesOf reads journal.jsonl.
func entriesOf(fsys fs.FS, report func(*fault) error) (list []pitwall.Entry, err error) {
	var s stamps
	err = eachLine(fsys, JournalFile, func(n int) { list = make([]pitwall.Entry, 0, n) }, func(line []byte) error {
		x, ok := parseMark(line, &s)
		if !ok {
			x = pitwall.Entry{}
			if err := json.Unmarshal(line, &x); err != nil {
				return err
			}
		}
		list = append(list, x)
		return nil
	}, report)
	return list, err
}

// eachRow calls f for each row of a CSV file but its header.
func eachRow(fsys fs.FS, name string, f func(row []string) error, report func(*fault) error) error {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	if end := bytes.LastIndexByte(raw, '\n') + 1; end < len(raw) {
		torn := &fault{name, bytes.Count(raw, []byte("\n")) + 1, true, errors.New("the last line is not whole")}
		if err := report(torn); err != nil {
			return err
		}
		raw = raw[:end]
	}
	c := csv.NewReader(bytes.NewReader(raw))
	columns := Columns(name)
	for n := 0; ; n++ {
		row, err := c.Read()
		line := n + 1
		switch p, bad := errors.AsType[*csv.ParseError](err); {
		case errors.Is(err, io.EOF):
			return nil
		case bad:
			line = p.StartLine
		case n == 0 && !slices.Equal(row, columns) && !slices.Equal(row, columns[:olderColumns(name)]):
			err = fmt.Errorf("the columns are %s", strings.Join(row, ","))
		case n > 0: // 0 is the header
			line, _ = c.FieldPos(0)
			err = f(row)
		}
		if err != nil {
			if err := report(&fault{name, line, false, err}); err != nil {
				return err
			}
		}
	}
}

// rowsOf reads a CSV file.
func rowsOf[T any](fsys fs.FS, name string, parse func(row []string) (T, error), report func(*fault) error) (list []T, err error) {
	err = eachRow(fsys, name, func(row []string) error {
		x, err := parse(row)
		if err == nil {
			list = append(list, x)
		}
		return err
	}, report)
	return list, err
}

// EquityRow is a row of equity.csv: the account at the end of a step.
type EquityRow struct {
	Time            time.Time
	Equity, Cash    pitwall.Dec
	Benchmark, Hold pitwall.Dec // what the comparisons were worth then; 0: none
}

func parseEquity(row []string) (p EquityRow, err error) {
	if p.Time, err = time.Parse(time.RFC3339, row[0]); err != nil {
		return p, err
	}
	for k, to := range []*pitwall.Dec{&p.Equity, &p.Cash, &p.Benchmark, &p.Hold} {
		if text := row[1+k]; text != "" || k < 2 {
			if *to, err = pitwall.ParseDec(text); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// parseBar reads a row of prices.csv.
func parseBar(row []string) (b pitwall.Bar, err error) {
	b.Symbol, b.Volume = strings.Clone(row[0]), pitwall.NoVolume // row's text is of the whole line
	for k, to := range []*pitwall.Dec{&b.Open, &b.High, &b.Low, &b.Close} {
		if *to, err = pitwall.ParseDec(row[2+k]); err != nil {
			return b, err
		}
	}
	if row[6] != "" {
		if b.Volume, err = strconv.ParseFloat(row[6], 64); err != nil {
			return b, err
		}
	}
	start, end := cmp.Or(row[7], row[1]), row[8]
	if b.Start, err = time.Parse(time.RFC3339, start); err != nil {
		return b, err
	}
	if b.End, err = time.Parse(time.RFC3339, end); err != nil {
		return b, err
	}
	b.Known, err = time.Parse(time.RFC3339, cmp.Or(row[9], end))
	return b, err
}
