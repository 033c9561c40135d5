package history

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// alphaVantage takes refusals for what they are.
type alphaVantage struct{ *Vendor }

// NewAlphaVantage returns the source of daily and intraday bars of stocks of Alpha
// Vantage, which needs a key.
//
// Prices and volume are as traded (TIME_SERIES_DAILY; adjusted=false), and this
// source gives no corporate actions: take them from another. Daily bars carry
// the exchange's date; intraday times are the start of the bar in the zone that
// the answer names, so bars before and after the session are included. Left out
// and counted: the bar that has not ended. The vendor answers its refusals with
// status 200 and a sentence; they become errors here. Full history and intraday
// data may need a paid plan; five requests a minute.
//
// Tested against recorded payloads and local servers only.
func NewAlphaVantage(o RemoteOptions) *Vendor {
	v := alphaVantage{newVendor("alphavantage", "https://www.alphavantage.co", 5, o)}
	v.needs = []string{o.Key}
	v.offers = rawBars(Whole) // one answer holds all days
	v.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindBars: v.bars}
	return v.Vendor
}

func (v alphaVantage) bars(ctx context.Context, q Request) (*Answer, error) {
	if pair.MatchString(q.Symbol) {
		return nil, pitwall.Errorf(pitwall.Unsupported, "no crypto from this source").Hintf("use yahoo, alpaca or polygon")
	}
	query := url.Values{"function": {"TIME_SERIES_DAILY"}, "symbol": {q.Symbol}, "outputsize": {"full"}, "apikey": {v.opts.Key}}
	name, layout := "Daily", time.DateOnly
	if q.Size < 24*time.Hour {
		name, layout = fmt.Sprintf("%dmin", q.Size/time.Minute), time.DateTime
		query.Set("function", "TIME_SERIES_INTRADAY")
		query.Set("interval", name)
		query.Set("month", q.From.Format("2006-01"))
		query.Set("adjusted", "false")
		query.Set("extended_hours", "true")
	}
	raw, err := v.get(ctx, "/query", query, nil)
	if err != nil {
		return nil, err
	}
	meta, series, err := v.open(raw, name)
	if err != nil {
		return nil, err
	}
	if meta.field("Symbol") != q.Symbol {
		return nil, garbage("it is about %q", meta.field("Symbol"))
	}
	zone, err := pitwall.LoadZone(meta.field("Time Zone"))
	if err != nil || meta.field("Time Zone") == "" {
		return nil, garbage("time zone %q", meta.field("Time Zone"))
	}
	ans := &Answer{Kind: KindBars, Adjusted: pitwall.Raw}
	stamps := slices.Sorted(maps.Keys(series))
	if len(stamps) > 0 && q.Size >= 24*time.Hour && strings.HasPrefix(meta.field("Output Size"), "Compact") && q.From.Format(time.DateOnly) < stamps[0] {
		return nil, pitwall.Errorf(pitwall.NotAllowed, "only the last %d days came (from %s)", len(stamps), stamps[0]).Hintf("full history needs a paid plan; ask --from %s or later", stamps[0])
	}
	for _, s := range stamps {
		start, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			return nil, garbage("a bar at %q", s)
		}
		switch {
		case !v.ended(q, start):
			ans.drop("unfinished bars", 1)
			continue
		case !q.holds(start):
			continue // one answer holds all of history
		}
		row := []string{q.Symbol, barStamp(start, q.Size)}
		for _, f := range []string{"1. open", "2. high", "3. low", "4. close", "5. volume"} {
			d, err := pitwall.ParseDec(series[s][f])
			if err != nil {
				return nil, garbage("%s at %s: %v", f, s, err)
			}
			row = append(row, d.String())
		}
		ans.Rows = append(ans.Rows, row)
	}
	return ans, nil
}

// alphaMeta is the head of an answer, with numbered names.
type alphaMeta map[string]string

// field finds "2. Symbol" by "Symbol".
func (m alphaMeta) field(name string) string {
	for k, s := range m {
		if _, rest, ok := strings.Cut(k, ". "); ok && rest == name {
			return s
		}
	}
	return ""
}

// open takes an answer apart; refusals come with status 200 too.
func (v alphaVantage) open(raw []byte, name string) (alphaMeta, map[string]map[string]string, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, nil, garbage("%s", v.wire.redact(oneLine(raw)))
	}
	for key, code := range map[string]pitwall.Code{"Error Message": pitwall.NoCoverage, "Note": pitwall.Timeout, "Information": pitwall.NotAllowed} {
		if text, ok := parts[key]; ok {
			e := pitwall.Errorf(code, "refused: %s", v.wire.redact(oneLine(text)))
			if code == pitwall.NoCoverage {
				return nil, nil, e.Hintf("check the symbol, and that the key is right")
			}
			return nil, nil, e.Hintf("its plans limit the requests a minute and a day; " + tryAgain)
		}
	}
	var meta alphaMeta
	var series map[string]map[string]string
	body, ok := parts["Time Series ("+name+")"]
	if !ok || json.Unmarshal(parts["Meta Data"], &meta) != nil || json.Unmarshal(body, &series) != nil || series == nil {
		return nil, nil, garbage("%s", v.wire.redact(oneLine(raw)))
	}
	return meta, series, nil
}
