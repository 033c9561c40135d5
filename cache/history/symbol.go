package history

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"pitwall"
	"pitwall/cache/layout"
)

// A file of bars without a column of symbols is of the one that its name begins with
// (AAPL.csv, aapl_us_d.csv, BTCUSDT-1h-2024-01.csv), after words such as those of the
// vendor; else of the only symbol that is asked for and that no other file has.

// nameWords are parts of file names that are no symbols: vendors, exchanges, periods and
// what a download is called.
var nameWords = strings.Fields(`dat ascii histdata mt4 mt5 binance bitstamp coinbase kraken bitfinex gemini bybit okx yahoo yfinance stooq investing tradingview
	nasdaq nyse bats amex cboe arca lse xetra polygon alpaca tiingo eodhd quandl wiki kibot firstrate firstratedata barchart dukascopy ninjatrader lean
	daily weekly hourly minute minutes intraday day hour eod ohlc ohlcv bars bar candles candlestick klines data prices price history historical quotes stock stocks
	bid ask mid last export download sample test native web csv d h w m us header nohdr hdr iso full adjusted unadjusted raw spot futures um cm`)

// periodWord is a part of a file name that says how long bars are, or a date.
var periodWord = regexp.MustCompile(`(?i)^([0-9]+|[0-9]*(m|min|h|hour|d|day|w|mn)[0-9]*)$`)

// pairWithMinutes is how MetaTrader names a file: EURUSD60.
var pairWithMinutes = regexp.MustCompile(`^([A-Z]{6})(1|5|15|30|60|240|1440)$`)

// stooqName is how Stooq names a file, in small letters: aapl_us_d.csv, aapl.us.txt.
var stooqName = regexp.MustCompile(`[._](us|uk|de|jp|hk|pl)([._][dwm])?[.](csv|txt)$`)

// plainSymbol is a symbol as people write it, in capitals.
var plainSymbol = regexp.MustCompile(`^[A-Z]{1,6}$|^[A-Z0-9]{2,10}(USD|USDT|USDC|EUR|BTC|ETH)$`)

// squeezed is a symbol without marks and case: BTC/USD, btc-usd and BTCUSD are one.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, s)
}

// nameParts takes a file's name apart, without words that are no symbols before it.
func nameParts(file string) []string {
	stem := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, ext := range []string{".gz", ".zst", ".zip", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".feather", ".arrow"} {
		stem = strings.TrimSuffix(stem, ext)
	}
	parts := strings.FieldsFunc(stem, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	isWord := func(p string) bool {
		return slices.Contains(nameWords, strings.ToLower(p)) || periodWord.MatchString(p)
	}
	for len(parts) > 0 && isWord(parts[0]) {
		parts = parts[1:]
	}
	for len(parts) > 0 && isWord(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// symbolIn returns which of some symbols a file's name begins with.
func symbolIn(parts []string, symbols []string) string {
	for n := min(len(parts), 3); n > 0; n-- {
		name := squeezed(strings.Join(parts[:n], ""))
		for _, s := range symbols {
			if m := pairWithMinutes.FindStringSubmatch(name); name == squeezed(s) || m != nil && m[1] == squeezed(s) {
				return s
			}
		}
	}
	return ""
}

// symbolOf returns the symbol that a file's name begins with; loose takes one in
// small letters too, when nothing else is in the name.
func symbolOf(parts []string, loose bool) string {
	if len(parts) == 0 {
		return ""
	}
	name := parts[0]
	if loose && len(parts) == 1 {
		name = strings.ToUpper(name)
	}
	if m := pairWithMinutes.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	if !plainSymbol.MatchString(name) {
		return ""
	}
	if len(parts) > 1 {
		if both := name + "-" + strings.ToUpper(parts[1]); pair.MatchString(both) {
			return both
		}
	}
	return name
}

// symbols gives a file of bars its column of symbols, and every symbol's rows the order
// of time.
func (l *loader) symbols(t *table) (err error) {
	switch {
	case !t.layout.Bars: // rows of the store
		return nil
	case !t.has("symbol"):
		var symbol string
		if symbol, err = l.symbolFor(t); err == nil {
			t.addSymbol(symbol)
		}
	case !t.layout.Own:
		err = l.renameSymbols(t)
	}
	if err == nil && t.has("timestamp") {
		t.forward()
	}
	return err
}

// symbolFor finds the symbol of a file that has no column of symbols.
func (l *loader) symbolFor(t *table) (string, error) {
	parts := nameParts(t.name)
	wanted := l.opts.Symbols
	symbol := symbolIn(parts, wanted)
	if c := t.mapping.Columns[layout.Close]; slices.Contains(wanted, c) { // a table of closes
		symbol = c
	}
	if symbol == "" {
		symbol = symbolOf(parts, len(wanted) == 0 || stooqName.MatchString(t.name))
	}
	if symbol == "" {
		left := slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return l.held[s] })
		switch {
		case len(left) == 1:
			symbol = left[0]
		case len(wanted) == 0:
			return "", pitwall.Errorf(pitwall.DataError, "%s: the header lacks symbol, and the file's name shows none", t.name).Hintf("name the symbol with --symbols, add a column symbol, or rename the file, such as AAPL.csv")
		default:
			return "", pitwall.Errorf(pitwall.UnknownSymbol, "%s: the header lacks symbol, the file's name shows none, and %d symbols are without data: %s", t.name, len(left), strings.Join(left, ", ")).Hintf("add a column symbol, or rename the file, such as AAPL.csv")
		}
	}
	return symbol, nil
}

// addSymbol gives every row a symbol.
func (t *table) addSymbol(symbol string) {
	t.col["symbol"] = len(t.header)
	t.header = append(slices.Clone(t.header), "symbol")
	for i, row := range t.rows {
		t.rows[i] = append(row, symbol) // into the row's own spare cell, or a copy
	}
}

// renameSymbols writes a file's symbols as they are asked for: AAPL.US or NASDAQ:AAPL as
// AAPL, BTC/USD as BTC-USD. Without a symbol asked for only .US goes.
func (l *loader) renameSymbols(t *table) error {
	at := t.col["symbol"]
	to := map[string]string{}
	from := map[string]string{}
	last, renamed := "", ""
	for i, row := range t.rows {
		have := row[at]
		if i > 0 && have == last {
			row[at] = renamed
			continue
		}
		name, known := to[have]
		if !known {
			name = l.asWanted(have)
			if other, twice := from[name]; twice {
				return t.bad(i, "symbol", fmt.Errorf("%s and %s would both be %s; name one of them", other, have, name))
			}
			to[have], from[name] = name, have
		}
		row[at], last, renamed = name, have, name
	}
	return nil
}

func (l *loader) asWanted(have string) string {
	if l.wanted[have] {
		return have
	}
	name := strings.TrimSuffix(strings.TrimSuffix(have, ".US"), ".us")
	_, after, _ := strings.Cut(name, ":")
	for _, s := range l.opts.Symbols {
		if squeezed(s) == squeezed(name) || after != "" && squeezed(s) == squeezed(after) {
			return s
		}
	}
	return name
}

// forward counts the rows of each symbol, and puts those of symbols whose newest bar
// comes first into the order of time.
func (t *table) forward() {
	type span struct{ first, last, n int }
	symbol, stamp := t.col["symbol"], t.col["timestamp"]
	spans := map[string]*span{}
	var now *span
	for i, row := range t.rows {
		if i == 0 || row[symbol] != t.rows[i-1][symbol] {
			if now = spans[row[symbol]]; now == nil {
				now = &span{first: i}
				spans[row[symbol]] = now
			}
		}
		now.last = i
		now.n++
	}
	t.counts = make(map[string]int, len(spans))
	for name, at := range spans {
		t.counts[name] = at.n
		a, errA := parseStamp(t.rows[at.first][stamp], newYork())
		b, errB := parseStamp(t.rows[at.last][stamp], newYork())
		if errA != nil || errB != nil || !b.t.Before(a.t) {
			continue
		}
		for i, j := at.first, at.last; i < j; {
			switch {
			case t.rows[i][symbol] != name:
				i++
			case t.rows[j][symbol] != name:
				j--
			default:
				t.rows[i], t.rows[j] = t.rows[j], t.rows[i]
				if len(t.lines) > 0 {
					t.lines[i], t.lines[j] = t.lines[j], t.lines[i]
				}
				i, j = i+1, j-1
			}
		}
	}
}
