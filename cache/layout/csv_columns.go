package layout

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"pitwall"
)

// role is what a column of a text file is for a bar.
type role int8

const (
	ignored role = iota
	roleSymbol
	roleTime
	roleClock
	roleOpen
	roleHigh
	roleLow
	roleClose
	roleVolume
)

var roles = map[string]role{Symbol: roleSymbol, Timestamp: roleTime, clock: roleClock, Open: roleOpen, High: roleHigh, Low: roleLow, Close: roleClose, Volume: roleVolume}

// csv reads delimited text.
func (c *Columns) csv(text []byte, hints Hints) bool {
	h := findHead(text, hints)
	line, body, ok := bytes.Cut(text[h.offset:], []byte("\n"))
	if !ok || !h.found || !slices.Equal(split(line, h.comma), h.header) {
		return false
	}
	for _, before := range bytes.Split(text[:h.offset], []byte("\n")) {
		if isRow(split(before, h.comma)) {
			return false
		}
	}
	c.Layout.Separator = h.comma
	if h.line > 1 {
		c.Layout.Skipped = addSkip(nil, "line before the header", h.line-1)
	}
	trim := h.comma != '\t'
	for i, name := range h.header {
		if trim {
			h.header[i] = strings.TrimLeft(name, " ")
		}
	}
	at, ok := c.head(h.header, hints)
	if _, has := at[clock]; has && (&Table{Header: h.header}).hasOwnNames(at) { // there a time is whole
		return false
	}
	if body = bytes.TrimRight(body, "\r\n"); !ok || len(body) == 0 {
		return false
	}
	s := &csvReader{to: c, comma: byte(h.comma), trim: trim, roles: make([]role, len(h.header)), quoted: bytes.IndexByte(body, '"') >= 0, own: true}
	for meaning, i := range at {
		s.roles[i] = roles[meaning]
	}
	if !s.learn(string(body[:min(len(body), 64<<10)]), at, hints) {
		return false
	}
	n := bytes.Count(body, []byte("\n")) + 1
	_, hasSymbols := at[Symbol]
	c.grow(n, hasSymbols)
	if _, ok := at[Volume]; !ok {
		for i := range c.Volume {
			c.Volume[i] = pitwall.NoVolume
		}
	}
	if s.times == nil {
		s.days = make([]int32, n)
	}
	if !s.all(unsafe.String(&body[0], len(body))) || !s.dates() {
		return false
	}
	return c.understood(h.header, at, hints, s.form, s.own)
}

// csvReader fills columns from the lines of a text, or from a part of them.
type csvReader struct {
	to     *Columns
	comma  byte
	trim   bool // blanks before a cell are none of it
	quoted bool // some cells are in quotes
	roles  []role
	mark   byte // the decimal mark
	own    bool // every cell is written as Pitwall writes it

	times   *timeColumn // nil for dates in figures, which need a look at all of them
	first   string      // the first time, as it is written
	form    string      // of the times
	symbols dictionary
	day     dictionary // dates in figures
	days    []int32    // place of each row's date in it
	often   []bool     // of each date: more than one row has it
	kind    kind       // of those times
	clocked bool       // a time of day beside the date is not midnight
}

// learn finds the decimal mark and the form of times by the first rows.
func (s *csvReader) learn(text string, at map[string]int, hints Hints) bool {
	var e evidence
	cells := make([]string, len(s.roles))
	for n := 0; text != "" && n < 200; n++ {
		line, rest, whole := strings.Cut(text, "\n")
		if text = rest; !whole && n > 0 {
			break
		}
		if !s.split(strings.TrimSuffix(line, "\r"), cells) {
			return false
		}
		if n == 0 {
			s.first = cells[at[Timestamp]]
		}
		for i, r := range s.roles {
			if r >= roleOpen {
				e.weigh(cells[i])
			}
		}
	}
	european := s.comma == ';' || isDotted(s.first)
	s.first = strings.TrimSpace(plainDate(s.first))
	mark, err := e.decide(european)
	switch s.mark = mark; {
	case hints.Decimal != "":
		s.mark = hints.Decimal[0]
	case err != nil || mark == '.' && european && e.dot == "" || mark == ',' && e.comma == "":
		return false // more rows may show it
	case mark == ',':
		s.to.Layout.Notes = append(s.to.Layout.Notes, decimalNote(mark))
	}
	s.to.Layout.Decimal = string(s.mark)
	var ok bool
	if s.times, ok = newTimeColumn(s.first, hints.Dates); s.times != nil {
		s.form = s.times.form.name
		return ok
	}
	return hints.Dates == "" && len(s.first) >= shortestDate
}

// split takes a line apart into as many cells as the header has.
func (s *csvReader) split(line string, cells []string) bool {
	for i := range cells {
		last := i == len(cells)-1
		if s.quoted && line != "" && line[0] == '"' {
			end := strings.IndexByte(line[1:], '"') + 1
			if end == 0 || last != (end+1 == len(line)) || !last && line[end+1] != s.comma {
				return false
			}
			cells[i] = line[1:end]
			line = line[min(end+2, len(line)):]
			continue
		}
		end := strings.IndexByte(line, s.comma)
		if last != (end < 0) {
			return false
		}
		if last {
			end = len(line)
		}
		cells[i] = line[:end]
		line = line[min(end+1, len(line)):]
		if s.quoted && strings.IndexByte(cells[i], '"') >= 0 {
			return false
		}
	}
	return true
}

// all reads a text in parts, side by side.
func (s *csvReader) all(text string) bool {
	list := []*csvReader{s}
	texts, rows := cutLines(text), []int{0}
	for k := range texts[1:] {
		p := *s
		if s.times != nil {
			p.times = &timeColumn{form: s.times.form, own: true}
		}
		list, rows = append(list, &p), append(rows, rows[k]+strings.Count(texts[k], "\n"))
	}
	bad := make([]bool, len(list))
	var wait sync.WaitGroup
	for k, p := range list {
		wait.Go(func() { bad[k] = !p.read(texts[k], rows[k]) })
	}
	wait.Wait()
	if slices.Contains(bad, true) {
		return false
	}
	rows = append(rows, len(s.to.Times))
	for k, p := range list[1:] {
		if !s.join(p, rows[k+1], rows[k+2]) {
			return false
		}
	}
	return true
}

// join adds what a part found in its rows.
func (s *csvReader) join(p *csvReader, from, to int) bool {
	if s.to.Of != nil {
		s.symbols.take(p.symbols.list, s.to.Of[from:to])
	}
	if s.days != nil {
		for i, day := range p.day.list {
			before := len(s.day.list)
			at := s.day.number(day)
			if len(s.day.list) > before {
				s.often = append(s.often, p.often[i])
			} else {
				s.often[at] = true
			}
		}
		s.day.take(p.day.list, s.days[from:to])
	}
	if s.times != nil && s.times.own {
		s.times.own = p.times.own
	}
	s.own, s.clocked = s.own && p.own, s.clocked || p.clocked
	return s.kind == p.kind && (s.times == nil || s.times.kind == p.times.kind)
}

// read reads the lines of a text into the rows from one on.
func (s *csvReader) read(text string, row int) bool {
	cells := make([]string, len(s.roles))
	for ; text != ""; row++ {
		line, rest, _ := strings.Cut(text, "\n")
		if text = rest; line != "" && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if !s.split(line, cells) || !s.row(row, cells) {
			return false
		}
	}
	return true
}

// row reads the cells of one row.
func (s *csvReader) row(row int, cells []string) bool {
	for i, r := range s.roles {
		if r == ignored {
			continue
		}
		cell := cells[i]
		if r != roleVolume || cell != "" {
			if cell == "" {
				return false
			}
			if cell[0] == ' ' || cell[len(cell)-1] == ' ' {
				s.own = s.own && s.trim && cell[len(cell)-1] != ' '
				cell = strings.Trim(cell, " ")
			}
		}
		ok := false
		switch r {
		case roleSymbol:
			s.to.Of[row], ok = s.symbols.number(cell), isBare(cell)
		case roleTime:
			ok = s.time(row, cell)
		case roleClock:
			ok = s.clock(row, cell)
		case roleVolume:
			s.to.Volume[row], ok = s.volume(cell)
		default:
			s.to.Prices[r-roleOpen][row], ok = s.price(cell)
		}
		if !ok {
			return false
		}
	}
	return true
}

func (s *csvReader) price(cell string) (pitwall.Dec, bool) {
	d, loss, ok := figure(cell, s.mark)
	return d, ok && loss <= Noise
}

func (s *csvReader) volume(cell string) (float64, bool) {
	if cell == "" {
		return pitwall.NoVolume, true
	}
	return floatOf(cell, s.mark)
}

// time reads the column of times.
func (s *csvReader) time(row int, cell string) (ok bool) {
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
