package pitwall

import (
	"slices"
	"time"
)

// This file holds the rules that every venue shares: the defaults of an order,
// which prices its type takes, how its exits fit, and its quantity. What one
// venue alone refuses stays with that venue.

// WithDefaults returns o with the book main, type market, time in force day and,
// from the number of its legs, the class, each where o leaves it empty.
func (o Order) WithDefaults() Order {
	if o.Book == "" {
		o.Book = MainBook
	}
	if o.Type == "" {
		o.Type = MarketOrder
	}
	if o.TIF == "" {
		o.TIF = Day
	}
	if o.Class == "" {
		o.Class = [...]Class{Simple, OTO, Bracket}[min(len(o.Legs), 2)]
	}
	return o
}

// With returns o as a change makes it.
func (o Order) With(c Change) Order {
	for _, f := range [...]struct {
		to   *Dec
		from Dec
	}{{&o.Qty, c.Qty}, {&o.Limit, c.Limit}, {&o.Stop, c.Stop}} {
		if f.from != 0 {
			*f.to = f.from
		}
	}
	if c.Trail != 0 || c.TrailPercent != 0 {
		o.Trail, o.TrailPercent = c.Trail, c.TrailPercent
	}
	if c.TIF != "" {
		o.TIF, o.GoodTill = c.TIF, c.GoodTill
	}
	return o
}

// Check returns the first shared rule that an order with its defaults breaks, or
// nil. last is the last known price of the instrument, 0 when none is known.
func (o Order) Check(i Instrument, last Dec, now time.Time) *Error {
	if o.Side != Buy && o.Side != Sell {
		return Errorf(InvalidInput, "side is %q", o.Side).Hintf("use buy or sell")
	}
	for _, rule := range [...]func() *Error{func() *Error { return o.CheckPrices(i) }, o.checkTrail, func() *Error { return o.checkTIF(now) }, o.checkLegs, o.CheckClass, o.checkClass,
		func() *Error { return o.checkSides(last) }, func() *Error { return o.checkQty(i) }} {
		if e := rule(); e != nil {
			return e
		}
	}
	return nil
}

// CheckChange returns the order that a change makes of an open one, or the first
// shared rule that it breaks.
func (s OrderState) CheckChange(c Change, i Instrument, last Dec, now time.Time) (Order, *Error) {
	o := s.Order.With(c)
	switch {
	case s.Class == OCO:
		return o, Errorf(Unsupported, "%s only stands for its legs", s.ID).Hintf("change %s or %s", LegID(s.ID, TakeProfit), LegID(s.ID, StopLoss))
	case s.Parent != "" && (c.Qty != 0 || c.TIF != ""):
		return o, Errorf(Unsupported, "the quantity and tif of a leg follow from its entry").Hintf("change its price, or cancel it")
	case c.Trail != 0 && c.TrailPercent != 0 || c.TIF == "" && !c.GoodTill.IsZero():
		return o, Errorf(InvalidInput, "trail %v with trail_percent %v, tif %q with good_till %s", c.Trail, c.TrailPercent, c.TIF, timeOrNone(c.GoodTill))
	}
	rules := []func() *Error{func() *Error { return o.checkTIF(now) }}
	if s.Status != Held || s.Parent == "" {
		rules = append([]func() *Error{func() *Error { return o.CheckPrices(i) }, o.checkTrail}, rules...)
	}
	if s.Status == Working && s.Filled == 0 && (c.Limit != 0 || c.Stop != 0) {
		rules = append(rules, func() *Error { return o.checkSides(last) })
	}
	if s.Parent == "" {
		rules = append(rules, func() *Error {
			if o.Qty <= s.Filled {
				return Errorf(InvalidNumber, "qty %v; %v of order %s are filled already", o.Qty, s.Filled, s.ID).Hintf("qty is the new total; to stop here use orders_cancel")
			}
			return o.checkQty(i)
		})
	}
	for _, rule := range rules {
		if e := rule(); e != nil {
			return o, e
		}
	}
	return o, nil
}

// CheckPrices reports a price that the type of o lacks or does not take, and one below
// 0 where its instrument does not trade there. It needs no quantity, so a price can be checked before an order is sized by it.
func (o Order) CheckPrices(i Instrument) *Error {
	var limit, stop, trail bool
	switch o.Type {
	case MarketOrder:
	case LimitOrder:
		limit = true
	case StopOrder:
		stop = true
	case StopLimit:
		limit, stop = true, true
	case TrailingStop:
		trail = true
	default:
		return Errorf(Unsupported, "order type %q is not known", o.Type).Hintf("use market, limit, stop, stop_limit or trailing_stop")
	}
	own := o.Parent == "" // a leg by percent has no price until its entry fills
	one := (o.Trail != 0) != (o.TrailPercent != 0)
	if own && (limit != (o.Limit != 0) || stop != (o.Stop != 0)) || trail != one || !trail && o.Trail != 0 {
		return Errorf(InvalidInput, "type is %s; given are limit %v, stop %v, trail %v, trail_percent %v", o.Type, o.Limit, o.Stop, o.Trail, o.TrailPercent).
			Hintf("market takes no price, limit needs a limit price, stop a stop, stop_limit both, trailing_stop one of trail and trail_percent")
	}
	if o.Trail < 0 || o.TrailPercent < 0 {
		return Errorf(InvalidNumber, "trail is %v and trail_percent %v", o.Trail, o.TrailPercent).Hintf("distances are above 0")
	}
	prices := []Dec{o.Limit, o.Stop}
	for _, l := range o.Legs {
		prices = append(prices, l.Limit, l.Stop)
	}
	if p := slices.Min(prices); p < 0 && i.Kind != Future {
		return Errorf(InvalidNumber, "a price is %v", p).Hintf("use prices above 0: only futures trade below")
	}
	return nil
}

func (o Order) checkTrail() *Error {
	if o.TrailPercent >= Int(100) {
		return Errorf(InvalidNumber, "limit %v, stop %v, trail %v, trail_percent %v", o.Limit, o.Stop, o.Trail, o.TrailPercent).Hintf("use prices above 0 and a percentage below 100")
	}
	return nil
}

func (o Order) checkTIF(now time.Time) *Error {
	if (o.TIF == GTD) != !o.GoodTill.IsZero() {
		return Errorf(InvalidInput, "tif is %s and good_till %s", o.TIF, timeOrNone(o.GoodTill)).Hintf("tif gtd and good_till go together")
	}
	switch o.TIF {
	case Day, GTC:
	case GTD:
		if !o.GoodTill.After(now) {
			return Errorf(InvalidInput, "good_till is %s; it is %s now", timeOrNone(o.GoodTill), timeOrNone(now)).Hintf("name a time to come")
		}
	case IOC, FOK, OPG, CLS:
		if o.Type != MarketOrder && o.Type != LimitOrder || o.Class == OCO {
			return Errorf(Unsupported, "a %s order cannot be %s", o.Type, o.TIF).Hintf("use day, gtc or gtd")
		}
	default:
		return Errorf(Unsupported, "time in force %q is not known", o.TIF).Hintf("use day, gtc, gtd, ioc, fok, opg or cls")
	}
	return nil
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return "not given"
	}
	return t.Format(time.RFC3339)
}

// CheckClass reports a class with another number of legs than it has. It needs
// no quantity, so it can come before an order is sized.
func (o Order) CheckClass() *Error {
	want := map[Class]int{OTO: 1, Bracket: 2, OCO: 2}[o.Class]
	if len(o.Legs) != want {
		return Errorf(InvalidInput, "class is %s and %d of take_profit and stop_loss are given", o.Class, len(o.Legs)).
			Hintf("bracket is an entry with both, oto with one, oco both on a held position, simple without; class may be left out for the first three. One exit on what is held: a limit or stop with reduce_only")
	}
	return nil
}

// checkClass tests what a class says about the rest of its order.
func (o Order) checkClass() *Error {
	bad := func(format string, args ...any) *Error {
		return Errorf(InvalidInput, format, args...).Hintf("bracket: an entry with take_profit and stop_loss; oto: an entry with one of them; oco: both for a held position, without prices of its own; group ties simple orders")
	}
	known := o.Class == Simple || o.Class == OTO || o.Class == Bracket || o.Class == OCO && o.Type == MarketOrder
	if same := len(o.Legs) == 2 && o.Legs[0].Role == o.Legs[1].Role; !known || same {
		return bad("class %s with %d legs and type %s", o.Class, len(o.Legs), o.Type)
	}
	if o.Class != Simple && (o.Group != "" || o.ReduceOnly) {
		return bad("class %s with group %q and reduce_only %v", o.Class, o.Group, o.ReduceOnly)
	}
	for _, l := range o.Legs {
		// An exit below the entry cannot be 100 % away.
		if below := o.GainsUp() == (l.Role == StopLoss); below && l.Percent >= Int(100) {
			return Errorf(InvalidNumber, "%s is %v percent below the entry", l.Role, l.Percent).Hintf("use less than 100")
		}
	}
	return nil
}

// checkLegs tests that each leg has one price.
func (o Order) checkLegs() *Error {
	for _, l := range o.Legs {
		given := 0
		for _, p := range [...]Dec{l.Stop, l.Percent, l.Trail, l.TrailPercent} {
			if p < 0 && p != l.Stop {
				return Errorf(InvalidNumber, "a distance of %s is %v", l.Role, p).Hintf("distances are above 0")
			}
			if p != 0 {
				given++
			}
		}
		trails := l.Trail != 0 || l.TrailPercent != 0
		switch {
		case l.Role == TakeProfit && (l.Limit != 0) != (l.Percent != 0) && l.Stop == 0 && !trails:
		case l.Role == StopLoss && given == 1 && (l.Limit == 0 || !trails):
		case l.Role != TakeProfit && l.Role != StopLoss:
			return Errorf(InvalidInput, "a leg's role is %q", l.Role).Hintf("use take_profit or stop_loss")
		default:
			return Errorf(InvalidInput, "%s has limit %v, stop %v, percent %v, trail %v, trail_percent %v", l.Role, l.Limit, l.Stop, l.Percent, l.Trail, l.TrailPercent).
				Hintf("take_profit has a limit or a percent; stop_loss one of stop, percent, trail and trail_percent, and with a stop or percent a limit if it is to be a stop_limit")
		}
		if l.TrailPercent >= Int(100) {
			return Errorf(InvalidNumber, "%s trails by %v percent", l.Role, l.TrailPercent).Hintf("use less than 100")
		}
	}
	return nil
}

// checkSides tests that the target is on the winning side of the entry and the
// stop on the losing one.
func (o Order) checkSides(last Dec) *Error {
	entry, name := last, "the last price"
	if o.Stop != 0 {
		entry, name = o.Stop, "the stop"
	}
	if o.Limit != 0 {
		entry, name = o.Limit, "the limit"
	}
	for _, l := range o.Legs {
		price, above, side := l.Limit, o.GainsUp(), "below"
		if l.Role == StopLoss {
			price, above = l.Stop, !above
		}
		if above {
			side = "above"
		}
		if price != 0 && entry != 0 && (price == entry || (price > entry) != above) {
			return Errorf(InvalidInput, "%s at %v is not %s %s (%v)", l.Role, price, side, name, entry).Hintf("a long position takes profit above its entry and stops below it; a short one the other way round")
		}
	}
	return nil
}

// GainsUp reports whether the position that o opens, or of an OCO order closes,
// gains when prices rise.
func (o Order) GainsUp() bool { return (o.Side == Buy) != (o.Class == OCO) }

func (o Order) checkQty(i Instrument) *Error {
	if o.Qty <= 0 {
		return Errorf(InvalidNumber, "qty %v is not a finite number > 0", o.Qty)
	}
	if i.Lot <= 0 || o.Qty%i.Lot != 0 {
		return Errorf(InvalidNumber, "qty %v is not a multiple of %s's lot %v", o.Qty, o.Symbol, i.Lot).Hintf("use %v", o.Qty.Floor(i.Lot))
	}
	return nil
}
