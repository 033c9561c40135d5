package show

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall/agentloop/sweep"
	"pitwall/cmd/pitwall/term"
)

// Sweep shows where a sweep stands.
type Sweep struct {
	line
	started time.Time
	made    int // runs of this start
	best    *sweep.Row
}

// NewSweep returns the line of a sweep that begins.
func NewSweep(on term.Screen, now func() time.Time) *Sweep {
	at := now()
	return &Sweep{line: line{Screen: on, now: now, last: at}, started: at}
}

// Show is called after each run.
func (s *Sweep) Show(done, all int, r sweep.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.Reused() {
		s.made++
	}
	if r.Error == "" && (s.best == nil || better(r, *s.best)) {
		s.best = &r
	}
	now, wait := s.now(), plainLine
	if s.Terminal {
		wait = redraw
	}
	if now.Sub(s.last) < wait {
		return
	}
	s.last = now
	parts := []term.Cell{{Text: fmt.Sprintf("%d of %d runs", done, all)}}
	if s.best != nil {
		parts = append(parts, term.Cell{Text: "best so far " + s.best.Name + ", Sharpe " + ratio(s.best.Sharpe)})
	}
	if s.made > 0 && done < all {
		left := now.Sub(s.started) / time.Duration(s.made) * time.Duration(all-done)
		parts = append(parts, term.Dim.Cell("about "+left.Round(time.Second).String()+" left"))
	}
	if s.Terminal {
		s.Parts(parts)
		return
	}
	s.plain(parts)
}

// better orders runs as the judge does: by Sharpe ratio, none as 0.
func better(a, b sweep.Row) bool { return orZero(a.Sharpe) > orZero(b.Sharpe) }

func orZero(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

func ratio(f *float64) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *f)
}

// mostRows is how many runs of a sweep are listed.
const mostRows = 20

// SweepResult prints a sweep: the verdict, what it rests on, and the best runs.
func SweepResult(p *term.Pen, r *sweep.Result) {
	j := r.Judge
	p.Prose(0, term.Bold, j.Verdict)
	p.Line(term.Plain, "")
	p.Field("trials", "%d, %d of them with returns of their own, over %d days", j.N, j.Distinct, j.Days)
	p.Field("Sharpe", "%s of %s; %s expected of the best of as many without skill", ratio(j.Sharpe), term.OneLine(j.Best), ratio(j.Expected))
	p.Field("deflated", "%s: the probability that its true ratio is above 0 (0.95 or more)", ratio(j.Deflated))
	p.Field("overfit", "%s: how often the best of half the days is below the median in", ratio(j.Overfit))
	p.Field("", "the other half (below 0.5)")
	p.Field("p-value", "%s against cash, %s against buying and holding (White's %s)", ratio(j.Cash), ratio(j.Hold), ratio(j.Reality))
	p.Field("", "(0.05 or less)")
	for _, why := range j.Why {
		p.Note("  note: ", why)
	}
	rows := slices.DeleteFunc(slices.Clone(r.Rows), func(x sweep.Row) bool { return x.Error != "" })
	slices.SortStableFunc(rows, func(a, b sweep.Row) int {
		switch {
		case better(a, b):
			return -1
		case better(b, a):
			return 1
		}
		return 0
	})
	t := term.Table{Columns: []term.Column{{Name: "run", Wide: true}, {Name: "Sharpe", Right: true}, {Name: "return", Right: true}, {Name: "drawdown", Right: true}, {Name: "fills", Right: true}, {Name: "USD", Right: true}}}
	for _, x := range rows[:min(len(rows), mostRows)] {
		usd := "?"
		if x.USD != nil {
			usd = x.USD.Round(2).String()
		}
		t.Rows = append(t.Rows, []term.Cell{term.Bold.Cell(term.OneLine(x.Name)), {Text: ratio(x.Sharpe)}, signedCell(&x.Return), signedCell(&x.Drawdown), {Text: fmt.Sprint(x.Fills)}, {Text: usd}})
	}
	p.Line(term.Plain, "")
	t.Fit(p.Width)
	p.Table(t)
	if len(rows) > mostRows {
		p.Line(term.Dim, "  and %d more: %s", len(rows)-mostRows, sweep.File)
	}
	for _, x := range r.Rows {
		if x.Error != "" && !x.Waits() {
			first, _, _ := strings.Cut(x.Error, "\n")
			p.Item(term.Red, "  "+term.OneLine(x.Name)+": ", 4, first)
		}
	}
	if !r.Complete {
		p.Line(term.Yellow, "Stopped: the same command with --out %s runs what is missing.", r.Dir)
	}
	p.Line(term.Plain, "")
	p.Line(term.Plain, "Runs: %s (%s; each run is a folder: pitwall report %s/RUN)", r.Dir, sweep.File, r.Dir)
}
