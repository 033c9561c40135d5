package pitwall

import (
	"fmt"
	"time"
)

// ActionsFor returns one symbol's actions, by ex date, as prices need them: all for raw
// prices; for split-adjusted ones only the cash, divided by the splits after it as the
// prices were; none for prices that hold everything.
func ActionsFor(prices Adjustment, actions []Action) []Action {
	switch prices {
	case SplitAdjusted:
	case TotalAdjusted:
		return nil
	default:
		return actions
	}
	var list []Action
	for i, a := range actions {
		if a.Type == "split" {
			continue
		}
		var c Calc
		for _, s := range actions[i+1:] {
			if s.Type == "split" && s.Ex.After(a.Ex) {
				units, per := s.Split()
				a.Value = c.MulDiv(a.Value, per, units)
			}
		}
		list = append(list, a)
	}
	return list
}

// Adjust restates raw bars of one symbol, oldest first, as of now: for the
// splits that have happened, or for those and the dividends that have gone ex.
// Actions are the symbol's, by ex date; those of later days change nothing. A
// bar before an action's ex date is scaled; volume by splits only. The bars are
// changed in place.
//
// A dividend D scales what is before it by 1 - D/C, where C is the last close
// before the ex date (the CRSP and Yahoo convention), both in units of before a
// split of the same day. Prices are rounded to 8
// decimals: they are for looking back, never what anyone could have traded at.
func Adjust(bars []Bar, actions []Action, have, want Adjustment, now time.Time) ([]Bar, error) {
	if want == "" || want == Raw && (have == Raw || have == "") || want == have {
		return bars, nil
	}
	if want != Raw && want != SplitAdjusted && want != TotalAdjusted {
		return nil, Errorf(InvalidInput, "adjusted is %q", want).Hintf("use raw, split or total")
	}
	if have == TotalAdjusted && want == SplitAdjusted {
		return bars, nil // splits are in already
	}
	if have != Raw && have != "" {
		return nil, Errorf(Unsupported, "these prices came %s-adjusted and cannot be had %s", have, want).Hintf("ask for adjusted: %s", have)
	}
	price, volume := 1.0, 1.0
	k := len(actions) - 1
	for i := len(bars) - 1; i >= 0; i-- {
		for ; k >= 0 && actions[k].Ex.After(bars[i].Start); k-- {
			a := actions[k]
			if a.Ex.After(now) {
				continue
			}
			switch {
			case a.Type == "split":
				units, per := a.Split()
				ratio := units.Float() / per.Float()
				price, volume = price/ratio, volume*ratio
			case want == TotalAdjusted && (a.Type == "dividend" || a.Type == "special_dividend") && a.Value > 0 && a.Value < bars[i].Close:
				price *= 1 - a.Value.Float()/bars[i].Close.Float()
			}
		}
		if price == 1 && volume == 1 {
			continue
		}
		for _, p := range []*Dec{&bars[i].Open, &bars[i].High, &bars[i].Low, &bars[i].Close} {
			d, err := FromFloat(p.Float() * price)
			if err != nil {
				return nil, fmt.Errorf("adjusting %s at %s: %w", bars[i].Symbol, bars[i].Start.Format(time.DateOnly), err)
			}
			*p = d
		}
		if bars[i].Volume != NoVolume {
			bars[i].Volume *= volume
		}
	}
	return bars, nil
}
