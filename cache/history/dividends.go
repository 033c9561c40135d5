package history

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// adj_close is a close times a factor that changes at ex days: a dividend of D multiplies
// all factors before it by 1 - D/C, where C is the close before it, and a split of raw
// prices divides them by its ratio. So it shows the dividends that data lack, and holds
// their amounts.

// factorStep is a bar at which the factor changes for good; ratio is the factor there over
// that of the bar before.
type factorStep struct {
	bar   int
	ratio float64
}

// splitStep reports whether a step is as large as only a split makes it.
func (f factorStep) splitStep() bool { return f.ratio > 1.24 || f.ratio < 0.81 }

// factorSteps finds the steps of adj_close against closes. Both are rounded, some closes
// to 0.0001 and most adj_close to 6 decimals, so that the factor trembles: a step is ten
// times the usual trembling and what rounding explains, at least 0.00002, and does not
// go back on the next bar as a rounded close makes it.
func factorSteps(closes, adj []float64) (list []factorStep) {
	ratio := func(i int) float64 { // 1 = unknown
		if i < 1 || i >= len(adj) || adj[i] <= 0 || adj[i-1] <= 0 || closes[i] <= 0 || closes[i-1] <= 0 {
			return 1
		}
		return (adj[i] / closes[i]) / (adj[i-1] / closes[i-1])
	}
	var off []float64
	for i := range adj {
		off = append(off, math.Abs(ratio(i)-1))
	}
	slices.Sort(off)
	for i := range adj {
		r := ratio(i)
		size := math.Abs(r - 1)
		if size < max(2e-5, 10*off[len(off)/2], 3e-4/closes[i]+2e-6/adj[i]+1e-6) {
			continue
		}
		if math.Abs(ratio(i+1)*r-1) < size/2 || math.Abs(ratio(i-1)*r-1) < size/2 {
			continue
		}
		list = append(list, factorStep{i, r})
	}
	return list
}

func floats(list []pitwall.Dec) []float64 {
	out := make([]float64, len(list))
	for i, d := range list {
		out[i] = d.Float()
	}
	return out
}

// derive makes actions of what adj_close shows, for the series that the caller asks it
// for.
func (l *loader) derive() error {
	for _, s := range l.series {
		b := l.beside[s]
		if b == nil || !b.derive || s.Instrument.Kind != pitwall.Equity && s.Instrument.Kind != pitwall.ETF {
			continue
		}
		symbol := s.Instrument.Symbol
		bad := func(format string, args ...any) *pitwall.Error {
			return pitwall.Errorf(pitwall.DataError, "%s: dividends of %s from adj_close: %s", b.file, symbol, fmt.Sprintf(format, args...))
		}
		var splits []givenAction
		for _, a := range l.given {
			switch {
			case a.Symbol == symbol && a.Type == "split":
				splits = append(splits, a)
			case a.Symbol == symbol:
				return bad("%s gives dividends too", a.file).Hintf("leave out `dividends: adj_close`, or the %ss of %s", a.Type, a.file)
			}
		}
		switch {
		case b.adj == nil:
			return bad("the file has no column adj_close").Hintf("leave out `dividends: adj_close`")
		case s.Adjusted == pitwall.TotalAdjusted:
			return bad("its prices include dividends (adjusted: total)").Hintf("leave out `dividends: adj_close`")
		case s.Size > pitwall.OneDay:
			return bad("bars of %s do not show the close before an ex day", pitwall.SizeName(s.Size)).Hintf("use daily bars")
		}
		found, err := b.derived(s, splits)
		if err != nil {
			return bad("%v", err).Hintf("give the dividends in a file of actions: symbol,ex_date,type,value")
		}
		all := slices.Concat(splits, found)
		slices.SortStableFunc(all, byDay)
		if look := amountsLook(all); look != "" && look != s.Adjusted {
			return bad("the amounts before its split look %s, and prices are %s: adj_close was made without that split", amountsName(look), s.Adjusted).Hintf("give the dividends in a file of actions: symbol,ex_date,type,value")
		}
		l.given = append(l.given, found...)
		l.derivedFrom = append(l.derivedFrom, derivedFrom{symbol, fallsLikeSplit(all)})
	}
	return nil
}

// derived makes actions of the steps. A step of raw prices is a split where prices moved
// with it and no action gives it.
func (b *beside) derived(s *pitwall.Series, splits []givenAction) (list []givenAction, err error) {
	add := func(day time.Time, kind string, value, per float64) {
		v, _ := pitwall.FromFloat(math.Round(value*1e6) / 1e6)
		p, _ := pitwall.FromFloat(per)
		list = append(list, givenAction{pitwall.Action{Symbol: s.Instrument.Symbol, Ex: day, Type: kind, Value: v, Per: p}, s.Adjusted, "adj_close of " + b.file})
	}
	for _, step := range b.steps {
		day, before, ratio := exDay(s, step.bar), s.Close[step.bar-1].Float(), step.ratio
		split := 1.0 // as far as prices moved with it
		for _, g := range splits {
			if g.Ex.Equal(day) && s.Adjusted == pitwall.Raw {
				units, per := g.Split()
				split *= units.Float() / per.Float()
			}
		}
		if split == 1 && step.splitStep() {
			units, per := simpleRatio(ratio)
			if s.Adjusted == pitwall.Raw && units > 0 && splitMove(before, s.Open[step.bar].Float(), units/per) == moved {
				add(day, "split", units, per)
				split = units / per
			}
		}
		switch paid := before * (1 - split/ratio) / split; {
		case math.Abs(split/ratio-1) < 2e-5:
		case ratio < split:
			return nil, fmt.Errorf("it falls by %.4f %% against the close on %s, which is neither a dividend nor a split", (1-ratio/split)*100, day.Format(time.DateOnly))
		case ratio > 2*split:
			return nil, fmt.Errorf("it rises %.4g-fold against the close on %s, more than a dividend or a split that prices show", ratio/split, day.Format(time.DateOnly))
		default:
			add(day, "dividend", paid, 0)
		}
	}
	return list, nil
}

// simpleRatio returns the split that a step shows, alone or with a dividend of up to 3 %
// on its day: up to 1:100, or of small numbers such as 3:2; zeros when it is none.
func simpleRatio(ratio float64) (units, per float64) {
	for den := 1.0; den <= 4; den++ {
		for num := 1.0; num <= 100; num++ {
			if den > 1 && num > 10 || num == den {
				continue
			}
			for _, x := range [][2]float64{{num, den}, {den, num}} {
				if off := ratio / (x[0] / x[1]); off > 0.9995 && off < 1.03 {
					return x[0], x[1]
				}
			}
		}
	}
	return 0, 0
}

// derivedFrom is a symbol whose dividends were derived.
type derivedFrom struct{ symbol, falls string }

// fallsLikeSplit names the day on which steady dividends fall to a whole part of what they
// were: at a real cut, or at a split that adj_close leaves out and prices do not show.
func fallsLikeSplit(list []givenAction) string {
	var paid []givenAction
	for _, a := range list {
		if a.Type == "split" {
			return "" // amountsLook compares with it
		}
		paid = append(paid, a)
	}
	v := func(i int) float64 { return paid[i].Value.Float() }
	steady := func(i int) bool { return math.Abs(math.Log(v(i)/v(i-1))) < math.Log(1.25) }
	for i := 2; i+1 < len(paid); i++ {
		fall := v(i-1) / v(i)
		if whole := math.Round(fall); whole >= 2 && math.Abs(fall/whole-1) < 0.05 && steady(i-1) && steady(i+1) {
			return fmt.Sprintf("they fall from %v to %v on %s: if it split %.0f:1 since the one before, adj_close leaves that out, and what was paid earlier is overstated", paid[i-1].Value, paid[i].Value, paid[i].Ex.Format(time.DateOnly), whole)
		}
	}
	return ""
}

// DividendWarnings says which dividends of (from, until] the returns of some symbols lack
// or have from adj_close.
func (s *Store) DividendWarnings(symbols []string, from, until time.Time) (list []pitwall.Warning) {
	inside := func(day time.Time) bool { return day.After(from) && !day.After(until) }
	var shown, unknown []string
	count := 0
	for _, x := range s.series {
		symbol, b := x.Instrument.Symbol, s.beside[x]
		if !slices.Contains(symbols, symbol) || x.Instrument.Kind != pitwall.Equity && x.Instrument.Kind != pitwall.ETF {
			continue
		}
		if b != nil && slices.ContainsFunc(b.unused, inside) {
			list = append(list, pitwall.Warning{Code: pitwall.UnusedColumn, Text: b.why})
			continue
		}
		lacking := s.lacking(x, inside)
		switch {
		case x.Adjusted == pitwall.TotalAdjusted, b != nil && b.madeUp != "":
		case lacking > 0:
			shown, count = append(shown, symbol), count+lacking
		case !s.dividendsKnown(x) && yearsOf(x, from, until) > 1:
			unknown = append(unknown, symbol)
		}
	}
	const without = "price return; dividends are not in this data: "
	if len(shown) > 0 {
		list = append(list, pitwall.Warning{Code: pitwall.NoDividends, Text: without + fmt.Sprintf("adj_close of %s shows %d of them; `dividends: adj_close` beside the file's path in the strategy adds them", named(shown), count)})
	}
	if len(unknown) > 0 {
		list = append(list, pitwall.Warning{Code: pitwall.NoDividends, Text: without + fmt.Sprintf("it has neither actions nor adj_close of %s", named(unknown))})
	}
	for _, d := range s.doubted {
		if slices.Contains(symbols, d.symbol) && !d.first.After(until) {
			list = append(list, pitwall.Warning{Code: pitwall.Dividends, Text: d.text})
		}
	}
	for _, d := range s.derivedFrom {
		n := 0
		for _, a := range s.actions {
			if a.Symbol == d.symbol && a.Type == "dividend" && inside(a.Ex) {
				n++
			}
		}
		if slices.Contains(symbols, d.symbol) && n > 0 {
			text := fmt.Sprintf("%d dividends of %s are derived from adj_close", n, d.symbol)
			if n == 1 {
				text = fmt.Sprintf("a dividend of %s is derived from adj_close", d.symbol)
			}
			if d.falls != "" {
				text += "; " + d.falls
			}
			list = append(list, pitwall.Warning{Code: pitwall.Dividends, Text: text})
		}
	}
	return list
}

// named joins symbols, the first four of many.
func named(list []string) string {
	if n := len(list); n > 5 {
		return strings.Join(list[:4], ", ") + fmt.Sprintf(" and %d more", n-4)
	}
	return strings.Join(list, ", ")
}

// lacking counts the dividends that adj_close shows and no action within four days pays.
func (s *Store) lacking(x *pitwall.Series, inside func(time.Time) bool) (n int) {
	if s.beside[x] == nil {
		return 0
	}
	for _, step := range s.beside[x].steps {
		day := exDay(x, step.bar)
		if step.ratio > 1 && !step.splitStep() && inside(day) && !slices.ContainsFunc(s.actions, func(a pitwall.Action) bool {
			return a.Symbol == x.Instrument.Symbol && a.Ex.Sub(day).Abs() <= 4*24*time.Hour
		}) {
			n++
		}
	}
	return n
}

// dividendsKnown reports whether a symbol without a dividend paid none: actions, a column
// or adj_close would show it.
func (s *Store) dividendsKnown(x *pitwall.Series) bool {
	b := s.beside[x]
	return slices.ContainsFunc(s.gives, func(kind string) bool { return kind != "split" }) || b != nil && (b.cash || b.fetched || b.adj != nil)
}

// yearsOf returns how long a series lasts between two times.
func yearsOf(x *pitwall.Series, from, until time.Time) float64 {
	lo, hi := x.KnownAt(from.UnixNano()), x.KnownAt(until.UnixNano())
	if lo == hi {
		return 0
	}
	return float64(x.Start[hi-1]-x.Start[lo]) / float64(365*24*time.Hour)
}
