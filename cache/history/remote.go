package history

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // New York's zone on machines without a zone database

	"pitwall"
	"pitwall/cache/calendar"
)

// RowKind is a kind of rows that a source gives and the store keeps.
type RowKind string

// The kinds, each with the header of its files; see headers.
const (
	KindBars    RowKind = "bars"
	KindActions RowKind = "actions"
	KindNews    RowKind = "news"
	KindMacro   RowKind = "macro"         // vintages: what was published when
	KindRevised RowKind = "macro-revised" // only what is true today

	KindStatements RowKind = "statements" // figures as each filing states them
	KindFilings    RowKind = "filings"    // what insiders and others disclosed
)

// header returns the columns of a kind, in the order of Answer.Rows.
func (k RowKind) header() []string {
	return map[RowKind][]string{
		KindBars:    {"symbol", "timestamp", "open", "high", "low", "close", "volume"},
		KindActions: {"symbol", "ex_date", "type", "value", "pay_date", "record_date", "declaration_date", "source"},
		KindNews:    {"published_at", "id", "symbols", "headline", "source", "summary"},
		KindMacro:   {"series_id", "date", "value", "first_seen"},
		KindRevised: {"series_id", "date", "value", "as_of"},

		KindStatements: {"symbol", "filing_date", "fiscal_year", "fiscal_period", "start_date", "end_date", "statement", "item", "value", "unit", "form", "accession"},
		KindFilings:    {"ticker", "filed_date", "transaction_date", "filer", "owner", "asset_type", "type", "amount", "form", "accession", "line"},
	}[k]
}

// of names a kind for messages: "1d bars", "news".
func (k RowKind) of(size time.Duration) string {
	if k == KindBars {
		return pitwall.SizeName(size) + " bars"
	}
	return string(k)
}

// Request asks a source for one symbol or series. From and To are days, both
// inclusive, as midnights in UTC that stand for the calendar date.
type Request struct {
	Kind     RowKind
	Symbol   string
	From, To time.Time
	Size     time.Duration // of bars
}

// holds reports whether a calendar day lies in the request.
func (q Request) holds(day time.Time) bool {
	d := calendarDay(day)
	return !d.Before(q.From) && !d.After(q.To)
}

// String names a request for messages: "AAPL 1d bars 2024-01-01..2024-12-31".
func (q Request) String() string {
	return fmt.Sprintf("%s %s %s..%s", q.Symbol, q.Kind.of(q.Size), q.From.Format(time.DateOnly), q.To.Format(time.DateOnly))
}

// Answer is what a source returned. No rows and no error means that it states
// that there is nothing.
type Answer struct {
	Kind     RowKind            // KindRevised when vintages were asked and cannot be had
	Rows     [][]string         // in the order of Kind's header, by time
	Adjusted pitwall.Adjustment // of bars
	Session  string             // of bars whose file states one; see Mapping
	Dropped  []Drop             // what was left out, and why
}

// Drop counts rows that were left out.
type Drop struct {
	Why   string
	Count int
}

func (a *Answer) drop(why string, n int) { a.Dropped = addDrop(a.Dropped, why, n) }

func addDrop(list []Drop, why string, n int) []Drop {
	i := slices.IndexFunc(list, func(d Drop) bool { return d.Why == why })
	switch {
	case i >= 0:
		list[i].Count += n
	case n > 0:
		list = append(list, Drop{why, n})
	}
	return list
}

// action adds a dividend or split, unless it lies outside the range.
func (a *Answer) action(q Request, day time.Time, kind, value string, rest ...string) {
	if !q.holds(day) {
		a.drop("actions outside the range", 1)
		return
	}
	a.Rows = append(a.Rows, append([]string{q.Symbol, day.Format(time.DateOnly), kind, value}, rest...))
}

// Chunk is how much is asked for at once. Chunks are the steps in which an
// interrupted download resumes.
type Chunk string

// The chunks.
const (
	Whole   Chunk = "whole"
	ByYear  Chunk = "year"
	ByMonth Chunk = "month"
	ByWeek  Chunk = "week" // Monday to Sunday
)

// Offer is a kind that a source has.
type Offer struct {
	Kind     RowKind
	Sizes    []time.Duration // of bars
	Chunk    Chunk
	Adjusted pitwall.Adjustment // of bars
	Revises  bool               // older answers change: never complete, always asked again
}

// Remote is a source of history outside this machine. Fetch never returns half
// an answer: rows, or an error that names source, symbol and what would work.
type Remote interface {
	Name() string
	Offers() []Offer
	Fetch(ctx context.Context, q Request) (*Answer, error)
}

// priceText writes a float as the shortest decimal that stands for it. Vendors
// that keep 32-bit floats send 226.83999633789062 for 226.84.
func priceText(f float64) (string, error) {
	bits := 64
	if float64(float32(f)) == f {
		bits = 32
	}
	text := strconv.FormatFloat(f, 'f', -1, bits)
	if d, err := pitwall.ParseDec(text); err == nil {
		return d.String(), nil
	}
	d, err := pitwall.FromFloat(f)
	return d.String(), err
}

// amountText writes a dividend.
func amountText(f float64) (string, error) {
	text, err := priceText(f)
	if err != nil || f <= 0 {
		return "", garbage("a dividend of %v", f)
	}
	return text, nil
}

// ratioText writes a split: new units per old one, as a fraction when needed.
func ratioText(num, den float64) (string, error) {
	n, err1 := priceText(num)
	d, err2 := priceText(den)
	switch {
	case err1 != nil || err2 != nil || num <= 0 || den <= 0:
		return "", garbage("a split of %v:%v", num, den)
	case d == "1":
		return n, nil
	}
	return n + "/" + d, nil
}

// calendarDay returns the calendar date of t in t's own zone, as a midnight in UTC.
func calendarDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// startOfDay returns the start of a day in a zone.
func startOfDay(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// zoneOf returns the zone in which a symbol's days begin: UTC for pairs.
func zoneOf(symbol string) *time.Location {
	if pair.MatchString(symbol) {
		return time.UTC
	}
	if c := calendar.OfSymbol(symbol); c != nil {
		return c.Zone
	}
	return newYork()
}

// newYork returns the zone of the exchanges of New York.
func newYork() *time.Location { return calendar.NewYork().Zone }

// barStamp writes a bar's start: a date when daily, else RFC 3339.
func barStamp(start time.Time, size time.Duration) string {
	if size >= 24*time.Hour {
		return start.Format(time.DateOnly)
	}
	return start.Format(time.RFC3339)
}

// Kinds returns the kinds of rows to fetch from a source: those wanted, else all
// that it has but news.
func Kinds(r Remote, wanted []string) (kinds []RowKind, err error) {
	has := kindsOf(r)
	if len(wanted) == 0 {
		wanted = slices.DeleteFunc(slices.Clone(has), func(k string) bool { return k == string(KindNews) })
	}
	for _, k := range wanted {
		if !slices.Contains(has, k) {
			return nil, fmt.Errorf("%s has no %q; it has %s", r.Name(), k, strings.Join(has, ", "))
		}
		kinds = append(kinds, RowKind(k))
	}
	return kinds, nil
}

// kindsOf lists the kinds that a source offers.
func kindsOf(r Remote) (kinds []string) {
	for _, o := range r.Offers() {
		kinds = append(kinds, string(o.Kind))
	}
	return slices.Compact(kinds)
}

// offerOf finds what a source offers for a request, or says what it has.
func offerOf(r Remote, kind RowKind, size time.Duration) (Offer, error) {
	var sizes []string
	for _, o := range r.Offers() {
		if o.Kind == kind && (kind != KindBars || slices.Contains(o.Sizes, size)) {
			return o, nil
		}
		for _, s := range o.Sizes {
			sizes = append(sizes, pitwall.SizeName(s))
		}
	}
	if kind == KindBars && len(sizes) > 0 {
		return Offer{}, pitwall.Errorf(pitwall.InvalidInput, "%s has no bars of %s", r.Name(), pitwall.SizeName(size)).Hintf("it has %s", strings.Join(sizes, ", "))
	}
	return Offer{}, pitwall.Errorf(pitwall.InvalidInput, "%s has no %s", r.Name(), kind).Hintf("it has %s", strings.Join(kindsOf(r), ", "))
}
