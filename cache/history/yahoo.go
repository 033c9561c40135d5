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

	finance "github.com/piquette/finance-go"
	"github.com/piquette/finance-go/chart"
	"github.com/piquette/finance-go/datetime"
	"github.com/piquette/finance-go/form"

	"pitwall"
)

// NewYahoo returns the source of Yahoo's chart history, which needs no key. It uses
// piquette/finance-go with its own backend, and none of its quotes. Best effort: it
// is no official interface, and it turns clients away at will.
//
// Prices and volume are split-adjusted as of the day of the download, dividends
// not applied; dividends come as actions in the same terms, splits too (they
// apply to nothing here, since prices hold them). Daily bars carry the
// exchange's date, others the start of the bar in UTC. Left out and counted:
// bars that are null in the answer (a hole, which the library turns into all
// zeros), the live point at the end, and the bar that has not ended. The reach
// is Yahoo's: minutes of the last 30 days, 2 to 30 minutes of 60 days, hours of 730.
//
// Tested against recorded payloads and local servers only.
func NewYahoo(o RemoteOptions) *Vendor {
	y := newVendor("yahoo", finance.YFinURL, 60, o)
	y.delay = 20 * time.Minute
	y.wire.accept = func(status int, body []byte) bool { // a chart error says more than its status
		return (status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusUnprocessableEntity) && chartError(body) != nil
	}
	fetch := func(ctx context.Context, q Request) (*Answer, error) { return fetchChart(ctx, y, q) }
	y.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: fetch, KindActions: fetch}
	m := time.Minute
	y.offers = []Offer{
		{Kind: KindBars, Sizes: []time.Duration{24 * time.Hour}, Chunk: ByYear, Adjusted: pitwall.SplitAdjusted},
		{Kind: KindBars, Sizes: []time.Duration{time.Hour, 30 * m, 15 * m, 5 * m, 2 * m}, Chunk: ByMonth, Adjusted: pitwall.SplitAdjusted},
		{Kind: KindBars, Sizes: []time.Duration{m}, Chunk: ByWeek, Adjusted: pitwall.SplitAdjusted}, // 8 days an answer at most
		{Kind: KindActions, Chunk: Whole},
	}
	return y
}

// chartBody is the part of an answer that is checked before the library, which
// would panic on arrays of unequal length, sees it.
type chartBody struct {
	Chart struct {
		Result []struct {
			Meta struct {
				Symbol      string
				Currency    string
				Granularity string `json:"dataGranularity"`
				Zone        string `json:"exchangeTimezoneName"`
				Periods     struct {
					Regular struct{ Start, End int64 }
				} `json:"currentTradingPeriod"`
			}
			Timestamp []int64
			Events    struct {
				Dividends map[string]struct {
					Date   int64
					Amount float64
				}
				Splits map[string]struct {
					Date                   int64
					Numerator, Denominator float64
				}
			}
			Indicators *struct {
				Quote []*struct {
					Open, High, Low, Close []*float64
					Volume                 []*int
				}
				Adjclose []*struct{ Adjclose []*float64 }
			}
		}
		Error *chartFailure
	}
}

type chartFailure struct{ Code, Description string }

// chartError returns the error object of an answer, or nil.
func chartError(body []byte) *chartFailure {
	var b chartBody
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	return b.Chart.Error
}

// chartBackend implements finance.Backend for one request.
type chartBackend struct {
	y        *Vendor
	symbol   string
	interval string
	body     chartBody // what came, for holes and events
	empty    bool      // said cleanly that there is nothing
}

// Call implements finance.Backend.
func (b *chartBackend) Call(path string, values *form.Values, ctx *context.Context, v any) error {
	query, err := url.ParseQuery(values.Encode())
	if err != nil {
		return err
	}
	query.Set("events", "div,splits")
	raw, err := b.y.get(*ctx, "/v8/finance/chart/"+url.PathEscape(strings.TrimPrefix(path, "v8/finance/chart/")), query, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &b.body); err != nil {
		return garbage("%s", oneLine(raw))
	}
	if e := b.body.Chart.Error; e != nil {
		if strings.Contains(e.Description, "Data doesn't exist for startDate") {
			b.empty = true
			return pitwall.Errorf(pitwall.NoCoverage, "no data in this range")
		}
		if e.Code == "Not Found" {
			return pitwall.Errorf(pitwall.NoCoverage, "answered 404 %s: %s", e.Code, e.Description).Hintf("check how Yahoo spells the symbol: BRK-B, ^GSPC, BTC-USD")
		}
		return pitwall.Errorf(pitwall.DataError, "answered an error: %s: %s", e.Code, e.Description).Hintf("ask for another range or size; minutes reach back 30 days, hours 730")
	}
	if err := b.check(); err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// check refuses what the library would misread.
func (b *chartBackend) check() error {
	if len(b.body.Chart.Result) != 1 {
		return garbage("it holds %d charts", len(b.body.Chart.Result))
	}
	r := b.body.Chart.Result[0]
	switch {
	case r.Meta.Symbol != b.symbol:
		return garbage("it is about %q", r.Meta.Symbol)
	case r.Meta.Currency != "USD":
		return pitwall.Errorf(pitwall.Unsupported, "prices are in %q", r.Meta.Currency).Hintf("one currency per world, USD, for now")
	case r.Meta.Granularity != b.interval && !(b.interval == "60m" && r.Meta.Granularity == "1h"):
		return garbage("bars of %q came for %q", r.Meta.Granularity, b.interval)
	case r.Indicators == nil || len(r.Indicators.Quote) != 1 || r.Indicators.Quote[0] == nil:
		return garbage("it holds no prices")
	}
	q, n := r.Indicators.Quote[0], len(r.Timestamp)
	if len(q.Open) != n || len(q.High) != n || len(q.Low) != n || len(q.Close) != n || len(q.Volume) != n {
		return garbage("%d times, %d opens, %d highs, %d lows, %d closes, %d volumes", n, len(q.Open), len(q.High), len(q.Low), len(q.Close), len(q.Volume))
	}
	for _, a := range r.Indicators.Adjclose {
		if a != nil && len(a.Adjclose) != n {
			return garbage("%d times and %d adjusted closes", n, len(a.Adjclose))
		}
	}
	return nil
}

// fetchChart asks for a chart, which holds bars and actions.
func fetchChart(ctx context.Context, y *Vendor, q Request) (*Answer, error) {
	zone, size := zoneOf(q.Symbol), q.Size
	if q.Kind != KindBars {
		size = 24 * time.Hour
	}
	interval := map[time.Duration]string{24 * time.Hour: "1d", time.Hour: "60m"}[size]
	if interval == "" {
		interval = fmt.Sprintf("%dm", size/time.Minute)
	}
	from, to := startOfDay(q.From, zone), startOfDay(q.To.AddDate(0, 0, 1), zone)
	b := &chartBackend{y: y, symbol: q.Symbol, interval: interval}
	it := chart.Client{B: b}.Get(&chart.Params{Params: finance.Params{Context: &ctx}, Symbol: q.Symbol,
		Start: datetime.New(&from), End: datetime.New(&to), Interval: datetime.Interval(interval)})
	if b.empty {
		return &Answer{Kind: q.Kind, Adjusted: pitwall.SplitAdjusted}, nil
	}
	if it.Err() != nil {
		return nil, it.Err()
	}
	if name := b.body.Chart.Result[0].Meta.Zone; name != "" && zone != time.UTC { // London's days are not New York's
		var err error
		if zone, err = pitwall.LoadZone(name); err != nil {
			return nil, garbage("time zone %q", name)
		}
	}
	if q.Kind == KindActions {
		return b.actions(q, zone)
	}
	return b.bars(q, it, zone)
}

// bars turns the library's bars into rows.
func (b *chartBackend) bars(q Request, it *chart.Iter, zone *time.Location) (*Answer, error) {
	a := &Answer{Kind: KindBars, Adjusted: pitwall.SplitAdjusted}
	quote := b.body.Chart.Result[0].Indicators.Quote[0]
	opens, closes := sessionOpen, sessionClose
	if p := b.body.Chart.Result[0].Meta.Periods.Regular; p.Start < p.End {
		opens, closes = clockOf(time.Unix(p.Start, 0).In(zone)), clockOf(time.Unix(p.End, 0).In(zone))
	}
	for i := 0; it.Next(); i++ {
		x := it.Bar()
		start := time.Unix(int64(x.Timestamp), 0).In(zone)
		switch {
		case quote.Open[i] == nil || quote.High[i] == nil || quote.Low[i] == nil || quote.Close[i] == nil:
			a.drop("null bars", 1)
			continue
		case !onGrid(start, q.Size, opens, closes):
			a.drop("live points", 1)
			continue
		}
		volume := ""
		if quote.Volume[i] != nil {
			volume = strconv.Itoa(x.Volume)
		}
		if err := b.y.bar(a, q, start, [4]float64{x.Open.InexactFloat64(), x.High.InexactFloat64(), x.Low.InexactFloat64(), x.Close.InexactFloat64()}, volume); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// onGrid reports whether a bar starts where bars of its size do: a day at
// midnight or at the open, minutes and hours counted from the open and before
// the close (all day when the session is). A live point carries the time of the
// last trade instead, and the closing print of intraday charts that of the close.
func onGrid(start time.Time, size, opens, closes time.Duration) bool {
	since := clockOf(start)
	if size >= 24*time.Hour {
		return since == 0 || since == opens
	}
	return (since-opens)%size == 0 && (opens >= closes || since < closes)
}

// actions turns dividends and splits into rows. Amounts are in the terms of the
// split-adjusted prices.
func (b *chartBackend) actions(q Request, zone *time.Location) (*Answer, error) {
	a := &Answer{Kind: KindActions}
	e := b.body.Chart.Result[0].Events
	add := func(at int64, kind, value string) {
		a.action(q, time.Unix(at, 0).In(zone), kind, value, "", "", "", "yahoo, split-adjusted")
	}
	for _, d := range e.Dividends {
		text, err := amountText(d.Amount)
		if err != nil {
			return nil, err
		}
		add(d.Date, "dividend", text)
	}
	for _, s := range e.Splits {
		value, err := ratioText(s.Numerator, s.Denominator)
		if err != nil {
			return nil, err
		}
		add(s.Date, "split", value)
	}
	slices.SortFunc(a.Rows, slices.Compare)
	return a, nil
}
