package driver_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"testing"
	"time"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/brokers/risk"
	"pitwall/tools/leaktest"
)

// made is all that a generated world is made of.
type made struct {
	leaktest.Data
	spec driver.SimSpec
}

const madeDays = 12

// make draws a small store with a case of each kind: a late symbol, an index,
// actions, news, vintages beside revised values, statements and filings.
func makeStore(t testing.TB, r *rand.Rand) *made {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Date(2024, 3, 4+n, 0, 0, 0, 0, zone) } // a change of clocks lies inside
	some := func(list ...string) string { return list[r.IntN(len(list))] }
	m := &made{spec: driver.SimSpec{Symbols: []string{"AAA", "BBB", "LATE"}, From: day(2).Format(time.DateOnly), Cash: pitwall.Int(100_000),
		Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}, Limits: risk.NoLimits(), Revised: r.IntN(3) == 0}}
	if r.IntN(2) == 0 {
		m.spec.Terms.Type = pitwall.MarginAccount
	}
	for i, symbol := range []string{"AAA", "BBB", "IDX", "LATE"} {
		in := pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One, Zone: zone, Sector: some("", "tech"), Tick: pitwall.One / 100}
		first := 0
		switch symbol {
		case "IDX":
			in.Kind = pitwall.Index
		case "LATE":
			first = 4
		}
		s := &pitwall.Series{Instrument: in, Size: pitwall.OneDay, Adjusted: pitwall.Raw}
		cents := int64(10_000 * (i + 1))
		for n := first; n < madeDays; n++ {
			open := cents + r.Int64N(201) - 100
			cents = open + r.Int64N(401) - 200
			at := day(n)
			s.Start, s.End, s.Known = append(s.Start, at.Add(9*time.Hour+30*time.Minute).UnixNano()), append(s.End, at.Add(16*time.Hour).UnixNano()), append(s.Known, at.Add(16*time.Hour).UnixNano())
			s.Open, s.Close = append(s.Open, pitwall.Dec(open)*pitwall.One/100), append(s.Close, pitwall.Dec(cents)*pitwall.One/100)
			s.High, s.Low = append(s.High, pitwall.Dec(max(open, cents)+50)*pitwall.One/100), append(s.Low, pitwall.Dec(min(open, cents)-50)*pitwall.One/100)
			s.Volume = append(s.Volume, float64(1000+r.IntN(9000)))
		}
		m.Series = append(m.Series, s)
	}
	m.Actions = []pitwall.Action{{Symbol: "AAA", Ex: day(3), Pay: day(5), Type: "dividend", Value: pitwall.One}, {Symbol: "AAA", Ex: day(6), Type: "split", Value: pitwall.Int(2)}, {Symbol: "BBB", Ex: day(4), Type: "special_dividend", Value: pitwall.One}}
	for n := range 24 {
		at := day(r.IntN(madeDays))
		x := pitwall.Record{ID: fmt.Sprintf("r%d", n), Event: at, Known: at.Add(time.Duration(r.IntN(48)) * time.Hour), Source: some("wire", "desk")}
		switch x.Kind = []pitwall.RecordKind{pitwall.News, pitwall.Macro, pitwall.Fundamental, pitwall.Filing, pitwall.Event}[n%5]; x.Kind {
		case pitwall.News:
			x.Symbols, x.Title, x.Text = []string{some("AAA", "BBB", "NONE")}, some("earnings", "a recall"), "as published"
		case pitwall.Macro:
			x.Series, x.Value, x.Revised = some("GDP", "HOUST"), fmt.Sprint(100+r.IntN(9)), r.IntN(2) == 0
		case pitwall.Fundamental:
			x.Symbols, x.Series, x.Value, x.Fields = []string{some("AAA", "BBB")}, some("revenues", "assets"), fmt.Sprint(500+r.IntN(9)), map[string]string{"period": "2023Q4", "statement": "income", "unit": "USD"}
		case pitwall.Event:
			x.Symbols, x.Series, x.Event = []string{some("AAA", "BBB")}, some("earnings", "meeting"), at.AddDate(0, 0, r.IntN(9))
		case pitwall.Filing:
			x.Symbols, x.Title, x.Fields = []string{some("AAA", "BBB")}, "Purchase", map[string]string{"amount": "$1", "owner": "Self"}
		}
		m.Records = append(m.Records, x)
	}
	return m
}

// clone copies what a change may write.
func (m *made) clone() *made {
	c := *m
	c.Series, c.Actions, c.Records = slices.Clone(m.Series), slices.Clone(m.Actions), slices.Clone(m.Records)
	c.spec.Symbols = slices.Clone(m.spec.Symbols)
	return &c
}

// ownSeries is a series that may be written.
func (m *made) ownSeries(i int) *pitwall.Series {
	s := *m.Series[i]
	s.Start, s.End, s.Known, s.Volume = slices.Clone(s.Start), slices.Clone(s.End), slices.Clone(s.Known), slices.Clone(s.Volume)
	s.Open, s.High, s.Low, s.Close = slices.Clone(s.Open), slices.Clone(s.High), slices.Clone(s.Low), slices.Clone(s.Close)
	m.Series[i] = &s
	return &s
}

// change makes one change and names it: something more, less, or with one field, any
// of them, otherwise.
func (m *made) change(t testing.TB, r *rand.Rand) string {
	field := func(what string, x any) string {
		v := reflect.ValueOf(x).Elem()
		i := r.IntN(v.NumField())
		vary(t, r, v.Field(i))
		return what + "." + v.Type().Field(i).Name
	}
	rec, act, ser := r.IntN(len(m.Records)), r.IntN(len(m.Actions)), r.IntN(len(m.Series))
	switch k := r.IntN(100); {
	case k < 30:
		return field("record", &m.Records[rec])
	case k < 34:
		m.Records[rec].Known = m.Records[rec].Known.Add(time.Duration(r.IntN(96)-48) * time.Hour)
		return "record known at another time"
	case k < 38:
		m.Records = slices.Delete(m.Records, rec, rec+1)
		return "a record less"
	case k < 42:
		x := m.Records[rec]
		x.ID += "b"
		m.Records = append(m.Records, x)
		return "a record more"
	case k < 45:
		r.Shuffle(len(m.Records), func(i, j int) { m.Records[i], m.Records[j] = m.Records[j], m.Records[i] })
		return "records in another order"
	case k < 55:
		return field("action", &m.Actions[act])
	case k < 58:
		m.Actions = slices.Delete(m.Actions, act, act+1)
		return "an action less"
	case k < 70:
		return field("instrument", &m.ownSeries(ser).Instrument)
	case k < 82:
		return field("series", m.ownSeries(ser))
	case k < 85:
		m.Series = slices.Delete(m.Series, ser, ser+1)
		return "a series less"
	case k < 88:
		i := r.IntN(len(m.spec.Symbols))
		m.spec.Symbols = slices.Delete(m.spec.Symbols, i, i+1)
		return "a symbol that may not be traded"
	}
	return field("spec", &m.spec)
}

// vary gives a field another value that may be seen.
func vary(t testing.TB, r *rand.Rand, f reflect.Value) {
	switch x := f.Addr().Interface().(type) {
	case *time.Time:
		*x = x.Add(time.Duration(r.IntN(72)-36) * time.Hour)
	case *pitwall.Adjustment:
		*x = []pitwall.Adjustment{pitwall.Raw, pitwall.SplitAdjusted, pitwall.TotalAdjusted}[r.IntN(3)]
	case *pitwall.Kind:
		*x = []pitwall.Kind{pitwall.Equity, pitwall.ETF, pitwall.Index, pitwall.Crypto}[r.IntN(4)]
	case *pitwall.RecordKind:
		*x = []pitwall.RecordKind{pitwall.News, pitwall.Macro, pitwall.Fundamental, pitwall.Filing, pitwall.Event}[r.IntN(5)]
	case *pitwall.Instrument:
		inner := reflect.ValueOf(x).Elem()
		vary(t, r, inner.Field(r.IntN(inner.NumField())))
	case *pitwall.Costs:
		inner := reflect.ValueOf(x).Elem()
		vary(t, r, inner.Field(r.IntN(inner.NumField())))
	case *pitwall.Terms:
		inner := reflect.ValueOf(x).Elem()
		vary(t, r, inner.Field(r.IntN(inner.NumField())))
	case *pitwall.Rules:
		inner := reflect.ValueOf(x).Elem()
		vary(t, r, inner.Field(r.IntN(inner.NumField())))
	case *[]pitwall.Membership:
		*x = []pitwall.Membership{{Symbol: "AAA"}, {Symbol: "BBB", Until: time.Date(2023, 3, 1+r.IntN(60), 0, 0, 0, 0, time.UTC)}}
	case *[]driver.PodSpec, **driver.Allocate: // no answer of the fund's own world shows them; a pod's world is one of its own
	case **pitwall.Dec:
		d := pitwall.Dec(r.Int64N(3)) * pitwall.One
		*x = &d
	case *pitwall.Dec:
		*x += []pitwall.Dec{1, pitwall.One / 100, pitwall.One, 10 * pitwall.One}[r.IntN(4)]
	case *string:
		*x += []string{"x", "\xff", "\u202e", " earnings", "2"}[r.IntN(5)]
		if *x == "dividendx" {
			*x = "coupon"
		}
	default:
		switch {
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.String && f.Len() > 0: // a column
			f.Index(r.IntN(f.Len())).Set(reflect.Zero(f.Type().Elem()))
		default:
			alter(t, f)
		}
	}
}

// tidy puts the store in the order in which a loader hands it over.
func (m *made) tidy() {
	sort.SliceStable(m.Series, func(i, j int) bool { return m.Series[i].Instrument.Symbol < m.Series[j].Instrument.Symbol })
}

// valid reports whether a loader would have let the series through.
func (m *made) valid() bool {
	for i, s := range m.Series {
		if i > 0 && s.Instrument.Symbol == m.Series[i-1].Instrument.Symbol {
			return false
		}
		for n := range s.Len() {
			if s.Check(n) != nil {
				return false
			}
		}
	}
	return true
}
