package history

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"pitwall"
)

// What the public candles of crypto exchanges share: names of pairs, and rows of JSON
// whose cells are texts or numbers. An exchange writes times of UTC, prices as traded and
// volume in units of the coin.

// coinsOf is a pair taken apart; its quote is dollars or a stablecoin.
var coinsOf = regexp.MustCompile(`^([A-Z0-9]{2,10}?)[-/]?(USDT|USDC|USD|EUR|BTC|ETH)$`)

// coins returns the coin and the currency of a pair such as BTC/USD, BTC-USD or BTCUSDT.
func coins(symbol string) (coin, currency string, err error) {
	m := coinsOf.FindStringSubmatch(symbol)
	switch {
	case m == nil || !pair.MatchString(symbol):
		return "", "", pitwall.Errorf(pitwall.Unsupported, "only pairs of crypto from this source").Hintf("write a pair like BTC/USD, BTC-USD or BTCUSDT")
	case m[2] == "EUR" || m[2] == "BTC" || m[2] == "ETH":
		return "", "", pitwall.Errorf(pitwall.Unsupported, "prices are in %s", m[2]).Hintf("one currency per world, USD, for now")
	case m[1] == "XBT":
		m[1] = "BTC"
	}
	return m[1], m[2], nil
}

// candleOffers offers bars as traded: days in chunks of the size given, others by month.
func candleOffers(days Chunk, others ...time.Duration) []Offer {
	return []Offer{
		{Kind: KindBars, Sizes: []time.Duration{24 * time.Hour}, Chunk: days, Adjusted: pitwall.Raw},
		{Kind: KindBars, Sizes: others, Chunk: ByMonth, Adjusted: pitwall.Raw},
	}
}

// candleRows reads a list of lists of at least width cells; null is no list.
func candleRows(raw []byte, width int) ([][]string, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var list [][]any
	if err := dec.Decode(&list); err != nil || list == nil {
		return nil, garbage("%s", oneLine(raw))
	}
	rows := make([][]string, len(list))
	for i, cells := range list {
		if len(cells) < width {
			return nil, garbage("a bar of %d figures, not %d: %v", len(cells), width, cells)
		}
		for _, cell := range cells {
			switch x := cell.(type) {
			case string:
				rows[i] = append(rows[i], x)
			case json.Number:
				rows[i] = append(rows[i], x.String())
			default:
				return nil, garbage("a bar with a cell that is no figure: %s", oneLine(raw))
			}
		}
	}
	return rows, nil
}

// onGridUTC reads a bar's start in units of UTC's epoch, and refuses one that is no start
// of a bar of the size asked for.
func onGridUTC(text string, unit, size time.Duration) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > int64(1<<62)/int64(unit) {
		return time.Time{}, garbage("a bar at %q", text)
	}
	at := time.Unix(0, n*int64(unit)).UTC()
	if !at.Equal(at.Truncate(size)) {
		return at, garbage("a bar of %s begins at %s", pitwall.SizeName(size), at.Format(time.RFC3339))
	}
	return at, nil
}
