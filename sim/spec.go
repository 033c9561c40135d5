package sim

import (
	"fmt"
	"strings"
	"time"

	"pitwall"
	"pitwall/sim/engine"
)

// This file turns an order into an engine.Spec. The rules that every venue shares
// are [pitwall.Order.Check]; here are those of this venue: what its world holds,
// its ticks, and its cutoff for orders on the close.

var types = map[pitwall.OrderType]engine.Type{pitwall.MarketOrder: engine.Market, pitwall.LimitOrder: engine.Limit, pitwall.StopOrder: engine.Stop,
	pitwall.StopLimit: engine.StopLimit, pitwall.TrailingStop: engine.Trailing}

var tifs = map[pitwall.TIF]engine.TIF{pitwall.Day: engine.Day, pitwall.GTC: engine.GTC, pitwall.GTD: engine.GTD, pitwall.IOC: engine.IOC, pitwall.FOK: engine.FOK,
	pitwall.OPG: engine.OPG, pitwall.CLS: engine.CLS}

// toSpec converts an order to an engine spec, or returns why it is invalid;
// buying power is checked later. It rounds prices to the tick and says so in the
// order's Note.
func (v *Venue) toSpec(n *order) (engine.Spec, *pitwall.Error) {
	o := &n.Order
	book, err := v.book(o.Book)
	if err != nil {
		return engine.Spec{}, pitwall.Errorf(pitwall.Unsupported, "book %q: this world has %v", o.Book, v.books)
	}
	sym, ok := v.id[o.Symbol]
	if !ok {
		return engine.Spec{}, pitwall.Errorf(pitwall.NotTradable, "%s cannot be traded in this world", o.Symbol).Hintf("it may trade %v", v.symbols())
	}
	n.sym = sym
	instrument := v.list[sym].Instrument
	if e := o.Check(instrument, v.engine.Last(int(sym)), v.now()); e != nil {
		return engine.Spec{}, e
	}
	if e := v.checkCutoff(sym, o.TIF); e != nil {
		return engine.Spec{}, e
	}
	for _, l := range o.Legs {
		if v.byID[l.ID] != nil {
			return engine.Spec{}, pitwall.Errorf(pitwall.InvalidInput, "the id %s of its leg is taken", l.ID).Hintf("use another client_order_id")
		}
	}
	note, e := roundToTick(o, &instrument)
	if e != nil {
		return engine.Spec{}, e
	}
	n.Note = note
	spec := engine.Spec{Book: int16(book), Sym: sym, Side: engine.Buy, Type: types[o.Type], TIF: tifs[o.TIF], ReduceOnly: o.ReduceOnly, Qty: o.Qty, Limit: o.Limit, Stop: o.Stop, Trail: o.Trail, TrailPercent: o.TrailPercent}
	if o.Side == pitwall.Sell {
		spec.Side = engine.Sell
	}
	if o.Class == pitwall.OCO {
		spec.Type = engine.Pair
	}
	if o.Group != "" {
		if v.groups[o.Group] == 0 {
			v.groups[o.Group] = int32(len(v.groups) + 1)
		}
		spec.Group = v.groups[o.Group]
	}
	spec.GoodTill = nanos(o.GoodTill)
	for _, l := range o.Legs {
		x := engine.Leg{Role: engine.Target, Limit: l.Limit, Stop: l.Stop, Percent: l.Percent, Trail: l.Trail, TrailPercent: l.TrailPercent}
		if l.Role == pitwall.StopLoss {
			x.Role = engine.StopLoss
			spec.Legs[1] = x
		} else {
			spec.Legs[0] = x
		}
	}
	return spec, nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// checkCutoff refuses orders on the close within the cutoff before it (rule 14).
func (v *Venue) checkCutoff(sym int32, tif pitwall.TIF) *pitwall.Error {
	s, now, cutoff := v.list[sym], v.now(), v.cfg.Rules.CloseCutoff
	if tif != pitwall.CLS || s.Size >= 24*time.Hour || cutoff == 0 {
		return nil
	}
	if left := s.Instrument.SessionClose(now).Sub(now); left > 0 && left < cutoff {
		return pitwall.Errorf(pitwall.NotAllowed, "the session closes in %v and orders on the close end %v before it", left, cutoff).Hintf("use a market order")
	}
	return nil
}

// roundToTick rounds an order's prices to the tick and returns a note that names
// those it moved (rule 19). A price that becomes 0 would be none: it is refused.
func roundToTick(o *pitwall.Order, in *pitwall.Instrument) (string, *pitwall.Error) {
	var notes []string
	var zero *pitwall.Error
	round := func(name string, s pitwall.Side, stop bool, p *pitwall.Dec) {
		side := engine.Buy
		if s == pitwall.Sell {
			side = engine.Sell
		}
		tick := in.TickAt(*p)
		if r := engine.Round(tick, side, stop, *p); *p != 0 && r != *p {
			if r == 0 && zero == nil {
				zero = pitwall.Errorf(pitwall.InvalidNumber, "%s %v is 0 on the tick of %v", name, *p, tick).Hintf("use a price at least one tick from 0")
			}
			notes = append(notes, fmt.Sprintf("%s %v became %v on the tick of %v", name, *p, r, tick))
			*p = r
		}
	}
	round("limit", o.Side, false, &o.Limit)
	round("stop", o.Side, true, &o.Stop)
	exit := o.Side.Opposite()
	if o.Class == pitwall.OCO {
		exit = o.Side
	}
	for i := range o.Legs {
		l := &o.Legs[i]
		round(string(l.Role)+" limit", exit, false, &l.Limit)
		round(string(l.Role)+" stop", exit, true, &l.Stop)
	}
	return strings.Join(notes, "; "), zero
}

// change returns an order as a change makes it, with a note of the prices rounded
// to the tick, or why it is invalid. It rounds the change's prices too.
func (v *Venue) change(n *order, c *pitwall.Change) (pitwall.Order, string, *pitwall.Error) {
	instrument := v.list[n.sym].Instrument
	o, e := n.CheckChange(*c, instrument, v.engine.Last(int(n.sym)), v.now())
	if e == nil {
		e = v.checkCutoff(n.sym, o.TIF)
	}
	if e == nil {
		e = v.checkCrossing(o)
	}
	if e != nil {
		return o, "", e
	}
	own := o
	own.Legs = nil // a change leaves the legs alone
	note, e := roundToTick(&own, &instrument)
	if e != nil {
		return o, "", e
	}
	o.Limit, o.Stop = own.Limit, own.Stop
	if c.Limit != 0 {
		c.Limit = o.Limit
	}
	if c.Stop != 0 {
		c.Stop = o.Stop
	}
	return o, note, nil
}

// checkCrossing refuses to move an exit past the other one.
func (v *Venue) checkCrossing(o pitwall.Order) *pitwall.Error {
	var target, stop pitwall.Dec
	switch o.Role {
	case pitwall.TakeProfit:
		target = o.Limit
		if other := v.byID[pitwall.LegID(o.Parent, pitwall.StopLoss)]; other != nil && other.Status.Open() {
			stop = other.Trigger
		}
	case pitwall.StopLoss:
		stop = o.Stop
		if other := v.byID[pitwall.LegID(o.Parent, pitwall.TakeProfit)]; other != nil && other.Status.Open() {
			target = other.Limit
		}
	}
	if target == 0 || stop == 0 || (target > stop) == (o.Side == pitwall.Sell) && target != stop {
		return nil
	}
	return pitwall.Errorf(pitwall.InvalidInput, "the take_profit at %v and the stop_loss at %v would cross", target, stop).Hintf("a long position takes profit above its stop, a short one below it")
}
