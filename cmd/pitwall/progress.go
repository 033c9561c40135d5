package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"pitwall/agentloop"
)

// progress shows where a run stands on stderr: on a terminal a line that is drawn
// again and cleared at the end, else a plain line now and then. It is safe for
// concurrent use, and what is written through it stands above the line.
type progress struct {
	screen
	now      func() time.Time
	from, to time.Time
	start    float64 // equity that the run began with
	started  time.Time
	last     time.Time

	mu    sync.Mutex
	curve samples
}

const (
	redraw    = 100 * time.Millisecond
	plainLine = 30 * time.Second
)

func newProgress(on screen, now func() time.Time, cash float64) *progress {
	p := &progress{screen: on, now: now, started: now(), start: cash}
	p.last = p.started
	return p
}

// window says from when to when the run goes.
func (p *progress) window(from, to time.Time) { p.from, p.to = from, to }

// show is called after each move of the clock.
func (p *progress) show(g agentloop.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.curve.add(g.Equity)
	now, wait := p.now(), plainLine
	if p.terminal {
		wait = redraw
	}
	if now.Sub(p.last) < wait {
		return
	}
	p.last = now
	if !p.terminal {
		parts := p.parts(g, now, 0, 0)
		line := ""
		for _, x := range parts {
			line += "  " + x.text
		}
		fmt.Fprintln(p.out, strings.TrimSpace(line))
		return
	}
	p.fit(g, now)
}

// fit draws the line that fits into the window: less of the bar and of the curve, then no
// bar, then parts are dropped from the right.
func (p *progress) fit(g agentloop.Progress, now time.Time) {
	room := p.room()
	bar, spark := 20, 24
	switch {
	case room < 60:
		bar, spark = 0, 12
	case room < 110:
		bar, spark = 10, 12
	}
	line, length := "", 0
	for i, x := range p.parts(g, now, bar, spark) {
		n := utf8.RuneCountInString(x.text)
		if i > 0 {
			n += 2
		}
		if length+n > room {
			break
		}
		if i > 0 {
			line += "  "
		}
		if p.colour && x.style != plainText {
			x.text = "\x1b[" + string(x.style) + "m" + x.text + "\x1b[0m"
		}
		line, length = line+x.text, length+n
	}
	p.screen.draw(line, length)
}

// parts are what a line says, the most wanted first. bar and spark are lengths, 0
// for none.
func (p *progress) parts(g agentloop.Progress, now time.Time, bar, spark int) (list []cell) {
	add := func(s style, format string, args ...any) { list = append(list, cell{fmt.Sprintf(format, args...), s}) }
	spent := now.Sub(p.started)
	share := 0.0
	if span := p.to.Sub(p.from); span > 0 {
		share = min(1, max(0, float64(g.AsOf.Sub(p.from))/float64(span)))
		done := ""
		if bar > 0 {
			full := int(share * float64(bar))
			done = "[" + strings.Repeat("█", full) + strings.Repeat("░", bar-full) + "] "
		}
		add(plainText, "%s%3.0f %%", done, share*100)
	}
	add(plainText, "%s", g.AsOf.Format(time.DateOnly))
	if line := p.curve.spark(spark); line != "" {
		add(gain(g.Equity-p.start), "%s", line)
	}
	add(plainText, "equity %s", money(g.Equity))
	if p.start > 0 {
		r := g.Equity/p.start - 1
		add(gain(r), "%s", percent(&r))
	}
	if share > 0 && share < 1 {
		left := float64(spent) * (1 - share) / share
		add(plainText, "%s left", time.Duration(left).Round(time.Second))
	}
	if g.Spent > 0 {
		add(plainText, "%v USD", g.Spent.Round(2))
	}
	if s := spent.Seconds(); s > 0 {
		add(plainText, "%.*f turns/s", slow(float64(g.Turns)/s), float64(g.Turns)/s)
	}
	if g.Cached > 0 {
		add(plainText, "%d cached", g.Cached)
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

// gain is the colour of a gain or a loss.
func gain(f float64) style {
	switch {
	case f > 0:
		return green
	case f < 0:
		return red
	}
	return plainText
}

// Write writes other words of the run: the line makes room for them.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.out.Write(b)
}

// done clears the line.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// samples keeps a curve in little space: when it is full, every other value goes
// and fewer are taken from then on.
type samples struct {
	list       []float64
	every, due int
	last       float64
}

const mostSamples = 96

func (s *samples) add(f float64) {
	s.last = f
	if s.due > 0 {
		s.due--
		return
	}
	if len(s.list) == mostSamples {
		for i := range mostSamples / 2 {
			s.list[i] = s.list[2*i]
		}
		s.list, s.every = s.list[:mostSamples/2], 2*s.every+1
	}
	s.list, s.due = append(s.list, f), s.every
}

// spark draws the whole curve in n characters of 8 levels, from its lowest to its
// highest value; it ends with the last one.
func (s *samples) spark(n int) string {
	if n < 2 || len(s.list) < 2 {
		return ""
	}
	n = min(n, len(s.list))
	shown := make([]float64, n)
	for i := range shown {
		shown[i] = s.list[i*(len(s.list)-1)/(n-1)]
	}
	shown[n-1] = s.last
	low, high := math.Inf(1), math.Inf(-1)
	for _, f := range shown {
		low, high = min(low, f), max(high, f)
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	line := make([]rune, n)
	for i, f := range shown {
		line[i] = levels[0]
		if high > low {
			line[i] = levels[int(math.Round((f-low)/(high-low)*float64(len(levels)-1)))]
		}
	}
	return string(line)
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
