package layout

import (
	"bytes"
	"slices"
	"strings"
	"unsafe"
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
	roleAdj
	roleBeside
)

var roles = map[string]role{Symbol: roleSymbol, Timestamp: roleTime, clock: roleClock, Open: roleOpen, High: roleHigh, Low: roleLow, Close: roleClose, Volume: roleVolume, AdjClose: roleAdj, Dividends: roleBeside, StockSplits: roleBeside, Gains: roleBeside}

// csv reads delimited text.
func (c *Columns) csv(text []byte, hints Hints) bool {
	h := findHead(text, hints)
	c.Layout.Separator = h.comma
	for _, before := range bytes.Split(text[:h.offset], []byte("\n")) {
		if isRow(split(before, h.comma)) {
			return false
		}
	}
	if h.line > 1 {
		c.Layout.Skipped = addSkip(nil, "line before the header", h.line-1)
	}
	header, body, ok := c.names(text[h.offset:], h)
	at, bars := c.head(header, hints)
	if !ok || !bars || len(body) == 0 {
		return false
	}
	if second, _, _ := bytes.Cut(bytes.TrimLeft(body, "\r\n"), []byte("\n")); isSymbols(split(second, h.comma), len(header)) { // see melt
		return false
	}
	if _, has := at[clock]; has && (&Table{Header: header}).hasOwnNames(at) { // there a time is whole
		return false
	}
	s := &csvReader{to: c, comma: byte(h.comma), trim: h.comma != '\t' && h.found, bare: !h.found, header: header, over: map[int]string{}, roles: make([]role, len(header)), beside: make([]string, len(header)),
		prices: [4]int{at[Open], at[High], at[Low], at[Close]},
		quoted: bytes.IndexByte(body, '"') >= 0, own: h.found, zeros: true, stated: hints.Decimal, part: hints.Part}
	for meaning, i := range at {
		if s.roles[i] = roles[meaning]; s.roles[i] == roleBeside {
			s.beside[i], c.Cash = meaning, c.Cash || meaning != StockSplits
		}
	}
	for i, h := range header {
		if word, ok := unfinished[fold(h)]; ok {
			s.over[i] = word
		}
	}
	if !s.learn(string(body[:min(len(body), 64<<10)]), at, hints) {
		return false
	}
	n := bytes.Count(body, []byte("\n"))
	if body[len(body)-1] != '\n' {
		n++
	}
	c.grow(n, at)
	if s.times == nil {
		s.days = make([]int32, n)
	}
	if !s.all(unsafe.String(&body[0], len(body))) || !s.marks() || !s.dates() {
		return false
	}
	if s.bare && !s.known(at, hints) {
		return false
	}
	c.Beside = s.cells
	return c.understood(header, at, hints, s.form, s.own) && !(c.Layout.Own && s.rewritten)
}

// names returns the names of the columns, of a known arrangement where the file has none,
// and the lines with the rows.
func (c *Columns) names(text []byte, h head) (header []string, body []byte, ok bool) {
	line, body, ok := bytes.Cut(text, []byte("\n"))
	cells := split(line, h.comma)
	if bytes.IndexByte(line, '"') >= 0 { // a stray quote is named, not read over
		if _, err := reader(line, h.comma).Read(); err != nil {
			return nil, nil, false
		}
	}
	if h.found {
		if strict, err := reader(line, h.comma).Read(); err != nil || len(strict) != len(cells) {
			return nil, nil, false // a quote within a name
		}
		if h.comma != '\t' {
			for i, name := range cells {
				cells[i] = strings.TrimLeft(name, " ")
			}
		}
		return cells, body, ok && slices.EqualFunc(cells, h.header, func(a, b string) bool { return a == strings.TrimLeft(b, " ") })
	}
	if !ok || !isRow(cells) || strings.TrimSpace(cells[len(cells)-1]) == "" {
		return nil, nil, false
	}
	var rows [][]string // of 200 rows more than one arrangement seldom reads all
	for rest := text; len(rest) > 0 && len(rows) < 200; {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		rows = append(rows, split(line, h.comma))
	}
	var found *order
	for _, o := range headerless {
		switch {
		case len(o.columns) != len(cells) || !o.fits(rows):
		case found != nil && !found.samePrices(&o):
			return nil, nil, false
		case found == nil:
			found = &o
		}
	}
	if found == nil || slices.Contains(found.columns, average) {
		return nil, nil, false
	}
	c.Layout.Headerless = found.name
	return found.names(), text, true
}

// known reports whether a file without a header is what [order.fits] says of all its rows,
// beside what its prices are checked for later, and of none of the vendors with scales.
func (s *csvReader) known(at map[string]int, hints Hints) bool {
	c := s.to
	if slices.ContainsFunc(c.Symbols, func(n string) bool { return looksNumeric(n) && len(n) > 6 }) {
		return false
	}
	if s.whole && s.form == "compact" && !c.Dates { // perhaps of Lean
		return false
	}
	_, has := at[Volume]
	if has && s.zeros && c.Layout.Separator == ';' && s.form == "compact" && s.kind == naive && hints.Zone == nil {
		c.Layout.histData(at)
		c.noVolume()
	}
	return true
}

// csvReader fills columns from the lines of a text, or from a part of them.
type csvReader struct {
	to     *Columns
	comma  byte
	trim   bool // blanks before a cell are none of it
	quoted bool // some cells are in quotes
	header []string
	roles  []role
	prices [4]int         // columns of open, high, low, close
	over   map[int]string // by column: what it says of a bar that was not over
	beside []string       // names of the columns of that role
	mark   byte           // the decimal mark
	part   int            // see [Hints]
	bare   bool           // there is no header
	own    bool           // every cell is written as Pitwall writes it
	stated string
	proof  evidence // of the decimal mark
	zeros  bool     // every volume is 0
	whole  bool     // the first price has no decimals

	times   *timeColumn // nil for dates in figures, which need a look at all of them
	first   string      // the first time, as it is written
	form    string      // of the times
	symbols dictionary
	day     dictionary // dates in figures
	days    []int32    // place of each row's date in it
	often   []bool     // of each date: more than one row has it
	kind    kind       // of those times

	cells     []Cell
	rewritten bool  // a cell of those is written in another way
	european  bool  // the point may part thousands
	made      texts // numbers without marks
	clocked   bool  // a time of day beside the date is not midnight

	last    bool // the text is the file's last part
	skipped []Skip
}

// learn finds the decimal mark and the form of times by the first rows.
func (s *csvReader) learn(text string, at map[string]int, hints Hints) bool {
	cells, bars := make([]string, len(s.roles)), 0
	for n := 0; text != "" && n < 200; n++ {
		line, rest, whole := strings.Cut(text, "\n")
		if text = rest; !whole && n > 0 {
			break
		}
		if !s.split(strings.TrimSuffix(line, "\r"), cells) {
			continue // read says what it is
		}
		if _, ok := s.noBar(cells); ok {
			continue
		}
		if bars++; bars == 1 {
			s.first = cells[at[Timestamp]]
			s.whole = digitRun(cells[at[Open]]) == len(cells[at[Open]])
		}
		for i, r := range s.roles {
			if r >= roleOpen && r <= roleVolume {
				s.proof.weigh(cells[i])
			}
		}
	}
	if bars == 0 {
		return false
	}
	s.european = s.comma == ';' || isDotted(s.first)
	s.first = strings.TrimSpace(plainDate(s.first))
	mark, err := s.proof.decide(s.european)
	if s.mark = mark; s.stated != "" {
		s.mark = s.stated[0]
	} else if err != nil || mark == '.' && s.european && s.proof.dot == "" || mark == ',' && s.proof.comma == "" {
		return false // more rows may show it
	}
	s.to.Layout.Decimal, s.own = string(s.mark), s.own && s.mark == '.'
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

// row reads the cells of one row.
func (s *csvReader) row(row int, cells []string) bool {
	for i, r := range s.roles {
		if r == ignored {
			continue
		}
		cell := cells[i]
		if r < roleVolume && cell == "" {
			return false
		}
		if cell != "" {
			if first, last := cell[0], cell[len(cell)-1]; first <= ' ' || last <= ' ' {
				s.own, s.zeros = s.own && s.trim && last > ' ', false
				cell = strings.Trim(cell, " ")
			}
			if !isBare(cell) {
				return false
			}
		}
		ok := true
		switch r {
		case roleSymbol:
			s.to.Of[row] = s.symbols.number(cell)
		case roleTime:
			ok = s.time(row, cell)
		case roleClock:
			ok = s.clock(row, cell)
		case roleBeside:
			s.note(row, s.beside[i], cell)
		case roleAdj:
			s.to.Adj[row], ok = s.adjusted(cell)
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
