package history

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"pitwall"
)

// coinbase pages through candles.
type coinbase struct{ *Vendor }

// NewCoinbase returns the source of candles of Coinbase Exchange, which needs no key.
//
// BTC/USD, BTC-USD and BTCUSD are BTC-USD there, BTC/USDT is BTC-USDT. Prices are as
// traded, volume is in the coin, times are the start of the bar in UTC. Answers come newest
// first, each candle as time, low, high, open, close, volume, and hold no candle for a time
// without trades. Left out and counted: the bar that has not ended, and candles outside
// the range, which the vendor may send. A page holds 300 candles; five requests a second.
//
// Tested against documented payloads and local servers only.
func NewCoinbase(o RemoteOptions) *Vendor {
	c := coinbase{newVendor("coinbase", "https://api.exchange.coinbase.com", 300, o)}
	c.delay = time.Minute
	m := time.Minute
	c.offers = candleOffers(ByYear, time.Hour, 15*m, 5*m, m)
	c.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: c.bars}
	c.wire.accept = func(status int, body []byte) bool {
		text := coinbaseError(body)
		return status == http.StatusBadRequest && text != "" || status == http.StatusNotFound && text == "NotFound"
	}
	return c.Vendor
}

// coinbaseError returns what a refusal says, or nothing.
func coinbaseError(body []byte) string {
	var f struct{ Message string }
	if json.Unmarshal(body, &f) != nil {
		return ""
	}
	return f.Message
}

func (c coinbase) bars(ctx context.Context, q Request) (*Answer, error) {
	coin, currency, err := coins(q.Symbol)
	if err != nil {
		return nil, err
	}
	name := coin + "-" + currency
	ans := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}
	end := q.To.AddDate(0, 0, 1)
	for from := q.From; from.Before(end) && from.Before(c.opts.Now()); {
		last := from.Add(299 * q.Size) // both ends are asked for
		if latest := end.Add(-q.Size); last.After(latest) {
			last = latest
		}
		raw, err := c.get(ctx, "/products/"+url.PathEscape(name)+"/candles", url.Values{"granularity": {strconv.Itoa(int(q.Size / time.Second))},
			"start": {from.Format(time.RFC3339)}, "end": {last.Format(time.RFC3339)}}, nil)
		if err != nil {
			return nil, err
		}
		if text := coinbaseError(raw); text == "NotFound" {
			return nil, pitwall.Errorf(pitwall.NoCoverage, "no pair %s there", name).Hintf("check how Coinbase spells the pair, such as BTC-USD")
		} else if text != "" {
			return nil, pitwall.Errorf(pitwall.DataError, "refused: %s", oneLine([]byte(text))).Hintf("ask for another range, size or pair")
		}
		rows, err := candleRows(raw, 6)
		if err != nil {
			return nil, err
		}
		slices.Reverse(rows)
		before := time.Time{}
		for _, r := range rows {
			start, err := onGridUTC(r[0], time.Second, q.Size)
			switch {
			case err != nil:
				return nil, err
			case !start.After(before):
				return nil, garbage("bars that are not newest first: %s after %s", before.Format(time.RFC3339), start.Format(time.RFC3339))
			}
			before = start
			if start.Before(from) || start.After(last) {
				ans.drop("bars outside the range", 1)
				continue
			}
			if err := c.candle(ans, q, start, [4]string{r[3], r[2], r[1], r[4]}, r[5]); err != nil {
				return nil, err
			}
		}
		from = last.Add(q.Size)
	}
	return ans, nil
}
