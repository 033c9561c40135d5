package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"pitwall"
)

// Passive is what equal parts of symbols, bought at their first open on or after a
// date and held, would have given, without costs: at opens or at closes, in
// fractions or in whole lots (rounded down; the rest stays cash). actions are
// those of raw prices: splits change the units, dividends stay as cash. The
// drawdown counts the money put in as a peak.
func passive(bars map[string][]pitwall.Bar, symbols []string, from, to time.Time, lots map[string]pitwall.Dec, actions []pitwall.Action, atOpens bool) *Passive {
	type part struct {
		bars    []pitwall.Bar
		actions []pitwall.Action
		units   float64
		cash    float64
		last    float64
	}
	parts := make([]part, 0, len(symbols))
	for _, name := range symbols {
		list := between(bars[name], from, to)
		if len(list) == 0 || list[0].Open <= 0 {
			continue
		}
		p := part{bars: list}
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
	const money = 1.0
	whole := lots != nil
	each := money / float64(len(parts))
	left := 0.0
	for i := range parts {
		p := &parts[i]
		price := p.bars[0].Open.Float()
		p.units, p.last = each/price, price
		if whole { // of 100,000 in all, as lots are not divisible
			size := lots[p.bars[0].Symbol].Float()
			if size == 0 {
				size = 1
			}
			p.units = math.Floor(float64(each*wholeMoney)/price/size) * size / wholeMoney
		}
		p.cash = each - float64(p.units*price)
		left += p.cash
	}
	curve := []float64{money}
	for {
		at := time.Time{}
		for _, p := range parts {
			if len(p.bars) > 0 && (at.IsZero() || p.bars[0].Start.Before(at)) {
				at = p.bars[0].Start
			}
		}
		if at.IsZero() {
			break
		}
		sum := 0.0
		for i := range parts {
			p := &parts[i]
			if len(p.bars) > 0 && p.bars[0].Start.Equal(at) {
				for len(p.actions) > 0 && !p.actions[0].Ex.After(at) {
					a := p.actions[0]
					p.actions = p.actions[1:]
					switch {
					case a.Type != split:
						p.cash += float64(p.units * a.Value.Float())
					case a.Per != 0:
						p.units = p.units * a.Value.Float() / a.Per.Float()
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
			sum += float64(p.units*p.last) + p.cash
		}
		curve = append(curve, sum)
	}
	p := &Passive{TotalReturn: curve[len(curve)-1] - 1, MaxDrawdown: MaxDrawdown(curve), Cash: left}
	p.Rule = passiveRule(len(parts), whole, atOpens, len(actions) > 0)
	return p
}

// wholeMoney is what whole lots are bought with, so that the row does not depend
// on what a run began with.
const wholeMoney = 100_000.0

func passiveRule(n int, whole, atOpens, actions bool) string {
	var b strings.Builder
	names := "the symbol"
	if n > 1 {
		names = fmt.Sprintf("equal parts of %d symbols", n)
	}
	fmt.Fprintf(&b, "buy %s at the first open, hold", names)
	if whole {
		fmt.Fprintf(&b, "; whole lots of %.0f", wholeMoney)
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
