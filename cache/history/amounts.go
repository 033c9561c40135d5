package history

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Some vendors divide old dividends by the splits since (Yahoo), others state what
// was paid (Alpaca), and Polygon does either, by symbol. A [pitwall.Action] says what
// was paid, so amounts of the first kind are multiplied by the splits after them when
// they are loaded. Which kind a row is comes, in this order, from the file's sidecar
// (`adjusted: raw` or `split`), from the vendor named in its source column, from the
// strategy's data entry, from what the amounts look like, and last from how the
// symbol's prices are adjusted. They look like one kind by the amounts on both sides of
// a split, or else by adj_close, or else by how far prices fall on the ex days. A
// statement that contradicts what they look like stands beside a run's headline.

// givenAction is an action as its file states it.
type givenAction struct {
	pitwall.Action
	adjusted pitwall.Adjustment // of the amount; empty = the file does not say
	file     string
}

// amountsFrom is how a vendor states amounts; empty when that is not known.
func amountsFrom(source string) pitwall.Adjustment {
	switch vendor, _, _ := strings.Cut(source, ","); strings.ToLower(strings.TrimSpace(vendor)) {
	case "yahoo":
		return pitwall.SplitAdjusted
	case "alpaca":
		return pitwall.Raw
	}
	return ""
}

// rank orders the actions of a day: splits first, since what is paid on that day is
// per new unit.
func rank(a pitwall.Action) int {
	if a.Type == "split" {
		return 0
	}
	return 1
}

// byDay orders actions by symbol and ex date.
func byDay(a, b givenAction) int {
	return cmp.Or(cmp.Compare(a.Symbol, b.Symbol), a.Ex.Compare(b.Ex), cmp.Compare(rank(a.Action), rank(b.Action)),
		cmp.Compare(a.Type, b.Type), a.Pay.Compare(b.Pay), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Per, b.Per))
}

// asPaid fills in the store's actions, by symbol and ex date, with amounts as they
// were paid. It warns where the terms of amounts were inferred or contradict what
// the amounts look like.
func (l *loader) asPaid() error {
	slices.SortStableFunc(l.given, byDay)
	series := map[string]*pitwall.Series{}
	for _, s := range l.series {
		series[s.Instrument.Symbol] = s
	}
	warned := map[[2]string]bool{}
	for lo := 0; lo < len(l.given); {
		hi := lo + 1
		for hi < len(l.given) && l.given[hi].Symbol == l.given[lo].Symbol {
			hi++
		}
		mine := l.given[lo:hi]
		lo = hi
		x := series[mine[0].Symbol]
		looks := amountsLook(mine)
		if looks == "" && x != nil {
			looks = l.besidePrices(x, mine)
		}
		for i, g := range mine {
			a := g.Action
			splits := slices.DeleteFunc(slices.Clone(mine[i+1:]), func(s givenAction) bool { return s.Type != "split" || !s.Ex.After(a.Ex) })
			if a.Type == "split" || len(splits) == 0 {
				l.actions = append(l.actions, a)
				continue
			}
			is := cmp.Or(g.adjusted, looks)
			if is == "" && x != nil && x.Adjusted == pitwall.SplitAdjusted {
				is = pitwall.SplitAdjusted // like its prices
			}
			if key := [2]string{g.file, a.Symbol}; !warned[key] {
				warned[key] = true
				if g.adjusted != "" && looks != "" && g.adjusted != looks {
					l.doubted = append(l.doubted, doubtedAmounts{a.Symbol, a.Ex, fmt.Sprintf("%s: the amounts of %s are taken %s, but beside its splits and prices they look %s: write `adjusted: %s` into %s.yaml if they are", g.file, a.Symbol, amountsName(is), amountsName(looks), looks, g.file)})
				} else if g.adjusted == "" && is == pitwall.SplitAdjusted {
					l.warn("%s does not say whether amounts are as paid: those of %s are taken %s; write `adjusted: raw` (as paid) or `adjusted: split` into %s.yaml", g.file, a.Symbol, amountsName(is), g.file)
				}
			}
			if is == pitwall.SplitAdjusted {
				var c pitwall.Calc
				for _, s := range splits {
					units, per := s.Split()
					a.Value = c.MulDiv(a.Value, units, per)
				}
				if c.Err != nil {
					return pitwall.Errorf(pitwall.DataError, "%s: %s: the %s of %v on %s, times the splits after it: %v", g.file, a.Symbol, a.Type, g.Value, a.Ex.Format(time.DateOnly), c.Err)
				}
			}
			l.actions = append(l.actions, a)
		}
	}
	return nil
}

// doubtedAmounts are dividends whose terms are doubtful, from the first of them on.
type doubtedAmounts struct {
	symbol string
	first  time.Time
	text   string
}

func amountsName(is pitwall.Adjustment) string {
	if is == pitwall.SplitAdjusted {
		return "as split-adjusted"
	}
	return "as paid"
}

// amountsLook compares the two dividends before each split with the two after it,
// where both pairs are steady (within a quarter): a payer rarely changes a dividend
// by as much as a split does. Empty when no split has such pairs or they disagree.
func amountsLook(mine []givenAction) (look pitwall.Adjustment) {
	for _, s := range mine {
		units, per := s.Split()
		if s.Type != "split" || units <= 0 {
			continue
		}
		var before, after []float64
		for _, a := range mine {
			switch {
			case a.Type != "dividend" || a.Value <= 0:
			case a.Ex.Before(s.Ex):
				before = append(before, a.Value.Float())
			case a.Ex.After(s.Ex) && len(after) < 2:
				after = append(after, a.Value.Float())
			}
		}
		factor := math.Log(units.Float() / per.Float())
		if math.Abs(factor) < 0.4 || len(before) < 2 || len(after) < 2 {
			continue
		}
		before = before[len(before)-2:]
		change := math.Log(after[0] / before[1])
		this := pitwall.Adjustment("")
		switch steady := math.Log(1.25); {
		case math.Abs(math.Log(before[1]/before[0])) > steady, math.Abs(math.Log(after[1]/after[0])) > steady:
			continue
		case math.Abs(change) < math.Abs(factor)/3:
			this = pitwall.SplitAdjusted
		case math.Abs(change+factor) < math.Abs(factor)/3:
			this = pitwall.Raw
		}
		if this == "" || look != "" && this != look {
			return ""
		}
		look = this
	}
	return look
}

// besidePrices compares the dividends before a split with the symbol's prices, as they
// stand and as they would be in the other terms. adj_close shows what was paid; without
// it the price falls by about that much on the ex day, which the moves of other nights
// hide unless it is much or often: it counts when one kind is 1000 times as likely.
func (l *loader) besidePrices(s *pitwall.Series, mine []givenAction) pitwall.Adjustment {
	shown := map[int]float64{} // dividend by bar, from adj_close
	for _, step := range l.beside[s].steps {
		if !step.splitStep() {
			shown[step.bar] = s.Close[step.bar-1].Float() * (1 - 1/step.ratio)
		}
	}
	var paid, divided, weight float64 // distance of amounts that are as paid, or divided by later splits
	spread := nightly(s)
	for i, a := range mine {
		later := 1.0
		for _, x := range mine[i+1:] {
			if x.Type == "split" && x.Ex.After(a.Ex) {
				units, per := x.Split()
				later *= units.Float() / per.Float()
			}
		}
		bar, ok := around(s, a.Ex)
		if a.Type != "dividend" || a.Value <= 0 || !ok || math.Abs(math.Log(later)) < 0.2 {
			continue
		}
		before := s.Close[bar-1].Float()
		asPaid, asDivided := a.Value.Float(), a.Value.Float()*later // a unit, in the terms of raw prices
		if s.Adjusted == pitwall.SplitAdjusted {
			asPaid, asDivided = asPaid/later, asDivided/later
		}
		if d, ok := shown[bar]; ok {
			paid, divided, weight = paid+math.Abs(math.Log(d/asPaid)), divided+math.Abs(math.Log(d/asDivided)), weight+1
		} else if len(shown) == 0 && spread > 0 {
			fall := 1 - s.Open[bar].Float()/before
			off := func(amount float64) float64 {
				return (fall - amount/before) * (fall - amount/before) / (2 * spread * spread)
			}
			paid, divided = paid+off(asPaid), divided+off(asDivided)
		}
	}
	least := math.Log(1000) // of likelihoods
	if weight > 0 {
		least = 0.2 * weight // of a fifth on average
	}
	switch {
	case paid+least < divided:
		return pitwall.Raw
	case divided+least < paid:
		return pitwall.SplitAdjusted
	}
	return ""
}

// nightly returns the usual move from a close to the next open, as a standard deviation:
// 1.48 times the median of its size.
func nightly(s *pitwall.Series) float64 {
	var moves []float64
	for i := 1; i < s.Len(); i++ {
		if before := s.Close[i-1]; before > 0 && s.Open[i] > 0 {
			moves = append(moves, math.Abs(s.Open[i].Float()/before.Float()-1))
		}
	}
	if len(moves) < 20 {
		return 0
	}
	slices.Sort(moves)
	return max(1.48*moves[len(moves)/2], 1e-4)
}
