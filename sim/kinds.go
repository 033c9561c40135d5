package sim

import (
	"time"

	"pitwall"
)

// This file is the one place of order kinds: what is valid (acceptsKind), at
// which price a bar fills it (fillPrice), and when a bar is one that it may meet.

// acceptsKind refuses what is not valid or not done here.
func (v *Venue) acceptsKind(o *pitwall.Order) *pitwall.Error {
	if e := prices(o); e != nil {
		return e
	}
	plain := o.Type == pitwall.MarketOrder || o.Type == pitwall.LimitOrder
	switch o.TIF {
	case pitwall.Day, pitwall.GTC:
	case pitwall.IOC, pitwall.FOK, pitwall.OPG, pitwall.CLS:
		if !plain {
			return pitwall.Errorf(pitwall.Unsupported, "a %s order cannot be %s", o.Type, o.TIF).Hintf("use day or gtc")
		}
		if o.TIF == pitwall.CLS {
			return v.tooLate()
		}
	default:
		return pitwall.Errorf(pitwall.Unsupported, "time in force %q is not done here yet", o.TIF).Hintf("use day, gtc, ioc, fok, opg or cls")
	}
	if o.Class != pitwall.Simple || len(o.Legs) > 0 || o.ReduceOnly {
		return pitwall.Errorf(pitwall.Unsupported, "brackets, OCO, legs and reduce_only are not done here yet").Hintf("use a simple order")
	}
	return nil
}

// prices checks that an order has the prices of its type and no others.
func prices(o *pitwall.Order) *pitwall.Error {
	need := map[pitwall.OrderType]string{pitwall.MarketOrder: "no price", pitwall.LimitOrder: "limit", pitwall.StopOrder: "stop", pitwall.StopLimit: "stop and limit",
		pitwall.TrailingStop: "one of trail and trail_percent"}[o.Type]
	if need == "" {
		return pitwall.Errorf(pitwall.Unsupported, "order type %q is not known", o.Type).Hintf("use market, limit, stop, stop_limit or trailing_stop")
	}
	limit := o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit
	stop := o.Type == pitwall.StopOrder || o.Type == pitwall.StopLimit
	trail := o.Type == pitwall.TrailingStop
	one := (o.Trail != 0) != (o.TrailPercent != 0)
	if (o.Limit != 0) != limit || (o.Stop != 0) != stop || trail != one || (!trail && o.Trail != 0) {
		return pitwall.Errorf(pitwall.InvalidInput, "a %s order takes %s; given are limit %v, stop %v, trail %v, trail_percent %v", o.Type, need, o.Limit, o.Stop, o.Trail, o.TrailPercent)
	}
	if o.Limit < 0 || o.Stop < 0 || o.Trail < 0 || o.TrailPercent < 0 || o.TrailPercent >= pitwall.Int(100) {
		return pitwall.Errorf(pitwall.InvalidNumber, "limit %v, stop %v, trail %v, trail_percent %v", o.Limit, o.Stop, o.Trail, o.TrailPercent).Hintf("use prices above 0 and a percentage below 100")
	}
	return nil
}

// tooLate refuses orders on the close within the cutoff before it (rule 14).
func (v *Venue) tooLate() *pitwall.Error {
	l := v.list[0]
	now := v.time(v.now)
	if l.Size >= 24*time.Hour || v.cfg.CloseCutoff == 0 {
		return nil
	}
	if left := l.Instrument.SessionClose(now).Sub(now); left > 0 && left < v.cfg.CloseCutoff {
		return pitwall.Errorf(pitwall.NotAllowed, "the session closes in %v and orders on the close end %v before it", left, v.cfg.CloseCutoff).Hintf("use a market order")
	}
	return nil
}

// trailed is the stop that trails a price: below it for a sale, above for a buy.
func trailed(o *pitwall.Order, price pitwall.Dec) (pitwall.Dec, error) {
	var a pitwall.Calc
	away := o.Trail
	if o.TrailPercent != 0 {
		away = a.MulDiv(price, o.TrailPercent, pitwall.Int(100))
	}
	if o.Side == pitwall.Sell {
		return max(0, a.Sub(price, away)), a.Err
	}
	return a.Add(price, away), a.Err
}

// ratchet moves the trailing stops that this step's bars left alive (rule 6):
// by the bar's high or low, never looser, in force from the next bar on.
func (v *Venue) ratchet() {
	for _, n := range v.resting {
		l := v.list[n.sym]
		if n.Type != pitwall.TrailingStop || n.triggered || !l.hit || l.Start[l.next] < n.accepted {
			continue
		}
		best := l.High[l.next]
		if n.Side == pitwall.Buy {
			best = l.Low[l.next]
		}
		stop, err := trailed(&n.Order, best)
		switch {
		case err != nil: // beyond the range of numbers: it stays where it is
		case n.Side == pitwall.Sell:
			n.Trigger = max(n.Trigger, stop)
		default:
			n.Trigger = min(n.Trigger, stop)
		}
	}
}

// A phase is a moment of a bar. All orders are tested at the open, in submission
// order, then those that act inside the bar, stops before limits (rule 11), then
// those on the close.
type phase int

const (
	atOpen phase = iota
	onStop
	onLimit
	atClose
)

// quote is how a bar fills an order: the price before slippage, whether the
// order takes (and so pays slippage), and the rule.
type quote struct {
	price pitwall.Dec
	taker bool
	rule  string
}

// fillPrice returns how the current bar of l fills an order in a phase. Every
// order kind has its case here. It may mark a stop as triggered.
func (v *Venue) fillPrice(n *order, l *listed, ph phase) (quote, bool) {
	i := l.next
	open := l.Open[i]
	switch n.TIF {
	case pitwall.IOC, pitwall.FOK:
		if ph != atOpen {
			return quote{}, false // rule 13: judged at the first price
		}
	case pitwall.OPG:
		if ph != atOpen || !opens(l) {
			return quote{}, false // rule 14
		}
	case pitwall.CLS:
		return onClose(n, l, ph)
	}
	switch n.Type {
	case pitwall.MarketOrder:
		return quote{open, true, "2: market at the open"}, ph == atOpen
	case pitwall.LimitOrder:
		return v.limitPrice(n, l, ph)
	case pitwall.StopOrder, pitwall.TrailingStop:
		switch {
		case ph == atOpen && n.triggered:
			return quote{open, true, "4: stop touched before and filled on"}, true
		case ph == atOpen && reached(n, open):
			n.triggered = true
			return quote{open, true, "4: stop passed at the open"}, true
		case ph == onStop && !n.triggered && reached(n, extreme(n, l)):
			n.triggered = true
			return quote{n.Trigger, true, "4: stop touched"}, true
		}
	case pitwall.StopLimit:
		return v.stopLimitPrice(n, l, ph)
	}
	return quote{}, false
}

// limitPrice is rule 3: a better open, else traded through.
func (v *Venue) limitPrice(n *order, l *listed, ph phase) (quote, bool) {
	i := l.next
	open, high, low := l.Open[i], l.High[i], l.Low[i]
	better := n.Side == pitwall.Buy && open < n.Limit || n.Side == pitwall.Sell && open > n.Limit
	through := n.Side == pitwall.Buy && low < n.Limit || n.Side == pitwall.Sell && high > n.Limit
	if v.cfg.TouchFills {
		through = through || n.Side == pitwall.Buy && low == n.Limit || n.Side == pitwall.Sell && high == n.Limit
	}
	switch ph {
	case atOpen:
		return quote{open, true, "3: limit at a better open"}, better
	case onLimit:
		return quote{n.Limit, false, "3: limit traded through"}, through && !better
	}
	return quote{}, false
}

// stopLimitPrice is rule 5. Triggered at the open, the limit rule holds for the
// whole bar. Triggered inside, the order fills at its stop if the limit allows
// that; else in the same bar only when the close proves that the limit was
// passed after the trigger; else it rests as a limit order.
func (v *Venue) stopLimitPrice(n *order, l *listed, ph phase) (quote, bool) {
	i := l.next
	switch {
	case ph == atOpen && !n.triggered && reached(n, l.Open[i]):
		n.triggered, n.trigBar = true, -1
	case ph == onStop && !n.triggered && reached(n, extreme(n, l)):
		n.triggered, n.trigBar = true, i
		buy := n.Side == pitwall.Buy
		if buy && n.Limit >= n.Trigger || !buy && n.Limit <= n.Trigger {
			return quote{n.Trigger, true, "5: stop touched within the limit"}, true
		}
		proven := buy && l.Close[i] < n.Limit || !buy && l.Close[i] > n.Limit
		return quote{n.Limit, false, "5: stop touched and the close is past the limit"}, proven
	}
	if !n.triggered || n.trigBar == i {
		return quote{}, false
	}
	return v.limitPrice(n, l, ph)
}

// onClose fills an order at the close of its session's last bar (rule 14).
func onClose(n *order, l *listed, ph phase) (quote, bool) {
	i := l.next
	if ph != atClose || (l.Size < 24*time.Hour && l.End[i] < l.Instrument.SessionClose(l.Bar(i).Start).UnixNano()) {
		return quote{}, false
	}
	c := l.Close[i]
	ok := n.Type == pitwall.MarketOrder || n.Side == pitwall.Buy && c <= n.Limit || n.Side == pitwall.Sell && c >= n.Limit
	return quote{c, true, "14: at the close"}, ok
}

// reached reports whether a price sets off an order's stop; a touch is enough.
func reached(n *order, price pitwall.Dec) bool {
	if n.Side == pitwall.Buy {
		return price >= n.Trigger
	}
	return price <= n.Trigger
}

// extreme is the end of the bar that a stop looks at.
func extreme(n *order, l *listed) pitwall.Dec {
	if n.Side == pitwall.Buy {
		return l.High[l.next]
	}
	return l.Low[l.next]
}

// opens reports whether the current bar is the first of its session.
func opens(l *listed) bool {
	i := l.next
	if l.Size >= 24*time.Hour || i == 0 {
		return true
	}
	y1, m1, d1 := l.Bar(i).Start.Date()
	y2, m2, d2 := l.Bar(i - 1).Start.Date()
	return y1 != y2 || m1 != m2 || d1 != d2
}
