package chart

import (
	"fmt"
	"html"
	"image/color"
	"math"
	"strconv"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// SVG draws a chart as an element of an HTML page. A chart without a point is empty.
func SVG(c Chart, size Size) string {
	if c.Empty() {
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
	c.draw(cv, size)
	cv.flush()
	cv.b.WriteString("</svg>")
	return cv.b.String()
}

// canvas is the [surface] that writes SVG. Its unit is a pixel of the drawing; y grows
// upwards, as in the library, and is flipped when it is written.
type canvas struct {
	vg.Canvas // nil: what charts do not need would panic
	class     ink
	b         strings.Builder
	height    float64
	open      ink // class of the path that is being written; consecutive lines of one class are one path
	path      strings.Builder
}

// SetLineWidth does nothing: the style sheet sets the width of a class.
func (c *canvas) SetLineWidth(vg.Length) {}

// SetLineDash does nothing, for the same reason.
func (c *canvas) SetLineDash([]vg.Length, vg.Length) {}

// SetColor implements vg.Canvas.
func (c *canvas) SetColor(x color.Color) {
	c.class = "text"
	if class, ok := x.(ink); ok {
		c.class = class
	}
}

// Stroke implements vg.Canvas.
func (c *canvas) Stroke(p vg.Path) {
	if c.open != c.class {
		c.flush()
		c.open = c.class
	}
	c.path.WriteString(c.data(p))
}

// Fill implements vg.Canvas.
func (c *canvas) Fill(p vg.Path) {
	c.flush()
	fmt.Fprintf(&c.b, `<path class="%s-fill" d="%s"/>`, c.class, c.data(p))
}

// FillString implements vg.Canvas.
func (c *canvas) FillString(_ font.Face, pt vg.Point, text string) { c.text(string(c.class), pt, text) }

// text writes a line of text.
func (c *canvas) text(class string, pt vg.Point, text string) {
	c.flush()
	x, y := c.tenths(pt)
	fmt.Fprintf(&c.b, `<text class="%s" x="%s" y="%s">%s</text>`, class, tenth(x), tenth(y), html.EscapeString(text))
}

// look implements surface.
func (c *canvas) look() look {
	return look{tick: font.From(plot.DefaultFont, 12), gap: 7, apart: 14, date: 95, rise: 4}
}

// measure returns the width in the library's font and a third more, since the reader's
// font may be wider, and bold. A character that is no Latin letter or digit counts as
// wide as high.
func (c *canvas) measure(text string) vg.Length {
	face := font.DefaultCache.Lookup(plot.DefaultFont, 12)
	w := vg.Length(0)
	latin := strings.Map(func(r rune) rune {
		if r == 0xa0 || strings.ContainsRune(" .,:+-\u2212%", r) || r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		w += 12
		return -1
	}, text)
	return w + 1.35*face.Width(latin)
}

// label implements surface.
func (c *canvas) label(class ink, pt vg.Point, text string) {
	c.text(fmt.Sprintf("label %s-text", class), pt, text)
}

// dot implements surface.
func (c *canvas) dot(class ink, pt vg.Point) {
	c.flush()
	x, y := c.tenths(pt)
	fmt.Fprintf(&c.b, `<path class="%s-fill dot" d="M%s %sa2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z"/>`, class, tenth(x-25), tenth(y))
}

// mark implements surface.
func (c *canvas) mark(m Mark, pt vg.Point) {
	c.flush()
	x, y := c.tenths(pt)
	shape, class := fmt.Sprintf("M%s %sl4.5 8h-9z", tenth(x), tenth(y+15)), "buy"
	if !m.Up {
		shape, class = fmt.Sprintf("M%s %sl4.5-8h-9z", tenth(x), tenth(y-15)), "sell"
	}
	path := fmt.Sprintf(`<path class="mark %s" d="%s"><title>%s</title></path>`, class, shape, html.EscapeString(m.Title))
	if m.Link != "" {
		// Out of the tab order: the table of trades has the same links.
		path = fmt.Sprintf(`<a href="%s" tabindex="-1">%s</a>`, html.EscapeString(m.Link), path)
	}
	c.b.WriteString(path)
}

// flush ends the path that is being written.
func (c *canvas) flush() {
	if c.path.Len() > 0 {
		fmt.Fprintf(&c.b, `<path class="%s" d="%s"/>`, c.open, c.path.String())
		c.path.Reset()
	}
	c.open = ""
}

// tenths returns a point in tenths of a pixel, y downwards.
func (c *canvas) tenths(pt vg.Point) (x, y int) {
	return int(math.Round(float64(pt.X) * 10)), int(math.Round((c.height - float64(pt.Y)) * 10))
}

// data writes a path: where it starts, then steps. Steps are differences of rounded
// positions, so that errors do not add up.
func (c *canvas) data(p vg.Path) string {
	var b strings.Builder
	px, py := 0, 0
	last := byte(0)
	for _, comp := range p {
		x, y := c.tenths(comp.Pos)
		switch comp.Type {
		case vg.MoveComp:
			b.WriteString("M" + tenth(x) + join(tenth(y)))
			last = 'M'
		case vg.LineComp:
			if x == px && y == py {
				continue
			}
			step := tenth(x-px) + join(tenth(y-py))
			if last != 'l' {
				b.WriteString("l" + step)
			} else {
				b.WriteString(join(step))
			}
			last = 'l'
		case vg.CloseComp:
			b.WriteByte('z')
			last = 'z'
			continue
		default:
			panic("chart: lines are straight")
		}
		px, py = x, y
	}
	return b.String()
}

// join puts a space before a number that does not bring its own sign.
func join(s string) string {
	if strings.HasPrefix(s, "-") {
		return s
	}
	return " " + s
}

// tenth writes n/10 in the fewest characters.
func tenth(n int) string {
	s := strconv.FormatFloat(float64(n)/10, 'f', -1, 64)
	if -10 < n && n < 10 && n != 0 {
		return strings.Replace(s, "0.", ".", 1)
	}
	return s
}
