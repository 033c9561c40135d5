package history

import (
	"fmt"
	"time"

	"pitwall"
)

// event is something announced for a day or a time: earnings, a meeting, a merger, an ex
// date. It is known when it was announced. A later row with the same id goes before it:
// the day was moved, or, without event_at, called off.
func (l *loader) event(t *table, i int) (r pitwall.Record, err error) {
	symbol, zone := t.get(i, "symbol"), l.newYork
	r = pitwall.Record{Kind: pitwall.Event, ID: t.hash(i), Series: t.get(i, "kind"), Text: t.get(i, "text"), Fields: map[string]string{}}
	if symbol != "" {
		r.Symbols, zone = []string{symbol}, l.zoneOf(symbol)
	}
	if id := t.get(i, "id"); id != "" {
		r.Fields[pitwall.EventID] = id
	}
	if r.Known, err = t.when(i, "known_at", zone); err != nil {
		return r, err
	}
	if id := r.Fields[pitwall.EventID]; id != "" {
		key := fmt.Sprint(id, r.Known.UnixNano())
		if other, ok := l.events[key]; ok && other != r.ID {
			return r, t.bad(i, "known_at", fmt.Errorf("two rows of the event %s are known from %s on: which of them counts cannot be told; give the later one a later time", id, r.Known.Format(time.RFC3339)))
		}
		l.events[key] = r.ID
	}
	if t.get(i, "event_at") == "" && r.Fields[pitwall.EventID] != "" {
		return r, nil
	}
	at, err := parseStamp(t.get(i, "event_at"), zone)
	if err != nil {
		return r, t.bad(i, "event_at", err)
	}
	if r.Event = at.t; at.date {
		r.Fields[pitwall.WholeDay] = "true"
	}
	return r, nil
}
