package term

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Screen is where a line is drawn that shows how far something is.
type Screen struct {
	Out      io.Writer
	Terminal bool // a line can be drawn again
	Colour   bool
	Width    func() int // asked at every drawing: a window is resized

	drawn int // characters of the line that stands there
}

// NewScreen returns a screen for what f is. A dumb terminal gets plain lines, and
// with NO_COLOR a line is drawn again without a single escape code.
func NewScreen(f *os.File) Screen {
	fd := int(f.Fd())
	s := Screen{Out: f, Width: func() int { return columnsOf(fd) }}
	s.Terminal = term.IsTerminal(fd) && os.Getenv("TERM") != "dumb"
	s.Colour = s.Terminal && os.Getenv("NO_COLOR") == ""
	return s
}

// Room returns how many characters fit: a full last column would break the line.
func (s *Screen) Room() int { return max(s.Width()-1, 1) }

// draw replaces the line with one of n characters. Spaces clear what stood there, so
// that no code is needed for it.
func (s *Screen) draw(line string, n int) {
	fmt.Fprint(s.Out, "\r"+line+strings.Repeat(" ", max(0, min(s.drawn, s.Room())-n)))
	if s.drawn <= s.Room() { // else some of it lies beyond the window's edge, and may come back
		s.drawn = n
	}
}

// Text replaces the line with a text that is cut at the window's edge.
func (s *Screen) Text(text string) {
	text = Cut(OneLine(text), s.Room())
	s.draw(text, width(text))
}

// Parts replaces the line with as many parts, the most wanted first, as fit.
func (s *Screen) Parts(parts []Cell) {
	line, length := "", 0
	for i, x := range parts {
		n, gap := width(x.Text), ""
		if i > 0 {
			n, gap = n+2, "  "
		}
		if length+n > s.Room() {
			break
		}
		if s.Colour {
			x.Text = x.Style.on(x.Text)
		}
		line, length = line+gap+x.Text, length+n
	}
	s.draw(line, length)
}

// Clear takes the line away, and a ^C that stands behind it.
func (s *Screen) Clear() {
	if s.drawn > 0 {
		fmt.Fprint(s.Out, "\r"+strings.Repeat(" ", min(s.drawn+len("^C"), s.Room()))+"\r")
		s.drawn = 0
	}
}
