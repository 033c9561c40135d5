package history

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// Records are facts with the time at which each could first have been had.
// Rules, in short: a time is taken as it is; a date alone is known at the end of
// that day in New York (UTC for crypto); what has no date that bounds it is
// withheld and counted, never guessed.

// Records returns every record, future included, by nothing in particular.
// Shared: do not write.
func (s *Store) Records() []pitwall.Record { return s.records }

// Has reports whether there are records of a kind, future ones included.
func (s *Store) Has(k pitwall.RecordKind) bool {
	return slices.ContainsFunc(s.records, func(r pitwall.Record) bool { return r.Kind == k })
}

// recordKinds tells a file of records by columns that it must have.
var recordKinds = []struct {
	kind string
	has  []string
}{
	{"events", []string{"known_at", "event_at", "kind"}},
	{"news", []string{"published_at", "headline"}},
	{"digest", []string{"symbol", "date", "text"}},
	{"vintages", []string{"series_id", "date", "value", "first_seen"}},
	{"revised", []string{"series_id", "date", "value", "as_of"}},
	{"fundamentals", []string{"symbol", "fiscal_year", "fiscal_period", "end_date", "filing_date", "statement", "item", "value"}},
	{"filings", []string{"filed_date"}},
	{"reference", []string{"series_id", "last_updated"}},
	{"reference", []string{"series_id", "snapshot_date"}},
}

// readRecords reads a file of a kind above.
func (l *loader) readRecords(kind string, t *table) error {
	read := map[string]func(*table, int) (pitwall.Record, error){
		"news": l.news, "digest": l.digest, "events": l.event, "vintages": l.vintage, "revised": l.revision, "filings": l.filing,
	}[kind]
	switch {
	case kind == "reference":
		return nil // read by people, and by `data check`
	case kind == "fundamentals":
		return l.readFundamentals(t)
	}
	withheld := 0
	for i := range t.rows {
		r, err := read(t, i)
		if err != nil {
			return err
		}
		if r.Known.IsZero() {
			withheld++
			continue
		}
		l.records = append(l.records, r)
	}
	if withheld > 0 {
		l.warn("%s: %d rows say neither when they were published nor under which rule; they are withheld", t.name, withheld)
	}
	return nil
}

// hash names a row by its content: the same row has the same name wherever it
// stands.
func (t *table) hash(row int) string {
	sum := sha256.Sum256([]byte(strings.Join(t.rows[row], "\x00")))
	return hex.EncodeToString(sum[:6])
}

// when reads a time, or the end of the day that a date names: by then at the
// latest it was known.
func (t *table) when(row int, name string, zone *time.Location) (time.Time, error) {
	s, err := parseStamp(t.get(row, name), zone)
	if err != nil {
		return time.Time{}, t.bad(row, name, err)
	}
	if s.date {
		return endOf(s.t), nil
	}
	return s.t, nil
}

// endOf is the midnight that ends a day.
func endOf(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, day.Location())
}

// date reads a calendar day.
func (t *table) date(row int, name string, zone *time.Location) (time.Time, error) {
	s, err := parseStamp(t.get(row, name), zone)
	if err == nil && !s.date {
		err = fmt.Errorf("%q is not a date like 2020-01-31", t.get(row, name))
	}
	if err != nil {
		return time.Time{}, t.bad(row, name, err)
	}
	return s.t, nil
}

// news is a headline. It is known when it was published, or, when the file says
// so, when its text was last edited or first seen, whichever is latest: a
// corrected headline must not be read before the correction.
func (l *loader) news(t *table, i int) (r pitwall.Record, err error) {
	r = pitwall.Record{Kind: pitwall.News, ID: t.get(i, "id"), Title: t.get(i, "headline"), Text: t.get(i, "summary"), Source: t.get(i, "source")}
	r.Symbols = strings.FieldsFunc(t.get(i, "symbols"), func(c rune) bool { return c == ';' || c == ',' || c == '|' || c == ' ' })
	for k, name := range []string{"published_at", "updated_at", "first_seen"} {
		if k > 0 && t.get(i, name) == "" {
			continue
		}
		at, err := t.when(i, name, l.newYork)
		if err != nil {
			return r, err
		}
		if k == 0 {
			r.Event = at
		}
		if at.After(r.Known) {
			r.Known = at
		}
	}
	if r.ID == "" {
		r.ID = t.hash(i)
	}
	return r, nil
}

// digest is a day's summary about a symbol, known once that day is over. What a
// model made of it (sentiment) is left out: it was computed with hindsight, for
// all that can be told.
func (l *loader) digest(t *table, i int) (r pitwall.Record, err error) {
	symbol := t.get(i, "symbol")
	day, err := t.date(i, "date", l.zoneOf(symbol))
	if err != nil {
		return r, err
	}
	text := t.get(i, "text")
	title, _, _ := strings.Cut(text, ". ")
	if _, ok := t.col["sentiment"]; ok && !l.sentimentWarned {
		l.sentimentWarned = true
		l.warn("%s: the column sentiment is left out: it was made by a model at an unknown time", t.name)
	}
	return pitwall.Record{Kind: pitwall.News, ID: t.hash(i), Symbols: []string{symbol}, Event: day, Known: endOf(day), Title: cut(title, 120), Text: text, Source: "daily digest"}, nil
}

// zoneOf is a symbol's zone; a bare name of the great coins is crypto, as news
// write it.
func (l *loader) zoneOf(symbol string) *time.Location {
	switch symbol {
	case "BTC", "ETH", "SOL", "XRP", "DOGE":
		return time.UTC
	}
	return l.instrument(symbol).Location()
}

// cut shortens a text to n bytes at a rune's boundary.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// readFundamentals reads statement items. A row is known when its filing was
// accepted, or at the end of the day of filing. Rows without either (fourth
// quarters, computed from the annual report) are known when the symbol's next
// period was filed, which is after the annual report was; the last ones, with no
// later filing, are withheld.
func (l *loader) readFundamentals(t *table) error {
	type filed struct{ end, known time.Time }
	next := map[string][]filed{}
	list := make([]pitwall.Record, 0, len(t.rows))
	for i := range t.rows {
		end, err := t.date(i, "end_date", l.newYork)
		if err != nil {
			return err
		}
		r := pitwall.Record{Kind: pitwall.Fundamental, ID: t.hash(i), Symbols: []string{t.get(i, "symbol")}, Series: t.get(i, "item"), Event: end, Value: t.get(i, "value"),
			Fields: map[string]string{"period": t.get(i, "fiscal_year") + t.get(i, "fiscal_period"), "statement": t.get(i, "statement"), "unit": t.get(i, "unit")}}
		for _, name := range []string{"acceptance_datetime", "filing_date"} {
			if t.get(i, name) == "" || !r.Known.IsZero() {
				continue
			}
			if r.Known, err = t.when(i, name, l.newYork); err != nil {
				return err
			}
		}
		if r.Known.Before(end) && !r.Known.IsZero() {
			return t.bad(i, "filing_date", fmt.Errorf("%s is before the period's end %s", r.Known.Format(time.DateOnly), end.Format(time.DateOnly)))
		}
		if !r.Known.IsZero() {
			next[r.Symbols[0]] = append(next[r.Symbols[0]], filed{end, r.Known})
		}
		list = append(list, r)
	}
	late, withheld := 0, 0
	for i := range list {
		r := &list[i]
		if r.Known.IsZero() {
			for _, f := range next[r.Symbols[0]] {
				if f.end.After(r.Event) && (r.Known.IsZero() || f.known.Before(r.Known)) {
					r.Known = f.known
				}
			}
			if r.Known.IsZero() {
				withheld++
				continue
			}
			late++
		}
		l.records = append(l.records, *r)
	}
	if late+withheld > 0 {
		l.warn("%s: %d rows have no filing date: %d are shown from the symbol's next filing on, %d are withheld", t.name, late+withheld, late, withheld)
	}
	return nil
}

// sortRecords orders records so that the same files give the same store, and drops
// those that are there twice, as an article may be that two symbols' files hold.
func (l *loader) sortRecords() {
	slices.SortStableFunc(l.records, func(a, b pitwall.Record) int {
		return cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Value, b.Value),
			cmp.Compare(a.Text, b.Text), cmp.Compare(a.Source, b.Source), a.Event.Compare(b.Event)) // of two alike the first stays, whatever the order of files
	})
	type key struct{ kind, id, title, value string }
	seen := map[key]int{}
	kept := l.records[:0]
	for _, r := range l.records {
		k := key{string(r.Kind), r.ID, r.Title, r.Value}
		i, twice := seen[k]
		if twice && kept[i].Known.Equal(r.Known) {
			kept[i].Symbols = union(kept[i].Symbols, r.Symbols)
			continue
		}
		seen[k] = len(kept)
		kept = append(kept, r)
	}
	if n := len(l.records) - len(kept); n > 0 {
		l.warn("%d duplicate records count once", n)
	}
	l.records = kept
}

// union is all symbols of two lists, in order.
func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	sort.Strings(all)
	return slices.Compact(all)
}
