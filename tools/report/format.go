package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Kind is the format of a figure.
type Kind string

// The kinds.
const (
	Percent Kind = "percent" // a fraction that is a gain or a loss: 0.012 is +1.20 %
	Share   Kind = "share"   // a fraction of something: 0.012 is 1.20 %
	Ratio   Kind = "ratio"   // two decimals
	Money   Kind = "money"   // of the account's currency, or USD where the name says so
	Count   Kind = "count"
	Text    Kind = "text"
)

// Write formats a figure for a terminal.
func (k Kind) Write(f *float64) string {
	switch {
	case f == nil:
		return "n/a"
	case k == Percent:
		return fmt.Sprintf("%+.2f %%", *f*100)
	case k == Share:
		return fmt.Sprintf("%.2f %%", *f*100)
	case k == Count:
		return strconv.FormatFloat(*f, 'f', -1, 64)
	case k == Money:
		return Group(strconv.FormatFloat(*f, 'f', 2, 64))
	}
	return strconv.FormatFloat(*f, 'f', 2, 64)
}

// Minus gives a formatted number a true minus sign, and a zero none.
func Minus(s string) string {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		if !strings.ContainsAny(rest, "123456789") {
			return rest
		}
		return "\u2212" + rest
	}
	return s
}

// Group puts commas between the thousands of a formatted number.
func Group(s string) string {
	from := strings.IndexAny(s, "0123456789")
	if from < 0 {
		return s
	}
	to := from
	for to < len(s) && s[to] >= '0' && s[to] <= '9' {
		to++
	}
	for i := to - 3; i > from; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural formats a number of things.
func Plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Group(strconv.Itoa(n)) + " " + thing
}

// JSON returns a value as JSON, without the escapes for HTML; nothing for nothing.
func JSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil || string(raw) == "null" {
		return ""
	}
	return PlainJSON(raw)
}

// Canonical returns JSON with its keys in order and without some of them; what is not
// valid stays.
func Canonical(raw json.RawMessage, without ...string) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(raw)
	}
	if m, ok := v.(map[string]any); ok {
		for _, k := range without {
			delete(m, k)
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return PlainJSON(text)
}

// PlainJSON returns JSON with < > and & as they are. Writers of JSON escape them for the
// sake of HTML; nothing else changes, numbers and order included.
func PlainJSON(raw []byte) string {
	// An escaped backslash comes first, so that what follows it is no escape.
	return strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003C`, "<", `\u003e`, ">", `\u003E`, ">", `\u0026`, "&").Replace(string(raw))
}

// oneLine returns a text without line breaks and runs of spaces.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
}
