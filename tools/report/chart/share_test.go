package chart

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/tools/report"
)

func ptr(v float64) *float64 { return &v }

// example is a sheet with n points, one a step, of a walk.
func example(n int, step time.Duration) *report.Sheet {
	r := rand.New(rand.NewPCG(7, 1))
	s := &report.Sheet{Run: report.Header{Name: "Momentum with a stop", Model: "anthropic/claude-sonnet-5", Symbols: []string{"AAPL", "MSFT", "NVDA", "AMZN", "JPM", "UNH", "V"}, Benchmark: "SPY",
		From: "2025-03-03", To: "2025-06-30", Cash: pitwall.Int(100000), Attempt: 3, Status: "incomplete", Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", Pitwall: "0.6.0"}}
	zone := time.FixedZone("EST", -5*3600)
	at := time.Date(2025, 3, 3, 16, 0, 0, 0, zone)
	equity, bench, peak, fall := 100000.0, 500.0, 100000.0, 0.0
	scale := math.Sqrt(step.Hours() / 24)
	for range n {
		equity *= 1 + scale*(0.0012+0.011*r.NormFloat64())
		bench *= 1 + scale*(0.0004+0.009*r.NormFloat64())
		peak = max(peak, equity)
		fall = min(fall, equity/peak-1)
		s.Curve = append(s.Curve, report.Point{At: at, Equity: equity, Benchmark: bench, Hold: bench})
		at = at.Add(step)
	}
	s.Strategy = report.Stats{TotalReturn: ptr(equity/100000 - 1), MaxDrawdown: ptr(fall), Sharpe: ptr(1.42), Days: n}
	s.Benchmark = &report.Stats{TotalReturn: ptr(bench/500 - 1), MaxDrawdown: ptr(-0.0812)}
	s.Luck.Random = &report.Random{Traders: 1000, Low: -0.061, Median: 0.012, High: 0.094, Beaten: 0.87, Telling: true}
	return s
}

func picture(t testing.TB, s *report.Sheet) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Share(&b, s))
	img, err := png.Decode(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	require.Equal(t, Width, img.Bounds().Dx())
	require.Equal(t, Height, img.Bounds().Dy())
	return b.Bytes()
}

func sheets() map[string]*report.Sheet {
	list := map[string]*report.Sheet{}
	list["usual"] = example(83, 24*time.Hour)
	list["hours"] = example(30, time.Hour)
	list["minutes"] = example(20000, time.Minute)
	list["years"] = example(2500, 24*time.Hour)
	x := example(83, 24*time.Hour)
	x.Luck.Random, x.Run.Status, x.Run.Attempt = nil, "complete", 1
	list["plain"] = x
	x = example(83, 24*time.Hour)
	x.Benchmark, x.BuyHold = nil, x.Benchmark
	list["hold"] = x
	x = example(0, time.Hour)
	x.Strategy, x.Benchmark, x.Luck.Random = report.Stats{}, nil, nil
	list["none"] = x
	x = example(1, time.Hour)
	x.Luck.Random = nil
	list["one"] = x
	x = example(40, 24*time.Hour)
	x.Benchmark, x.Luck.Random = nil, nil
	x.Strategy.TotalReturn, x.Strategy.MaxDrawdown = ptr(0), ptr(0)
	for i := range x.Curve {
		x.Curve[i].Equity = 100000
	}
	list["constant"] = x
	x = example(40, 24*time.Hour)
	x.Strategy.TotalReturn, x.Strategy.MaxDrawdown = ptr(-1), ptr(-1)
	for i := range x.Curve {
		x.Curve[i].Equity = max(0, 100000-3500*float64(i))
	}
	list["loss"] = x
	x = example(40, 24*time.Hour)
	x.Run.Name = "\x1b[31mZürich Ωmega Стратегия 株式 \u202eevil\u202c <script>]]>" + strings.Repeat("W", 500)
	x.Run.Model, x.Run.Benchmark = strings.Repeat("modél\x00\n", 80), "ÜBER-LÖNG-BENCHMARK-NÄME"
	x.Run.Symbols = []string{"<b>", "]]>", "\x1b[2J", "日経", "E"}
	x.Curve[3].Equity, x.Curve[5].Benchmark = math.NaN(), math.Inf(1)
	list["hostile"] = x
	return list
}

// With PITWALL_PICTURES=folder the pictures are kept for looking at.
func TestShare(t *testing.T) {
	for name, s := range sheets() {
		t.Run(name, func(t *testing.T) {
			b := picture(t, s)
			require.Less(t, len(b), 80_000)
			t.Logf("%d bytes", len(b))
			if dir := os.Getenv("PITWALL_PICTURES"); dir != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), b, 0o644))
			}
		})
	}
}

// colours counts the pixels of a colour inside of a part of the picture.
func colours(t testing.TB, b []byte, c color.NRGBA, x0, y0, x1, y1 int) (n int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			if uint8(r>>8) == c.R && uint8(g>>8) == c.G && uint8(bl>>8) == c.B {
				n++
			}
		}
	}
	return n
}

func TestSameSheetSameBytes(t *testing.T) {
	s := example(3000, 24*time.Hour)
	want := picture(t, s)
	t.Setenv("LANG", "de_DE.UTF-8")
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("elsewhere", 9*3600)
	require.True(t, bytes.Equal(want, picture(t, s)))
	s.Curve[1500].Equity *= 1.5
	require.False(t, bytes.Equal(want, picture(t, s)), "the curve is in the picture")
}

// The line is where the figures say: a loss ends at the bottom, a gain at the top,
// and both colours of the figures follow.
func TestTheLineFollowsTheFigures(t *testing.T) {
	b := picture(t, sheets()["loss"])
	require.Positive(t, colours(t, b, red, left, 150, left+360, 210), "a loss is red")
	require.Zero(t, colours(t, b, green, 0, 0, Width, Height))
	require.Positive(t, colours(t, b, blue, plotRight-20, plotBottom-40, plotRight+6, plotBottom))
	require.Zero(t, colours(t, b, blue, plotRight-20, plotTop, plotRight+6, plotBottom-40))
	b = picture(t, sheets()["usual"])
	require.Positive(t, colours(t, b, green, left, 150, left+360, 210), "a gain is green")
	require.Positive(t, colours(t, b, grey, plotLeft, plotTop, plotRight, plotBottom), "the benchmark has a line")
	require.Positive(t, colours(t, b, amber, right-200, 40, right, 80), "an incomplete run says so")
	b = picture(t, sheets()["plain"])
	require.Zero(t, colours(t, b, amber, 0, 0, Width, Height), "nothing to warn of, no random floor")
	require.Zero(t, colours(t, picture(t, sheets()["none"]), blue, 0, 10, Width, Height), "no points, no line")
}

// No peak is lost when thousands of points share a column.
func TestThinning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5000).Draw(t, "points")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		c := curve{}
		at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for range n {
			c.add(at, r.NormFloat64())
			at = at.Add(time.Duration(r.IntN(1e9)+1) * time.Second)
		}
		f := fit(c, nil, nil)
		out := f.pixels(c)
		require.LessOrEqual(t, len(out), 4*(plotRight-plotLeft+1))
		low, high := math.Inf(1), math.Inf(-1)
		for i, q := range out {
			low, high = min(low, q.y), max(high, q.y)
			require.True(t, i == 0 || out[i-1].x <= q.x, "points stay in order")
			require.True(t, q.x >= plotLeft-0.01 && q.x <= plotRight+0.01 && q.y >= plotTop-0.01 && q.y <= plotBottom+0.01, "inside of the frame")
		}
		require.InDelta(t, f.y(slices.Max(c.value)), low, 1e-9)
		require.InDelta(t, f.y(slices.Min(c.value)), high, 1e-9)
		require.Equal(t, xy{f.x(c.at[0]), f.y(c.value[0])}, out[0])
		require.Equal(t, xy{f.x(c.at[n-1]), f.y(c.value[n-1])}, out[len(out)-1])
	})
}

func TestNames(t *testing.T) {
	p := newPainter()
	require.Equal(t, "[31mRed ab ?? <b> ]]>", p.clean("\x1b[31mRed\x00 a\u202eb \u682a\u5f0f\n<b>\t]]>"))
	long := p.clean(strings.Repeat("W", 5000))
	require.Len(t, long, 300)
	cut := p.cut(long, 200, 20, bold)
	require.LessOrEqual(t, p.width(cut, 20, bold), 200.0)
	require.True(t, strings.HasSuffix(cut, "W…"))
	require.Equal(t, "short", p.cut("short", 200, 20, bold))
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00 %", 0.1234: "+12.34 %", -0.1234: "−12.34 %", -0.00001: "0.00 %", 1: "+100.0 %", 0.99994: "+99.99 %", 0.999996: "+100.0 %", 9.9999: "+1,000 %", 1234.5: "+123,450 %", -1: "−100.0 %", 1e9: "+1.0e+11 %"} {
		require.Equal(t, want, percent(&v))
	}
	nan := math.NaN()
	require.Equal(t, "–", percent(nil))
	require.Equal(t, "–", percent(&nan))
	require.Equal(t, "−0.50", decimal(ptr(-0.5)))
	require.Equal(t, "0.00", decimal(ptr(-0.001)))
}

func TestTicks(t *testing.T) {
	zone := time.FixedZone("EST", -5*3600)
	at := time.Date(2025, 3, 3, 9, 30, 0, 0, zone)
	for _, d := range []time.Duration{0, time.Second, time.Minute, time.Hour, 7 * time.Hour, 30 * time.Hour, 4 * 24 * time.Hour, 30 * 24 * time.Hour, 119 * 24 * time.Hour, 365 * 24 * time.Hour, 20 * 365 * 24 * time.Hour, 250 * 365 * 24 * time.Hour} {
		list := ticks(at, at.Add(d))
		require.NotEmpty(t, list, d)
		require.LessOrEqual(t, len(list), 9, d)
		for i, x := range list {
			require.False(t, x.at.Before(at) || x.at.After(at.Add(d)), "%s: %s", d, x.at)
			require.True(t, i == 0 || x.at.After(list[i-1].at), d)
		}
	}
	var labels []string
	for _, x := range ticks(at, at.AddDate(0, 2, 0)) {
		require.Equal(t, time.Monday, x.at.Weekday())
		labels = append(labels, x.label)
	}
	require.Equal(t, []string{"10\u00a0Mar\u00a02025", "17\u00a0Mar", "24\u00a0Mar", "31\u00a0Mar", "7\u00a0Apr", "14\u00a0Apr", "21\u00a0Apr", "28\u00a0Apr"}, labels)
}

// A curve that jumps at every point is the dearest to draw: the time of a path grows
// with the square of its edges in a row of pixels.
func BenchmarkShare(b *testing.B) {
	wild := example(20000, 24*time.Hour)
	for i := range wild.Curve {
		wild.Curve[i].Equity = 100000 * (1 + float64(i%7)/10)
	}
	for name, s := range map[string]*report.Sheet{"walk": example(5000, 24*time.Hour), "jumps": wild} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var out bytes.Buffer
				require.NoError(b, Share(&out, s))
				b.ReportMetric(float64(out.Len()), "bytes")
			}
		})
	}
}

// The share of traders beaten is no headline when it says nothing.
func TestShareOfNoTiming(t *testing.T) {
	of := func(telling bool, beaten float64) string {
		x := example(83, 24*time.Hour)
		x.Luck.Random.Telling, x.Luck.Random.Beaten = telling, beaten
		return string(picture(t, x))
	}
	require.False(t, of(true, 0.2) == of(true, 0.9))
	require.True(t, of(false, 0.2) == of(false, 0.9))
}
