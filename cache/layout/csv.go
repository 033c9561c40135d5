package layout

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"pitwall"
)

// preamble is how many lines a file may have before its header.
const preamble = 40

// separators are those that are looked for, the preferred first.
var separators = []rune{',', ';', '\t', '|'}

// head is where the rows of a text file begin.
type head struct {
	comma  rune
	header []string // nil without one
	found  bool     // it names the columns that are looked for
	offset int      // of the header's line, or of the first row's
	line   int      // of it, from 1
}

// findHead looks for the line that names the columns, and for the separator that takes
// it apart. Without one the first line is the header, as in files of other kinds.
func findHead(text []byte, hints Hints) head {
	best := head{comma: ',', line: 1}
	offset, before, seen := 0, 0, 0
	for n := 1; seen < preamble && offset < len(text); n++ {
		line, rest, _ := bytes.Cut(text[offset:], []byte("\n"))
		if len(line) > 0 {
			seen++
		}
		for _, comma := range separators {
			cells := split(line, comma)
			if hints.heads(cells) {
				if n > 1 && !hints.trades && isSymbols(split(text[before:offset], comma), len(cells)) { // see melt
					return head{comma, cells, true, before, n - 1}
				}
				return head{comma, cells, true, offset, n}
			}
			if n == 1 && len(cells) > 1 && (best.header == nil || len(cells) > 4 && isRow(cells)) { // a comma may be the decimal mark
				best.comma, best.header = comma, cells
			}
		}
		before, offset = offset, len(text)-len(rest)
	}
	return best
}

// split takes one line apart.
func split(line []byte, comma rune) []string {
	r := reader(line, comma)
	r.LazyQuotes = true
	cells, err := r.Read()
	if err != nil {
		return nil
	}
	return cells
}

func reader(text []byte, comma rune) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = comma, -1
	return r
}

// csv reads delimited text.
func (t *Table) csv(text []byte, hints Hints) error {
	if bytes.IndexByte(text, '\n') < 0 { // lines of an old Mac
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	h := findHead(text, hints)
	if !h.found && !hints.trades {
		if tabs := byBlanks(text, hints); tabs != nil {
			text, h = tabs, findHead(tabs, hints)
		}
	}
	t.Layout.Separator = h.comma
	trim := h.comma != '\t' && h.found
	if bytes.IndexByte(text[h.offset:], '"') < 0 {
		t.split(string(text[h.offset:]), byte(h.comma), trim, h.line, hints.Part)
	} else if err := t.quoted(text[h.offset:], h.comma, trim, h.line); err != nil {
		return err
	}
	if len(t.Rows) == 0 {
		return pitwall.Errorf(pitwall.DataError, "%s is empty", t.Name)
	}
	for n, line := range bytes.Split(text[:h.offset], []byte("\n")) {
		if !hints.trades && isRow(split(line, h.comma)) {
			return pitwall.Errorf(pitwall.DataError, "%s:%d: a row of prices stands before the header, which is line %d", t.Name, n+1, h.line).Hintf("the header must come first")
		}
	}
	t.skip("line before the header", h.line-1)
	if !hints.trades && t.melt() {
		return nil
	}
	if !hints.trades && !h.found {
		if err := t.withoutHeader(); err != nil {
			return err
		}
	}
	if t.Header == nil {
		t.Header, t.Rows, t.Lines = t.Rows[0], t.Rows[1:], t.Lines[1:]
	}
	return t.width(hints.trades)
}

// quoted reads the rows of a text with quotes, from a line on.
func (t *Table) quoted(text []byte, comma rune, trim bool, line int) error {
	r := reader(text, comma)
	r.TrimLeadingSpace = trim
	lines := bytes.Count(text, []byte("\n")) + 1
	t.Rows, t.Lines = make([][]string, 0, lines), make([]int, 0, lines)
	rec, err := r.Read()
	for ; err == nil; rec, err = r.Read() {
		n, _ := r.FieldPos(0)
		t.Rows, t.Lines = append(t.Rows, rec), append(t.Lines, n+line-1)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		wrong.StartLine, wrong.Line = wrong.StartLine+line-1, wrong.Line+line-1
	}
	return t.wrong(err)
}

func (t *Table) wrong(err error) error {
	return pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err).Hintf("every line has the %d fields of the header, separated by %s", len(t.Header), separatorName(t.Layout.Separator))
}

func separatorName(r rune) string {
	return map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs", '|': "bars"}[r]
}

// width gives every row the header's number of fields. Blank lines and headers that
// repeat are left out, and lines of text after the last row; of a broker's export any
// line without a figure.
func (t *Table) width(trades bool) error {
	n := 0
	for i, row := range t.Rows {
		for len(row) > len(t.Header) && strings.TrimSpace(row[len(row)-1]) == "" {
			row = row[:len(row)-1]
		}
		switch {
		case len(row) == len(t.Header):
			if row[0] == t.Header[0] && slices.Equal(row, t.Header) {
				t.skip(repeatedHeader, 1)
				continue
			}
		default:
			what, ok := noRow(row, len(t.Header), n > 0 && (trades || i >= len(t.Rows)-3))
			if !ok && trades && !slices.ContainsFunc(row, looksNumeric) {
				what, ok = lineAfter, true
			}
			if ok {
				if what != "" {
					t.skip(what, 1)
				}
				continue
			}
			return t.wrong(&csv.ParseError{StartLine: t.Lines[i], Line: t.Lines[i], Column: 1, Err: csv.ErrFieldCount})
		}
		t.Rows[n], t.Lines[n] = row, t.Lines[i]
		n++
	}
	t.Rows, t.Lines = t.Rows[:n], t.Lines[:n]
	return nil
}

// isAction reports whether a cell is what Yahoo's pages have between the prices, such as
// "0.24 Dividend" or "4:1 Stock Splits".
func isAction(c string) bool {
	return slices.ContainsFunc([]string{" Dividend", " Stock Splits", " Stock Split", " Capital Gains"}, func(end string) bool { return strings.HasSuffix(strings.TrimSpace(c), end) })
}

// isRemark tells words from a row that was cut off.
func isRemark(text string) bool {
	letters, digits := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	return letters > 10 && strings.ContainsRune(strings.TrimSpace(text), ' ') || letters > 3 && digits == 0
}

// skip counts lines that are no rows.
func (t *Table) skip(what string, n int) {
	if n > 0 {
		t.Layout.Skipped = addSkip(t.Layout.Skipped, what, n)
	}
}

// withoutHeader names the columns of a file whose first line is a row with a time and
// prices, in an arrangement of [headerless].
func (t *Table) withoutHeader() error {
	first := t.Rows[0]
	for len(first) > 1 && strings.TrimSpace(first[len(first)-1]) == "" {
		first = first[:len(first)-1]
	}
	if !isRow(first) {
		return nil
	}
	var found *order
	for _, o := range headerless {
		switch {
		case len(o.columns) != len(first) || !o.fits(t.Rows):
		case found == nil:
			found = &o
		case !found.sameBars(&o, t.Rows):
			return pitwall.Errorf(pitwall.DataError, "%s has no header, and its columns may be %s or %s", t.Name, strings.Join(found.columns, ","), strings.Join(o.columns, ",")).Hintf("write a first line that names the columns")
		}
	}
	if found == nil {
		return pitwall.Errorf(pitwall.DataError, "%s has no header, and its %d columns are in no known order", t.Name, len(first)).Hintf("write a first line that names the columns, such as %s", strings.Join(bars, ","))
	}
	t.Header, t.Layout.Headerless = found.names(), found.name
	return nil
}

// names returns the columns' names, with numbers for those that are not used.
func (o *order) names() []string {
	header := slices.Clone(o.columns)
	for i, c := range header {
		if c == "" {
			header[i] = fmt.Sprintf("column %d", i+1)
		}
	}
	return header
}

// isRow reports whether cells may be a bar.
func isRow(cells []string) bool { return numbersIn(cells) >= 4 }

// looksNumeric reports whether a cell is a number, a date or a time.
func looksNumeric(c string) bool {
	digits := 0
	for _, r := range strings.TrimSpace(c) {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" .,:/-+eETZ$'", r):
			return false
		}
	}
	return digits > 0
}

// prices returns a row's four prices in this order, in plain floats: they choose an
// order and are never traded on.
func (o *order) prices(row []string) (p [4]float64, ok bool) {
	if len(row) < len(o.columns) { // cut off
		return p, false
	}
	for k, meaning := range [...]string{Open, High, Low, Close} {
		if p[k], ok = roughly(row[slices.Index(o.columns, meaning)]); !ok {
			return p, false
		}
	}
	return p, true
}

// fits reports whether every row with prices reads as a bar, and the first cell as its
// time or symbol.
func (o *order) fits(rows [][]string) bool {
	n := 0
	for _, row := range rows {
		p, ok := o.prices(row)
		if !ok {
			continue
		}
		n++
		if p[1] < max(p[0], p[3]) || p[2] > min(p[0], p[3]) || p[1] < p[2] {
			return false
		}
		if i := slices.Index(o.columns, Timestamp); !looksNumeric(row[i]) || len(row[i]) < 5 {
			return false
		}
		if i := slices.Index(o.columns, clock); i >= 0 && !isClock(row[i]) {
			return false
		}
		if i := slices.Index(o.columns, average); i >= 0 {
			if f, ok := roughly(row[i]); !ok || f != 0 && (f > p[1] || f < p[2]) {
				return false
			}
		}
		if i := slices.Index(o.columns, Symbol); i >= 0 && looksNumeric(row[i]) && len(row[i]) > 6 {
			return false
		}
	}
	return n > 0
}

// samePrices reports whether two orders have the same columns of prices.
func (o *order) samePrices(other *order) bool {
	return !slices.ContainsFunc([]string{Open, High, Low, Close}, func(p string) bool { return slices.Index(o.columns, p) != slices.Index(other.columns, p) })
}

// sameBars reports whether two orders read the same prices everywhere.
func (o *order) sameBars(other *order, rows [][]string) bool {
	return !slices.ContainsFunc(rows, func(row []string) bool {
		a, ok := o.prices(row)
		b, also := other.prices(row)
		return ok != also || ok && a != b
	})
}
