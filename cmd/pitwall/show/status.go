package show

import (
	"fmt"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
)

// Status shows where a world on the live clock stands: one line on a terminal, else
// a line every half minute.
type Status struct {
	line
	at    driver.LiveStatus
	taken time.Time // when at was
	spent pitwall.Dec
	turns int
}

// NewStatus returns the line of a world on the live clock.
func NewStatus(on term.Screen, now func() time.Time) *Status {
	return &Status{line: line{Screen: on, now: now}}
}

// World takes where the world stands.
func (l *Status) World(s driver.LiveStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.taken = s, l.now()
}

// Turn takes what the loop says after a turn.
func (l *Status) Turn(g agentloop.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent, l.turns = g.Spent, g.Turns
}

// Draw writes the line.
func (l *Status) Draw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.taken.IsZero() || !l.Terminal && now.Sub(l.last) < plainLine {
		return
	}
	l.last = now
	cells := l.cells()
	if l.Terminal {
		l.Parts(cells)
		return
	}
	l.plain(cells)
}

// cells are what the line says, the most wanted first.
func (l *Status) cells() (list []term.Cell) {
	add := func(s term.Style, format string, args ...any) {
		list = append(list, s.Cell(fmt.Sprintf(format, args...)))
	}
	s := l.at
	if s.Halt != 0 {
		add(term.Red, "HALT %v", s.Halt)
	}
	if !s.Due.IsZero() {
		add(term.Plain, "next bar %s", s.Due.Format("2006-01-02 15:04:05"))
	}
	add(term.Plain, "equity %s", Money(s.Equity.Float()))
	day := s.Day.Float()
	add(term.Gain(day), "today %s", signed(day))
	add(term.Plain, "%d open orders", s.Open)
	if s.Waiting > 0 {
		add(term.Yellow, "%d wait for approval", s.Waiting)
	}
	add(term.Plain, "turn %d", l.turns)
	if l.spent > 0 {
		add(term.Plain, "%v USD", l.spent.Round(2))
	}
	if s.Trouble != "" {
		add(term.Red, "no answer from the broker")
	}
	if s.Missed > 0 {
		add(term.Yellow, "%d times bars were missed", s.Missed)
	}
	return list
}

// signed writes 123.4 as +123.
func signed(f float64) string { return report.Group(fmt.Sprintf("%+.0f", f)) }
