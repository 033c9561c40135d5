package history

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Some vendors divide old dividends by the splits since (Yahoo), others state what
// was paid (Alpaca). A [pitwall.Action] says what was paid, so amounts of the first
// kind are multiplied by the splits after them when they are loaded. Which kind a
// row is comes, in this order, from the file's sidecar (`adjusted: raw` or `split`),
// from the vendor named in its source column, from the strategy's data entry, from
// the amounts on both sides of its splits, and last from the symbol's prices.

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
	case "alpaca", "polygon":
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
	prices := map[string]pitwall.Adjustment{}
	for _, s := range l.series {
		prices[s.Instrument.Symbol] = s.Adjusted
	}
	warned := map[[2]string]bool{}
	for lo := 0; lo < len(l.given); {
		hi := lo + 1
		for hi < len(l.given) && l.given[hi].Symbol == l.given[lo].Symbol {
			hi++
		}
		mine := l.given[lo:hi]
		lo = hi
		looks := amountsLook(mine)
		for i, g := range mine {
			a := g.Action
			splits := slices.DeleteFunc(slices.Clone(mine[i+1:]), func(s givenAction) bool { return s.Type != "split" || !s.Ex.After(a.Ex) })
			if a.Type == "split" || len(splits) == 0 {
				l.actions = append(l.actions, a)
				continue
			}
			is := cmp.Or(g.adjusted, looks)
			if is == "" && prices[a.Symbol] == pitwall.SplitAdjusted {
				is = pitwall.SplitAdjusted // like its prices
			}
			if key := [2]string{g.file, a.Symbol}; !warned[key] {
				warned[key] = true
				if g.adjusted != "" && looks != "" && g.adjusted != looks {
					l.warn("%s: the amounts of %s are taken %s, but beside its splits they look %s: write `adjusted: %s` into %s.yaml if they are", g.file, a.Symbol, amountsName(is), amountsName(looks), looks, g.file)
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
