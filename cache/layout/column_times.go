package layout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// form is a way in which a column may write its times.
type form struct {
	name string // as `dates` of a data entry names it, or as a person would
	read func(string) (moment, bool)
}

// forms are tried in this order: the first that reads every cell of the column is
// taken. A day, a month and a year in figures come last, since two of them may fit.
var forms = []form{
	{"ymd", func(s string) (moment, bool) { return calendarTime(s, "ymd") }},
	{"compact", compactTime},
	{"epoch", epochTime},
	{"Excel days", serialTime},
}

// figures are the orders of a date in figures: of those that read every cell only one
// may be left.
var figures = []form{
	{"dmy", func(s string) (moment, bool) { return calendarTime(s, "dmy") }},
	{"mdy", func(s string) (moment, bool) { return calendarTime(s, "mdy") }},
	{"ymd", func(s string) (moment, bool) { return calendarTime(s, "ymd") }},
}

// all reads every cell, or returns the first that it cannot read.
func (f form) all(cells []string) (out []moment, bad int) {
	if _, ok := f.read(strings.TrimSpace(cells[0])); !ok {
		return nil, 0
	}
	out = make([]moment, len(cells))
	err := parts(len(cells), func(lo, hi int) error {
		var last dated
		for i, c := range cells[lo:hi] {
			c = strings.TrimSpace(c)
			m, ok := last.read(c)
			if !ok {
				if m, ok = f.read(c); !ok {
					return badCell(lo + i)
				}
				last.learn(f, c)
			}
			out[lo+i] = m
		}
		return nil
	})
	if i, ok := err.(badCell); ok { //nolint:errorlint // as it was returned
		return nil, int(i)
	}
	return out, -1
}

// badCell is the place of a cell that cannot be read.
type badCell int

func (b badCell) Error() string { return fmt.Sprintf("cell %d", int(b)) }

// shortestDate is the length of 1/2/24.
const shortestDate = 6

// dated is the date of the cell that was read last: of many bars a day, only the time of
// day is read.
type dated struct {
	text string
	at   time.Time
}

// learn notes the date of a cell that has a time of day after it. The date is copied: a
// cell of Parquet is valid until the next piece.
func (d *dated) learn(f form, cell string) {
	d.text = ""
	if len(cell) < shortestDate {
		return
	}
	if i := strings.IndexAny(cell[shortestDate:], " T"); i >= 0 {
		if m, ok := f.read(cell[:shortestDate+i]); ok && !m.clock {
			d.text, d.at = strings.Clone(cell[:shortestDate+i]), m.t
		}
	}
}

// read reads a cell of the same date.
func (d *dated) read(cell string) (moment, bool) {
	n := len(d.text)
	if n == 0 || len(cell) <= n || cell[:n] != d.text || cell[n] != ' ' && cell[n] != 'T' {
		return moment{}, false
	}
	return atClock(d.at, cell[n+1:])
}

// readTimes finds the form of a column. stated is the order that the caller states.
func readTimes(cells []string, stated string) (out []moment, name string, bad int, err error) {
	if len(cells) == 0 {
		return nil, "", -1, nil
	}
	if i := slices.IndexFunc(figures, func(f form) bool { return f.name == stated }); i >= 0 {
		if out, bad = figures[i].all(cells); bad >= 0 {
			return nil, "", bad, fmt.Errorf("%q is no date of the order %s", cells[bad], stated)
		}
		return out, stated, -1, nil
	}
	worst, furthest := 0, forms[0]
	for _, f := range forms {
		if f.name == "ymd" && !yearFirst(cells[0]) {
			continue
		}
		if out, bad = f.all(cells); bad < 0 {
			return out, f.name, 0, hours(f, cells)
		}
		if bad > worst {
			worst, furthest = bad, f
		}
	}
	var fits []form
	var read [][]moment
	for _, f := range figures {
		got, bad := f.all(cells)
		if bad > worst {
			worst, furthest = bad, f
		}
		if bad < 0 && (f.name != "mdy" || len(fits) == 0 || !strings.Contains(dateOf(cells[0]), ".")) {
			fits, read = append(fits, f), append(read, got)
		}
	}
	if n := len(fits); n > 1 && fits[n-1].name == "ymd" && isYearly(read[n-1]) {
		fits, read = fits[:n-1], read[:n-1]
	}
	for i := 1; i < len(fits); i++ {
		for k, m := range read[i] {
			if m != read[0][k] {
				return nil, "", k, fmt.Errorf("%q may be %s or %s, and no other date of the file shows which; write dates: %s or dates: %s beside the file's path in the strategy, or in FILE.yaml",
					cells[k], read[0][k].t.Format(time.DateOnly), m.t.Format(time.DateOnly), fits[0].name, fits[i].name)
			}
		}
	}
	if len(fits) > 0 {
		for _, other := range figures[:2] {
			if i := onlyOne(cells, read[0], other); i >= 0 && other.name != fits[0].name {
				return nil, "", i, fmt.Errorf("%q alone says that dates are %s, and without it all are closer together as %s; fix it, or write dates: %s or dates: %s beside the file's path in the strategy, or in FILE.yaml", cells[i], fits[0].name, other.name, fits[0].name, other.name)
			}
		}
		return read[0], fits[0].name, -1, nil
	}
	if worst > 0 {
		return nil, "", worst, fmt.Errorf("%q is not a time written like %q above it (%s)", cells[worst], cells[0], furthest.name)
	}
	return nil, "", 0, fmt.Errorf("%q is not a time like 2020-01-31 or 2020-01-31T09:30:00-05:00", cells[0])
}

// isYearly reports whether dates are about a year apart or more: no bars are.
func isYearly(list []moment) bool {
	const almostAYear = 300 * 24 * time.Hour
	apart, far := 0, 0
	for i := range list[min(1, len(list)):] {
		if d := list[i+1].t.Sub(list[i].t).Abs(); d > 24*time.Hour {
			if apart++; d >= almostAYear {
				far++
			}
		}
	}
	return far > 1 && 2*far > apart
}

// onlyOne returns the only cell that another order cannot read, where that order reads
// all others as dates closer together, or -1: a slip of the pen would turn every date.
func onlyOne(cells []string, read []moment, other form) int {
	only := -1
	var this, that [2]time.Time // first and last
	for i, c := range cells {
		m, ok := other.read(strings.TrimSpace(c))
		switch {
		case !ok && only >= 0:
			return -1
		case !ok:
			only = i
			continue
		}
		for _, x := range []struct {
			t    time.Time
			span *[2]time.Time
		}{{read[i].t, &this}, {m.t, &that}} {
			if x.span[0].IsZero() || x.t.Before(x.span[0]) {
				x.span[0] = x.t
			}
			if x.t.After(x.span[1]) {
				x.span[1] = x.t
			}
		}
	}
	if len(cells) < 4 || that[1].Sub(that[0]) >= this[1].Sub(this[0]) {
		return -1
	}
	return only
}

// dateOf returns the part of a time before the first blank.
func dateOf(cell string) string {
	date, _, _ := strings.Cut(strings.TrimSpace(cell), " ")
	return date
}

// yearFirst reports whether a date begins with four digits.
func yearFirst(cell string) bool { return digitRun(strings.TrimSpace(cell)) == 4 }

// hours refuses seconds since 1970 that are all dates with an hour: 2024010209.
func hours(f form, cells []string) error {
	if f.name != "epoch" {
		return nil
	}
	for _, c := range cells {
		if c = strings.TrimSpace(c); len(c) != 10 {
			return nil
		}
		if _, ok := compactTime(c[:8] + c[8:] + "00"); !ok {
			return nil
		}
	}
	return fmt.Errorf("%q may be a date with an hour or seconds since 1970; write times with blanks and colons", cells[0])
}

// isOwn reports whether a cell is a time as the reader of bars takes it, without a look
// at the figures: those are checked where it is read.
func isOwn(c string) bool {
	if len(c) < 10 || c[4] != '-' || c[7] != '-' {
		return false
	}
	if len(c) == 10 {
		return true
	}
	return len(c) >= 19 && (c[10] == 'T' || c[10] == ' ') && c[13] == ':' && c[16] == ':' &&
		(len(c) == 19 || len(c) == 20 && c[19] == 'Z' || len(c) == 25 && c[22] == ':')
}

// clocks returns the times of day of a column of their own, and whether there is one that
// is readable. Numbers such as 930 and 0 are hours and minutes where one has three figures,
// and hours in a column of that name.
func (t *Table) clocks(at map[string]int) (cells []string, ok bool) {
	i, ok := at[clock]
	if !ok || len(t.Rows) == 0 {
		return nil, false
	}
	longest, figures := 0, true
	for _, row := range t.Rows {
		c := strings.TrimSpace(row[i])
		cells = append(cells, c)
		longest, figures = max(longest, len(c)), figures && digitRun(c) == len(c) && c != ""
	}
	hours := figures && longest <= 2 && slices.Contains([]string{"hour", "heure", "hora"}, fold(t.Header[i]))
	if figures && (longest >= 3 || hours) {
		for k, c := range cells {
			if cells[k] = strings.Repeat("0", (longest+1)/2*2-len(c)) + c; hours {
				cells[k] = c + ":00"
			}
		}
	}
	return cells, !slices.ContainsFunc(cells, func(c string) bool { return !isClock(c) })
}

// unread refuses a time of day that cannot be read beside dates of which one comes twice in
// a row: it says which bar is which.
func (t *Table) unread(at map[string]int, list []moment) error {
	i, ok := at[clock]
	if !ok || slices.ContainsFunc(list, func(m moment) bool { return m.clock }) {
		return nil
	}
	symbol, has := at[Symbol]
	for k := range list[min(1, len(list)):] {
		if list[k] == list[k+1] && (!has || t.Rows[k][symbol] == t.Rows[k+1][symbol]) {
			return t.bad(k+1, strings.TrimSpace(t.Header[i]), fmt.Errorf("%q is not a time of day like 09:30", t.Rows[k+1][i]))
		}
	}
	return nil
}
