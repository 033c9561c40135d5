package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// pen writes what models, vendors and news wrote to a terminal. All text goes
// through clean, so that no data can move the cursor, change the title or hide
// what it says: the only escape codes that leave here are the pen's own.
type pen struct {
	out      *bufio.Writer
	terminal bool
	colour   bool
	width    int // of the terminal; 0 = lines are not cut
	indent   int // of tables
}

// style is a code of the terminal; empty = none.
type style string

const (
	plainText style = ""
	bold      style = "1"
	dim       style = "2"
	red       style = "31"
	green     style = "32"
	yellow    style = "33"
	cyan      style = "36"
)

// newPen looks at what stdout is.
func (a *app) newPen() *pen {
	p := &pen{out: bufio.NewWriter(a.stdout)}
	if fd := int(a.stdout.Fd()); term.IsTerminal(fd) {
		p.terminal = true
		p.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		p.width = 80
		if w, _, err := term.GetSize(fd); err == nil && w > 0 {
			p.width = w
		}
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 && p.width == 0 {
		p.width = w // whoever pipes and exports it wants lines of that width
	}
	return p
}

// clean drops what a terminal would act on: escape sequences lose their escape,
// and marks that turn the direction of writing around go too. Line breaks stay.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// oneLine is a text without line breaks and runs of spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// cut shortens a line to n characters; 0 = not at all.
func cut(s string, n int) string {
	if n <= 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(n-3, 1)]) + "..."
}

// write writes the pen's own text. An error stays with the writer until done.
func (p *pen) write(s string) { _, _ = p.out.WriteString(s) }

// done ends what was written.
func (p *pen) done() error { return p.out.Flush() }

// put writes a piece of a line.
func (p *pen) put(s style, text string) {
	text = clean(text)
	if p.colour && s != plainText && text != "" {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	p.write(text)
}

// linef writes a line.
func (p *pen) linef(s style, format string, args ...any) {
	p.put(s, fmt.Sprintf(format, args...))
	p.write("\n")
}

// field writes a line with a name before it.
func (p *pen) field(name, format string, args ...any) {
	p.put(dim, fmt.Sprintf("  %-9s", name))
	p.hang(11, plainText, fmt.Sprintf(format, args...))
}

// hang writes prose whose first line has begun: further lines are broken at
// words and indented.
func (p *pen) hang(indent int, s style, text string) {
	lines := []string{}
	for line := range strings.SplitSeq(strings.Trim(clean(text), "\n"), "\n") {
		lines = append(lines, wrap(line, p.width-indent)...)
	}
	for i, line := range lines {
		if i > 0 {
			p.write(strings.Repeat(" ", indent))
		}
		p.put(s, strings.TrimRight(line, " "))
		p.write("\n")
	}
}

// prose writes text of its own lines, broken at words.
func (p *pen) prose(indent int, s style, text string) {
	if strings.TrimSpace(clean(text)) == "" {
		return
	}
	p.write(strings.Repeat(" ", indent))
	p.hang(indent, s, text)
}

// rows writes lines that are tables or data: cut at the terminal's width, and
// after most lines it is said how many are left. most 0 = all, uncut.
func (p *pen) rows(indent, most int, s style, text string) {
	p.barred(strings.Repeat(" ", indent), most, s, text)
}

// answer is rows behind a bar, which tells it from what was asked.
func (p *pen) answer(most int, s style, text string) { p.barred("    | ", most, s, text) }

func (p *pen) barred(bar string, most int, s style, text string) {
	lines := strings.Split(strings.Trim(clean(text), "\n"), "\n")
	left := 0
	if most > 0 && len(lines) > most+1 { // to say that one line is left takes a line too
		lines, left = lines[:most], len(lines)-most
	}
	for _, line := range lines {
		if most > 0 && p.width > 0 {
			line = cut(line, p.width-len(bar))
		}
		p.put(dim, bar)
		p.put(s, line)
		p.write("\n")
	}
	if left > 0 {
		p.linef(dim, "%s... %d more lines", bar, left)
	}
}

// wrap breaks a line at words; width below 20 = not at all.
func wrap(line string, width int) []string {
	var list []string
	for width >= 20 && utf8.RuneCountInString(line) > width {
		runes := []rune(line)
		at := width
		for at > width/2 && runes[at] != ' ' {
			at--
		}
		if runes[at] != ' ' {
			at = width // one long word
		}
		list = append(list, string(runes[:at]))
		line = strings.TrimLeft(string(runes[at:]), " ")
	}
	return append(list, line)
}

// column is a column of a table.
type column struct {
	name  string
	right bool // numbers
	wide  bool // takes what is left of the line, and is cut there
}

// cell is a field of a table.
type cell struct {
	text  string
	style style
}

// table writes rows under their heads. Columns in which no row says anything are
// left out.
func (p *pen) table(columns []column, rows [][]cell) {
	widths, used := make([]int, len(columns)), p.indent
	for i := range columns {
		for _, r := range rows {
			r[i].text = oneLine(r[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i].text))
		}
		if widths[i] > 0 {
			widths[i] = max(widths[i], len(columns[i].name))
			if !columns[i].wide {
				used += widths[i] + 2
			}
		}
	}
	head := make([]cell, len(columns))
	for i, c := range columns {
		head[i] = cell{c.name, dim}
	}
	for _, r := range append([][]cell{head}, rows...) {
		space := strings.Repeat(" ", p.indent) // written before the next text: no line ends in spaces
		for i, c := range r {
			if widths[i] == 0 {
				continue
			}
			text, before, after := c.text, "", strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(c.text)))
			switch {
			case columns[i].wide && p.width > 0:
				text = cut(text, max(p.width-used, 8))
			case columns[i].wide:
				text = cut(text, 200)
			case columns[i].right:
				before, after = after, ""
			}
			space += before
			if text != "" {
				p.write(space)
				p.put(c.style, text)
				space = ""
			}
			space += after + "  "
		}
		p.write("\n")
	}
}

// printSafeJSON is printJSON for text that others wrote: JSON leaves the upper
// control characters as they are, and some terminals act on them.
func (a *app) printSafeJSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range string(body) { // they can only stand inside strings
		if clean(string(r)) != "" {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	_, err = fmt.Fprintln(a.stdout, b.String())
	return err
}
