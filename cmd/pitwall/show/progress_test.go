package show

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cmd/pitwall/term"
)

// fakeTerminal keeps what a window of some width shows. It knows returns, line
// breaks and colours, and nothing else.
type fakeTerminal struct {
	t      require.TestingT
	width  int
	rows   [][]rune
	col    int
	raw    bytes.Buffer
	widest int
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func (f *fakeTerminal) Write(b []byte) (int, error) {
	f.raw.Write(b)
	if f.rows == nil {
		f.rows = [][]rune{nil}
	}
	for _, r := range colours.ReplaceAllString(string(b), "") {
		last := len(f.rows) - 1
		switch {
		case r == '\r':
			f.col = 0
		case r == '\n':
			f.rows, f.col = append(f.rows, nil), 0
		case r < ' ':
			require.Failf(f.t, "control", "%U", r)
		default:
			for len(f.rows[last]) <= f.col {
				f.rows[last] = append(f.rows[last], ' ')
			}
			f.rows[last][f.col] = r
			f.col++
			f.widest = max(f.widest, f.col)
		}
	}
	return len(b), nil
}

// lines are what the window shows.
func (f *fakeTerminal) lines() (list []string) {
	for _, r := range f.rows {
		list = append(list, strings.TrimRight(string(r), " "))
	}
	return list
}

// fakeRun is a progress of a run of 100 days, which started at equity 1000.
type fakeRun struct {
	*Progress
	clock time.Time
	shows *fakeTerminal
}

func newFakeRun(t require.TestingT, width int, terminal, colour bool) *fakeRun {
	r := &fakeRun{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), shows: &fakeTerminal{t: t, width: width}}
	cash := pitwall.Int(1000)
	on := term.Screen{Out: r.shows, Terminal: terminal, Colour: colour, Width: func() int { return r.shows.width }}
	r.Progress = NewProgress(on, func() time.Time { return r.clock }, cash.Float())
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	r.From, r.To = from, from.AddDate(0, 0, 100)
	return r
}

// day shows that so many days are over, after some host time.
func (r *fakeRun) day(n int, equity float64, wait time.Duration) {
	r.clock = r.clock.Add(wait)
	r.Show(agentloop.Progress{AsOf: r.From.AddDate(0, 0, n), Equity: equity, Bars: n, Turns: n, Spent: pitwall.Int(int64(n)) / 50, Cached: n / 2})
}

func TestProgressLines(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{200, "[█████████████░░░░░░░]  65 %  2024-03-06  ▁▁▂▂▂▂▃▃▃▄▄▄▅▅▅▅▆▆▆▇▇▇██  equity 1,065  +6.5 %  4s left  1.3 USD  10 turns/s  32 cached"},
		{110, "[██████░░░░]  65 %  2024-03-06  ▁▂▂▃▄▄▅▅▆▇▇█  equity 1,065  +6.5 %  4s left  1.3 USD  10 turns/s  32 cached"},
		{80, "[██████░░░░]  65 %  2024-03-06  ▁▂▂▃▄▄▅▅▆▇▇█  equity 1,065  +6.5 %  4s left"},
		{60, " 65 %  2024-03-06  ▁▂▂▃▄▄▅▅▆▇▇█  equity 1,065  +6.5 %"},
		{40, " 65 %  2024-03-06  ▁▂▂▃▄▄▅▅▆▇▇█"},
		{20, " 65 %  2024-03-06"},
		{8, " 65 %"},
		{3, ""},
	} {
		r := newFakeRun(t, c.width, true, false)
		for n := 1; n <= 65; n++ {
			r.day(n, 1000+float64(n), redraw)
		}
		require.Equal(t, []string{c.want}, r.shows.lines(), "width %d", c.width)
		require.Less(t, r.shows.widest, max(c.width, 2), "the last column stays free")
		require.NotContains(t, r.shows.raw.String(), "\x1b", "no colour, no escape code")
		r.Done()
		require.Equal(t, []string{""}, r.shows.lines(), "it clears itself")
	}
}

func TestProgressColours(t *testing.T) {
	r := newFakeRun(t, 120, true, true)
	r.day(1, 1000, redraw)
	require.NotContains(t, r.shows.raw.String(), "\x1b", "neither gain nor loss")
	r.day(2, 990, redraw)
	require.Contains(t, r.shows.raw.String(), "\x1b[31m-1.0 %\x1b[0m")
	require.NotContains(t, r.shows.raw.String(), "\x1b[32m")
	r.day(3, 1020, redraw)
	require.Contains(t, r.shows.raw.String(), "\x1b[32m+2.0 %\x1b[0m")
	require.Contains(t, r.shows.raw.String(), "\x1b[32m▃▁█\x1b[0m")
}

// At most ten lines a second, whatever moves; the curve misses nothing.
func TestProgressIsDrawnTenTimesASecond(t *testing.T) {
	r := newFakeRun(t, 120, true, false)
	for n := range 1000 {
		r.day(n/10, 1000, time.Millisecond)
	}
	require.Equal(t, 10, strings.Count(r.shows.raw.String(), "\r"))
}

func TestProgressPiped(t *testing.T) {
	r := newFakeRun(t, 0, false, false)
	for n := 1; n <= 61; n++ {
		r.day(n, 1000-float64(n), time.Second)
	}
	r.Done()
	require.Equal(t, "30 %  2024-01-31  equity 970  -3.0 %  1m10s left  0.6 USD  1.0 turns/s  15 cached\n"+
		"60 %  2024-03-01  equity 940  -6.0 %  40s left  1.2 USD  1.0 turns/s  30 cached\n", r.shows.raw.String())
	short := newFakeRun(t, 0, false, false)
	short.day(1, 1000, 29*time.Second)
	short.Done()
	require.Empty(t, short.shows.raw.String(), "a short run is quiet")
}

// A note of the run stands on a line of its own; the bar comes back below it. A ^C
// that the terminal echoes behind the bar goes with it.
func TestProgressMakesRoom(t *testing.T) {
	r := newFakeRun(t, 80, true, false)
	r.day(5, 1000, redraw)
	_, err := r.shows.Write([]byte("^C"))
	require.NoError(t, err)
	_, err = r.Write([]byte("note: x\n"))
	require.NoError(t, err)
	r.day(6, 1000, redraw)
	lines := r.shows.lines()
	require.Len(t, lines, 2)
	require.Equal(t, "note: x", lines[0])
	require.Contains(t, lines[1], "2024-01-07")
}

// Whatever a run does and however the window changes, a line fits and nothing of an
// older one is left behind it.
func TestProgressFitsAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newFakeRun(t, 80, true, rapid.Bool().Draw(t, "colour"))
		for i := range rapid.IntRange(1, 30).Draw(t, "moves") {
			r.shows.width = rapid.IntRange(1, 200).Draw(t, "width")
			r.shows.widest = 0
			equity := rapid.OneOf(rapid.Float64Range(-1e12, 1e12), rapid.SampledFrom([]float64{0, 1000, math.MaxFloat64, 5e-324})).Draw(t, "equity")
			r.day(rapid.IntRange(-10, 200).Draw(t, "day"), equity, time.Duration(i+1)*time.Second)
			require.Less(t, r.shows.widest, max(r.shows.width, 2))
		}
		r.shows.width = 200
		r.day(50, 1000, time.Second)
		fresh := newFakeRun(t, 200, true, false)
		fresh.started, fresh.curve, fresh.clock = r.started, r.curve, r.clock.Add(-time.Second)
		fresh.last = fresh.clock.Add(-time.Second)
		want := fresh.parts(agentloop.Progress{AsOf: r.From.AddDate(0, 0, 50), Equity: 1000, Turns: 50, Spent: pitwall.One, Cached: 25}, r.clock, 20, 24)
		text := []string{}
		for _, x := range want {
			text = append(text, x.Text)
		}
		require.Equal(t, strings.Join(text, "  "), r.shows.lines()[0])
	})
}
