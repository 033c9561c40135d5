package chart

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// ink is a colour that is a class of the page's style sheet.
type ink string

// RGBA implements color.Color; nothing asks for it but code that mixes colours.
func (ink) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// canvas writes SVG. Its unit is a pixel of the drawing; y grows upwards, as
// the library has it, and is turned round when it is written.
type canvas struct {
	b      strings.Builder
	height float64
	class  ink
	offset vg.Point
	saved  []state
	open   string // class of the path that is being written; consecutive lines of one class are one path
	path   strings.Builder
}

type state struct {
	class  ink
	offset vg.Point
}

// SetLineWidth does nothing: the style sheet says how thick a class is.
func (c *canvas) SetLineWidth(vg.Length) {}

// SetLineDash does nothing, for the same reason.
func (c *canvas) SetLineDash([]vg.Length, vg.Length) {}

// SetColor implements vg.Canvas.
func (c *canvas) SetColor(x color.Color) {
	class, ok := x.(ink)
	if !ok {
		class = "text"
	}
	c.class = class
}

// Rotate would turn text: no chart here has any that is not level.
func (c *canvas) Rotate(float64) { panic("chart: nothing is turned") }

// Scale is not used either.
func (c *canvas) Scale(float64, float64) { panic("chart: nothing is scaled") }

// Translate implements vg.Canvas.
func (c *canvas) Translate(pt vg.Point) { c.offset = c.offset.Add(pt) }

// Push implements vg.Canvas.
func (c *canvas) Push() { c.saved = append(c.saved, state{c.class, c.offset}) }

// Pop implements vg.Canvas.
func (c *canvas) Pop() {
	last := c.saved[len(c.saved)-1]
	c.saved = c.saved[:len(c.saved)-1]
	c.class, c.offset = last.class, last.offset
}

// Stroke implements vg.Canvas.
func (c *canvas) Stroke(p vg.Path) {
	class := string(c.class)
	if c.open != class {
		c.flush()
		c.open = class
	}
	c.path.WriteString(c.data(p))
}

// Fill implements vg.Canvas.
func (c *canvas) Fill(p vg.Path) {
	c.flush()
	fmt.Fprintf(&c.b, `<path class="%s-fill" d="%s"/>`, c.class, c.data(p))
}

// FillString implements vg.Canvas.
func (c *canvas) FillString(_ font.Face, pt vg.Point, text string) {
	c.text(string(c.class), "", pt, text)
}

// DrawImage would put pixels into a drawing.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) { panic("chart: no images are drawn") }

// text writes a line of text; anchor is "", "middle" or "end".
func (c *canvas) text(class, anchor string, pt vg.Point, text string) {
	c.flush()
	x, y := c.tenths(pt)
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	fmt.Fprintf(&c.b, `<text class="%s" x="%s" y="%s"%s>%s</text>`, class, tenth(x), tenth(y), anchor, html.EscapeString(text))
}

// flush ends the path that is being written.
func (c *canvas) flush() {
	if c.path.Len() > 0 {
		fmt.Fprintf(&c.b, `<path class="%s" d="%s"/>`, c.open, c.path.String())
		c.path.Reset()
	}
	c.open = ""
}

// tenths is a point in tenths of a pixel, y downwards.
func (c *canvas) tenths(pt vg.Point) (x, y int) {
	pt = pt.Add(c.offset)
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
			if last == 'l' {
				step = join(step)
			} else {
				step = "l" + step
			}
			b.WriteString(step)
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

// tenth writes n/10 in the fewest letters.
func tenth(n int) string {
	if n%10 == 0 {
		return strconv.Itoa(n / 10)
	}
	s := strconv.FormatFloat(float64(n)/10, 'f', 1, 64)
	if rest, ok := strings.CutPrefix(s, "0."); ok {
		return "." + rest
	}
	if rest, ok := strings.CutPrefix(s, "-0."); ok {
		return "-." + rest
	}
	return s
}
