package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
	// Values that a float can hardly tell apart have no ticks between them.
	if size := max(math.Abs(low), math.Abs(high)); high-low <= size*1e-9 {
		air := size * 0.02
		if size == 0 {
			air = 0.001
		}
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
