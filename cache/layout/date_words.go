package layout

import (
	"slices"
	"strings"
	"unicode"
)

// monthWords are months' names beside the English ones: German, French, Spanish, Italian,
// Portuguese and Dutch, whole and short. None of them names two months.
var monthWords = [12]string{
	"januar jänner janvier janv enero ene gennaio gen janeiro januari",
	"februar février févr fév febrero febbraio fevereiro fev februari",
	"märz mär mrz mars marzo março maart mrt",
	"avril avr abril abr aprile",
	"mai mayo maggio mag maio mei",
	"juni juin junio giugno giu junho",
	"juli juillet juil julio luglio lug julho",
	"août aout agosto ago augustus",
	"septembre septiembre settembre sett set setembro",
	"oktober okt octobre octubre ottobre ott outubro out",
	"novembre noviembre novembro",
	"dezember dez décembre déc diciembre dic dicembre dezembro",
}

// dateMarks writes 2024年1月2日 as 2024-1-2.
var dateMarks = strings.NewReplacer("年", "-", "月", "-", "日", "")

// plainDate writes a time without words of other languages, and without a remark in
// brackets after it; most times are returned as they are.
func plainDate(cell string) string {
	if inFigures(cell) {
		return cell
	}
	cell = dateMarks.Replace(cell)
	if strings.Count(cell, "- ") == 2 { // 2024- 01- 02
		cell = strings.ReplaceAll(cell, "- ", "-")
	}
	if i := strings.Index(cell, " ("); i > 0 && strings.HasSuffix(cell, ")") { // (Eastern Standard Time)
		cell = cell[:i]
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
		if slices.Contains(strings.Fields(list), word) {
			return i + 1
		}
	}
	return 0
}
