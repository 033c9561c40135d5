package pitwall

import "slices"

// Nearest returns the known word with the smallest edit distance to word, the first
// of several: for the "did you mean" of an error. It panics if known is empty.
func Nearest(word string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int { return distance(word, a) - distance(word, b) })
}

// Near is Nearest for words that are meant to be long or many: it says nothing when
// more than a third of the letters differ.
func Near(word string, known []string) (string, bool) {
	if len(known) == 0 {
		return "", false
	}
	x := Nearest(word, known)
	return x, distance(word, x) <= max(1, len(word)/3)
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			up := row[j]
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(up+1, row[j-1]+1, diagonal+cost)
			diagonal = up
		}
	}
	return row[len(b)]
}
