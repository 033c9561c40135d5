package page

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

// ansi matches sequences that a terminal obeys: colours, cursor moves. The text in
// some, as a title, stays: a model has read it.
var ansi = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[@-Z\\\\-_])|\u009b[0-?]*[ -/]*[@-~]")

// clean makes foreign text safe to read: it removes terminal sequences and control
// characters, and names the characters that turn or hide what a reader sees.
func clean(s string) string {
	if plain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\ufffd")
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	s = ansi.ReplaceAllString(s, "")
	var b strings.Builder
	for _, r := range s {
		switch {
		case !odd(r):
			b.WriteRune(r)
		case r == '\r':
			// half of a line's end
		case hides(r):
			fmt.Fprintf(&b, "\u27e6U+%04X\u27e7", r)
		}
	}
	return b.String()
}

// plain reports whether a text has printable ASCII, tabs and line ends only, as most do.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

func odd(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f || hides(r)
}

// hides reports whether a character turns the direction of text, joins what is apart or
// carries text that is not shown. The joiners of scripts and emoji stay.
func hides(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, // embeddings, overrides, isolates
		r == 0x200e, r == 0x200f, r == 0x061c, // marks
		r == 0x200b, r >= 0x2060 && r <= 0x2064, r >= 0x206a && r <= 0x206f, r == 0xfeff, r == 0x00ad, r == 0x034f, r == 0x180e, // no width
		r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, // letters that are blank
		r >= 0xfff9 && r <= 0xfffb, r >= 0xe0100 && r <= 0xe01ef, // notes and variants, which can carry text
		r == 0x2028, r == 0x2029, // ends of lines in some readers only
		r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

const missing = "n/a"

// percent formats a fraction with its sign; nil is n/a.
func percent(v *float64, digits int) string {
	if v == nil || math.IsNaN(*v) {
		return missing
	}
	return report.Group(chart.Percent(*v, digits))
}

// share formats a fraction without a plus.
func share(v *float64, digits int) string { return strings.TrimPrefix(percent(v, digits), "+") }

// ret formats a return as charts do.
func ret(v *float64) string {
	if v == nil || math.IsNaN(*v) {
		return missing
	}
	return report.Group(chart.Return(*v))
}

// chance formats a probability or a share of many, cut to whole percent.
func chance(v *float64) string {
	if v == nil || math.IsNaN(*v) {
		return missing
	}
	return chart.Chance(*v)
}

func number(v *float64, digits int) string {
	if v == nil || math.IsNaN(*v) {
		return missing
	}
	return report.Group(report.Minus(strconv.FormatFloat(*v, 'f', digits, 64)))
}

// money formats an amount with two digits.
func money(d pitwall.Dec) string { return number(new(d.Float()), 2) }

// price formats four digits after the point, and all of a price under 1, which may
// have no other.
func price(d pitwall.Dec) string {
	if d.Abs() >= pitwall.One {
		d = d.Round(4)
	}
	return exact(d)
}

// exact formats all digits of an amount.
func exact(d pitwall.Dec) string { return report.Group(report.Minus(d.String())) }

// sign returns the class of a figure.
func sign(v *float64) string {
	switch {
	case v == nil || *v == 0:
		return ""
	case *v > 0:
		return "good"
	}
	return "bad"
}

// moment formats a time in the zone of the run's records.
func moment(t time.Time) string { return t.Format("2006-01-02 15:04") }
