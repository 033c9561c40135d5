package pitwall

import "time"

// BuyAndHold is money put into one symbol at its first price and never touched
// again, without costs: splits of raw prices change the units, and dividends stay
// as cash or are reinvested (see [ActionsFor]). It is exact and only moves forward, looking at each price and each
// action once, so that its value at every bar of a run costs O(bars + actions).
//
// It is part of the vocabulary because three packages that may not import each
// other compare a run with it: the writer of equity.csv, the tools on a live world
// and the report.
type BuyAndHold struct {
	// Reinvest puts dividends into more units, at the last price less the dividend, as an
	// account that reinvests does. It is set before the first price.
	Reinvest bool

	money, lot         Dec
	units, cash, price Dec
	bought             bool
	actions            []Action
	calc               Calc
}

// NewBuyAndHold returns money that waits to buy. A lot above 0 buys whole lots only
// and keeps the rest as cash; 0 buys fractions. The actions are the symbol's, by ex
// date, of raw prices; those up to the purchase change nothing.
func NewBuyAndHold(money, lot Dec, actions []Action) *BuyAndHold {
	return &BuyAndHold{money: money, lot: lot, actions: actions}
}

// Advance applies the actions up to the start of a bar and values the units at a
// price of it. The first price above 0 buys. Bars come in order of time; a
// second price of the same bar is fine.
func (h *BuyAndHold) Advance(start time.Time, price Dec) {
	a := &h.calc
	for ; len(h.actions) > 0 && !h.actions[0].Ex.After(start); h.actions = h.actions[1:] {
		switch x := h.actions[0]; {
		case x.Type != "split":
			paid, more := a.Mul(h.units, x.Value), Dec(0)
			if h.Reinvest && x.Value > 0 && h.price > x.Value {
				more = a.Div(paid, h.price-x.Value)
				if h.lot > 0 {
					more = more.Floor(h.lot)
				}
			}
			h.units = a.Add(h.units, more)
			h.cash = a.Sub(a.Add(h.cash, paid), a.Mul(more, h.price-x.Value))
		case x.Per > 0:
			h.units = a.MulDiv(h.units, x.Value, x.Per)
		default:
			h.units = a.Mul(h.units, x.Value)
		}
	}
	if !h.bought && price > 0 {
		h.bought = true
		h.units = a.Div(h.money, price)
		if h.lot > 0 {
			h.units = h.units.Floor(h.lot)
			if a.Mul(h.units, price) > h.money { // the quotient was rounded up
				h.units -= h.lot
			}
			h.cash = a.Sub(h.money, a.Mul(h.units, price))
		}
	}
	h.price = price
}

// Value returns what the holding is worth at the last price: the money itself
// before the purchase, and where a number does not fit a [Dec].
func (h *BuyAndHold) Value() Dec {
	a := h.calc // an overflow at one price says nothing about the next
	v := a.Add(a.Mul(h.units, h.price), h.cash)
	if !h.bought || a.Err != nil {
		return h.money
	}
	return v
}

// Cash returns the part that is not in units: what whole lots left over, and
// dividends.
func (h *BuyAndHold) Cash() Dec { return h.cash }

// Reference returns what the benchmark and buy-and-hold are worth at a time. Times
// begin with the run and must not go back.
type Reference func(at time.Time) (benchmark, hold Dec)

// NewReference follows the bars known after from: all the cash in the benchmark,
// and equal parts of it in the symbols, each bought at its first close. A part
// waits as cash until then; a nil series never trades. The benchmark is 0 when it
// is nil or none of its bars is known yet. Dividends are reinvested or stay as cash.
func NewReference(cash Dec, benchmark *Series, symbols []*Series, actions []Action, reinvest bool, from time.Time) Reference {
	own := map[string][]Action{}
	for _, x := range actions {
		own[x.Symbol] = append(own[x.Symbol], x)
	}
	follow := func(money Dec, s *Series) *follower {
		if s == nil {
			s = &Series{}
		}
		f := &follower{NewBuyAndHold(money, 0, nil), s, 0}
		f.Reinvest, f.actions = reinvest, ActionsFor(s.Adjusted, own[s.Instrument.Symbol])
		if !from.IsZero() {
			f.next = s.KnownAt(from.UnixNano())
		}
		return f
	}
	bench := follow(cash, benchmark)
	parts := make([]*follower, len(symbols))
	for i, s := range symbols {
		parts[i] = follow(cash/Dec(len(symbols)), s)
	}
	return func(at time.Time) (benchmark, hold Dec) {
		if v := bench.at(at); bench.next > 0 {
			benchmark = v
		}
		for _, p := range parts {
			hold += p.at(at)
		}
		return benchmark, hold
	}
}

// follower moves a holding along its series.
type follower struct {
	*BuyAndHold
	series *Series
	next   int // the first bar not known at the time before
}

func (f *follower) at(t time.Time) Dec {
	for ns := t.UnixNano(); f.next < f.series.Len() && f.series.Known[f.next] <= ns; f.next++ {
		f.Advance(time.Unix(0, f.series.Start[f.next]), f.series.Close[f.next])
	}
	return f.Value()
}
