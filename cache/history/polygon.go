package history

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// polygon pages through answers.
type polygon struct{ *Vendor }

// NewPolygon returns the source of bars (aggregates), dividends and splits of
// Polygon, which needs a key.
//
// Prices and volume are as traded (adjusted=false), so fetch actions as well.
// Daily bars carry New York's date, others the start of the bar; minutes and
// hours include trading before and after the session. Left out and counted: the
// bar that has not ended. Crypto is written BTC-USD here and X:BTCUSD there. The
// key travels in a header; five requests a minute, as the free plan allows.
//
// Dividends and splits are tested against recorded rows, bars against payloads
// made by hand, both on local servers only.
func NewPolygon(o RemoteOptions) *Vendor {
	p := polygon{newVendor("polygon", "https://api.polygon.io", 5, o)}
	p.needs = []string{o.Key}
	p.offers = append(rawBars(ByYear), Offer{Kind: KindActions, Chunk: Whole})
	p.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: p.bars, KindActions: p.actions}
	return p.Vendor
}

// polygonPage is the envelope of every answer.
type polygonPage struct {
	Status   string            `json:"status"`
	Error    string            `json:"error"`
	Message  string            `json:"message"`
	Ticker   string            `json:"ticker"`
	Adjusted *bool             `json:"adjusted"`
	Results  []json.RawMessage `json:"results"`
	Next     string            `json:"next_url"`
}

// pages reads an address and all that follow it.
func (p polygon) pages(ctx context.Context, path string, query url.Values, each func(polygonPage) error) error {
	for range mostPages {
		raw, err := p.get(ctx, path, query, http.Header{"Authorization": {"Bearer " + p.opts.Key}})
		if err != nil {
			return err
		}
		var page polygonPage
		switch err := json.Unmarshal(raw, &page); {
		case err != nil:
			return garbage("%s", p.wire.redact(oneLine(raw)))
		case page.Status != "OK" && page.Status != "DELAYED":
			return garbage("status %q: %s", page.Status, p.wire.redact(oneLine(raw)))
		}
		if err := each(page); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		next, err := url.Parse(page.Next) // only its path and query: the key stays with our host
		if err != nil || next.Path == "" || next.Path+"?"+next.RawQuery == path+"?"+query.Encode() {
			return garbage("the next page is %q", p.wire.redact(page.Next))
		}
		path, query = next.Path, next.Query()
		query.Del("apiKey")
	}
	return garbage("it has more than %d pages", mostPages)
}

// ticker spells a symbol as Polygon does.
func (p polygon) ticker(symbol string) string {
	if pair.MatchString(symbol) {
		return "X:" + strings.NewReplacer("-", "", "/", "").Replace(symbol)
	}
	return symbol
}

func (p polygon) bars(ctx context.Context, q Request) (*Answer, error) {
	span := strconv.Itoa(int(q.Size/time.Minute)) + "/minute"
	switch {
	case q.Size >= 24*time.Hour:
		span = "1/day"
	case q.Size >= time.Hour:
		span = "1/hour"
	}
	path := fmt.Sprintf("/v2/aggs/ticker/%s/range/%s/%s/%s", url.PathEscape(p.ticker(q.Symbol)), span, q.From.Format(time.DateOnly), q.To.Format(time.DateOnly))
	ans := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}
	err := p.pages(ctx, path, url.Values{"adjusted": {"false"}, "sort": {"asc"}, "limit": {"50000"}}, func(page polygonPage) error {
		if page.Ticker != p.ticker(q.Symbol) || page.Adjusted == nil || *page.Adjusted {
			return garbage("it is about %q, adjusted %v", page.Ticker, page.Adjusted == nil || *page.Adjusted)
		}
		for _, raw := range page.Results {
			var b struct {
				T          *int64
				O, H, L, C *float64
				V          json.Number
			}
			if err := json.Unmarshal(raw, &b); err != nil || b.T == nil || b.O == nil || b.H == nil || b.L == nil || b.C == nil {
				return garbage("the bar %s", oneLine(raw))
			}
			if err := p.bar(ans, q, time.UnixMilli(*b.T).In(zoneOf(q.Symbol)), [4]float64{*b.O, *b.H, *b.L, *b.C}, b.V.String()); err != nil {
				return err
			}
		}
		return nil
	})
	return ans, err
}

func (p polygon) actions(ctx context.Context, q Request) (*Answer, error) {
	ans := &Answer{Kind: KindActions}
	add := func(ticker, ex, kind, value string, rest ...string) error {
		day, err := time.Parse(time.DateOnly, ex)
		switch {
		case err != nil:
			return garbage("a %s on %q", kind, ex)
		case ticker != q.Symbol:
			return garbage("a %s of %q", kind, ticker)
		}
		ans.action(q, day, kind, value, rest...)
		return nil
	}
	dates := func(field string) url.Values {
		return url.Values{"ticker": {q.Symbol}, field + ".gte": {q.From.Format(time.DateOnly)}, field + ".lte": {q.To.Format(time.DateOnly)}, "limit": {"1000"}, "order": {"asc"}}
	}
	err := p.pages(ctx, "/v3/reference/dividends", dates("ex_dividend_date"), func(page polygonPage) error {
		for _, raw := range page.Results {
			var d struct {
				Cash     json.Number `json:"cash_amount"`
				Currency string      `json:"currency"`
				Declared string      `json:"declaration_date"`
				Ex       string      `json:"ex_dividend_date"`
				Pay      string      `json:"pay_date"`
				Record   string      `json:"record_date"`
				Ticker   string      `json:"ticker"`
			}
			if err := json.Unmarshal(raw, &d); err != nil || d.Currency != "" && d.Currency != "USD" {
				return garbage("the dividend %s", oneLine(raw))
			}
			cash, err := pitwall.ParseDec(d.Cash.String())
			if err != nil || cash <= 0 {
				return garbage("the dividend %s", oneLine(raw))
			}
			if err := add(d.Ticker, d.Ex, "dividend", cash.String(), d.Pay, d.Record, d.Declared, "polygon"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = p.pages(ctx, "/v3/reference/splits", dates("execution_date"), func(page polygonPage) error {
		for _, raw := range page.Results {
			var s struct {
				Day    string  `json:"execution_date"`
				From   float64 `json:"split_from"`
				To     float64 `json:"split_to"`
				Ticker string  `json:"ticker"`
			}
			if err := json.Unmarshal(raw, &s); err != nil {
				return garbage("the split %s", oneLine(raw))
			}
			text, err := ratioText(s.To, s.From)
			if err != nil {
				return err
			}
			if err := add(s.Ticker, s.Day, "split", text, "", "", "", "polygon"); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortStableFunc(ans.Rows, func(x, y []string) int { return strings.Compare(x[1]+x[2], y[1]+y[2]) })
	return ans, err
}
