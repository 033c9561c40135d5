package layout

import (
	"fmt"
	"strconv"
	"strings"

	"pitwall"
)

// marks says how a file writes numbers.
type marks struct {
	decimal byte
	made    *texts
}

// isPlain reports whether a cell is a number as ParseDec reads it, and empty is not.
func isPlain(c string) bool {
	dots, digits := 0, 0
	for i := 0; i < len(c); i++ {
		switch b := c[i]; {
		case b >= '0' && b <= '9':
			digits++
		case b == '.':
			dots++
		case (b == 'e' || b == 'E') && digits > 0:
			_, err := strconv.Atoi(c[i+1:])
			return err == nil && dots <= 1
		case (b == '-' || b == '+') && i == 0:
		default:
			return false
		}
	}
	return digits > 0 && dots <= 1
}

// simple reports whether a cell is digits with at most one mark, and where that is (-1 is
// nowhere): most cells are, and are read without the rest.
func simple(c string) (mark int, ok bool) {
	mark = -1
	for i := 0; i < len(c); i++ {
		switch b := c[i]; {
		case b >= '0' && b <= '9':
		case (b == '.' || b == ',') && mark < 0 && i > 0:
			mark = i
		default:
			return 0, false
		}
	}
	return mark, c != ""
}

// isNull reports whether a cell says that there is no value.
func isNull(c string) bool {
	if c != "" && c[0] >= '0' && c[0] <= '9' {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(c)) {
	case "", "null", "nan", "na", "n/a", "#n/a", "none", "nil", "-", "--", "<na>", "nat", ".":
		return true
	}
	return false
}

// money takes currency signs off a number.
var money = strings.NewReplacer("$", "", "€", "", "£", "", "¥", "", "₹", "", "−", "-")

// blanks are marks that part thousands whatever the decimal mark is.
var blanks = strings.NewReplacer(" ", "\x01", "\u00a0", "\x01", "\u202f", "\x01", "\u2009", "\x01", "'", "\x01", "’", "\x01", "_", "\x01")

// bare returns a number without currency signs, its blank marks as one byte.
func bare(cell string) string {
	return blanks.Replace(strings.TrimSpace(money.Replace(cell)))
}

// suffixes are the powers of ten of a volume such as 1.01M.
var suffixes = map[byte]int{'K': 3, 'k': 3, 'M': 6, 'm': 6, 'B': 9, 'b': 9, 'T': 12, 't': 12}

// evidence is what the numbers of a file say of its marks.
type evidence struct {
	comma, dot           string // cells in which it can only be the decimal mark
	eitherComma, anyDot  string // cells in which it may be either
	commaGroup, dotGroup string // cells in which it can only part thousands
}

// weighAll adds the cells of a column. Of several cells the last one is kept.
func (e *evidence) weighAll(rows [][]string, column int) {
	found := make([]evidence, len(rows)/least+1)
	_ = parts(len(rows), func(lo, hi int) error { // never an error
		var x evidence
		for _, row := range rows[lo:hi] {
			x.weigh(row[column])
		}
		found[lo/least] = x
		return nil
	})
	for _, x := range found {
		e.add(x)
	}
}

// add adds what other cells say.
func (e *evidence) add(x evidence) {
	for _, c := range [][2]*string{{&e.comma, &x.comma}, {&e.dot, &x.dot}, {&e.eitherComma, &x.eitherComma}, {&e.anyDot, &x.anyDot}, {&e.commaGroup, &x.commaGroup}, {&e.dotGroup, &x.dotGroup}} {
		if *c[1] != "" {
			*c[0] = *c[1]
		}
	}
}

// weigh adds one cell.
func (e *evidence) weigh(cell string) {
	if mark, ok := simple(cell); ok && mark < 0 {
		return
	} else if ok && (len(cell)-mark != 4 || mark > 3 || cell[0] == '0') { // what mayGroup says no to
		if cell[mark] == ',' {
			e.comma = cell
		} else {
			e.dot = cell
		}
		return
	}
	c := strings.ReplaceAll(strings.TrimLeft(bare(cell), "+-"), "\x01", "")
	if n := len(c); n > 0 && suffixes[c[n-1]] > 0 {
		c = c[:n-1]
	}
	if i := strings.IndexAny(c, "eE"); i > 0 {
		c = c[:i]
	}
	commas, dots := strings.Count(c, ","), strings.Count(c, ".")
	switch {
	case commas > 0 && dots > 0 && strings.LastIndex(c, ",") > strings.LastIndex(c, "."):
		e.comma, e.dotGroup = cell, cell
	case commas > 0 && dots > 0:
		e.dot, e.commaGroup = cell, cell
	case commas > 1:
		e.commaGroup = cell
	case dots > 1:
		e.dotGroup = cell
	case commas == 1 && !mayGroup(c, ','):
		e.comma = cell
	case commas == 1:
		e.eitherComma = cell
	case dots == 1 && !mayGroup(c, '.'):
		e.dot = cell
	case dots == 1:
		e.anyDot = cell
	}
}

// mayGroup reports whether the only mark of a number may part thousands: 1,234 but not
// 1,23 or 0,123 or 1234,567.
func mayGroup(c string, mark byte) bool {
	whole, rest, _ := strings.Cut(c, string(mark))
	return len(rest) == 3 && len(whole) >= 1 && len(whole) <= 3 && whole[0] != '0'
}

// decide returns the decimal mark, or an error when the file does not show it. european
// says that other parts of the file are written as where the comma is the mark.
func (e *evidence) decide(european bool) (byte, error) {
	comma, dot := e.comma != "" || e.dotGroup != "", e.dot != "" || e.commaGroup != ""
	switch {
	case comma && dot:
		return 0, fmt.Errorf("numbers are written in two ways: %q and %q", first(e.comma, e.dotGroup), first(e.dot, e.commaGroup))
	case comma:
		return ',', nil
	case dot:
		return '.', nil
	case e.eitherComma != "":
		return 0, fmt.Errorf("%q may be %s or %s, and no other number of the file shows which", e.eitherComma, strings.Replace(e.eitherComma, ",", ".", 1), strings.Replace(e.eitherComma, ",", "", 1))
	case e.anyDot != "" && european:
		return 0, fmt.Errorf("%q may be %s or %s, since dates and separators are those of countries where the point parts thousands", e.anyDot, e.anyDot, strings.Replace(e.anyDot, ".", "", 1))
	}
	return '.', nil
}

// number writes a number as ParseDec reads it. A cell that is none stays as it is, for
// the reader of bars to name; one that would be read as another number is an error.
func (m marks) number(cell string, volume bool) (string, error) {
	text, err := m.rewrite(cell, volume)
	if err != nil && !isPlain(cell) {
		return cell, nil
	}
	return text, err
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// rewrite writes a number with a decimal point and nothing else, so that ParseDec reads
// it. A thousands mark must part groups of three (the first two of two in India).
func (m marks) rewrite(cell string, volume bool) (string, error) {
	switch mark, ok := simple(cell); {
	case !ok:
	case mark < 0 || cell[mark] == m.decimal && m.decimal == '.':
		return cell, nil
	case cell[mark] == m.decimal:
		return m.made.keep(append(append(append(m.made.cell[:0], cell[:mark]...), '.'), cell[mark+1:]...)), nil
	}
	c, power := bare(cell), 0
	if n := len(c); volume && n > 1 && suffixes[c[n-1]] > 0 {
		c, power = c[:n-1], suffixes[c[n-1]]
	}
	group := "."
	if m.decimal == '.' {
		group = ","
	}
	whole, rest, has := strings.Cut(c, string(m.decimal))
	whole = strings.ReplaceAll(whole, "\x01", group)
	if strings.Contains(whole, group) {
		parts := strings.Split(strings.TrimLeft(whole, "+-"), group)
		for i, p := range parts {
			last := i == len(parts)-1
			if i == 0 && (p == "" || len(p) > 3) || last && len(p) != 3 || i > 0 && !last && len(p) != 3 && len(p) != 2 {
				return "", fmt.Errorf("%q is not a number with the decimal mark %q", cell, m.decimal)
			}
		}
		whole = strings.ReplaceAll(whole, group, "")
	}
	if c = whole; has {
		c += "." + rest
	}
	if !isPlain(c) {
		return "", fmt.Errorf("%q is not a decimal number", cell)
	}
	if power > 0 {
		d, err := pitwall.ParseDec(c)
		if err != nil {
			return "", err
		}
		// The product of a decimal and a power of ten is exact as text.
		return d.String() + "e" + strconv.Itoa(power), nil
	}
	return c, nil
}

// roughly reads a number in either notation as a float.
func roughly(cell string) (float64, bool) {
	c := strings.ReplaceAll(bare(cell), "\x01", "")
	if strings.Count(c, ",") == 1 && !strings.Contains(c, ".") {
		c = strings.Replace(c, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(c, ",", ""), 64)
	return f, err == nil && f == f
}
