package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pitwall/agentloop"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// progress shows where a run stands on stderr: on a terminal a line that is drawn
// again and cleared at the end, else a plain line now and then. It is safe for
// concurrent use, and what is written through it stands above the line.
type progress struct {
	term.Screen
	now      func() time.Time
	from, to time.Time // the run's days
	start    float64   // equity that the run began with
	started  time.Time
	last     time.Time

	mu    sync.Mutex
	curve term.Curve
}

const (
	redraw    = 100 * time.Millisecond
	plainLine = 30 * time.Second
)

func newProgress(on term.Screen, now func() time.Time, cash float64) *progress {
	p := &progress{Screen: on, now: now, started: now(), start: cash}
	p.last = p.started
	return p
}

// show is called after each move of the clock.
func (p *progress) show(g agentloop.Progress) {
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
		var line []string
		for _, x := range p.parts(g, now, 0, 0) {
			line = append(line, x.Text)
		}
		fmt.Fprintln(p.Out, strings.TrimSpace(strings.Join(line, "  ")))
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
func (p *progress) parts(g agentloop.Progress, now time.Time, bar, spark int) (list []term.Cell) {
	add := func(s term.Style, format string, args ...any) {
		list = append(list, s.Cell(fmt.Sprintf(format, args...)))
	}
	spent := now.Sub(p.started)
	share := 0.0
	if span := p.to.Sub(p.from); span > 0 {
		share = min(1, max(0, float64(g.AsOf.Sub(p.from))/float64(span)))
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
	add(term.Plain, "equity %s", show.Money(g.Equity))
	if p.start > 0 {
		r := g.Equity/p.start - 1
		add(term.Gain(r), "%s", show.Percent(&r))
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

// Write writes other words of the run: the line makes room for them.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Clear()
	return p.Out.Write(b)
}

// done clears the line.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Clear()
}

// sayStop tells, at the first Ctrl-C, that a turn is being finished. The returned
// function ends the waiting for one.
func (a *app) sayStop() func() {
	done := make(chan struct{})
	go func() {
		select {
		case <-a.stop:
			fmt.Fprintln(a.errs(), "\nfinishing this turn; Ctrl-C again stops at once. What was answered is kept: the same command runs again, asks nothing twice and goes on from there")
		case <-done:
		}
	}()
	return func() { close(done) }
}

// errs is stderr, above a line that is drawn there.
func (a *app) errs() io.Writer {
	if a.beside != nil {
		return a.beside
	}
	return a.stderr
}
