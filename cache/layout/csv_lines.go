package layout

import (
	"slices"
	"strings"
	"sync"
)

// Lines that are no bars, between those that are: the reader of texts and that of columns
// leave out the same ones, and count them alike.

// What lines are counted as that are left out.
const (
	rowWithoutPrices = "row without prices"
	unfinishedBar    = "unfinished bar"
	repeatedHeader   = "repeated header"
	lineAfter        = "line after the last row"
)

// noRow tells lines that are no rows by their cells, of which they have another number than
// the header: it returns what they are counted as, nothing for blank ones. last says that
// at most two rows follow.
func noRow(row []string, width int, last bool) (what string, ok bool) {
	switch {
	case len(row) == 1 && strings.TrimSpace(row[0]) == "":
		return "", true
	case len(row) == 2 && width > 4 && isAction(row[1]): // copied from a page
		return "row with a dividend or split", true
	case last && len(row) < width && isRemark(strings.Join(row, ",")):
		return lineAfter, true
	}
	return "", false
}

// leaves reports whether a line that has not the cells of the header is no row, and counts
// it. rest are the lines after it, after says that a row stands before it.
func (s *csvReader) leaves(line, rest string, after bool) bool {
	if line == "" {
		return true
	}
	r := reader([]byte(line), rune(s.comma))
	r.TrimLeadingSpace = s.trim
	cells, err := r.Read()
	if err != nil {
		return false
	}
	known := !s.bare || len(cells) < 4 // rows with prices are what columns without names are known by
	what, ok := noRow(cells, len(s.header), known && after && s.last && atMostTwo(rest))
	if what != "" {
		s.skipped = addSkip(s.skipped, what, 1)
	}
	return ok
}

// atMostTwo reports whether a text has at most two lines that are not empty.
func atMostTwo(text string) bool {
	n := 0
	for line := range strings.Lines(text) {
		if strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r") == "" {
			continue
		}
		if n++; n > 2 {
			return false
		}
	}
	return true
}

// noBar tells rows that are left out by their cells: the header again, bars that were not
// over, and rows without any price.
func (s *csvReader) noBar(cells []string) (what string, ok bool) {
	for i, word := range s.over {
		if isUnfinished(cells[i], word) {
			return unfinishedBar, true
		}
	}
	if open := cells[s.prices[0]]; open != "" && open[0]-'0' <= 9 {
		return "", false
	}
	if cells[0] == s.header[0] && slices.Equal(cells, s.header) {
		return repeatedHeader, true
	}
	for _, i := range s.prices {
		if !isNull(cells[i]) {
			return "", false
		}
	}
	return rowWithoutPrices, true
}

// all reads a text in parts, side by side.
func (s *csvReader) all(text string) bool {
	list := []*csvReader{s}
	texts, rows := cutLines(text, s.part), []int{0}
	for k := range texts[1:] {
		p := *s
		if s.times != nil {
			p.times = &timeColumn{form: s.times.form, own: true}
		}
		list, rows = append(list, &p), append(rows, rows[k]+strings.Count(texts[k], "\n"))
	}
	list[len(list)-1].last = true
	ends, bad := make([]int, len(list)), make([]bool, len(list))
	var wait sync.WaitGroup
	for k, p := range list {
		wait.Go(func() {
			end, ok := p.read(texts[k], rows[k])
			ends[k], bad[k] = end, !ok
		})
	}
	wait.Wait()
	if slices.Contains(bad, true) {
		return false
	}
	n := ends[0]
	for k, p := range list[1:] {
		from, end := rows[k+1], ends[k+1]
		if !s.join(p, from, end) {
			return false
		}
		s.moveUp(from, end, n)
		n += end - from
	}
	return s.end(n)
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
	s.own, s.clocked, s.zeros = s.own && p.own, s.clocked || p.clocked, s.zeros && p.zeros
	s.proof.add(p.proof)
	for _, x := range p.skipped {
		s.skipped = addSkip(s.skipped, x.What, x.Count)
	}
	s.cells, s.rewritten = append(s.cells, p.cells...), s.rewritten || p.rewritten
	return from == to || s.kind == p.kind && (s.times == nil || s.times.kind == p.times.kind)
}

// read reads the lines of a text into the rows from one on, and returns the row after the
// last one.
func (s *csvReader) read(text string, row int) (end int, ok bool) {
	cells := make([]string, len(s.roles))
	first, after := row, false
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if text = rest; line != "" && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if !s.split(line, cells) {
			if !s.leaves(line, rest, after) {
				return first, false
			}
			continue
		}
		if what, ok := s.noBar(cells); ok {
			s.skipped, after = addSkip(s.skipped, what, 1), after || what != repeatedHeader
			continue
		}
		if !s.row(row, cells) {
			return first, false
		}
		row, after = row+1, true
	}
	return row, true
}

// moveUp moves the rows of a part up to those before it.
func (s *csvReader) moveUp(from, end, to int) {
	if from == to {
		return
	}
	c := s.to
	for k := range c.Prices {
		copy(c.Prices[k][to:], c.Prices[k][from:end])
	}
	copy(c.Times[to:], c.Times[from:end])
	copy(c.Volume[to:], c.Volume[from:end])
	if c.Of != nil {
		copy(c.Of[to:], c.Of[from:end])
	}
	if c.Adj != nil {
		copy(c.Adj[to:], c.Adj[from:end])
	}
	if s.days != nil {
		copy(s.days[to:], s.days[from:end])
	}
	for i := range s.cells {
		if s.cells[i].Row >= from {
			s.cells[i].Row -= from - to
		}
	}
}

// end leaves out the room of lines that are no bars, says how many there were, and reports
// whether a bar is left.
func (s *csvReader) end(n int) bool {
	c := s.to
	for k := range c.Prices {
		c.Prices[k] = c.Prices[k][:n:n]
	}
	c.Times, c.Volume = c.Times[:n:n], c.Volume[:n:n]
	if c.Of != nil {
		c.Of = c.Of[:n:n]
	}
	if c.Adj != nil {
		c.Adj = c.Adj[:n:n]
	}
	if s.days != nil {
		s.days = s.days[:n:n]
	}
	for _, last := range []string{"", unfinishedBar, rowWithoutPrices} { // in the order in which texts are looked at
		for _, x := range s.skipped {
			if x.What == last || last == "" && x.What != unfinishedBar && x.What != rowWithoutPrices {
				c.Layout.Skipped = addSkip(c.Layout.Skipped, x.What, x.Count)
			}
			s.own = s.own && x.What != rowWithoutPrices
		}
	}
	return n > 0
}
