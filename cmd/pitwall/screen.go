package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen is where a line is drawn that shows how far something is.
type screen struct {
	out      io.Writer
	terminal bool // a line can be drawn again
	colour   bool
	width    func() int // asked at every drawing: a window is resized

	drawn int // characters of the line that stands there
}

// screenOf looks at what a file is. A dumb terminal gets plain lines, and with
// NO_COLOR a line is drawn again without a single escape code.
func screenOf(f *os.File) screen {
	fd := int(f.Fd())
	s := screen{out: f, width: func() int {
		w, _, err := term.GetSize(fd)
		if err != nil || w <= 0 {
			return 80
		}
		return w
	}}
	s.terminal = term.IsTerminal(fd) && os.Getenv("TERM") != "dumb"
	s.colour = s.terminal && os.Getenv("NO_COLOR") == ""
	return s
}

// room is how many characters fit: a full last column would break the line.
func (s *screen) room() int { return max(s.width()-1, 1) }

// draw replaces the line with one of length characters. Spaces clear what stood
// there, so that no code is needed for it.
func (s *screen) draw(line string, length int) {
	fmt.Fprint(s.out, "\r"+line+strings.Repeat(" ", max(0, min(s.drawn, s.room())-length)))
	if s.drawn <= s.room() { // else some of it lies beyond the window's edge, and may come back
		s.drawn = length
	}
}

// drawText replaces the line with a text that is cut at the window's edge.
func (s *screen) drawText(text string) {
	text = cut(oneLine(text), s.room())
	s.draw(text, utf8.RuneCountInString(text))
}

// clear takes the line away, and a ^C that stands behind it.
func (s *screen) clear() {
	if s.drawn > 0 {
		fmt.Fprint(s.out, "\r"+strings.Repeat(" ", min(s.drawn+len("^C"), s.room()))+"\r")
		s.drawn = 0
	}
}
