package show

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"pitwall/agentloop"
	"pitwall/cmd/pitwall/term"
)

// line is a line on stderr that says where something stands: on a terminal it is drawn
// again and cleared at the end, else it is written now and then. It is safe for
// concurrent use, and what is written through it stands above it.
type line struct {
	term.Screen
	now func() time.Time

	mu   sync.Mutex
	last time.Time
}

// Write writes other words of the run: the line makes room for them.
func (l *line) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Clear()
	return l.Out.Write(b)
}

// Done clears the line.
func (l *line) Done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Clear()
}

// plain writes what a line says where there is no terminal.
func (l *line) plain(parts []term.Cell) {
	var texts []string
	for _, x := range parts {
		texts = append(texts, x.Text)
	}
	fmt.Fprintln(l.Out, strings.TrimSpace(strings.Join(texts, "  ")))
}

// Progress shows where a run over recorded bars stands.
type Progress struct {
	line
	From, To time.Time // the run's days
	start    float64   // equity that the run began with
	started  time.Time
	curve    term.Curve
}

const (
	redraw    = 100 * time.Millisecond
	plainLine = 30 * time.Second
)

// NewProgress returns the line of a run that begins with an equity.
func NewProgress(on term.Screen, now func() time.Time, equity float64) *Progress {
	at := now()
	return &Progress{line: line{Screen: on, now: now, last: at}, started: at, start: equity}
}

// Show is called after each move of the clock.
func (p *Progress) Show(g agentloop.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.curve.Add(g.Equity)
	now, wait := p.now(), plainLine
	if p.Terminal {
		wait = redraw
	}
	if now.Sub(p.last) < wait {
		return
	}
	p.last = now
	if !p.Terminal {
		p.plain(p.parts(g, now, 0, 0))
		return
	}
	bar, spark := 20, 24
	switch room := p.Room(); {
	case room < 60:
		bar, spark = 0, 12
	case room < 110:
		bar, spark = 10, 12
	}
	p.Parts(p.parts(g, now, bar, spark))
}

// parts are what a line says, the most wanted first. bar and spark are lengths, 0
// for none.
func (p *Progress) parts(g agentloop.Progress, now time.Time, bar, spark int) (list []term.Cell) {
	add := func(s term.Style, format string, args ...any) {
		list = append(list, s.Cell(fmt.Sprintf(format, args...)))
	}
	spent := now.Sub(p.started)
	share := 0.0
	if span := p.To.Sub(p.From); span > 0 {
		share = min(1, max(0, float64(g.AsOf.Sub(p.From))/float64(span)))
		done := ""
		if bar > 0 {
			full := int(share * float64(bar))
			done = "[" + strings.Repeat("█", full) + strings.Repeat("░", bar-full) + "] "
		}
		add(term.Plain, "%s%3.0f %%", done, share*100)
	}
	add(term.Plain, "%s", g.AsOf.Format(time.DateOnly))
	if line := p.curve.Spark(spark); line != "" {
		add(term.Gain(g.Equity-p.start), "%s", line)
	}
	add(term.Plain, "equity %s", Money(g.Equity))
	if p.start > 0 {
		r := g.Equity/p.start - 1
		add(term.Gain(r), "%s", Percent(&r))
	}
	if share > 0 && share < 1 {
		left := float64(spent) * (1 - share) / share
		add(term.Plain, "%s left", time.Duration(left).Round(time.Second))
	}
	if g.Spent > 0 {
		add(term.Plain, "%v USD", g.Spent.Round(2))
	}
	if s := spent.Seconds(); s > 0 {
		add(term.Plain, "%.*f turns/s", slow(float64(g.Turns)/s), float64(g.Turns)/s)
	}
	if g.Cached > 0 {
		add(term.Plain, "%d cached", g.Cached)
	}
	return list
}

// slow is how many decimals a rate needs: a model may take seconds for a turn.
func slow(rate float64) int {
	if rate < 10 {
		return 1
	}
	return 0
}
