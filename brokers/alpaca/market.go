package alpaca

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"pitwall"
	"pitwall/cache/calendar"
)

// Quote is the best bid and ask.
type Quote struct {
	Symbol           string
	Bid, Ask         pitwall.Dec
	BidSize, AskSize float64
	Time             time.Time
}

func (b *Broker) prices(ctx context.Context) *marketdata.Client {
	return marketdata.NewClient(marketdata.ClientOpts{APIKey: b.cfg.Key, APISecret: b.cfg.Secret, BaseURL: b.cfg.DataURL, RetryLimit: -1, RetryDelay: time.Nanosecond, Feed: b.cfg.Feed, HTTPClient: b.wire.client(ctx)})
}

func isCrypto(symbol string) bool { return strings.Contains(symbol, "/") }

// Bars returns the finished bars of one symbol that start at from or later, oldest first,
// prices as traded. The bar that is still forming is left out. A day's bar ends with its
// session; other bars end a size after they start, at the close at the latest.
func (b *Broker) Bars(ctx context.Context, symbol string, size time.Duration, from time.Time) ([]pitwall.Bar, error) {
	i, ok := b.instruments[symbol]
	if !ok {
		return nil, pitwall.Errorf(pitwall.UnknownSymbol, "%s is not among the account's instruments", symbol)
	}
	frame := marketdata.NewTimeFrame(int(size/time.Minute), marketdata.Min)
	switch {
	case size >= 24*time.Hour:
		frame = marketdata.OneDay
	case size >= time.Hour:
		frame = marketdata.NewTimeFrame(int(size/time.Hour), marketdata.Hour)
	}
	var list []pitwall.Bar
	add := func(at time.Time, o, h, l, c, v float64) error {
		x, err := barOf(i, size, at, [4]float64{o, h, l, c}, v)
		if err == nil && !x.Start.Before(from) && !x.End.After(b.cfg.Now()) {
			list = append(list, x)
		}
		return err
	}
	asked, now := startOf(i, size, from), b.cfg.Now()
	if isCrypto(symbol) {
		got, err := b.prices(ctx).GetCryptoBars(symbol, marketdata.GetCryptoBarsRequest{TimeFrame: frame, Start: asked, End: now, Sort: marketdata.SortAsc})
		if err != nil {
			return nil, readError("reading bars of "+symbol, err)
		}
		for _, x := range got {
			if err := add(x.Timestamp, x.Open, x.High, x.Low, x.Close, x.Volume); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	got, err := b.prices(ctx).GetBars(symbol, marketdata.GetBarsRequest{TimeFrame: frame, Adjustment: marketdata.AdjustmentRaw, Start: asked, End: now, Currency: "USD", Sort: marketdata.SortAsc, PageLimit: 10000})
	if err != nil {
		return nil, readError("reading bars of "+symbol, err)
	}
	for _, x := range got {
		if err := add(x.Timestamp, x.Open, x.High, x.Low, x.Close, float64(x.Volume)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// startOf is the stamp that Alpaca gives the first bar wanted: a day's is its midnight.
func startOf(i pitwall.Instrument, size time.Duration, from time.Time) time.Time {
	if size < 24*time.Hour || from.IsZero() {
		return from
	}
	day := from.In(i.Location())
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, i.Location())
}

// barOf is a bar with its end.
func barOf(i pitwall.Instrument, size time.Duration, at time.Time, prices [4]float64, volume float64) (pitwall.Bar, error) {
	b := pitwall.Bar{Symbol: i.Symbol, Start: at.In(i.Location()), Volume: volume}
	b.End = b.Start.Add(size)
	if size >= 24*time.Hour {
		b.Start, b.End, _ = i.Session(i.Day(b.Start))
	} else if closes := i.SessionClose(b.Start); i.Calendar != pitwall.AlwaysOpen && b.End.After(closes) {
		b.End = closes
	}
	b.Known = b.End
	for n, to := range [...]*pitwall.Dec{&b.Open, &b.High, &b.Low, &b.Close} {
		p, err := pitwall.FromFloat(prices[n])
		if err != nil {
			return b, pitwall.Errorf(pitwall.DataError, "bar of %s at %s: %v", i.Symbol, at.Format(time.RFC3339), err)
		}
		*to = p
	}
	return b, nil
}

// Quotes returns the latest quotes by symbol; a symbol without one is missing.
func (b *Broker) Quotes(ctx context.Context, symbols []string) (map[string]Quote, error) {
	var shares, coins []string
	for _, s := range symbols {
		if isCrypto(s) {
			coins = append(coins, s)
		} else {
			shares = append(shares, s)
		}
	}
	out := map[string]Quote{}
	add := func(s string, bid, ask, bidSize, askSize float64, at time.Time) (err error) {
		q := Quote{Symbol: s, BidSize: bidSize, AskSize: askSize, Time: at}
		if q.Bid, err = pitwall.FromFloat(bid); err == nil {
			q.Ask, err = pitwall.FromFloat(ask)
		}
		out[s] = q
		return err
	}
	if len(shares) > 0 {
		got, err := b.prices(ctx).GetLatestQuotes(shares, marketdata.GetLatestQuoteRequest{Currency: "USD"})
		if err != nil {
			return nil, readError("reading quotes", err)
		}
		for s, q := range got {
			if err := add(s, q.BidPrice, q.AskPrice, float64(q.BidSize), float64(q.AskSize), q.Timestamp); err != nil {
				return nil, err
			}
		}
	}
	if len(coins) > 0 {
		got, err := b.prices(ctx).GetLatestCryptoQuotes(coins, marketdata.GetLatestCryptoQuoteRequest{})
		if err != nil {
			return nil, readError("reading quotes", err)
		}
		for s, q := range got {
			if err := add(s, q.BidPrice, q.AskPrice, q.BidSize, q.AskSize, q.Timestamp); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Clock returns Alpaca's time, for the skew of this machine's, and whether shares trade.
func (b *Broker) Clock(ctx context.Context) (now time.Time, open bool, err error) {
	x, err := b.client(ctx).GetClock()
	if err != nil {
		return now, false, readError("reading the clock", err)
	}
	if x.Timestamp.IsZero() {
		return now, false, pitwall.Errorf(pitwall.Timeout, "Alpaca's answer is no clock")
	}
	return x.Timestamp, x.IsOpen, nil
}

// Calendar returns New York's calendar with the days of a span as Alpaca has them: its
// holidays and early closes win over the built-in ones, up to the last day that it knows.
func (b *Broker) Calendar(ctx context.Context, from, to time.Time) (*pitwall.Calendar, error) {
	got, err := b.sessions(ctx, from, to)
	if err != nil {
		return nil, err
	}
	base := calendar.NewYork()
	c := *base
	c.Days = map[int]pitwall.Hours{}
	for d, h := range base.Days {
		c.Days[d] = h
	}
	if len(got) == 0 {
		return &c, nil
	}
	last := slices.Max(slices.Collect(maps.Keys(got)))
	for day := from; day.Format(time.DateOnly) <= last && !day.After(to); day = day.AddDate(0, 0, 1) {
		c.Days[day.Year()*10000+int(day.Month())*100+day.Day()] = got[day.Format(time.DateOnly)] // none is a holiday
	}
	return &c, nil
}
