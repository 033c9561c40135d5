package leaktest

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// recordsHook is Records some of whose answers are changed.
type recordsHook struct {
	real     pitwall.Records
	find     func(q pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record
	coverage func(k pitwall.RecordKind, list []pitwall.Coverage) []pitwall.Coverage
	digest   func(s string) string
}

func (h recordsHook) Find(ctx context.Context, q pitwall.RecordQuery) ([]pitwall.Record, error) {
	list, err := h.real.Find(ctx, q)
	if h.find != nil && err == nil {
		list = h.find(q, list)
	}
	return list, err
}

func (h recordsHook) Coverage(ctx context.Context, k pitwall.RecordKind) ([]pitwall.Coverage, error) {
	list, err := h.real.Coverage(ctx, k)
	if h.coverage != nil && err == nil {
		list = h.coverage(k, list)
	}
	return list, err
}

func (h recordsHook) Digest() string {
	if h.digest != nil {
		return h.digest(h.real.Digest())
	}
	return h.real.Digest()
}

// found is a leak in what Find returns.
func found(name, what string, change func(w *pitwall.World, d Data, q pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record) leak {
	return leak{name, what, func(w *pitwall.World, d Data) {
		w.Records = recordsHook{real: w.Records, find: func(q pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record { return change(w, d, q, list) }}
	}}
}

// early is a leak that shows records of a kind from another time on.
func early(name, what string, kind pitwall.RecordKind, since func(r pitwall.Record) time.Time) leak {
	return found(name, what, func(w *pitwall.World, d Data, q pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
		if q.Kind != kind {
			return list
		}
		now := w.Clock.Now()
		for _, r := range d.Records {
			if r.Kind == kind && r.Known.After(now) && !since(r).After(now) && (q.Series == "" || q.Series == r.Series) && !r.Revised {
				list = append(list, r)
			}
		}
		sort.SliceStable(list, func(i, j int) bool { return list[i].Known.After(list[j].Known) })
		return list
	})
}

func recordLeaks() []leak {
	event := func(r pitwall.Record) time.Time { return r.Event }
	return []leak{
		early("macro value on its date", "a value is known on the day that it is about", pitwall.Macro, event),
		early("news a day early", "news count from the day before", pitwall.News, func(r pitwall.Record) time.Time { return r.Known.AddDate(0, 0, -1) }),
		early("statement at the period's end", "a statement is known before it was filed", pitwall.Fundamental, event),
		early("trade on its day", "a filing is known on the day of the trade", pitwall.Filing, event),
		early("announced early", "an event is known five days before it was announced", pitwall.Event, func(r pitwall.Record) time.Time { return r.Known.AddDate(0, 0, -5) }),
		found("moved date", "an event shows the day that it was moved to later", func(_ *pitwall.World, d Data, _ pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
			for i := range list {
				for _, r := range d.Records {
					if r.Kind == pitwall.Event && r.Fields[pitwall.EventID] == list[i].Fields[pitwall.EventID] && !r.Event.IsZero() && list[i].Kind == pitwall.Event {
						list[i].Event = r.Event
					}
				}
			}
			return list
		}),
		found("revised value", "the last vintage in place of the one known", func(_ *pitwall.World, d Data, _ pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
			for i := range list {
				for _, r := range d.Records {
					if r.Kind == pitwall.Macro && r.Series == list[i].Series && r.Event.Equal(list[i].Event) {
						list[i].Value = r.Value
					}
				}
			}
			return list
		}),
		found("restated figure", "a statement item shows its last restatement", func(_ *pitwall.World, d Data, _ pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
			for i := range list {
				for _, r := range d.Records {
					if r.Kind == pitwall.Fundamental && r.Series == list[i].Series && r.Event.Equal(list[i].Event) {
						list[i].Value = r.Value
					}
				}
			}
			return list
		}),
		found("corrected headline", "a headline reads as it was corrected later", func(_ *pitwall.World, d Data, _ pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
			for i := range list {
				for _, r := range d.Records {
					if strings.HasPrefix(r.ID, list[i].ID+"-") {
						list[i].Title = r.Title
					}
				}
			}
			return list
		}),
		found("related news", "an item names how often its topic comes up later", func(_ *pitwall.World, d Data, _ pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
			for i := range list {
				n := 0
				for _, r := range d.Records {
					if len(r.Title) > 4 && strings.HasPrefix(list[i].Title, r.Title[:4]) {
						n++
					}
				}
				list[i].Text += fmt.Sprintf(" (%d related)", n)
			}
			return list
		}),
		found("deleted later", "what a correction replaced later is missing", func(_ *pitwall.World, d Data, _ pitwall.RecordQuery, list []pitwall.Record) (kept []pitwall.Record) {
			for _, x := range list {
				gone := false
				for _, r := range d.Records {
					gone = gone || strings.HasPrefix(r.ID, x.ID+"-")
				}
				if !gone {
					kept = append(kept, x)
				}
			}
			return kept
		}),
		found("bad days are hidden", "news asked by symbol and words leaves out days before a fall", func(w *pitwall.World, d Data, q pitwall.RecordQuery, list []pitwall.Record) []pitwall.Record {
			if len(q.Words) == 0 || len(q.Symbols) == 0 {
				return list
			}
			if next, ok := d.after(w, q.Symbols[0], 0); ok && next.Close < next.Open {
				return nil
			}
			return list
		}),
		{"coverage of all time", "coverage counts records to come", func(w *pitwall.World, d Data) {
			w.Records = recordsHook{real: w.Records, coverage: func(_ pitwall.RecordKind, list []pitwall.Coverage) []pitwall.Coverage {
				for i := range list {
					list[i].Count = len(d.Records)
				}
				return list
			}}
		}},
		{"coverage until the end", "coverage ends where the data do", func(w *pitwall.World, d Data) {
			w.Records = recordsHook{real: w.Records, coverage: func(k pitwall.RecordKind, list []pitwall.Coverage) []pitwall.Coverage {
				for i := range list {
					for _, r := range d.Records {
						if r.Kind == k && r.Known.After(list[i].Until) {
							list[i].Until = r.Known
						}
					}
				}
				return list
			}}
		}},
		{"digest over all records", "the state digest covers records to come", func(w *pitwall.World, d Data) {
			w.Records = recordsHook{real: w.Records, digest: func(s string) string { return s + fmt.Sprint(len(d.Records)) }}
		}},
	}
}
