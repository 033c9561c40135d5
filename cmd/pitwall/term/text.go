package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Clean drops what a terminal would act on: escape sequences lose their escape,
// and marks that turn the direction of writing around go too. Line breaks stay.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// OneLine returns a clean text without line breaks and runs of spaces.
func OneLine(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// width is the number of characters of a text.
func width(s string) int { return utf8.RuneCountInString(s) }

// Cut shortens a line to n characters; 0 = not at all.
func Cut(s string, n int) string {
	if n <= 0 || width(s) <= n {
		return s
	}
	return string([]rune(s)[:max(n-3, 1)]) + "..."
}

// middle shortens a name to n characters in its middle: runs of one strategy differ
// at their ends.
func middle(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	head := (n - 3) / 2
	return string(r[:head]) + "..." + string(r[len(r)-(n-3-head):])
}

// wrap breaks a line at words; a width below 20 = not at all.
func wrap(line string, most int) []string {
	var list []string
	for most >= 20 && width(line) > most {
		runes := []rune(line)
		at := most
		for at > most/2 && runes[at] != ' ' {
			at--
		}
		if runes[at] != ' ' {
			at = most // one long word
		}
		list = append(list, string(runes[:at]))
		line = strings.TrimLeft(string(runes[at:]), " ")
	}
	return append(list, line)
}

// Fill breaks paragraphs into lines of a width. A line that begins with a space is a
// row of a list: it stays one, its further lines indented.
func Fill(text string, most int) string {
	var out []string
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			out = append(out, wrap(paragraph, most)...)
		}
		paragraph = ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "":
			flush()
			out = append(out, "")
		case line[0] == ' ':
			flush()
			out = append(out, strings.Join(wrap(line, most-4), "\n      "))
		default:
			paragraph = strings.TrimPrefix(paragraph+" "+line, " ")
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// Plural counts things: 1 reply, 2 replies.
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if stem, ok := strings.CutSuffix(word, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Few joins texts, the first of many.
func Few(list []string) string {
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

// SafeJSON returns JSON that a terminal shows and never obeys: upper control characters,
// which can only stand inside its strings, are escaped.
func SafeJSON(body []byte) string {
	var b strings.Builder
	for _, r := range string(body) {
		if Clean(string(r)) != "" {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.String()
}
