package layout

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

// sideWords are the words that say what a fill did, in the first words of a cell.
var sideWords = map[string]string{
	"b": "buy", "buy": "buy", "bot": "buy", "bought": "buy", "purchase": "buy", "purchased": "buy", "kauf": "buy", "cover": "buy", "bto": "buy", "btc": "buy",
	"s": "sell", "ss": "sell", "sell": "sell", "sld": "sell", "sold": "sell", "sale": "sell", "short": "sell", "verkauf": "sell", "sto": "sell", "stc": "sell",
	"receive": "opening", "received": "opening", "acats": "opening", "acati": "opening",
}

// sidePhrases are those whose first word says something else.
var sidePhrases = map[string]string{
	"entry_long": "buy", "exit_short": "buy", "entry_short": "sell", "exit_long": "sell",
	"open_long": "buy", "close_short": "buy", "open_short": "sell", "close_long": "sell",
	"reinvest_shares": "buy", "reinvestment": "buy", "transfer_in": "opening", "journaled_shares": "opening", "security_transfer": "opening", "opening_position": "opening", "opening_balance": "opening",
}

// otherWords begin what is in an account's history and is no trade.
var otherWords = strings.Fields(`send sent receive received reward rewards income staking unstaking convert dividend dividends distribution interest deposit withdrawal withdraw transfer transferred
	split stock fee fees tax taxes nra adr journal journaled merger spinoff spin adjustment airdrop learning earn expired expiration assigned assignment exercise exercised wire cash qualified
	non moneylink funds electronic ach acats acati misc margin lending bank service reinvest reinvestment result card cdiv sdiv spl soff int gold`)

// sideOf returns what a cell says of a fill: buy, sell or opening; empty is something
// else. Only the first words count: the name of a company may stand behind them.
func sideOf(cell string) string {
	text := fold(cell)
	if text == "opening" {
		return text
	}
	for phrase, side := range sidePhrases {
		if text == phrase || strings.HasPrefix(text, phrase+"_") {
			return side
		}
	}
	words := strings.Split(text, "_")
	if isOther(cell) {
		words = words[:1]
	}
	for _, w := range words[:min(3, len(words))] {
		if side := sideWords[w]; side != "" {
			return side
		}
	}
	return ""
}

// isOther reports whether a cell names a row of an account that is no trade.
func isOther(cell string) bool {
	text := fold(cell)
	word, _, _ := strings.Cut(text, "_")
	return slices.Contains(otherWords, word) || strings.HasPrefix(text, "short_term_") || strings.HasPrefix(text, "long_term_")
}

// sideColumn finds the column that says what was bought and what was sold, or -1.
func (t *Table) sideColumn() int {
	for _, name := range sideNames {
		i := slices.IndexFunc(t.Header, func(h string) bool { return fold(h) == name })
		if i >= 0 && slices.ContainsFunc(t.Rows, func(row []string) bool { s := sideOf(row[i]); return s == "buy" || s == "sell" }) {
			return i
		}
	}
	return slices.IndexFunc(t.Header, func(h string) bool { return fold(h) == sideNames[0] })
}

// isOption reports whether a row is about an option on what its symbol names.
func isOption(side, class string) bool {
	return slices.Contains([]string{"BTO", "STO", "BTC", "STC"}, side) ||
		slices.ContainsFunc(strings.Split(fold(class), "_"), func(w string) bool { return strings.HasPrefix(w, "opt") || w == "fop" || w == "fsfop" })
}

// isNegative reports whether a number has a minus or stands in parentheses.
func isNegative(cell string) bool {
	c := strings.TrimLeft(cell, " $€£")
	return strings.HasPrefix(c, "-") || strings.HasPrefix(c, "−") || strings.HasPrefix(c, "(")
}

// hasValue reports whether all cells hold a number other than 0.
func hasValue(cells ...string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.Trim(c, " 0.,$()") == "" || isNull(c) })
}

// quantity takes the unit off a quantity: 0.5BTC, 10S, (100). The unit of a pair is how
// it begins, which may be a digit: 10.51INCH of 1INCHUSDT. Digits alone are none: 100 of 005930.
func quantity(cell, symbol string) string {
	if rest, ok := strings.CutPrefix(cell, "("); ok {
		cell = "-" + strings.TrimSuffix(rest, ")")
	}
	for i := 1; i < len(cell)-1; i++ {
		if strings.HasPrefix(symbol, cell[i:]) && strings.ContainsFunc(cell[i:], unicode.IsLetter) && looksNumeric(cell[:i]) {
			return strings.TrimSpace(cell[:i])
		}
	}
	bare := strings.TrimRightFunc(cell, unicode.IsLetter)
	if unit := cell[len(bare):]; len(unit) > 1 || unit == "S" { // not 1.5M
		return strings.TrimSpace(bare)
	}
	return cell
}

// tradeTime writes a time as those of bars are: 20240102;093005, and the date of a trade
// that was entered later, "01/03/2024 as of 01/02/2024".
func tradeTime(cell string) string {
	if _, traded, ok := strings.Cut(cell, " as of "); ok {
		cell = traded
	}
	return strings.ReplaceAll(cell, ";", " ")
}

// statement leaves the lines of the trades of a statement of Interactive Brokers, whose
// sections have columns of their own, in their places, and counts trades of other
// columns, such as currencies. Other files stay as they are.
//
//	Statement,Header,Field Name,Field Value
//	Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,...
//	Trades,Data,Order,Stocks,USD,AAPL,"2024-01-02, 09:30:05",100,185.5,...
func statement(raw []byte) (trades []byte, others int) {
	if !bytes.HasPrefix(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), []byte("Statement,")) {
		return raw, 0
	}
	var header []byte
	this := false // the lines that follow are those of header
	lines := bytes.Split(raw, []byte("\n"))
	for i, line := range lines {
		lines[i] = nil
		if rest, ok := bytes.CutPrefix(line, []byte("Trades,Header,")); ok {
			if this = header == nil || bytes.Equal(header, rest); header == nil {
				header, lines[i] = rest, rest
			}
		} else if rest, ok := bytes.CutPrefix(line, []byte("Trades,Data,")); ok && this {
			lines[i] = rest
		} else if ok {
			others++
		}
	}
	return bytes.Join(lines, []byte("\n")), others
}
