package chart

import (
	"cmp"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"pitwall/tools/report"
)

// The picture's size in pixels, which is what links are previewed at.
const (
	Width  = 1200
	Height = 630
)

// Where things stand, in pixels from the left or the top.
const (
	left, right         = 60, Width - 60
	chartTop, chartFoot = 252, 580
)

var ( // read only
	paper  = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	dark   = color.NRGBA{0x11, 0x18, 0x27, 0xff}
	muted  = color.NRGBA{0x5b, 0x65, 0x75, 0xff}
	faint  = color.NRGBA{0xe6, 0xe9, 0xee, 0xff}
	zero   = color.NRGBA{0xa3, 0xab, 0xb8, 0xff}
	blue   = color.NRGBA{0x1d, 0x4e, 0xd8, 0xff}
	shade  = color.NRGBA{0x1d, 0x4e, 0xd8, 0x18}
	grey   = color.NRGBA{0x8a, 0x94, 0xa3, 0xff}
	band   = color.NRGBA{0xf5, 0xa6, 0x23, 0x66}
	amber  = color.NRGBA{0xb4, 0x6b, 0x06, 0xff}
	green  = color.NRGBA{0x0b, 0x7a, 0x4b, 0xff}
	red    = color.NRGBA{0xc2, 0x26, 0x2d, 0xff}
	violet = color.NRGBA{0x8e, 0x7c, 0xc3, 0xff}
)

// Share writes a PNG of [Width] by [Height] pixels: the chart of [Equity] without its
// drawdown, with what random traders reached beside it, return and largest drawdown
// of the run and of what it is compared with, and what identifies the run. The same
// sheet gives the same bytes on every machine of one architecture. A figure that is
// not defined is shown as a dash. The font has no Chinese, Japanese or Korean
// characters, which become question marks.
func Share(w io.Writer, s *report.Sheet) error {
	p := newPicture()
	p.header(s)
	p.figures(s)
	p.chart(s)
	p.footer(s)
	if err := png.Encode(w, p.paletted()); err != nil {
		return fmt.Errorf("encoding the picture: %w", err)
	}
	return nil
}

// chart draws the equity curve.
func (p *picture) chart(s *report.Sheet) {
	c := Equity(s)
	top := &c.Panels[0]
	if !slices.ContainsFunc(top.Lines[0].Value, func(v float64) bool { return finite(v) }) {
		const text = "No equity was recorded yet"
		p.rect(left, chartTop+12, right, chartFoot-34, 0, color.NRGBA{0xf6, 0xf7, 0xf9, 0xff})
		p.text((Width-regular.width(text, 24))/2, (chartTop+chartFoot)/2, text, 24, regular, muted)
		return
	}
	c.Panels = c.Panels[:1]
	top.Share, top.Lines[0].Area = 1, true
	grouping := func(v float64, small string) string {
		if math.Abs(v) >= 10 {
			return percent(&v)
		}
		return small
	}
	top.Tick = func(v float64, digits int) string { return grouping(v, percentTick(v, digits)) }
	top.Value = func(v float64) string { return grouping(v, Return(v)) }
	for i, l := range top.Lines {
		top.Lines[i].Name = bold.cut(clean(l.Name), 110, labelSize)
	}
	if r := s.Luck.Random; r != nil && finite(r.Low, r.High, r.Median) {
		top.Band = &Band{r.Low, r.Median, r.High, []string{"90 % of random:", shortPercent(r.Low, 0) + " to " + shortPercent(r.High, 0)}}
	}
	p.Push()
	p.Translate(vg.Point{X: left, Y: Height - chartFoot})
	c.draw(p, Size{Width: right - left, Height: chartFoot - chartTop, Names: true})
	p.Pop()
}

func (p *picture) header(s *report.Sheet) {
	p.rect(0, 0, Width, 8, 0, blue)
	x := float64(right)
	badge := func(text string, colour color.NRGBA) { // what a reader must know before the figures
		w := bold.width(text, 17) + 28
		p.rect(x-w, 44, x, 76, 6, colour)
		p.text(x-w+14, 66, text, 17, bold, paper)
		x -= w + 10
	}
	switch s.Run.Status {
	case "", "complete":
	case "failed":
		badge("FAILED", red)
	case "incomplete", "running":
		badge(strings.ToUpper(s.Run.Status), amber)
	default:
		badge("STATUS UNKNOWN", amber)
	}
	if s.Run.Attempt > 1 {
		badge("ATTEMPT "+strconv.Itoa(s.Run.Attempt), muted)
	}
	p.text(left, 76, bold.cut(clean(cmp.Or(s.Run.Name, s.Run.ID, "Strategy")), x-left-20, 38), 38, bold, dark)
	var parts []string
	for _, x := range []string{s.Run.Model, Listed(s.Run.Symbols, 4), dates(s.Run.From, s.Run.To)} {
		if x = clean(x); x != "" {
			parts = append(parts, x)
		}
	}
	// The dates are the last part and must not be what is cut.
	last := ""
	if n := len(parts); n > 1 {
		last, parts = "  ·  "+parts[n-1], parts[:n-1]
	}
	head := regular.cut(strings.Join(parts, "  ·  "), right-left-regular.width(last, 20), 20)
	p.text(left, 110, head+last, 20, regular, muted)
}

// Listed joins names, the first of many.
func Listed(list []string, most int) string {
	if len(list) > most {
		return strings.Join(list[:most], ", ") + " and " + strconv.Itoa(len(list)-most) + " more"
	}
	return strings.Join(list, ", ")
}

func dates(from, to string) string {
	if from == to || to == "" {
		return from
	}
	return from + " to " + to
}

func (p *picture) figures(s *report.Sheet) {
	name, other := "", (*report.Stats)(nil) // what the strategy is compared with
	switch {
	case s.Benchmark != nil:
		name, other = cmp.Or(s.Run.Benchmark, "benchmark"), s.Benchmark
	case s.BuyHold != nil:
		name, other = "Buy and hold", s.BuyHold
	}
	totals, falls := "", ""
	if other != nil {
		named := func(most float64, v *float64) string { return regular.cut(clean(name), most, 19) + "  " + percent(v) }
		totals, falls = named(190, other.TotalReturn), named(190, other.MaxDrawdown)
		if s.Benchmark != nil && s.BuyHold != nil {
			totals = named(80, other.TotalReturn) + "   buy & hold  " + percent(s.BuyHold.TotalReturn)
		}
	}
	p.figure(left, "RETURN", percent(s.Strategy.TotalReturn), sign(s.Strategy.TotalReturn), totals)
	p.figure(left+380, "LARGEST DRAWDOWN", percent(s.Strategy.MaxDrawdown), dark, falls)
	if r := s.Luck.Random; r != nil && r.Telling { // else the share beaten says nothing about skill
		p.figure(left+760, "BEATS RANDOM TRADERS", Chance(r.Beaten), dark,
			fmt.Sprintf("of %s with the same turnover", report.Group(strconv.Itoa(r.Traders))))
		return
	}
	p.figure(left+760, "SHARPE RATIO", decimal(s.Strategy.Sharpe), dark, report.Plural(s.Strategy.Days, "day"))
}

func (p *picture) figure(x float64, name, value string, c color.NRGBA, beside string) {
	p.text(x, 154, name, 15, bold, muted)
	p.text(x, 204, value, 50, bold, c)
	p.text(x, 232, beside, 19, regular, muted)
}

func (p *picture) footer(s *report.Sheet) {
	text := "pitwall"
	if v := clean(s.Run.Pitwall); v != "" {
		text += " " + strings.TrimPrefix(v, "pitwall ")
	}
	p.text(left, 606, regular.cut(text, 600, 15), 15, regular, grey)
	if s.Run.Digest != "" {
		d := "digest " + clean(s.Run.Digest[:min(16, len(s.Run.Digest))])
		p.text(right-mono.width(d, 15), 606, d, 15, mono, grey)
	}
}

func sign(v *float64) color.NRGBA {
	switch {
	case v == nil || math.Abs(*v) < 0.00005:
		return dark
	case *v < 0:
		return red
	}
	return green
}

// decimal formats a figure with two decimals, a dash when it is not defined.
func decimal(v *float64) string {
	if v == nil || !finite(*v) {
		return "–"
	}
	return number(*v, 2)
}

// percent formats a fraction with its sign: two decimals, fewer when it is large.
func percent(v *float64) string {
	if v == nil || !finite(*v) {
		return "–"
	}
	x, sign := 100*math.Abs(*v), "+"
	if *v < 0 {
		sign = "\u2212"
	}
	switch {
	case x >= 1e7:
		return sign + strconv.FormatFloat(x, 'e', 1, 64) + "\u00a0%"
	case x >= 999.95:
		return sign + report.Group(strconv.Itoa(int(math.Round(x)))) + "\u00a0%"
	case x >= 99.995:
		return Percent(*v, 1)
	}
	return Percent(*v, 2)
}
