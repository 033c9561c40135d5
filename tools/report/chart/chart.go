package chart

import (
	_ "embed"
	"fmt"
	"html"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

//go:embed chart.css
var sheet string

// CSS is the style of the classes that charts use. Its colours are variables of
// the page: --ink, --faint, --grid, --good, --bad and --c0 to --c7.
func CSS() string { return sheet }

// Line is a series with a name and the class of its colour: c0 to c7.
type Line struct {
	Name  string
	Class string
	At    []time.Time // ascending
	Value []float64
	Area  bool // filled down to the panel's base
}

// Mark is a fill on a price chart.
type Mark struct {
	At    time.Time
	Value float64
	Up    bool   // bought: points upwards from below; else downwards from above
	Link  string // where a click leads, e.g. #turn-12; empty for nowhere
	Title string
}

// Panel is one drawing area of a chart.
type Panel struct {
	Lines  []Line
	Marks  []Mark
	Share  float64 // of the chart's height
	Base   float64 // a value that has a stronger line, when HasBase
	Has    bool    // Base counts
	Least  float64 // the axis reaches down to it at least; 0: no such rule
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

// Size is the drawing's size in pixels. A page scales it, so that it is drawn once
// for wide screens and once for narrow ones.
type Size struct {
	Width, Height float64
	Names         bool // labels at a line's end have its name, not the value only
}

// SVG draws a chart as an element of an HTML page. A chart without a point is empty.
func SVG(c Chart, size Size) string {
	from, to, ok := c.span()
	if !ok {
		return ""
	}
	cv := &canvas{height: size.Height}
	role := "img"
	for _, p := range c.Panels {
		if len(p.Marks) > 0 {
			role = "group" // an image hides its links
		}
	}
	fmt.Fprintf(&cv.b, `<svg class="chart" role="%s" aria-label="%s" viewBox="0 0 %g %g">`,
		role, html.EscapeString(c.Summary), size.Width, size.Height)
	c.draw(cv, size, from, to)
	cv.flush()
	cv.b.WriteString("</svg>")
	return cv.b.String()
}

// span is the time that the chart shows, in seconds; a single moment gets a day
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

// dates is how many dates fit below a chart.
func (c Chart) dates(size Size) int { return max(2, int(size.Width/95)) }

const (
	textSize = 12
	padTop   = 8
	between  = 14 // of panels
)

func (c Chart) draw(cv *canvas, size Size, from, to float64) {
	base := draw.NewCanvas(cv, vg.Length(size.Width), vg.Length(size.Height))
	right := vg.Length(8)
	for _, p := range c.Panels {
		for _, l := range p.Lines {
			if p.Labels && len(l.Value) > 0 {
				right = max(right, 12+width(p.label(l, size)))
			}
		}
	}
	ticks := dateTicks{c.dates(size), c.Zone}.Ticks(from, to)
	before, after := overhang(ticks, from, to, vg.Length(size.Width)-right-60)
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
		x := c.plot(p, i == len(c.Panels)-1, from, to, size, h)
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
func (c Chart) plot(p Panel, last bool, from, to float64, size Size, height vg.Length) *plot.Plot {
	x := plot.New()
	x.BackgroundColor = nil
	low, high := p.values()
	x.X.Min, x.X.Max, x.Y.Min, x.Y.Max = from, to, low, high
	for _, a := range []*plot.Axis{&x.X, &x.Y} {
		a.Width = 0
		a.Tick.Length, a.Tick.Width = 0, 0
		a.Tick.Label.Font.Size = textSize
		a.Tick.Label.Color = ink("tick")
	}
	x.X.Padding, x.Y.Padding = 4, 6
	x.Y.Tick.Marker = numberTicks{max(2, int(height/42)), p.Tick}
	x.X.Tick.Marker = dateTicks{c.dates(size), c.Zone}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = ink("grid"), ink("grid")
	x.Add(grid)
	if !last {
		x.X.Tick.Marker = quiet{x.X.Tick.Marker}
	}
	if p.Has && p.Base >= low && p.Base <= high {
		x.Add(line(plotter.XYs{{X: from, Y: p.Base}, {X: to, Y: p.Base}}, "base"))
	}
	// The first line is drawn last: it is what the chart is about.
	for _, l := range slices.Backward(p.Lines) {
		for _, part := range thin(l, from, to, int(size.Width)) {
			if l.Area {
				closed := append(plotter.XYs{{X: part[0].X, Y: p.Base}}, part...)
				closed = append(closed, plotter.XY{X: part[len(part)-1].X, Y: p.Base})
				x.Add(area{closed, ink(l.Class)})
			}
			x.Add(line(part, l.Class))
		}
	}
	x.X.Min, x.X.Max, x.Y.Min, x.Y.Max = from, to, low, high
	return x
}

// quiet leaves out the labels of ticks.
type quiet struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (q quiet) Ticks(low, high float64) []plot.Tick {
	list := q.Ticker.Ticks(low, high)
	for i := range list {
		list[i].Label = " "
	}
	return list
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
	var path vg.Path
	for i, xy := range a.XYs {
		pt := vg.Point{X: x(xy.X), Y: y(xy.Y)}
		if i == 0 {
			path.Move(pt)
		} else {
			path.Line(pt)
		}
	}
	path.Close()
	c.SetColor(a.ink)
	c.Fill(path)
}
