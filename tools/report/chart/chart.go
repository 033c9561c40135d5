package chart

import (
	_ "embed"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

//go:embed chart.css
var sheet string

// CSS returns the style of the classes that charts use. Its colours are variables of
// the page: --ink, --faint, --grid, --good, --bad and --c0 to --c7.
func CSS() string { return sheet }

// Line is a series with a name and the class of its colour: c0 to c7.
type Line struct {
	Name  string
	Class string
	At    []time.Time // ascending
	Value []float64
	Area  bool // filled down to zero
}

// Mark is a fill on a price chart.
type Mark struct {
	At    time.Time
	Value float64
	Up    bool   // bought: points upwards from below; else downwards from above
	Link  string // where a click leads, e.g. #turn-12; empty for nowhere
	Title string
}

// Band is a range beside the ends of the lines.
type Band struct {
	Low, Middle, High float64
	Text              []string // its labels, one below the other
}

// Panel is one drawing area of a chart.
type Panel struct {
	Lines  []Line
	Marks  []Mark
	Band   *Band
	Share  float64 // of the chart's height
	Zero   bool    // the axis includes 0, which has a stronger line
	Least  float64 // with Zero: the axis reaches down to it at least
	Labels bool    // the last value stands at each line's end
	Tick   func(v float64, digits int) string
	Value  func(v float64) string // of a label
}

// Chart is one or more panels above each other with one axis of time.
type Chart struct {
	Summary string // what it shows, in words
	Panels  []Panel
	Zone    *time.Location
}

// Size is the drawing's size in pixels. A page scales it, so each chart is drawn once
// for wide screens and once for narrow ones.
type Size struct {
	Width, Height float64
	Names         bool // labels at a line's end have its name, not the value only
}

// surface draws a chart: on a page (svg.go) or a picture (picture.go).
// The library draws axes and lines on its canvas, with an ink for colour.
type surface interface {
	vg.Canvas
	look() look
	measure(text string) vg.Length // of a label or a date
	label(class ink, pt vg.Point, text string)
	dot(class ink, pt vg.Point)
	mark(m Mark, pt vg.Point)
}

// look holds the measures in which surfaces differ, in pixels.
type look struct {
	tick  font.Font // of the axes' labels
	gap   vg.Length // from a line's end to its label
	apart vg.Length // of two such labels
	rise  vg.Length // from a label's baseline to its middle
	date  float64   // room for a date
}

// ink is a colour by its class in the page's style sheet or the picture's pens.
type ink string

// RGBA implements color.Color; only code that mixes colours calls it.
func (ink) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// span returns the time that the chart shows, in seconds; a single moment gets a day
// around it.
func (c Chart) span() (from, to float64, ok bool) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, p := range c.Panels {
		for _, l := range p.Lines {
			if len(l.At) > 0 {
				from, to = min(from, seconds(l.At[0])), max(to, seconds(l.At[len(l.At)-1]))
			}
		}
		for _, m := range p.Marks {
			from, to = min(from, seconds(m.At)), max(to, seconds(m.At))
		}
	}
	if from == to {
		from, to = from-12*3600, to+12*3600
	}
	return from, to, from < to
}

const (
	padTop  = 8
	between = 14 // of panels
)

// draw draws the chart with its lower left corner at the surface's origin.
func (c Chart) draw(cv surface, size Size) {
	from, to, _ := c.span()
	look := cv.look()
	base := draw.NewCanvas(cv, vg.Length(size.Width), vg.Length(size.Height))
	right := vg.Length(8)
	for _, p := range c.Panels {
		for _, l := range p.ends(size) {
			right = max(right, p.gap(look)+5+cv.measure(l.text))
		}
	}
	dates := dateTicks{n: max(2, int(size.Width/look.date)), zone: c.Zone}
	before, after := overhang(cv, dates.Ticks(from, to), from, to, vg.Length(size.Width)-right-60)
	right = max(right, after)
	height := vg.Length(size.Height) - padTop - between*vg.Length(len(c.Panels)-1)
	top := vg.Length(size.Height) - padTop
	type placed struct {
		*plot.Plot
		area draw.Canvas
	}
	var plots []placed
	left, over := before, vg.Length(0)
	for i, p := range c.Panels {
		h := height * vg.Length(p.Share)
		area := draw.Crop(base, 0, -right, top-h, top-vg.Length(size.Height))
		top -= h + between
		dates.blank = i < len(c.Panels)-1
		x := p.plot(from, to, dates, int(size.Width), h, look.tick)
		data := x.DataCanvas(area)
		left, over = max(left, data.Min.X-area.Min.X), max(over, area.Max.X-data.Max.X)
		plots = append(plots, placed{x, area})
	}
	for i, p := range plots {
		// The panels' areas start and end at the same pixels.
		data := p.DataCanvas(p.area)
		area := draw.Crop(p.area, left-(data.Min.X-p.area.Min.X), (p.area.Max.X-data.Max.X)-over, 0, 0)
		p.Draw(area)
		data = p.DataCanvas(area)
		c.Panels[i].finish(cv, p.Plot, data, size)
	}
}

// plot lays out one panel.
func (p Panel) plot(from, to float64, dates dateTicks, columns int, height vg.Length, tick font.Font) *plot.Plot {
	x := plot.New()
	x.BackgroundColor = nil
	low, high := p.values()
	for _, a := range []*plot.Axis{&x.X, &x.Y} {
		a.Width = 0
		a.Tick.Length, a.Tick.Width = 0, 0
		a.Tick.Label.Font = tick
		a.Tick.Label.Color = ink("tick")
	}
	x.X.Padding, x.Y.Padding = 4, 6
	x.Y.Tick.Marker = numberTicks{max(2, int(height/42)), p.Tick}
	x.X.Tick.Marker = dates
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = ink("grid"), ink("grid")
	x.Add(grid)
	if p.Zero {
		x.Add(line(plotter.XYs{{X: from}, {X: to}}, "base"))
	}
	// The first line is drawn last: it is what the chart is about.
	for _, l := range slices.Backward(p.Lines) {
		for _, part := range thin(l, from, to, columns) {
			if l.Area {
				closed := append(plotter.XYs{{X: part[0].X}}, part...)
				x.Add(area{append(closed, plotter.XY{X: part[len(part)-1].X}), ink(l.Class)})
			}
			x.Add(line(part, l.Class))
		}
	}
	x.X.Min, x.X.Max, x.Y.Min, x.Y.Max = from, to, low, high
	return x
}

func line(xys plotter.XYs, class string) *plotter.Line {
	l := &plotter.Line{XYs: xys}
	l.Color, l.Width = ink(class), 1
	return l
}

// area is a filled outline.
type area struct {
	plotter.XYs
	ink
}

// Plot implements plot.Plotter.
func (a area) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var points []vg.Point
	for _, xy := range a.XYs {
		points = append(points, vg.Point{X: x(xy.X), Y: y(xy.Y)})
	}
	c.FillPolygon(a.ink, points)
}
