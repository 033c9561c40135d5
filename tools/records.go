package tools

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pitwall"
)

// Records are what is known besides prices. Where nothing could have been found
// these tools answer NO_COVERAGE and list what exists, since an empty list would look
// like no news; every answer says which time it covers.

func addRecords(s *Set) {
	add(s, Tool{Name: "news_search", Title: "Search news", Idempotent: true,
		Description: "Headlines published so far, newest first. All words must occur."}, newsSearch)
	add(s, Tool{Name: "macro_series", Title: "Macro series", Idempotent: true,
		Description: "An economic series as published by now, newest first, with its age. Without series: what there is."}, macroSeries)
	add(s, Tool{Name: "fundamentals", Title: "Company statements", Idempotent: true,
		Description: "Statement items of a company as filed by now, newest period first."}, fundamentals)
	add(s, Tool{Name: "filings_search", Title: "Search public filings", Idempotent: true,
		Description: "Public filings so far, such as senators' trades, newest first. All words must occur."}, filingsSearch)
}

// coverView is the time over which there are records of a name.
type coverView struct {
	Name    string `json:"name"`
	From    string `json:"from"`
	Until   string `json:"until"`
	Count   int    `json:"count"`
	Revised bool   `json:"revised,omitempty"`
}

func (c coverView) String() string {
	s := fmt.Sprintf("%s %s..%s (%d)", c.Name, c.From, c.Until, c.Count)
	if c.Revised {
		s += " revised"
	}
	return s
}

var plainName = regexp.MustCompile(`^[\pL\pN.^=/:_&+-]{1,40}$`)

// coverName returns the name of a symbol or series as a data file spells it; one that
// could be read as a sentence is quoted.
func coverName(name string) string {
	switch {
	case name == "":
		return "(no symbol)"
	case plainName.MatchString(name):
		return name
	}
	return strconv.Quote(OneLine(name, 40))
}

// maxCovered is how many names a refusal lists.
const maxCovered = 20

// covered lists what there is of a kind, for these names only when some are given.
// Nothing is NO_COVERAGE of what was asked for.
func covered(ctx context.Context, w *pitwall.World, k pitwall.RecordKind, what string, names []string) (of, all []coverView, err error) {
	var list []pitwall.Coverage
	if w.Records != nil {
		if list, err = w.Records.Coverage(ctx, k); err != nil {
			return nil, nil, err
		}
	}
	for _, c := range list {
		v := coverView{coverName(c.Name), w.Time(c.From)[:len(time.DateOnly)], w.Time(c.Until)[:len(time.DateOnly)], c.Count, c.Revised}
		all = append(all, v)
		if len(names) == 0 || slices.Contains(names, c.Name) {
			of = append(of, v)
		}
	}
	if len(of) == 0 {
		err = noCoverage(what, all)
	}
	return of, all, err
}

// noCoverage says what there is instead.
func noCoverage(what string, all []coverView) error {
	e := pitwall.Errorf(pitwall.NoCoverage, "there is no %s as of now", what)
	if len(all) == 0 {
		return e.Hintf("this world has none of that kind known yet: decide without it")
	}
	names := make([]string, 0, maxCovered)
	for _, c := range all[:min(len(all), maxCovered)] {
		names = append(names, c.String())
	}
	if n := len(all) - maxCovered; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return e.Hintf("there is %s", strings.Join(names, ", "))
}

// search is the part that news and filings share: records, what they cover, and
// NO_COVERAGE when nothing could have been found.
func search(ctx context.Context, w *pitwall.World, what string, k pitwall.RecordKind, in newsIn) ([]pitwall.Record, []coverView, error) {
	limit, err := atMost("limit", in.Limit, 10, 50)
	if err != nil {
		return nil, nil, err
	}
	q := pitwall.RecordQuery{Kind: k, Symbols: in.Symbols, Words: strings.Fields(in.Query), Limit: limit}
	if in.Since != "" {
		if q.Since, err = parseTime(w, "since", in.Since); err != nil {
			return nil, nil, err
		}
		if now := w.Clock.Now(); q.Since.After(now) {
			return nil, nil, pitwall.Errorf(pitwall.InvalidInput, "since is %s, but it is %s now", w.Time(q.Since), w.Time(now)).Hintf("give an earlier time")
		}
	}
	if len(q.Symbols) > 0 {
		what += " about " + strings.Join(q.Symbols, ", ")
	}
	of, all, err := covered(ctx, w, k, what, q.Symbols)
	if err != nil {
		return nil, nil, err
	}
	until := ""
	for _, c := range of {
		until = max(until, c.Until)
	}
	if !q.Since.IsZero() && w.Time(q.Since)[:len(time.DateOnly)] > until {
		return nil, nil, noCoverage(what+" after "+until, all)
	}
	if len(q.Symbols) == 0 {
		of = total(of)
	}
	found, err := w.Records.Find(ctx, q)
	return found, of, err
}

// total returns one line for all names.
func total(of []coverView) []coverView {
	all := coverView{Name: fmt.Sprintf("%d symbols", len(of)), From: of[0].From, Until: of[0].Until}
	if len(of) == 1 {
		return of
	}
	for _, c := range of {
		all.From, all.Until, all.Count = min(all.From, c.From), max(all.Until, c.Until), all.Count+c.Count
	}
	return []coverView{all}
}

// OneLine returns foreign text fit for one line of at most most characters: no
// control characters, no escapes, no line breaks.
func OneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r): // Cf: bidi overrides, zero-width marks
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return s
}

type newsIn struct {
	Query   string   `json:"query,omitempty"`
	Symbols []string `json:"symbols,omitempty"`
	Since   string   `json:"since,omitempty"`
	Limit   *int     `json:"limit,omitempty" jsonschema:"default 10, at most 50"`
}

type newsView struct {
	Known   string   `json:"known"`
	Symbols []string `json:"symbols"`
	Title   string   `json:"headline"`
	Text    string   `json:"text"`
	Source  string   `json:"source"`
}

type newsOut struct {
	Items   []newsView  `json:"items"`
	Covered []coverView `json:"covered"`
}

func (o newsOut) text(*pitwall.World) string {
	var t text
	t.covered(o.Covered)
	if len(o.Items) == 0 {
		return t.String() + "nothing matches\n"
	}
	lines := make([]string, 0, len(o.Items))
	for _, n := range o.Items {
		lines = append(lines, n.Known+" "+OneLine(strings.Join(n.Symbols, ";"), 1000)+" ["+n.Source+"] "+n.Title)
		if n.Text != "" {
			lines = append(lines, "  "+n.Text)
		}
	}
	return t.String() + Marked("news_search", strings.Join(lines, "\n"))
}

// marked returns a text between marks, when it holds rows that others wrote.
func (t *text) marked(tool string, rows int) string {
	if rows == 0 {
		return t.String()
	}
	return Marked(tool, strings.TrimSuffix(t.String(), "\n"))
}

// covered writes the time that an answer covers.
func (t *text) covered(list []coverView) {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.String()
	}
	t.WriteString("covered: " + strings.Join(names, ", ") + "\n")
}

func newsSearch(ctx context.Context, w *pitwall.World, in newsIn) (newsOut, error) {
	out := newsOut{Items: []newsView{}}
	found, covered, err := search(ctx, w, "news", pitwall.News, in)
	out.Covered = covered
	for _, r := range found {
		out.Items = append(out.Items, newsView{w.Time(r.Known), append([]string{}, r.Symbols...), OneLine(r.Title, 300), OneLine(r.Text, 400), OneLine(r.Source, 60)})
	}
	return out, err
}

type filingView struct {
	Known   string            `json:"known"`
	Event   string            `json:"event"`
	Symbols []string          `json:"symbols"`
	Who     string            `json:"who"`
	What    string            `json:"what"`
	Text    string            `json:"text,omitempty"`
	Fields  map[string]string `json:"fields"`
}

type filingsOut struct {
	Items   []filingView `json:"items"`
	Covered []coverView  `json:"covered"`
}

func (o filingsOut) text(*pitwall.World) string {
	var t, filings text
	t.covered(o.Covered)
	filings.block("filings", "known,event,form,symbols,who,what,owner,amount,more", len(o.Items), func(i int) []any {
		f := o.Items[i]
		return []any{f.Known, f.Event, f.Fields["form"], strings.Join(f.Symbols, ";"), f.Who, f.What, f.Fields["owner"], f.Fields["amount"], f.more()}
	})
	return t.String() + filings.marked("filings_search", len(o.Items))
}

// more returns what has no column of its own.
func (f filingView) more() string {
	parts := []string{}
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		if !slices.Contains([]string{"form", "owner", "amount", "type"}, name) { // the type is in what
			parts = append(parts, OneLine(name, 40)+"="+f.Fields[name])
		}
	}
	if f.Text != "" {
		parts = append(parts, f.Text)
	}
	return strings.Join(parts, "; ")
}

func filingsSearch(ctx context.Context, w *pitwall.World, in newsIn) (filingsOut, error) {
	out := filingsOut{Items: []filingView{}}
	found, covered, err := search(ctx, w, "filing", pitwall.Filing, in)
	out.Covered = covered
	for _, r := range found {
		f := filingView{w.Time(r.Known), r.Event.Format(time.DateOnly), append([]string{}, r.Symbols...), OneLine(r.Source, 60), OneLine(r.Title, 200), OneLine(r.Text, 400), map[string]string{}}
		for k, v := range r.Fields {
			f.Fields[k] = OneLine(v, 100)
		}
		out.Items = append(out.Items, f)
	}
	return out, err
}
