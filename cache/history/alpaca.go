package history

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/civil"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"pitwall"
)

// alpaca asks through Alpaca's own library.
type alpaca struct{ *Vendor }

// NewAlpaca returns the source of bars, corporate actions and news of Alpaca, which
// needs both keys.
//
// The base address is explicit, so that no APCA_ variable moves it; its retries
// are off, since throttled does them; keys are arguments.
//
// Prices and volume are as traded (adjustment=raw), so fetch actions as well.
// Daily bars carry New York's date, others the start of the bar in UTC; minutes
// and hours include trading before and after the session. Left out and counted:
// the bar that has not ended, actions that are neither cash dividends nor splits
// (mergers, spin-offs, stock dividends and so on), and articles without a time.
// The last 16 minutes are not asked for: free plans may not see them. Articles
// are published, for Pitwall, when they were last changed: that text could not
// be had earlier.
//
// Tested against recorded payloads and local servers only.
func NewAlpaca(o RemoteOptions) *Vendor {
	a := alpaca{newVendor("alpaca", "https://data.alpaca.markets", 180, o)}
	a.wire.check = alpacaBody
	a.needs = []string{o.Key, o.Secret}
	a.offers = append(rawBars(ByYear), Offer{Kind: KindActions, Chunk: ByYear}, Offer{Kind: KindNews, Chunk: ByMonth})
	a.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: a.bars, KindActions: a.actions, KindNews: a.news}
	return a.Vendor
}

// alpacaBody refuses an answer that lacks what was asked: the library reads any
// JSON object as "nothing there", and that would be remembered.
func alpacaBody(r *http.Request, body []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(body, &keys); err != nil {
		return garbage("%s", oneLine(body))
	}
	want := "bars"
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/news"):
		want = "news"
	case strings.HasSuffix(path, "/corporate-actions"):
		want = "corporate_actions"
	}
	if _, ok := keys[want]; !ok {
		return garbage("it has no %q: %s", want, oneLine(body))
	}
	if c := string(keys["currency"]); c != "" && c != `"USD"` && c != "null" && c != `""` {
		return pitwall.Errorf(pitwall.Unsupported, "prices are in %s", c).Hintf("one currency per world, USD, for now")
	}
	return nil
}

// client returns the library's client, whose every request ends with ctx.
func (a alpaca) client(ctx context.Context) *marketdata.Client {
	return marketdata.NewClient(marketdata.ClientOpts{APIKey: a.opts.Key, APISecret: a.opts.Secret, BaseURL: a.opts.BaseURL,
		RetryLimit: -1, RetryDelay: time.Nanosecond, HTTPClient: &http.Client{Transport: &bound{ctx: ctx, next: a.wire}}})
}

// span returns the instants of a request, not beyond what may be asked.
func (a alpaca) span(q Request) (from, to time.Time, zone *time.Location) {
	zone = zoneOf(q.Symbol)
	from, to = startOfDay(q.From, zone), startOfDay(q.To.AddDate(0, 0, 1), zone).Add(-time.Second)
	if latest := a.opts.Now().Add(-a.delay); to.After(latest) {
		to = latest
	}
	if to.Before(from) {
		to = from
	}
	return from.UTC(), to.UTC().Truncate(time.Second), zone
}

func (a alpaca) bars(ctx context.Context, q Request) (*Answer, error) {
	c := a.client(ctx)
	from, to, zone := a.span(q)
	frame := marketdata.NewTimeFrame(int(q.Size/time.Minute), marketdata.Min)
	switch {
	case q.Size >= 24*time.Hour:
		frame = marketdata.OneDay
	case q.Size >= time.Hour:
		frame = marketdata.NewTimeFrame(int(q.Size/time.Hour), marketdata.Hour)
	}
	ans := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}
	add := func(at time.Time, prices [4]float64, volume string) error {
		start := at.In(zone)
		if zone == time.UTC && q.Size >= 24*time.Hour && !start.Equal(startOfDay(start, zone)) {
			return pitwall.Errorf(pitwall.Unsupported, "daily bars that begin at %s UTC: Pitwall's crypto days begin at midnight UTC, so these would be known too early", start.Format("15:04")).Hintf("fetch --size 1h instead")
		}
		return a.bar(ans, q, start, prices, volume)
	}
	if zone == time.UTC {
		list, err := c.GetCryptoBars(q.Symbol, marketdata.GetCryptoBarsRequest{TimeFrame: frame, Start: from, End: to, Sort: marketdata.SortAsc})
		for _, b := range list {
			if err == nil {
				err = add(b.Timestamp, [4]float64{b.Open, b.High, b.Low, b.Close}, strconv.FormatFloat(b.Volume, 'f', -1, 64))
			}
		}
		return ans, err
	}
	list, err := c.GetBars(q.Symbol, marketdata.GetBarsRequest{TimeFrame: frame, Adjustment: marketdata.AdjustmentRaw, Start: from, End: to, Currency: "USD", Sort: marketdata.SortAsc, PageLimit: 10000})
	for _, b := range list {
		if err == nil {
			err = add(b.Timestamp, [4]float64{b.Open, b.High, b.Low, b.Close}, strconv.FormatUint(b.Volume, 10))
		}
	}
	return ans, err
}

// actions asks for more days than it keeps: the vendor's range is about the day
// on which an action was processed (a dividend: paid), ours about the ex date.
func (a alpaca) actions(ctx context.Context, q Request) (*Answer, error) {
	got, err := a.client(ctx).GetCorporateActions(marketdata.GetCorporateActionsRequest{Symbols: []string{q.Symbol}, Sort: marketdata.SortAsc,
		Start: civil.DateOf(q.From.AddDate(0, -1, 0)), End: civil.DateOf(q.To.AddDate(0, 6, 0))})
	if err != nil {
		return nil, err
	}
	ans := &Answer{Kind: KindActions}
	add := func(symbol, kind, value string, ex civil.Date, pay, record *civil.Date) error {
		day := ex.In(time.UTC)
		switch {
		case symbol != q.Symbol:
			ans.drop("actions of other symbols", 1)
		case !ex.IsValid():
			return garbage("a %s without an ex date", kind)
		case !q.holds(day):
			// another chunk's
		default:
			ans.Rows = append(ans.Rows, []string{symbol, ex.String(), kind, value, dateText(pay), dateText(record), "", "alpaca"})
		}
		return nil
	}
	for _, d := range got.CashDividends {
		text, err := amountText(d.Rate)
		if err == nil {
			err = add(d.Symbol, "dividend", text, d.ExDate, d.PayableDate, d.RecordDate)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, s := range got.ReverseSplits {
		got.ForwardSplits = append(got.ForwardSplits, marketdata.ForwardSplit{Symbol: s.Symbol, NewRate: s.NewRate, OldRate: s.OldRate, ExDate: s.ExDate, PayableDate: s.PayableDate, RecordDate: s.RecordDate})
	}
	for _, s := range got.ForwardSplits {
		text, err := ratioText(s.NewRate, s.OldRate)
		if err == nil {
			err = add(s.Symbol, "split", text, s.ExDate, s.PayableDate, s.RecordDate)
		}
		if err != nil {
			return nil, err
		}
	}
	ans.drop("other corporate actions (mergers, spin-offs, stock dividends, ...)", len(got.UnitSplits)+len(got.CashMergers)+len(got.StockMergers)+len(got.StockAndCashMergers)+
		len(got.StockDividends)+len(got.Redemptions)+len(got.SpinOffs)+len(got.NameChanges)+len(got.WorthlessRemovals)+len(got.RightsDistributions))
	slices.SortStableFunc(ans.Rows, func(x, y []string) int { return strings.Compare(x[1]+x[2], y[1]+y[2]) })
	return ans, nil
}

// dateText writes a date that may be missing.
func dateText(d *civil.Date) string {
	if d == nil || !d.IsValid() {
		return ""
	}
	return d.String()
}

func (a alpaca) news(ctx context.Context, q Request) (*Answer, error) {
	from, to, zone := a.span(q)
	list, err := a.client(ctx).GetNews(marketdata.GetNewsRequest{Symbols: []string{strings.ReplaceAll(q.Symbol, "/", "")}, Start: from, End: to, Sort: marketdata.SortAsc, NoTotalLimit: true, PageLimit: 50})
	if err != nil {
		return nil, err
	}
	ans := &Answer{Kind: KindNews}
	for _, n := range list {
		at := n.CreatedAt
		if n.UpdatedAt.After(at) {
			at = n.UpdatedAt
		}
		switch {
		case at.IsZero() || n.ID == 0 || n.Headline == "":
			ans.drop("articles without time, id or headline", 1)
		case !q.holds(at.In(zone)):
			ans.drop("articles outside the range", 1)
		default:
			ans.Rows = append(ans.Rows, []string{at.UTC().Format(time.RFC3339), strconv.Itoa(n.ID), strings.Join(n.Symbols, ";"),
				html.UnescapeString(n.Headline), "alpaca", html.UnescapeString(n.Summary)})
		}
	}
	slices.SortStableFunc(ans.Rows, func(x, y []string) int { return strings.Compare(x[0], y[0]) })
	return ans, nil
}
