package sim

import (
	"fmt"
	"time"

	"pitwall"
	"pitwall/sim/engine"
)

// This file turns what is asked into what the engine takes: what is valid, and
// prices on the tick.

var types = map[pitwall.OrderType]engine.Type{pitwall.MarketOrder: engine.Market, pitwall.LimitOrder: engine.Limit, pitwall.StopOrder: engine.Stop,
	pitwall.StopLimit: engine.StopLimit, pitwall.TrailingStop: engine.Trailing}

var tifs = map[pitwall.TIF]engine.TIF{pitwall.Day: engine.Day, pitwall.GTC: engine.GTC, pitwall.GTD: engine.GTD, pitwall.IOC: engine.IOC, pitwall.FOK: engine.FOK,
	pitwall.OPG: engine.OPG, pitwall.CLS: engine.CLS}

// accepts says what the engine is to be asked, or why an order is refused before
// its money is looked at. Prices are put on the tick; the order's Note says so.
func (v *Venue) accepts(n *order) (engine.Spec, *pitwall.Error) {
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
	if o.Side != pitwall.Buy && o.Side != pitwall.Sell {
		return engine.Spec{}, pitwall.Errorf(pitwall.InvalidInput, "side is %q", o.Side).Hintf("use buy or sell")
	}
	for _, check := range [...]func(*order) *pitwall.Error{v.validPrices, v.validTIF, v.validClass, v.validQty} {
		if e := check(n); e != nil {
			return engine.Spec{}, e
		}
	}
	n.Note = v.round(n)
	if o.Limit < 0 || (o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit) && o.Limit == 0 || o.Type == pitwall.StopOrder && o.Stop == 0 {
		return engine.Spec{}, pitwall.Errorf(pitwall.InvalidNumber, "a price is below one tick (%v)", v.list[sym].Instrument.Tick)
	}
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

// validPrices checks that an order has the prices of its type and no others.
func (v *Venue) validPrices(n *order) *pitwall.Error {
	o := &n.Order
	need := map[pitwall.OrderType]string{pitwall.MarketOrder: "no price", pitwall.LimitOrder: "limit", pitwall.StopOrder: "stop", pitwall.StopLimit: "stop and limit",
		pitwall.TrailingStop: "one of trail and trail_percent"}[o.Type]
	if need == "" {
		return pitwall.Errorf(pitwall.Unsupported, "order type %q is not known", o.Type).Hintf("use market, limit, stop, stop_limit or trailing_stop")
	}
	limit := o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit
	// A percent leg gets its stop from the price of its entry.
	stop := o.Type == pitwall.StopOrder || o.Type == pitwall.StopLimit
	trail := o.Type == pitwall.TrailingStop
	one := (o.Trail != 0) != (o.TrailPercent != 0)
	if o.Parent == "" && ((o.Limit != 0) != limit || (o.Stop != 0) != stop) || trail != one || (!trail && o.Trail != 0) {
		return pitwall.Errorf(pitwall.InvalidInput, "a %s order takes %s; given are limit %v, stop %v, trail %v, trail_percent %v", o.Type, need, o.Limit, o.Stop, o.Trail, o.TrailPercent)
	}
	if o.Limit < 0 || o.Stop < 0 || o.Trail < 0 || o.TrailPercent < 0 || o.TrailPercent >= pitwall.Int(100) {
		return pitwall.Errorf(pitwall.InvalidNumber, "limit %v, stop %v, trail %v, trail_percent %v", o.Limit, o.Stop, o.Trail, o.TrailPercent).Hintf("use prices above 0 and a percentage below 100")
	}
	return nil
}

// validTIF checks the time in force.
func (v *Venue) validTIF(n *order) *pitwall.Error {
	o := &n.Order
	plain := o.Type == pitwall.MarketOrder || o.Type == pitwall.LimitOrder
	if (o.TIF == pitwall.GTD) != !o.GoodTill.IsZero() {
		return pitwall.Errorf(pitwall.InvalidInput, "tif is %s and good_till %s", o.TIF, show(o.GoodTill)).Hintf("tif gtd and good_till go together")
	}
	switch o.TIF {
	case pitwall.Day, pitwall.GTC:
	case pitwall.GTD:
		if !o.GoodTill.After(v.now()) {
			return pitwall.Errorf(pitwall.InvalidInput, "good_till is %s; it is %s now", show(o.GoodTill), show(v.now())).Hintf("name a time to come")
		}
	case pitwall.IOC, pitwall.FOK, pitwall.OPG, pitwall.CLS:
		if !plain || o.Class == pitwall.OCO {
			return pitwall.Errorf(pitwall.Unsupported, "a %s order cannot be %s", o.Type, o.TIF).Hintf("use day, gtc or gtd")
		}
		if o.TIF == pitwall.CLS {
			return v.tooLate(n)
		}
	default:
		return pitwall.Errorf(pitwall.Unsupported, "time in force %q is not known", o.TIF).Hintf("use day, gtc, gtd, ioc, fok, opg or cls")
	}
	return nil
}

func show(t time.Time) string {
	if t.IsZero() {
		return "not given"
	}
	return t.Format(time.RFC3339)
}

// tooLate refuses orders on the close within the cutoff before it (rule 14).
func (v *Venue) tooLate(n *order) *pitwall.Error {
	s, now, cutoff := v.list[n.sym], v.now(), v.cfg.Rules.CloseCutoff
	if s.Size >= 24*time.Hour || cutoff == 0 {
		return nil
	}
	if left := s.Instrument.SessionClose(now).Sub(now); left > 0 && left < cutoff {
		return pitwall.Errorf(pitwall.NotAllowed, "the session closes in %v and orders on the close end %v before it", left, cutoff).Hintf("use a market order")
	}
	return nil
}

// validClass checks an order's class against its legs.
func (v *Venue) validClass(n *order) *pitwall.Error {
	o := &n.Order
	bad := func(format string, args ...any) *pitwall.Error {
		return pitwall.Errorf(pitwall.InvalidInput, format, args...).Hintf("bracket: an entry with take_profit and stop_loss; oto: an entry with one of them; oco: both for a held position, without prices of its own; group ties simple orders")
	}
	roles := map[pitwall.Role]int{}
	for _, l := range o.Legs {
		roles[l.Role]++
		if e := validLeg(l); e != nil {
			return e
		}
	}
	both := len(o.Legs) == 2 && roles[pitwall.TakeProfit] == 1 && roles[pitwall.StopLoss] == 1
	switch {
	case o.Class == pitwall.Simple && len(o.Legs) == 0:
	case o.Class == pitwall.Bracket && both:
	case o.Class == pitwall.OTO && len(o.Legs) == 1:
	case o.Class == pitwall.OCO && both && o.Type == pitwall.MarketOrder:
	default:
		return bad("class %s with %d legs and type %s", o.Class, len(o.Legs), o.Type)
	}
	if o.Class != pitwall.Simple && (o.Group != "" || o.ReduceOnly) {
		return bad("class %s with group %q and reduce_only %v", o.Class, o.Group, o.ReduceOnly)
	}
	long := (o.Side == pitwall.Buy) != (o.Class == pitwall.OCO)
	for _, l := range o.Legs {
		// What lies below the entry cannot be 100 % away.
		if below := long == (l.Role == pitwall.StopLoss); below && l.Percent >= pitwall.Int(100) {
			return pitwall.Errorf(pitwall.InvalidNumber, "%s is %v percent below the entry", l.Role, l.Percent).Hintf("use less than 100")
		}
		if v.byID[legID(o.ID, l.Role)] != nil {
			return pitwall.Errorf(pitwall.InvalidInput, "the id %s of its leg is taken", legID(o.ID, l.Role)).Hintf("use another client_order_id")
		}
	}
	return v.validSides(n)
}

// validLeg checks that a leg says one price.
func validLeg(l pitwall.Leg) *pitwall.Error {
	given := 0
	for _, p := range [...]pitwall.Dec{l.Stop, l.Percent, l.Trail, l.TrailPercent} {
		if p < 0 {
			return pitwall.Errorf(pitwall.InvalidNumber, "a price of %s is %v", l.Role, p)
		}
		if p != 0 {
			given++
		}
	}
	switch {
	case l.Role == pitwall.TakeProfit && l.Limit >= 0 && (l.Limit != 0) != (l.Percent != 0) && given == len1(l.Percent):
	case l.Role == pitwall.StopLoss && l.Limit >= 0 && given == 1 && (l.Limit == 0 || l.Trail == 0 && l.TrailPercent == 0):
	case l.Role != pitwall.TakeProfit && l.Role != pitwall.StopLoss:
		return pitwall.Errorf(pitwall.InvalidInput, "a leg's role is %q", l.Role).Hintf("use take_profit or stop_loss")
	default:
		return pitwall.Errorf(pitwall.InvalidInput, "%s has limit %v, stop %v, percent %v, trail %v, trail_percent %v", l.Role, l.Limit, l.Stop, l.Percent, l.Trail, l.TrailPercent).
			Hintf("take_profit has a limit or a percent; stop_loss one of stop, percent, trail and trail_percent, and with a stop or percent a limit if it is to be a stop_limit")
	}
	if l.TrailPercent >= pitwall.Int(100) {
		return pitwall.Errorf(pitwall.InvalidNumber, "%s trails by %v percent", l.Role, l.TrailPercent).Hintf("use less than 100")
	}
	return nil
}

func len1(d pitwall.Dec) int {
	if d != 0 {
		return 1
	}
	return 0
}

// validSides checks that the target is on the winning side of the entry and the
// stop on the other: what is the wrong way round is a mistake.
func (v *Venue) validSides(n *order) *pitwall.Error {
	o := &n.Order
	if len(o.Legs) == 0 {
		return nil
	}
	entry, what := v.engine.Last(int(n.sym)), "the last price"
	if o.Stop != 0 {
		entry, what = o.Stop, "the stop"
	}
	if o.Limit != 0 {
		entry, what = o.Limit, "the limit"
	}
	up := o.Side == pitwall.Buy // the position gains when prices rise
	if o.Class == pitwall.OCO {
		up = !up
	}
	for _, l := range o.Legs {
		price, above := l.Limit, up
		if l.Role == pitwall.StopLoss {
			price, above = l.Stop, !up
		}
		if price != 0 && entry != 0 && (price == entry || (price > entry) != above) {
			side := "below"
			if above {
				side = "above"
			}
			return pitwall.Errorf(pitwall.InvalidInput, "%s at %v is not %s %s (%v)", l.Role, price, side, what, entry).Hintf("a long position takes profit above its entry and stops below it; a short one the other way round")
		}
	}
	return nil
}

// validQty checks a quantity against the lot.
func (v *Venue) validQty(n *order) *pitwall.Error {
	lot := v.list[n.sym].Instrument.Lot
	if n.Qty <= 0 {
		return pitwall.Errorf(pitwall.InvalidNumber, "qty %v is not a finite number > 0", n.Qty)
	}
	if lot <= 0 || n.Qty%lot != 0 {
		return pitwall.Errorf(pitwall.InvalidNumber, "qty %v is not a multiple of %s's lot %v", n.Qty, n.Symbol, lot).Hintf("use %v", n.Qty.Floor(lot))
	}
	return nil
}

// round puts an order's prices on the tick and says which it moved (rule 19).
func (v *Venue) round(n *order) string {
	tick := v.list[n.sym].Instrument.Tick
	if tick <= 0 {
		return ""
	}
	var notes []string
	put := func(name string, s pitwall.Side, stop bool, p *pitwall.Dec) {
		side := engine.Buy
		if s == pitwall.Sell {
			side = engine.Sell
		}
		if r := engine.Round(tick, side, stop, *p); *p != 0 && r != *p {
			notes = append(notes, fmt.Sprintf("%s %v became %v on the tick of %v", name, *p, r, tick))
			*p = r
		}
	}
	put("limit", n.Side, false, &n.Limit)
	put("stop", n.Side, true, &n.Stop)
	exit := other(n.Side)
	if n.Class == pitwall.OCO {
		exit = n.Side
	}
	for i := range n.Legs {
		l := &n.Legs[i]
		put(string(l.Role)+" limit", exit, false, &l.Limit)
		put(string(l.Role)+" stop", exit, true, &l.Stop)
	}
	return rounded(notes)
}

// changes checks what Replace would make of an order, and puts prices on the
// tick.
func (v *Venue) changes(n *order, next *pitwall.OrderState, c *pitwall.Change) (string, *pitwall.Error) {
	switch {
	case n.Class == pitwall.OCO:
		return "", pitwall.Errorf(pitwall.Unsupported, "%s only stands for its legs", n.ID).Hintf("change %s.tp or %s.sl", n.ID, n.ID)
	case n.Parent != "" && (c.Qty != 0 || c.TIF != ""):
		return "", pitwall.Errorf(pitwall.Unsupported, "the quantity and tif of a leg follow from its entry").Hintf("change its price, or cancel it")
	}
	if c.Qty != 0 {
		next.Qty = c.Qty
	}
	if c.Limit != 0 {
		next.Limit = c.Limit
	}
	if c.Stop != 0 {
		next.Stop = c.Stop
	}
	if c.Trail != 0 {
		next.Trail, next.TrailPercent = c.Trail, 0
	}
	if c.TrailPercent != 0 {
		next.Trail, next.TrailPercent = 0, c.TrailPercent
	}
	if c.TIF != "" {
		next.TIF, next.GoodTill = c.TIF, c.GoodTill
	}
	if c.Trail != 0 && c.TrailPercent != 0 || c.TIF == "" && !c.GoodTill.IsZero() {
		return "", pitwall.Errorf(pitwall.InvalidInput, "trail %v with trail_percent %v, tif %q with good_till %s", c.Trail, c.TrailPercent, c.TIF, show(c.GoodTill))
	}
	x := &order{OrderState: *next, sym: n.sym}
	x.Legs = nil
	if n.Status != pitwall.Held || n.Parent == "" {
		if e := v.validPrices(x); e != nil {
			return "", e
		}
	}
	if e := v.validTIF(x); e != nil {
		return "", e
	}
	if e := v.crosses(n, next); e != nil {
		return "", e
	}
	if n.Status == pitwall.Working && n.Filled == 0 && len(n.Legs) > 0 && (c.Limit != 0 || c.Stop != 0) {
		x.Legs = n.Legs
		if e := v.validSides(x); e != nil {
			return "", e
		}
		x.Legs = nil
	}
	if n.Parent == "" {
		if next.Qty <= n.Filled {
			return "", pitwall.Errorf(pitwall.InvalidNumber, "qty %v; %v of order %s are filled already", next.Qty, n.Filled, n.ID).Hintf("qty is the new total; to stop here use orders_cancel")
		}
		if e := v.validQty(x); e != nil {
			return "", e
		}
	}
	note := v.round(x)
	next.Limit, next.Stop = x.Limit, x.Stop
	if c.Limit != 0 {
		c.Limit = x.Limit
	}
	if c.Stop != 0 {
		c.Stop = x.Stop
	}
	return note, nil
}

// crosses refuses to move an exit past the other one.
func (v *Venue) crosses(n *order, next *pitwall.OrderState) *pitwall.Error {
	var target, stop pitwall.Dec
	switch n.Role {
	case pitwall.TakeProfit:
		target = next.Limit
		if o := v.byID[legID(n.Parent, pitwall.StopLoss)]; o != nil && o.Status.Open() {
			stop = o.Trigger
		}
	case pitwall.StopLoss:
		stop = next.Stop
		if o := v.byID[legID(n.Parent, pitwall.TakeProfit)]; o != nil && o.Status.Open() {
			target = o.Limit
		}
	}
	if target == 0 || stop == 0 || (target > stop) == (n.Side == pitwall.Sell) && target != stop {
		return nil
	}
	return pitwall.Errorf(pitwall.InvalidInput, "the take_profit at %v and the stop_loss at %v would cross", target, stop).Hintf("a long position takes profit above its stop, a short one below it")
}

// legType is the order type of a leg.
func legType(l pitwall.Leg) pitwall.OrderType {
	switch {
	case l.Role == pitwall.TakeProfit:
		return pitwall.LimitOrder
	case l.Trail != 0 || l.TrailPercent != 0:
		return pitwall.TrailingStop
	case l.Limit != 0:
		return pitwall.StopLimit
	}
	return pitwall.StopOrder
}
