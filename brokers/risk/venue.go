package risk

import (
	"cmp"
	"math"
	"slices"

	"pitwall"
)

// The checks of an order against its market: volume, hours, its own other orders.

const defaultVolume = 20

// minNotional refuses what costs more than it moves.
func (t *trial) minNotional(limit pitwall.Dec) {
	c := &t.calc
	price := min(t.ref, t.worst(c, t.self(), t.ref)) // the least that the order can be about
	n := c.Mul(c.Mul(t.o.Qty, price), cmp.Or(t.instrument().Multiplier, pitwall.One))
	if n < limit {
		t.fail(MinOrderNotional, n.String(), t.currency(), "%v x %v = %s is below %s", t.o.Qty, price, t.money(n), t.money(limit)).Hint = "a larger order, or none"
	}
}

// participation limits an order as a part of the mean volume of the last days. A day
// without volume counts as one of 0; the day under way, if any, counts as it stands.
func (t *trial) participation(limit Measured) {
	volume, days := map[int]float64{}, []int{}
	for _, b := range t.bars(t.o.Symbol) {
		if b.Volume == pitwall.NoVolume {
			t.missing("the volume of %s", t.o.Symbol)
			return
		}
		day := dayOf(b)
		if _, ok := volume[day]; !ok {
			days = append(days, day)
		}
		volume[day] += b.Volume
	}
	days = days[max(0, len(days)-limit.Days):]
	if len(days) < limit.Days {
		t.missing("%d days of volume of %s; there are %d", limit.Days, t.o.Symbol, len(days))
		return
	}
	sum := 0.0
	for _, d := range days {
		sum += volume[d]
	}
	adv, err := pitwall.FromFloat(math.Floor(sum / float64(len(days))))
	if err != nil {
		t.missing("a mean volume that is a number: %v", err)
		return
	}
	if above(t.o.Qty, hundred, limit.Limit, adv) {
		p := "all"
		if adv > 0 {
			p = t.calc.MulDiv(t.o.Qty, hundred, adv).String()
		}
		t.fail(MaxParticipation, p, "%", "qty %v is %s %% of the mean daily volume %v of %d days; limit %v %%", t.o.Qty, p, adv, limit.Days, limit.Limit).Check.Limit = limit.Limit.String()
	}
}

// tradingHours refuses orders outside the symbol's session; its first and last instant
// are inside, so that a turn at the close of a daily bar may trade.
func (t *trial) tradingHours(bool) {
	i, now := t.instrument(), t.s.Now
	day := i.Day(now)
	opens, closes, ok := i.Session(day)
	from, to := i.Break(day)
	pause := now.After(from) && now.Before(to)
	if ok && !pause && !now.Before(opens) && !now.After(closes) {
		return
	}
	next := to
	if !pause {
		if next = opens; !ok || !now.Before(opens) {
			next, _, ok = i.Session(day.AddDate(0, 0, 1))
			for n := 2; !ok && n < 30; n++ {
				next, _, ok = i.Session(day.AddDate(0, 0, n))
			}
		}
	}
	t.fail(TradingHours, t.time(now), "", "%s is closed at %s; next open %s", t.o.Symbol, t.time(now), t.time(next)).Hint = "wait for the session"
}

// washTrade refuses an order that could trade with an open one of its own book.
func (t *trial) washTrade(bool) {
	if t.s.Open == nil {
		t.missing("the open orders")
		return
	}
	price := func(o pitwall.Order) pitwall.Dec { // the worst that it takes
		switch {
		case o.Limit != 0:
			return o.Limit
		case o.Side == pitwall.Buy:
			return pitwall.Dec(math.MaxInt64)
		}
		return pitwall.Dec(math.MinInt64)
	}
	resting := func(o pitwall.OrderState) bool {
		return o.Status != pitwall.Held && o.Class != pitwall.OCO && o.Trail == 0 && o.TrailPercent == 0 && o.Stop == 0
	}
	i := slices.IndexFunc(t.s.Open, func(o pitwall.OrderState) bool {
		if o.Symbol != t.o.Symbol || o.Side == t.o.Side || !resting(o) || !resting(t.self()) {
			return false
		}
		if t.o.Side == pitwall.Buy {
			return price(t.o) >= price(o.Order)
		}
		return price(t.o) <= price(o.Order)
	})
	if i >= 0 {
		o := t.s.Open[i]
		t.fail(WashTrade, o.ID, "", "would cross own %s order %s at %s", o.Side, o.ID, priceOf(o.Order)).Hint = "cancel that order first"
	}
}

// pending holds back what could be an order without an answer, sent again under
// another id: while such an order may be at the broker, and until the next bar when it
// was found there meanwhile, no other of its book, symbol and side is sent, whatever its
// size and price. It is no limit and always on.
func (t *trial) pending() {
	for _, o := range t.s.Open {
		if o.Status != pitwall.Unknown || o.ID == t.o.ID || o.Symbol != t.o.Symbol || o.Side != t.o.Side || o.Parent != "" {
			continue
		}
		since := cmp.Or(o.Accepted, o.Updated)
		t.fail(UnknownPending, o.ID, "", "order %s (%s %v %s) has no answer since %s and may be at the broker; another %s of %s is held back", o.ID, o.Side, o.Qty, o.Symbol, t.time(since), o.Side, o.Symbol).
			Hint = "read orders_status of " + o.ID + ", or submit it again under that client_order_id"
		return
	}
	for _, x := range t.s.Unanswered {
		o := x.Order
		if !x.Time.Equal(t.s.Now) || o.ID == t.o.ID || cmp.Or(o.Book, pitwall.MainBook) != cmp.Or(t.o.Book, pitwall.MainBook) || o.Symbol != t.o.Symbol || o.Side != t.o.Side {
			continue
		}
		t.fail(UnknownPending, o.ID, "", "order %s (%s %v %s) got no answer when it was sent at this time and may be at the broker; another %s of %s is held back until the next bar", o.ID, o.Side, o.Qty, o.Symbol, o.Side, o.Symbol).
			Hint = "read orders_status of " + o.ID + " and decide again at the next bar"
		return
	}
}
