package history

import (
	"fmt"
	"regexp"
	"strings"

	"pitwall"
	"pitwall/cache/calendar"
)

// This file is what the form of a name says, as Yahoo and others write it: ^GSPC is an
// index, ES=F a future, EURUSD=X a currency pair. instruments.csv says otherwise.

// currencies is EURUSD=X, or JPY=X for dollars in yen.
var currencies = regexp.MustCompile(`^([A-Z]{3})?([A-Z]{3})=X$`)

// indices are those whose exchange is not in New York.
var indices = map[string]string{"^N225": "XTKS", "^FTSE": "XLON", "^GDAXI": "XETR", "^HSI": "XHKG", "^FCHI": "XPAR", "^AXJO": "XASX", "^GSPTSE": "XTSE",
	"^SSMI": "XSWX", "^AEX": "XAMS", "^BSESN": "XBOM", "^NSEI": "XBOM", "^KS11": "XKRX", "^BVSP": "BVMF"}

// points is what a point of a future's price is worth in dollars, by its root, as the
// exchange's contract has it and as Yahoo quotes it (grains, meats and copper as there).
var points = map[string]int64{"ES": 50, "NQ": 20, "RTY": 50, "YM": 5, "MES": 5, "MNQ": 2, "M2K": 5, "MYM": 1, "CL": 1000, "MCL": 100, "NG": 10_000, "RB": 42_000, "HO": 42_000,
	"BZ": 1000, "GC": 100, "MGC": 10, "SI": 5000, "HG": 25_000, "PL": 50, "ZB": 1000, "ZN": 1000, "ZF": 1000, "ZT": 2000, "ZC": 50, "ZS": 50, "ZW": 50, "LE": 400, "HE": 400,
	"6E": 125_000, "6B": 62_500, "6J": 12_500_000, "6A": 100_000, "6C": 100_000, "6S": 125_000, "BTC": 5, "MBT": 1}

// byName returns what a name in one of these forms says, in words too.
func byName(symbol string) (in pitwall.Instrument, says string, ok bool) {
	in = pitwall.Instrument{Symbol: symbol, Currency: "USD", Lot: pitwall.One}
	var hours string
	switch pair := currencies.FindStringSubmatch(symbol); {
	case strings.HasPrefix(symbol, "^") && len(symbol) > 1:
		in.Kind, hours = pitwall.Index, indices[symbol]
		says = "an index by its name: it can be watched, not traded"
	case pair != nil:
		if pair[1] == "" {
			pair[1] = "USD"
		}
		in.Kind, in.Currency, hours = pitwall.FX, pair[2], "FX"
		says = fmt.Sprintf("a currency pair by its name: units of %s in %s, open from Sunday 17:00 to Friday 17:00 in New York", pair[1], pair[2])
	case strings.HasSuffix(symbol, "=F") && len(symbol) > 2:
		in.Kind, in.Multiplier, hours = pitwall.Future, pitwall.One, "CMES"
		worth := "1 dollar a point (its multiplier is not known)"
		if n := points[strings.TrimSuffix(symbol, "=F")]; n != 0 {
			in.Multiplier, worth = pitwall.Int(n), fmt.Sprintf("%d dollars a point", n)
		}
		says = fmt.Sprintf("a future by its name: %s, in the sessions of CME, without expiry; it needs an account of type margin, and the price of a continuous series jumps where it changes contracts", worth)
	default:
		return in, "", false
	}
	c, err := calendar.Named(hours)
	if err != nil { // no index of those abroad
		c = calendar.NewYork()
	}
	in.Calendar, in.Hours, in.Zone = c.Name, c, c.Zone
	return in, says, true
}
