package layout

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// least is how many rows are worth a goroutine.
const least = 8192

// parts calls f for parts of n rows side by side, one for each processor, and returns the
// error of the first part that has one.
func parts(n int, f func(lo, hi int) error) error {
	each := max(least, n/runtime.GOMAXPROCS(0)+1)
	if n <= each {
		return f(0, n)
	}
	errs := make([]error, (n+each-1)/each)
	var wait sync.WaitGroup
	for k := range errs {
		wait.Go(func() { errs[k] = f(k*each, min(n, (k+1)*each)) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// split reads the rows of a text without quotes as encoding/csv does, from a line on.
func (t *Table) split(text string, comma byte, trim bool, line, part int) {
	texts := cutLines(text, part)
	rows, lines := make([][][]string, len(texts)), make([][]int, len(texts))
	var wait sync.WaitGroup
	for k, part := range texts {
		first := line
		wait.Go(func() { rows[k], lines[k] = splitLines(part, comma, trim, first) })
		line += strings.Count(part, "\n")
	}
	wait.Wait()
	t.Rows, t.Lines = slices.Concat(rows...), slices.Concat(lines...)
}

// cutLines cuts a text into parts of whole lines, one for each processor unless each is a
// stated number of bytes.
func cutLines(text string, each int) (texts []string) {
	const least = 1 << 20 // bytes
	if each == 0 {
		each = max(least, len(text)/runtime.GOMAXPROCS(0)+1)
	}
	for len(text) > each {
		end := strings.IndexByte(text[each:], '\n')
		if end < 0 {
			break
		}
		texts, text = append(texts, text[:each+end+1]), text[each+end+1:]
	}
	if text == "" && texts != nil {
		return texts
	}
	return append(texts, text)
}

// splitLines splits a part of a text. Cells are parts of the text: a row costs no copy,
// and hundreds share an allocation.
func splitLines(text string, comma byte, trim bool, line int) (rows [][]string, at []int) {
	lines := strings.Count(text, "\n") + 1
	rows, at = make([][]string, 0, lines), make([]int, 0, lines)
	var room []string
	for ; text != ""; line++ {
		row, rest, _ := strings.Cut(text, "\n")
		text = rest
		row = strings.TrimSuffix(row, "\r")
		if row == "" {
			continue
		}
		n := strings.Count(row, string(rune(comma))) + 1
		if len(room) < n {
			room = make([]string, max(n, 8192))
		}
		cells := room[:n:n]
		room = room[n:]
		for i := range cells {
			end := strings.IndexByte(row, comma)
			if i == n-1 {
				end = len(row)
			}
			if cells[i] = row[:end]; trim && end > 0 && (row[0] <= ' ' || row[0] >= 0x80) {
				cells[i] = strings.TrimLeftFunc(cells[i], unicode.IsSpace)
			}
			row = row[min(end+1, len(row)):]
		}
		rows, at = append(rows, cells), append(at, line)
	}
	return rows, at
}

// texts makes the texts of many cells in few allocations.
type texts struct {
	b    strings.Builder
	cell []byte // for the next one
}

// keep returns a cell as text.
func (x *texts) keep(cell []byte) string {
	if x.cell = cell; x.b.Cap()-x.b.Len() < len(cell) {
		x.b = strings.Builder{}
		x.b.Grow(max(64<<10, len(cell)))
	}
	start := x.b.Len()
	x.b.Write(cell)
	return x.b.String()[start:]
}
