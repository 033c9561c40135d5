package engine

import (
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// Data is what an engine replays: the columns of every symbol, the timeline that
// merges them, and where corporate actions fall. It is built once and shared
// read-only by any number of engines.
type Data struct {
	cols     []column // by symbol
	steps    []step   // by Known
	hits     []hit    // of all steps, one after another
	from     int64
	expiries []expiry // soonest first
}

// expiry is when a symbol's positions are closed: a future or an option settles, or
// a share that closed at 0 is written off.
type expiry struct {
	at   int64
	sym  int32
	flow string
}

// column is one symbol's bars; the slices are the series' own.
type column struct {
	*pitwall.Series
	day     []int32 // date of each bar in the instrument's zone, as a day number
	lag     int64   // largest Known - End
	mult    pitwall.Dec
	future  bool
	option  bool
	expiry  int64           // when it settles; 0 = never
	under   *pitwall.Series // of an option
	actions []action
	first   int // first bar of the run
	end     int // first bar beyond it
}

// step is one instant of the timeline: hits[lo:hi].
type step struct {
	known  int64
	lo, hi int32
	acts   bool // a corporate action falls on one of its bars
}

// hit is a bar that a step takes.
type hit struct{ sym, bar int32 }

// action is a corporate action at the bar before which it applies.
type action struct {
	bar        int32
	split      bool
	falls      bool // the price falls by it on the ex date
	kind       string
	value, per pitwall.Dec
	pay        int64 // 0 = at once
}

// NewData gathers the series of symbols (sorted by name) between from and to
// (zero: all) with the actions that fall into the run.
func NewData(src pitwall.Source, symbols []string, from, to time.Time) (*Data, error) {
	d := &Data{from: from.UnixNano()}
	all := map[string]*pitwall.Series{}
	for _, s := range src.Series() {
		all[s.Instrument.Symbol] = s
	}
	names := append([]string(nil), symbols...)
	sort.Strings(names)
	for _, name := range names {
		if all[name] == nil {
			return nil, pitwall.Errorf(pitwall.UnknownSymbol, "there is no data for %q", name)
		}
		c := column{Series: all[name], end: all[name].Len()}
		begin, end := c.Instrument.DayStart(from).UnixNano(), c.Instrument.DayStart(to)
		c.first = sort.Search(c.Len(), func(i int) bool { return c.Start[i] >= begin && c.Known[i] > d.from })
		if !to.IsZero() {
			c.end = max(c.first, sort.Search(c.Len(), func(i int) bool { return c.Start[i] >= end.UnixNano() }))
		}
		if err := c.prepare(all); err != nil {
			return nil, err
		}
		if err := c.place(src.Actions()); err != nil {
			return nil, err
		}
		d.cols = append(d.cols, c)
	}
	for i, c := range d.cols {
		if c.expiry != 0 {
			at := c.expiry + c.lag
			if c.under != nil {
				at = max(at, c.expiry+lagOf(c.under))
			}
			d.expiries = append(d.expiries, expiry{at, int32(i), "expiry"})
		}
		if at := c.worthless(); at != 0 {
			d.expiries = append(d.expiries, expiry{at, int32(i), "written_off"})
		}
	}
	sort.SliceStable(d.expiries, func(i, j int) bool { return d.expiries[i].at < d.expiries[j].at })
	d.timeline().merge()
	return d, nil
}

// Bars returns how many bars the run has.
func (d *Data) Bars() int { return len(d.hits) }

// Steps returns how many steps the run has.
func (d *Data) Steps() int { return len(d.steps) }

// lastDay is the latest session day of a step's bars.
func (d *Data) lastDay(hits []hit) (day int32) {
	for i, h := range hits {
		if x := d.cols[h.sym].day[h.bar]; i == 0 || x > day {
			day = x
		}
	}
	return day
}

// prepare fills in what is derived from the instrument and the bars.
func (c *column) prepare(all map[string]*pitwall.Series) error {
	in := c.Instrument
	c.mult, c.future, c.option = in.Multiplier, in.Kind == pitwall.Future, in.Kind == pitwall.Option
	if c.mult == 0 {
		c.mult = pitwall.One
	}
	if !in.Expiry.IsZero() {
		_, closes, _ := in.Session(in.Day(in.Expiry))
		c.expiry = closes.UnixNano()
	}
	if c.option {
		if c.under = all[in.Underlying]; c.under == nil {
			return pitwall.Errorf(pitwall.NoCoverage, "option %s settles against %q and there are no bars of it", in.Symbol, in.Underlying).Hintf("add the underlying's bars to the data")
		}
		if c.under.Adjusted != "" && c.under.Adjusted != pitwall.Raw {
			return pitwall.Errorf(pitwall.Unsupported, "option %s settles against %s, whose prices are adjusted (%s): a strike means prices as traded", in.Symbol, in.Underlying, c.under.Adjusted).Hintf("use raw prices of the underlying")
		}
		if in.Expiry.IsZero() || in.Strike <= 0 || in.Right != pitwall.Call && in.Right != pitwall.Put {
			return pitwall.Errorf(pitwall.DataError, "option %s needs expiry, strike and right (call or put)", in.Symbol)
		}
	}
	c.lag = lagOf(c.Series)
	if c.day = days(c.Start, in.Location()); in.Hours != nil && in.Hours.Regular.Open < 0 {
		for i, start := range c.Start { // evenings belong to the next day
			c.day[i] = dayOf(in, start)
		}
	}
	return nil
}

// endsAtZero reports whether a close at 0 is the end of a symbol.
func (c *column) endsAtZero() bool { return !c.future && !c.option }

// worthless returns when the run's first close at 0 is known of a symbol that ends
// there; 0 = never.
func (c *column) worthless() int64 {
	if i := slices.Index(c.Close[c.first:c.end], 0); i >= 0 && c.endsAtZero() {
		return c.Known[c.first+i]
	}
	return 0
}

// lagOf is how late a feed's bars are known.
func lagOf(s *pitwall.Series) (lag int64) {
	for i := range s.Known {
		lag = max(lag, s.Known[i]-s.End[i])
	}
	return lag
}

// days numbers the dates of instants that rise: the zone's offset is looked up
// once for as long as it holds.
func days(starts []int64, zone *time.Location) []int32 {
	list := make([]int32, len(starts))
	var until, offset int64 // in seconds
	for i, ns := range starts {
		sec := floor(ns, 1e9)
		if i == 0 || sec >= until {
			t := time.Unix(sec, 0).In(zone)
			_, off := t.Zone()
			offset, until = int64(off), math.MaxInt64
			if _, end := t.ZoneBounds(); !end.IsZero() {
				until = end.Unix()
			}
		}
		list[i] = int32(floor(sec+offset, 86400))
	}
	return list
}

func floor(a, b int64) int64 {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
}

// dayOf numbers the trading day of an instant.
func dayOf(in pitwall.Instrument, ns int64) int32 {
	return int32(floor(in.Day(time.Unix(0, ns)).Unix(), 86400))
}

// place finds the bar of each action. What falls before the run's first bar is in
// its prices already.
func (c *column) place(all []pitwall.Action) error {
	symbol := c.Instrument.Symbol
	var mine []pitwall.Action
	for _, a := range all {
		if ex := a.Ex.UnixNano(); c.option && a.Type == "split" && a.Symbol == c.Instrument.Underlying && ex <= c.expiry && c.first < c.end && ex > c.Start[c.first] {
			return pitwall.Errorf(pitwall.Unsupported, "%s splits on %s while option %s lives: its terms would change", a.Symbol, a.Ex.Format(time.DateOnly), symbol)
		}
		if a.Symbol == symbol {
			mine = append(mine, a)
		}
	}
	sort.SliceStable(mine, func(i, j int) bool { return mine[i].Ex.Before(mine[j].Ex) })
	for k, a := range mine {
		ex := a.Ex.UnixNano()
		bar := sort.Search(c.Len(), func(i int) bool { return c.Start[i] >= ex })
		if bar == 0 || bar < c.first || bar >= c.end {
			continue
		}
		switch {
		case c.Adjusted == pitwall.TotalAdjusted:
			return pitwall.Errorf(pitwall.DataError, "%s has prices with dividends and splits in them (%s) and a %s on %s besides: it would count twice", symbol, c.File, a.Type, a.Ex.Format(time.DateOnly)).
				Hintf("use raw prices with actions, or adjusted prices without the file of actions")
		case a.Type == "split" && c.Adjusted == pitwall.SplitAdjusted:
			continue // in the prices
		case a.Type == "split" && c.future || a.Type == "split" && c.option:
			return pitwall.Errorf(pitwall.Unsupported, "%s is a %s and splits on %s", symbol, c.Instrument.Kind, a.Ex.Format(time.DateOnly))
		}
		if !known(a.Type) {
			return pitwall.Errorf(pitwall.Unsupported, "%s has a %s on %s inside the run, and that is not done here", symbol, a.Type, a.Ex.Format(time.DateOnly)).
				Hintf("done are split, dividend, special_dividend, coupon, funding and cash; end the run before that day, or leave the symbol out")
		}
		x := action{bar: int32(bar), split: a.Type == "split", falls: strings.HasSuffix(a.Type, "dividend") && !c.future, kind: a.Type, value: a.Value, per: a.Per}
		if x.per == 0 {
			x.per = pitwall.One
		}
		if !a.Pay.IsZero() && a.Pay.After(a.Ex) {
			x.pay = a.Pay.UnixNano()
		}
		if x.split && (x.value <= 0 || x.per <= 0) {
			return pitwall.Errorf(pitwall.DataError, "%s splits %v for %v on %s", symbol, x.value, x.per, a.Ex.Format(time.DateOnly))
		}
		if !x.split && c.Adjusted == pitwall.SplitAdjusted {
			if err := unscale(&x, a.Ex, mine[k+1:]); err != nil {
				return pitwall.Errorf(pitwall.DataError, "%s: %s of %v on %s: %v", symbol, a.Type, a.Value, a.Ex.Format(time.DateOnly), err)
			}
		}
		c.actions = append(c.actions, x)
	}
	return nil
}

// known reports whether an action's type is one that can be applied.
func known(kind string) bool {
	switch kind {
	case "split", "dividend", "special_dividend", "coupon", "funding", "cash":
		return true
	}
	return false
}

// unscale divides a per-unit amount by the splits after it, as the prices were.
func unscale(x *action, ex time.Time, later []pitwall.Action) error {
	var a pitwall.Calc
	for _, s := range later {
		if s.Type == "split" && s.Ex.After(ex) {
			units, per := s.Split()
			x.value = a.MulDiv(x.value, per, units)
		}
	}
	return a.Err
}
