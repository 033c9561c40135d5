// Package calendar holds the trading hours of exchanges: usual hours, breaks,
// holidays and early closes from 2000 to 2027, as facts in hours.txt.
//
//	c, err := calendar.Named("XNYS")      // also NYSE, NASDAQ
//	instrument.Calendar, instrument.Hours = c.Name, c
//
// # To add an exchange
//
// Add its block to hours.txt and, for other names of it, a row to names. The test
// compares every day with the data that the facts came from, where they are at hand.
//
// # Why not
//
// Why not a library: none with holidays, early closes and breaks of these exchanges
// could be resolved for Go.
package calendar

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pitwall"
)

//go:embed hours.txt
var text string

// names are other names of exchanges.
var names = map[string]string{
	"NYSE": "XNYS", "NASDAQ": "XNYS", "XNAS": "XNYS", "AMEX": "XNYS", "ARCX": "XNYS", "BATS": "XNYS",
	"LSE": "XLON", "TSE": "XTKS", "JPX": "XTKS", "HKEX": "XHKG", "XETRA": "XETR", "TSX": "XTSE", "ASX": "XASX", "SIX": "XSWX",
	"BSE": "XBOM", "NSE": "XBOM", "XNSE": "XBOM", "SSE": "XSHG", "SZSE": "XSHG", "XSHE": "XSHG", "KRX": "XKRX", "B3": "BVMF", "CME": "CMES",
}

// suffixes are the exchanges of symbols as Yahoo and others write them: VOD.L.
var suffixes = map[string]string{
	"L": "XLON", "T": "XTKS", "HK": "XHKG", "DE": "XETR", "PA": "XPAR", "TO": "XTSE", "AX": "XASX", "SW": "XSWX", "AS": "XAMS", "MI": "XMIL",
	"BO": "XBOM", "NS": "XBOM", "SS": "XSHG", "SZ": "XSHG", "KS": "XKRX", "SA": "BVMF",
}

// read parses hours.txt once.
var read = sync.OnceValue(func() map[string]*pitwall.Calendar {
	all, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("the calendars in the binary are broken: %v", err))
	}
	return all
})

// NewYork returns the calendar of the US exchanges.
func NewYork() *pitwall.Calendar { return read()["XNYS"] }

// Named returns an exchange's calendar by its MIC or another usual name.
func Named(name string) (*pitwall.Calendar, error) {
	all, mic := read(), strings.ToUpper(name)
	if known, ok := names[mic]; ok {
		mic = known
	}
	if c, ok := all[mic]; ok {
		return c, nil
	}
	return nil, pitwall.Errorf(pitwall.InvalidInput, "there is no calendar %q", name).Hintf("use 24/7 or one of %s", strings.Join(slices.Sorted(maps.Keys(all)), ", "))
}

// shanghai are the codes of Shanghai's shares: 600519, 688001.
var shanghai = regexp.MustCompile(`^6[08]\d{4}$`)

// OfSymbol returns the calendar of the exchange that a symbol's form names (VOD.L,
// 600519), or nil.
func OfSymbol(symbol string) *pitwall.Calendar {
	if shanghai.MatchString(symbol) {
		return read()["XSHG"]
	}
	if at := strings.LastIndexByte(symbol, '.'); at > 0 {
		return read()[suffixes[symbol[at+1:]]]
	}
	return nil
}

func parse(text string) (map[string]*pitwall.Calendar, error) {
	all := map[string]*pitwall.Calendar{}
	var c *pitwall.Calendar
	for n, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		year, err := strconv.Atoi(f[0])
		if err == nil {
			err = addYear(c, year, f[1:])
		} else {
			c = &pitwall.Calendar{Name: f[0], Years: map[int]pitwall.Hours{}, Days: map[int]pitwall.Hours{}}
			if c.Zone, err = pitwall.LoadZone(f[1]); err == nil {
				c.Regular, err = parseHours(f[3])
			}
			all[c.Name] = c
		}
		if err != nil {
			return nil, fmt.Errorf("hours.txt:%d: %w", n+1, err)
		}
	}
	return all, nil
}

// addYear reads what differs in a year: `closed 0117 0221`, `09:30-13:00 0703` or
// `year 10:00-17:00`.
func addYear(c *pitwall.Calendar, year int, f []string) (err error) {
	var h pitwall.Hours
	if f[0] == "year" {
		c.Years[year], err = parseHours(f[1])
		return err
	}
	if f[0] != "closed" {
		if h, err = parseHours(f[0]); err != nil {
			return err
		}
	}
	for _, day := range f[1:] {
		md, err := strconv.Atoi(day)
		if err != nil {
			return err
		}
		c.Days[year*10000+md] = h
	}
	return nil
}

// parseHours reads `09:30-16:00`, with a break `09:00-11:30,12:30-15:30`, and with an
// opening on the evening before `-17:00-17:00`.
func parseHours(s string) (h pitwall.Hours, err error) {
	rest, evening := strings.CutPrefix(s, "-")
	first, second, split := strings.Cut(rest, ",")
	to := []*time.Duration{&h.Open, &h.Close}
	parts := strings.Split(first, "-")
	if split {
		to = []*time.Duration{&h.Open, &h.BreakStart, &h.BreakEnd, &h.Close}
		parts = append(parts, strings.Split(second, "-")...)
	}
	if len(parts) != len(to) {
		return h, fmt.Errorf("hours %q", s)
	}
	for i, p := range parts {
		var at time.Time
		if at, err = time.Parse("15:04", p); err != nil {
			return h, err
		}
		*to[i] = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if evening {
		h.Open -= 24 * time.Hour
	}
	return h, nil
}
