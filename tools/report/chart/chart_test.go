package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/tools/report"
)

func everyStep(n int, step time.Duration) []time.Time {
	list := make([]time.Time, n)
	for i := range list {
		list[i] = time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC).Add(time.Duration(i) * step)
	}
	return list
}

func wave(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.Sin(float64(i)/7) + float64(i%13)/10
	}
	return list
}

func oneLine(n int, step time.Duration) Chart {
	return Chart{Zone: time.UTC, Summary: "a wave", Panels: []Panel{{Share: 1, Labels: true, Tick: number, Value: func(v float64) string { return number(v, 2) },
		Lines: []Line{{Name: "wave", Class: "c0", At: everyStep(n, step), Value: wave(n)}}}}}
}

func TestSizeOfManyPoints(t *testing.T) {
	few, many := SVG(oneLine(1000, time.Hour), Wide(300)), SVG(oneLine(100000, time.Minute), Wide(300))
	t.Logf("10^5 points: %d bytes", len(many))
	require.Less(t, len(many), 30000)
	require.Greater(t, len(few), 4000)
	require.Equal(t, many, SVG(oneLine(100000, time.Minute), Wide(300)), "same chart, same bytes")
}

// What is drawn is XML without styles, scripts or numbers of many digits.
func TestWellFormed(t *testing.T) {
	c := oneLine(300, 24*time.Hour)
	evil := `"><script>x</script>]]>'&`
	c.Summary, c.Panels[0].Lines[0].Name = evil, evil
	c.Panels[0].Marks = []Mark{{At: c.Panels[0].Lines[0].At[9], Value: 1, Up: true, Link: `#turn-1"onclick="x`, Title: evil}, {At: c.Panels[0].Lines[0].At[50], Value: 0, Title: "sold"}}
	for _, size := range []Size{Wide(300), Half(200), Narrow(200)} {
		svg := SVG(c, size)
		d := xml.NewDecoder(strings.NewReader(svg))
		elements := map[string]int{}
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			if e, is := token.(xml.StartElement); is {
				elements[e.Name.Local]++
				for _, a := range e.Attr {
					require.Contains(t, []string{"class", "role", "aria-label", "viewBox", "d", "x", "y", "text-anchor", "href", "tabindex"}, a.Name.Local)
				}
			}
		}
		require.Zero(t, elements["script"])
		require.Equal(t, 1, elements["a"], "the second mark leads nowhere")
		require.NotRegexp(t, regexp.MustCompile(`\d\.\d\d`), regexp.MustCompile(` d="[^"]*"`).FindString(svg), "tenths of a pixel")
		require.Contains(t, svg, `role="group"`)
	}
}

func TestEmpty(t *testing.T) {
	require.True(t, Chart{}.Empty())
	require.Empty(t, SVG(oneLine(0, time.Hour), Wide(200)))
	require.True(t, Equity(&report.Sheet{}).Empty())
	c, window := Rolling(&report.Sheet{})
	require.True(t, c.Empty())
	require.Zero(t, window)
	one := SVG(oneLine(1, time.Hour), Wide(200))
	require.Contains(t, one, "dot", "a single point is a dot")
	require.NotContains(t, one, "NaN")
}

// Thinning loses no extreme, keeps the order and the ends, and adds no point.
func TestThin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 400).Draw(t, "values")
		columns := rapid.IntRange(1, 50).Draw(t, "columns")
		l := Line{At: everyStep(len(values), time.Hour), Value: values}
		from, to := seconds(l.At[0]), seconds(l.At[len(values)-1])+1
		parts := thin(l, from, to, columns)
		require.Len(t, parts, 1)
		got := parts[0]
		require.Equal(t, plotter.XY{X: from, Y: values[0]}, got[0])
		require.Equal(t, plotter.XY{X: to - 1, Y: values[len(values)-1]}, got[len(got)-1])
		require.LessOrEqual(t, len(got), min(len(values), 2*columns+4))
		known := map[plotter.XY]bool{}
		low, high := math.Inf(1), math.Inf(-1)
		for i, v := range values {
			known[plotter.XY{X: seconds(l.At[i]), Y: v}] = true
			low, high = min(low, v), max(high, v)
		}
		gotLow, gotHigh := math.Inf(1), math.Inf(-1)
		for i, p := range got {
			require.True(t, known[p])
			require.True(t, i == 0 || got[i-1].X < p.X, "in order")
			gotLow, gotHigh = min(gotLow, p.Y), max(gotHigh, p.Y)
		}
		require.Equal(t, []float64{low, high}, []float64{gotLow, gotHigh})
	})
}

func TestGapsBreakLines(t *testing.T) {
	l := Line{At: everyStep(40, 24*time.Hour), Value: wave(40)}
	for i := 20; i < 40; i++ {
		l.At[i] = l.At[i].AddDate(1, 0, 0)
	}
	require.Len(t, thin(l, seconds(l.At[0]), seconds(l.At[39]), 1000), 2)
	c := Chart{Panels: []Panel{{Lines: []Line{l}}}}
	require.Equal(t, []string{"no data from 2024-01-21 to 2025-01-22"}, c.Gaps())
	month := Line{At: everyStep(40, 30*24*time.Hour), Value: wave(40)}
	require.Len(t, thin(month, seconds(month.At[0]), seconds(month.At[39]), 1000), 1, "monthly bars have no gaps")
	// A gap after the first point is one too.
	first := Line{At: everyStep(5, 24*time.Hour), Value: wave(5)}
	first.At[0] = first.At[0].AddDate(-1, 0, 0)
	require.Len(t, thin(first, seconds(first.At[0]), seconds(first.At[4]), 100), 2)
	l.Value[5] = math.NaN()
	for _, part := range thin(l, seconds(l.At[0]), seconds(l.At[39]), 1000) {
		for _, p := range part {
			require.False(t, math.IsNaN(p.Y))
		}
	}
}

func TestDates(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		require.NoError(t, err)
		return x
	}
	for _, c := range []struct {
		from, to string
		n        int
		want     string
	}{
		{"2013-05-13 16:00", "2018-05-09 16:00", 8, "2014, 2015, 2016, 2017, 2018"},
		{"2024-01-01 16:00", "2024-10-04 16:00", 3, "Apr 2024, Jul, Oct"},
		{"2023-11-15 16:00", "2024-02-20 16:00", 5, "Dec 2023, 2024, Feb"},
		{"2024-03-01 16:00", "2024-03-29 16:00", 6, "6 Mar 2024, 11 Mar, 16 Mar, 21 Mar, 26 Mar"},
		{"2024-03-08 09:30", "2024-03-12 16:00", 6, "9 Mar 2024, 10 Mar, 11 Mar, 12 Mar"},
		{"2024-03-08 09:30", "2024-03-08 16:00", 8, "8 Mar 10:00, 11:00, 12:00, 13:00, 14:00, 15:00, 16:00"},
		{"2024-03-09 20:00", "2024-03-10 06:00", 6, "9 Mar 20:00, 22:00, 10 Mar 00:00, 03:00, 05:00"}, // a day of 23 hours
		{"1970-01-02 00:00", "2024-01-02 00:00", 6, "1980, 1990, 2000, 2010, 2020"},
	} {
		var labels []string
		for _, x := range (dateTicks{n: c.n, zone: zone}).Ticks(seconds(at(c.from)), seconds(at(c.to))) {
			labels = append(labels, x.Label)
		}
		require.Equal(t, c.want, strings.Join(labels, ", "), c.from)
	}
}

func TestNumbers(t *testing.T) {
	label := func(low, high float64, n int, f func(float64, int) string) string {
		var labels []string
		for _, x := range (numberTicks{n, f}).Ticks(low, high) {
			labels = append(labels, x.Label)
		}
		return strings.ReplaceAll(strings.Join(labels, "|"), "\u00a0", " ")
	}
	require.Equal(t, "\u221250 %|0 %|+50 %|+100 %", label(-0.6, 1.2, 5, percentTick))
	require.Equal(t, "0.0 %|+0.5 %|+1.0 %", label(0, 0.011, 3, percentTick))
	require.Equal(t, "110.0|110.5|111.0", label(109.8, 111.2, 4, number))
	require.Equal(t, "0|20000|40000", label(0, 50000, 3, number))
	require.Equal(t, "2|4", label(0.5, 4.7, 2, number), "no multiple of 5 is inside")
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e6, 1e6).Draw(t, "low")
		span := math.Pow(10, rapid.Float64Range(-4, 6).Draw(t, "span"))
		n := rapid.IntRange(2, 12).Draw(t, "n")
		ticks := (numberTicks{n, number}).Ticks(low, low+span)
		require.LessOrEqual(t, len(ticks), n+1)
		require.NotEmpty(t, ticks)
		seen := map[string]bool{}
		for _, x := range ticks {
			require.False(t, seen[x.Label], "two ticks say %s", x.Label)
			seen[x.Label] = true
		}
	})
}

// Fills of one side that lie on each other become one mark.
func TestMarksMerge(t *testing.T) {
	c := oneLine(500, 24*time.Hour)
	for i := range 2000 {
		at := c.Panels[0].Lines[0].At[i%500]
		c.Panels[0].Marks = append(c.Panels[0].Marks, Mark{At: at, Value: 1, Up: i%2 == 0, Link: fmt.Sprintf("#turn-%d", i), Title: "a fill"})
	}
	svg := SVG(c, Narrow(200))
	require.Less(t, strings.Count(svg, "<a "), 130)
	require.Greater(t, strings.Count(svg, "<a "), 60)
	require.Contains(t, svg, "fills, the first: a fill")
}

// A chart of any prices ends, tells them apart and shows none below zero.
func TestPricesOfAnySize(t *testing.T) {
	at := everyStep(3, 24*time.Hour)
	for _, c := range []struct{ prices, want, not string }{
		{"0.00000123 0.00000124 0.00000120", "first 0.00000123, last 0.00000120", ">0.0000<"},
		{"0.00000123 0.00000123 0.00000123", "last 0.00000123", "\u2212"},
		{"90000000000.00000001 90000000000.00000002 90000000000", "last 90000000000.00", "NaN"}, // as near as floats can be
		{"50000000.00000001 50000000.00000002 50000000.00000003", "last 50000000.00", "NaN"},
		{"0.5 0.25 0.75", "last 0.7500", "NaN"},
		{"99.5 101 100", "last 100.00", "NaN"},
	} {
		bars := &pitwall.Series{Instrument: pitwall.Instrument{Zone: time.UTC}}
		for i, s := range strings.Fields(c.prices) {
			d, err := pitwall.ParseDec(s)
			require.NoError(t, err)
			_ = bars.Append(pitwall.Bar{End: at[i], Close: d}) // half a bar
		}
		svg := SVG(Price("X", bars, at[0], at[2], nil), Half(210))
		require.Contains(t, svg, c.want)
		require.NotContains(t, svg, c.not)
	}
}

// A day that ends at midnight has its own date, as in the tables.
func TestMidnightEndsTheDayBefore(t *testing.T) {
	bars := &pitwall.Series{Instrument: pitwall.Instrument{Zone: time.UTC}}
	for i := range 40 {
		end := time.Date(2024, 1, 2+i, 0, 0, 0, 0, time.UTC)
		if i >= 20 {
			end = end.AddDate(1, 0, 0)
		}
		_ = bars.Append(pitwall.Bar{End: end, Close: pitwall.Int(int64(100 + i))}) // half a bar
	}
	c := Price("X", bars, bars.Bar(0).End, bars.Bar(39).End, nil)
	require.Contains(t, c.Summary, "from 2024-01-01 to 2025-02-09,")
	require.Equal(t, []string{"no data from 2024-01-20 to 2025-01-21"}, c.Gaps())
}

func TestChance(t *testing.T) {
	for v, want := range map[float64]string{0: "0 %", 0.001: "under 1 %", 0.29: "29 %", 0.57: "57 %", 0.9496: "94 %", 0.95: "95 %", 0.9996: "99 %", 1: "100 %"} {
		require.Equal(t, want, strings.ReplaceAll(Chance(v), "\u00a0", " "))
	}
}
