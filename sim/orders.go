package sim

import (
	"context"
	"fmt"
	"sort"
	"time"

	"pitwall"
)

// order is an order inside the venue.
type order struct {
	pitwall.OrderState
	asked    pitwall.Order // as submitted, before any change: its identity
	sym      int           // index into list
	accepted int64         // instant of acceptance
	ends     int64         // day orders: close of the session they can first trade in; 0 = not known yet
	reserve  pitwall.Dec   // money held for an open buy
	spent    pitwall.Dec   // notional of the fills so far, for the average price

	triggered bool // a stop that was touched: a market or a limit order from then on
	trigBar   int  // the bar inside which it was touched: what came first is not known there
}

// traded is what the order has traded so far, for its commission.
func (n *order) traded() pitwall.Traded { return pitwall.Traded{Qty: n.Filled, Notional: n.spent} }

// Submit implements pitwall.Broker.
func (v *Venue) Submit(_ context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != nil {
		return pitwall.OrderState{}, v.failed
	}
	normalize(&o)
	if old, ok := v.byID[o.ID]; ok {
		if !old.asked.SameAs(o) {
			return pitwall.OrderState{}, pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q was used for %s %v %s %s (%s)", o.ID, old.Side, old.asked.Qty, old.Symbol, old.Type, old.Status).
				Hintf("use a new client_order_id for a new order, or orders_modify to change that one")
		}
		return old.OrderState, nil
	}
	if o.ID == "" {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.InvalidInput, "an order needs an id")
	}
	if v.ended {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.EndOfData, "no bar is left, so nothing can fill any more").Hintf("sim_start begins again")
	}
	n := &order{OrderState: pitwall.OrderState{Order: o, Status: pitwall.Working, Accepted: v.time(v.now), Updated: v.time(v.now)}, asked: o, accepted: v.now, sym: -1}
	if id, ok := v.id[o.Symbol]; ok {
		n.sym = id
	}
	if e := v.accepts(n); e != nil {
		n.Status, n.Error = pitwall.Rejected, e
	} else {
		v.resting = append(v.resting, n)
	}
	v.orders = append(v.orders, n)
	v.byID[o.ID] = n
	v.hashOrder(n)
	return n.OrderState, nil
}

// normalize fills in the defaults, so that the same order has one body.
func normalize(o *pitwall.Order) {
	if o.Book == "" {
		o.Book = pitwall.MainBook
	}
	if o.Class == "" {
		o.Class = pitwall.Simple
	}
	if o.TIF == "" {
		o.TIF = pitwall.Day
	}
}

// accepts returns why an order is rejected, or nil after reserving its money.
func (v *Venue) accepts(n *order) *pitwall.Error {
	o := &n.Order
	if o.Book != pitwall.MainBook {
		return pitwall.Errorf(pitwall.Unsupported, "book %q: this world has one book, %q", o.Book, pitwall.MainBook)
	}
	if n.sym < 0 {
		return pitwall.Errorf(pitwall.NotTradable, "%s cannot be traded in this world", o.Symbol).Hintf("it may trade %v", v.symbols())
	}
	if o.Side != pitwall.Buy && o.Side != pitwall.Sell {
		return pitwall.Errorf(pitwall.InvalidInput, "side is %q", o.Side).Hintf("use buy or sell")
	}
	if e := v.acceptsKind(o); e != nil {
		return e
	}
	if e := v.acceptsQty(n, o.Qty); e != nil {
		return e
	}
	if e := v.aim(n); e != nil {
		return e
	}
	return v.fund(n)
}

// aim sets a stop's first trigger: as given, or from the last close (rule 6).
func (v *Venue) aim(n *order) *pitwall.Error {
	n.Trigger = n.Stop
	if n.Type == pitwall.TrailingStop {
		var err error
		if n.Trigger, err = trailed(&n.Order, v.lastPrice(n.sym)); err != nil {
			return pitwall.Errorf(pitwall.InvalidNumber, "trail %v, trail_percent %v: %v", n.Trail, n.TrailPercent, err)
		}
	}
	return nil
}

// lastPrice is the last known close of a symbol, from before the run if need be.
func (v *Venue) lastPrice(sym int) pitwall.Dec {
	if p := v.ledger.last[sym]; p != 0 {
		return p
	}
	return v.lastBefore(sym)
}

// acceptsQty checks a quantity against the lot.
func (v *Venue) acceptsQty(n *order, qty pitwall.Dec) *pitwall.Error {
	lot := v.list[n.sym].Instrument.Lot
	if qty <= 0 {
		return pitwall.Errorf(pitwall.InvalidNumber, "qty %v is not a finite number > 0", qty)
	}
	if lot <= 0 || qty%lot != 0 {
		return pitwall.Errorf(pitwall.InvalidNumber, "qty %v is not a multiple of %s's lot %v", qty, n.Symbol, lot).Hintf("use %v", qty.Floor(lot))
	}
	return nil
}

// fund reserves the money of a buy, or the units of a sale (rule 18).
func (v *Venue) fund(n *order) *pitwall.Error {
	n.reserve = 0
	price := v.lastPrice(n.sym)
	if price == 0 {
		return pitwall.Errorf(pitwall.NoPrice, "no price of %s is known yet", n.Symbol).Hintf("wait for its first bar")
	}
	left := n.Remaining()
	if n.Side == pitwall.Sell {
		free := v.ledger.held[n.sym].qty
		for _, r := range v.resting {
			if r != n && r.sym == n.sym && r.Side == pitwall.Sell {
				free -= r.Remaining()
			}
		}
		if left > free {
			return pitwall.Errorf(pitwall.ShortNotAllowed, "a sale of %v %s; free to sell are %v of %v held", left, n.Symbol, free, v.ledger.held[n.sym].qty).
				Hintf("this is a cash account: sell at most what is held and not already on sale")
		}
		return nil
	}
	var a pitwall.Calc
	if n.Limit != 0 {
		notional := a.Mul(left, n.Limit)
		n.reserve = a.Add(notional, v.cfg.Costs.Fee(&a, n.traded(), left, notional, false))
	} else {
		n.reserve = v.cfg.Costs.Estimate(&a, pitwall.Buy, left, max(price, n.Trigger))
	}
	free := v.free(&a, n)
	if a.Err != nil {
		n.reserve = 0
		return pitwall.Errorf(pitwall.InvalidNumber, "%v %s at %v: %v", left, n.Symbol, price, a.Err)
	}
	if n.reserve > free {
		e := pitwall.Errorf(pitwall.BuyingPower, "%v %s needs %v with costs; free is %v after other open orders", left, n.Symbol, n.reserve.Round(2), free.Round(2))
		e.Checks = []pitwall.Check{{Name: "buying_power", Observed: n.reserve.String(), Limit: free.String(), Unit: "USD"}}
		n.reserve = 0
		return e.Hintf("buy less, cancel an order, or sell first: market sales submitted earlier count at a worst case")
	}
	return nil
}

// free returns the money that a new buy may reserve: cash less what other open
// buys hold, plus the worst case of open market sales (their value at the last
// price less costs and less the cash buffer).
func (v *Venue) free(a *pitwall.Calc, except *order) pitwall.Dec {
	free := v.ledger.cash
	for _, r := range v.resting {
		switch {
		case r == except:
		case r.Side == pitwall.Buy:
			free = a.Sub(free, r.reserve)
		case r.Type == pitwall.MarketOrder && (r.TIF == pitwall.Day || r.TIF == pitwall.GTC): // others may not fill, or only at the close
			proceeds := v.cfg.Costs.Estimate(a, pitwall.Sell, r.Remaining(), v.ledger.last[r.sym])
			free = a.Add(free, a.Sub(proceeds, a.Mul(proceeds, v.cfg.Costs.CashBuffer)))
		}
	}
	return free
}

// lastBefore returns the last close before the run began, 0 without one.
func (v *Venue) lastBefore(sym int) pitwall.Dec {
	l := v.list[sym]
	if n := l.KnownAt(v.now); n > 0 {
		return l.Close[n-1]
	}
	return 0
}

func (v *Venue) symbols() []string {
	names := make([]string, len(v.list))
	for i, l := range v.list {
		names[i] = l.Instrument.Symbol
	}
	return names
}

// open returns an open order by id, or why it cannot be changed.
func (v *Venue) open(id string) (*order, error) {
	n, ok := v.byID[id]
	if !ok {
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "there is no order %q", id).Hintf("orders_open_orders lists the open ones")
	}
	if !n.Status.Open() {
		return nil, pitwall.Errorf(pitwall.OrderClosed, "order %s is %s", id, n.Status)
	}
	return n, nil
}

// Replace implements pitwall.Broker. The changed order keeps its place in time
// priority only if it became smaller; it can never meet the bar that it saw.
func (v *Venue) Replace(_ context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	n, err := v.open(id)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	if v.failed != nil {
		return pitwall.OrderState{}, v.failed
	}
	next := *n
	if c.Qty != 0 {
		next.Qty = c.Qty
	}
	if c.Limit != 0 {
		next.Limit = c.Limit
	}
	if c.TIF != "" {
		next.TIF, next.ends = c.TIF, 0
	}
	if c.Stop != 0 {
		next.Stop, next.triggered = c.Stop, false
	}
	if c.Trail != 0 {
		next.Trail, next.TrailPercent, next.triggered = c.Trail, 0, false
	}
	if e := v.acceptsKind(&next.Order); e != nil {
		return pitwall.OrderState{}, e
	}
	if c.Stop != 0 || c.Trail != 0 {
		if e := v.aim(&next); e != nil {
			return pitwall.OrderState{}, e
		}
	}
	if next.Qty <= n.Filled {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.InvalidNumber, "qty %v; %v of order %s are filled already", next.Qty, n.Filled, id).Hintf("qty is the new total; to stop here use orders_cancel")
	}
	if e := v.acceptsQty(&next, next.Qty); e != nil {
		return pitwall.OrderState{}, e
	}
	old := *n
	*n = next // fund looks at the resting list, so the new figures must stand there
	if e := v.fund(n); e != nil {
		*n = old
		return pitwall.OrderState{}, e
	}
	if n.Limit != old.Limit || n.Trigger != old.Trigger || n.Qty > old.Qty {
		v.drop(n)
		v.resting = append(v.resting, n)
	}
	n.accepted, n.Updated = v.now, v.time(v.now)
	v.hashOrder(n)
	return n.OrderState, nil
}

// Cancel implements pitwall.Broker.
func (v *Venue) Cancel(_ context.Context, id string) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n, ok := v.byID[id]; ok && n.Status == pitwall.Canceled {
		return n.OrderState, nil
	}
	n, err := v.open(id)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	v.close(n, pitwall.Canceled, v.time(v.now), nil)
	return n.OrderState, nil
}

// close ends an order in a state that cannot trade.
func (v *Venue) close(n *order, s pitwall.Status, at time.Time, why *pitwall.Error) {
	n.Status, n.Updated, n.Error, n.reserve = s, at, why, 0
	v.drop(n)
	v.hashOrder(n)
}

func (v *Venue) drop(n *order) {
	for i, r := range v.resting {
		if r == n {
			v.resting = append(v.resting[:i], v.resting[i+1:]...)
			return
		}
	}
}

// hashOrder feeds an order's state to the digest: what it is and where it
// stands, not who asked or why.
func (v *Venue) hashOrder(n *order) {
	v.hashText("order", n.ID, n.Book, n.Symbol, string(n.Side), string(n.Type), string(n.TIF), string(n.Status))
	v.hashWords(int64(n.Qty), int64(n.Limit), int64(n.Trigger), int64(n.Filled), n.Updated.UnixNano())
}

// Orders implements pitwall.Broker.
func (v *Venue) Orders(_ context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	from := v.orders
	switch {
	case q.ID != "":
		n, ok := v.byID[q.ID]
		if !ok {
			return nil, pitwall.Errorf(pitwall.UnknownOrder, "there is no order %q", q.ID).Hintf("ids are as given in client_order_id or as orders_submit answered")
		}
		return []pitwall.OrderState{n.OrderState}, nil
	case q.Open:
		from = v.resting
	}
	list := []pitwall.OrderState{}
	for _, n := range from {
		if (q.Symbol == "" || n.Symbol == q.Symbol) && (q.Book == "" || n.Book == q.Book) && (q.After.IsZero() || n.Updated.After(q.After)) {
			list = append(list, n.OrderState)
		}
	}
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[len(list)-q.Limit:]
	}
	return list, nil
}

// Fills implements pitwall.Broker.
func (v *Venue) Fills(_ context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	from := int(since.Seq)
	if from < 0 || from > len(v.fills) {
		return nil, since, fmt.Errorf("cursor %d is beyond %d fills", since.Seq, len(v.fills))
	}
	if from == 0 && !since.Time.IsZero() {
		from = sort.Search(len(v.fills), func(i int) bool { return v.fills[i].Known.After(since.Time) })
	}
	return append([]pitwall.Fill{}, v.fills[from:]...), pitwall.Cursor{Seq: int64(len(v.fills))}, nil
}

// Account implements pitwall.Broker.
func (v *Venue) Account(_ context.Context, book string) (pitwall.Account, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if book != "" && book != pitwall.MainBook {
		return pitwall.Account{}, pitwall.Errorf(pitwall.Unsupported, "book %q: this world has one book, %q", book, pitwall.MainBook)
	}
	var a pitwall.Calc
	acc := pitwall.Account{Book: pitwall.MainBook, Currency: "USD", Start: v.ledger.capital, Cash: v.ledger.cash, Equity: v.ledger.cash,
		Realized: v.ledger.realized, Fees: v.ledger.fees, Positions: []pitwall.Position{}}
	for _, r := range v.resting {
		acc.Reserved = a.Add(acc.Reserved, r.reserve)
	}
	acc.BuyingPower = max(0, v.free(&a, nil))
	for id, h := range v.ledger.held {
		if h.qty == 0 {
			continue
		}
		value, gain := v.ledger.value(&a, id)
		l := v.list[id]
		acc.Positions = append(acc.Positions, pitwall.Position{Symbol: l.Instrument.Symbol, Qty: h.qty, AvgPrice: a.Div(h.cost, h.qty), Cost: h.cost,
			Last: v.ledger.last[id], LastTime: l.Bar(l.next - 1).Known, Value: value, Unrealized: gain, Realized: h.realized})
		acc.Equity, acc.Unrealized = a.Add(acc.Equity, value), a.Add(acc.Unrealized, gain)
	}
	return acc, a.Err
}
