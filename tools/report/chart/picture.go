package chart

import (
	"cmp"
	"image"
	"image/color"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// style is a face of the font. The library brings its fonts along, so pictures are the
// same on every machine.
type style int

const (
	regular style = iota
	bold
	mono
)

func (s style) font(size float64) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size)}
	switch s {
	case bold:
		f.Weight = 3 // bold, in a scale where 0 is regular
	case mono:
		f.Variant = "Mono"
	}
	return f
}

func (s style) face(size float64) font.Face {
	return font.DefaultCache.Lookup(s.font(size), vg.Length(size))
}

func (s style) width(text string, size float64) float64 {
	f := s.face(size)
	return float64(f.Width(text))
}

// cut shortens a text to a width.
func (s style) cut(text string, most, size float64) string {
	if s.width(text, size) <= most {
		return text
	}
	runes := []rune(text)
	n := sort.Search(len(runes), func(n int) bool { return s.width(string(runes[:n+1])+"…", size) > most })
	return strings.TrimRight(string(runes[:n]), " ") + "…"
}

// clean makes a foreign name safe in a picture: one line, nothing invisible or turning
// the direction of what follows, a question mark for what the font cannot show, and at
// most 300 characters.
func clean(text string) string {
	face := regular.face(12).Face
	kept := []rune(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) {
			return -1
		}
		if i, err := face.GlyphIndex(nil, r); err != nil || i == 0 {
			return '?'
		}
		return r
	}, strings.Join(strings.Fields(text), " ")))
	return strings.TrimSpace(string(kept[:min(len(kept), 300)]))
}

// labelSize is the size of the labels at the lines' ends.
const labelSize = 16

// pen draws an ink in a picture.
type pen struct {
	line, fill color.NRGBA
	width      vg.Length
}

var pens = map[ink]pen{ // read only
	"tick": {fill: muted}, // an axis has labels and no line
	"grid": {faint, faint, 1},
	"base": {zero, zero, 1},
	"c0":   {blue, shade, 3},
	"c2":   {violet, violet, 2},
	"band": {amber, band, 2},
}

func (i ink) pen() pen { return cmp.Or(pens[i], pen{grey, grey, 2}) }

// picture is the [surface] that makes an image. Its points are pixels; what is not
// part of a chart counts y from the top.
type picture struct {
	*vgimg.Canvas
	class ink
}

func newPicture() *picture {
	return &picture{Canvas: vgimg.NewWith(vgimg.UseWH(Width, Height), vgimg.UseDPI(72), vgimg.UseBackgroundColor(paper))}
}

// look implements surface.
func (p *picture) look() look {
	return look{tick: regular.font(14), gap: 12, apart: 21, date: 120, rise: 6}
}

// measure implements surface.
func (p *picture) measure(text string) vg.Length { return vg.Length(bold.width(text, labelSize)) }

// SetLineWidth does nothing: the pen says how thick an ink is.
func (p *picture) SetLineWidth(vg.Length) {}

// SetColor implements vg.Canvas.
func (p *picture) SetColor(c color.Color) {
	if i, ok := c.(ink); ok {
		p.class = i
	}
}

// Stroke draws in pieces: the raster's time grows with the square of a path's edges in
// a row of pixels. Each piece begins a point before the last one's end, so that
// all corners are joined. Lines of the grid lie between two rows of pixels.
func (p *picture) Stroke(path vg.Path) {
	const piece = 16
	x := p.class.pen()
	p.Canvas.SetColor(x.line)
	p.Canvas.SetLineWidth(x.width)
	if len(path) == 2 && x.width == 1 {
		path = slices.Clone(path)
		for i, c := range path {
			path[i].Pos = vg.Point{X: vg.Length(math.Floor(float64(c.Pos.X)) + .5), Y: vg.Length(math.Floor(float64(c.Pos.Y)) + .5)}
		}
	}
	for from := 0; from+1 < len(path); from += piece - 2 {
		to := min(from+piece, len(path))
		part := slices.Clone(path[from:to])
		part[0].Type = vg.MoveComp
		p.Canvas.Stroke(part)
		if to == len(path) {
			break
		}
	}
}

// Fill implements vg.Canvas.
func (p *picture) Fill(path vg.Path) { p.fill(path, p.class.pen().fill) }

// FillString implements vg.Canvas.
func (p *picture) FillString(face font.Face, pt vg.Point, text string) {
	p.Canvas.SetColor(p.class.pen().fill)
	p.Canvas.FillString(face, pt, solid(text))
}

// solid keeps a capital A from being kerned over the blank before it.
func solid(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }

// label implements surface.
func (p *picture) label(class ink, pt vg.Point, text string) {
	s, size := bold, float64(labelSize)
	if class == "band" {
		s, size = regular, 15
	}
	p.Canvas.SetColor(class.pen().line)
	p.Canvas.FillString(s.face(size), pt, solid(text))
}

// dot implements surface.
func (p *picture) dot(class ink, pt vg.Point) {
	for _, d := range []struct {
		radius vg.Length
		c      color.NRGBA
	}{{6, paper}, {4.5, class.pen().line}} {
		var v vg.Path
		v.Move(vg.Point{X: pt.X + d.radius, Y: pt.Y})
		v.Arc(pt, d.radius, 0, 2*math.Pi)
		v.Close()
		p.fill(v, d.c)
	}
}

// mark panics: a picture to share shows no fills.
func (p *picture) mark(Mark, vg.Point) { panic("chart: a picture has no marks") }

func (p *picture) fill(path vg.Path, c color.Color) {
	p.Canvas.SetColor(c)
	p.Canvas.Fill(path)
}

// text writes a line that begins at x on the baseline y.
func (p *picture) text(x, y float64, text string, size float64, s style, c color.Color) {
	p.Canvas.SetColor(c)
	p.Canvas.FillString(s.face(size), vg.Point{X: vg.Length(x), Y: vg.Length(Height - y)}, text)
}

// rect fills a rectangle with corners of radius r.
func (p *picture) rect(x0, y0, x1, y1, r float64, c color.Color) {
	var v vg.Path
	for i, q := range [][2]float64{{x1 - r, y1 - r}, {x1 - r, y0 + r}, {x0 + r, y0 + r}, {x0 + r, y1 - r}} {
		v.Arc(vg.Point{X: vg.Length(q[0]), Y: vg.Length(Height - q[1])}, vg.Length(r), math.Pi/2*float64(i)-math.Pi/2, math.Pi/2)
	}
	v.Close()
	p.fill(v, c)
}

// paletted reduces the picture to at most 256 colours, which is a third of the bytes.
// The most frequent colours stay; the others, of the edges of characters and lines,
// become the nearest of those.
func (p *picture) paletted() image.Image {
	src, ok := p.Image().(*image.RGBA)
	if !ok {
		return p.Image()
	}
	rgb := func(i int) uint32 {
		return uint32(src.Pix[4*i])<<16 | uint32(src.Pix[4*i+1])<<8 | uint32(src.Pix[4*i+2])
	}
	out := image.NewPaletted(src.Bounds(), nil)
	runs := func(f func(c uint32, from, to int)) { // neighbours are mostly alike
		for i := 0; i < len(out.Pix); {
			from := i
			for i < len(out.Pix) && rgb(i) == rgb(from) {
				i++
			}
			f(rgb(from), from, i)
		}
	}
	counts := map[uint32]int{}
	runs(func(c uint32, from, to int) { counts[c] += to - from })
	index := make(map[uint32]uint8, len(counts))
	for i, x := range slices.SortedFunc(maps.Keys(counts), func(a, b uint32) int { return cmp.Or(counts[b]-counts[a], int(a)-int(b)) }) {
		c := color.RGBA{uint8(x >> 16), uint8(x >> 8), uint8(x), 0xff}
		if i < 256 {
			out.Palette = append(out.Palette, c)
			index[x] = uint8(i)
		} else {
			index[x] = uint8(out.Palette.Index(c))
		}
	}
	runs(func(c uint32, from, to int) {
		k := index[c]
		for i := range out.Pix[from:to] {
			out.Pix[from+i] = k
		}
	})
	return out
}
