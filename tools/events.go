package tools

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"pitwall"
)

func addEvents(s *Set) {
	add(s, Tool{Name: EventsTool, Title: "Events ahead", Idempotent: true,
		Description: "What was announced by now and is still ahead, the soonest first: earnings, meetings, mergers, ex dates."}, marketEvents)
}

// EventsTool is listed only where there are events: [Set.Remove] takes it out elsewhere.
const EventsTool = "market_events"

type eventsIn struct {
	Symbols []string `json:"symbols,omitempty"`
	Kinds   []string `json:"kinds,omitempty" jsonschema:"parts of kinds, such as earnings"`
	Limit   *int     `json:"limit,omitempty" jsonschema:"default 20, at most 100"`
}

type eventView struct {
	At      string   `json:"at"`
	Symbols []string `json:"symbols"`
	Kind    string   `json:"kind"`
	Text    string   `json:"text"`
	Known   string   `json:"known"`
}

type eventsOut struct {
	Items   []eventView `json:"items"`
	More    int         `json:"more"` // further ones ahead, beyond limit
	Covered []coverView `json:"covered"`
}

func (o eventsOut) text(*pitwall.World) string {
	var t, events text
	t.covered(o.Covered)
	if len(o.Items) == 0 {
		return t.String() + "nothing that is known now lies ahead\n"
	}
	events.block("events", "at,symbols,kind,text,known", len(o.Items), func(i int) []any {
		e := o.Items[i]
		return []any{e.At, strings.Join(e.Symbols, ";"), e.Kind, e.Text, e.Known}
	})
	if o.More > 0 {
		t.pairs("more", o.More)
	}
	return t.String() + events.marked(EventsTool, len(o.Items))
}

func marketEvents(ctx context.Context, w *pitwall.World, in eventsIn) (eventsOut, error) {
	out := eventsOut{Items: []eventView{}}
	limit, err := atMost("limit", in.Limit, 20, 100)
	if err != nil {
		return out, err
	}
	what := "event"
	if len(in.Symbols) > 0 {
		what += " of " + strings.Join(in.Symbols, ", ")
	}
	if out.Covered, _, err = covered(ctx, w, pitwall.Event, what, in.Symbols); err != nil {
		return out, err
	}
	if len(in.Symbols) == 0 {
		out.Covered = total(out.Covered)
	}
	found, err := w.Records.Find(ctx, pitwall.RecordQuery{Kind: pitwall.Event}) // of all symbols: a row that calls off may name none
	if err != nil {
		return out, err
	}
	ahead := aheadOf(found, w.Clock.Now(), in)
	out.More = max(0, len(ahead)-limit)
	for _, r := range ahead[:len(ahead)-out.More] {
		at := w.Time(r.Event)
		if r.Fields[pitwall.WholeDay] != "" {
			at = r.Event.Format(time.DateOnly)
		}
		symbols := make([]string, len(r.Symbols))
		for i, s := range r.Symbols {
			symbols[i] = OneLine(s, 40)
		}
		out.Items = append(out.Items, eventView{at, symbols, OneLine(r.Series, 40), OneLine(r.Text, 300), w.Time(r.Known)})
	}
	return out, nil
}

// aheadOf returns the events that are not over, the soonest first. Of several with one id
// the newest counts; found comes with the newest first.
func aheadOf(found []pitwall.Record, now time.Time, in eventsIn) (ahead []pitwall.Record) {
	asked := func(symbol string) bool { return slices.Contains(in.Symbols, symbol) }
	settled := map[string]bool{}
	for _, r := range found {
		if id := r.Fields[pitwall.EventID]; id != "" {
			if settled[id] {
				continue
			}
			settled[id] = true
		}
		end := r.Event
		if r.Fields[pitwall.WholeDay] != "" {
			end = end.AddDate(0, 0, 1)
		}
		if end.After(now) && named(r.Series, in.Kinds) && (len(in.Symbols) == 0 || slices.ContainsFunc(r.Symbols, asked)) {
			ahead = append(ahead, r)
		}
	}
	slices.SortStableFunc(ahead, func(a, b pitwall.Record) int {
		return cmp.Or(a.Event.Compare(b.Event), slices.Compare(a.Symbols, b.Symbols), cmp.Compare(a.Series, b.Series))
	})
	return ahead
}
