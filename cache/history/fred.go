package history

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// fred asks ALFRED, or the public CSV.
type fred struct{ *Vendor }

// NewFred returns the source of macro series of the St. Louis Fed. BaseURL stands
// for both of its hosts. With a key it asks ALFRED
// for every vintage: first_seen is the day (realtime_start) on which a value was
// first published, so that the past is as it was then. Without one it reads the
// public CSV, which holds only what is true today: kind macro-revised, as_of the
// day of the download.
//
// Dates are the first day of the observed period. Values are as published, in
// the series' own units. Left out and counted: observations without a value
// ("." in the answer). Every fetch asks anew, since old values are revised.
//
// Tested against recorded payloads and local servers only.
func NewFred(o RemoteOptions) *Vendor {
	base := "https://api.stlouisfed.org"
	if o.Key == "" {
		base = "https://fred.stlouisfed.org"
	}
	f := fred{newVendor("fred", base, 100, o)}
	f.offers = []Offer{{Kind: KindMacro, Chunk: Whole, Revises: true}}
	f.fetch = map[RowKind]func(context.Context, Request) (*Answer, error){KindMacro: f.series}
	return f.Vendor
}

// series reads all vintages, or without a key what is true today.
func (f fred) series(ctx context.Context, q Request) (*Answer, error) {
	get := f.vintages
	if f.opts.Key == "" {
		get = f.public
	}
	a, err := get(ctx, q)
	if says(err, "does not exist") {
		e, _ := errors.AsType[*pitwall.Error](err)
		err = pitwall.Errorf(pitwall.NoCoverage, "%s", e.Message).Hintf("look the series up at fred.stlouisfed.org: CPIAUCSL, UNRATE, DGS10")
	}
	return a, err
}

// says reports whether the vendor refused with a text.
func says(err error, text string) bool {
	e, ok := errors.AsType[*pitwall.Error](err)
	return ok && strings.Contains(e.Message, text)
}

// fredRow is one observation with the days between which it was the truth.
type fredRow struct {
	Start string `json:"realtime_start"`
	Date  string `json:"date"`
	Value string `json:"value"`
}

// All of ALFRED's time, and the windows into which it is cut when a series has
// more vintage dates than one answer may span (2,000).
const alfredFirst, alfredLast = "1776-07-04", "9999-12-31"

// vintages reads every vintage.
func (f fred) vintages(ctx context.Context, q Request) (*Answer, error) {
	rows, err := f.window(ctx, q, alfredFirst, alfredLast)
	if says(err, "vintage dates") {
		rows, err = f.windows(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	ans := &Answer{Kind: KindMacro}
	for _, r := range rows {
		switch _, err := time.Parse(time.DateOnly, r.Start); {
		case err != nil || r.Start == alfredFirst:
			return nil, garbage("observation %s has the realtime_start %q", r.Date, r.Start)
		case r.Value == "." || r.Value == "":
			ans.drop("observations without a value", 1)
		default:
			ans.Rows = append(ans.Rows, []string{q.Symbol, r.Date, r.Value, r.Start})
		}
	}
	slices.SortStableFunc(ans.Rows, func(a, b []string) int { return strings.Compare(a[1]+a[3], b[1]+b[3]) })
	return ans, nil
}

// windows reads all vintages in pieces of five years. A value that holds across
// a cut is repeated with the cut as its start: that repeat is not a vintage.
func (f fred) windows(ctx context.Context, q Request) ([]fredRow, error) {
	var all []fredRow
	latest := map[string]string{}
	from := alfredFirst
	for year := 1999; ; year += 5 {
		to := strconv.Itoa(year) + "-12-31"
		if year > f.opts.Now().Year() {
			to = alfredLast
		}
		rows, err := f.window(ctx, q, from, to)
		if says(err, "does not exist in ALFRED") {
			rows, err = nil, nil // not published yet in these years
		}
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Start == from && latest[r.Date] == r.Value {
				continue
			}
			latest[r.Date] = r.Value
			all = append(all, r)
		}
		if to == alfredLast {
			break
		}
		from = strconv.Itoa(year+1) + "-01-01"
	}
	if len(all) == 0 {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "the series does not exist in ALFRED")
	}
	return all, nil
}

// window reads the vintages of one span of publication days, page by page.
func (f fred) window(ctx context.Context, q Request, first, last string) ([]fredRow, error) {
	var all []fredRow
	for range mostPages {
		const page = 100_000
		raw, err := f.get(ctx, "/fred/series/observations", url.Values{"series_id": {q.Symbol}, "api_key": {f.opts.Key}, "file_type": {"json"},
			"realtime_start": {first}, "realtime_end": {last}, "observation_start": {q.From.Format(time.DateOnly)}, "observation_end": {q.To.Format(time.DateOnly)},
			"sort_order": {"asc"}, "output_type": {"1"}, "limit": {strconv.Itoa(page)}, "offset": {strconv.Itoa(len(all))}}, nil)
		if err != nil {
			return nil, err
		}
		var b struct {
			Start        string     `json:"realtime_start"`
			End          string     `json:"realtime_end"`
			Units        string     `json:"units"`
			Count        *int       `json:"count"`
			Observations *[]fredRow `json:"observations"`
		}
		switch err := json.Unmarshal(raw, &b); {
		case err != nil || b.Observations == nil || b.Count == nil:
			return nil, garbage("%s", f.wire.redact(oneLine(raw)))
		case b.Start != first || b.End != last:
			return nil, garbage("it covers publication days %s..%s, not %s..%s", b.Start, b.End, first, last)
		case b.Units != "" && b.Units != "lin":
			return nil, garbage("units are %q", b.Units)
		}
		for _, r := range *b.Observations {
			if err := f.observation(q, r.Date, r.Value); err != nil {
				return nil, err
			}
		}
		all = append(all, *b.Observations...)
		if len(all) >= *b.Count {
			return all, nil
		}
		if len(*b.Observations) == 0 {
			return nil, garbage("%d observations came of %d", len(all), *b.Count)
		}
	}
	return nil, garbage("it has more than %d pages", mostPages)
}

// observation checks a date and a value.
func (f fred) observation(q Request, date, value string) error {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil || !q.holds(day) {
		return garbage("an observation of %q", date)
	}
	if value == "." || value == "" {
		return nil
	}
	if _, err := pitwall.ParseDec(value); err != nil {
		return garbage("observation %s: %v", date, err)
	}
	return nil
}

// public reads the CSV that needs no key.
func (f fred) public(ctx context.Context, q Request) (*Answer, error) {
	raw, err := f.get(ctx, "/graph/fredgraph.csv", url.Values{"id": {q.Symbol}, "cosd": {q.From.Format(time.DateOnly)}, "coed": {q.To.Format(time.DateOnly)}}, nil)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) == 0 || len(rows[0]) != 2 || rows[0][1] != q.Symbol || !slices.Contains([]string{"observation_date", "DATE"}, rows[0][0]) {
		return nil, garbage("%s", oneLine(raw))
	}
	ans := &Answer{Kind: KindRevised}
	today := f.opts.Now().UTC().Format(time.DateOnly)
	for _, r := range rows[1:] {
		if day, err := time.Parse(time.DateOnly, r[0]); err == nil && !q.holds(day) {
			ans.drop("observations outside the range", 1)
			continue
		}
		if err := f.observation(q, r[0], r[1]); err != nil {
			return nil, err
		}
		if r[1] == "." || r[1] == "" {
			ans.drop("observations without a value", 1)
			continue
		}
		ans.Rows = append(ans.Rows, []string{q.Symbol, r[0], r[1], today})
	}
	return ans, nil
}
