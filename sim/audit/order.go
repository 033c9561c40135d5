package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// order is an order as the replica knows it. A leg's Qty is what it could come
// to cover: its parent's quantity less what its sibling has traded.
type order struct {
	pitwall.Order
	status               pitwall.Status
	code, refused        pitwall.Code // refused: by an answer of the journal without a state
	filled, traded, fees pitwall.Dec  // traded is money
	active, expiresAt    time.Time
	trigger              pitwall.Dec
	placed               bool // a trailing stop has its trigger
	triggered            bool
	met, marketable      bool      // was at an open as a limit; was marketable at the first
	cancelAt, cancelBy   time.Time // a cancel that waits: since when, until when at most
	venue                bool      // a margin call's
	acted                bool      // had its chance inside this bar
	reserved             pitwall.Dec

	parent  *order
	legs    []*order
	percent pitwall.Dec // of a leg whose price hangs on the entry's
	bound   pitwall.Dec // of a leg: what the entry filled inside this bar
	how     how         // how it filled that
	covered bool        // of a leg: has been armed
	fresh   bool        // of a leg: for the first time inside this bar
}

func (o *order) open() bool { return o.status.Open() }

// live reports whether o may trade: held legs and OCO parents do not.
func (o *order) live() bool {
	return o.open() && o.status != pitwall.Held && o.Class != pitwall.OCO
}

// remaining is what o may still trade now; of a leg, what its entry has filled
// and no leg has traded yet.
func (o *order) remaining() pitwall.Dec {
	if o.parent != nil && o.parent.Class != pitwall.OCO && o.parent.open() {
		return max(0, o.Qty-o.filled-(o.parent.Qty-o.parent.filled))
	}
	return o.Qty - o.filled
}

// input is an intent and the journal's answer where that is to be believed.
type input struct {
	pitwall.Entry
	refused   pitwall.Code // by an answer without a state
	venueOnly bool         // it is a refusal that only the venue can know
}

func isFunds(c pitwall.Code) bool {
	return slices.Contains([]pitwall.Code{pitwall.BuyingPower, pitwall.ShortNotAllowed, pitwall.NoBorrow, pitwall.ReduceOnly, pitwall.MarginCall}, c)
}

// inputs finds the intents and what the journal says became of each.
func inputs(journal []pitwall.Entry, states map[string]*pitwall.OrderState) []input {
	var all []input
	unsent := pitwall.Unsent(journal)
	for i, e := range journal {
		if e.Kind != pitwall.EntryIntent || unsent[e.Seq] {
			continue
		}
		in := input{Entry: e}
		for _, answer := range journal[i+1:] {
			if answer.Kind == pitwall.EntryIntent || answer.Kind == pitwall.EntryMark {
				break
			}
			if answer.Kind == pitwall.EntryOrder && answer.ID == e.ID && answer.State == nil {
				code, _, _ := strings.Cut(answer.Note, ":")
				in.refused = pitwall.Code(code)
			}
		}
		in.venueOnly = in.refused != "" && !isFunds(in.refused)
		if state := states[e.ID]; e.Verb == "submit" && state != nil && state.Status == pitwall.Rejected && state.Error != nil && !isFunds(state.Error.Code) {
			in.refused, in.venueOnly = state.Error.Code, true
		}
		all = append(all, in)
	}
	return all
}

// apply hands over every intent made up to now.
func (r *replica) apply() {
	for len(r.inputs) > 0 && !r.inputs[0].AsOf.After(r.now) {
		in := r.inputs[0]
		r.inputs = r.inputs[1:]
		if in.Verb == "submit" {
			r.submit(in)
			continue
		}
		if in.Verb == "transfer" {
			r.transfer(in)
			continue
		}
		o := r.order(in.ID)
		if in.venueOnly || o == nil || !o.open() {
			continue
		}
		var code pitwall.Code
		switch {
		case o.venue: // section 10
			code = pitwall.MarginCall
		case in.Verb == "replace" && in.Change != nil:
			code = r.replace(o, *in.Change)
		case in.Verb == "cancel":
			r.cancel(o, r.now)
		}
		if code != in.refused {
			r.differences = append(r.differences, difference{in.Seq, fmt.Sprintf("entry %d, %s of %s: the journal answers %s, the rules give %s", in.Seq, in.Verb, in.ID, answerOf(in.refused), answerOf(code))})
		}
	}
}

func answerOf(c pitwall.Code) string {
	if c == "" {
		return "yes"
	}
	return string(c)
}

func (r *replica) order(id string) *order {
	for _, o := range slices.Concat(r.orders, r.done) {
		if o.ID == id {
			return o
		}
	}
	return nil
}

func (r *replica) submit(in input) {
	if in.Order == nil || r.order(in.Order.ID) != nil {
		return
	}
	o := &order{Order: *in.Order, status: pitwall.Working, refused: in.refused}
	o.Book = bookName(o.Book)
	if o.TIF == "" {
		o.TIF = pitwall.Day
	}
	if o.Class == "" {
		o.Class = pitwall.Simple
	}
	s := r.symbol(o.Symbol)
	switch {
	case in.venueOnly:
		o.code = in.refused
	case s == nil || r.book(o.Book) == nil:
		o.code = pitwall.UnknownSymbol
	default:
		r.accept(o, s)
		o.code = r.test(o, s)
	}
	r.orders = append(r.orders, o)
	if o.code != "" {
		o.status = pitwall.Rejected
		return
	}
	legs := slices.Clone(o.Order.Legs)
	slices.SortStableFunc(legs, func(a, b pitwall.Leg) int { return -strings.Compare(string(a.Role), string(b.Role)) }) // the target first
	for _, l := range legs {
		leg := r.newLeg(o, l)
		o.legs = append(o.legs, leg)
		r.orders = append(r.orders, leg)
	}
	if o.Class == pitwall.OCO {
		for _, leg := range o.legs {
			r.price(leg, s.last)
			leg.status, leg.covered = pitwall.Working, true
		}
	}
}

// accept is sections 1, 3 (trailing), 6 and 12 at acceptance.
func (r *replica) accept(o *order, s *symbol) {
	o.active, o.expiresAt = r.now.Add(r.Rules.Latency), time.Time{}
	if o.TIF == pitwall.GTD {
		o.expiresAt = o.GoodTill
	}
	o.met, o.marketable = false, false
	o.Limit = r.tick(s, o.Limit, o.Side == pitwall.Sell)
	o.Stop = r.tick(s, o.Stop, o.Side == pitwall.Buy)
	if o.Type == pitwall.StopOrder || o.Type == pitwall.StopLimit {
		o.trigger = o.Stop
	} else if o.Type == pitwall.TrailingStop && !o.placed {
		o.placed = true
		o.trigger = r.trailFrom(o, s, s.last)
	}
}

// tick is section 12.
func (r *replica) tick(s *symbol, price pitwall.Dec, up bool) pitwall.Dec {
	step := s.Instrument.Tick
	if step == 0 && s.Instrument.Cents {
		if step = pitwall.One / 100; price > -pitwall.One && price < pitwall.One {
			step = pitwall.One / 10_000
		}
	}
	down := price.Floor(step)
	if price < down {
		down -= step
	}
	if up && down != price {
		return r.a.Add(down, step)
	}
	return down
}

// trailFrom is where a trailing stop stands that starts at a price.
func (r *replica) trailFrom(o *order, s *symbol, price pitwall.Dec) pitwall.Dec {
	away := o.Trail
	if away == 0 {
		away = r.a.MulDiv(price.Abs(), o.TrailPercent, 100*pitwall.One)
	}
	if o.Side == pitwall.Buy {
		return r.tick(s, r.a.Add(price, away), true)
	}
	stop := r.tick(s, r.a.Sub(price, away), false)
	if s.Instrument.Kind != pitwall.Future {
		stop = max(0, stop)
	}
	return stop
}

// replace is section 6: the order is accepted anew.
func (r *replica) replace(o *order, c pitwall.Change) pitwall.Code {
	s, old := r.symbol(o.Symbol), *o
	if c.Qty != 0 {
		o.Qty = c.Qty
	}
	if c.Limit != 0 {
		o.Limit = c.Limit
	}
	if c.Stop != 0 {
		o.Stop, o.triggered = c.Stop, false
	}
	if c.Trail != 0 || c.TrailPercent != 0 {
		o.Trail, o.TrailPercent, o.placed, o.triggered = c.Trail, c.TrailPercent, false, false
	}
	if c.TIF != "" {
		o.TIF = c.TIF
	}
	if !c.GoodTill.IsZero() {
		o.GoodTill = c.GoodTill
	}
	if o.Limit != old.Limit && o.Role == pitwall.TakeProfit || o.Stop != old.Stop {
		o.percent = 0
	}
	if o.status == pitwall.Held {
		r.accept(o, s)
		return ""
	}
	r.accept(o, s)
	if shrinks := o.Qty <= old.Qty && o.Limit == old.Limit && o.trigger == old.trigger && o.triggered == old.triggered; shrinks {
		if o.reserved != 0 {
			o.reserved = r.a.MulDiv(old.reserved, o.remaining(), old.remaining())
		}
	} else {
		line := slices.Clone(r.orders)
		r.toEnd(o)
		if code := r.test(o, s); code != "" {
			*o, r.orders = old, line
			return code
		}
	}
	for _, leg := range o.legs {
		leg.Qty += o.Qty - old.Qty
	}
	return ""
}

// toEnd makes o and its legs the last in line.
func (r *replica) toEnd(o *order) {
	moved := append([]*order{o}, o.legs...)
	r.orders = slices.DeleteFunc(r.orders, func(p *order) bool { return slices.Contains(moved, p) })
	r.orders = append(r.orders, moved...)
}

// cancel is section 7.
func (r *replica) cancel(o *order, at time.Time) {
	if o.Class == pitwall.OCO {
		for _, leg := range o.legs {
			if leg.open() && leg.cancelAt.IsZero() {
				r.cancel(leg, at)
			}
		}
		return
	}
	s, way := r.symbol(o.Symbol), o
	if o.status == pitwall.Held && o.parent != nil {
		way = o.parent // a held leg is where its entry is
	}
	start, end, ok := s.inProgress(at)
	if ok && way.status != pitwall.Held && !start.Before(way.active) && (way.expiresAt.IsZero() || start.Before(way.expiresAt)) {
		if o.cancelAt.IsZero() {
			o.cancelAt, o.cancelBy = at, end
		}
		return
	}
	r.finish(o, pitwall.Canceled, "")
}

// inProgress returns the bar that may be under way at t, or over and not known
// yet, of section 7; end is when it is known.
func (s *symbol) inProgress(t time.Time) (start, end time.Time, ok bool) {
	day := s.sessionDay(t)
	open, closes, trades := s.Instrument.Session(day)
	pause, resumes := s.Instrument.Break(day)
	switch {
	case s.Size == pitwall.OneWeek:
		if start, end, trades = s.Instrument.Week(day); trades && !t.After(start) {
			start, end, trades = s.Instrument.Week(day.AddDate(0, 0, -7))
		}
		if !trades {
			return start, end, false
		}
	case s.Size == pitwall.OneMonth:
		if start, end, trades = s.Instrument.Month(day); trades && !t.After(start) {
			start, end, trades = s.Instrument.Month(time.Date(day.Year(), day.Month(), 0, 0, 0, 0, 0, time.UTC))
		}
		if !trades {
			return start, end, false
		}
	case s.daily() && s.Instrument.Calendar == pitwall.AlwaysOpen:
		start = open
		if !t.After(start) {
			start = start.AddDate(0, 0, -1)
		}
		end = start.AddDate(0, 0, 1)
	case !trades:
		return start, end, false
	case s.daily():
		start, end = open, closes
	case s.next == 0:
		return start, end, false
	default:
		base := s.Bar(s.next - 1).Start
		if s.Instrument.Calendar != pitwall.AlwaysOpen {
			if !s.sessionDay(base).Equal(s.sessionDay(t)) {
				base = open
			}
			if !t.After(base) || !t.Before(s.Instrument.SessionClose(base).Add(s.lag)) {
				return start, end, false
			}
		}
		before := func(t time.Time) time.Time { // the latest slot that began before t
			return base.Add((t.Sub(base) - 1) / s.Size * s.Size)
		}
		start = before(t)
		if !pause.IsZero() && base.Before(resumes) && !start.Before(pause) {
			if !t.After(resumes) {
				return start, end, false
			}
			base = resumes
			start = before(t)
		}
		end = start.Add(s.Size)
	}
	end = end.Add(s.lag)
	return start, end, t.After(start) && t.Before(end)
}
