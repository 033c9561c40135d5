package history

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"pitwall"
	"pitwall/cache/calendar"
)

// raw is one symbol's rows of one file before the bar size is known.
type raw struct {
	series *pitwall.Series
	starts []time.Time
	dates  bool
	rows   []int
	factor float64 // last adj_close / close
}

// readBars turns a table into series.
func (l *loader) readBars(t *table, adj pitwall.Adjustment) error {
	at, err := t.need("symbol", "timestamp", "open", "high", "low", "close", "volume")
	if err != nil {
		return err
	}
	adjClose, hasAdj := t.col["adj_close"]
	groups := map[string]*raw{}
	var order []string
	for i, row := range t.rows {
		symbol := row[at[0]]
		if symbol == "" {
			return t.bad(i, "symbol", fmt.Errorf("is empty"))
		}
		g, ok := groups[symbol]
		if !ok {
			g = &raw{}
			groups[symbol] = g
			order = append(order, symbol)
			if l.want(symbol) {
				g.series = &pitwall.Series{Instrument: l.instrument(symbol), Adjusted: adj, File: t.name}
			}
		}
		if g.series == nil {
			continue
		}
		if err := l.readBar(t, g, i, at); err != nil {
			return err
		}
		if hasAdj {
			l.jump(g, row[adjClose])
		}
	}
	for _, symbol := range order {
		g := groups[symbol]
		l.held[symbol] = true
		if g.series == nil {
			continue
		}
		if err := l.place(t, g); err != nil {
			return err
		}
		if l.opts.Size == 0 || g.series.Size == l.opts.Size {
			l.found = append(l.found, g.series)
		}
	}
	return nil
}

// readBar reads one row's figures; times are placed later.
func (l *loader) readBar(t *table, g *raw, i int, at []int) error {
	row, s := t.rows[i], g.series
	when, err := parseStamp(row[at[1]], s.Instrument.Location())
	if err != nil {
		return t.bad(i, "timestamp", err)
	}
	if len(g.starts) == 0 {
		g.dates = when.date
	} else if g.dates != when.date {
		return t.bad(i, "timestamp", fmt.Errorf("%s mixes dates and times for %s", t.name, s.Instrument.Symbol))
	}
	if when.t.Nanosecond() != 0 {
		return t.bad(i, "timestamp", fmt.Errorf("%q has a fraction of a second: is it a bar's end? give the bar's start in whole seconds", row[at[1]]))
	}
	var price [4]pitwall.Dec
	for k, name := range [...]string{"open", "high", "low", "close"} {
		if price[k], err = t.dec(row[at[2+k]]); err != nil {
			return t.bad(i, name, err)
		}
	}
	volume := pitwall.NoVolume
	if text := row[at[6]]; text != "" {
		if volume, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(volume) || math.IsInf(volume, 0) || volume < 0 {
			return t.bad(i, "volume", fmt.Errorf("%q is not a number >= 0", text))
		}
	}
	g.starts, g.rows = append(g.starts, when.t), append(g.rows, i)
	s.Open, s.High, s.Low, s.Close = append(s.Open, price[0]), append(s.High, price[1]), append(s.Low, price[2]), append(s.Close, price[3])
	s.Volume = append(s.Volume, volume)
	return nil
}

// place gives every bar its Start, End and Known, and checks it.
func (l *loader) place(t *table, g *raw) error {
	s := g.series
	if err := g.midnights(s.Instrument); err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s: %v", t.name, s.Instrument.Symbol, err)
	}
	size, err := g.size(l.opts.Size)
	if err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s: %s: %v", t.name, s.Instrument.Symbol, err)
	}
	s.Size = size
	l.weekend(g)
	for k, start := range g.starts {
		end := start.Add(size)
		if g.dates {
			start, end, _ = s.Instrument.Session(start)
		}
		s.Start, s.End, s.Known = append(s.Start, start.UnixNano()), append(s.End, end.UnixNano()), append(s.Known, end.UnixNano())
		if err := s.Check(k); err != nil {
			return t.bad(g.rows[k], s.Instrument.Symbol, err)
		}
	}
	return nil
}

// weekend warns of a stock that trades on a Saturday or Sunday, once such a bar is
// known: it may be crypto, whose day ends hours after a session's close.
func (l *loader) weekend(g *raw) {
	in := g.series.Instrument
	if !g.dates || in.Calendar == pitwall.AlwaysOpen {
		return
	}
	i := slices.IndexFunc(g.starts, func(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday })
	if i < 0 {
		return
	}
	_, end, _ := in.Session(g.starts[i])
	l.dated = append(l.dated, datedWarning{in.Symbol, pitwall.Warning{Known: end, Text: fmt.Sprintf(
		"%s has a bar on a %s (%s) and is taken to trade in the sessions of %s; if it trades all week, its bars would be known later: say so in instruments.csv (kind crypto)",
		in.Symbol, g.starts[i].Weekday(), g.starts[i].Format(time.DateOnly), in.Calendar)}})
}

// midnights takes times that are all midnights as the dates that they stand for:
// so tools write dates into Parquet. Daily bars at other times are refused, since
// when their day ends cannot be told.
func (g *raw) midnights(in pitwall.Instrument) error {
	if g.dates || len(g.starts) == 0 {
		return nil
	}
	local, utc := true, true
	for _, s := range g.starts {
		u := s.UTC()
		local = local && s.Hour() == 0 && s.Minute() == 0 && s.Second() == 0
		utc = utc && u.Hour() == 0 && u.Minute() == 0 && u.Second() == 0
	}
	const almostADay = 23 * time.Hour // clocks change
	apart := func(i int) bool { return len(g.starts) > i && g.starts[i].Sub(g.starts[i-1]) >= almostADay }
	switch {
	case len(g.starts) > 1 && !apart(1):
		return nil // intraday bars, some of which begin at midnight
	case !local && !utc && apart(1) && apart(2):
		return fmt.Errorf("bars a day or more apart carry times such as %s; give dates", g.starts[0].Format(time.RFC3339))
	case !local && !utc:
		return nil
	}
	for i, s := range g.starts {
		if !local {
			s = s.UTC()
		}
		y, m, d := s.Date()
		g.starts[i] = time.Date(y, m, d, 0, 0, 0, 0, in.Location())
	}
	g.dates = true
	return nil
}

// size is the usual distance between bars; dates are daily bars.
func (g *raw) size(stated time.Duration) (time.Duration, error) {
	counts := map[time.Duration]int{}
	for i := 1; i < len(g.starts); i++ {
		if d := g.starts[i].Sub(g.starts[i-1]); d > 0 {
			counts[d.Round(time.Second)]++
		}
	}
	step, most := usual(counts)
	switch {
	case g.dates && step > 36*time.Hour && (most > 1 || step > 4*24*time.Hour):
		return 0, fmt.Errorf("dates are usually %v days apart, so these are not daily bars and when they were known cannot be told; give times with an offset instead", int(step.Hours()/24+0.5))
	case g.dates:
		return 24 * time.Hour, g.mixed(24*time.Hour, 3)
	case step == 0 && stated > 0:
		return stated, nil
	case step == 0:
		return 0, fmt.Errorf("one bar alone does not show its size; give bar_size")
	}
	return step, g.mixed(step, 6)
}

// mixed refuses bars of which a stretch is regularly much farther apart than the
// rest: they are larger, and would be taken as known long before they ended.
func (g *raw) mixed(size time.Duration, stretch int) error {
	same := 0
	for i := 2; i < len(g.starts); i++ {
		d := g.starts[i].Sub(g.starts[i-1])
		if d != g.starts[i-1].Sub(g.starts[i-2]) || d < 4*size {
			same = 0
			continue
		}
		if same++; same >= stretch {
			return fmt.Errorf("bars are usually %s apart, and about %s regularly %s: bars of two sizes in one file; put them into two", pitwall.SizeName(size), g.starts[i].Format(time.DateOnly), pitwall.SizeName(d))
		}
	}
	return nil
}

var pair = regexp.MustCompile(`^[A-Z0-9]{2,10}([-/]?(USDT|USDC)|[-/](USD|EUR|BTC|ETH))$|^(BTC|XBT|ETH|SOL|XRP|DOGE|ADA|LTC|BNB)(USD|EUR)$`)

// instrument returns what instruments.csv says, or the defaults: an equity in whole
// units, of the exchange that its suffix names or of New York, or crypto when the
// name is a pair.
func (l *loader) instrument(symbol string) pitwall.Instrument {
	if i, ok := l.instruments[symbol]; ok {
		return i
	}
	if pair.MatchString(symbol) {
		return pitwall.Instrument{Symbol: symbol, Kind: pitwall.Crypto, Currency: "USD", Calendar: pitwall.AlwaysOpen, Lot: 1, Zone: time.UTC}
	}
	in := pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One}
	c := calendar.OfSymbol(symbol)
	if c == nil {
		c = calendar.NewYork()
	} else if !l.abroad[symbol] {
		l.abroad[symbol] = true
		l.warn("%s is taken to trade in the sessions of %s (%s), for its name; instruments.csv says otherwise with a column calendar", symbol, c.Name, c.Zone)
	}
	in.Calendar, in.Hours, in.Zone = c.Name, c, c.Zone
	return in
}

// want reports whether a symbol is to be loaded.
func (l *loader) want(symbol string) bool { return len(l.wanted) == 0 || l.wanted[symbol] }

// seen lists every symbol in the files, wanted or not, at most 40.
func (l *loader) seen() []string {
	names := slices.Sorted(maps.Keys(l.held))
	if len(names) > 40 {
		names = append(names[:40], fmt.Sprintf("and %d more", len(l.held)-40))
	}
	return names
}

// readInstruments reads instruments.csv.
func (l *loader) readInstruments(t *table) error {
	for i := range t.rows {
		get := func(name string) string { return t.get(i, name) }
		in := pitwall.Instrument{Symbol: get("symbol"), Kind: pitwall.Kind(get("kind")), Currency: get("currency"), Exchange: get("exchange"),
			Sector: get("sector"), Right: pitwall.Right(get("right")), Underlying: get("underlying"), Lot: pitwall.One}
		switch in.Kind {
		case pitwall.Equity, pitwall.ETF, pitwall.Index, pitwall.Future, pitwall.Option:
		case pitwall.Crypto:
			in.Lot = 1
		default:
			return t.bad(i, "kind", fmt.Errorf("%q is not supported; use equity, etf, index, crypto, future or option", in.Kind))
		}
		if err := hoursOf(&in, get("calendar")); err != nil {
			return t.bad(i, "calendar", err)
		}
		if in.Currency != "" && in.Currency != "USD" {
			return t.bad(i, "currency", fmt.Errorf("%s is in %s; one currency per world, USD, for now: conversion rates are missing", in.Symbol, in.Currency))
		}
		in.Currency = "USD"
		for _, f := range []struct {
			name string
			to   *pitwall.Dec
		}{{"tick", &in.Tick}, {"lot", &in.Lot}, {"multiplier", &in.Multiplier}, {"strike", &in.Strike}} {
			if text := get(f.name); text != "" {
				d, err := t.dec(text)
				if err != nil || d <= 0 {
					return t.bad(i, f.name, fmt.Errorf("%q is not a number > 0", text))
				}
				*f.to = d
			}
		}
		if text := get("expiry"); text != "" {
			day, err := parseStamp(text, in.Zone)
			if err != nil || !day.date {
				return t.bad(i, "expiry", fmt.Errorf("%q is not a date like 2020-01-31", text))
			}
			in.Expiry = day.t
		}
		if err := derivative(in); err != nil {
			return t.bad(i, "kind", err)
		}
		l.instruments[in.Symbol] = in
	}
	return nil
}

// hoursOf gives an instrument of instruments.csv the calendar that its row names, or
// that of its exchange, its symbol or, last, of New York.
func hoursOf(in *pitwall.Instrument, named string) error {
	if named == pitwall.AlwaysOpen || in.Kind == pitwall.Crypto && named == "" {
		in.Calendar, in.Zone = pitwall.AlwaysOpen, time.UTC
		return nil
	}
	c, err := calendar.Named(named)
	switch {
	case named != "" && err != nil:
		return err
	case named == "":
		if c, err = calendar.Named(in.Exchange); err != nil {
			c = cmp.Or(calendar.OfSymbol(in.Symbol), calendar.NewYork())
		}
	}
	in.Calendar, in.Hours, in.Zone = c.Name, c, c.Zone
	return nil
}

// derivative checks what only futures and options have.
func derivative(in pitwall.Instrument) error {
	option := in.Kind == pitwall.Option
	switch {
	case option && (in.Expiry.IsZero() || in.Strike == 0 || in.Underlying == "" || in.Right != pitwall.Call && in.Right != pitwall.Put):
		return fmt.Errorf("option %s needs expiry, strike, right (call or put) and underlying", in.Symbol)
	case !option && (in.Strike != 0 || in.Right != ""):
		return fmt.Errorf("%s is a %s and has a strike or a right", in.Symbol, in.Kind)
	case !option && in.Kind != pitwall.Future && !in.Expiry.IsZero():
		return fmt.Errorf("%s is a %s and expires", in.Symbol, in.Kind)
	}
	return nil
}
