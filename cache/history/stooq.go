package history

import (
	"context"
	"encoding/csv"
	"net/url"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// stooq reads one CSV per symbol.
type stooq struct{ *Vendor }

// NewStooq returns the source of daily bars of shares, ETFs and indices of the United
// States of Stooq, which needs no key.
//
// AAPL is aapl.us there, BRK.B brk-b.us, and an index ^spx. Prices and volume are as
// traded: the request leaves out every adjustment (o=1111111); this source gives no
// corporate actions, so take them from another. Days are New York's, and a day is left
// out until four hours after its close. Stooq limits downloads a day and an address, and
// may send a web page to programs; both become errors, as "No data" does, which stands
// for an unknown symbol and for a range without bars alike.
//
// Tested against payloads that others published and local servers only.
func NewStooq(o RemoteOptions) *Vendor {
	s := stooq{newVendor("stooq", "https://stooq.com", 20, o)}
	s.delay = 4 * time.Hour
	s.offers = []Offer{{Kind: KindBars, Sizes: []time.Duration{24 * time.Hour}, Chunk: Whole, Adjusted: pitwall.Raw}}
	s.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: s.bars}
	return s.Vendor
}

// stooqTicker spells a symbol as Stooq does.
func stooqTicker(symbol string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(symbol, ".US"))
	base, class, dotted := strings.Cut(name, ".")
	switch {
	case pair.MatchString(symbol) || strings.ContainsAny(name, "=/") || dotted && len(class) != 1:
		return "", pitwall.Errorf(pitwall.Unsupported, "only shares and indices of the United States from this source").Hintf("write AAPL, BRK.B or ^SPX; crypto comes from binance, coinbase and kraken")
	case strings.HasPrefix(name, "^"):
		return name, nil
	case dotted:
		name = base + "-" + class
	}
	return name + ".us", nil
}

func (s stooq) bars(ctx context.Context, q Request) (*Answer, error) {
	ticker, err := stooqTicker(q.Symbol)
	if err != nil {
		return nil, err
	}
	const day = "20060102"
	raw, err := s.get(ctx, "/q/d/l/", url.Values{"s": {ticker}, "d1": {q.From.Format(day)}, "d2": {q.To.Format(day)}, "i": {"d"}, "o": {"1111111"}}, nil)
	if err != nil {
		return nil, err
	}
	if err := stooqRefusal(strings.TrimSpace(string(raw)), ticker); err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	if err != nil {
		return nil, garbage("%v", err)
	}
	head := []string{"Date", "Open", "High", "Low", "Close", "Volume"}
	if len(rows) == 0 || !slices.Equal(rows[0], head) && !slices.Equal(rows[0], head[:5]) { // an index may have no volume
		return nil, garbage("%s", oneLine(raw))
	}
	ans, zone := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}, newYork()
	for _, r := range rows[1:] {
		start, err := time.ParseInLocation(time.DateOnly, r[0], zone)
		if err != nil {
			return nil, garbage("a bar on %q", r[0])
		}
		if err := s.candle(ans, q, start, [4]string(r[1:5]), strings.Join(r[5:], "")); err != nil {
			return nil, err
		}
	}
	return ans, nil
}

// stooqRefusal returns the error for a text that is no CSV; it comes with status 200.
func stooqRefusal(text, ticker string) error {
	switch lower := strings.ToLower(text); {
	case strings.HasPrefix(lower, "no data"):
		return pitwall.Errorf(pitwall.NoCoverage, "answered %q: it does not know %s, or has no day of it in this range", oneLine([]byte(text)), ticker).Hintf("check the symbol at https://stooq.com, or ask for other days")
	case strings.Contains(lower, "daily hits limit"):
		return pitwall.Errorf(pitwall.Timeout, "refused: the daily limit of downloads from this address is reached").Hintf("repeat the same command tomorrow: stored data is not downloaded again")
	case strings.HasPrefix(text, "<"):
		return pitwall.Errorf(pitwall.DataError, "the answer is not usable: a web page came instead of CSV").Hintf("download https://stooq.com/q/d/?s=%s in a browser, then pitwall data import FILE", url.QueryEscape(ticker))
	}
	return nil
}
