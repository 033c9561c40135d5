package history

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// series looks at one symbol of one file by itself.
func (c *checker) series(s *checkedBars) {
	if len(s.bars) == 0 {
		return
	}
	if kind, ok := c.kinds[s.symbol]; ok {
		s.series.Instrument.Kind = kind
	}
	c.impossible(s)
	c.volumes(s)
	c.flats(s)
	if s.size < 24*time.Hour && s.size > 0 {
		c.sessions(s)
	}
	c.missingDays(s)
	cents, adjusted := 0, false
	example := ""
	for _, b := range s.bars {
		if b.decimals && b.c >= 1 {
			if cents++; example == "" {
				example = fmt.Sprintf("%s close %v", b.text, b.c)
			}
		}
		adjusted = adjusted || b.adj > 0
	}
	if s.stock() && s.size >= 24*time.Hour && cents > 0 {
		c.sayN(s.file, s.symbol, "off the cent", cents, example, "stock closes off the cent are computed, not traded: rebuilt (off by 0.0001 or so) or adjusted prices")
	}
	if adjusted {
		c.sayN(s.file, s.symbol, "adj_close of one vintage", len(s.bars), "up to "+s.bars[len(s.bars)-1].text, "adj_close holds the dividends known on the day it was made and none later; Load reads it only to see splits, never as a price")
	}
}

// stock reports whether a symbol trades in a stock exchange's hours and cents.
func (s *checkedBars) stock() bool {
	kind := s.series.Instrument.Kind
	return kind == pitwall.Equity || kind == pitwall.ETF
}

// impossible reports bars that Load rejects.
func (c *checker) impossible(s *checkedBars) {
	for i, b := range s.bars {
		err := s.series.CheckPrices(i)
		switch {
		case err != nil:
			c.say(s.file, s.symbol, "impossible bar", fmt.Sprintf("%s %v %v %v %v (%v)", b.text, b.o, b.h, b.l, b.c, err), "fix or delete it: the backtest will reject this file")
		case b.l < 0 || b.l == 0 && s.bars[len(s.bars)-1].c == 0 && s.series.Instrument.Kind != pitwall.Option:
			c.say(s.file, s.symbol, "prices of 0 or below", fmt.Sprintf("%s %v %v %v %v", b.text, b.o, b.h, b.l, b.c), "a future or an index may fall below 0; what is held of a share that closes at 0 is written off")
		case i > 0 && b.t.Equal(s.bars[i-1].t) && b.sameFigures(s.bars[i-1]):
			c.say(s.file, s.symbol, "row twice", b.text, "alike in every figure: it is taken once")
		case i > 0 && b.t.Equal(s.bars[i-1].t):
			c.say(s.file, s.symbol, "duplicate", b.text, "delete one row: the backtest will reject this file")
		case i > 0 && b.t.Before(s.bars[i-1].t):
			c.say(s.file, s.symbol, "out of order", b.text+" after "+s.bars[i-1].text, "sort by time: the backtest will reject this file")
		}
		if b.l > 0 && b.h/b.l > 1.8 {
			c.say(s.file, s.symbol, "range like a split", fmt.Sprintf("%s low %v high %v", b.text, b.l, b.h), "the bar mixes prices from before and after a split, or holds a bad tick: an order could fill at either")
		}
		if i > 0 && s.bars[i-1].c > 0 && b.o > 0 {
			if name := splitLike(s.bars[i-1].c/b.o, 0.08); name != "" && !c.actionNear(s.symbol, "split", b.t, 3) {
				c.say(s.file, s.symbol, "jump like a missing split", fmt.Sprintf("%s looks like %s (%v to %v)", b.text, name, s.bars[i-1].c, b.o), "add the split to an actions file, or fix the price")
			}
		}
		if day := b.t.Weekday(); s.stock() && s.size < pitwall.OneWeek && (day == time.Saturday || day == time.Sunday) {
			c.say(s.file, s.symbol, "weekend bar", b.text, "stocks do not trade then: remove it, or say kind crypto in instruments.csv")
		}
	}
}

// sameFigures reports whether two bars are alike in every figure.
func (b checkedBar) sameFigures(o checkedBar) bool {
	return b.o == o.o && b.h == o.h && b.l == o.l && b.c == o.c && b.volume == o.volume
}

// actionNear reports whether an action of a symbol is given within some days; an
// empty kind is any.
func (c *checker) actionNear(symbol, kind string, t time.Time, days int) bool {
	return slices.ContainsFunc(c.actions, func(x checkedAction) bool {
		return x.symbol == symbol && (kind == "" || x.kind == kind) && x.day.Sub(calendarDay(t)).Abs() <= time.Duration(days)*24*time.Hour
	})
}

// volumes looks at what cannot be a count of units.
func (c *checker) volumes(s *checkedBars) {
	zero, none, whole, money := 0, 0, 0, 0
	first := ""
	for _, b := range s.bars {
		switch {
		case b.volume == pitwall.NoVolume:
			none++
		case b.volume == 0:
			if zero++; first == "" {
				first = b.text
			}
		case b.volume == math.Trunc(b.volume):
			whole++
			if b.volume > 21e6 && b.c > 1000 {
				money++
			}
		}
	}
	last := s.bars[len(s.bars)-1]
	n := len(s.bars)
	switch {
	case s.series.Instrument.Kind == pitwall.FX && none == n: // it has none anywhere
		return
	case zero == n || none == n:
		c.sayN(s.file, s.symbol, "no volume", n, "", "nothing can fill against volume 0; say kind index in instruments.csv if it is only watched")
		return
	case zero > 0:
		c.sayN(s.file, s.symbol, "volume 0", zero, first, "nothing fills or triggers in such bars")
	}
	if n > 1 && last.volume == 0 && s.bars[n-2].volume > 0 {
		c.say(s.file, s.symbol, "last bar still forming", last.text, "remove it: its prices were not final")
	}
	if s.crypto && whole > 20 && whole+zero == n {
		text := "volume is rounded to whole coins: caps on volume are coarse"
		if money > n/2 {
			text = "volume is money, not coins: caps on volume mean nothing"
		}
		c.sayN(s.file, s.symbol, "whole crypto volume", whole, s.bars[0].text+" "+s.bars[0].cells, text)
	}
}

// flats names runs of bars without a range and without volume.
func (c *checker) flats(s *checkedBars) {
	flat := func(b checkedBar) bool { return b.o == b.h && b.h == b.l && b.l == b.c && b.volume <= 0 }
	for i := 0; i < len(s.bars); {
		j := i
		for j < len(s.bars) && flat(s.bars[j]) {
			j++
		}
		if j-i >= 5 {
			c.sayN(s.file, s.symbol, "flat run", j-i, s.bars[i].text+" .. "+s.bars[j-1].text, "only closes are known there: leave these days out or use another file")
		}
		i = max(j, i+1)
	}
}

// missingDays names days that a series lacks and others of its file, size and
// calendar have; crypto trades every day.
func (c *checker) missingDays(s *checkedBars) {
	if len(s.byDay) == 0 && s.size >= pitwall.OneDay || s.size > pitwall.OneDay {
		return // bars of weeks
	}
	first, last := calendarDay(s.bars[0].t), calendarDay(s.bars[len(s.bars)-1].t)
	known := map[string]bool{}
	switch daily := len(s.byDay) > 0; {
	case daily && s.crypto:
		for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
			known[d.Format(time.DateOnly)] = true
		}
	case daily:
		c.holidays(s, first, last)
		fallthrough
	default:
		for _, o := range c.bars {
			if o.file == s.file && o.crypto == s.crypto && o.size == s.size {
				maps.Copy(known, o.days)
			}
		}
	}
	for _, d := range slices.Sorted(maps.Keys(known)) {
		if !s.days[d] && d > first.Format(time.DateOnly) && d < last.Format(time.DateOnly) {
			c.say(s.file, s.symbol, "missing day", d, "others have this day: fetch the symbol again, or expect no bar then")
		}
	}
}

// holidays names stretches of more than four weekdays without a bar, which no
// holiday explains, where the file has no other symbol to compare with.
func (c *checker) holidays(s *checkedBars, first, last time.Time) {
	run, since := 0, ""
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		if _, ok := s.byDay[d.Format(time.DateOnly)]; ok {
			if run > 4 {
				c.sayN(s.file, s.symbol, "missing days", run, since+" .. "+d.Format(time.DateOnly), "fetch these days again")
			}
			run = 0
			continue
		}
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			if run++; run == 1 {
				since = d.Format(time.DateOnly)
			}
		}
	}
}

// Session hours of US stocks, from midnight.
const sessionOpen, sessionClose = 9*time.Hour + 30*time.Minute, 16 * time.Hour

// sessions looks at intraday bars day by day.
func (c *checker) sessions(s *checkedBars) {
	starts := map[time.Duration]int{}
	days, extended := 0, 0
	var missing []string
	for i := 0; i < len(s.bars); {
		day := calendarDay(s.bars[i].t)
		j := i
		regular := time.Duration(-1)
		var before time.Time
		for ; j < len(s.bars) && calendarDay(s.bars[j].t).Equal(day); j++ {
			t := s.bars[j].t
			since := clockOf(t)
			if s.stock() && (since+s.size <= sessionOpen || since >= sessionClose) {
				extended++
				continue
			}
			if regular < 0 {
				regular = since
			}
			for gap := before; !gap.IsZero() && gap.Add(s.size).Before(t); {
				gap = gap.Add(s.size)
				missing = append(missing, gap.Format(time.RFC3339))
			}
			before = t
		}
		if days++; regular >= 0 {
			starts[regular]++
		}
		i = j
	}
	if len(missing) > 0 {
		c.sayN(s.file, s.symbol, "missing bars in a session", len(missing), strings.Join(missing[:min(3, len(missing))], ", "), "bars without trades may be left out; if not, fetch these days again")
	}
	if extended > 0 {
		c.sayN(s.file, s.symbol, "extended hours", extended, s.bars[0].text, "bars before 09:30 or from 16:00 on are turns and fills too: leave them out if the strategy trades the session only")
	}
	at, most := usual(starts)
	switch {
	case !s.stock() || most == 0:
	case at > sessionOpen:
		c.sayN(s.file, s.symbol, "session starts late", most, fmt.Sprintf("%s on %d of %d days", at, most, days), "the bars from 09:30 on are not there: the first bar's open is not the session's")
	case at < sessionOpen:
		c.sayN(s.file, s.symbol, "bar spans the open", most, fmt.Sprintf("starts at %s on %d of %d days", at, most, days), "the first bar holds trades from 09:30 on only; its start is too early")
	}
}

// clockOf is the time of day.
func clockOf(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}
