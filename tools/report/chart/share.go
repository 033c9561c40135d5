package chart

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"
	"strings"

	"pitwall/tools/report"
)

// The picture's size in pixels, which is what links are previewed at.
const (
	Width  = 1200
	Height = 630
)

// Where things stand, in pixels from the left or the top.
const (
	left, right = 60, Width - 60
	plotLeft    = 128
	plotRight   = 990 // what is right of it belongs to the lines' names
	plotTop     = 258
	plotBottom  = 546
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
	border = color.NRGBA{0xd6, 0xdb, 0xe3, 0xff}
)

// Share writes a PNG of [Width] by [Height] pixels: the equity curve as a return in
// percent of the starting cash, the benchmark or else buy and hold, return and largest
// drawdown of both, what random traders reached, and what identifies the run. The
// same sheet gives the same bytes on every machine of one architecture. A figure that
// is not defined is shown as a dash; equity that is not a number is left out.
//
// It draws on the library's image canvas and not by a Plot: title, axes and names of
// such a picture are set by hand. The library brings its fonts along, so that nothing
// is asked of the machine; they have no Chinese, Japanese or Korean letters, which
// become question marks.
func Share(w io.Writer, s *report.Sheet) error {
	p := newPainter()
	other := passive(s)
	p.header(s)
	p.figures(s, other)
	p.plot(s, other)
	p.footer(s)
	var b bytes.Buffer
	if err := png.Encode(&b, p.paletted()); err != nil {
		return fmt.Errorf("encoding the picture: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// comparison is what the strategy is shown against.
type comparison struct {
	name  string
	stats *report.Stats // nil: there is none
	of    func(report.Point) float64
}

func passive(s *report.Sheet) comparison {
	switch {
	case s.Benchmark != nil:
		return comparison{cmp.Or(s.Run.Benchmark, "benchmark"), s.Benchmark, func(p report.Point) float64 { return p.Benchmark }}
	case s.BuyHold != nil:
		return comparison{"Buy and hold", s.BuyHold, func(p report.Point) float64 { return p.Hold }}
	}
	return comparison{of: func(report.Point) float64 { return 0 }}
}

func (p *painter) header(s *report.Sheet) {
	p.rect(0, 0, Width, 8, blue)
	x := float64(right)
	for _, badge := range badges(s) {
		w := p.width(badge.text, 17, bold) + 28
		p.rounded(x-w, 44, x, 76, 6, badge.colour)
		p.text(x-w+14, 66, badge.text, 17, bold, paper)
		x -= w + 10
	}
	p.text(left, 76, p.cut(p.clean(cmp.Or(s.Run.Name, s.Run.ID, "Strategy")), x-left-20, 38, bold), 38, bold, dark)
	var parts []string
	for _, x := range []string{s.Run.Model, symbols(s.Run.Symbols), dates(s.Run.From, s.Run.To)} {
		if x = p.clean(x); x != "" {
			parts = append(parts, x)
		}
	}
	// The dates are the last part and must not be what is cut.
	last := ""
	if n := len(parts); n > 1 {
		last, parts = "  ·  "+parts[n-1], parts[:n-1]
	}
	head := p.cut(strings.Join(parts, "  ·  "), right-left-p.width(last, 20, regular), 20, regular)
	p.text(left, 110, head+last, 20, regular, muted)
}

type badge struct {
	text   string
	colour color.NRGBA
}

// badges are what a reader must know before the figures.
func badges(s *report.Sheet) []badge {
	var list []badge
	switch s.Run.Status {
	case "", "complete":
	case "failed":
		list = append(list, badge{"FAILED", red})
	case "incomplete", "running":
		list = append(list, badge{strings.ToUpper(s.Run.Status), amber})
	default:
		list = append(list, badge{"STATUS UNKNOWN", amber})
	}
	if s.Run.Attempt > 1 {
		list = append(list, badge{"ATTEMPT " + strconv.Itoa(s.Run.Attempt), muted})
	}
	return list
}

func symbols(list []string) string {
	const most = 4
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

func (p *painter) figures(s *report.Sheet, other comparison) {
	versus := func(f func(*report.Stats) *float64) string {
		if other.stats == nil {
			return ""
		}
		return p.cut(p.clean(other.name), 190, 19, regular) + "  " + percent(f(other.stats))
	}
	total := func(x *report.Stats) *float64 { return x.TotalReturn }
	fall := func(x *report.Stats) *float64 {
		if x.MaxDrawdown == nil {
			return nil
		}
		d := -math.Abs(*x.MaxDrawdown)
		return &d
	}
	beside := versus(total)
	if s.Benchmark != nil && s.BuyHold != nil {
		beside = p.cut(p.clean(other.name), 80, 19, regular) + "  " + percent(total(other.stats)) + "   buy & hold  " + percent(total(s.BuyHold))
	}
	p.figure(left, "RETURN", percent(total(&s.Strategy)), sign(total(&s.Strategy)), beside)
	p.figure(left+380, "LARGEST DRAWDOWN", percent(fall(&s.Strategy)), dark, versus(fall))
	if r := s.Luck.Random; r != nil && r.Telling { // else the share beaten says nothing about skill
		p.figure(left+760, "BEATS RANDOM TRADERS", Chance(r.Beaten), dark,
			fmt.Sprintf("of %s with the same turnover", grouped(r.Traders)))
		return
	}
	p.figure(left+760, "SHARPE RATIO", decimal(s.Strategy.Sharpe), dark, days(s.Strategy.Days))
}

func (p *painter) figure(x float64, name, value string, c color.NRGBA, beside string) {
	p.text(x, 154, name, 15, bold, muted)
	p.text(x, 204, value, 50, bold, c)
	p.text(x, 232, beside, 19, regular, muted)
}

func (p *painter) footer(s *report.Sheet) {
	text := "pitwall"
	if v := p.clean(s.Run.Pitwall); v != "" {
		text += " " + strings.TrimPrefix(v, "pitwall ")
	}
	p.text(left, 606, p.cut(text, 600, 15, regular), 15, regular, grey)
	if s.Run.Digest != "" {
		d := "digest " + p.clean(first(s.Run.Digest, 16))
		p.text(right-p.width(d, 15, mono), 606, d, 15, mono, grey)
	}
}

func first(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return grouped(n) + " days"
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

// decimal shows a figure with two decimals, a dash when it is not defined.
func decimal(v *float64) string {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return "–"
	}
	text := strconv.FormatFloat(math.Abs(*v), 'f', 2, 64)
	if *v < 0 && text != "0.00" {
		return "−" + text
	}
	return text
}

// percent shows a fraction with its sign: two decimals, less when it is large.
func percent(v *float64) string {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return "–"
	}
	x := 100 * math.Abs(*v)
	text := strconv.FormatFloat(x, 'f', 2, 64)
	switch {
	case x >= 1e7:
		text = strconv.FormatFloat(x, 'e', 1, 64)
	case x >= 999.95:
		text = grouped(int(math.Round(x)))
	case x >= 99.995:
		text = strconv.FormatFloat(x, 'f', 1, 64)
	}
	switch {
	case strings.Trim(text, "0.") == "":
		return text + " %"
	case *v < 0:
		return "−" + text + " %"
	}
	return "+" + text + " %"
}

// grouped shows 12345 as 12,345.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
