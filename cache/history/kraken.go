package history

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// kraken reads one answer, which holds all that there is.
type kraken struct{ *Vendor }

// krakenReach is how many bars of a size Kraken gives, the newest ones, whatever is asked.
const krakenReach = 720

// NewKraken returns the source of OHLC of Kraken's spot market, which needs no key.
//
// BTC/USD, BTC-USD and BTCUSD are XBTUSD there, which answers as XXBTZUSD; DOGE is XDG.
// Prices are as traded, volume is in the coin (the eighth figure is a count, the sixth a
// mean price), times are the start of the bar in UTC. Kraken gives the last 720 bars of a
// size and nothing older: two years of days, a month of hours.
// Days that are not whole in it are refused, which is why there are no bars of a minute (12
// hours). Left out and counted: the bar that has not ended, which every answer ends with.
// Refusals come with status 200; one request a second.
//
// Tested against recorded payloads and local servers only.
func NewKraken(o RemoteOptions) *Vendor {
	k := kraken{newVendor("kraken", "https://api.kraken.com", 60, o)}
	k.delay = time.Minute
	m := time.Minute
	k.offers = candleOffers(Whole, time.Hour, 30*m, 15*m, 5*m)
	k.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: k.bars}
	return k.Vendor
}

// krakenPair spells a pair as Kraken's answers do: XBT and USD.
func krakenPair(symbol string) (coin, currency string, err error) {
	coin, currency, err = coins(symbol)
	if other := map[string]string{"BTC": "XBT", "DOGE": "XDG"}[coin]; other != "" {
		coin = other
	}
	return coin, currency, err
}

func (k kraken) bars(ctx context.Context, q Request) (*Answer, error) {
	coin, currency, err := krakenPair(q.Symbol)
	if err != nil {
		return nil, err
	}
	raw, err := k.get(ctx, "/0/public/OHLC", url.Values{"pair": {coin + currency}, "interval": {strconv.Itoa(int(q.Size / time.Minute))},
		"since": {strconv.FormatInt(q.From.Add(-q.Size).Unix(), 10)}}, nil) // a bar more, whether since is counted or not
	if err != nil {
		return nil, err
	}
	list, err := krakenResult(raw, coin, currency)
	if err != nil {
		return nil, err
	}
	rows, err := candleRows(list, 8)
	if err != nil {
		return nil, err
	}
	ans, before := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}, time.Time{}
	for i, r := range rows {
		start, err := onGridUTC(r[0], time.Second, q.Size)
		switch {
		case err != nil:
			return nil, err
		case !start.After(before):
			return nil, garbage("a bar at %s after one at %s", start.Format(time.RFC3339), before.Format(time.RFC3339))
		case i == 0 && start.After(q.From) && len(rows) >= krakenReach:
			first := start.Add(24*time.Hour - 1).Truncate(24 * time.Hour)
			return nil, pitwall.Errorf(pitwall.NotAllowed, "only the last %d bars are to be had, from %s on", len(rows), start.Format(time.RFC3339)).
				Hintf("ask --from %s or later, for larger bars, or binance or coinbase, which have all of them", first.Format(time.DateOnly))
		}
		before = start
		if end := q.To.AddDate(0, 0, 1); start.Before(q.From) || !start.Before(end) {
			continue // an answer goes on to now
		}
		if err := k.candle(ans, q, start, [4]string(r[1:5]), r[6]); err != nil {
			return nil, err
		}
	}
	return ans, nil
}

// krakenResult takes an answer apart; refusals come with status 200 too.
func krakenResult(raw []byte, coin, currency string) (json.RawMessage, error) {
	var body struct {
		Error  []string                   `json:"error"`
		Result map[string]json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(raw, &body); err != nil || body.Error == nil {
		return nil, garbage("%s", oneLine(raw))
	}
	if text := strings.Join(body.Error, ", "); text != "" {
		e := pitwall.Errorf(pitwall.DataError, "refused: %s", oneLine([]byte(text))).Hintf(tryAgain)
		switch {
		case strings.Contains(text, "Unknown asset pair"):
			e = pitwall.Errorf(pitwall.NoCoverage, "no pair %s there: %s", coin+currency, oneLine([]byte(text))).Hintf("check how Kraken spells the pair; BTC/USD is XBTUSD there")
		case strings.Contains(text, "Rate limit") || strings.Contains(text, "Too many requests"):
			e.Code = pitwall.Timeout
		}
		return nil, e
	}
	delete(body.Result, "last") // where the next answer would go on
	for _, name := range []string{coin + currency, coin + "Z" + currency, "X" + coin + "Z" + currency, "X" + coin + currency} {
		if list, ok := body.Result[name]; ok && len(body.Result) == 1 {
			return list, nil
		}
	}
	return nil, garbage("it is not about %s: %s", coin+currency, oneLine(raw))
}
