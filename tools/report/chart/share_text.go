package chart

import (
	"cmp"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// style is a face of the font.
type style int

const (
	regular style = iota
	bold
	mono
)

// painter draws on a canvas whose points are pixels, with y counted from the top.
type painter struct {
	canvas *vgimg.Canvas
	faces  [3]font.Face
}

func newPainter() *painter {
	p := &painter{canvas: vgimg.NewWith(vgimg.UseWH(Width, Height), vgimg.UseDPI(72), vgimg.UseBackgroundColor(paper))}
	const heavy = 3 // bold, in the font library's scale where 0 is regular
	for _, f := range liberation.Collection() {
		switch {
		case f.Font.Style != 0:
		case f.Font.Variant == "Sans" && f.Font.Weight == 0:
			p.faces[regular] = f
		case f.Font.Variant == "Sans" && f.Font.Weight == heavy:
			p.faces[bold] = f
		case f.Font.Variant == "Mono" && f.Font.Weight == 0:
			p.faces[mono] = f
		}
	}
	return p
}

func (p *painter) face(size float64, s style) font.Face {
	f := p.faces[s]
	f.Font.Size = vg.Length(size)
	return f
}

func (p *painter) width(text string, size float64, s style) float64 {
	f := p.face(size, s)
	return float64(f.Width(text))
}

// text writes a line that begins at x on the baseline y.
func (p *painter) text(x, y float64, text string, size float64, s style, c color.Color) {
	p.canvas.SetColor(c)
	p.canvas.FillString(p.face(size, s), vg.Point{X: vg.Length(x), Y: vg.Length(Height - y)}, text)
}

// cut shortens a text that is wider than it may be.
func (p *painter) cut(text string, most, size float64, s style) string {
	if p.width(text, size, s) <= most {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes) // the longest beginning that fits
	for low < high {
		mid := (low + high + 1) / 2
		if p.width(string(runes[:mid])+"…", size, s) <= most {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// clean makes a name of others harmless in a picture: one line, nothing that is
// invisible or turns the direction of what follows, a question mark for what the
// font cannot show, and at most 300 characters.
func (p *painter) clean(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) {
			continue
		}
		if n++; n > 300 {
			break
		}
		if i, err := p.faces[regular].Face.GlyphIndex(nil, r); err != nil || i == 0 {
			r = '?'
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

type xy struct{ x, y float64 }

func path(points []xy) vg.Path {
	var v vg.Path
	for i, q := range points {
		at := vg.Point{X: vg.Length(q.x), Y: vg.Length(Height - q.y)}
		if i == 0 {
			v.Move(at)
		} else {
			v.Line(at)
		}
	}
	return v
}

// line draws in pieces: the raster's time grows with the square of what one path
// has in a row of pixels. Each piece begins a point before the last one's end, so that
// all corners are joined.
func (p *painter) line(points []xy, width float64, c color.Color, dashes ...float64) {
	const piece = 16
	p.canvas.SetColor(c)
	p.canvas.SetLineWidth(vg.Length(width))
	var list []vg.Length
	for _, d := range dashes {
		list = append(list, vg.Length(d))
	}
	p.canvas.SetLineDash(list, 0)
	for from := 0; from+1 < len(points); from += piece - 2 {
		to := min(from+piece, len(points))
		p.canvas.Stroke(path(points[from:to]))
		if to == len(points) {
			break
		}
	}
}

// under fills what is between a line and a height, in strips for the same reason.
// They meet between two pixels, where no seam is seen.
func (p *painter) under(points []xy, base float64, c color.Color) {
	const strip = 24
	points = slices.Clone(points)
	for len(points) > 1 {
		edge := (math.Floor(points[0].x/strip) + 1) * strip
		n := 1
		for n < len(points) && points[n].x < edge {
			n++
		}
		part := append([]xy{{points[0].x, base}}, points[:n]...)
		if n < len(points) { // cut at the edge, and go on from there
			a, b := points[n-1], points[n]
			points[n-1] = xy{edge, a.y + (b.y-a.y)*(edge-a.x)/(b.x-a.x)}
			part = append(part, points[n-1])
			n--
		}
		p.area(append(part, xy{part[len(part)-1].x, base}), c)
		points = points[n:]
	}
}

func (p *painter) area(points []xy, c color.Color) {
	if len(points) < 3 {
		return
	}
	v := path(points)
	v.Close()
	p.canvas.SetColor(c)
	p.canvas.Fill(v)
}

func (p *painter) rect(x0, y0, x1, y1 float64, c color.Color) {
	p.area([]xy{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, c)
}

// rounded is a rect with round corners.
func (p *painter) rounded(x0, y0, x1, y1, r float64, c color.Color) {
	var v vg.Path
	for i, q := range []xy{{x1 - r, y1 - r}, {x1 - r, y0 + r}, {x0 + r, y0 + r}, {x0 + r, y1 - r}} {
		from := math.Pi/2*float64(i) - math.Pi/2
		center := vg.Point{X: vg.Length(q.x), Y: vg.Length(Height - q.y)}
		v.Arc(center, vg.Length(r), from, math.Pi/2)
	}
	v.Close()
	p.canvas.SetColor(c)
	p.canvas.Fill(v)
}

// dot marks a place.
func (p *painter) dot(at xy, r float64, c color.Color) {
	var v vg.Path
	center := vg.Point{X: vg.Length(at.x), Y: vg.Length(Height - at.y)}
	v.Move(vg.Point{X: center.X + vg.Length(r), Y: center.Y})
	v.Arc(center, vg.Length(r), 0, 2*math.Pi)
	v.Close()
	p.canvas.SetColor(c)
	p.canvas.Fill(v)
}

// paletted turns the picture into one of at most 256 colours, which is a third of
// the bytes: edges of letters and lines have many colours that nobody can tell
// apart. The most frequent colours stay as they are, the others become the nearest
// of those.
func (p *painter) paletted() image.Image {
	src, ok := p.canvas.Image().(*image.RGBA)
	if !ok {
		return p.canvas.Image()
	}
	type shade struct {
		rgb   uint32
		count int
	}
	counts := map[uint32]int{}
	for i := 0; i < len(src.Pix); { // neighbours are mostly alike
		c, from := rgb(src.Pix[i:]), i
		for i < len(src.Pix) && rgb(src.Pix[i:]) == c {
			i += 4
		}
		counts[c] += (i - from) / 4
	}
	shades := make([]shade, 0, len(counts))
	for c, n := range counts {
		shades = append(shades, shade{c, n})
	}
	slices.SortFunc(shades, func(a, b shade) int { return cmp.Or(b.count-a.count, int(a.rgb)-int(b.rgb)) })
	out := image.NewPaletted(src.Bounds(), nil)
	index := make(map[uint32]uint8, len(shades))
	for i, s := range shades {
		c := color.RGBA{uint8(s.rgb >> 16), uint8(s.rgb >> 8), uint8(s.rgb), 0xff}
		if i < 256 {
			out.Palette = append(out.Palette, c)
			index[s.rgb] = uint8(i)
		} else {
			index[s.rgb] = uint8(out.Palette.Index(c))
		}
	}
	last, k := rgb(src.Pix), index[rgb(src.Pix)]
	for i := range out.Pix {
		if c := rgb(src.Pix[4*i:]); c != last {
			last, k = c, index[c]
		}
		out.Pix[i] = k
	}
	return out
}

func rgb(pix []uint8) uint32 { return uint32(pix[0])<<16 | uint32(pix[1])<<8 | uint32(pix[2]) }
