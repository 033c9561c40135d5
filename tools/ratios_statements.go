package tools

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// statement is what is known of the quarter that ends on a day: of each item the figure
// known last.
type statement struct {
	end     time.Time
	period  string
	records []pitwall.Record // by Known, newest first
}

// statementsOf sorts records into statements, newest end first. A day on which no item
// of a period ends, as that of a cover page, is none.
func statementsOf(records []pitwall.Record) (all []statement) {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b pitwall.Record) int { return cmp.Or(b.Event.Compare(a.Event), b.Known.Compare(a.Known)) })
	for _, r := range records {
		if n := len(all); n == 0 || !all[n-1].end.Equal(r.Event) {
			all = append(all, statement{end: r.Event})
		}
		s := &all[len(all)-1]
		s.period, s.records = cmp.Or(s.period, OneLine(r.Fields["period"], 40)), append(s.records, r)
	}
	return slices.DeleteFunc(all, func(s statement) bool {
		return !slices.ContainsFunc(statementItems(), func(x item) bool {
			_, quarter := s.find(x.names, quarterly)
			_, year := s.find(x.names, yearly)
			return x.flow && (quarter || year)
		})
	})
}

// The times that a figure may be of, as the SEC's archive has them.
const (
	quarterly = "over 3 months"
	yearly    = "over 12 months"
)

// spanOf is the time that a figure is of: what its statement says, or else a year for the
// fiscal period FY, and a quarter.
func spanOf(r pitwall.Record) string {
	switch of := r.Fields["statement"]; {
	case strings.HasPrefix(of, "over "):
		return of
	case strings.HasSuffix(strings.ToUpper(strings.TrimSpace(r.Fields["period"])), "FY"):
		return yearly
	}
	return quarterly
}

// find is the figure of the first name that is there, of the given time; without a time,
// as for what is held on a day, any.
func (s statement) find(names []string, span string) (pitwall.Record, bool) {
	for _, name := range names {
		for _, r := range s.records {
			if r.Series == name && (span == "" || span == spanOf(r)) {
				return r, true
			}
		}
	}
	return pitwall.Record{}, false
}

// amount reads a figure.
func amount(r pitwall.Record) (*big.Rat, error) {
	v, ok := new(big.Rat).SetString(r.Value)
	if !ok {
		return nil, fmt.Errorf("%s of %s is %q", r.Series, r.Event.Format(time.DateOnly), r.Value)
	}
	return v, nil
}

// used adds a figure to an input, and shows it.
func (x *input) used(w *pitwall.World, s statement, r pitwall.Record) {
	v, err := amount(r)
	if err != nil {
		x.value, x.why = nil, OneLine(err.Error(), 200)
		return
	}
	if x.value == nil {
		x.value = new(big.Rat)
	}
	x.value.Add(x.value, v)
	x.view.Item = OneLine(r.Series, 200)
	x.view.Periods = strings.TrimSpace(x.view.Periods + " " + cmp.Or(s.period, s.end.Format(time.DateOnly)))
	x.view.Known = max(x.view.Known, w.Time(r.Known))
}

// follow returns why n statements from the first on are not n quarters in a row, or
// nothing.
func follow(all []statement, first, n int) string {
	if len(all) < first+n {
		return fmt.Sprintf("%d statements are known and %d are needed", len(all), first+n)
	}
	for i := first; i+1 < first+n; i++ {
		if days := all[i].end.Sub(all[i+1].end).Hours() / 24; days < 60 || days > 120 {
			return fmt.Sprintf("statements end on %s and %s: a quarter is missing between them, or one is longer", all[i+1].end.Format(time.DateOnly), all[i].end.Format(time.DateOnly))
		}
	}
	return ""
}

// quarter adds the figure of one quarter. A fourth quarter that only the year's figure
// holds is that less the three quarters before it.
func (x *input) quarter(w *pitwall.World, all []statement, i int, it item) {
	if r, ok := all[i].find(it.names, quarterly); ok {
		x.used(w, all[i], r)
		return
	}
	x.why = fmt.Sprintf("no %s of the quarter to %s", it.names[0], all[i].end.Format(time.DateOnly))
	year, ok := all[i].find(it.names, yearly)
	if !ok || follow(all, i, 4) != "" {
		x.value = nil
		return
	}
	before := input{value: new(big.Rat)}
	for k := i + 3; k > i; k-- {
		r, ok := all[k].find(it.names, quarterly)
		if !ok {
			x.value = nil
			return
		}
		if before.used(w, all[k], r); before.value == nil {
			x.value, x.why = nil, before.why
			return
		}
	}
	if x.used(w, all[i], year); x.value != nil {
		x.value.Sub(x.value, before.value)
		x.view.Periods += " less " + before.view.Periods
		x.view.Known = max(x.view.Known, before.view.Known)
	}
}

// fourQuarters is the sum of the four newest quarters.
func fourQuarters(w *pitwall.World, all []statement, it item) input {
	x := input{value: new(big.Rat)}
	if x.why = follow(all, 0, 4); x.why != "" {
		x.value = nil
		return x
	}
	for i := 3; i >= 0; i-- {
		if x.quarter(w, all, i, it); x.value == nil {
			return x
		}
	}
	return x
}

// oneQuarter is the figure of the quarter that ended back quarters before the newest.
func oneQuarter(w *pitwall.World, all []statement, back int, it item) input {
	x := input{}
	if x.why = follow(all, 0, back+1); x.why == "" {
		x.value = new(big.Rat)
		x.quarter(w, all, back, it)
	}
	return x
}

// balance is an item of the newest statement.
func balance(w *pitwall.World, all []statement, it item) input {
	x := input{why: "no statement is known"}
	if len(all) == 0 {
		return x
	}
	r, ok := all[0].find(it.names, "")
	if x.why = fmt.Sprintf("no %s in the statement to %s", it.names[0], all[0].end.Format(time.DateOnly)); ok {
		x.used(w, all[0], r)
	}
	return x
}

// shares are those of the newest of the four statements whose count can be right, in
// shares of the day of the price: a split that went ex after the count was known and by
// that day multiplies it. Fourth
// quarters computed as a year less nine months hold the difference of two averages: a
// count below half of the largest of the four is none.
func shares(w *pitwall.World, symbol string, priced time.Time, all []statement) input {
	x := input{why: "no statement names a count of shares"}
	most := new(big.Rat)
	list := make([]input, 0, 4)
	for _, s := range all[:min(len(all), 4)] {
		var one input
		r, ok := s.find(shareItems, quarterly)
		if !ok {
			if r, ok = s.find(shareItems, yearly); !ok {
				continue
			}
		}
		if one.used(w, s, r); one.value == nil {
			continue
		}
		if times := splitsBetween(w, symbol, r.Known, priced); times.Cmp(big.NewRat(1, 1)) != 0 {
			one.value.Mul(one.value, times)
			one.view.Periods += " x " + exact(times) + " for splits"
		}
		if list = append(list, one); one.value.Cmp(most) > 0 {
			most = one.value
		}
	}
	for _, one := range list {
		if one.value.Sign() > 0 && new(big.Rat).Mul(one.value, big.NewRat(2, 1)).Cmp(most) >= 0 {
			return one
		}
	}
	return x
}

// splitsBetween is by how much splits that went ex after one time and by another
// multiplied a share. A price may be older than the count of shares: then they divide it.
func splitsBetween(w *pitwall.World, symbol string, counted, priced time.Time) *big.Rat {
	times := big.NewRat(1, 1)
	m, ok := w.Market.(actionSource)
	if !ok {
		return times
	}
	for _, a := range m.Actions(symbol) {
		units, per := a.Split()
		switch later, ahead := a.Ex.After(counted), a.Ex.After(priced); {
		case a.Type != "split" || later == ahead:
		case later:
			times.Mul(times, big.NewRat(int64(units), int64(per)))
		default:
			times.Mul(times, big.NewRat(int64(per), int64(units)))
		}
	}
	return times
}
