package history

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"pitwall"
)

// This file compares splits with prices: a split that no action gives, one that prices
// contradict, and one of prices that are adjusted already value positions wrongly.

// How prices move at a split.
const (
	moved    = "moved"    // as it makes them
	still    = "still"    // not at all: they are adjusted for it
	inverted = "inverted" // the other way
)

// splitMove compares the last price before a split with the first after it. It returns
// "" for a ratio too near to 1 to tell, and for a move between two of the cases.
func splitMove(before, after, ratio float64) string {
	move, split := math.Log(before/after), math.Log(ratio)
	within := math.Abs(split) / 3
	switch {
	case before <= 0 || after <= 0 || math.Abs(split) < math.Log(1.25):
	case math.Abs(move-split) < within:
		return moved
	case math.Abs(move) < within:
		return still
	case math.Abs(move+split) < within:
		return inverted
	}
	return ""
}

// around returns the first bar from a day on, when it follows another within ten days
// and bars are of a day or less: a week's bar holds prices of before and after.
func around(s *pitwall.Series, day time.Time) (bar int, ok bool) {
	bar = sort.Search(s.Len(), func(i int) bool { return s.Start[i] >= day.UnixNano() })
	return bar, bar > 0 && bar < s.Len() && s.Size <= pitwall.OneDay && near(s, bar)
}

func near(s *pitwall.Series, bar int) bool {
	return s.Start[bar]-s.End[bar-1] < int64(10*pitwall.OneDay)
}

// DatedWarnings says what is odd about the symbols inside [from, to), each known
// from its own day on: splits of raw prices (those that only adj_close shows are
// not applied), splits that prices contradict, jumps like a split, weekend bars.
func (s *Store) DatedWarnings(symbols []string, from, to time.Time) []pitwall.Warning {
	var list []pitwall.Warning
	say := func(day time.Time, code, format string, args ...any) {
		if !day.Before(from) && (to.IsZero() || day.Before(to)) {
			list = append(list, pitwall.Warning{Known: day, Code: code, Text: fmt.Sprintf(format, args...)})
		}
	}
	for _, w := range s.dated {
		if slices.Contains(symbols, w.symbol) {
			list = append(list, w.Warning)
		}
	}
	for _, x := range s.series {
		if !slices.Contains(symbols, x.Instrument.Symbol) {
			continue
		}
		booked := map[string]bool{} // days of splits that are given
		for _, a := range s.actions {
			if a.Symbol == x.Instrument.Symbol && a.Type == "split" {
				booked[a.Ex.Format(time.DateOnly)] = true
				s.givenSplit(x, a, say)
			}
		}
		if b := s.beside[x]; b != nil && b.adj != nil {
			for _, step := range b.steps {
				if day := exDay(x, step.bar); x.Adjusted == pitwall.Raw && step.splitStep() && !booked[day.Format(time.DateOnly)] {
					say(day, pitwall.SplitUnapplied, "%s split %s on %s by its adj_close, and no corporate action is given: the split is not applied, so a position held over that day is valued wrongly", x.Instrument.Symbol, ratioName(step.ratio), day.Format(time.DateOnly))
				}
			}
		} else if !slices.Contains(s.gives, "split") { // where any split is given, a jump without one is none
			s.likeSplits(x, say)
		}
	}
	slices.SortStableFunc(list, func(a, b pitwall.Warning) int { return cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.Text, b.Text)) })
	return list
}

type sayDated func(day time.Time, code, format string, args ...any)

// givenSplit says that a split was applied, or that prices contradict it.
func (s *Store) givenSplit(x *pitwall.Series, a pitwall.Action, say sayDated) {
	symbol, ex := x.Instrument.Symbol, a.Ex.Format(time.DateOnly)
	units, per := a.Split()
	ratio := units.Float() / per.Float()
	applied := x.Adjusted == pitwall.Raw
	if applied {
		say(a.Ex, "", "%s split %s on %s: positions, open orders and the history that tools show change with it; fills before it are as traded", symbol, ratioName(ratio), ex)
	}
	bar, ok := around(x, a.Ex)
	if !ok {
		return
	}
	before, after := x.Close[bar-1], x.Open[bar]
	seen, known := splitMove(before.Float(), after.Float(), ratio), x.Bar(bar).Known
	prices := fmt.Sprintf("%v before it, %v after", before, after)
	switch {
	case applied && seen == inverted:
		say(known, pitwall.SplitMismatch, "%s split %s on %s by its action, but its prices moved as %s makes them (%s): a position held over that day is valued wrongly; a split is new units per old one, so write %s", symbol, ratioName(ratio), ex, ratioName(1/ratio), prices, fraction(1/ratio))
	case applied && seen == still:
		say(known, pitwall.SplitMismatch, "%s split %s on %s by its action, but its prices did not move with it (%s): a position held over that day is valued wrongly; if the prices are split-adjusted, say `adjusted: split`", symbol, ratioName(ratio), ex, prices)
	case !applied && seen == moved:
		say(known, pitwall.SplitMismatch, "%s split %s on %s and its prices moved with it (%s), so they are not %s-adjusted as stated: the split is not applied, and a position held over that day is valued wrongly", symbol, ratioName(ratio), ex, prices, x.Adjusted)
	}
}

// likeSplits says where a share's price jumps overnight by a whole number, within 2 %, and
// moved by less than a third of that on each of four days before and on the day itself: a
// share that crashes has other such days.
func (s *Store) likeSplits(x *pitwall.Series, say sayDated) {
	if k := x.Instrument.Kind; k != pitwall.Equity && k != pitwall.ETF {
		return
	}
	move := func(from, to pitwall.Dec) float64 { return math.Abs(math.Log(from.Float() / to.Float())) }
	for i := 5; i < x.Len(); i++ {
		before, after := x.Close[i-1], x.Open[i]
		if before <= 0 || after <= 0 || !near(x, i) {
			continue
		}
		name := splitLike(before.Float()/after.Float(), 0.02)
		if name == "" {
			continue
		}
		usual := move(x.Open[i], x.Close[i])
		for k := i - 4; k < i; k++ {
			usual = max(usual, move(x.Close[k-1], x.Close[k]))
		}
		if usual < move(before, after)/3 {
			b := x.Bar(i)
			say(b.Known, pitwall.SplitUnapplied, "%s went from %v to %v on %s, as a split of %s makes prices go, and no split is given: if it was one, a position held over that day is valued wrongly", x.Instrument.Symbol, before, after, b.Start.Format(time.DateOnly), name)
		}
	}
}

// ratioName writes 2.0001 as 2:1 and 0.1 as 1:10.
func ratioName(r float64) string {
	for den := 1; den <= 10; den++ {
		if num := math.Round(r * float64(den)); num >= 1 && math.Abs(num/float64(den)/r-1) < 0.01 {
			return fmt.Sprintf("%.0f:%d", num, den)
		}
	}
	if num := math.Round(1 / r); r < 1 && math.Abs(num*r-1) < 0.01 {
		return fmt.Sprintf("1:%.0f", num)
	}
	return fmt.Sprintf("%.4g:1", r)
}

// fraction writes a ratio as the value of a split: 2, or 1/25.
func fraction(r float64) string {
	return strings.TrimSuffix(strings.ReplaceAll(ratioName(r), ":", "/"), "/1")
}

// splitLike names the split that a ratio of prices looks like, old over new: 2:1
// for 1.85 .. 2.17 at a tolerance of 0.08, 1:10 for its inverse, else nothing.
func splitLike(ratio, tolerance float64) string {
	if 0.6 < ratio && ratio < 1.7 && tolerance < 0.1 { // nearly all bars: no logarithms for them
		return ""
	}
	for _, n := range []float64{2, 3, 4, 5, 10, 20, 25, 50} {
		switch {
		case math.Abs(math.Log(ratio/n)) < tolerance:
			return fmt.Sprintf("%.0f:1", n)
		case math.Abs(math.Log(ratio*n)) < tolerance:
			return fmt.Sprintf("1:%.0f", n)
		}
	}
	return ""
}
