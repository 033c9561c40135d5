package history

import (
	"cmp"
	"fmt"
	"regexp"
	"time"

	"pitwall"
	"pitwall/cache/calendar"
)

// pair is the name of a crypto pair: with a stablecoin, with a separator, or of a coin
// that no exchange lists as a share.
var pair = regexp.MustCompile(`^[A-Z0-9]{2,10}([-/]?(USDT|USDC)|[-/](USD|EUR|BTC|ETH))$|^(` +
	`AAVE|ADA|ALGO|APT|ARB|ATOM|AVAX|BCH|BNB|BONK|BTC|CRV|DOGE|DOT|EOS|ETC|ETH|FIL|FLOKI|HBAR|ICP|INJ|LINK|LTC|` +
	`MATIC|NEAR|PEPE|POL|SHIB|SOL|SUI|TRX|UNI|VET|WIF|XBT|XLM|XMR|XRP|XTZ|ZEC` + `)(USD|EUR)$`)

// pairLike is a name that may be a pair: six or more characters that end in USD.
var pairLike = regexp.MustCompile(`^[A-Z0-9]{3,10}USD$`)

// instrument returns what instruments.csv says, or the defaults: an equity in whole
// units, of the exchange that its suffix names or of New York, unless the name is that
// of an index, a future or a pair.
func (l *loader) instrument(symbol string) pitwall.Instrument {
	if i, ok := l.instruments[symbol]; ok {
		return i
	}
	if in, says, ok := byName(symbol); ok {
		if !l.named[symbol] {
			l.named[symbol] = true
			l.warn("%s is read as %s; a row in instruments.csv overrides that", symbol, says)
		}
		return in
	}
	if pair.MatchString(symbol) {
		return pitwall.Instrument{Symbol: symbol, Kind: pitwall.Crypto, Currency: "USD", Calendar: pitwall.AlwaysOpen, Lot: 1, Zone: time.UTC}
	}
	in := pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One}
	c := calendar.OfSymbol(symbol)
	if c == nil {
		c = calendar.NewYork()
	} else if !l.named[symbol] {
		l.named[symbol] = true
		l.warn("%s is taken to trade in the sessions of %s (%s), for its name; instruments.csv says otherwise with a column calendar", symbol, c.Name, c.Zone)
	}
	in.Calendar, in.Hours, in.Zone = c.Name, c, c.Zone
	return in
}

// readInstruments reads instruments.csv.
func (l *loader) readInstruments(t *table) error {
	for i := range t.rows {
		get := func(name string) string { return t.get(i, name) }
		in := pitwall.Instrument{Symbol: get("symbol"), Kind: pitwall.Kind(get("kind")), Currency: get("currency"), Exchange: get("exchange"),
			Sector: get("sector"), Right: pitwall.Right(get("right")), Underlying: get("underlying"), Lot: pitwall.One}
		switch in.Kind {
		case pitwall.Equity, pitwall.ETF, pitwall.Index, pitwall.Future, pitwall.Option, pitwall.FX:
		case pitwall.Crypto:
			in.Lot = 1
		default:
			return t.bad(i, "kind", fmt.Errorf("%q is not supported; use equity, etf, index, crypto, fx, future or option", in.Kind))
		}
		if err := hoursOf(&in, get("calendar")); err != nil {
			return t.bad(i, "calendar", err)
		}
		if in.Currency != "" && in.Currency != "USD" {
			return t.bad(i, "currency", fmt.Errorf("%s is in %s; one currency per world, USD, for now: conversion rates are missing", in.Symbol, in.Currency))
		}
		in.Currency = "USD"
		power := 0
		if text := get("scale"); text != "" {
			var err error
			if power, err = parseScale(text); err != nil {
				return t.bad(i, "scale", err)
			}
			l.scales[in.Symbol] = power
		}
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
		if err := setScale(&in, power); err != nil {
			return t.bad(i, "scale", err)
		}
		l.instruments[in.Symbol] = in
	}
	return nil
}

// byKind are the calendars of kinds that trade in hours of their own.
var byKind = map[pitwall.Kind]string{pitwall.FX: "FX"}

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
		if c, err = calendar.Named(cmp.Or(in.Exchange, byKind[in.Kind])); err != nil {
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
