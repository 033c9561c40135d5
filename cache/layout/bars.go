package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// understand gives a file of bars the columns and the text of Pitwall's own, and
// records what it took them for. Other files, and bars that are written so already,
// stay as they are.
func (t *Table) understand(hints Hints) error {
	at, err := hints.columns(t.Header)
	if !isBars(t.Header, at) {
		t.spread()
		t.pivot()
		at, err = hints.columns(t.Header)
	}
	if !isBars(t.Header, at) {
		t.Layout.NoBars = t.noBars(at)
		return nil
	}
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err)
	}
	t.Layout.Bars, t.Layout.Zone = true, hints.Zone
	if t.isOwn(at) && hints.Decimal == "" && hints.Dates == "" {
		t.Layout.Own = true
		t.Layout.Midnights = len(t.Rows) > 0 && !slices.ContainsFunc(t.Rows, func(row []string) bool {
			c := row[at[Timestamp]]
			return len(c) != len(time.RFC3339) || c[11:19] != "00:00:00"
		})
		return nil
	}
	if err := t.once(at); err != nil {
		return err
	}
	if err := t.lacks(at); err != nil {
		return err
	}
	t.finished()
	t.drop(at)
	if err := t.bondQuotes(at); err != nil {
		return err
	}
	m, err := t.marks(at, []string{Open, High, Low, Close, Volume}, hints.Decimal)
	if err != nil {
		return err
	}
	times, err := t.times(at, hints.Dates)
	if err != nil {
		return err
	}
	if i := mixed(times); i >= 0 && t.Layout.Zone == nil {
		return t.bad(i, Timestamp, fmt.Errorf("%q and %q: one has an offset and the other has none; write timezone beside the file's path in the strategy, or in FILE.yaml", t.Rows[0][at[Timestamp]], t.Rows[i][at[Timestamp]]))
	}
	t.tickVolume(at)
	t.describe(at)
	return t.rewrite(at, m, times)
}

// isOwn reports whether a file is written as Pitwall writes bars.
func (t *Table) isOwn(at map[string]int) bool {
	if t.Layout.Headerless != "" || len(t.Rows) == 0 || !t.hasOwnNames(at) {
		return false
	}
	stamp, numbers, volume := at[Timestamp], [...]int{at[Open], at[High], at[Low], at[Close]}, at[Volume]
	return parts(len(t.Rows), func(lo, hi int) error {
		for _, row := range t.Rows[lo:hi] {
			for _, i := range numbers {
				if !isPlain(row[i]) {
					return errOther
				}
			}
			if !isOwn(row[stamp]) || row[volume] != "" && !isPlain(row[volume]) {
				return errOther
			}
		}
		return nil
	}) == nil
}

// hasOwnNames reports whether the columns are named as Pitwall names them.
func (t *Table) hasOwnNames(at map[string]int) bool {
	for _, name := range append([]string{Symbol}, bars...) {
		if i, ok := at[name]; !ok || t.Header[i] != name {
			return false
		}
	}
	for _, name := range Beside {
		if i, ok := at[name]; ok && t.Header[i] != name {
			return false
		}
	}
	return true
}

// errOther ends a look at rows early.
var errOther = errors.New("written in another way")

// lacks names the columns that a file of bars must have and does not.
func (t *Table) lacks(at map[string]int) error {
	var missing []string
	for _, name := range bars[:5] {
		if _, ok := at[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if i := slices.IndexFunc(t.Header, func(h string) bool { return slices.Contains(endNames, fold(h)) }); i >= 0 && missing[0] == Timestamp {
		return pitwall.Errorf(pitwall.DataError, "%s: the header lacks the time at which bars begin; %s is when they end", t.Name, t.Header[i]).Hintf("give a column with the start of each bar, or write columns: {timestamp: %s} and stamps: end beside the file's path in the strategy, or in FILE.yaml", strings.TrimSpace(t.Header[i]))
	}
	if i := slices.IndexFunc(t.Header, func(h string) bool { return strings.TrimSpace(h) == "" }); i > 0 {
		return pitwall.Errorf(pitwall.DataError, "%s: column %d of the header has no name", t.Name, i+1).Hintf("the header is %q", strings.Join(t.Header, ","))
	}
	return pitwall.Errorf(pitwall.DataError, "%s: the header lacks %s", t.Name, strings.Join(missing, ", ")).
		Hintf("it is %q; needed are %s; where names are others, write columns: {%s: NAME} beside the file's path in the strategy, or in FILE.yaml", strings.Join(t.Header, ","), strings.Join(bars, ","), missing[0])
}

// once refuses a name that two columns have of which one is read.
func (t *Table) once(at map[string]int) error {
	for _, name := range slices.Concat([]string{Symbol}, bars) {
		i, ok := at[name]
		if !ok {
			continue
		}
		for k, h := range t.Header {
			if k != i && strings.TrimSpace(h) == strings.TrimSpace(t.Header[i]) {
				return pitwall.Errorf(pitwall.DataError, "%s: the header names %q twice", t.Name, strings.TrimSpace(h))
			}
		}
	}
	return nil
}

// drop leaves out rows without any price.
func (t *Table) drop(at map[string]int) {
	t.dropRows(rowWithoutPrices, func(row []string) bool {
		return isNull(row[at[Open]]) && isNull(row[at[High]]) && isNull(row[at[Low]]) && isNull(row[at[Close]])
	})
}

// dropRows leaves rows out.
func (t *Table) dropRows(what string, out func(row []string) bool) {
	n := 0
	for i, row := range t.Rows {
		if out(row) {
			t.skip(what, 1)
			continue
		}
		t.Rows[n] = row
		if len(t.Lines) > 0 {
			t.Lines[n] = t.Lines[i]
		}
		n++
	}
	t.Rows = t.Rows[:n]
	if len(t.Lines) > 0 {
		t.Lines = t.Lines[:n]
	}
}

// marks finds the decimal mark by all numbers of some columns.
func (t *Table) marks(at map[string]int, columns []string, stated string) (marks, error) {
	switch {
	case stated != "":
		t.Layout.Decimal = stated
		return marks{stated[0], &texts{}}, nil
	case t.Layout.Container != "csv":
		t.Layout.Decimal = "."
		return marks{'.', &texts{}}, nil
	}
	var e evidence
	for _, name := range columns {
		i, ok := at[name]
		if !ok {
			continue
		}
		e.weighAll(t.Rows, i)
	}
	european := t.Layout.Separator == ';' || len(t.Rows) > 0 && isDotted(t.Rows[0][at[Timestamp]])
	mark, err := e.decide(european)
	if err != nil {
		return marks{}, pitwall.Errorf(pitwall.DataError, "%s: %v", t.Name, err).Hintf(`write decimal: "." or decimal: "," beside the file's path in the strategy, or in FILE.yaml`)
	}
	if mark == ',' || e.eitherComma != "" || e.commaGroup != "" {
		t.Layout.Notes = append(t.Layout.Notes, decimalNote(mark))
	}
	t.Layout.Decimal = string(mark)
	return marks{mark, &texts{}}, nil
}

// decimalNote says which decimal mark was found.
func decimalNote(mark byte) string { return fmt.Sprintf("the decimal mark is %q", string(mark)) }

// dateNote says how the first date was read.
func dateNote(cell string, at time.Time) string {
	return fmt.Sprintf("%s is read as %s", strings.TrimSpace(cell), at.Format(time.DateOnly))
}

// isDotted reports whether a date is written 31.12.2024.
func isDotted(cell string) bool {
	return strings.Count(dateOf(cell), ".") == 2 && !yearFirst(cell)
}

// times reads the column of times, joined with that of the time of day.
func (t *Table) times(at map[string]int, stated string) ([]moment, error) {
	column := at[Timestamp]
	ofDay, hasClock := t.clocks(at)
	cells := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		cells[i] = plainDate(row[column])
	}
	list, name, bad, err := readTimes(cells, stated)
	if err != nil {
		return nil, t.bad(bad, Timestamp, err)
	}
	if hasClock && !slices.ContainsFunc(list, func(m moment) bool { return m.clock }) {
		midnights := true
		for i := range t.Rows {
			since, _, _ := readClock(ofDay[i])
			list[i].t, list[i].clock = list[i].t.Add(since), true
			midnights = midnights && since == 0
		}
		for i := range list {
			list[i].clock = !midnights
		}
	} else {
		if err := t.unread(at, list); err != nil {
			return nil, err
		}
		delete(at, clock)
	}
	t.Layout.Midnights = slices.ContainsFunc(list, func(m moment) bool { return m.offset != 0 }) && !slices.ContainsFunc(list, func(m moment) bool { return !m.isMidnight() })
	t.Layout.Times = name
	t.Layout.Naive = slices.ContainsFunc(list, func(m moment) bool { return m.clock && !m.instant })
	if t.zoneOf(at); t.Layout.Zone == nil && t.Layout.Naive && t.isHistData(at, name) {
		t.Layout.histData(at)
	}
	if name == "dmy" || name == "mdy" {
		t.Layout.Notes = append(t.Layout.Notes, dateNote(cells[0], list[0].t))
	}
	return list, nil
}

// zoneOf finds the zone of times without an offset where their column's name says it.
func (t *Table) zoneOf(at map[string]int) {
	if t.Layout.Zone == nil && t.Layout.Naive && slices.Contains(utcNames, fold(t.Header[at[Timestamp]])) {
		t.Layout.Zone = time.UTC
	}
}

// mixed returns the first time that has an offset where the first has none, or the other
// way round, or -1.
func mixed(list []moment) int {
	return slices.IndexFunc(list, func(m moment) bool { return m.clock && list[0].clock && m.instant != list[0].instant })
}

// describe records which columns are read and which are not.
func (t *Table) describe(at map[string]int) {
	used := map[int]bool{}
	for _, meaning := range slices.Concat([]string{Symbol}, bars[:1], []string{clock}, bars[1:], Beside) {
		if i, ok := at[meaning]; ok {
			used[i] = true
			sample := ""
			if len(t.Rows) > 0 {
				sample = t.Rows[0][i]
			}
			t.Layout.Columns = append(t.Layout.Columns, Column{meaning, strings.TrimSpace(t.Header[i]), sample})
		}
	}
	for i, h := range t.Header {
		if h = strings.TrimSpace(h); !used[i] && h != "" {
			t.Layout.Ignored = append(t.Layout.Ignored, h)
		}
	}
}

// rewrite writes the rows in Pitwall's own columns and text.
func (t *Table) rewrite(at map[string]int, m marks, times []moment) error {
	var header []string
	for _, name := range slices.Concat([]string{Symbol}, bars, Beside) {
		if _, ok := at[name]; ok || name == Volume {
			header = append(header, name)
		}
	}
	scale := t.scale(at, times)
	columns := make([]int, len(header)) // in the file; -1: it has none
	for k, name := range header {
		if c, ok := at[name]; ok {
			columns[k] = c
		} else {
			columns[k] = -1
		}
	}
	err := parts(len(t.Rows), func(lo, hi int) error { return t.rewriteRows(lo, hi, header, columns, m, times, scale) })
	t.Header = header
	return err
}

// rewriteRows writes some of the rows: of each column of header, that of the file.
func (t *Table) rewriteRows(lo, hi int, header []string, columns []int, m marks, times []moment, scale string) error {
	m.made = &texts{}
	width := len(header) + 1 // with room for a symbol
	cells := make([]string, (hi-lo)*width)
	for i := lo; i < hi; i++ {
		row, out := t.Rows[i], cells[:len(header):width]
		cells = cells[width:]
		for k, name := range header {
			if columns[k] < 0 {
				continue
			}
			cell := strings.TrimSpace(row[columns[k]])
			switch name {
			case Symbol:
				out[k] = cell
			case Timestamp:
				out[k] = m.made.keep(times[i].appendTo(m.made.cell[:0]))
			case Open, High, Low, Close:
				text, err := m.number(cell, false)
				if err != nil {
					return t.bad(i, name, err)
				}
				out[k] = text + scale
			case Volume:
				if isNull(cell) {
					continue
				}
				text, err := m.number(cell, true)
				if err != nil {
					return t.bad(i, name, err)
				}
				out[k] = text
			default: // what it means is for the reader of bars to say
				if out[k] = cell; isNull(cell) {
					out[k] = ""
				} else if text, err := m.rewrite(cell, false); err == nil {
					out[k] = text
				}
			}
		}
		t.Rows[i] = out
	}
	return nil
}
