package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"pitwall/agentloop"
)

// progress shows where a run stands on stderr: a bar when it is a terminal,
// else a plain line every few seconds.
type progress struct {
	out      *os.File
	now      func() time.Time
	terminal bool
	from, to time.Time
	started  time.Time
	last     time.Time
	shown    bool
}

const (
	redraw    = 100 * time.Millisecond
	plainLine = 5 * time.Second
	barWidth  = 28
)

func (a *app) newProgress(s *strategy) *progress {
	p := &progress{out: a.stderr, now: a.now, terminal: term.IsTerminal(int(a.stderr.Fd())), started: a.now()}
	p.last = p.started
	p.from, _ = time.Parse(time.DateOnly, s.From) // empty: the bar goes without a share
	p.to, _ = time.Parse(time.DateOnly, s.To)
	return p
}

// show is called after each move of the clock.
func (p *progress) show(g agentloop.Progress) {
	now := p.now()
	wait := plainLine
	if p.terminal {
		wait = redraw
	}
	if now.Sub(p.last) < wait {
		return
	}
	p.last = now
	rate := float64(g.Turns) / now.Sub(p.started).Seconds()
	line := fmt.Sprintf("%s  equity %s  %.0f turns/s", g.AsOf.Format(time.DateOnly), money(g.Equity), rate)
	if g.Spent > 0 {
		line += fmt.Sprintf("  %v USD", g.Spent.Round(2))
	}
	if g.Cached > 0 {
		line += fmt.Sprintf("  %d cached", g.Cached)
	}
	share := 0.0
	if span := p.to.Sub(p.from); span > 0 {
		share = min(1, max(0, float64(g.AsOf.Sub(p.from))/float64(span)))
	}
	if share > 0 {
		left := time.Duration(float64(now.Sub(p.started)) * (1 - share) / share)
		line += fmt.Sprintf("  %s left", left.Round(time.Second))
	}
	if !p.terminal {
		fmt.Fprintf(p.out, "%3.0f %%  %s\n", share*100, line)
		return
	}
	full := int(share * barWidth)
	fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %3.0f %%  %s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), share*100, line)
	p.shown = true
}

// done clears the bar.
func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// money writes 123456.7 as 123,457.
func money(f float64) string {
	s := fmt.Sprintf("%.0f", f)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		return "-" + s
	}
	return s
}

// sayStop tells, at the first Ctrl-C, that a turn is being finished. The returned
// function ends the waiting for one.
func (a *app) sayStop() func() {
	done := make(chan struct{})
	go func() {
		select {
		case <-a.stop:
			fmt.Fprintln(a.stderr, "\nfinishing this turn; Ctrl-C again stops at once. What was answered is kept: the same command goes on from there")
		case <-done:
		}
	}()
	return func() { close(done) }
}
