package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// values returns the range of a panel's axis with some air.
func (p Panel) values() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	if p.Zero {
		low, high = min(0, p.Least), 0
	}
	for _, l := range p.Lines {
		for _, v := range l.Value {
			if finite(v) {
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
	if p.Band != nil { // as much of it as leaves the lines two thirds of the height on each side
		most := (high - low) / 2
		low, high = min(low, max(p.Band.Low, low-most)), max(high, min(p.Band.High, high+most))
	}
	air := (high - low) * 0.05
	// Values that a float can hardly tell apart have no ticks between them.
	if size := max(math.Abs(low), math.Abs(high)); high-low <= size*1e-9 {
		air = cmp.Or(size*0.02, 0.001)
	} else if p.Zero && high == 0 && len(p.Marks) == 0 {
		return low - air, high // a drawdown hangs from zero
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

// overhang returns how far the labels of the dates reach over the ends of an axis of
// about that width.
func overhang(cv surface, ticks []plot.Tick, from, to float64, axis vg.Length) (left, right vg.Length) {
	for _, t := range ticks {
		at := axis * vg.Length((t.Value-from)/(to-from))
		half := cv.measure(t.Label) / 2
		left, right = max(left, half-at), max(right, half-(axis-at))
	}
	return left, right
}

// end is a label at a line's end.
type end struct {
	class ink
	text  string
	at    time.Time
	value float64
	y     vg.Length
}

// ends lists the labels of lines and band.
func (p Panel) ends(size Size) []end {
	var list []end
	for _, l := range slices.Backward(p.Lines) {
		if n := len(l.At); p.Labels && n > 0 && finite(l.Value[n-1]) {
			list = append(list, end{class: ink(l.Class), text: p.label(l, size), at: l.At[n-1], value: l.Value[n-1]})
		}
	}
	if p.Band != nil {
		for _, text := range p.Band.Text {
			list = append(list, end{class: "band", text: text, value: p.Band.Middle})
		}
	}
	return list
}

// gap returns the distance from the lines to their labels, which stand right of a band.
func (p Panel) gap(look look) vg.Length {
	if p.Band != nil {
		return look.gap + 20
	}
	return look.gap
}

// finish puts marks, the ends of lines and their labels on a drawn panel.
func (p Panel) finish(cv surface, x *plot.Plot, data draw.Canvas, size Size) {
	fx, fy := x.Transforms(&data)
	p.marks(cv, func(t time.Time, v float64) vg.Point { return vg.Point{X: fx(seconds(t)), Y: fy(v)} })
	if p.Band != nil {
		p.Band.draw(cv, data, fy)
	}
	labels := p.ends(size)
	for i, l := range labels {
		labels[i].y = fy(l.value)
		if !l.at.IsZero() {
			cv.dot(l.class, vg.Point{X: fx(seconds(l.at)), Y: labels[i].y})
		}
	}
	// From above: each label is pushed below the one before it, then all that
	// left the panel come back from below.
	slices.SortStableFunc(labels, func(a, b end) int { return cmp.Compare(b.y, a.y) })
	look := cv.look()
	for i := range labels {
		if i > 0 {
			labels[i].y = min(labels[i].y, labels[i-1].y-look.apart)
		}
	}
	for i := len(labels) - 1; i >= 0; i-- {
		low := data.Min.Y + 4
		if i < len(labels)-1 {
			low = labels[i+1].y + look.apart
		}
		labels[i].y = max(labels[i].y, low)
	}
	for _, l := range labels {
		cv.label(l.class, vg.Point{X: data.Max.X + p.gap(look), Y: l.y - look.rise}, l.text)
	}
}

// draw draws the band right of a panel, with an arrow where it goes on outside.
func (b Band) draw(cv surface, data draw.Canvas, y func(float64) vg.Length) {
	x0, x1 := data.Max.X+15, data.Max.X+23
	low, high := max(y(b.Low), data.Min.Y), min(y(b.High), data.Max.Y)
	if high-low < 2 {
		low, high = low-1, high+1
	}
	cv.SetColor(ink("band"))
	cv.Fill(append(lines(x0, low, x1, low, x1, high, x0, high), vg.PathComp{Type: vg.CloseComp}))
	if y(b.High) > data.Max.Y {
		cv.Stroke(lines(x0, high-5, x0+4, high, x1, high-5))
	}
	if y(b.Low) < data.Min.Y {
		cv.Stroke(lines(x0, low+5, x0+4, low, x1, low+5))
	}
	if m := y(b.Middle); m > low && m < high {
		cv.Stroke(lines(x0-2, m, x1+2, m))
	}
}

// lines returns a path through points: x, y, x, y and so on.
func lines(xy ...vg.Length) (path vg.Path) {
	path.Move(vg.Point{X: xy[0], Y: xy[1]})
	for i := 2; i < len(xy); i += 2 {
		path.Line(vg.Point{X: xy[i], Y: xy[i+1]})
	}
	return path
}

func finite(list ...float64) bool {
	return !slices.ContainsFunc(list, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// marks draws fills as triangles. Overlapping ones of one side become one, which leads
// where the first does.
func (p Panel) marks(cv surface, at func(time.Time, float64) vg.Point) {
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
	for _, k := range order {
		m := groups[k][0]
		if n := len(groups[k]); n > 1 {
			m.Title = fmt.Sprintf("%d fills, the first: %s", n, m.Title)
		}
		cv.mark(m, at(m.At, m.Value))
	}
}
