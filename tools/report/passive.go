package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"pitwall"
)

// idle is one symbol's part of the money, bought once and never touched again.
type idle struct {
	bars        []pitwall.Bar
	actions     []pitwall.Action // after the purchase, of raw prices
	units, cash float64
	last        float64
}

// passive is what equal parts of symbols, each bought at its first open in the
// run and held, would have given, without costs: valued at opens or at closes, in
// fractions or in whole lots (rounded down; the rest stays cash). Until a symbol's
// first open its part is cash. Of raw prices splits change the units, and
// dividends stay as cash. The drawdown counts the money put in as a peak. nil when
// no symbol has a bar.
func (r *Run) passiveRow(from, to time.Time, actions []pitwall.Action, whole, atOpens bool) *Passive {
	var parts []idle
	for _, name := range r.Manifest.Symbols {
		list := between(r.Bars[name], from, to)
		if len(list) == 0 || list[0].Open <= 0 {
			continue
		}
		p := idle{bars: list, last: list[0].Open.Float()}
		for _, a := range actions {
			if a.Symbol == name && a.Ex.After(list[0].Start) {
				p.actions = append(p.actions, a)
			}
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return nil
	}
	row := Passive{Rule: passiveRule(len(parts), whole, atOpens, len(actions) > 0)}
	each, money := 1/float64(len(parts)), r.Manifest.Cash.Float()
	for i := range parts {
		p := &parts[i]
		p.units = each / p.last
		if whole {
			lot := r.lot(p.bars[0].Symbol)
			p.units = math.Floor(float64(each*money)/p.last/lot) * lot / money
			p.cash = each - float64(p.units*p.last)
			row.Cash += p.cash
		}
	}
	curve := []float64{1}
	for at := earliest(parts); !at.IsZero(); at = earliest(parts) {
		sum := 0.0
		for i := range parts {
			parts[i].step(at, atOpens)
			sum += float64(parts[i].units*parts[i].last) + parts[i].cash
		}
		curve = append(curve, sum)
	}
	row.TotalReturn, row.MaxDrawdown = curve[len(curve)-1]-1, MaxDrawdown(curve)
	return &row
}

// earliest is the next start of a bar; zero: there is none.
func earliest(parts []idle) (at time.Time) {
	for _, p := range parts {
		if len(p.bars) > 0 && (at.IsZero() || p.bars[0].Start.Before(at)) {
			at = p.bars[0].Start
		}
	}
	return at
}

// step values the part at its bar that starts at a time, if there is one.
func (p *idle) step(at time.Time, atOpens bool) {
	if len(p.bars) == 0 || !p.bars[0].Start.Equal(at) {
		return
	}
	for ; len(p.actions) > 0 && !p.actions[0].Ex.After(at); p.actions = p.actions[1:] {
		switch a := p.actions[0]; {
		case a.Type != "split":
			p.cash += float64(p.units * a.Value.Float())
		case a.Per != 0:
			p.units *= a.Value.Float() / a.Per.Float()
		default:
			p.units *= a.Value.Float()
		}
	}
	p.last = p.bars[0].Close.Float()
	if atOpens {
		p.last = p.bars[0].Open.Float()
	}
	p.bars = p.bars[1:]
}

// lot is the smallest quantity of a symbol, in money at a price of one.
func (r *Run) lot(symbol string) float64 {
	for _, t := range r.Manifest.Traded {
		if t.Symbol == symbol && t.Lot > 0 {
			return t.Lot.Float() * cmp.Or(t.Multiplier, pitwall.One).Float()
		}
	}
	return 1
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
