package layout

import (
	"slices"
	"strings"
	"time"

	"pitwall"
)

// price reads a price, or a number with signs of currencies and marks of thousands.
func (s *csvReader) price(cell string) (pitwall.Dec, bool) {
	d, loss, ok := Figure(cell, s.mark)
	if !ok {
		if cell, ok = s.unmarked(cell, false); ok {
			d, loss, ok = Figure(cell, '.')
		}
	}
	return d, ok && loss <= Noise
}

func (s *csvReader) volume(cell string) (f float64, ok bool) {
	if s.zeros = s.zeros && cell == "0"; cell == "" {
		return pitwall.NoVolume, true
	}
	if f, ok = floatOf(cell, s.mark); ok {
		return f, true
	}
	if isNull(cell) {
		s.own = false
		return pitwall.NoVolume, true
	}
	if cell, ok = s.unmarked(cell, true); ok {
		f, ok = floatOf(cell, '.')
	}
	return f, ok
}

// adjusted reads an adjusted close, 0 where there is none.
func (s *csvReader) adjusted(cell string) (float64, bool) {
	if isNull(cell) {
		return 0, true
	}
	return floatOf(cell, s.mark)
}

// note keeps what a cell says of dividends or splits.
func (s *csvReader) note(row int, column, cell string) {
	if strings.Trim(cell, "0.") == "" || isNull(cell) {
		return
	}
	text, err := marks{s.mark, &s.made}.rewrite(cell, false)
	if err != nil {
		text = cell
	}
	s.rewritten = s.rewritten || text != cell
	s.cells = append(s.cells, Cell{row, column, strings.Clone(text)})
}

// unmarked writes a number with a decimal point and nothing else.
func (s *csvReader) unmarked(cell string, volume bool) (text string, ok bool) {
	s.own = false
	if cell[0] == '$' && len(cell) > 1 && s.mark == '.' {
		if _, plain := simple(cell[1:]); plain && strings.IndexByte(cell, ',') < 0 {
			return cell[1:], true
		}
	}
	if strings.IndexByte(cell, '\'') >= 0 { // thousands, or a bond's price
		return "", false
	}
	s.proof.weigh(cell)
	text, err := marks{s.mark, &s.made}.number(cell, volume)
	return text, err == nil
}

// marks reports whether all numbers show the mark with which they were read, and notes it
// where it could be taken for another.
func (s *csvReader) marks() bool {
	if s.stated != "" {
		return true
	}
	mark, err := s.proof.decide(s.european)
	if mark == ',' || s.proof.eitherComma != "" || s.proof.commaGroup != "" {
		s.to.Layout.Notes = append(s.to.Layout.Notes, decimalNote(mark))
	}
	return err == nil && mark == s.mark
}

// time reads the column of times.
func (s *csvReader) time(row int, cell string) (ok bool) {
	if s.bare && (len(cell) < 5 || !looksNumeric(cell)) {
		return false
	}
	if s.times != nil {
		s.to.Times[row], ok = s.times.read(cell)
		return ok
	}
	end := len(cell)
	if n := len(s.day.list); n > 0 {
		if last := s.day.list[s.day.last]; strings.HasPrefix(cell, last) && (len(cell) == len(last) || cell[len(last)] == ' ' || cell[len(last)] == 'T') {
			end = len(last)
		}
	}
	if end == len(cell) && end >= shortestDate {
		if i := strings.IndexAny(cell[shortestDate:], " T"); i >= 0 {
			end = shortestDate + i
		}
	}
	k := date
	if end < len(cell) {
		if s.to.Times[row], k, ok = quickClock(cell[end+1:]); !ok {
			return false
		}
	}
	before := len(s.day.list)
	day := s.day.number(cell[:end])
	if s.days[row] = day; len(s.day.list) > before {
		s.often = append(s.often, false)
	} else {
		s.often[day] = true
	}
	if s.kind == unknown {
		s.kind = k
	}
	return s.kind == k
}

// clock reads the column of times of day beside that of dates. It stands after it in
// every file that is known; where it does not, rows are read.
func (s *csvReader) clock(row int, cell string) bool {
	since, ok := plainClock(cell)
	if !ok {
		var rest string
		if since, rest, ok = readClock(cell); rest != "" || digitRun(cell) == len(cell) {
			return false
		}
	}
	s.clocked = s.clocked || since != 0
	s.to.Times[row] += int64(since / time.Second)
	return ok && since%time.Second == 0
}

// dates gives the rows their times when all are read.
func (s *csvReader) dates() bool {
	if s.times != nil {
		s.kind, s.own = s.times.kind, s.own && s.times.own
	} else if !s.figures() {
		return false
	}
	if slices.Contains(s.roles, roleClock) {
		if s.kind != date || slices.Index(s.roles, roleClock) < slices.Index(s.roles, roleTime) {
			return false
		}
		s.own = false
		if s.clocked {
			s.kind = naive
		}
	}
	c := s.to
	c.Symbols, c.Dates, c.Instants = s.symbols.list, s.kind == date, s.kind == instant
	if s.form == "dmy" || s.form == "mdy" {
		at := time.Unix(c.Times[0], 0).UTC()
		if s.kind == instant {
			return false // the date as it is written is another
		}
		c.Layout.Notes = append(c.Layout.Notes, dateNote(s.first, at))
	}
	return true
}

// figures finds the order of dates in figures: the only one that reads all of them.
func (s *csvReader) figures() bool {
	s.own = false
	var cells []string
	for i, c := range s.day.list {
		if c = plainDate(c); s.often[i] { // a date of one row may be a slip of the pen
			cells = append(cells, c)
		}
		cells = append(cells, c)
	}
	fits := 0
	for _, f := range figures {
		if _, bad := f.all(cells); bad < 0 {
			fits++
		}
	}
	read, name, _, err := readTimes(cells, "")
	if err != nil || fits != 1 {
		return false
	}
	s.form = name
	seconds := make([]int64, 0, len(s.day.list))
	for i := 0; len(seconds) < cap(seconds); i++ {
		if s.often[len(seconds)] {
			i++
		}
		if read[i].clock {
			return false
		}
		seconds = append(seconds, read[i].t.Unix())
	}
	for row, day := range s.days {
		s.to.Times[row] += seconds[day]
	}
	return true
}
