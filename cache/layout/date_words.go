package layout

import (
	"slices"
	"strings"
	"unicode"
)

// monthWords are the beginnings of months' names beside the English ones: German, French,
// Spanish, Italian, Portuguese and Dutch. No two of them begin alike.
var monthWords = [12][]string{
	{"ene", "gen", "jän"}, {"fév", "fev"}, {"mär", "mrz", "mrt", "maart"}, {"avr", "abr"}, {"mai", "mag", "mei"}, {"juin", "giu"},
	{"juil", "lug"}, {"aoû", "aou", "ago"}, {"set"}, {"okt", "ott", "out"}, {"nov"}, {"déc", "dez", "dic"},
}

// dateMarks writes 2024年1月2日 as 2024-1-2, and takes blanks out of 2024- 1- 2.
var dateMarks = strings.NewReplacer("年", "-", "月", "-", "日", "", "- ", "-")

// plainDate writes a time without words of other languages, and without a remark in
// brackets after it; most times are returned as they are.
func plainDate(cell string) string {
	if inFigures(cell) {
		return cell
	}
	cell = dateMarks.Replace(cell)
	if i := strings.IndexByte(cell, '('); i > 0 { // (Eastern Standard Time)
		cell = strings.TrimSpace(cell[:i])
	}
	if strings.ContainsRune(cell, '/') { // the name of a zone
		return cell
	}
	parts := strings.FieldsFunc(cell, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, word := range parts {
		if m := monthWord(strings.ToLower(word)); m > 0 {
			day, rest, _ := strings.Cut(cell, word)
			return strings.TrimRight(day, ". ") + " " + months[m-1] + " " + strings.TrimLeft(rest, ". ")
		}
	}
	if len(cell) == 9 && digitRun(cell) == 2 && len(parts) == 1 && len(parts[0]) == 3 && cell[2:5] == parts[0] && monthOf(parts[0]) > 0 { // 02JAN2024
		return cell[:2] + "-" + cell[2:5] + "-" + cell[5:]
	}
	return cell
}

// inFigures reports whether a time has no words in it.
func inFigures(cell string) bool {
	for i := 0; i < len(cell); i++ {
		switch c := cell[i]; {
		case c >= '0' && c <= '9' || c == 'T' || c == 'Z' || c == ':':
		case c > ' ' && c < 'A' && c != '(':
		case c == ' ' && (i == 0 || cell[i-1] != '-'):
		default:
			return false
		}
	}
	return true
}

// monthWord returns the month that a word of another language names, or 0.
func monthWord(word string) int {
	for i, list := range monthWords {
		if slices.ContainsFunc(list, func(begin string) bool { return strings.HasPrefix(word, begin) && monthOf(word) == 0 }) {
			return i + 1
		}
	}
	if r := []rune(word); len(r) > 3 && monthOf(word) == 0 { // janv, septembre, März
		return monthOf(string(r[:3]))
	}
	return 0
}
