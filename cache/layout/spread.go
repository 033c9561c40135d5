package layout

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// words are the parts of a name that say which column of bars it is, where the rest of it
// is a symbol or a unit; a longer one goes before one that it ends with.
var words = []string{"adjusted close", "adj close", "adj_close", "adjclose", "adjusted", "volume", "close", "open", "high", "low"}

// units are rests of a name that are no symbol: Open (USD).
var units = []string{"usd", "eur", "gbp", "chf", "jpy", "inr", "cad", "aud", "cny", "hkd", "krw", "brl", "sek", "pln", "usdt", "rs", "price", "value", "local", "px"}

// otherPrices are rests of names of prices that are not those of trades, or not as traded.
var otherPrices = []string{"adj", "adjusted", "unadj", "unadjusted", "bid", "ask", "mid", "mark", "index", "prev", "previous", "pre", "after", "split"}

// side is the columns of one symbol: their words by the columns' places.
type side struct {
	symbol string // as the header writes it; empty where the rest is a unit
	words  map[int]string
}

// sidesOf finds columns that are named for a symbol or a unit and a word of bars: AAPL.Open
// of quantmod, Close_AAPL of yfinance, Open (USD). All four prices must be there.
func sidesOf(header []string) (found []side) {
	for _, last := range []bool{true, false} { // the word is the last part, or the first
		var list []side
		for i, h := range header {
			word, rest, ok := takeWord(h, last)
			if !ok || slices.Contains(otherPrices, fold(rest)) {
				continue
			}
			if slices.Contains(units, fold(rest)) || strings.HasPrefix(word, "volume") && fold(rest) == "shares" {
				rest = ""
			}
			at := slices.IndexFunc(list, func(s side) bool { return s.symbol == rest })
			if at < 0 {
				at, list = len(list), append(list, side{rest, map[int]string{}})
			}
			list[at].words[i] = word
		}
		for _, s := range list {
			if s.whole() {
				found = append(found, s)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// whole reports whether a side has each of the four prices once.
func (s side) whole() bool {
	n := map[string]int{}
	for _, w := range s.words {
		n[w]++
	}
	return n[Open] == 1 && n[High] == 1 && n[Low] == 1 && n[Close] == 1 && n[Volume] <= 1 && n[AdjClose] <= 1
}

// takeWord parts a name into its word and the rest.
func takeWord(name string, last bool) (word, rest string, ok bool) {
	edge := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	name = strings.TrimFunc(name, edge)
	lower := strings.ToLower(name)
	for _, w := range words {
		if len(lower) != len(name) || len(lower) < len(w)+2 {
			continue
		}
		cut := name[len(w):]
		mark, fits := rune(name[len(w)]), strings.HasPrefix(lower, w)
		if last {
			cut = name[:len(name)-len(w)]
			mark, fits = rune(cut[len(cut)-1]), strings.HasSuffix(lower, w)
		}
		if cut = strings.TrimFunc(cut, edge); fits && edge(mark) && cut != "" {
			if strings.HasPrefix(w, "adj") {
				w = AdjClose
			}
			return w, cut, true
		}
	}
	return "", "", false
}

// spread gives columns that are named for a symbol or a unit the plain names of bars.
// Several symbols side by side become rows below each other.
func (t *Table) spread() {
	sides := sidesOf(t.Header)
	if len(sides) == 0 {
		return
	}
	if len(sides) == 1 && sides[0].symbol == "" {
		for i, w := range sides[0].words {
			t.Header[i] = w
		}
		return
	}
	taken := map[int]bool{}
	for _, s := range sides {
		for i := range s.words {
			taken[i] = true
		}
	}
	var others []int // the time, and what all have in common
	for i := range t.Header {
		if _, _, ofSymbol := takeWord(t.Header[i], true); !taken[i] && !ofSymbol {
			others = append(others, i)
		}
	}
	list := []string{Open, High, Low, Close}
	for _, w := range []string{Volume, AdjClose} {
		if slices.ContainsFunc(sides, func(s side) bool { return slices.Contains(slices.Collect(maps.Values(s.words)), w) }) {
			list = append(list, w)
		}
	}
	header := append([]string{Symbol}, list...)
	for _, i := range others {
		if header = append(header, t.Header[i]); i == 0 && t.Header[i] == "" {
			header[len(header)-1] = "index"
		}
	}
	var rows [][]string
	var lines []int
	for _, s := range sides {
		for k, row := range t.Rows {
			out := make([]string, len(header))
			out[0] = s.symbol
			for i, w := range s.words {
				out[1+slices.Index(list, w)] = row[i]
			}
			for n, i := range others {
				out[1+len(list)+n] = row[i]
			}
			rows = append(rows, out)
			if k < len(t.Lines) {
				lines = append(lines, t.Lines[k])
			}
		}
	}
	t.Header, t.Rows, t.Lines = header, rows, lines
}
