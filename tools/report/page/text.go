package page

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report/chart"
)

// ansi are sequences that a terminal obeys: colours, cursor moves. Of those that
// carry text, as a title, the text stays: a model has read it.
var ansi = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[@-Z\\\\-_])|\u009b[0-?]*[ -/]*[@-~]")

// clean makes foreign text safe to look at: terminal sequences and control
// characters go, and signs that turn or hide what a reader sees are named.
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

// plain tells text of ASCII letters, spaces and line ends: most of it is.
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

// hides tells signs that turn the direction of text, join what is apart or carry
// text that is not shown. The joiners of scripts and emoji stay.
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

// percent writes a fraction with its sign; nil is n/a.
func percent(v *float64, digits int) string {
	if v == nil || math.IsNaN(*v) {
		return missing
	}
	return group(chart.Percent(*v, digits))
}

// share writes a fraction without a plus.
func share(v *float64, digits int) string { return strings.TrimPrefix(percent(v, digits), "+") }

// ret writes a return with one digit, and with two below one percent, as charts do.
func ret(v *float64) string {
	if v != nil && math.Abs(*v) < 0.00995 {
		return percent(v, 2)
	}
	return percent(v, 1)
}

// chance writes a probability or a share of many, cut to whole percent.
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
	return group(minus(strconv.FormatFloat(*v, 'f', digits, 64)))
}

func minus(s string) string {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		if !strings.ContainsAny(rest, "123456789") {
			return rest
		}
		return "\u2212" + rest
	}
	return s
}

// money writes an amount with two digits.
func money(d pitwall.Dec) string { return group(minus(strconv.FormatFloat(d.Float(), 'f', 2, 64))) }

// price writes four digits after the point, and all of a price under 1, which may
// have no other.
func price(d pitwall.Dec) string {
	if d.Abs() >= pitwall.One {
		d = d.Round(4)
	}
	return exact(d)
}

// exact writes all digits that an amount has.
func exact(d pitwall.Dec) string { return group(minus(d.String())) }

// group puts commas between thousands.
func group(s string) string {
	from := strings.IndexAny(s, "0123456789")
	if from < 0 {
		return s
	}
	to := from
	for to < len(s) && s[to] >= '0' && s[to] <= '9' {
		to++
	}
	digits := s[from:to]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return s[:from] + digits + s[to:]
}

// sign is the class of a figure.
func sign(v *float64) string {
	switch {
	case v == nil || *v == 0:
		return ""
	case *v > 0:
		return "good"
	}
	return "bad"
}

// moment is a time as the run's records have it: the day alone when it is a day's.
func moment(t time.Time) string { return t.Format("2006-01-02 15:04") }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(strconv.Itoa(n)) + " " + many
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
