package chart

import (
	_ "embed"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

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

// values is the range of a panel's axis with some air.
func (p Panel) values() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	if p.Has {
		low, high = min(p.Base, p.Least), p.Base
	}
	for _, l := range p.Lines {
		for _, v := range l.Value {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	for _, m := range p.Marks {
		low, high = min(low, m.Value), max(high, m.Value)
	}
	if low > high {
		return 0, 1
	}
	if low == high {
		air := max(math.Abs(low)*0.02, 0.001)
		return low - air, high + air
	}
	air := (high - low) * 0.05
	if p.Has && p.Base == high && len(p.Marks) == 0 {
		return low - air, high // a drawdown hangs from its base
	}
	return low - air, high + air
}

func (p Panel) label(l Line, size Size) string {
	value := p.Value(l.Value[len(l.Value)-1])
	if size.Names && l.Name != "" {
		return Short(l.Name) + " " + value
	}
	return value
}

// Short cuts a name that comes from outside to what fits beside a chart.
func Short(name string) string {
	const most = 24
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "\u2026"
	}
	return name
}

// width is how wide text may be drawn, in pixels: measured with the library's font,
// whose widths are those of Helvetica and Arial, and a third more, since the
// reader's font may be wider, and bold. A sign that is no Latin letter or digit is
// taken to be as wide as high.
func width(text string) vg.Length {
	s := plot.New().X.Tick.Label
	s.Font.Size = textSize
	w := vg.Length(0)
	latin := strings.Map(func(r rune) rune {
		if r == 0xa0 || strings.ContainsRune(" .,:+-\u2212%", r) || r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		w += textSize
		return -1
	}, text)
	return w + 1.35*s.Width(latin)
}

// overhang is how far the labels of the dates reach over the ends of an axis that
// is about so wide.
func overhang(ticks []plot.Tick, from, to float64, axis vg.Length) (left, right vg.Length) {
	for _, t := range ticks {
		at := axis * vg.Length((t.Value-from)/(to-from))
		half := width(t.Label) / 2
		left, right = max(left, half-at), max(right, half-(axis-at))
	}
	return left, right
}

// finish puts marks, the ends of lines and their labels on a drawn panel.
func (p Panel) finish(cv *canvas, x *plot.Plot, data draw.Canvas, size Size) {
	fx, fy := x.Transforms(&data)
	at := func(t time.Time, v float64) vg.Point { return vg.Point{X: fx(seconds(t)), Y: fy(v)} }
	p.marks(cv, at)
	type label struct {
		class, text string
		y           vg.Length
	}
	var labels []label
	for _, l := range slices.Backward(p.Lines) {
		n := len(l.At)
		if n == 0 || math.IsNaN(l.Value[n-1]) {
			continue
		}
		end := at(l.At[n-1], l.Value[n-1])
		if p.Labels {
			cv.flush()
			px, py := cv.tenths(end)
			fmt.Fprintf(&cv.b, `<path class="%s-fill dot" d="M%s %sa2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z"/>`, l.Class, tenth(px-25), tenth(py))
			labels = append(labels, label{l.Class, p.label(l, size), end.Y})
		}
	}
	// From above: each label is pushed below the one before it, then all that
	// left the panel come back from below.
	slices.SortStableFunc(labels, func(a, b label) int { return int(math.Copysign(1, float64(b.y-a.y))) })
	const apart = textSize + 2
	for i := range labels {
		if i > 0 {
			labels[i].y = min(labels[i].y, labels[i-1].y-apart)
		}
	}
	for i := len(labels) - 1; i >= 0; i-- {
		low := data.Min.Y + 4
		if i < len(labels)-1 {
			low = labels[i+1].y + apart
		}
		labels[i].y = max(labels[i].y, low)
	}
	for _, l := range labels {
		cv.text("label "+l.class+"-text", "", vg.Point{X: data.Max.X + 7, Y: l.y - 4}, l.text)
	}
}

// marks draws fills as triangles. Those of one side that would lie on each other
// become one, which leads where the first does.
func (p Panel) marks(cv *canvas, at func(time.Time, float64) vg.Point) {
	type place struct {
		up     bool
		column int
	}
	groups := map[place][]Mark{}
	var order []place
	for _, m := range p.Marks {
		k := place{m.Up, int(at(m.At, m.Value).X / 6)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], m)
	}
	cv.flush()
	for _, k := range order {
		g := groups[k]
		m := g[0]
		title := m.Title
		if len(g) > 1 {
			title = fmt.Sprintf("%d fills, the first: %s", len(g), title)
		}
		x, y := cv.tenths(at(m.At, m.Value))
		shape, class := fmt.Sprintf("M%s %sl4.5 8h-9z", tenth(x), tenth(y+15)), "buy"
		if !m.Up {
			shape, class = fmt.Sprintf("M%s %sl4.5-8h-9z", tenth(x), tenth(y-15)), "sell"
		}
		path := fmt.Sprintf(`<path class="mark %s" d="%s"><title>%s</title></path>`, class, shape, html.EscapeString(title))
		if m.Link != "" {
			// Out of the tab order: the table of trades has the same links.
			path = fmt.Sprintf(`<a href="%s" tabindex="-1">%s</a>`, html.EscapeString(m.Link), path)
		}
		cv.b.WriteString(path)
	}
}
