package layout

import (
	"bytes"
	"strings"
)

// byBlanks writes a text whose cells are apart by blanks, as R and terminals do, with tabs.
// Rows may have one cell more than the header: the number of the row before them, or a time
// of day after the date. It returns nothing where that gives no header of bars.
func byBlanks(text []byte, hints Hints) []byte {
	var b bytes.Buffer
	first, _, _ := bytes.Cut(text, []byte("\n"))
	header := blankCells(strings.TrimRight(string(first), "\r"))
	if len(header) < 5 || !hints.heads(header) {
		return nil
	}
	var extra []string // before the header's cells, for the rows' first cell
	for i, line := range strings.Split(string(text), "\n") {
		cells := blankCells(strings.TrimRight(line, "\r"))
		switch {
		case i == 0:
			continue
		case len(cells) == len(header)+1 && len(cells[0]) >= 8 && isClock(cells[1]):
			cells = append([]string{cells[0] + " " + cells[1]}, cells[2:]...)
		case len(cells) == len(header)+1:
			extra = []string{""}
		}
		if i == 1 {
			b.WriteString(strings.Join(append(extra, header...), "\t") + "\n")
		}
		b.WriteString(strings.Join(cells, "\t") + "\n")
	}
	return b.Bytes()
}

// blankCells takes a line apart at its blanks, outside quotes.
func blankCells(line string) (cells []string) {
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] == '"' {
			if cell, rest, ok := strings.Cut(line[1:], `"`); ok {
				cells, line = append(cells, cell), rest
				continue
			}
		}
		cell, rest, _ := strings.Cut(line, " ")
		cells, line = append(cells, cell), rest
	}
	return cells
}
