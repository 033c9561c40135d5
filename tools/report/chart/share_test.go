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
	s.Luck.Random = &report.RandomBaseline{Traders: 1000, Low: -0.061, Median: 0.012, High: 0.094, Beaten: 0.87, Telling: true}
	return s
}

func drawn(t testing.TB, s *report.Sheet) []byte {
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
			b := drawn(t, s)
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
	want := drawn(t, s)
	t.Setenv("LANG", "de_DE.UTF-8")
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("elsewhere", 9*3600)
	require.True(t, bytes.Equal(want, drawn(t, s)))
	s.Curve[1500].Equity *= 1.5
	require.False(t, bytes.Equal(want, drawn(t, s)), "the curve is in the picture")
}

// The line is where the figures say: a loss ends at the bottom, a gain at the top,
// and both colours of the figures follow.
func TestTheLineFollowsTheFigures(t *testing.T) {
	b := drawn(t, sheets()["loss"])
	require.Positive(t, colours(t, b, red, left, 150, left+360, 210), "a loss is red")
	require.Zero(t, colours(t, b, green, 0, 0, Width, Height))
	require.Positive(t, colours(t, b, blue, right-400, chartFoot-90, right, chartFoot))
	require.Zero(t, colours(t, b, blue, right-400, chartTop, right, chartFoot-200))
	require.Positive(t, colours(t, b, blue, left, chartTop, left+120, chartTop+150), "it begins at the top")
	b = drawn(t, sheets()["usual"])
	require.Positive(t, colours(t, b, green, left, 150, left+360, 210), "a gain is green")
	require.Positive(t, colours(t, b, grey, left+90, chartTop, right-200, chartFoot), "the benchmark has a line")
	require.Positive(t, colours(t, b, amber, right-200, 40, right, 80), "an incomplete run says so")
	require.Positive(t, colours(t, b, amber, right-200, chartTop, right, chartFoot), "random traders have a band")
	b = drawn(t, sheets()["plain"])
	require.Zero(t, colours(t, b, amber, 0, 0, Width, Height), "nothing to warn of, no random baseline")
	require.Zero(t, colours(t, drawn(t, sheets()["none"]), blue, 0, 10, Width, Height), "no points, no line")
}

// A panel's axis holds all its values and its base; a band takes at most half as
// much again on each side.
func TestRangeOfPanel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 2, 400).Draw(t, "values")
		p := Panel{Zero: true, Lines: []Line{{Value: values}}}
		low, high := p.values()
		least, most := min(0, slices.Min(values)), max(0, slices.Max(values))
		require.Less(t, low, high)
		require.LessOrEqual(t, low, least)
		require.GreaterOrEqual(t, high, most)
		band := Band{Low: rapid.Float64Range(-1000, 0).Draw(t, "low"), High: rapid.Float64Range(0, 1000).Draw(t, "high")}
		p.Band = &band
		low, high = p.values()
		half := (most - least) / 2
		require.LessOrEqual(t, low, max(band.Low, least-half))
		require.GreaterOrEqual(t, high, min(band.High, most+half))
		require.LessOrEqual(t, high-low, 1.1*(2*(most-least))+0.1)
	})
}

func TestNames(t *testing.T) {
	require.Equal(t, "[31mRed ab ?? <b> ]]>", clean("\x1b[31mRed\x00 a\u202eb \u682a\u5f0f\n<b>\t]]>"))
	long := clean(strings.Repeat("W", 5000))
	require.Len(t, long, 300)
	cut := bold.cut(long, 200, 20)
	require.LessOrEqual(t, bold.width(cut, 20), 200.0)
	require.True(t, strings.HasSuffix(cut, "W…"))
	require.Equal(t, "short", bold.cut("short", 200, 20))
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00 %", 0.1234: "+12.34 %", -0.1234: "−12.34 %", -0.00001: "0.00 %", 1: "+100.0 %", 0.99994: "+99.99 %", 0.999996: "+100.0 %", 9.9999: "+1,000 %", 1234.5: "+123,450 %", -1: "−100.0 %", 1e9: "+1.0e+11 %"} {
		require.Equal(t, want, strings.ReplaceAll(percent(&v), "\u00a0", " "))
	}
	nan := math.NaN()
	require.Equal(t, "–", percent(nil))
	require.Equal(t, "–", percent(&nan))
	require.Equal(t, "−0.50", decimal(ptr(-0.5)))
	require.Equal(t, "0.00", decimal(ptr(-0.001)))
}

// Dates below a chart of any length are some, not too many, in order and inside.
func TestDatesOfAnySpan(t *testing.T) {
	zone := time.FixedZone("EST", -5*3600)
	for _, second := range []int{0, 10} {
		at := time.Date(2025, 3, 3, 9, 30, second, 0, zone)
		for _, d := range []time.Duration{time.Second, time.Minute, time.Hour, 7 * time.Hour, 30 * time.Hour, 4 * 24 * time.Hour, 30 * 24 * time.Hour, 119 * 24 * time.Hour, 365 * 24 * time.Hour, 20 * 365 * 24 * time.Hour, 250 * 365 * 24 * time.Hour} {
			low, high := seconds(at), seconds(at.Add(d))
			list := (dateTicks{n: 9, zone: zone}).Ticks(low, high)
			require.NotEmpty(t, list, d)
			require.LessOrEqual(t, len(list), 9, d)
			for i, x := range list {
				require.False(t, x.Value < low || x.Value > high, "%s: %s", d, x.Label)
				require.True(t, i == 0 || x.Value > list[i-1].Value, d)
			}
		}
	}
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
		return string(drawn(t, x))
	}
	require.False(t, of(true, 0.2) == of(true, 0.9))
	require.True(t, of(false, 0.2) == of(false, 0.9))
}
