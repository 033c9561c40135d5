package sim

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"pitwall"
	"pitwall/sim/engine"
)

// order is the record of an order: what was asked, and where it stands.
type order struct {
	pitwall.OrderState
	asked  pitwall.Order // as submitted, before any change: its identity
	handle engine.Handle
	sym    int32
	cause  pitwall.Cause // of its submission; of a leg, of its parent's
	cancel pitwall.Cause // of the call that canceled it
}

// nowhere is the handle of what the engine never had.
var nowhere = engine.Handle{Num: -1}

// Submit implements pitwall.Broker.
func (v *Venue) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != nil {
		return pitwall.OrderState{}, v.failed
	}
	o = o.WithDefaults()
	o.Legs = slices.Clone(o.Legs)
	for i := range o.Legs {
		o.Legs[i].ID = pitwall.LegID(o.ID, o.Legs[i].Role)
	}
	if old, ok := v.byID[o.ID]; ok {
		if !old.asked.SameAs(o) {
			return pitwall.OrderState{}, pitwall.Errorf(pitwall.IdempotencyConflict, "order id %q was used for %s %v %s %s (%s)", o.ID, old.Side, old.asked.Qty, old.Symbol, old.Type, old.Status).
				Hintf("use a new client_order_id for a new order, or orders_modify to change that one")
		}
		s := v.show(old)
		s.Repeated = true
		return s, nil
	}
	if o.ID == "" {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.InvalidInput, "an order needs an id")
	}
	if v.ended {
		return pitwall.OrderState{}, pitwall.Errorf(pitwall.EndOfData, "no bar is left, so nothing can fill any more").Hintf("sim_start begins again")
	}
	n := &order{OrderState: pitwall.OrderState{Order: o, Status: pitwall.Working, Accepted: v.now(), Updated: v.now()}, asked: o, sym: -1, handle: nowhere, cause: pitwall.CauseFrom(ctx)}
	n.asked.Legs = slices.Clone(o.Legs) // rounding changes the order's own
	v.remember(o.Book, "submit", o.ID, o.Book, o.Symbol, string(o.Side), string(o.Type), string(o.Class), string(o.TIF), o.Group, fmt.Sprint(o.Qty, o.Limit, o.Stop, o.Trail, o.TrailPercent, o.ReduceOnly, o.GoodTill.UnixNano(), o.Legs), fmt.Sprint(v.engine.Now()))
	spec, e := v.toSpec(n)
	if e != nil {
		n.Status, n.Error = pitwall.Rejected, e
		v.orders, v.byID[o.ID] = append(v.orders, n), n
		return n.OrderState, nil
	}
	v.keep(n)
	v.byNum = append(v.byNum, n)
	var refused *pitwall.Error
	if n.handle, refused = v.engine.Submit(spec); refused == nil {
		for i, l := range v.keepLegs(n) {
			l.handle, _ = v.engine.Leg(n.handle, i)
		}
	}
	if err := v.drain(ctx, n); err != nil {
		return pitwall.OrderState{}, err
	}
	return v.show(n), nil
}

// keepLegs makes the records of an order's legs, the target first.
func (v *Venue) keepLegs(n *order) map[int]*order {
	legs := map[int]*order{}
	for i, role := range [...]pitwall.Role{pitwall.TakeProfit, pitwall.StopLoss} {
		for _, l := range n.Legs {
			if l.Role != role {
				continue
			}
			o := pitwall.Order{ID: l.ID, Book: n.Book, Symbol: n.Symbol, Side: n.Side.Opposite(), Type: l.Type(), Class: pitwall.Simple, TIF: pitwall.GTC, ReduceOnly: true,
				Limit: l.Limit, Stop: l.Stop, Trail: l.Trail, TrailPercent: l.TrailPercent, Parent: n.ID, Role: role, By: n.By}
			if n.Class == pitwall.OCO {
				o.Side = n.Side
			}
			leg := &order{OrderState: pitwall.OrderState{Order: o, Status: pitwall.Held, Accepted: v.now(), Updated: v.now()}, asked: o, sym: n.sym, cause: n.cause}
			v.keep(leg)
			v.byNum = append(v.byNum, leg)
			legs[i] = leg
		}
	}
	return legs
}

// show is an order as it stands: a trailing stop moves without an event.
func (v *Venue) show(n *order) pitwall.OrderState {
	s := n.OrderState
	if x, ok := v.engine.State(n.handle); ok && n.Status.Open() {
		s.Trigger = x.Trigger
		if x.CancelAt != 0 {
			s.Note = "cancel asked for at " + v.time(x.CancelAt).Format("2006-01-02 15:04") + ": a bar of the symbol is in progress and may still fill it; it ends with that bar"
		}
	}
	s.Legs = append([]pitwall.Leg(nil), s.Legs...)
	return s
}

// find returns an open order by id, or why it cannot be changed.
func (v *Venue) find(id string) (*order, error) {
	n, ok := v.byID[id]
	if !ok {
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "there is no order %q", id).Hintf("orders_open_orders lists the open ones")
	}
	if !n.Status.Open() {
		e := pitwall.Errorf(pitwall.OrderClosed, "order %s is %s", id, n.Status)
		for _, l := range n.Legs {
			if leg := v.byID[l.ID]; leg != nil && leg.Status.Open() {
				return nil, e.Hintf("its leg %s is still open", l.ID)
			}
		}
		return nil, e
	}
	return n, nil
}

// Replace implements pitwall.Broker. The changed order keeps its place in time
// priority only if it became smaller; it can never meet the bar that it saw.
func (v *Venue) Replace(ctx context.Context, id string, c pitwall.Change) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	n, err := v.find(id)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	if v.failed != nil {
		return pitwall.OrderState{}, v.failed
	}
	next, note, e := v.change(n, &c)
	if e != nil {
		return pitwall.OrderState{}, e
	}
	v.remember(n.Book, "replace", id, fmt.Sprint(c.Qty, c.Limit, c.Stop, c.Trail, c.TrailPercent, c.GoodTill.UnixNano()), string(c.TIF), fmt.Sprint(v.engine.Now()))
	x := engine.Change{Qty: c.Qty, Limit: c.Limit, Stop: c.Stop, Trail: c.Trail, TrailPercent: c.TrailPercent, SetTIF: c.TIF != ""}
	if c.TIF != "" {
		x.TIF, x.GoodTill = tifs[c.TIF], nanos(c.GoodTill)
	}
	if e := v.engine.Replace(n.handle, x); e != nil {
		return pitwall.OrderState{}, e
	}
	n.Order = next
	n.Note = note
	if err := v.drain(ctx, n); err != nil {
		return pitwall.OrderState{}, err
	}
	n.Note = note
	return v.show(n), nil
}

// Cancel implements pitwall.Broker.
func (v *Venue) Cancel(ctx context.Context, id string) (pitwall.OrderState, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n, ok := v.byID[id]; ok && n.Status == pitwall.Canceled {
		return v.show(n), nil
	}
	n, err := v.find(id)
	if err != nil {
		return pitwall.OrderState{}, err
	}
	if v.failed != nil {
		return pitwall.OrderState{}, v.failed
	}
	v.remember(n.Book, "cancel", id, fmt.Sprint(v.engine.Now()))
	if _, e := v.engine.Cancel(n.handle); e != nil {
		return pitwall.OrderState{}, e
	}
	n.cancel = pitwall.CauseFrom(ctx)
	if err := v.drain(ctx, n); err != nil {
		return pitwall.OrderState{}, err
	}
	return v.show(n), nil
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
		return []pitwall.OrderState{v.show(n)}, nil
	case q.Open:
		from = v.live
	}
	list := []pitwall.OrderState{}
	for _, n := range from {
		if (q.Symbol == "" || n.Symbol == q.Symbol) && (q.Book == "" || n.Book == q.Book) && (q.After.IsZero() || n.Updated.After(q.After)) {
			list = append(list, v.show(n))
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
	i, err := v.book(book)
	if err != nil {
		return pitwall.Account{}, err
	}
	b := v.engine.Book(i)
	terms := v.cfg.Terms
	if i > 0 {
		terms = v.cfg.Books[i-1].Terms
	}
	acc := pitwall.Account{Book: v.books[i], Type: terms.WithDefaults().Type, Currency: v.list[0].Instrument.Currency, Start: b.Capital, Cash: b.Cash, Unsettled: b.Unsettled, Receivable: b.Receivable,
		Reserved: b.Reserved, Equity: b.Equity(), Realized: b.Realized, Dividends: b.Dividends, Fees: b.Fees, Borrow: b.Borrow, Positions: []pitwall.Position{}, Marks: v.marks[i]}
	if acc.Currency == "" {
		acc.Currency = "USD"
	}
	if acc.BuyingPower, err = v.engine.BuyingPower(i); err != nil {
		return acc, err
	}
	if acc.Type == pitwall.MarginAccount {
		if acc.Initial, acc.Maintenance, err = v.engine.Margins(i); err != nil {
			return acc, err
		}
	}
	var a pitwall.Calc
	for id := range b.Positions {
		p, s := &b.Positions[id], v.list[id]
		if p.Qty == 0 {
			continue
		}
		mult := v.multiplier(int32(id))
		last := v.engine.Last(id)
		x := pitwall.Position{Symbol: s.Instrument.Symbol, Qty: p.Qty, AvgPrice: a.Div(p.Entry, a.Mul(p.Qty, mult)), Cost: p.Entry, Last: last,
			LastTime: s.Bar(v.engine.LastBar(id)).Known, Notional: a.Mul(a.Mul(p.Qty, mult), last), Value: p.Value, Realized: p.Realized}
		if s.Instrument.Kind != pitwall.Future {
			x.Unrealized = a.Sub(p.Value, p.Cost)
			acc.Unrealized = a.Add(acc.Unrealized, x.Unrealized)
		}
		acc.Positions = append(acc.Positions, x)
	}
	return acc, a.Err
}
