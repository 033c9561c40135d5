package audit

import "pitwall"

// how says in which way an order filled; a leg's rights in that bar hang on it.
type how string

const (
	atOpen  how = "open"
	atStop  how = "stop"
	atLimit how = "limit"
	byClose how = "stop limit by the close"
	atClose how = "close"
)

// beats reports whether a limit order is better than its limit at a price.
func beats(side pitwall.Side, price, limit pitwall.Dec) bool {
	if side == pitwall.Buy {
		return price < limit
	}
	return price > limit
}

// hits reports whether a price triggers a stop.
func hits(side pitwall.Side, price, stop pitwall.Dec) bool { return !beats(side, price, stop) }

// worst returns the bar's price that triggers stops first.
func worst(side pitwall.Side, b *pitwall.Bar) pitwall.Dec {
	if side == pitwall.Buy {
		return b.High
	}
	return b.Low
}

// best returns the bar's price that limits wait for.
func best(side pitwall.Side, b *pitwall.Bar) pitwall.Dec {
	if side == pitwall.Buy {
		return b.Low
	}
	return b.High
}

func (r *replica) passes(side pitwall.Side, price, limit pitwall.Dec) bool {
	return beats(side, price, limit) || r.Rules.Touch && price == limit
}

// isLimit reports whether o is a limit order by now, isStop whether it waits for
// its trigger, isMarket whether it takes any price.
func (o *order) isLimit() bool {
	return o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit && o.triggered
}

func (o *order) isMarket() bool {
	return o.Type == pitwall.MarketOrder || o.Type != pitwall.StopLimit && o.triggered
}

func (o *order) isStop() bool { return !o.isLimit() && !o.isMarket() }

// meets returns the symbol of o if o may meet its bar: section 1.
func (r *replica) meets(o *order) *symbol {
	s := r.symbol(o.Symbol)
	if !o.live() || s.bar == nil || s.bar.Start.Before(o.active) || !o.expiresAt.IsZero() && !s.bar.Start.Before(o.expiresAt) {
		return nil
	}
	return s
}

// inside returns it if o may trade after the bar's open.
func (r *replica) inside(o *order) *symbol {
	s := r.meets(o)
	if s == nil || s.bar.Volume == 0 || o.TIF == pitwall.IOC || o.TIF == pitwall.FOK || o.TIF == pitwall.OPG ||
		!o.expiresAt.IsZero() && o.expiresAt.Before(s.bar.End) {
		return nil
	}
	return s
}

// match is section 3.
func (r *replica) match() {
	for _, s := range r.symbols {
		if s.bar != nil {
			r.measure(s)
		}
	}
	for _, o := range r.orders {
		o.bound, o.how, o.fresh, o.acted = 0, "", false, false
	}
	for _, o := range r.orders {
		if s := r.meets(o); s != nil && (o.TIF != pitwall.OPG || s.begins) {
			r.open(o, s)
		}
	}
	for _, o := range r.orders {
		if s := r.meets(o); s != nil && (o.TIF == pitwall.IOC || o.TIF == pitwall.FOK || o.TIF == pitwall.OPG && s.begins) {
			r.finish(o, pitwall.Canceled, "")
		}
	}
	if r.Rules.Path == pitwall.OHLC {
		for _, s := range r.symbols {
			if s.bar != nil {
				r.walk(s)
			}
		}
	} else {
		r.provable()
	}
	for _, o := range r.orders {
		if s := r.inside(o); s != nil && o.TIF == pitwall.CLS {
			r.close(o, s)
		}
	}
	for _, o := range r.orders {
		if s := r.meets(o); s != nil {
			r.trail(o, s)
		}
	}
}

// measure says how much of the bar's volume orders may take: section 4.
func (r *replica) measure(s *symbol) {
	s.volume, s.left, s.taken = 0, pitwall.MaxDec, 0
	if s.bar.Volume < 0 {
		return
	}
	v, err := pitwall.FromFloat(s.bar.Volume)
	if err != nil { // more than a Dec holds is more than any order takes
		v = pitwall.MaxDec
	}
	s.volume = v
	if r.Rules.VolumeShare != pitwall.NoVolumeLimit {
		s.left = r.a.Mul(v, r.Rules.VolumeShare).Floor(s.Instrument.Lot)
	}
}

// open is the moment at the open.
func (r *replica) open(o *order, s *symbol) {
	price := s.bar.Open
	if o.TIF == pitwall.CLS || o.remaining() <= 0 {
		return
	}
	if s.bar.Volume != 0 && o.isStop() && hits(o.Side, price, o.trigger) {
		o.triggered = true
		r.endEntry(o)
	}
	if s.bar.Volume != 0 && o.isLimit() && !o.met {
		o.met, o.marketable = true, o.parent == nil && beats(o.Side, price, o.Limit)
	}
	if s.bar.Volume != 0 && (o.isMarket() || o.isLimit() && beats(o.Side, price, o.Limit)) {
		r.fill(o, s, price, false, atOpen, o.remaining())
	}
}

// provable are the moments of the stops and of the limits.
func (r *replica) provable() {
	for _, o := range r.orders {
		if s := r.inside(o); s != nil && o.TIF != pitwall.CLS && o.isStop() {
			r.stop(o, s)
		}
	}
	for _, o := range r.orders {
		s := r.inside(o)
		if s == nil || o.TIF == pitwall.CLS || !o.isLimit() || o.acted || beats(o.Side, s.bar.Open, o.Limit) {
			continue
		}
		if r.passes(o.Side, best(o.Side, s.bar), o.Limit) {
			r.fill(o, s, o.Limit, !o.marketable, atLimit, r.allowed(o))
		}
	}
}

// stop is a stop's moment inside a bar. A stop-limit that triggers here has had
// its chance in this bar.
func (r *replica) stop(o *order, s *symbol) {
	if hits(o.Side, worst(o.Side, s.bar), o.trigger) && r.allowed(o) > 0 {
		r.touch(o, s, o.trigger, r.allowed(o))
	}
}

// touch is what a stop does that a price inside a bar triggers.
func (r *replica) touch(o *order, s *symbol, at, want pitwall.Dec) {
	o.triggered, o.acted = true, true
	r.endEntry(o)
	switch {
	case o.Type != pitwall.StopLimit || !beats(o.Side, o.Limit, at):
		r.fill(o, s, at, false, atStop, want)
	case beats(o.Side, s.bar.Close, o.Limit):
		r.fill(o, s, o.Limit, true, byClose, want)
	}
}

// close is the moment at the close.
func (r *replica) close(o *order, s *symbol) {
	if s.bar.End.Before(s.close) {
		return
	}
	if o.Type == pitwall.MarketOrder || !beats(o.Side, o.Limit, s.bar.Close) {
		r.fill(o, s, s.bar.Close, false, atClose, r.allowed(o))
	}
}

// trail moves a trailing stop after the bar: sections 3 and 11.
func (r *replica) trail(o *order, s *symbol) {
	if o.Type != pitwall.TrailingStop || o.triggered || s.bar.Volume == 0 {
		return
	}
	price := best(o.Side, s.bar)
	if o.fresh {
		price = s.bar.Close
	}
	r.tighten(o, s, price)
}

func (r *replica) tighten(o *order, s *symbol, price pitwall.Dec) {
	if to := r.trailFrom(o, s, price); beats(o.Side, to, o.trigger) {
		o.trigger = to
	}
}

// walk is section 5: the price goes open, high, low, close.
func (r *replica) walk(s *symbol) {
	path := []pitwall.Dec{s.bar.Open, s.bar.High, s.bar.Low, s.bar.Close}
	for i := range 3 {
		at, to, rising := path[i], path[i+1], i != 1
		for {
			o, price := r.nextOn(s, at, to, rising)
			if o == nil {
				break
			}
			at = price
			if !o.isStop() {
				o.acted = true
				r.fill(o, s, price, !o.marketable && price == o.Limit, atLimit, o.remaining())
				continue
			}
			o.triggered = true
			r.endEntry(o)
			if o.Type != pitwall.StopLimit || !beats(o.Side, o.Limit, price) {
				o.acted = true
				r.fill(o, s, price, false, atStop, o.remaining())
			}
		}
	}
}

// nextOn returns the order that comes first on the way from one price to
// another, stops before limits, then in line, and its price.
func (r *replica) nextOn(s *symbol, from, to pitwall.Dec, rising bool) (*order, pitwall.Dec) {
	var first *order
	var at pitwall.Dec
	stopSide, limitSide := pitwall.Sell, pitwall.Buy
	if rising {
		stopSide, limitSide = pitwall.Buy, pitwall.Sell
	}
	for _, stops := range []bool{true, false} {
		for _, o := range r.orders {
			if r.inside(o) != s || o.TIF == pitwall.CLS || o.acted || o.isStop() != stops || o.isMarket() || o.remaining() <= 0 {
				continue
			}
			price, comes := o.Limit, o.Side == limitSide && r.passes(o.Side, to, o.Limit)
			behind := r.passes(o.Side, from, o.Limit) // it became live on the way, past its price
			if stops {
				price, comes, behind = o.trigger, o.Side == stopSide && hits(o.Side, to, o.trigger), hits(o.Side, from, o.trigger)
			}
			if behind {
				price = from
			}
			if (comes || behind) && (first == nil || nearer(price, at, rising)) {
				first, at = o, price
			}
		}
	}
	return first, at
}

func nearer(a, b pitwall.Dec, rising bool) bool {
	if rising {
		return a < b
	}
	return a > b
}
