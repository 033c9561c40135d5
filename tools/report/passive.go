package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"pitwall"
)

// idlePart is one symbol's part of the money and its bars still to come.
type idlePart struct {
	*pitwall.BuyAndHold
	bars []pitwall.Bar
}

// passiveRow is what equal parts of symbols, each bought at its first open in the
// run and held, would have given, without costs: valued at opens or at closes, in
// fractions or in whole lots (rounded down; the rest stays cash). Until a symbol's
// first open its part is cash. Of raw prices splits change the units, and
// dividends stay as cash. The drawdown counts the money put in as a peak. nil when
// no symbol has a bar.
func (r *Run) passiveRow(from, to time.Time, actions []pitwall.Action, whole, atOpens bool) *Passive {
	bars := map[string][]pitwall.Bar{}
	for _, name := range r.Manifest.Symbols {
		if list := between(r.Bars[name], from, to); len(list) > 0 && list[0].Open > 0 {
			bars[name] = list
		}
	}
	if len(bars) == 0 {
		return nil
	}
	money := cmp.Or(max(0, r.Manifest.Cash), pitwall.Int(1_000_000)) / pitwall.Dec(len(bars)) // fractions of any sum return the same
	row := Passive{Rule: passiveRule(len(bars), whole, atOpens, len(actions) > 0)}
	var parts []idlePart
	for _, name := range r.Manifest.Symbols {
		list := bars[name]
		if list == nil {
			continue
		}
		var own []pitwall.Action
		for _, a := range actions {
			if a.Symbol == name {
				own = append(own, a)
			}
		}
		lot := pitwall.Dec(0)
		if whole {
			lot = r.lot(name)
		}
		p := idlePart{pitwall.NewBuyAndHold(money, lot, own), list}
		p.Advance(list[0].Start, list[0].Open)
		row.Cash += p.Cash().Float()
		parts = append(parts, p)
	}
	all := money.Float() * float64(len(parts))
	row.Cash /= all
	curve := []float64{1}
	for at := earliest(parts); !at.IsZero(); at = earliest(parts) {
		var sum pitwall.Dec
		for i := range parts {
			sum += parts[i].worth(at, atOpens)
		}
		curve = append(curve, sum.Float()/all)
	}
	row.TotalReturn, row.MaxDrawdown = curve[len(curve)-1]-1, MaxDrawdown(curve)
	return &row
}

// earliest is the next start of a bar; zero: there is none.
func earliest(parts []idlePart) (at time.Time) {
	for _, p := range parts {
		if len(p.bars) > 0 && (at.IsZero() || p.bars[0].Start.Before(at)) {
			at = p.bars[0].Start
		}
	}
	return at
}

// worth values the part, at its bar that starts at a time if there is one.
func (p *idlePart) worth(at time.Time, atOpens bool) pitwall.Dec {
	if len(p.bars) > 0 && p.bars[0].Start.Equal(at) {
		price := p.bars[0].Close
		if atOpens {
			price = p.bars[0].Open
		}
		p.Advance(at, price)
		p.bars = p.bars[1:]
	}
	return p.Value()
}

// lot is the smallest quantity of a symbol, in money at a price of one.
func (r *Run) lot(symbol string) pitwall.Dec {
	for _, t := range r.Manifest.Traded {
		if t.Symbol == symbol && t.Lot > 0 {
			if lot, err := t.Lot.Mul(cmp.Or(t.Multiplier, pitwall.One)); err == nil && lot > 0 {
				return lot
			}
		}
	}
	return pitwall.One
}

func passiveRule(n int, whole, atOpens, actions bool) string {
	var b strings.Builder
	names := "the symbol"
	if n > 1 {
		names = fmt.Sprintf("equal parts of %d symbols", n)
	}
	fmt.Fprintf(&b, "buy %s at the first open, hold", names)
	if whole {
		b.WriteString("; whole lots of the run's cash")
	} else {
		b.WriteString("; fractions")
	}
	if atOpens {
		b.WriteString("; valued at opens, to the last one")
	} else {
		b.WriteString("; valued at closes")
	}
	if actions {
		b.WriteString("; dividends stay as cash")
	} else {
		b.WriteString("; prices as in the data, no dividends added")
	}
	b.WriteString("; no costs")
	return b.String()
}

// between are the bars that start on a day from one date to another and were
// known by the end.
func between(bars []pitwall.Bar, from, to time.Time) []pitwall.Bar {
	day := from.Format(time.DateOnly)
	first := 0
	for first < len(bars) && bars[first].Start.Format(time.DateOnly) < day {
		first++
	}
	last := len(bars)
	for last > first && bars[last-1].Known.After(to) {
		last--
	}
	return bars[first:last]
}
