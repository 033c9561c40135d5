package history

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"pitwall"
)

// binance pages through klines.
type binance struct{ *Vendor }

// NewBinance returns the source of spot klines of Binance, which needs no key; it asks
// the host that serves market data only.
//
// BTC/USD, BTC-USD and BTCUSDT are all BTCUSDT there: Binance quotes in USDT, which is
// taken for a dollar; BTC/USDC is BTCUSDC. Prices are as traded, volume is in the coin,
// times are the start of the bar in UTC. Left out and counted: the bar that has not ended.
// A page holds 1,000 bars; ten requests a second.
//
// Tested against documented payloads and local servers only.
func NewBinance(o RemoteOptions) *Vendor {
	b := binance{newVendor("binance", "https://data-api.binance.vision", 600, o)}
	b.delay = time.Minute
	m := time.Minute
	b.offers = candleOffers(ByYear, time.Hour, 30*m, 15*m, 5*m, m)
	b.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: b.bars}
	b.wire.accept = func(status int, body []byte) bool {
		return (status == http.StatusBadRequest || status == http.StatusUnavailableForLegalReasons) && binanceError(body) != nil
	}
	return b.Vendor
}

// binanceFailure is the body of a refusal.
type binanceFailure struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}

// binanceError returns the refusal that a body is, or nil.
func binanceError(body []byte) *binanceFailure {
	var f binanceFailure
	if json.Unmarshal(body, &f) != nil || f.Msg == "" {
		return nil
	}
	return &f
}

// refusal returns the error that a failure becomes.
func (f binanceFailure) refusal(pair string) error {
	switch f.Code {
	case -1121:
		return pitwall.Errorf(pitwall.NoCoverage, "no pair %s there: %s (code %d)", pair, oneLine([]byte(f.Msg)), f.Code).Hintf("check how Binance spells the pair; BTC/USD is BTCUSDT there")
	case 0: // as it answers from where it may not serve
		return pitwall.Errorf(pitwall.NotAllowed, "refused: %s", oneLine([]byte(f.Msg))).Hintf("use coinbase or kraken")
	}
	return pitwall.Errorf(pitwall.DataError, "refused: %s (code %d)", oneLine([]byte(f.Msg)), f.Code).Hintf("ask for another range, size or pair")
}

func (b binance) bars(ctx context.Context, q Request) (*Answer, error) {
	coin, currency, err := coins(q.Symbol)
	if err != nil {
		return nil, err
	}
	if currency == "USD" {
		currency = "USDT"
	}
	name, limit := coin+currency, 1000
	ans := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}
	end := q.To.AddDate(0, 0, 1)
	for from := q.From; from.Before(end) && from.Before(b.opts.Now()); {
		raw, err := b.get(ctx, "/api/v3/klines", url.Values{"symbol": {name}, "interval": {pitwall.SizeName(q.Size)},
			"startTime": {strconv.FormatInt(from.UnixMilli(), 10)}, "endTime": {strconv.FormatInt(end.UnixMilli()-1, 10)}, "limit": {strconv.Itoa(limit)}}, nil)
		if err != nil {
			return nil, err
		}
		if f := binanceError(raw); f != nil {
			return nil, f.refusal(name)
		}
		rows, err := candleRows(raw, 7)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			start, err := onGridUTC(r[0], time.Millisecond, q.Size)
			if err != nil {
				return nil, err
			}
			if last, err := strconv.ParseInt(r[6], 10, 64); err != nil || start.Before(from) || last+1 > start.Add(q.Size).UnixMilli() {
				return nil, garbage("a bar from %s to %s where bars of %s from %s on were asked for", r[0], r[6], pitwall.SizeName(q.Size), from.Format(time.RFC3339))
			}
			if err := b.candle(ans, q, start, [4]string(r[1:5]), r[5]); err != nil {
				return nil, err
			}
			from = start.Add(q.Size)
		}
		if len(rows) < limit {
			break
		}
	}
	return ans, nil
}
