package leaktest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"pitwall"
)

// Data is all that a world is made of, future included. It is not written.
type Data struct {
	Series  []*pitwall.Series // by symbol
	Actions []pitwall.Action
	Records []pitwall.Record
}

// symbols lists the symbols, and two that do not exist.
func (d Data) symbols() []string {
	list := []string{"NEVER", "ZZZ0"} // mutations add ZZZ0
	for _, s := range d.Series {
		list = append(list, s.Instrument.Symbol)
	}
	return list
}

// macros lists the macro series, and two that do not exist.
func (d Data) macros() []string {
	set := map[string]bool{"NEVER": true, "NEWSERIES": true}
	for _, r := range d.Records {
		if r.Kind == pitwall.Macro {
			set[r.Series] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// recordKinds are the kinds of records.
var recordKinds = []pitwall.RecordKind{pitwall.News, pitwall.Macro, pitwall.Fundamental, pitwall.Filing, pitwall.Event}

// kinds of mutations, by the number under which the test plan has them.
var kinds = []string{"change", "drop", "delete", "add", "bait", "duplicate"}

// canaries remembers when each canary may be seen.
type canaries struct {
	known []time.Time // by number
}

func (c *canaries) next(at time.Time) int {
	c.known = append(c.known, at)
	return len(c.known) - 1
}

// mark is a fraction that belongs to canary n: an average of canaries does not
// have that of another.
func mark(n int) int { return 1000 + int(uint32(n)*2654435761>>16)%9000 } // Knuth's multiplicative hash

// canaryPrice, canaryVolume and canaryText are what canary n looks like.
func canaryPrice(n int) pitwall.Dec {
	return pitwall.Int(int64(7_000_000+n)) + pitwall.Dec(mark(n))*pitwall.One/10_000
}
func canaryVolume(n int) float64 { return float64(8_000_000_000+n) + float64(mark(n))/10_000 }
func canaryText(n int) string    { return fmt.Sprintf("CANARY-%07d", n) }

// mutate returns data that agree with d in all that is known at t.
func mutate(d Data, kind string, t time.Time, r *rand.Rand) (Data, *canaries) {
	c := &canaries{}
	m := Data{}
	for _, s := range d.Series {
		if x := mutateSeries(s, kind, t, r, c); x.Len() > 0 {
			m.Series = append(m.Series, x)
		}
	}
	for _, a := range d.Actions {
		if a.Ex.After(t) {
			switch kind {
			case "drop":
				continue
			case "delete":
				if r.IntN(2) == 0 {
					continue
				}
			case "change", "bait":
				a.Value += a.Value / 3
			}
		}
		m.Actions = append(m.Actions, a)
	}
	for _, x := range d.Records {
		if x.Known.After(t) {
			m.Records = append(m.Records, mutateRecord(x, kind, t, r, c)...)
		} else {
			m.Records = append(m.Records, x)
		}
	}
	if kind == "add" {
		m.add(t, c)
	}
	slices.SortStableFunc(m.Series, func(a, b *pitwall.Series) int { return cmp.Compare(a.Instrument.Symbol, b.Instrument.Symbol) })
	return m, c
}

// mutateSeries copies a series and changes its bars that are known after t.
func mutateSeries(s *pitwall.Series, kind string, t time.Time, r *rand.Rand, c *canaries) *pitwall.Series {
	n := s.KnownAt(t.UnixNano())
	x := &pitwall.Series{Instrument: s.Instrument, Size: s.Size, Adjusted: s.Adjusted, File: s.File,
		Start: s.Start[:n:n], End: s.End[:n:n], Known: s.Known[:n:n], Open: s.Open[:n:n], High: s.High[:n:n], Low: s.Low[:n:n], Close: s.Close[:n:n], Volume: s.Volume[:n:n]}
	for i := n; i < s.Len(); i++ {
		last := i == s.Len()-1 && x.Len() == 0 // a symbol of the strategy has some bar
		if !last && (kind == "drop" || kind == "delete" && r.IntN(2) == 0) {
			continue
		}
		o, h, l, cl, v := s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i]
		switch kind {
		case "change":
			k := c.next(time.Unix(0, s.Known[i]))
			o, v = canaryPrice(k), canaryVolume(k)
			h, l, cl = o, o, o
		case "bait":
			o, h, l, cl, v = pitwall.Int(80_000_000_000), pitwall.Int(90_000_000_000), 1, 1, 1e300
		case "duplicate":
			o, h, l, cl, v = 2*o, 2*h, 2*l, 2*cl, 2*v
			if s.Volume[i] == pitwall.NoVolume {
				v = 1
			}
		}
		x.Start, x.End, x.Known = append(x.Start, s.Start[i]), append(x.End, s.End[i]), append(x.Known, s.Known[i])
		x.Open, x.High, x.Low, x.Close, x.Volume = append(x.Open, o), append(x.High, h), append(x.Low, l), append(x.Close, cl), append(x.Volume, v)
	}
	return x
}

// mutateRecord is what becomes of a record that is known after t.
func mutateRecord(x pitwall.Record, kind string, t time.Time, r *rand.Rand, c *canaries) []pitwall.Record {
	switch kind {
	case "drop":
		return nil
	case "delete":
		if r.IntN(2) == 0 {
			return nil
		}
	case "change":
		k := c.next(x.Known)
		x.ID, x.Title, x.Text, x.Source = x.ID+"c", canaryText(k), canaryText(k), canaryText(k)
		if x.Value != "" {
			x.Value = canaryPrice(k).String()
		}
		x.Fields = map[string]string{}
	case "bait":
		x.ID, x.Title, x.Text, x.Value = x.ID+"b", "\x00\u202e' OR 1=1 --", "NaN", "99999999999999999999999999"
	case "duplicate":
		y := x
		y.ID, y.Known = x.ID+"2", t.Add(x.Known.Sub(t)/2+1)
		return []pitwall.Record{y, x}
	}
	return []pitwall.Record{x}
}

// add puts in what could not be expected: a new symbol, a split and a dividend of
// every symbol, news, series and statements.
func (d *Data) add(t time.Time, c *canaries) {
	var like *pitwall.Series
	for _, s := range d.Series {
		if like == nil || s.Len() > like.Len() {
			like = s
		}
	}
	fresh := mutateSeries(like, "change", t, nil, c)
	n := like.KnownAt(t.UnixNano())
	for _, times := range []*[]int64{&fresh.Start, &fresh.End, &fresh.Known} {
		*times = slices.Clone((*times)[n:])
	}
	for _, prices := range []*[]pitwall.Dec{&fresh.Open, &fresh.High, &fresh.Low, &fresh.Close} {
		*prices = slices.Clone((*prices)[n:])
	}
	fresh.Volume = slices.Clone(fresh.Volume[n:])
	fresh.Instrument.Symbol = "ZZZ0"
	day := t.AddDate(0, 0, 1)
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, like.Instrument.Location())
	for _, s := range d.Series {
		if s.Adjusted == pitwall.Raw || s.Adjusted == "" {
			d.Actions = append(d.Actions, pitwall.Action{Symbol: s.Instrument.Symbol, Ex: day, Type: "split", Value: pitwall.Int(7)},
				pitwall.Action{Symbol: s.Instrument.Symbol, Ex: day, Pay: day.AddDate(0, 0, 3), Type: "dividend", Value: pitwall.One})
		}
	}
	slices.SortStableFunc(d.Actions, func(a, b pitwall.Action) int { return cmp.Or(cmp.Compare(a.Symbol, b.Symbol), a.Ex.Compare(b.Ex)) })
	if fresh.Len() > 0 {
		d.Series = append(d.Series, fresh)
	}
	for i, k := range recordKinds {
		known, event := t.Add(time.Duration(i+1)*time.Nanosecond), t.AddDate(0, -1, 0)
		if k == pitwall.Event {
			event = t.AddDate(0, 1, 0)
		}
		text := canaryText(c.next(known))
		d.Records = append(d.Records, pitwall.Record{Kind: k, ID: "added", Symbols: []string{like.Instrument.Symbol, "ZZZ0"}, Series: "NEWSERIES", Event: event, Known: known, Title: text, Text: text, Source: text, Value: "1"})
	}
}
