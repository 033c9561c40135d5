package driver

import (
	"context"
	"time"

	"pitwall"
	"pitwall/cache/history"
)

// Written returns the text of a new strategy over data, checked, its rule by the SQL engine
// too: write makes it of the symbols of s, or all that the data can trade, and of the
// days that they cover.
func (s *Strategy) Written(ctx context.Context, file string, store *history.Store, write func(symbols []string, first, last time.Time) string) (string, error) {
	var symbols []string
	var first, last time.Time
	for _, x := range store.Series() {
		if x.Instrument.Kind == pitwall.Index {
			continue
		}
		symbols = append(symbols, x.Instrument.Symbol)
		if t := x.Bar(0).Start; first.IsZero() || t.Before(first) {
			first = t
		}
		if t := x.Bar(x.Len() - 1).Start; t.After(last) {
			last = t
		}
	}
	const most = 50
	switch {
	case len(s.Symbols) > 0:
		symbols = s.Symbols
	case len(symbols) == 0 || len(symbols) > most:
		return "", pitwall.Errorf(pitwall.InvalidInput, "the data hold %d symbols that can be traded", len(symbols)).Hintf("name some with --symbols A,B")
	}
	text := write(symbols, first, last)
	own, err := Parse(file, []byte(text))
	if err == nil {
		err = own.Check()
	}
	if err == nil {
		_, err = own.CheckRule(ctx)
	}
	return text, err
}
