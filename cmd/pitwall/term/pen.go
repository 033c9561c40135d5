package term

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// Pen writes to a terminal, a pipe or a file. An error of writing stays with it
// until [Pen.Done].
type Pen struct {
	out      *bufio.Writer
	Terminal bool
	Colour   bool
	Width    int // of the terminal; 0 = lines are not cut

	column int // characters of the line that has begun
}

// Style is a code of the terminal; empty = none.
type Style string

// The styles.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// Gain is the colour of a gain or a loss.
func Gain(f float64) Style {
	switch {
	case f > 0:
		return Green
	case f < 0:
		return Red
	}
	return Plain
}

// on puts a text between the codes of a style.
func (s Style) on(text string) string {
	if s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// To returns a pen of a width that writes plain text; 0 = lines are not cut.
func To(w io.Writer, width int) *Pen { return &Pen{out: bufio.NewWriter(w), Width: width} }

// NewPen returns a pen for what f is.
func NewPen(f interface {
	io.Writer
	Fd() uintptr
}) *Pen {
	p := To(f, 0)
	if fd := int(f.Fd()); term.IsTerminal(fd) {
		p.Terminal = true
		p.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		p.Width = columnsOf(fd)
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 && p.Width == 0 {
		p.Width = w // whoever pipes and exports it wants lines of that width
	}
	return p
}

// columnsOf is the width of a terminal, 80 where it is not known.
func columnsOf(fd int) int {
	w, _, err := term.GetSize(fd)
	if err != nil || w <= 0 {
		return 80
	}
	return w
}

// Write writes text of the program's own as it is.
func (p *Pen) Write(s string) {
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		p.column = -width(s[:i+1])
	}
	p.column += width(s)
	_, _ = p.out.WriteString(s)
}

// Done ends what was written.
func (p *Pen) Done() error { return p.out.Flush() }

// Put writes a piece of a line.
func (p *Pen) Put(s Style, text string) {
	text, code := Clean(text), ""
	if p.Colour && s != Plain && text != "" {
		code = "\x1b[0m"
		_, _ = p.out.WriteString("\x1b[" + string(s) + "m")
	}
	p.Write(text)
	_, _ = p.out.WriteString(code)
}

// Line writes a line.
func (p *Pen) Line(s Style, format string, args ...any) {
	p.Put(s, fmt.Sprintf(format, args...))
	p.Write("\n")
}

// Section begins a part with a line of its own.
func (p *Pen) Section(name string) {
	p.Write("\n")
	p.Line(Bold, "%s", name)
}

// Item writes a head in its style and prose after it, further lines indented.
func (p *Pen) Item(s Style, head string, indent int, text string) {
	p.Put(s, head)
	p.Hang(indent, Plain, text)
}

// Note writes an item whose head is a word in yellow at the start of the line.
func (p *Pen) Note(head, text string) { p.Item(Yellow, head, len(head), OneLine(text)) }

// Field writes a line with a name before it.
func (p *Pen) Field(name, format string, args ...any) {
	p.Item(Dim, fmt.Sprintf("  %-9s", name), 11, fmt.Sprintf(format, args...))
}

// Figure writes a line with a name, a figure in its colour, and what belongs to it.
func (p *Pen) Figure(name string, s Style, value, format string, args ...any) {
	p.Put(Dim, fmt.Sprintf("  %-15s", name))
	p.Put(s, value)
	p.Line(Plain, format, args...)
}

// Hang writes prose whose first line has begun: lines are broken at words, and the
// further ones indented.
func (p *Pen) Hang(indent int, s Style, text string) {
	begun := strings.Repeat("\x00", max(0, p.column-indent)) // no clean text holds it: Put drops it
	lines := []string{}
	for line := range strings.SplitSeq(begun+strings.Trim(Clean(text), "\n"), "\n") {
		most := p.Width - indent
		if strings.HasPrefix(line, "pitwall ") {
			most = 0 // a command stays whole: it is copied
		}
		lines = append(lines, wrap(line, most)...)
	}
	for i, line := range lines {
		if i > 0 {
			p.Write(strings.Repeat(" ", indent))
		}
		p.Put(s, strings.TrimRight(line, " "))
		p.Write("\n")
	}
}

// Prose writes text of its own lines, broken at words.
func (p *Pen) Prose(indent int, s Style, text string) {
	if strings.TrimSpace(Clean(text)) == "" {
		return
	}
	p.Write(strings.Repeat(" ", indent))
	p.Hang(indent, s, text)
}

// Rows writes lines that are tables or data, each after a bar: cut at the
// terminal's width, and after most lines how many are left. most 0 = all, uncut.
func (p *Pen) Rows(bar string, most int, s Style, text string) {
	lines := strings.Split(strings.Trim(Clean(text), "\n"), "\n")
	left := 0
	if most > 0 && len(lines) > most+1 { // to say that one line is left takes a line too
		lines, left = lines[:most], len(lines)-most
	}
	for _, line := range lines {
		if most > 0 && p.Width > 0 {
			line = Cut(line, p.Width-len(bar))
		}
		p.Put(Dim, bar)
		p.Put(s, line)
		p.Write("\n")
	}
	if left > 0 {
		p.Line(Dim, "%s... %d more lines", bar, left)
	}
}
